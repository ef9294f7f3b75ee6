//! The servers that the schema has facts about: the enum of them, and the actions of each.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::docs::docs;
use crate::facts::{KnownServer, ServerFacts, known_server};
use crate::model::Api;

/// The enum of servers, and the table of their actions; nothing in an extension, which takes those of `cqhttp`.
pub(super) fn items(api: &Api) -> Vec<TokenStream> {
    if api.extension || api.servers.is_empty() {
        return Vec::new();
    }
    let servers: Vec<(&ServerFacts, &KnownServer)> =
        api.servers.iter().filter_map(|facts| Some((facts, known_server(&facts.name)?))).collect();
    let [kinds, conversions] = kinds(&servers);
    vec![kinds, conversions, titles(&servers), actions(api, &servers)]
}

/// `pub enum ServerKind { NapCat, …, Other(Unlisted<String>) }`, its conversions by the crate's macro.
fn kinds(servers: &[(&ServerFacts, &KnownServer)]) -> [TokenStream; 2] {
    let variants = servers.iter().map(|(facts, known)| {
        let variant = format_ident!("{}", known.variant);
        let docs = docs(&format!("{}, whose `app_name` is `{}`.", facts.title, facts.app_name));
        quote!(#docs #variant)
    });
    let values = servers.iter().map(|(facts, known)| {
        let (app_name, variant) = (&facts.app_name, format_ident!("{}", known.variant));
        quote!(#app_name => #variant)
    });
    let kinds = quote! {
        /// The program that a server is, known by the `app_name` that its `get_version_info` answers.
        ///
        /// `ServerKind::from` takes an `app_name`, and [`Client::detect_server`](crate::Client::detect_server) asks for it.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ServerKind {
            #(#variants,)*
            /// Another program, with its `app_name`. Made by `from`.
            Other(::cqhttp::Unlisted<String>),
        }
    };
    [kinds, quote!(::cqhttp::string_enum!(ServerKind { #(#values,)* });)]
}

/// `impl ServerKind { pub fn title(&self) -> &str { … } }`
fn titles(servers: &[(&ServerFacts, &KnownServer)]) -> TokenStream {
    let arms = servers.iter().map(|(facts, known)| {
        let (title, variant) = (&facts.title, format_ident!("{}", known.variant));
        quote!(Self::#variant => #title)
    });
    quote! {
        impl ServerKind {
            /// Returns the name as texts write it, such as `NapCat`; of another program its `app_name`.
            #[must_use]
            pub fn title(&self) -> &str {
                match self {
                    #(#arms,)*
                    Self::Other(other) => other.get(),
                }
            }
        }
    }
}

/// `pub static ACTIONS: &[(ServerKind, &[&str])] = &[(ServerKind::NapCat, &[".get_word_slices", …]), …];`
fn actions(api: &Api, servers: &[(&ServerFacts, &KnownServer)]) -> TokenStream {
    let entries = servers.iter().map(|(facts, known)| {
        let listed = facts.actions.iter().flat_map(|action| &action.names);
        // A typed call goes out under the name of its stanza, which knows of more than the list.
        let stanzas = api.files.iter().flat_map(|file| &file.actions);
        let having = stanzas.filter(|action| action.servers.contains(known));
        let names: BTreeSet<&String> = listed.chain(having.map(|action| &action.wire)).collect();
        let (names, variant) = (names.iter(), format_ident!("{}", known.variant));
        quote!((ServerKind::#variant, &[#(#names),*]))
    });
    quote! {
        /// The names of the actions that each server has, in order.
        pub static ACTIONS: &[(ServerKind, &[&str])] = &[#(#entries),*];
    }
}
