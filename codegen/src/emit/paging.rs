//! The pages of an answer.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::model::{Action, Field, NextPage, Pages, Returns};
use crate::name::{Name, ident};
use crate::ty::Scalar;

/// `impl Paged for GetGuildMemberList { fn next_page(…) -> … }`
pub(super) fn paged(action: &Action) -> Option<TokenStream> {
    let pages = action.pages.as_ref()?;
    let name = action.name.type_ident();
    let methods = match &pages.next {
        NextPage::Field(field) => by_token(action, pages, field),
        NextPage::Before { list, key } => match (&pages.anchor, is_event_list(action, list)) {
            (Some(anchor), true) => by_number_or_id(pages, &anchor.ident(), &list.ident()),
            (_, of_events) => by_number(pages, &list.ident(), key, of_events),
        },
    };
    Some(quote! {
        impl ::cqhttp::Paged for #name {
            #methods
        }
    })
}

fn by_token(action: &Action, pages: &Pages, field: &Name) -> TokenStream {
    let (set, field) = (pages.set.ident(), field.ident());
    let fields: &[Field] = if let Returns::Fields(fields) = &action.returns { fields } else { &[] };
    let lists = fields.iter().filter(|field| field.ty.list && !field.ty.optional).map(|field| field.name.ident());
    let lists: Vec<Ident> = lists.collect();
    let response = ident(&action.response_name());
    let content = (!lists.is_empty()).then(|| {
        quote! {
            fn content(answer: &Self::Response) -> Option<u64> {
                let is_empty = #(answer.#lists.is_empty())&&*;
                (!is_empty).then(|| __private::content(&#response { #field: None, ..answer.clone() }))
            }
        }
    });
    quote! {
        #content
        fn next_page(&self, answer: &Self::Response) -> Option<Self> {
            __private::next_token(&self.#set, &answer.#field).map(|next| Self { #set: Some(next), ..self.clone() })
        }
    }
}

fn by_number(pages: &Pages, list: &Ident, key: &str, of_events: bool) -> TokenStream {
    let set = pages.set.ident();
    // An event has its number as a method.
    let (numbers, keep) = match of_events {
        true => (quote!(event_numbers(&answer.#list)), quote!(keep_events(self.#set, &mut answer.#list))),
        false => (quote!(numbers(&answer.#list, #key)), quote!(keep_numbers(self.#set, &mut answer.#list, #key))),
    };
    quote! {
        fn next_page(&self, answer: &Self::Response) -> Option<Self> {
            __private::before(self.#set, __private::#numbers).map(|next| Self { #set: Some(next), ..self.clone() })
        }
        fn keep_page(&self, answer: &mut Self::Response, _: &[i64]) -> bool {
            __private::#keep
        }
    }
}

/// A history, which some servers count by the numbers of messages, and others by their ids.
fn by_number_or_id(pages: &Pages, anchor: &Ident, list: &Ident) -> TokenStream {
    let set = pages.set.ident();
    let back = pages.back.as_ref().map(Name::ident);
    let go_back = back.as_ref().map(|back| quote!(#back: Some(true),));
    let first_page = back.map(|back| {
        quote! {
            fn first_page(self) -> Self {
                let #back = self.#back.or(self.#anchor.is_some().then_some(true));
                Self { #back, ..self }
            }
        }
    });
    quote! {
        const HAS_IDS: bool = true;
        #first_page
        fn next_page(&self, answer: &Self::Response) -> Option<Self> {
            let next = __private::before(self.#set, __private::event_numbers(&answer.#list));
            next.map(|next| Self { #set: Some(next), #anchor: None, ..self.clone() })
        }
        fn next_page_by_id(&self, answer: &Self::Response) -> Option<Self> {
            let oldest = __private::oldest_message(&answer.#list);
            oldest.map(|id| Self { #set: None, #anchor: Some(id), #go_back ..self.clone() })
        }
        fn counts_by_ids(&self, answer: &Self::Response) -> Option<bool> {
            __private::counts_by_ids(self.#anchor, &answer.#list)
        }
        fn message_ids(answer: &Self::Response) -> Vec<i64> {
            __private::event_ids(&answer.#list)
        }
        fn keep_page(&self, answer: &mut Self::Response, previous: &[i64]) -> bool {
            match self.#anchor {
                Some(id) => __private::keep_before(id, previous, &mut answer.#list),
                None => __private::keep_events(self.#set, &mut answer.#list),
            }
        }
    }
}

fn is_event_list(action: &Action, list: &Name) -> bool {
    let Returns::Fields(fields) = &action.returns else { return false };
    fields.iter().any(|field| field.name == *list && field.ty.scalar == Scalar::Event)
}
