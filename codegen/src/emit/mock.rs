//! The stand-in's table of actions, and `example()` on everything.

use proc_macro2::TokenStream;
use quote::quote;

use super::action::{response_name, response_type};
use super::{raw_string, value};
use crate::example::TARGET_KEYS;
use crate::model::{Action, Answer, Api, Effect, File, TypeKind};
use crate::name::ident;
use crate::ty::Scalar;

/// The items of a file's mock part.
pub(super) fn items(api: &Api, file: &File) -> Vec<TokenStream> {
    let mut items = Vec::new();
    for ty in &file.types {
        if let TypeKind::Object { fields, example } = &ty.kind {
            let name = ident(&ty.name);
            items.push(example_fn(&quote!(#name), &value::object(api, &quote!(#name), fields, example)));
        }
    }
    for action in &file.actions {
        if let (Answer::Fields(fields), Some(node)) = (&action.answer, &action.example.returns) {
            let name = response_name(action);
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
    let params = action.params.iter().flat_map(|param| {
        let aliases = &param.aliases;
        let names: Vec<&str> = match param.ty.scalar {
            Scalar::Target => TARGET_KEYS.to_vec(),
            _ => vec![&param.wire],
        };
        names.into_iter().map(move |name| quote!(::cqhttp::mock::ParamInfo { name: #name, aliases: &[#(#aliases),*] }))
    });
    let example_params = raw_string(&action.example.params.as_ref().map_or_else(|| "{}".into(), value::json));
    let example_answer = raw_string(&action.example.returns.as_ref().map_or_else(|| "null".into(), value::json));
    let request = action.name.type_ident();
    let response = response_type(action);
    let call = value::call(api, action);
    quote! {
        ::cqhttp::mock::ActionInfo {
            name: #wire,
            aliases: &[#(#aliases),*],
            title: #title,
            effect: ::cqhttp::Effect::#effect,
            params: &[#(#params),*],
            example_params: #example_params,
            example_answer: #example_answer,
            reread_params: wire::reread::<#request>,
            reread_answer: wire::reread_answer::<#response>,
            call_example: |client: ::cqhttp::Client| wire::call_example(client #call),
        }
    }
}
