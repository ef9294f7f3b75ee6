//! Types of the schema in Rust: of fields and of arguments.
//!
//! | schema | field | argument |
//! |---|---|---|
//! | `u32` | `u32` | `u32` |
//! | `string?` | `Option<String>` | `impl Into<String>` |
//! | `GroupId` | `GroupId` | `impl Into<GroupId>` |
//! | `UserId[]` | `Vec<UserId>` | `impl Into<Vec<UserId>>` |
//! | `GroupInfo` | `GroupInfo` | `GroupInfo` |

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use crate::model::{Action, Param, Returns};
use crate::name::ident;
use crate::ty::{NamedKind, Scalar, Ty};

/// The Rust of a type without `[]` and `?`: `GroupId`.
pub(super) fn scalar(scalar: &Scalar) -> TokenStream {
    match scalar {
        Scalar::Bool => quote!(bool),
        Scalar::I32 => quote!(i32),
        Scalar::I64 => quote!(i64),
        Scalar::U32 => quote!(u32),
        Scalar::U64 => quote!(u64),
        Scalar::F64 => quote!(f64),
        Scalar::String => quote!(String),
        Scalar::Json => quote!(::cqhttp::serde_json::Value),
        Scalar::Message => quote!(::cqhttp::Message),
        Scalar::ForwardNode => quote!(::cqhttp::ForwardNode),
        Scalar::ForwardedMessage => quote!(::cqhttp::ForwardedMessage),
        Scalar::Timestamp => quote!(::cqhttp::Timestamp),
        Scalar::FileSource => quote!(::cqhttp::FileSource),
        Scalar::Mention => quote!(::cqhttp::Mention),
        Scalar::FeedSegment => quote!(::cqhttp::segment::FeedSegment),
        Scalar::Event => quote!(::cqhttp::Event),
        Scalar::UploadSource => quote!(::cqhttp::UploadSource),
        Scalar::Target => quote!(::cqhttp::Target),
        Scalar::Named(name, _) => ident(name).into_token_stream(),
    }
}

/// The Rust of a field: `Vec<GroupInfo>`, `Option<String>`.
pub(super) fn rust_type(ty: &Ty) -> TokenStream {
    let mut tokens = scalar(&ty.scalar);
    if ty.list {
        tokens = quote!(Vec<#tokens>);
    }
    if ty.optional {
        tokens = quote!(Option<#tokens>);
    }
    tokens
}

/// The Rust type of an argument, without its paths: `Vec<TinyId>`.
pub fn type_text(ty: &Ty) -> String {
    let name = match &ty.scalar {
        Scalar::Bool => "bool",
        Scalar::I32 => "i32",
        Scalar::I64 => "i64",
        Scalar::U32 => "u32",
        Scalar::U64 => "u64",
        Scalar::F64 => "f64",
        Scalar::String => "String",
        Scalar::Json => "Value",
        Scalar::Message => "Message",
        Scalar::ForwardNode => "ForwardNode",
        Scalar::ForwardedMessage => "ForwardedMessage",
        Scalar::Timestamp => "Timestamp",
        Scalar::FileSource => "FileSource",
        Scalar::Mention => "Mention",
        Scalar::FeedSegment => "FeedSegment",
        Scalar::Event => "Event",
        Scalar::UploadSource => "UploadSource",
        Scalar::Target => "Target",
        Scalar::Named(name, _) => name,
    };
    if ty.list { format!("Vec<{name}>") } else { name.to_owned() }
}

pub(super) fn response_type(action: &Action) -> TokenStream {
    match &action.returns {
        Returns::Nothing | Returns::Never => quote!(()),
        Returns::Type(ty) => rust_type(ty),
        Returns::Fields(_) => {
            let name = ident(&action.response_name());
            quote!(#name)
        }
    }
}

/// `group_id: impl Into<GroupId>`
pub(super) fn argument(param: &Param) -> TokenStream {
    let name = param.name.ident();
    let ty = argument_type(&param.ty);
    quote!(#name: #ty)
}

fn argument_type(ty: &Ty) -> TokenStream {
    let scalar = scalar(&ty.scalar);
    match (&ty.scalar, ty.list) {
        (_, true) => quote!(impl Into<Vec<#scalar>>),
        _ if takes_into(ty) => quote!(impl Into<#scalar>),
        _ => scalar,
    }
}

/// Returns `true` if an argument of this type is converted by `into`.
pub(super) fn takes_into(ty: &Ty) -> bool {
    use Scalar::{Bool, F64, I32, I64, Named, U32, U64};
    ty.list || !matches!(ty.scalar, Bool | I32 | I64 | U32 | U64 | F64 | Named(_, NamedKind::Object))
}

/// `group_id.into()`, or the argument itself.
pub(super) fn converted(param: &Param) -> TokenStream {
    let name = param.name.ident();
    if takes_into(&param.ty) { quote!(#name.into()) } else { quote!(#name) }
}
