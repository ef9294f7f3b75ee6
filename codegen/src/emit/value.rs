//! Values of the schema as Rust expressions: defaults, examples, snippets.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote};

use super::rust_type::{scalar, takes_into};
use crate::doc;
use crate::model::{Action, Api, Field, Param, Variant, VariantValue};
use crate::name::ident;
use crate::ty::{IdBase, NamedKind, Scalar, Ty};
use crate::yaml::{Node, Value};

/// A default, the value of a request's field until it is set.
pub(super) fn default(node: &Node, ty: &Ty) -> TokenStream {
    match (&node.value, &ty.scalar) {
        (Value::Text(text), Scalar::String) if text.is_empty() => quote!(String::new()),
        (Value::Text(text), Scalar::String) => quote!(#text.to_owned()),
        (Value::Text(text), Scalar::Named(name, _)) => {
            let name = ident(name);
            quote!(#name::from(#text))
        }
        (Value::Int(number), Scalar::Named(name, _)) => {
            let (name, number) = (ident(name), integer(*number));
            quote!(#name::from(#number))
        }
        (Value::Int(number), Scalar::Timestamp) => {
            let number = integer(*number);
            quote!(::cqhttp::Timestamp::new(#number))
        }
        (_, scalar) if scalar.has_no_literal() => from_json(node, scalar),
        _ => literal(node),
    }
}

/// A number, a flag or a string as it is written in Rust.
fn literal(node: &Node) -> TokenStream {
    match &node.value {
        Value::Bool(value) => value.to_token_stream(),
        Value::Int(number) => integer(*number),
        Value::Float(number) => Literal::f64_unsuffixed(*number).into_token_stream(),
        Value::Text(text) => text.to_token_stream(),
        Value::Null | Value::List(_) | Value::Map(_) => quote!(Default::default()),
    }
}

/// `__private::example::<::cqhttp::Message>(r#"[…]"#)`
fn from_json(node: &Node, ty: &Scalar) -> TokenStream {
    let (ty, json) = (scalar(ty), raw_string(&json(node)));
    quote!(__private::example::<#ty>(#json))
}

fn integer(number: i128) -> TokenStream {
    let magnitude = Literal::u128_unsuffixed(number.unsigned_abs());
    if number < 0 { quote!(-#magnitude) } else { quote!(#magnitude) }
}

/// A node as JSON on one line.
pub(super) fn json(node: &Node) -> String {
    serde_json::to_string(node).unwrap_or_else(|error| unreachable!("a schema's values are JSON values: {error}"))
}

/// An object as a struct literal.
pub(super) fn object(api: &Api, name: &TokenStream, fields: &[Field], node: &Node) -> TokenStream {
    let fields = fields.iter().map(|field| {
        // Servers send the value of a bare field alone, without the object.
        let is_alone = field.bare && !matches!(node.value, Value::Map(_));
        let (ident, value) = (field.name.ident(), if is_alone { Some(node) } else { node.get(&field.wire) });
        let value = match value {
            Some(value) => exact(api, value, &field.ty),
            None if field.ty.optional => quote!(None),
            None => quote!(Vec::new()),
        };
        quote!(#ident: #value)
    });
    quote!(#name { #(#fields),* })
}

/// A value of exactly this type.
pub(super) fn exact(api: &Api, node: &Node, ty: &Ty) -> TokenStream {
    match &node.value {
        Value::Null if ty.optional => quote!(None),
        Value::Null if ty.list => quote!(Vec::new()),
        _ if ty.optional => {
            let value = exact(api, node, &Ty { optional: false, ..ty.clone() });
            quote!(Some(#value))
        }
        Value::List(items) if ty.list => {
            let item = Ty { list: false, ..ty.clone() };
            let items = items.iter().map(|node| exact(api, node, &item));
            quote!(Vec::from([#(#items),*]))
        }
        _ => exact_scalar(api, node, &ty.scalar),
    }
}

fn exact_scalar(api: &Api, node: &Node, scalar: &Scalar) -> TokenStream {
    let value = literal(node);
    match scalar {
        Scalar::String => quote!(String::from(#value)),
        Scalar::I32 | Scalar::I64 | Scalar::U32 | Scalar::U64 => {
            match node.as_str().and_then(|digits| digits.parse().ok()) {
                Some(number) => integer(number),
                None => value,
            }
        }
        Scalar::Timestamp => quote!(::cqhttp::Timestamp::new(#value)),
        scalar if scalar.has_no_literal() => from_json(node, scalar),
        // A struct of another crate is non-exhaustive: only that crate may use a literal.
        Scalar::Named(name, NamedKind::Object) if !api.defines(name) => from_json(node, scalar),
        Scalar::Named(name, NamedKind::Object) => {
            let fields = api.objects.get(name).map(Vec::as_slice).unwrap_or_default();
            let name = ident(name);
            object(api, &quote!(#name), fields, node)
        }
        Scalar::Named(name, NamedKind::Enum(_)) => variant(api, name, node),
        Scalar::Named(name, NamedKind::Id(IdBase::U64)) => {
            let (name, digits) = (ident(name), digits(node));
            quote!(#name::new(#digits))
        }
        Scalar::Named(name, NamedKind::Id(_)) => {
            let name = ident(name);
            quote!(#name::new(#value))
        }
        _ => value,
    }
}

/// `GroupRole::Owner`.
fn variant(api: &Api, name: &str, node: &Node) -> TokenStream {
    let matches = |variant: &&Variant| match (&variant.value, &node.value) {
        (VariantValue::Text(listed), Value::Text(given)) => listed == given,
        (VariantValue::Int(listed), Value::Int(given)) => i128::from(*listed) == *given,
        _ => false,
    };
    let variant = api.enums.get(name).into_iter().flatten().find(matches).map(|variant| variant.name.type_ident());
    let name = ident(name);
    quote!(#name::#variant)
}

/// A `u64` id, which stands in the schema as it does on the wire: as a string of digits.
fn digits(node: &Node) -> TokenStream {
    integer(node.as_str().and_then(|digits| digits.parse().ok()).unwrap_or_default())
}

/// The example as a call, without the client: `.set_group_ban(10001000, 10086).duration(60)`.
pub(super) fn call(api: &Api, action: &Action) -> TokenStream {
    let method = action.name.ident();
    let given = |param: &Param| action.example.params.as_ref().and_then(|params| params.get(&param.wire));
    let arguments = action.required().map(|param| match given(param) {
        Some(node) => exact(api, node, &param.ty),
        None => target(action),
    });
    let setters = action.settable().filter_map(|param| {
        let (name, node) = (param.name.ident(), given(param)?);
        let value = exact(api, node, &Ty { optional: false, ..param.ty.clone() });
        Some(quote!(.#name(#value)))
    });
    quote!(.#method(#(#arguments),*) #(#setters)*)
}

fn target(action: &Action) -> TokenStream {
    let id = |name: &str| action.example.params.as_ref().and_then(|params| params.get(name)).map(literal);
    match (id("user_id"), id("group_id")) {
        (Some(user), Some(group)) => quote!(::cqhttp::Target::temp(#user, #group)),
        (Some(user), None) => quote!(::cqhttp::Target::user(#user)),
        (None, group) => quote!(::cqhttp::Target::group(#group)),
    }
}

/// The example as a user would write it, call by call: `.set_group_ban(10001000, 10086)`, `.duration(60)`. `None` if an
/// argument takes more than a line.
pub(super) fn call_text(api: &Api, action: &Action) -> Option<Vec<String>> {
    let given = |param: &Param| action.example.params.as_ref().and_then(|params| params.get(&param.wire));
    let mut arguments = Vec::new();
    for param in action.required() {
        arguments.push(match given(param) {
            Some(node) => short(api, node, &param.ty)?,
            None => target(action).to_string().replace(' ', "").replace("::cqhttp", "cqhttp").replace(',', ", "),
        });
    }
    let mut calls = vec![format!(".{}({})", action.name.snake(), arguments.join(", "))];
    for param in action.settable() {
        if let Some(node) = given(param) {
            calls.push(format!(".{}({})", param.name.snake(), short(api, node, &param.ty)?));
        }
    }
    Some(calls)
}

/// An argument that converts by `into`: `10086`, `"hi"`.
fn short(api: &Api, node: &Node, ty: &Ty) -> Option<String> {
    if let (Value::List(items), true) = (&node.value, ty.list) {
        let item = Ty { list: false, optional: false, ..ty.clone() };
        let items: Option<Vec<String>> = items.iter().map(|node| short(api, node, &item)).collect();
        let into = |text: String| if takes_into(&item) { format!("{text}.into()") } else { text };
        return Some(format!("[{}]", items?.into_iter().map(into).collect::<Vec<_>>().join(", ")));
    }
    match (&node.value, &ty.scalar) {
        (_, Scalar::Json | Scalar::ForwardNode | Scalar::Named(_, NamedKind::Object)) => None,
        (_, Scalar::Named(name, NamedKind::Enum(_))) => Some(variant(api, name, node).to_string().replace(' ', "")),
        (Value::List(segments), Scalar::Message) => match segments.as_slice() {
            [segment] if segment.get("type")?.as_str() == Some("text") => {
                Some(format!("{:?}", segment.get("data")?.get("text")?.as_str().unwrap_or_default()))
            }
            _ => None,
        },
        (Value::Text(digits), Scalar::Named(_, NamedKind::Id(IdBase::U64))) => Some(digits.clone()),
        (Value::Text(source), Scalar::FileSource) => Some(file_source(source)),
        (Value::Text(text), _) => Some(format!("{text:?}")),
        (Value::Int(number), _) => Some(number.to_string()),
        (Value::Bool(value), _) => Some(value.to_string()),
        (Value::Float(number), _) => Some(format!("{number:?}")),
        _ => None,
    }
}

/// `cqhttp::FileSource::url("https://…")`.
fn file_source(source: &str) -> String {
    let (made_by, text) = match source.strip_prefix("file://") {
        Some(path) => ("path", path),
        None if source.contains("://") => ("url", source),
        None => ("received", source),
    };
    format!("cqhttp::FileSource::{made_by}({text:?})")
}

/// A default as prose writes it: 1800, `true`, `""`.
pub fn default_text(default: &Node) -> String {
    match &default.value {
        Value::Int(_) | Value::Float(_) => default_listed(default),
        _ => doc::code_span(&default_listed(default)),
    }
}

/// A default without the marks of code, for listings.
pub(super) fn default_listed(default: &Node) -> String {
    match &default.value {
        Value::Text(text) => format!("{text:?}"),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        _ => json(default),
    }
}

/// A raw string literal, readable in a snapshot: `r#"{"group_id":42}"#`.
pub(super) fn raw_string(text: &str) -> TokenStream {
    let hashes = "#".repeat((0..).find(|n| !text.contains(&format!("\"{}", "#".repeat(*n)))).unwrap_or(0).max(1));
    let raw = format!("r{hashes}\"{text}\"{hashes}");
    raw.parse().unwrap_or_else(|_| Literal::string(text).into_token_stream())
}
