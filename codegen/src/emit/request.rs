//! Structs of parameters, with constructor and setters: of requests and of quick operations.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::docs::docs;
use super::rust_type::{argument, converted, rust_type, takes_into};
use super::value::{self, default_text};
use crate::model::{Action, Param, Presence, TARGET_KEYS};
use crate::name::ident;
use crate::ty::Scalar;

/// A struct of parameters: a request, or a quick operation.
pub(super) struct ParamStruct<'a> {
    pub(super) name: String,
    pub(super) params: &'a [Param],
}

impl<'a> ParamStruct<'a> {
    pub(super) fn of(action: &'a Action) -> Self {
        Self { name: action.name.pascal(), params: &action.params }
    }

    fn required(&self) -> impl Iterator<Item = &'a Param> {
        self.params.iter().filter(|param| matches!(param.presence, Presence::Required))
    }

    fn settable(&self) -> impl Iterator<Item = &'a Param> {
        self.params.iter().filter(|param| !matches!(param.presence, Presence::Required))
    }
}

/// The struct that holds the parameters.
pub(super) fn param_struct(head: &TokenStream, params: &ParamStruct<'_>) -> TokenStream {
    let name = ident(&params.name);
    let fields = params.params.iter().map(|param| {
        let (docs, name, ty) = (docs(&param_doc(param)), param.name.ident(), rust_type(&param.ty));
        quote!(#docs pub #name: #ty)
    });
    quote! {
        #head
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub struct #name {
            #(#fields,)*
        }
    }
}

/// The names beside the first under which a parameter is read: a name that another parameter has as its own is not among
/// them.
fn further_names<'a>(params: &'a [Param], param: &'a Param) -> impl Iterator<Item = &'a String> {
    param.also.iter().filter(|name| !params.iter().any(|other| other.wire == **name))
}

/// `message_seq with message_id`: a parameter, and another one that excludes it and goes out under its name too.
fn shared_names<'a>(params: &'a [Param], param: &'a Param) -> impl Iterator<Item = TokenStream> {
    let others = params.iter().filter(|other| other.name != param.name && other.also.contains(&param.wire));
    others.map(|other| {
        let (name, other) = (param.name.ident(), other.name.ident());
        quote!(#name with #other)
    })
}

/// `::cqhttp::decode_object!(strict SetGroupBan { group_id: required "group_id", … });`: programs read a request that they have
/// stored, and tests one that was sent.
pub(super) fn reading(params: &ParamStruct<'_>) -> TokenStream {
    let name = ident(&params.name);
    let fields = params.params.iter().map(|param| {
        let (field, wire, also) = (param.name.ident(), &param.wire, further_names(params.params, param));
        if param.ty.scalar == Scalar::Target {
            let [first, others @ ..] = TARGET_KEYS;
            return quote!(#field: target #first #(| #others)*);
        }
        let presence = match &param.presence {
            Presence::Required => quote!(required),
            Presence::Default(_) => {
                let default = format_ident!("{}", default_fn(param));
                quote!(defaulted(Self::#default()))
            }
            Presence::Optional => quote!(optional),
        };
        quote!(#field: #presence #wire #(| #also)*)
    });
    let shared: Vec<TokenStream> = params.params.iter().flat_map(|param| shared_names(params.params, param)).collect();
    let shared = (!shared.is_empty()).then(|| quote!(shared { #(#shared,)* }));
    quote!(::cqhttp::decode_object!(strict #name { #(#fields,)* } #shared);)
}

/// `::cqhttp::encode_object!(SetGroupBan { always group_id = "group_id", … });`: a parameter may go out under several names.
pub(super) fn writing(params: &ParamStruct<'_>) -> TokenStream {
    let name = ident(&params.name);
    let entries = params.params.iter().flat_map(|param| {
        let entry = match param.presence {
            _ if param.ty.scalar == Scalar::Target => quote!(target),
            Presence::Optional => quote!(optional),
            Presence::Required | Presence::Default(_) => quote!(always),
        };
        let field = param.name.ident();
        [&param.wire].into_iter().chain(&param.also).map(move |wire| quote!(#entry #field = #wire))
    });
    quote!(::cqhttp::encode_object!(#name { #(#entries,)* });)
}

/// "Seconds; 0 lifts the mute. Default: 1800."
pub(super) fn param_doc(param: &Param) -> String {
    let doc = match param.availability.text() {
        servers if servers.is_empty() => param.doc.clone(),
        servers => format!("{} {servers}", param.doc),
    };
    match &param.presence {
        Presence::Default(default) => format!("{doc} Default: {}.", default_text(default)),
        Presence::Optional => format!("{doc} Optional; not sent unless set."),
        Presence::Required => doc,
    }
}

fn default_fn(param: &Param) -> String {
    format!("default_{}", param.name.snake())
}

/// `pub fn new(group_id: impl Into<GroupId>, …) -> Self`, the setters, and the defaults.
pub(super) fn constructors(params: &ParamStruct<'_>) -> TokenStream {
    let name = ident(&params.name);
    let args = params.required().map(argument);
    let fields = params.params.iter().map(|param| {
        let field = param.name.ident();
        match &param.presence {
            Presence::Required => {
                let value = takes_into(&param.ty).then(|| converted(param)).map(|value| quote!(: #value));
                quote!(#field #value)
            }
            Presence::Default(_) => {
                let default = format_ident!("{}", default_fn(param));
                quote!(#field: Self::#default())
            }
            Presence::Optional => quote!(#field: None),
        }
    });
    let doc = match params.required().next() {
        Some(_) => " Creates it from its required parameters.",
        None => " Creates it with its defaults.",
    };
    let setters = params.settable().map(request_setter);
    let defaults = params.params.iter().filter_map(default_value);
    quote! {
        impl #name {
            #[doc = #doc]
            #[must_use]
            pub fn new(#(#args),*) -> Self {
                Self { #(#fields),* }
            }
            #(#setters)*
            #(#defaults)*
        }
    }
}

/// `pub fn duration(mut self, duration: u32) -> Self { … }`
pub(super) fn request_setter(param: &Param) -> TokenStream {
    let name = param.name.ident();
    let docs = docs(&format!("Sets [`{name}`](field@Self::{name})."));
    let argument = argument(param);
    let value = converted(param);
    let value = if param.ty.optional { quote!(Some(#value)) } else { value };
    quote! {
        #docs
        #[must_use]
        pub fn #name(mut self, #argument) -> Self {
            self.#name = #value;
            self
        }
    }
}

/// `fn default_duration() -> u32 { 1800 }`
fn default_value(param: &Param) -> Option<TokenStream> {
    let Presence::Default(default) = &param.presence else { return None };
    let name = format_ident!("{}", default_fn(param));
    let ty = rust_type(&param.ty);
    let value = value::default(default, &param.ty);
    Some(quote!(fn #name() -> #ty { #value }))
}

/// `impl Default` for a request that needs nothing.
pub(super) fn default(params: &ParamStruct<'_>) -> Option<TokenStream> {
    let name = ident(&params.name);
    params.required().next().is_none().then(|| {
        quote! {
            impl Default for #name {
                fn default() -> Self {
                    Self::new()
                }
            }
        }
    })
}
