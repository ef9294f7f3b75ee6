//! The simulated server's table of actions, and `example()` of every object and response.

use proc_macro2::TokenStream;
use quote::quote;

use super::rust_type::response_type;
use super::value::{self, raw_string};
use crate::model::{Action, Api, Choice, Effect, File, Param, Presence, Returns, Server, TARGET_KEYS, TypeKind};
use crate::name::ident;
use crate::ty::{EnumBase, IdBase, NamedKind, Scalar};

/// Returns the items of a file's mock part.
pub(super) fn items(api: &Api, file: &File) -> Vec<TokenStream> {
    let mut items = Vec::new();
    for ty in &file.types {
        if let TypeKind::Object { fields, example, .. } = &ty.kind {
            let name = ident(&ty.name);
            items.push(example_fn(&quote!(#name), &value::object(api, &quote!(#name), fields, example)));
        }
    }
    for action in &file.actions {
        if let (Returns::Fields(fields), Some(node)) = (&action.returns, &action.example.returns) {
            let name = ident(&action.response_name());
            items.push(example_fn(&quote!(#name), &value::object(api, &quote!(#name), fields, node)));
        }
    }
    if !file.actions.is_empty() {
        let entries = file.actions.iter().map(|action| entry(api, action));
        items.push(quote! {
            pub(crate) static ACTIONS: &[::cqhttp::mock::ActionInfo] = &[#(#entries),*];
        });
    }
    items
}

/// `impl GroupInfo { pub fn example() -> Self { … } }`
fn example_fn(name: &TokenStream, value: &TokenStream) -> TokenStream {
    quote! {
        impl #name {
            /// The schema's example, to start from in tests. Feature `mock`.
            #[must_use]
            pub fn example() -> Self {
                #value
            }
        }
    }
}

/// `ActionInfo { name: "set_group_ban", … }`
fn entry(api: &Api, action: &Action) -> TokenStream {
    let wire = &action.wire;
    let aliases = &action.aliases;
    let title = &action.title;
    let effect = match action.effect {
        Effect::Read => quote!(Read),
        Effect::Write => quote!(Write),
        Effect::Send => quote!(Send),
    };
    let params = action.params.iter().flat_map(params);
    let choices = action.choices.iter().map(|choice| self::choice(action, choice));
    let refusals = &action.errors;
    let implemented = action.server == Server::Supported && !action.vendor;
    let example_params = raw_string(&action.example.params.as_ref().map_or_else(|| "{}".into(), value::json));
    let example_answer = raw_string(&action.example.returns.as_ref().map_or_else(|| "null".into(), value::json));
    let request = action.name.type_ident();
    let response = response_type(action);
    let call = value::call(api, action);
    let parts = match &action.example.parts {
        Some(parts) => {
            let parts = raw_string(&value::json(parts));
            quote!(Some(#parts))
        }
        None => quote!(None),
    };
    let call_example = if action.stream.is_some() { quote!(stream_example) } else { quote!(call_example) };
    quote! {
        ::cqhttp::mock::ActionInfo {
            name: #wire,
            aliases: &[#(#aliases),*],
            title: #title,
            effect: ::cqhttp::Effect::#effect,
            params: &[#(#params),*],
            choices: &[#(#choices),*],
            refusals: &[#(#refusals),*],
            implemented: #implemented,
            example_params: #example_params,
            example_answer: #example_answer,
            example_parts: #parts,
            reread_params: ::cqhttp::mock::reread::<#request>,
            reread_answer: ::cqhttp::mock::reread_answer::<#response>,
            call_example: |client: ::cqhttp::Client| ::cqhttp::mock::#call_example(client #call),
        }
    }
}

/// `ChoiceInfo { params: &[("user_id", &[]), ("group_id", &[])], required: true }`
fn choice(action: &Action, choice: &Choice) -> TokenStream {
    let params = action.members(choice).map(|param| {
        let (wire, sharing) = (&param.wire, action.sharing(param).map(|other| &other.wire));
        quote!((#wire, &[#(#sharing),*]))
    });
    let required = choice.required;
    quote!(::cqhttp::mock::ChoiceInfo { params: &[#(#params),*], required: #required })
}

/// `ParamInfo::required("group_id", ParamKind::I64)`; a target becomes three parameters.
fn params(param: &Param) -> Vec<TokenStream> {
    if param.ty.scalar == Scalar::Target {
        let kinds = [quote!(String), quote!(I64), quote!(I64)];
        let keys = TARGET_KEYS.iter().zip(kinds);
        return keys
            .map(|(key, kind)| quote!(::cqhttp::mock::ParamInfo::optional(#key, ::cqhttp::mock::ParamKind::#kind)))
            .collect();
    }
    let (name, kind) = (&param.wire, kind(&param.ty.scalar));
    let kind = quote!(::cqhttp::mock::ParamKind::#kind);
    let info = match &param.presence {
        Presence::Required => quote!(::cqhttp::mock::ParamInfo::required(#name, #kind)),
        Presence::Optional => quote!(::cqhttp::mock::ParamInfo::optional(#name, #kind)),
        Presence::Default(default) => {
            let default = value::json(default);
            quote!(::cqhttp::mock::ParamInfo::defaulted(#name, #kind, #default))
        }
    };
    let list = param.ty.list.then(|| quote!(.list()));
    let aliases = &param.aliases;
    let aliases = (!aliases.is_empty()).then(|| quote!(.aliases(&[#(#aliases),*])));
    vec![quote!(#info #list #aliases)]
}

/// Returns the type that a server converts a parameter to.
fn kind(scalar: &Scalar) -> TokenStream {
    match scalar {
        Scalar::Bool => quote!(Bool),
        Scalar::I32 => quote!(I32),
        Scalar::U32 => quote!(U32),
        Scalar::U64 | Scalar::Named(_, NamedKind::Id(IdBase::U64)) => quote!(U64),
        Scalar::F64 => quote!(F64),
        Scalar::I64
        | Scalar::Timestamp
        | Scalar::Named(_, NamedKind::Id(IdBase::I64) | NamedKind::Enum(EnumBase::I64)) => quote!(I64),
        Scalar::String
        | Scalar::FileSource
        | Scalar::UploadSource
        | Scalar::Mention
        | Scalar::Named(_, NamedKind::Id(IdBase::String) | NamedKind::Enum(EnumBase::String)) => quote!(String),
        Scalar::Message => quote!(Message),
        Scalar::Json
        | Scalar::ForwardNode
        | Scalar::ForwardedMessage
        | Scalar::FeedSegment
        | Scalar::Event
        | Scalar::Target
        | Scalar::Named(_, NamedKind::Object) => quote!(Json),
    }
}
