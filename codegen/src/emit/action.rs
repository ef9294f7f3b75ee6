//! An action: its request, its answer, its method and its setters, together.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::types::{join, object};
use super::{COLUMNS, aliases, docs, reader, rust_type, scalar, serde_attribute, serde_path, value};
use crate::doc;
use crate::model::{Action, Answer, Api, CLIENT_TRAIT, Effect, NextPage, Origin, Param, Presence, Server};
use crate::name::{Name, ident};
use crate::ty::{NamedKind, Scalar, Ty};
use crate::yaml::{Node, Value};

/// The items of one action, in the order in which a reviewer reads them.
pub(super) fn items(api: &Api, action: &Action) -> Vec<TokenStream> {
    let body = Body::of(action);
    let mut items = vec![request(api, action), constructors(&body)];
    items.extend(default(&body));
    items.extend(serialize(&body));
    items.extend(action_impls(action));
    items.extend(paged(action));
    items.extend(response(api, action));
    if api.extension {
        items.extend(setter_trait(action));
    } else {
        items.push(client_method(action));
        items.extend(call_setters(action));
    }
    items
}

/// What stands behind all actions: of an extension, the trait whose methods they are.
pub(super) fn joined(api: &Api) -> Vec<TokenStream> {
    let actions: Vec<&Action> = api.files.iter().flat_map(|file| &file.actions).collect();
    if api.extension && !actions.is_empty() { client_trait(&actions) } else { Vec::new() }
}

/// What a caller fills in: the parameters of a request, or of an operation.
pub(super) struct Body<'a> {
    pub(super) name: String,
    pub(super) params: &'a [Param],
}

impl<'a> Body<'a> {
    fn of(action: &'a Action) -> Self {
        Self { name: action.name.pascal(), params: &action.params }
    }

    fn required(&self) -> impl Iterator<Item = &'a Param> {
        self.params.iter().filter(|param| matches!(param.presence, Presence::Required))
    }

    fn settable(&self) -> impl Iterator<Item = &'a Param> {
        self.params.iter().filter(|param| !matches!(param.presence, Presence::Required))
    }
}

/// `pub struct SetGroupBan { pub group_id: GroupId, … }`
fn request(api: &Api, action: &Action) -> TokenStream {
    let docs = request_docs(api, action);
    let mut names = vec![action.title.clone()];
    names.extend(action.aliases.iter().chain([&action.wire]).filter(|name| *name != action.name.snake()).cloned());
    let aliases = aliases(&names);
    body(api, &quote!(#docs #aliases), &Body::of(action))
}

/// The struct that holds the parameters.
pub(super) fn body(api: &Api, head: &TokenStream, body: &Body<'_>) -> TokenStream {
    let name = ident(&body.name);
    let serialize = (!sends_twice(body)).then(|| quote!(Serialize,));
    let fields = body.params.iter().map(|param| request_field(body, param));
    let serde_path = serde_path(api);
    quote! {
        #head
        #[derive(Clone, Debug, PartialEq, #serialize Deserialize)]
        #serde_path
        #[non_exhaustive]
        pub struct #name {
            #(#fields,)*
        }
    }
}

/// Everything about an action: what it does, where it comes from, how it is refused, how it is called.
fn request_docs(api: &Api, action: &Action) -> TokenStream {
    let (summary, rest) = doc::summary(&action.doc);
    let summary = format!("{summary} ({})", action.title);
    docs(&join(&[&summary, rest, &caveats(action), &answers(action), &facts(action), &snippet(api, action)]))
}

/// ``Action `set_group_ban` · OneBot v11 · effect: write · refusals: `NOT_MANAGEABLE`.``
fn facts(action: &Action) -> String {
    let mut facts = vec![format!("Action `{}`", action.wire)];
    if !action.aliases.is_empty() {
        facts.push(format!("also {}", code(&action.aliases)));
    }
    facts.extend(match &action.origin {
        Origin::OneBot11 => Some("OneBot v11".into()),
        Origin::GoCqhttp => Some("go-cqhttp".into()),
        Origin::Other(origin) => Some(origin.clone()),
        Origin::Unstated => None,
    });
    facts.push(format!("effect: {}", effect(action.effect).to_lowercase()));
    if !action.errors.is_empty() {
        facts.push(format!("refusals: {}", code(&action.errors)));
    }
    format!("{}.", facts.join(" · "))
}

/// "`GROUP_NOT_FOUND`, `NOT_MANAGEABLE`"
fn code(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// What a caller must know beyond what the action does.
fn caveats(action: &Action) -> String {
    let server = match action.server {
        Server::Supported => "",
        Server::Unsupported => {
            "**go-cqhttp does not implement this action** and refuses it with `API_NOT_FOUND`; other servers may have it."
        }
        Server::Removed => {
            "**go-cqhttp has removed this action** and refuses it with `API_NOT_FOUND`; other servers may have it."
        }
    };
    let silent = if action.silent {
        "**`Ok` does not prove success**: the server reports it also where it did nothing."
    } else {
        ""
    };
    let pages = if action.pages.is_some() { "`.pages()` asks for one page after the other." } else { "" };
    let wait = match &action.wait {
        Some(param) => &format!("The time limit of the call begins when `{}` is over.", param.snake()),
        None => "",
    };
    let uncertain = match &*code(&action.uncertain) {
        "" => "",
        refusals => &format!("A refusal with {refusals} is no proof that nothing happened."),
    };
    join(&[server, silent, uncertain, pages, wait])
}

/// The example as a snippet that rustdoc compiles.
fn snippet(api: &Api, action: &Action) -> String {
    let Some(mut calls) = value::call_text(api, action) else { return String::new() };
    calls.push(".await?;".into());
    let client = if matches!(action.answer, Answer::Nothing) { "client" } else { "let answer = client" };
    let line = format!("{client}{}", calls.concat());
    let call = if line.chars().count() <= COLUMNS { line } else { format!("{client}\n    {}", calls.join("\n    ")) };
    if api.extension {
        // Where its crate keeps the prelude is not known here.
        return format!("```ignore\n{call}\n```");
    }
    format!(
        "```no_run\n# use cqhttp::types::*;\n# async fn run(client: &cqhttp::Client) -> Result<(), cqhttp::Error> {{\n\
         {call}\n# Ok(())\n# }}\n```"
    )
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "Read",
        Effect::Write => "Write",
        Effect::Send => "Send",
    }
}

fn request_field(body: &Body<'_>, param: &Param) -> TokenStream {
    let docs = docs(&param_doc(param));
    let name = param.name.ident();
    let ty = rust_type(&param.ty);
    if param.ty.scalar == Scalar::Target {
        return quote!(#docs #[serde(flatten)] pub #name: #ty);
    }
    let mut parts = Vec::new();
    if param.wire != param.name.snake() {
        let wire = &param.wire;
        parts.push(quote!(rename = #wire));
    }
    match &param.presence {
        Presence::Required => {}
        Presence::Default(_) => {
            let default = format!("{}::{}", body.name, default_fn(param));
            parts.push(quote!(default = #default));
        }
        Presence::Optional if sends_twice(body) => parts.push(quote!(default)),
        Presence::Optional => parts.push(quote!(default, skip_serializing_if = "Option::is_none")),
    }
    if let Some(reader) = reader(&param.ty) {
        parts.push(quote!(deserialize_with = #reader));
    }
    let serde = serde_attribute(&parts);
    quote!(#docs #serde pub #name: #ty)
}

/// "Seconds; 0 lifts the mute. Default: 1800."
fn param_doc(param: &Param) -> String {
    match &param.presence {
        Presence::Default(default) => format!("{} Default: {}.", param.doc, default_text(default)),
        Presence::Optional => format!("{} Optional; not sent unless set.", param.doc),
        Presence::Required => param.doc.clone(),
    }
}

/// A default as prose writes it: 1800, `true`, `""`.
pub fn default_text(default: &Node) -> String {
    match &default.value {
        Value::Int(_) | Value::Float(_) => default_listed(default),
        _ => doc::code_span(&default_listed(default)),
    }
}

/// The same without marks, for listings.
pub(super) fn default_listed(default: &Node) -> String {
    match &default.value {
        Value::Text(text) => format!("{text:?}"),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        _ => value::json(default),
    }
}

fn default_fn(param: &Param) -> String {
    format!("default_{}", param.name.snake())
}

/// `pub fn new(group_id: impl Into<GroupId>, …) -> Self`, the setters, and the defaults.
pub(super) fn constructors(body: &Body<'_>) -> TokenStream {
    let name = ident(&body.name);
    let args = body.required().map(argument);
    let fields = body.params.iter().map(|param| {
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
    let doc = match body.required().next() {
        Some(_) => " Creates it from its required parameters.",
        None => " Creates it with its defaults.",
    };
    let setters = body.settable().map(request_setter);
    let defaults = body.params.iter().filter_map(default_value);
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

/// Whether an argument of this type is converted by `into`.
pub(super) fn takes_into(ty: &Ty) -> bool {
    use Scalar::{Bool, F64, I32, I64, Named, U32, U64};
    ty.list || !matches!(ty.scalar, Bool | I32 | I64 | U32 | U64 | F64 | Named(_, NamedKind::Object))
}

/// `group_id.into()`, or the argument itself.
pub(super) fn converted(param: &Param) -> TokenStream {
    let name = param.name.ident();
    if takes_into(&param.ty) { quote!(#name.into()) } else { quote!(#name) }
}

/// `pub fn duration(mut self, duration: u32) -> Self { … }`
pub(super) fn request_setter(param: &Param) -> TokenStream {
    let docs = docs(&param_doc(param));
    let name = param.name.ident();
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
pub(super) fn default(body: &Body<'_>) -> Option<TokenStream> {
    let name = ident(&body.name);
    body.required().next().is_none().then(|| {
        quote! {
            impl Default for #name {
                fn default() -> Self {
                    Self::new()
                }
            }
        }
    })
}

/// Whether a parameter goes out under two names, which serde's derive cannot do.
fn sends_twice(body: &Body<'_>) -> bool {
    body.params.iter().any(|param| !param.also.is_empty())
}

/// `impl Serialize`, where a parameter goes out under two names.
pub(super) fn serialize(body: &Body<'_>) -> Option<TokenStream> {
    let name = ident(&body.name);
    let entries = body.params.iter().flat_map(|param| {
        let field = param.name.ident();
        let wires = [&param.wire].into_iter().chain(&param.also);
        wires.map(move |wire| match param.presence {
            Presence::Optional => quote!(if let Some(value) = &self.#field { map.serialize_entry(#wire, value)?; }),
            _ => quote!(map.serialize_entry(#wire, &self.#field)?;),
        })
    });
    sends_twice(body).then(|| {
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

/// `impl Action for SetGroupBan { type Response = (); … }`
fn action_impls(action: &Action) -> [TokenStream; 2] {
    let name = action.name.type_ident();
    let wire = &action.wire;
    let response = response_type(action);
    let effect = format_ident!("{}", effect(action.effect));
    let uncertain = &action.uncertain;
    let uncertain = (!uncertain.is_empty()).then(|| {
        quote! {
            fn uncertain_refusals(&self) -> &'static [&'static str] {
                &[#(#uncertain),*]
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
                #uncertain
                #wait
            }
        },
        quote! {
            impl ::cqhttp::KnownAction for #name {
                const NAME: &'static str = #wire;
            }
        },
    ]
}

/// `impl Paged for GetGuildMemberList { fn next_page(…) -> … }`
fn paged(action: &Action) -> Option<TokenStream> {
    let pages = action.pages.as_ref()?;
    let (name, set) = (action.name.type_ident(), pages.set.ident());
    let next = match &pages.next {
        NextPage::Field(field) => {
            let field = field.ident();
            quote!(__private::next_token(&self.#set, &answer.#field))
        }
        NextPage::Before { list, key } => {
            let of_events = is_event_list(action, list);
            let list = list.ident();
            // Events know their numbers themselves.
            let numbers = match of_events {
                true => quote!(__private::event_numbers(&answer.#list)),
                false => quote!(__private::numbers(&answer.#list, #key)),
            };
            quote!(__private::before(self.#set, #numbers))
        }
    };
    Some(quote! {
        impl ::cqhttp::Paged for #name {
            fn next_page(&self, answer: &Self::Response) -> Option<Self> {
                #next.map(|next| self.clone().#set(next))
            }
        }
    })
}

fn is_event_list(action: &Action, list: &Name) -> bool {
    let Answer::Fields(fields) = &action.answer else { return false };
    fields.iter().any(|field| field.name == *list && field.ty.scalar == Scalar::Event)
}

pub(super) fn response_type(action: &Action) -> TokenStream {
    match &action.answer {
        Answer::Nothing => quote!(()),
        Answer::Type(ty) => rust_type(ty),
        Answer::Fields(_) => {
            let name = response_name(action);
            quote!(#name)
        }
    }
}

pub(super) fn response_name(action: &Action) -> proc_macro2::Ident {
    format_ident!("{}Response", action.name.type_ident())
}

/// `pub struct GetLoginInfoResponse { … }`
fn response(api: &Api, action: &Action) -> Vec<TokenStream> {
    let Answer::Fields(fields) = &action.answer else { return Vec::new() };
    let name = response_name(action);
    let head = docs(&format!("The answer to [`{}`] (`{}`).", action.name.pascal(), action.wire));
    object(api, &head, &name.to_string(), fields)
}

/// `impl Client { pub fn set_group_ban(&self, …) -> Call<SetGroupBan> { … } }`
fn client_method(action: &Action) -> TokenStream {
    let method = method(action, &quote!(pub), &quote!(self));
    quote! {
        impl ::cqhttp::Client {
            #method
        }
    }
}

/// `pub fn set_group_ban(&self, …) -> Call<SetGroupBan> { … }`
fn method(action: &Action, visibility: &TokenStream, client: &TokenStream) -> TokenStream {
    let docs = method_docs(action);
    let method = action.name.ident();
    let request = action.name.type_ident();
    let arguments = action.required().map(argument);
    let names = action.required().map(|param| param.name.ident());
    quote! {
        #docs
        #visibility fn #method(&self, #(#arguments),*) -> ::cqhttp::Call<#request> {
            #client.call(#request::new(#(#names),*))
        }
    }
}

/// `pub trait ClientActions: Borrow<Client> { fn set_group_ban(&self, …) -> Call<SetGroupBan> { … } }`
fn client_trait(actions: &[&Action]) -> Vec<TokenStream> {
    let name = ident(CLIENT_TRAIT);
    let methods = actions.iter().map(|action| method(action, &TokenStream::new(), &quote!(self.borrow())));
    let definition = quote! {
        /// Every action as a method of [`Client`](::cqhttp::Client).
        pub trait #name: ::std::borrow::Borrow<::cqhttp::Client> {
            #(#methods)*
        }
    };
    vec![definition, quote!(impl #name for ::cqhttp::Client {})]
}

/// What suffices on hover: the summary, the arguments, the setters, the way to the rest.
fn method_docs(action: &Action) -> TokenStream {
    let (summary, rest) = doc::summary(&action.doc);
    let arguments = action.required().map(|param| format!("- `{}`: {}", param.name.snake(), lower_first(&param.doc)));
    let setters = action.settable().map(|param| {
        let doc = lower_first(&param_doc(param)).to_owned();
        format!("- `.{}({})`: {doc}", param.name.snake(), super::api::type_text(&param.ty))
    });
    let list: Vec<String> = arguments.chain(setters).map(|line| line.replace("\n\n", " ").replace('\n', " ")).collect();
    let see = format!("{} See [`{}`].", answers(action), action.name.pascal());
    docs(&join(&[&format!("{summary} ({})", action.title), rest, &caveats(action), &list.join("\n"), &see]))
}

/// "Answers a list of [`GroupInfo`]."
fn answers(action: &Action) -> String {
    match &action.answer {
        Answer::Nothing => "Answers nothing.".into(),
        Answer::Fields(_) => format!("Answers [`{}`].", response_name(action)),
        Answer::Type(ty) => {
            let one = super::api::type_text(&Ty { list: false, ..ty.clone() });
            let one = match ty.scalar {
                Scalar::Named(..) => format!("[`{one}`]"),
                Scalar::Json => "JSON".into(),
                _ => format!("`{one}`"),
            };
            if ty.list { format!("Answers a list of {one}.") } else { format!("Answers {one}.") }
        }
    }
}

/// "Seconds; 0 …" → "seconds; 0 …", but "QQ number" stays.
fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => first.to_lowercase().chain(chars).collect(),
        _ => text.to_owned(),
    }
}

/// `impl Call<SetGroupBan> { pub fn duration(self, duration: u32) -> Self { … } }`
fn call_setters(action: &Action) -> Option<TokenStream> {
    let request = action.name.type_ident();
    let setters = action.settable().map(|param| {
        let (docs, head, set) = setter(param);
        quote!(#docs pub #head { #set })
    });
    action.settable().next().is_some().then(|| quote!(impl ::cqhttp::Call<#request> { #(#setters)* }))
}

/// `pub trait SetGroupBanCall: ::std::marker::Sized { fn duration(self, duration: u32) -> Self; }`, and that `Call<SetGroupBan>` has it.
fn setter_trait(action: &Action) -> Vec<TokenStream> {
    if action.settable().next().is_none() {
        return Vec::new();
    }
    let (name, request) = (ident(&action.call_trait()), action.name.type_ident());
    let about = docs(&format!("What can be set of a call of [`{}`] (`{}`).", action.name.pascal(), action.wire));
    let (heads, setters): (Vec<_>, Vec<_>) = action
        .settable()
        .map(|param| {
            let (docs, head, set) = setter(param);
            (quote!(#docs #head;), quote!(#head { #set }))
        })
        .unzip();
    vec![
        quote!(#about pub trait #name: ::std::marker::Sized { #(#heads)* }),
        quote!(impl #name for ::cqhttp::Call<#request> { #(#setters)* }),
    ]
}

/// The docs of a call's setter, its head `fn duration(self, duration: u32) -> Self`, and what it does.
fn setter(param: &Param) -> (TokenStream, TokenStream, TokenStream) {
    let name = param.name.ident();
    let argument = argument(param);
    // A parameter may be called `request` itself.
    let request = ident(if param.name.snake() == "request" { "it" } else { "request" });
    (
        docs(&param_doc(param)),
        quote!(fn #name(self, #argument) -> Self),
        quote!(self.map_request(|#request| #request.#name(#name))),
    )
}
