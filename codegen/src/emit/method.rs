//! The methods of `Client` that make the actions' calls, and the setters of the calls.

use proc_macro2::TokenStream;
use quote::quote;

use super::action_docs::{heading, method_docs};
use super::docs::{aliases, docs, feature};
use super::rust_type::argument;
use crate::model::{Action, Api, CLIENT_TRAIT, File, Param};
use crate::name::ident;

/// The trait whose methods the actions of an extension are; nothing in the base.
pub(super) fn client_trait_items(api: &Api) -> Vec<TokenStream> {
    let actions: Vec<&Action> = api.files.iter().flat_map(|file| &file.actions).collect();
    if api.extension && !actions.is_empty() { client_trait(&actions) } else { Vec::new() }
}

/// `impl Client { pub fn set_group_ban(&self, …) -> Call<SetGroupBan> { … } … }`: the methods of a chapter, under its
/// heading.
pub(super) fn client_methods(file: &File) -> Vec<TokenStream> {
    if file.actions.is_empty() {
        return Vec::new();
    }
    let heading = docs(&heading(file));
    let methods = file.actions.iter().map(|action| method(action, &quote!(pub), &quote!(self)));
    vec![quote!(#heading impl ::cqhttp::Client { #(#methods)* })]
}

/// `pub fn set_group_ban(&self, …) -> Call<SetGroupBan> { … }`
fn method(action: &Action, visibility: &TokenStream, client: &TokenStream) -> TokenStream {
    let (docs, feature, aliases) = (method_docs(action), feature(action), aliases(&search_words(action)));
    let method = action.name.ident();
    let request = action.name.type_ident();
    let arguments = action.required().map(argument);
    let names = action.required().map(|param| param.name.ident());
    quote! {
        #docs
        #feature
        #aliases
        #visibility fn #method(&self, #(#arguments),*) -> ::cqhttp::Call<#request> {
            #client.call(#request::new(#(#names),*))
        }
    }
}

/// `pub trait ClientActions: Borrow<Client> { fn set_group_ban(&self, …) -> Call<SetGroupBan> { … } }`
fn client_trait(actions: &[&Action]) -> Vec<TokenStream> {
    let name = ident(CLIENT_TRAIT);
    let methods = actions.iter().map(|action| method(action, &TokenStream::new(), &quote!(self.borrow())));
    let definition = quote! {
        /// Every action as a method of [`Client`](::cqhttp::Client).
        pub trait #name: ::std::borrow::Borrow<::cqhttp::Client> {
            #(#methods)*
        }
    };
    vec![definition, quote!(impl #name for ::cqhttp::Client {})]
}

/// `impl Call<SetGroupBan> { pub fn duration(self, duration: u32) -> Self { … } }`
pub(super) fn call_setters(action: &Action) -> Option<TokenStream> {
    let request = action.name.type_ident();
    let setters = action.settable().map(|param| {
        let (docs, head, set) = setter(action, param);
        quote!(#docs pub #head { #set })
    });
    action.settable().next().is_some().then(|| quote!(impl ::cqhttp::Call<#request> { #(#setters)* }))
}

/// `pub trait SetGroupBanCall: ::std::marker::Sized { fn duration(self, duration: u32) -> Self; }`, and that `Call<SetGroupBan>` has it.
pub(super) fn setter_trait(action: &Action) -> Vec<TokenStream> {
    if action.settable().next().is_none() {
        return Vec::new();
    }
    let (name, request) = (ident(&action.call_trait()), action.name.type_ident());
    let about = docs(&format!("Setters of a call of [`{}`] (`{}`).", action.name.pascal(), action.wire));
    let (heads, setters): (Vec<_>, Vec<_>) = action
        .settable()
        .map(|param| {
            let (docs, head, set) = setter(action, param);
            (quote!(#docs #head;), quote!(#head { #set }))
        })
        .unzip();
    vec![
        quote!(#about pub trait #name: ::std::marker::Sized { #(#heads)* }),
        quote!(impl #name for ::cqhttp::Call<#request> { #(#setters)* }),
    ]
}

/// The words by which a search finds the method: its title, what people type for it, and its names on the wire.
fn search_words(action: &Action) -> Vec<String> {
    let wires = action.aliases.iter().chain([&action.wire]).filter(|wire| *wire != action.name.snake());
    [&action.title].into_iter().chain(&action.search).chain(wires).cloned().collect()
}

/// The docs of a call's setter, its head `fn duration(self, duration: u32) -> Self`, and its body.
fn setter(action: &Action, param: &Param) -> (TokenStream, TokenStream, TokenStream) {
    let name = param.name.ident();
    let argument = argument(param);
    // A parameter may be called `request` itself.
    let request = ident(if param.name.snake() == "request" { "it" } else { "request" });
    let field = format!("{}::{name}", action.name.pascal());
    (
        docs(&format!("See [`{field}`](field@{field}).")),
        quote!(fn #name(self, #argument) -> Self),
        quote!(self.map_request(|#request| #request.#name(#name))),
    )
}
