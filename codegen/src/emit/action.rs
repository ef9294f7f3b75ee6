//! An action: its request, its answer, its method and its setters, together.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::action_docs::{effect, request_docs};
use super::docs::{docs, feature};
use super::method;
use super::refusal::has_rules;
use super::request::{ParamStruct, constructors, default, param_struct, reading, writing};
use super::rust_type::response_type;
use super::types::object;
use crate::model::{Action, Api, NextPage, Pages, Returns};
use crate::name::Name;
use crate::ty::Scalar;

/// The items of one action, in the order in which a reviewer reads them.
pub(super) fn action_items(api: &Api, action: &Action) -> Vec<TokenStream> {
    let params = ParamStruct::of(action);
    let mut items = vec![request(api, action), reading(&params), writing(&params), constructors(&params)];
    items.extend(default(&params));
    items.extend(action_impls(api, action));
    items.extend(paged(action));
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
    quote!(#fault #soft_failure #ends)
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

/// `impl Paged for GetGuildMemberList { fn next_page(…) -> … }`
fn paged(action: &Action) -> Option<TokenStream> {
    let pages = action.pages.as_ref()?;
    let (name, set) = (action.name.type_ident(), pages.set.ident());
    let (next, keep) = match &pages.next {
        NextPage::Field(field) => {
            let field = field.ident();
            (quote!(__private::next_token(&self.#set, &answer.#field)), TokenStream::new())
        }
        NextPage::Before { list, key } => {
            let of_events = is_event_list(action, list);
            let list = list.ident();
            // An event has its number as a method.
            let (numbers, keep) = match of_events {
                true => (
                    quote!(__private::event_numbers(&answer.#list)),
                    quote!(__private::keep_events(self.#set, &mut answer.#list)),
                ),
                false => (
                    quote!(__private::numbers(&answer.#list, #key)),
                    quote!(__private::keep_numbers(self.#set, &mut answer.#list, #key)),
                ),
            };
            (quote!(__private::before(self.#set, #numbers)), keep_page(&keep))
        }
    };
    let anchor = anchor(pages);
    Some(quote! {
        impl ::cqhttp::Paged for #name {
            fn next_page(&self, answer: &Self::Response) -> Option<Self> {
                #next.map(|next| Self { #set: Some(next), #anchor ..self.clone() })
            }
            #keep
        }
    })
}

/// `fn keep_page(&self, answer: &mut Self::Response) -> bool { … }`
fn keep_page(keep: &TokenStream) -> TokenStream {
    quote! {
        fn keep_page(&self, answer: &mut Self::Response) -> bool {
            #keep
        }
    }
}

/// `message_id: __private::oldest_message(&answer.messages),`
fn anchor(pages: &Pages) -> TokenStream {
    match (&pages.anchor, &pages.next) {
        (Some(anchor), NextPage::Before { list, .. }) => {
            let (anchor, list) = (anchor.ident(), list.ident());
            quote!(#anchor: __private::oldest_message(&answer.#list),)
        }
        _ => TokenStream::new(),
    }
}

fn is_event_list(action: &Action, list: &Name) -> bool {
    let Returns::Fields(fields) = &action.returns else { return false };
    fields.iter().any(|field| field.name == *list && field.ty.scalar == Scalar::Event)
}

/// `pub struct GetLoginInfoResponse { … }`
fn response(api: &Api, action: &Action) -> Vec<TokenStream> {
    let Returns::Fields(fields) = &action.returns else { return Vec::new() };
    let name = action.response_name();
    let (docs, feature) =
        (docs(&format!("The answer to [`{}`] (`{}`).", action.name.pascal(), action.wire)), feature(action));
    object(api, &quote!(#docs #feature), &name, fields, None)
}
