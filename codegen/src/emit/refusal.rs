//! The meanings of refusals, and the rules by which they are recognised.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::docs::docs;
use crate::model::{Api, Effect, Happened, Refusal, RefusalRule};

/// The enum of meanings, and the table of rules; in an extension, the rules that it adds.
pub(super) fn items(api: &Api) -> Vec<TokenStream> {
    match (api.extension, api.refusals.is_empty()) {
        (true, _) => has_rules(api).then(|| rules(api)).into_iter().collect(),
        (false, true) => Vec::new(),
        (false, false) => vec![kinds(&api.refusals), names(&api.refusals), display(), rules(api), undivided(api)],
    }
}

/// Returns `true` for an extension that adds rules.
pub(super) fn has_rules(api: &Api) -> bool {
    api.extension && api.refusals.iter().any(|refusal| refusal.extension && !refusal.rules.is_empty())
}

/// `pub enum RefusalKind { Timeout, … }`
fn kinds(refusals: &[Refusal]) -> TokenStream {
    let variants = refusals.iter().map(|refusal| {
        let name = refusal.name.type_ident();
        let docs = docs(&refusal.doc);
        quote!(#docs #name)
    });
    quote! {
        /// The meaning of a refusal, the same on every server: see [`Error::refusal`](crate::Error::refusal).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum RefusalKind {
            #(#variants,)*
        }
    }
}

/// `impl RefusalKind { pub fn as_str(self) -> &'static str { … } }`
fn names(refusals: &[Refusal]) -> TokenStream {
    let arms = refusals.iter().map(|refusal| {
        let (name, text) = (refusal.name.type_ident(), refusal.name.snake());
        quote!(Self::#name => #text)
    });
    quote! {
        impl RefusalKind {
            /// Returns the name as the schema writes it: `not_found`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    #(#arms,)*
                }
            }
        }
    }
}

fn display() -> TokenStream {
    quote! {
        impl ::std::fmt::Display for RefusalKind {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    }
}

/// `pub static RULES: &[::cqhttp::__private::RefusalRule] = &[…];`
fn rules(api: &Api) -> TokenStream {
    let refusals = api.refusals.iter().filter(|refusal| refusal.extension == api.extension);
    let rules = refusals.flat_map(|refusal| refusal.rules.iter().map(|rule| entry(refusal, rule)));
    quote! {
        /// The rules, in the order of the schema.
        pub static RULES: &[::cqhttp::__private::RefusalRule] = &[#(#rules,)*];
    }
}

/// `pub static UNDIVIDED: &[&str] = &["set_group_ban", …];`
fn undivided(api: &Api) -> TokenStream {
    let actions = api.files.iter().flat_map(|file| &file.actions);
    let actions = actions.filter(|action| action.effect != Effect::Read && !action.in_parts);
    let mut names: Vec<&str> =
        actions.flat_map(|action| action.aliases.iter().chain([&action.wire])).map(String::as_str).collect();
    names.sort_unstable();
    quote! {
        /// The actions that change something and send no message, in order: a refusal is not one of a part of them.
        pub static UNDIVIDED: &[&str] = &[#(#names),*];
    }
}

/// `RefusalRule { kind: RefusalKind::Timeout, happened: Happened::Maybe, texts: &["timed out"], ..RefusalRule::ANY }`
fn entry(refusal: &Refusal, rule: &RefusalRule) -> TokenStream {
    let kind = refusal.name.type_ident();
    let kind = if refusal.extension { quote!(::cqhttp::RefusalKind::#kind) } else { quote!(RefusalKind::#kind) };
    let RefusalRule { happened, retcodes, http_statuses, over_http, actions, codes, texts } = rule;
    let happened = crate::name::ident(match happened {
        Happened::No => "No",
        Happened::Partly => "Partly",
        Happened::Maybe => "Maybe",
    });
    let retcodes = list("retcodes", retcodes.iter().map(|retcode| Literal::i64_unsuffixed(*retcode)).collect());
    let statuses = list("http_statuses", http_statuses.iter().map(|status| Literal::u16_unsuffixed(*status)).collect());
    let over_http = over_http.map(|http| quote!(over_http: ::std::option::Option::Some(#http),));
    let strings = |name: &str, texts: &[String]| list(name, texts.iter().map(|text| Literal::string(text)).collect());
    let (actions, codes, texts) = (strings("actions", actions), strings("codes", codes), strings("texts", texts));
    quote! {
        ::cqhttp::__private::RefusalRule {
            kind: #kind,
            happened: ::cqhttp::__private::Happened::#happened,
            #retcodes #statuses #over_http #actions #codes #texts
            ..::cqhttp::__private::RefusalRule::ANY
        }
    }
}

/// `retcodes: &[100, 200],`, or nothing for an empty list.
fn list(name: &str, values: Vec<Literal>) -> Option<TokenStream> {
    let name = crate::name::ident(name);
    (!values.is_empty()).then(|| quote!(#name: &[#(#values),*],))
}
