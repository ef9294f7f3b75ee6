//! An action: its request, its answer, its method and its setters, together.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::action_docs::{effect, request_docs};
use super::docs::{docs, feature};
use super::method;
use super::paging;
use super::refusal::has_rules;
use super::request::{ParamStruct, constructors, default, param_struct, reading, writing};
use super::rust_type::{response_type, rust_type};
use super::types::object;
use crate::model::{Action, Api, Returns};
use crate::name::{Name, ident};

/// The items of one action, in the order in which a reviewer reads them.
pub(super) fn action_items(api: &Api, action: &Action) -> Vec<TokenStream> {
    let params = ParamStruct::of(action);
    let mut items = vec![request(api, action), reading(&params), writing(&params), constructors(&params)];
    items.extend(default(&params));
    items.extend(action_impls(api, action));
    items.extend(streamed(action));
    items.extend(paging::paged(action));
    items.extend(response(api, action));
    if api.extension {
        items.extend(method::setter_trait(action));
    } else {
        items.extend(method::call_setters(action));
    }
    items
}

/// `pub struct SetGroupBan { pub group_id: GroupId, … }`
fn request(api: &Api, action: &Action) -> TokenStream {
    let (docs, feature) = (request_docs(api, action), feature(action));
    param_struct(&quote!(#docs #feature), &ParamStruct::of(action))
}

/// `impl Action for SetGroupBan { type Response = (); … }`
fn action_impls(api: &Api, action: &Action) -> [TokenStream; 2] {
    let name = action.name.type_ident();
    let wire = &action.wire;
    let response = response_type(action);
    let effect = format_ident!("{}", effect(action.effect));
    let rules = has_rules(api).then(|| {
        quote! {
            fn refusal_rules(&self) -> &'static [__private::RefusalRule] {
                super::refusal::RULES
            }
        }
    });
    let wait = action.wait.as_ref().map(|param| {
        let param = param.ident();
        quote! {
            fn wait(&self) -> ::std::time::Duration {
                __private::seconds(self.#param)
            }
        }
    });
    let further = further_methods(action);
    let servers = servers(action);
    [
        quote! {
            impl ::cqhttp::Action for #name {
                type Response = #response;
                fn name(&self) -> &str {
                    #wire
                }
                fn effect(&self) -> ::cqhttp::Effect {
                    ::cqhttp::Effect::#effect
                }
                #rules
                #wait
                #further
            }
        },
        quote! {
            impl ::cqhttp::KnownAction for #name {
                const NAME: &'static str = #wire;
                #servers
            }
        },
    ]
}

/// `::cqhttp::answers_once!(SetGroupBan, …);`: every action whose call can be awaited, since its answer has no parts.
pub(super) fn awaited(api: &Api) -> Vec<TokenStream> {
    let actions = api.files.iter().flat_map(|file| &file.actions).filter(|action| action.stream.is_none());
    let names: Vec<_> = actions.map(|action| action.name.type_ident()).collect();
    if names.is_empty() { Vec::new() } else { vec![quote!(::cqhttp::answers_once!(#(#names,)*);)] }
}

/// `impl StreamedAction for DownloadFileStream { type Part = FilePart; … }`
fn streamed(action: &Action) -> Option<TokenStream> {
    let (name, stream) = (action.name.type_ident(), action.stream.as_ref()?);
    let part = rust_type(&stream.part);
    let amount = |method: &str, field: &Option<Name>| {
        let (method, field) = (ident(method), field.as_ref()?.ident());
        Some(quote! {
            fn #method(part: &Self::Part) -> Option<u64> {
                __private::amount(part.#field)
            }
        })
    };
    let (total, received) = (amount("total", &stream.total), amount("received", &stream.received));
    Some(quote! {
        impl ::cqhttp::StreamedAction for #name {
            type Part = #part;
            #total
            #received
        }
    })
}

/// The methods that only some actions have: `fn fault(&self) -> Option<String> { … }`
fn further_methods(action: &Action) -> TokenStream {
    let fault = (!action.choices.is_empty()).then(|| {
        let mut choices = action.choices.iter().map(|choice| {
            let params = choice.params.iter().map(|name| (name.snake(), name.ident()));
            let params = params.map(|(text, name)| quote!((#text, self.#name.is_some())));
            let check = if choice.required { quote!(exactly_one) } else { quote!(at_most_one) };
            quote!(__private::#check(&[#(#params),*]))
        });
        let first = choices.next();
        quote! {
            fn fault(&self) -> Option<String> {
                #first #(.or_else(|| #choices))*
            }
        }
    });
    let soft_failure = action.soft_failure.then(|| {
        quote! {
            fn has_soft_failures(&self) -> bool {
                true
            }
        }
    });
    let ends = matches!(action.returns, Returns::Never).then(|| {
        quote! {
            fn ends_server(&self) -> bool {
                true
            }
        }
    });
    let streamed = action.stream.is_some().then(|| {
        quote! {
            fn is_streamed(&self) -> bool {
                true
            }
        }
    });
    quote!(#fault #soft_failure #ends #streamed)
}

/// `const SERVERS: &'static [ServerKind] = &[ServerKind::NapCat, …];`, or nothing if no server is known to have the action.
fn servers(action: &Action) -> Option<TokenStream> {
    let kinds = action.servers.iter().map(|server| {
        let variant = format_ident!("{}", server.variant);
        quote!(::cqhttp::ServerKind::#variant)
    });
    let listed = quote! {
        const SERVERS: &'static [::cqhttp::ServerKind] = &[#(#kinds),*];
    };
    (!action.servers.is_empty()).then_some(listed)
}

/// `pub struct GetLoginInfoResponse { … }`
fn response(api: &Api, action: &Action) -> Vec<TokenStream> {
    let Returns::Fields(fields) = &action.returns else { return Vec::new() };
    let name = action.response_name();
    let (docs, feature) =
        (docs(&format!("The answer to [`{}`] (`{}`).", action.name.pascal(), action.wire)), feature(action));
    object(api, &quote!(#docs #feature), &name, fields, None)
}
