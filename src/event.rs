//! Events: reports of the server about messages, members, requests and itself.
//!
//! [`Event`] has one variant for each kind of event. Connections and [`get_updates`](crate::Client::get_updates) yield
//! decoded events; [`Event::from_slice`] and [`Event::from_str`](std::str::FromStr::from_str) decode JSON of your own:
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
//! Messages of the account itself have variants of their own, [`Event::GroupMessageSent`] and
//! [`Event::PrivateMessageSent`], so that a bot does not answer itself. This holds on servers too that report them as
//! ordinary messages.
//!
//! # Parts that cannot be read
//!
//! Servers leave fields out, send null, or send a value of another kind. An event is typed as long as its tags are there and the
//! ids that make it that event: the group and the member of a mute, the message of a recall. Everything else is optional, since
//! one of the servers will leave it out one day, and one bad part spoils nothing else:
//!
//! | part | result |
//! |---|---|
//! | a field that is missing, null or of another kind | `None`; an empty list, message or `sender`; 0 for `time` and `self_id` |
//! | an object of a list | left out |
//! | a value in a message that is not a segment, such as null | kept as [`Segment::Unknown`](crate::Segment::Unknown) |
//! | a message of a merged forward, an event of a history | kept as [`ForwardContent::Unknown`](crate::forward::ForwardContent::Unknown), [`Event::Unknown`] |
//! | an id that makes the event | [`Event::Unknown`] with the error and the ids that can be read; a reply to it reaches the group |
//! | half an emoji, as JavaScript servers cut nicknames | U+FFFD in its place |
//!
//! A field that says which of several things happened, such as a `sub_type`, is never guessed: it is the `Other` of its enum, or
//! `None`. [`GroupMessage::is_admin`] is an `Option` for the same reason. A bot that mutes asks for `Some(false)`, so that it does
//! not mute an administrator whose role the server did not send.
//!
//! `Received::decode_warnings` names each part that was passed over, except a field that is missing or null, and half an emoji. Each
//! path is also logged once per process at `warn`, as a line that is ready to paste into a bug report: it has the path, the reason and
//! the version, and nothing of what people say.
//! [`from_slice_with_warnings`](Event::from_slice_with_warnings) returns the warnings about JSON of your own, and
//! [`WithRaw::decode_warnings`](crate::WithRaw::decode_warnings) and [`Pages::decode_warnings`](crate::Pages::decode_warnings) those
//! about an answer.
//!
//! # Events as JSON
//!
//! An event that is written holds what its type knows, and is read again as the same event. Its tags come first, then the other
//! fields in the order of the schema. It does not hold:
//!
//! - fields that no schema knows; only segments keep theirs,
//! - parts that were passed over, and null,
//! - the order of the fields, and the name of a field on another server,
//! - the original form of a value: digits for a number, `1` for `true`, CQ codes in place of a list of segments, half an emoji.
//!
//! [`Event::Unknown`] is written unchanged. The text that arrived is complete: it is `Received::raw`, as text `Received::text()`,
//! for an answer [`WithRaw::text`](crate::WithRaw::text), and for an unknown event [`UnknownEvent::text`]. To store or pass on events
//! without loss, take the text.

pub(crate) mod header;
mod helpers;
pub(crate) mod key;
pub(crate) mod quick_operation;
pub(crate) mod views;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use self::header::WholeTags;
pub use self::quick_operation::QuickOperable;
pub use self::views::{MessageEvent, RequestEvent};
use crate::decode::{
    self, Context, Decode, DecodeWarning, Decoded, Entry, ReadCustom, Reading, SetEvent, Slot, Unfit, raw_text,
};
use crate::envelope::json_path::path_of;
pub use crate::generated::event::*;
use crate::generated::types::{GroupId, MessageId, PostType, UserId};
use crate::target::Chat;
use crate::time::Timestamp;

/// An event of a kind that this crate does not know, or one of a known kind that does not decode. Its text is complete.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct UnknownEvent {
    /// The event's `post_type`.
    pub post_type: Option<String>,
    /// The event's `message_type`, `notice_type`, `request_type` or `meta_event_type`.
    pub detail_type: Option<String>,
    /// The event's `sub_type`.
    pub sub_type: Option<String>,
    /// The time of the event, if the event holds it.
    pub time: Option<Timestamp>,
    /// The account that received the event, if the event holds it.
    pub self_id: Option<UserId>,
    /// The event's `user_id`, if it can be read.
    pub user_id: Option<UserId>,
    /// The event's `group_id`, if it can be read: a reply goes to this group, unless the event is a private message.
    pub group_id: Option<GroupId>,
    /// The event's `message_id`, if it can be read.
    pub message_id: Option<MessageId>,
    /// The event's JSON text.
    pub text: String,
    /// The reason for which it did not decode, if its kind is known.
    pub error: Option<EventError>,
}

impl UnknownEvent {
    /// Returns the id of a message in a group, which can be quoted there.
    pub(crate) fn quotable(&self) -> Option<MessageId> {
        self.message_id.filter(|_| self.is_message() && self.detail_type.as_deref() == Some("group"))
    }

    fn is_message(&self) -> bool {
        matches!(self.post_type.as_deref(), Some("message" | "message_sent"))
    }

    /// Returns the chat of the event. Of a message it is that of its type, so that a private message is not answered in a group.
    pub(crate) fn target(&self) -> Option<Chat> {
        let (user, group) = match self.detail_type.as_deref().filter(|_| self.is_message()) {
            Some("group") => (None, self.group_id),
            Some("private") => (self.user_id, None),
            Some(_) => (None, None),
            None => (self.user_id, self.group_id),
        };
        Chat::of(self.self_id, user, group, None)
    }
}

/// Two are equal if their texts are.
impl PartialEq for UnknownEvent {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// Writes the event unchanged.
impl Serialize for UnknownEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<&RawValue>(&self.text).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

/// The error for a text that is not an event, or for an event that does not decode.
#[derive(Clone, Debug)]
pub struct EventError {
    /// `None` if the text is not an event.
    path: Option<String>,
    reason: Arc<dyn std::error::Error + Send + Sync>,
}

impl EventError {
    /// Returns the path to the field that failed, such as `sender.user_id`.
    ///
    /// It is empty if the text is not an event.
    #[must_use]
    pub fn path(&self) -> &str {
        self.path.as_deref().unwrap_or_default()
    }

    fn unfit(warning: DecodeWarning) -> Self {
        let reason = crate::error::Reason(warning.reason().to_owned().into());
        Self { path: Some(warning.path().to_owned()), reason: Arc::new(reason) }
    }

    fn no_event(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { path: None, reason: Arc::from(reason.into()) }
    }
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_deref() {
            None => f.write_str("this is not an event"),
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
    /// An event of an unknown kind is [`Event::Unknown`], and so is one of a known kind that lacks what makes it that event, such as
    /// its group: it holds the error and the path to the field. Any other field that cannot be read is `None` or empty; see
    /// [`from_slice_with_warnings`](Self::from_slice_with_warnings).
    ///
    /// # Errors
    ///
    /// Returns an error if the bytes are not a JSON object, or one without a `post_type` that is a string.
    pub fn from_slice(json: &[u8]) -> Result<Self, EventError> {
        decode::text_of(json).parse()
    }

    /// Decodes an event, and returns a warning for each part that could not be read and was passed over.
    ///
    /// ```
    /// use cqhttp::Event;
    ///
    /// let json = br#"{"post_type":"notice","notice_type":"friend_add","time":[],"self_id":10010,"user_id":10086}"#;
    /// let (event, warnings) = Event::from_slice_with_warnings(json)?;
    /// assert!(matches!(event, Event::FriendAdd(_)));
    /// assert_eq!(warnings[0].to_string(), "`time`: a list where an integer is expected");
    /// # Ok::<(), cqhttp::event::EventError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the bytes are not a JSON object, or one without a `post_type` that is a string.
    pub fn from_slice_with_warnings(json: &[u8]) -> Result<(Self, Vec<DecodeWarning>), EventError> {
        Self::with_warnings(EventKind::peek(json), &decode::text_of(json))
    }

    /// Decodes an event whose header has been read.
    #[cfg(any(feature = "sse", feature = "ws"))]
    pub(crate) fn from_arrived(
        header: header::EventHeader,
        json: &[u8],
    ) -> Result<(Self, Vec<DecodeWarning>), EventError> {
        Self::with_warnings(header.kind, &decode::text_of(json))
    }

    fn with_warnings(kind: EventKind, json: &str) -> Result<(Self, Vec<DecodeWarning>), EventError> {
        let mut context = Context::default();
        let event = Self::of_kind(kind, json, &mut context)?;
        let warnings = Self::logged(kind, context);
        Ok((event, warnings))
    }

    /// Logs the warnings about an event of this kind, and returns them.
    #[inline]
    fn logged(kind: EventKind, context: Context) -> Vec<DecodeWarning> {
        let warnings = context.into_warnings();
        if !warnings.is_empty() {
            decode::log(&format!("{kind:?}"), &warnings);
        }
        warnings
    }

    /// Decodes an event that is a part of other JSON. A value that is not an event is kept as an unknown one.
    pub(crate) fn of_part(json: &RawValue, context: &mut Context) -> Self {
        let json = json.get();
        let event = Self::of_kind(EventKind::peek(json.as_bytes()), json, context);
        let event = event.or_else(|error| Self::of_message_type(json, context).ok_or(error));
        event.unwrap_or_else(|error| {
            context.warn(Unfit::new("not an event, and kept as an unknown one"));
            Self::Unknown(Box::new(UnknownEvent {
                text: json.to_owned(),
                error: Some(error),
                ..UnknownEvent::default()
            }))
        })
    }

    #[inline]
    fn of_kind(kind: EventKind, json: &str, context: &mut Context) -> Result<Self, EventError> {
        let before = context.mark();
        let error = match Self::read(kind, json, context) {
            Ok(Reading::Value(event)) => return Ok(event.classify_own()),
            Ok(Reading::Absent) => None,
            Ok(Reading::Unfit(unfit)) => Some(EventError::unfit(unfit.into_warning())),
            Err(error) => Some(EventError { path: Some(path_of(json.as_bytes(), &error)), reason: Arc::new(error) }),
        };
        context.reset(before);
        Self::unknown(json, error)
    }

    /// Reads an event of this kind; nothing of an unknown one.
    #[inline]
    fn read(kind: EventKind, json: &str, context: &mut Context) -> serde_json::Result<Reading<Self>> {
        let Some(mut event) = Self::blank(kind) else { return Ok(Reading::Absent) };
        let reading = decode::fill(json, context, &mut event, Self::slot)?;
        Ok(reading.map(|()| event))
    }

    fn unknown(json: &str, error: Option<EventError>) -> Result<Self, EventError> {
        let tags = WholeTags::of(json.as_bytes()).map_err(EventError::no_event)?;
        if tags.post_type.is_none() {
            return Err(EventError::no_event(crate::error::Reason("it has no `post_type` that is a string".into())));
        }
        Ok(Self::Unknown(Box::new(UnknownEvent {
            detail_type: tags.detail().map(str::to_owned),
            post_type: tags.post_type,
            sub_type: tags.sub_type,
            time: tags.time,
            self_id: tags.self_id,
            user_id: tags.user_id,
            group_id: tags.group_id,
            message_id: tags.message_id,
            text: json.to_owned(),
            error,
        })))
    }

    /// Decodes a message of a history without a `post_type`, as SnowLuma sends them: `message_type` tells its kind.
    fn of_message_type(json: &str, context: &mut Context) -> Option<Self> {
        let tags = WholeTags::of(json.as_bytes()).ok()?;
        let message_type = tags.message_type().filter(|_| tags.post_type.is_none())?;
        let kind = EventKind::of_tags("message", message_type, "");
        let before = context.mark();
        match Self::read(kind, json, context) {
            Ok(Reading::Value(mut event)) => {
                match &mut event {
                    Self::GroupMessage(event) => event.post_type = PostType::Message,
                    Self::PrivateMessage(event) => event.post_type = PostType::Message,
                    _ => {}
                }
                Some(event.classify_own())
            }
            _ => {
                context.reset(before);
                None
            }
        }
    }

    /// Moves the account's own messages to their own variants, whatever the server calls them.
    #[inline]
    pub(crate) fn classify_own(self) -> Self {
        match self {
            Self::GroupMessage(event) if event.is_own() => Self::GroupMessageSent(event),
            Self::PrivateMessage(event) if event.is_own() => Self::PrivateMessageSent(event),
            other => other,
        }
    }
}

impl FromStr for Event {
    type Err = EventError;

    fn from_str(json: &str) -> Result<Self, EventError> {
        let mut context = Context::default();
        let kind = EventKind::peek(json.as_bytes());
        let event = Self::of_kind(kind, json, &mut context);
        Self::logged(kind, context);
        event
    }
}

/// Decodes an event inside other JSON, such as an answer. A value that is not an event becomes [`Event::Unknown`], so that
/// it does not spoil a list of events. A message needs no `post_type` here: SnowLuma's histories have none.
impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        decode::deserialize(deserializer)
    }
}

impl Decode for Event {
    /// An event without a box.
    fn blank() -> Self {
        Self::blank(EventKind::FriendAdd).unwrap_or_else(|| Self::Unknown(Box::default()))
    }

    fn slot(&mut self) -> Slot<'_> {
        Slot::Event(self)
    }

    fn optional(value: &mut Option<Self>) -> Slot<'_> {
        Slot::Custom(value)
    }
}

impl SetEvent for Event {
    fn begin(&mut self, entries: &[Entry<'_>]) -> bool {
        // Only tags change the result.
        if !entries.last().is_some_and(|(name, _)| name.ends_with("_type")) {
            return false;
        }
        let tag = |tag: &str| entries.iter().filter(|(name, _)| name == tag).find_map(|(_, value)| raw_text(value));
        let Some(post_type) = tag("post_type") else { return false };
        let Some(detail) = header::detail_key(&post_type).and_then(tag) else { return false };
        let sub_type = tag("sub_type");
        if sub_type.is_none() && EventKind::needs_sub_type(post_type.as_bytes(), detail.as_bytes()) {
            return false;
        }
        let event = Self::blank(EventKind::of_tags(&post_type, &detail, &sub_type.unwrap_or_default()));
        event.map(|event| *self = event).is_some()
    }

    fn fields(&mut self) -> Option<Slot<'_>> {
        Self::slot(self)
    }

    fn end(&mut self) {
        if let Self::GroupMessage(_) | Self::PrivateMessage(_) = self {
            *self = std::mem::replace(self, <Self as Decode>::blank()).classify_own();
        }
    }
}

impl ReadCustom for Event {
    fn read(&mut self, value: &mut dyn decode::Value<'_>, context: &mut Context) -> Decoded<()> {
        if !context.is_exact() {
            return value.fill(&mut Slot::Event(self), context);
        }
        *self = Self::of_part(&value.raw()?, context);
        Ok(Reading::Value(()))
    }
}

impl EventKind {
    /// Returns the kind of an event from its tags, without decoding the event.
    ///
    /// The account's own messages are not distinguished here. The kind of a text that is not an event is
    /// [`EventKind::Unknown`].
    #[must_use]
    pub fn peek(json: &[u8]) -> Self {
        header::kind_of(json)
    }
}
