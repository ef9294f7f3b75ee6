//! Events and quick operations, and the enum of all events.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::docs::{aliases, docs, join};
use super::request::{self, ParamStruct, constructors, default, param_struct};
use super::rust_type::rust_type;
use super::types;
use super::value::{self, raw_string};
use crate::doc;
use crate::facts::known_server;
use crate::model::{Api, Event, Field, File, Operation, PostType};
use crate::name::ident;
use crate::ty::{NamedKind, Scalar};

/// The items of a file's events and operations.
pub(super) fn event_items(file: &File) -> Vec<TokenStream> {
    let events = file.events.iter().filter(|event| event.owns_shape()).flat_map(event);
    events.chain(file.operations.iter().flat_map(operation)).collect()
}

/// `pub struct GroupMessage { … }`, how it is written, and its quick operation.
fn event(event: &Event) -> Vec<TokenStream> {
    let name = event.name.type_ident();
    let docs = docs(&event_docs(event));
    let mut items = types::event(&docs, &name, &event.fixed_tags(), &event.fields);
    items.extend(reply_to(event));
    items.extend(event.operation.as_ref().map(|operation| {
        let operation = ident(operation);
        quote! {
            impl ::cqhttp::event::QuickOperable for #name {
                type Operation = #operation;
            }
        }
    }));
    items
}

fn event_docs(event: &Event) -> String {
    let (summary, rest) = doc::summary(&event.doc);
    join(&[&format!("{summary} ({})", event.title), rest, &facts(event)])
}

/// "Event `notice.notify.input_status` · only from NapCat."
fn facts(event: &Event) -> String {
    let by = match servers(event) {
        servers if servers.is_empty() => String::new(),
        servers => format!(" · only from {servers}"),
    };
    format!("Event `{}`{by}.", event.path())
}

/// "NapCat, LLOneBot"; empty if go-cqhttp sends the event.
pub fn servers(event: &Event) -> String {
    event.servers.iter().map(|server| server_name(server)).collect::<Vec<_>>().join(", ")
}

fn server_name(server: &str) -> &str {
    known_server(server).map_or(server, |known| known.title)
}

/// `impl From<&GroupIncrease> for ReplyTo`, if the event has a place and is not a message: messages have an own one.
fn reply_to(event: &Event) -> Option<TokenStream> {
    if matches!(event.post_type, PostType::Message | PostType::MessageSent | PostType::MetaEvent) {
        return None;
    }
    let ids = [("user_id", "UserId"), ("group_id", "GroupId"), ("guild_id", "GuildId"), ("channel_id", "ChannelId")];
    let ids = ids.map(|(name, ty)| id_of(event, name, ty));
    if ids.iter().all(Option::is_none) {
        return None;
    }
    let values = ids.into_iter().map(|id| id.unwrap_or_else(|| quote!(None)));
    let name = event.name.type_ident();
    Some(quote! {
        impl From<&#name> for ::cqhttp::ReplyTo {
            fn from(event: &#name) -> Self {
                __private::reply_to(event.self_id, #(#values),*)
            }
        }
    })
}

/// `pub struct GroupMessageOperation { … }` with its setters.
fn operation(operation: &Operation) -> Vec<TokenStream> {
    let filled = ParamStruct { name: operation.name.clone(), params: &operation.params };
    let mut items =
        vec![param_struct(&docs(&operation.doc), &filled), request::reading(&filled), request::writing(&filled)];
    items.push(constructors(&filled));
    items.extend(default(&filled));
    items
}

/// The enum of all events, its kinds, and the accessors that any event has.
pub(super) fn event_enums(api: &Api) -> Vec<TokenStream> {
    let events: Vec<&Event> = api.files.iter().flat_map(|file| &file.events).collect();
    if events.is_empty() {
        return Vec::new();
    }
    let mut items = vec![
        event_enum(&events),
        kind_enum(&events),
        of_tags(&events),
        accessors(&events),
        reading(&events),
        writing(&events),
    ];
    items.extend(events.iter().filter(|event| event.owns_shape()).map(|event| from(event)));
    items
}

/// `pub enum Event { GroupMessage(Box<GroupMessage>), …, Unknown(…) }`
fn event_enum(events: &[&Event]) -> TokenStream {
    let variants = events.iter().map(|event| {
        let docs = docs(&format!("{} ({}) Event `{}`.", doc::summary(&event.doc).0, event.title, event.path()));
        let aliases = aliases([&event.title]);
        let (variant, shape) = (event.name.type_ident(), event.shape.type_ident());
        let inner = if event.boxed { quote!(Box<#shape>) } else { quote!(#shape) };
        quote!(#docs #aliases #variant(#inner))
    });
    quote! {
        /// Any event that a server reports: one variant for each kind.
        ///
        /// An event that is written as JSON holds what its type knows. Fields that no schema knows, parts that could not be read, and
        /// the form in which values arrived are not in it: see [Events as JSON](::cqhttp::event#events-as-json). `Received::raw` and
        /// `Received::text()` are what arrived.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Event {
            #(#variants,)*
            /// An event of a kind that is not listed here, or one that does not decode: its tags and its text.
            Unknown(Box<::cqhttp::event::UnknownEvent>),
        }
    }
}

/// `pub enum EventKind { GroupMessage, …, Unknown }`
fn kind_enum(events: &[&Event]) -> TokenStream {
    let variants = events.iter().map(|event| {
        let docs = docs(&format!("`{}`", event.path()));
        let variant = event.name.type_ident();
        quote!(#docs #variant)
    });
    quote! {
        /// The kind of an event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum EventKind {
            #(#variants,)*
            /// A kind that is not listed here.
            Unknown,
        }
    }
}

/// `EventKind::of_tags("notice", "notify", "poke")`, one tag after the other.
fn of_tags(events: &[&Event]) -> TokenStream {
    let by_post_type = group(events, |event| event.post_type.wire().0);
    let arms = by_post_type.iter().map(|(post_type, events)| {
        let details = group(events, |event| event.detail.as_str());
        let arms = details.iter().map(|(detail, events)| {
            let kind = of_detail(events);
            let detail = byte_string(detail);
            quote!(#detail => #kind,)
        });
        let post_type = byte_string(post_type);
        quote!(#post_type => match detail_type { #(#arms)* _ => Self::Unknown },)
    });
    let needs_sub_type = needs_sub_type(events);
    quote! {
        impl EventKind {
            /// The kind with these tags.
            #[must_use]
            pub fn of_tags(post_type: &str, detail_type: &str, sub_type: &str) -> Self {
                Self::of_bytes(post_type.as_bytes(), detail_type.as_bytes(), sub_type.as_bytes())
            }

            /// The kind with these tags, which need not be UTF-8.
            pub(crate) fn of_bytes(post_type: &[u8], detail_type: &[u8], sub_type: &[u8]) -> Self {
                match post_type {
                    #(#arms)*
                    _ => Self::Unknown,
                }
            }
            #needs_sub_type
        }
    }
}

/// `Self::GroupBan`, or `match sub_type { "poke" => Self::Poke, … }`
fn of_detail(events: &[&Event]) -> TokenStream {
    let arms = events.iter().map(|event| {
        let kind = event.name.type_ident();
        match &event.sub_type {
            Some(sub_type) => {
                let sub_type = byte_string(sub_type);
                quote!(#sub_type => Self::#kind,)
            }
            None => quote!(Self::#kind),
        }
    });
    match events.iter().any(|event| event.sub_type.is_some()) {
        true => quote!(match sub_type { #(#arms)* _ => Self::Unknown }),
        false => quote!(#(#arms)*),
    }
}

/// `b"notify"`
fn byte_string(tag: &str) -> Literal {
    Literal::byte_string(tag.as_bytes())
}

/// Events by a tag, in the order of the schema.
fn group<'e>(events: &[&'e Event], tag: impl Fn(&'e Event) -> &'e str) -> Vec<(&'e str, Vec<&'e Event>)> {
    let mut groups: Vec<(&str, Vec<&Event>)> = Vec::new();
    for event in events {
        match groups.iter_mut().find(|(known, _)| *known == tag(event)) {
            Some((_, group)) => group.push(event),
            None => groups.push((tag(event), vec![event])),
        }
    }
    groups
}

/// `matches!((post_type, detail_type), ("notice", "notify"))`
fn needs_sub_type(events: &[&Event]) -> TokenStream {
    let mut by_sub_type: Vec<(&str, &str)> = Vec::new();
    for event in events.iter().filter(|event| event.sub_type.is_some()) {
        let tags = (event.post_type.wire().0, event.detail.as_str());
        if !by_sub_type.contains(&tags) {
            by_sub_type.push(tags);
        }
    }
    let tags = by_sub_type.iter().map(|(post_type, detail)| {
        let (post_type, detail) = (byte_string(post_type), byte_string(detail));
        quote!((#post_type, #detail))
    });
    let (args, answer) = match by_sub_type.is_empty() {
        true => (quote!(_: &[u8], _: &[u8]), quote!(false)),
        false => (quote!(post_type: &[u8], detail_type: &[u8]), quote!(matches!((post_type, detail_type), #(#tags)|*))),
    };
    quote! {
        /// Returns `true` if the kind of such an event depends on its sub type.
        pub(crate) fn needs_sub_type(#args) -> bool {
            #answer
        }
    }
}

/// `time()`, `self_id()`, `user_id()`, `group_id()` and the like, of any event.
fn accessors(events: &[&Event]) -> TokenStream {
    let kind = kind(events);
    let common = [
        ("time", "The time at which it happened, or was reported."),
        ("self_id", "The account that it happened to; `None` if the server does not name it."),
    ];
    let common = common.into_iter().map(|(name, doc)| common_accessor(events, name, doc));
    let ids = [
        (
            "user_id",
            "UserId",
            "Its `user_id`: who spoke, joined, was muted; what the event's own page says. `None` in guilds.",
        ),
        ("group_id", "GroupId", "The group in which it happened."),
        ("guild_id", "GuildId", "The guild in which it happened."),
        ("channel_id", "ChannelId", "The channel in which it happened."),
    ];
    let ids = ids.into_iter().filter_map(|(name, ty, doc)| id_accessor(events, name, ty, doc));
    quote!(impl Event { #kind #(#common)* #(#ids)* })
}

/// `Self::GroupMessage(_) => EventKind::GroupMessage, …`
fn kind(events: &[&Event]) -> TokenStream {
    let arms = events.iter().map(|event| {
        let variant = event.name.type_ident();
        quote!(Self::#variant(_) => EventKind::#variant,)
    });
    quote! {
        /// The kind of an event.
        #[must_use]
        pub fn kind(&self) -> EventKind {
            match self { #(#arms)* Self::Unknown(_) => EventKind::Unknown, }
        }
    }
}

/// `pub fn time(&self) -> Option<Timestamp> { match self { Self::GroupMessage(event) => Some(event.time), … } }`
fn common_accessor(events: &[&Event], name: &str, doc: &str) -> TokenStream {
    let is = |field: &&Field| field.name.snake() == name;
    let ty = events.first().and_then(|event| event.fields.iter().find(is)).map(|field| rust_type(&field.ty));
    let (docs, is_account, name) = (docs(doc), name == "self_id", ident(name));
    let arms = events.iter().map(|event| {
        let variant = event.name.type_ident();
        match is_account {
            true => quote!(Self::#variant(event) => __private::known(event.#name),),
            false => quote!(Self::#variant(event) => Some(event.#name),),
        }
    });
    quote! {
        #docs
        #[must_use]
        pub fn #name(&self) -> Option<#ty> {
            match self { #(#arms)* Self::Unknown(event) => event.#name, }
        }
    }
}

/// `Some(event.user_id)`, `event.group_id`: an id as an `Option`, if the event has it.
fn id_of(event: &Event, name: &str, ty: &str) -> Option<TokenStream> {
    let is = |field: &&Field| {
        field.name.snake() == name
            && !field.ty.list
            && matches!(&field.ty.scalar, Scalar::Named(named, NamedKind::Id(_)) if named == ty)
    };
    let field = event.fields.iter().find(is)?;
    let name = field.name.ident();
    Some(if field.ty.optional { quote!(event.#name) } else { quote!(Some(event.#name)) })
}

/// `pub fn group_id(&self) -> Option<GroupId> { match self { …, _ => None } }`; nothing if no event has such an id.
fn id_accessor(events: &[&Event], name: &str, ty: &str, doc: &str) -> Option<TokenStream> {
    let arms = events.iter().filter_map(|event| {
        let (variant, id) = (event.name.type_ident(), id_of(event, name, ty)?);
        Some(quote!(Self::#variant(event) => #id,))
    });
    let arms: Vec<_> = arms.collect();
    let unknown = matches!(name, "user_id" | "group_id").then(|| {
        let name = ident(name);
        quote!(Self::Unknown(event) => event.#name,)
    });
    let (docs, name, ty) = (docs(doc), ident(name), ident(ty));
    (!arms.is_empty()).then(|| {
        quote! {
            #docs
            #[must_use]
            pub fn #name(&self) -> Option<#ty> {
                match self { #(#arms)* #unknown _ => None, }
            }
        }
    })
}

/// `EventKind::GroupMessage => Self::GroupMessage(decode::boxed()), …` and `Self::GroupMessage(event) => decode::Decode::slot(&mut **event), …`
fn reading(events: &[&Event]) -> TokenStream {
    let blanks = events.iter().map(|event| {
        let variant = event.name.type_ident();
        let blank = if event.boxed { quote!(decode::boxed()) } else { quote!(decode::Decode::blank()) };
        quote!(EventKind::#variant => Self::#variant(#blank),)
    });
    let slots = events.iter().map(|event| {
        let variant = event.name.type_ident();
        let event = if event.boxed { quote!(&mut **event) } else { quote!(event) };
        quote!(Self::#variant(event) => decode::Decode::slot(#event),)
    });
    quote! {
        impl Event {
            /// Returns an event of this kind, to be filled in; `None` for an unknown one.
            pub(crate) fn blank(kind: EventKind) -> Option<Self> {
                Some(match kind {
                    #(#blanks)*
                    EventKind::Unknown => return None,
                })
            }

            /// Returns the slot of the event's fields; `None` for an unknown event.
            pub(crate) fn slot(&mut self) -> Option<decode::Slot<'_>> {
                Some(match self {
                    #(#slots)*
                    Self::Unknown(_) => return None,
                })
            }
        }
    }
}

/// `Self::GroupMessage(event) => event.serialize(serializer), …`
fn writing(events: &[&Event]) -> TokenStream {
    let arms = events.iter().map(|event| {
        let variant = event.name.type_ident();
        quote!(Self::#variant(event) => event.serialize(serializer),)
    });
    quote! {
        impl Serialize for Event {
            fn serialize<S: __private::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    #(#arms)*
                    Self::Unknown(event) => event.serialize(serializer),
                }
            }
        }
    }
}

/// `impl From<GroupUpload> for Event { … }`; of a message it may yield the variant of own messages.
fn from(event: &Event) -> TokenStream {
    let name = event.name.type_ident();
    let inner = if event.boxed { quote!(Box::new(event)) } else { quote!(event) };
    let classified = matches!(event.post_type, PostType::Message).then(|| quote!(.classify_own()));
    quote! {
        impl From<#name> for Event {
            fn from(event: #name) -> Self {
                Self::#name(#inner)#classified
            }
        }
    }
}

/// An example of each struct, and the table of the kinds.
pub(super) fn mock_items(file: &File) -> Vec<TokenStream> {
    let mut items: Vec<TokenStream> = file.events.iter().filter(|event| event.owns_shape()).map(example).collect();
    if !file.events.is_empty() {
        let entries = file.events.iter().map(info);
        items.push(quote!(pub(crate) static EVENTS: &[::cqhttp::mock::EventInfo] = &[#(#entries),*];));
    }
    items
}

/// `impl event::GroupUpload { pub fn example() -> Self { … } }`
fn example(event: &Event) -> TokenStream {
    let (name, json) = (event.name.type_ident(), raw_string(&value::json(&event.example)));
    quote! {
        impl event::#name {
            /// The schema's example, to start from in tests. Feature `mock`.
            #[must_use]
            pub fn example() -> Self {
                __private::example(#json)
            }
        }
    }
}

/// `EventInfo { kind: EventKind::GroupUpload, …, example: r#"{ … }"# }`
fn info(event: &Event) -> TokenStream {
    let (kind, path, title) = (event.name.type_ident(), event.path(), &event.title);
    let json = raw_string(&value::json(&event.example));
    let (variant, servers) = (event.name.pascal(), &event.servers);
    quote! {
        ::cqhttp::mock::EventInfo {
            kind: event::EventKind::#kind,
            name: #variant,
            tags: #path,
            title: #title,
            servers: &[#(#servers),*],
            example: #json,
        }
    }
}
