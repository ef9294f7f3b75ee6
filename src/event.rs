//! Events: what happens, as the server reports it.
//!
//! [`Event`] has one variant for each kind of event. What [`get_updates`](crate::Client::get_updates) answers is decoded
//! already; bytes of your own are decoded by [`Event::from_slice`] or [`Event::from_str`](std::str::FromStr::from_str):
//!
//! ```
//! use cqhttp::Event;
//!
//! let json = r#"{"post_type":"notice","notice_type":"friend_add","time":1700000000,"self_id":10010,"user_id":10086}"#;
//! match json.parse::<Event>()? {
//!     Event::FriendAdd(event) => println!("{} is a friend now", event.user_id),
//!     Event::Unknown(event) => println!("something else: {}", event.text),
//!     other => println!("a {:?}", other.kind()),
//! }
//! # Ok::<(), cqhttp::event::EventError>(())
//! ```
//!
//! What the account itself has said has variants of its own, [`Event::GroupMessageSent`] and
//! [`Event::PrivateMessageSent`], so that a bot does not answer itself: also on servers that report it as an ordinary
//! message.

mod tags;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use self::tags::{Tags, Whole};
pub use crate::generated::event::*;
use crate::path::path_of;
use crate::types::{
    GroupId, GroupMemberInfo, GroupRole, GroupSender, MessageId, MessageSeq, PostType, PrivateMessageKind, UserId,
};
use crate::{Chat, Mention, Message, Timestamp};

/// An event of a kind that this crate does not know, or one of a known kind that does not decode. Nothing of it is lost.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct UnknownEvent {
    /// Its `post_type`.
    pub post_type: Option<String>,
    /// Its `message_type`, `notice_type`, `request_type` or `meta_event_type`.
    pub detail_type: Option<String>,
    /// Its `sub_type`.
    pub sub_type: Option<String>,
    /// When it happened, where it says so.
    pub time: Option<Timestamp>,
    /// The account that it happened to, where it says so.
    pub self_id: Option<UserId>,
    /// The event as it came.
    pub text: String,
    /// Why it did not decode, where its kind is known.
    pub error: Option<EventError>,
}

/// Equal is what came equal.
impl PartialEq for UnknownEvent {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// Goes out as it came.
impl Serialize for UnknownEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<&RawValue>(&self.text).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

/// Why a text is no event, or an event did not decode.
#[derive(Clone, Debug)]
pub struct EventError {
    /// None where the text is no event.
    path: Option<String>,
    reason: std::sync::Arc<dyn std::error::Error + Send + Sync>,
}

impl EventError {
    /// The way to the field that failed, such as `sender.user_id`. It is empty where the text as a whole is no event,
    /// and where a field of the event itself is missing, which the source names.
    #[must_use]
    pub fn path(&self) -> &str {
        self.path.as_deref().unwrap_or_default()
    }

    fn no_event(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { path: None, reason: std::sync::Arc::from(reason.into()) }
    }
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_deref() {
            None => f.write_str("this is no event"),
            Some("") => f.write_str("the event cannot be read"),
            Some(path) => write!(f, "the event cannot be read at `{path}`"),
        }
    }
}

impl std::error::Error for EventError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.reason)
    }
}

impl Event {
    /// Decodes an event: a JSON object with a `post_type`.
    ///
    /// One of an unknown kind is [`Event::Unknown`], and so is one of a known kind that does not decode, with the error
    /// and the way to the field.
    ///
    /// # Errors
    ///
    /// The bytes are no JSON object, or none with a `post_type` that is a string.
    // Inline, here and where it is called: so it is compiled where events are decoded, and not for a bot that takes none.
    #[inline]
    pub fn from_slice(json: &[u8]) -> Result<Self, EventError> {
        let kind = EventKind::peek(json);
        let mut bytes = Bytes::from_slice(json);
        match Self::decode(kind, &mut bytes) {
            Ok(None) => Self::unknown(json, None),
            Ok(Some(event)) => match bytes.end() {
                Ok(()) => Ok(event.told_apart()),
                Err(error) => Err(EventError::no_event(error)),
            },
            Err(error) => Self::unknown(json, Some(error)),
        }
    }

    #[inline]
    fn unknown(json: &[u8], failure: Option<serde_json::Error>) -> Result<Self, EventError> {
        let Whole(tags) = serde_json::from_slice(json).map_err(EventError::no_event)?;
        if tags.post_type.is_none() {
            return Err(EventError::no_event(crate::error::Reason("it has no `post_type` that is a string".into())));
        }
        let error =
            failure.map(|error| EventError { path: Some(path_of(json, &error)), reason: std::sync::Arc::new(error) });
        let owned = |tag: Option<Cow<'_, str>>| tag.map(Cow::into_owned);
        Ok(Self::Unknown(Box::new(UnknownEvent {
            detail_type: owned(tags.detail().cloned()),
            post_type: owned(tags.post_type),
            sub_type: owned(tags.sub_type),
            time: tags.time,
            self_id: tags.self_id,
            text: String::from_utf8_lossy(json).into_owned(),
            error,
        })))
    }

    /// Own messages go into variants of their own, whatever the server calls them.
    pub(crate) fn told_apart(self) -> Self {
        match self {
            Self::GroupMessage(event) if event.is_own() => Self::GroupMessageSent(event),
            Self::PrivateMessage(event) if event.is_own() => Self::PrivateMessageSent(event),
            other => other,
        }
    }

    /// Whether it is a message that the account itself has sent.
    #[must_use]
    pub fn is_own(&self) -> bool {
        matches!(self, Self::GroupMessageSent(_) | Self::PrivateMessageSent(_))
    }

    /// The message that somebody sent; `None` for own messages, and for what is no message.
    ///
    /// ```
    /// # fn run(event: cqhttp::Event) {
    /// if let Some(message) = event.as_message() {
    ///     println!("{}: {}", message.display_name(), message.message().plain_text());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn as_message(&self) -> Option<MessageEvent<'_>> {
        match self {
            Self::PrivateMessage(event) => Some(MessageEvent::Private(event)),
            Self::GroupMessage(event) => Some(MessageEvent::Group(event)),
            Self::GuildMessage(event) => Some(MessageEvent::Guild(event)),
            _ => None,
        }
    }

    /// The request that it is: to become a friend, or about joining a group.
    #[must_use]
    pub fn as_request(&self) -> Option<RequestEvent<'_>> {
        match self {
            Self::FriendRequest(event) => Some(RequestEvent::Friend(event)),
            Self::GroupRequest(event) => Some(RequestEvent::Group(event)),
            _ => None,
        }
    }

    /// A message's running number in its chat, where the server sends it.
    #[must_use]
    pub fn message_seq(&self) -> Option<MessageSeq> {
        match self {
            Self::PrivateMessage(event) | Self::PrivateMessageSent(event) => event.message_seq,
            Self::GroupMessage(event) | Self::GroupMessageSent(event) => event.message_seq,
            _ => None,
        }
    }

    /// Where it happened, and an answer goes: a group, a guild's channel, or the user whom it is about. `None` where
    /// there is no such place, as for a heartbeat, and where it is about the account itself.
    #[must_use]
    pub fn target(&self) -> Option<Chat> {
        match self {
            Self::PrivateMessage(event) | Self::PrivateMessageSent(event) => Some(event.target()),
            other => {
                Chat::of(other.self_id(), other.user_id(), other.group_id(), other.guild_id().zip(other.channel_id()))
            }
        }
    }
}

impl FromStr for Event {
    type Err = EventError;

    #[inline]
    fn from_str(json: &str) -> Result<Self, EventError> {
        Self::from_slice(json.as_bytes())
    }
}

/// An event within something else, such as an answer. What is no event is [`Event::Unknown`] here: a list of events is
/// not lost for one of them.
impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self::from_slice(json.get().as_bytes()).unwrap_or_else(|error| {
            let text = json.get().to_owned();
            Self::Unknown(Box::new(UnknownEvent { text, error: Some(error), ..UnknownEvent::default() }))
        }))
    }
}

impl EventKind {
    /// The kind of an event that is not decoded yet: its tags alone are read. Own messages are not told apart here, and
    /// what is no event is [`EventKind::Unknown`].
    #[must_use]
    pub fn peek(json: &[u8]) -> Self {
        Tags::leading(json).unwrap_or_else(|| Tags::peek(json).kind())
    }
}

type Bytes<'a> = serde_json::Deserializer<serde_json::de::SliceRead<'a>>;

// ---- Views ----

/// A message that somebody sent, wherever: what all message events have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum MessageEvent<'a> {
    /// To the account alone.
    Private(&'a PrivateMessage),
    /// In a group.
    Group(&'a GroupMessage),
    /// In a channel of a guild.
    Guild(&'a GuildMessage),
}

impl<'a> MessageEvent<'a> {
    /// What was said.
    #[must_use]
    pub fn message(&self) -> &'a Message {
        match self {
            Self::Private(event) => &event.message,
            Self::Group(event) => &event.message,
            Self::Guild(event) => &event.message,
        }
    }

    /// Its id, for quoting, reading and recalling it; `None` in guilds, where ids are of another kind.
    #[must_use]
    pub fn message_id(&self) -> Option<MessageId> {
        match self {
            Self::Private(event) => Some(event.message_id),
            Self::Group(event) => Some(event.message_id),
            Self::Guild(_) => None,
        }
    }

    /// The account that received it.
    #[must_use]
    pub fn self_id(&self) -> UserId {
        match self {
            Self::Private(event) => event.self_id,
            Self::Group(event) => event.self_id,
            Self::Guild(event) => event.self_id,
        }
    }

    /// Who sent it; `None` in guilds, whose users have numbers of another kind.
    #[must_use]
    pub fn user_id(&self) -> Option<UserId> {
        match self {
            Self::Private(event) => Some(event.user_id),
            Self::Group(event) => Some(event.user_id),
            Self::Guild(_) => None,
        }
    }

    /// The group, for a group message.
    #[must_use]
    pub fn group_id(&self) -> Option<GroupId> {
        match self {
            Self::Group(event) => Some(event.group_id),
            _ => None,
        }
    }

    /// The name to call the sender by: the card in the group where there is one, else the nickname.
    #[must_use]
    pub fn display_name(&self) -> &'a str {
        match self {
            Self::Private(event) => event.display_name(),
            Self::Group(event) => event.display_name(),
            Self::Guild(event) => &event.sender.nickname,
        }
    }

    /// Whether the sender is an administrator of the group, or its owner; never in private and in guilds.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        matches!(self, Self::Group(event) if event.is_admin())
    }

    /// Where it was said, and an answer goes.
    #[must_use]
    pub fn target(&self) -> Chat {
        match self {
            Self::Private(event) => event.target(),
            Self::Group(event) => Chat::Group(event.group_id),
            Self::Guild(event) => event.target(),
        }
    }

    /// Whether the account itself is mentioned by name.
    #[must_use]
    pub fn mentions_me(&self) -> bool {
        match self {
            Self::Private(event) => event.message.mentions(event.self_id),
            Self::Group(event) => event.mentions_me(),
            Self::Guild(event) => event.mentions_me(),
        }
    }
}

/// A request that can be accepted or rejected, see [`Client::approve`](crate::Client::approve).
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum RequestEvent<'a> {
    /// To become a friend.
    Friend(&'a FriendRequest),
    /// About joining a group.
    Group(&'a GroupRequest),
}

impl RequestEvent<'_> {
    /// Who asks.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        match self {
            Self::Friend(request) => request.user_id,
            Self::Group(request) => request.user_id,
        }
    }

    /// What they write about themselves.
    #[must_use]
    pub fn comment(&self) -> &str {
        match self {
            Self::Friend(request) => &request.comment,
            Self::Group(request) => request.comment.as_deref().unwrap_or_default(),
        }
    }
}

/// An event on which the server takes quick operations.
pub trait QuickOperable: Serialize {
    /// What can be done.
    type Operation: Serialize;
}

/// As events hold the large ones.
impl<T: QuickOperable> QuickOperable for Box<T> {
    type Operation = T::Operation;
}

// ---- What bots ask of an event ----

impl PrivateMessage {
    /// Whether the account itself has sent it.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.post_type == PostType::MessageSent || self.user_id == self.self_id
    }

    /// The name to call the sender by: the nickname.
    #[must_use]
    pub fn display_name(&self) -> &str {
        &self.sender.nickname
    }

    /// Where it was said: with the user, or in a temporary session where the server names its group.
    #[must_use]
    pub fn target(&self) -> Chat {
        if self.is_own() {
            return Chat::User(self.target_id.filter(|user| user.get() != 0).unwrap_or(self.user_id));
        }
        let group = [self.group_id, self.sender.group_id].into_iter().flatten().find(|group| group.get() != 0);
        match group.filter(|_| self.sub_type == PrivateMessageKind::Group) {
            Some(group) => Chat::Temp { user: self.user_id, group },
            None => Chat::User(self.user_id),
        }
    }
}

impl GroupMessage {
    /// Whether the account itself has sent it. An anonymous one of its own cannot be told.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.post_type == PostType::MessageSent || self.user_id == self.self_id
    }

    /// The name to call the sender by: the card in the group where there is one, else the nickname; an anonymous member's
    /// name.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.anonymous.as_ref().map_or_else(|| self.sender.display_name(), |anonymous| &anonymous.name)
    }

    /// Whether the sender is an administrator of the group, or its owner.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.sender.is_admin()
    }

    /// Whether the account itself is mentioned by name.
    #[must_use]
    pub fn mentions_me(&self) -> bool {
        self.message.mentions(self.self_id)
    }
}

impl GuildMessage {
    /// Where it was said.
    #[must_use]
    pub fn target(&self) -> Chat {
        Chat::Channel { guild: self.guild_id, channel: self.channel_id }
    }

    /// Whether the account itself is mentioned by name.
    #[must_use]
    pub fn mentions_me(&self) -> bool {
        let me = Mention::from(&*self.self_tiny_id.to_string());
        self.message.iter().filter_map(crate::Segment::as_mention).any(|mention| *mention == me)
    }
}

impl GroupSender {
    /// The name to call them by: the card in the group where there is one, else the nickname.
    #[must_use]
    pub fn display_name(&self) -> &str {
        card_or(self.card.as_deref(), &self.nickname)
    }

    /// Whether they are an administrator of the group, or its owner.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.role.as_ref().is_some_and(GroupRole::is_admin)
    }
}

impl GroupMemberInfo {
    /// The name to call them by: the card in the group where there is one, else the nickname.
    #[must_use]
    pub fn display_name(&self) -> &str {
        card_or(self.card.as_deref(), &self.nickname)
    }

    /// Whether they are an administrator of the group, or its owner.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.role.as_ref().is_some_and(GroupRole::is_admin)
    }
}

impl GroupRole {
    /// Whether it is an administrator or the owner.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }
}

impl GroupBan {
    /// Whether the whole group was muted, or unmuted.
    #[must_use]
    pub fn is_everyone(&self) -> bool {
        self.user_id.get() == 0
    }
}

fn card_or<'a>(card: Option<&'a str>, nickname: &'a str) -> &'a str {
    card.map(str::trim).filter(|card| !card.is_empty()).unwrap_or(nickname)
}
