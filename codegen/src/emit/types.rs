//! Ids, enums and objects.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use super::docs::{docs, join};
use super::rust_type::{rust_type, serde_attribute, serde_path};
use crate::doc;
use crate::model::{Api, Field, File, Returns, TypeDef, TypeKind, Variant, VariantValue};
use crate::name::ident;
use crate::ty::{EnumBase, IdBase, Ty};

/// The items of a file's types.
pub(super) fn type_items(api: &Api, file: &File) -> Vec<TokenStream> {
    file.types.iter().flat_map(|ty| items_of(api, ty)).collect()
}

fn items_of(api: &Api, ty: &TypeDef) -> Vec<TokenStream> {
    match &ty.kind {
        TypeKind::Id(base) => id(ty, *base),
        TypeKind::Enum(base, variants) => open_enum(ty, *base, variants),
        TypeKind::Object { fields, .. } => object(api, &head(ty), &ty.name, fields),
    }
}

/// `/// A group's number. (群号)`.
fn head(ty: &TypeDef) -> TokenStream {
    let (summary, rest) = doc::summary(&ty.doc);
    let title = ty.title.as_ref().map(|title| format!(" ({title})")).unwrap_or_default();
    docs(&join(&[&format!("{summary}{title}"), rest]))
}

/// `pub struct GroupId(i64);`, its conversions by the crate's macro.
fn id(ty: &TypeDef, base: IdBase) -> Vec<TokenStream> {
    let head = head(ty);
    let name = ident(&ty.name);
    let (inner, copy, traits) = match base {
        IdBase::I64 => (quote!(i64), quote!(Copy,), quote!(integer_id)),
        IdBase::U64 => (quote!(u64), quote!(Copy,), quote!(digits_id)),
        IdBase::String => (quote!(String), quote!(), quote!(string_id)),
    };
    let id = quote! {
        #head
        #[derive(Clone, #copy PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct #name(#inner);
    };
    vec![id, quote!(::cqhttp::#traits!(#name);)]
}

/// `pub enum GroupRole { Owner, …, Other(Unlisted<String>) }`, its conversions by the crate's macro.
fn open_enum(ty: &TypeDef, base: EnumBase, variants: &[Variant]) -> Vec<TokenStream> {
    let name = ident(&ty.name);
    let values = variants.iter().map(|variant| {
        let name = variant.name.type_ident();
        match &variant.value {
            VariantValue::Text(text) => quote!(#text => #name),
            VariantValue::Int(number) => {
                let number = Literal::i64_unsuffixed(*number);
                quote!(#number => #name)
            }
        }
    });
    let (other, copy, conversions) = match base {
        EnumBase::String => (quote!(String), quote!(), quote!(string_enum)),
        EnumBase::I64 => (quote!(i64), quote!(Copy,), quote!(integer_enum)),
    };
    vec![enum_item(ty, variants, &other, &copy), quote!(::cqhttp::#conversions!(#name { #(#values,)* });)]
}

/// `::cqhttp::answers!(GroupInfo, GetOnlineClientsResponse = "clients", …);`: every object that an action may answer, with the
/// name of its field that some servers answer alone.
pub(super) fn answers(api: &Api) -> Vec<TokenStream> {
    let answers = api.files.iter().flat_map(|file| {
        let objects = file.types.iter().filter_map(|ty| match &ty.kind {
            TypeKind::Object { fields, .. } => Some((ty.name.clone(), fields)),
            TypeKind::Id(_) | TypeKind::Enum(..) => None,
        });
        let own = file.actions.iter().filter_map(|action| match &action.returns {
            Returns::Fields(fields) => Some((action.response_name(), fields)),
            Returns::Nothing | Returns::Type(_) => None,
        });
        objects.chain(own).collect::<Vec<_>>()
    });
    let answers: Vec<TokenStream> = answers
        .map(|(name, fields)| {
            let (name, bare) = (ident(&name), fields.iter().find(|field| field.bare).map(|field| &field.wire));
            let bare = bare.map(|wire| quote!(= #wire));
            quote!(#name #bare)
        })
        .collect();
    if answers.is_empty() { Vec::new() } else { vec![quote!(::cqhttp::answers!(#(#answers,)*);)] }
}

fn enum_item(ty: &TypeDef, variants: &[Variant], other: &TokenStream, copy: &TokenStream) -> TokenStream {
    let head = head(ty);
    let name = ident(&ty.name);
    let variants = variants.iter().map(|variant| {
        let name = variant.name.type_ident();
        let value = match &variant.value {
            VariantValue::Text(text) if text.is_empty() => "An empty text".to_owned(),
            VariantValue::Text(text) => doc::code_span(text),
            VariantValue::Int(number) => format!("`{number}`"),
        };
        let docs = docs(&format!("{value}: {}", variant.doc));
        quote!(#docs #name)
    });
    quote! {
        #head
        #[derive(Clone, #copy Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum #name {
            #(#variants,)*
            /// A value that is not listed here, as it came. Made by `from`.
            Other(::cqhttp::Unlisted<#other>),
        }
    }
}

/// `pub struct GroupInfo { … }` as it is read and written: an object, or an action's own answer.
pub(super) fn object(api: &Api, head: &TokenStream, name: &str, fields: &[Field]) -> Vec<TokenStream> {
    let ident = format_ident!("{name}");
    let default = api.empty_objects.contains(name).then(|| quote!(Default,));
    structure(api, head, &ident, fields, &quote!(#default Serialize,))
}

/// The struct with its fields, and its reading; `serialize` is the derive by which it is written, if any.
pub(super) fn structure(
    api: &Api,
    head: &TokenStream,
    ident: &Ident,
    fields: &[Field],
    serialize: &TokenStream,
) -> Vec<TokenStream> {
    let serde_path = (!serialize.is_empty()).then(|| serde_path(api));
    let attributed = fields.iter().map(|field| {
        let (docs, name, ty) = (docs(&field.doc), field.name.ident(), rust_type(&field.ty));
        let serde = (!serialize.is_empty()).then(|| serde_attribute(&writing(field)));
        quote!(#docs #serde pub #name: #ty)
    });
    let item = quote! {
        #head
        #[derive(Clone, Debug, PartialEq, #serialize)]
        #serde_path
        #[non_exhaustive]
        pub struct #ident {
            #(#attributed,)*
        }
    };
    vec![item, reading(ident, fields, serialize.is_empty())]
}

/// The parts of serde's attribute that concern writing a field.
fn writing(field: &Field) -> Vec<TokenStream> {
    let (wire, name) = (&field.wire, field.name.snake());
    let mut parts = if wire == name { Vec::new() } else { vec![quote!(rename = #wire)] };
    if field.ty.optional {
        parts.push(quote!(skip_serializing_if = "Option::is_none"));
    } else if field.decides {
        parts.push(quote!(skip_serializing_if = "decode::is_unlisted"));
    }
    parts
}

/// `::cqhttp::decode_object!(GroupInfo { group_id: required "group_id", level: optional "level" | "grade", });`
fn reading(name: &Ident, fields: &[Field], is_event: bool) -> TokenStream {
    let fields = fields.iter().map(|field| {
        let (name, wire, aliases) = (field.name.ident(), &field.wire, &field.aliases);
        let presence = match field {
            Field { decides: true, .. } => quote!(decisive),
            Field { zero_if_absent: true, .. } => quote!(zero),
            Field { ty: Ty { optional: true, .. }, .. } => quote!(optional),
            _ => quote!(required),
        };
        quote!(#name: #presence #wire #(| #aliases)*)
    });
    let event = is_event.then(|| quote!(event));
    quote!(::cqhttp::decode_object!(#event #name { #(#fields,)* });)
}
