//! The method of `Client` that makes an action's call, and the setters of the call.

use proc_macro2::TokenStream;
use quote::quote;

use super::action_docs::method_docs;
use super::docs::docs;
use super::request::param_doc;
use super::rust_type::argument;
use crate::model::{Action, Api, CLIENT_TRAIT, Param};
use crate::name::ident;

/// What stands behind all actions: of an extension, the trait whose methods they are.
pub(super) fn client_trait_items(api: &Api) -> Vec<TokenStream> {
    let actions: Vec<&Action> = api.files.iter().flat_map(|file| &file.actions).collect();
    if api.extension && !actions.is_empty() { client_trait(&actions) } else { Vec::new() }
}

/// `impl Client { pub fn set_group_ban(&self, …) -> Call<SetGroupBan> { … } }`
pub(super) fn client_method(action: &Action) -> TokenStream {
    let method = method(action, &quote!(pub), &quote!(self));
    quote! {
        impl ::cqhttp::Client {
            #method
        }
    }
}

/// `pub fn set_group_ban(&self, …) -> Call<SetGroupBan> { … }`
fn method(action: &Action, visibility: &TokenStream, client: &TokenStream) -> TokenStream {
    let docs = method_docs(action);
    let method = action.name.ident();
    let request = action.name.type_ident();
    let arguments = action.required().map(argument);
    let names = action.required().map(|param| param.name.ident());
    quote! {
        #docs
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
        let (docs, head, set) = setter(param);
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
    let about = docs(&format!("What can be set of a call of [`{}`] (`{}`).", action.name.pascal(), action.wire));
    let (heads, setters): (Vec<_>, Vec<_>) = action
        .settable()
        .map(|param| {
            let (docs, head, set) = setter(param);
            (quote!(#docs #head;), quote!(#head { #set }))
        })
        .unzip();
    vec![
        quote!(#about pub trait #name: ::std::marker::Sized { #(#heads)* }),
        quote!(impl #name for ::cqhttp::Call<#request> { #(#setters)* }),
    ]
}

/// The docs of a call's setter, its head `fn duration(self, duration: u32) -> Self`, and what it does.
fn setter(param: &Param) -> (TokenStream, TokenStream, TokenStream) {
    let name = param.name.ident();
    let argument = argument(param);
    // A parameter may be called `request` itself.
    let request = ident(if param.name.snake() == "request" { "it" } else { "request" });
    (
        docs(&param_doc(param)),
        quote!(fn #name(self, #argument) -> Self),
        quote!(self.map_request(|#request| #request.#name(#name))),
    )
}
