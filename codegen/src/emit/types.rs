//! Ids, enums and objects.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use super::docs::{docs, join};
use super::rust_type::rust_type;
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
        TypeKind::Object { fields, within, .. } => object(api, &head(ty), &ty.name, fields, within.as_deref()),
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
            Returns::Nothing | Returns::Never | Returns::Type(_) => None,
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

/// `pub struct GroupInfo { … }`, how it is read and how it is written: an object, or an action's own answer.
pub(super) fn object(
    api: &Api,
    head: &TokenStream,
    name: &str,
    fields: &[Field],
    within: Option<&str>,
) -> Vec<TokenStream> {
    let ident = format_ident!("{name}");
    let default = api.empty_objects.contains(name).then(|| quote!(, Default));
    let item = structure(head, &ident, fields, default.as_ref());
    let mode = within.map(|within| quote!(within #within));
    vec![item, reading(&ident, fields, mode), writing(&ident, &[], fields)]
}

/// `pub struct GroupBan { … }`, how it is read, and how it is written: with its tags.
pub(super) fn event(head: &TokenStream, ident: &Ident, tags: &[(&str, &str)], fields: &[Field]) -> Vec<TokenStream> {
    vec![
        structure(head, ident, fields, None),
        reading(ident, fields, Some(quote!(event))),
        writing(ident, tags, fields),
    ]
}

fn structure(head: &TokenStream, ident: &Ident, fields: &[Field], default: Option<&TokenStream>) -> TokenStream {
    let fields = fields.iter().map(|field| {
        let (docs, name, ty) = (docs(&field.doc), field.name.ident(), rust_type(&field.ty));
        quote!(#docs pub #name: #ty)
    });
    quote! {
        #head
        #[derive(Clone, Debug, PartialEq #default)]
        #[non_exhaustive]
        pub struct #ident {
            #(#fields,)*
        }
    }
}

/// `::cqhttp::encode_object!(GroupBan { "post_type" => "notice", …, always kind = "type", optional url = "url", });`: the tags
/// that are no fields, then the fields.
fn writing(name: &Ident, tags: &[(&str, &str)], fields: &[Field]) -> TokenStream {
    let tags = tags.iter().map(|(key, value)| quote!(#key => #value));
    let fields = fields.iter().map(|field| {
        let (name, wire) = (field.name.ident(), &field.wire);
        let entry = match field {
            Field { ty: Ty { optional: true, .. }, .. } => quote!(optional),
            Field { decides: true, .. } => quote!(decisive),
            _ => quote!(always),
        };
        quote!(#entry #name = #wire)
    });
    quote!(::cqhttp::encode_object!(#name { #(#tags,)* #(#fields,)* });)
}

/// `::cqhttp::decode_object!(GroupInfo { group_id: required "group_id", level: optional "level" | "grade", });`, perhaps with a
/// mode: `event`, or `within "variants"`.
fn reading(name: &Ident, fields: &[Field], mode: Option<TokenStream>) -> TokenStream {
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
    quote!(::cqhttp::decode_object!(#mode #name { #(#fields,)* });)
}
