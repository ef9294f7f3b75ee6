//! Structs of parameters, with constructor and setters: of requests and of quick operations.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::docs::docs;
use super::rust_type::{argument, converted, rust_type, serde_attribute, serde_path, takes_into};
use super::value::{self, default_text};
use crate::model::{Action, Api, Param, Presence, TARGET_KEYS};
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
pub(super) fn param_struct(api: &Api, head: &TokenStream, params: &ParamStruct<'_>) -> TokenStream {
    let name = ident(&params.name);
    let serialize = (!sends_twice(params)).then(|| quote!(Serialize,));
    let fields = params.params.iter().map(|param| request_field(params, param));
    let serde_path = serialize.is_some().then(|| serde_path(api));
    quote! {
        #head
        #[derive(Clone, Debug, PartialEq, #serialize)]
        #serde_path
        #[non_exhaustive]
        pub struct #name {
            #(#fields,)*
        }
    }
}

fn request_field(params: &ParamStruct<'_>, param: &Param) -> TokenStream {
    let docs = docs(&param_doc(param));
    let name = param.name.ident();
    let ty = rust_type(&param.ty);
    let mut parts = Vec::new();
    if !sends_twice(params) {
        if param.ty.scalar == Scalar::Target {
            parts.push(quote!(flatten));
        } else if param.wire != param.name.snake() {
            let wire = &param.wire;
            parts.push(quote!(rename = #wire));
        }
        if matches!(param.presence, Presence::Optional) {
            parts.push(quote!(skip_serializing_if = "Option::is_none"));
        }
    }
    let serde = serde_attribute(&parts);
    quote!(#docs #serde pub #name: #ty)
}

/// `::cqhttp::decode_object!(strict SetGroupBan { group_id: required "group_id", … });`: programs read a request that they have
/// stored, and tests one that was sent.
pub(super) fn reading(params: &ParamStruct<'_>) -> TokenStream {
    let name = ident(&params.name);
    let fields = params.params.iter().map(|param| {
        let (field, wire, also) = (param.name.ident(), &param.wire, &param.also);
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
    quote!(::cqhttp::decode_object!(strict #name { #(#fields,)* });)
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

/// Returns `true` if a parameter goes out under two names, which serde's derive cannot do.
fn sends_twice(params: &ParamStruct<'_>) -> bool {
    params.params.iter().any(|param| !param.also.is_empty())
}

/// `impl Serialize`, if a parameter goes out under two names.
pub(super) fn serialize(params: &ParamStruct<'_>) -> Option<TokenStream> {
    let name = ident(&params.name);
    let entries = params.params.iter().flat_map(|param| {
        let field = param.name.ident();
        let wires = [&param.wire].into_iter().chain(&param.also);
        wires.map(move |wire| match param.presence {
            Presence::Optional => quote!(if let Some(value) = &self.#field { map.serialize_entry(#wire, value)?; }),
            _ => quote!(map.serialize_entry(#wire, &self.#field)?;),
        })
    });
    sends_twice(params).then(|| {
        quote! {
            impl Serialize for #name {
                fn serialize<S: __private::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    use __private::SerializeMap;
                    let mut map = serializer.serialize_map(None)?;
                    #(#entries)*
                    map.end()
                }
            }
        }
    })
}
