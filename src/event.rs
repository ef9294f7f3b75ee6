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

pub(crate) mod header;
mod helpers;
pub(crate) mod quick_operation;
pub(crate) mod views;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use self::header::WholeTags;
pub use self::quick_operation::QuickOperable;
pub use self::views::{MessageEvent, RequestEvent};
use crate::envelope::json_path::path_of;
pub use crate::generated::event::*;
use crate::generated::types::{PostType, UserId};
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
    /// The event's JSON text.
    pub text: String,
    /// The reason for which it did not decode, if its kind is known.
    pub error: Option<EventError>,
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
    reason: std::sync::Arc<dyn std::error::Error + Send + Sync>,
}

impl EventError {
    /// Returns the path to the field that failed, such as `sender.user_id`.
    ///
    /// It is empty if the text is not an event, and if a field of the event itself is missing: the source names that field.
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
    /// An event of an unknown kind is [`Event::Unknown`], and so is one of a known kind that does not decode: it holds the
    /// error and the path to the field.
    ///
    /// # Errors
    ///
    /// Returns an error if the bytes are not a JSON object, or one without a `post_type` that is a string.
    // Inline, here and in what it calls, so that only crates that decode events compile the decoders.
    #[inline]
    pub fn from_slice(json: &[u8]) -> Result<Self, EventError> {
        Self::of_kind(EventKind::peek(json), json)
    }

    /// Decodes an event whose header has been read.
    #[cfg(feature = "ws")]
    #[inline]
    pub(crate) fn from_arrived(header: header::EventHeader, json: &[u8]) -> Result<Self, EventError> {
        Self::of_kind(header.kind, json)
    }

    #[inline]
    fn of_kind(kind: EventKind, json: &[u8]) -> Result<Self, EventError> {
        let mut bytes = Bytes::from_slice(json);
        match Self::decode(kind, &mut bytes) {
            Ok(None) => Self::unknown(json, None),
            Ok(Some(event)) => match bytes.end() {
                Ok(()) => Ok(event.classify_own()),
                Err(error) => Err(EventError::no_event(error)),
            },
            Err(error) => Self::unknown(json, Some(error)),
        }
    }

    #[inline]
    fn unknown(json: &[u8], failure: Option<serde_json::Error>) -> Result<Self, EventError> {
        let WholeTags(tags) = serde_json::from_slice(json).map_err(EventError::no_event)?;
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

    /// Decodes a message of a history without a `post_type`, as SnowLuma sends them: `message_type` tells its kind.
    fn of_message_type(json: &[u8]) -> Option<Self> {
        let WholeTags(tags) = serde_json::from_slice(json).ok()?;
        let message_type = tags.message_type.as_deref().filter(|_| tags.post_type.is_none())?;
        let kind = EventKind::of_tags("message", message_type, "");
        let mut event = Self::decode(kind, &mut Bytes::from_slice(json)).ok()??;
        match &mut event {
            Self::GroupMessage(event) => event.post_type = PostType::Message,
            Self::PrivateMessage(event) => event.post_type = PostType::Message,
            _ => {}
        }
        Some(event.classify_own())
    }

    /// Moves the account's own messages to their own variants, whatever the server calls them.
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

    #[inline]
    fn from_str(json: &str) -> Result<Self, EventError> {
        Self::from_slice(json.as_bytes())
    }
}

/// Decodes an event inside other JSON, such as an answer. A value that is not an event becomes [`Event::Unknown`], so that
/// it does not spoil a list of events. A message needs no `post_type` here: SnowLuma's histories have none.
impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        let event = Self::from_slice(json.get().as_bytes());
        let event = event.or_else(|error| Self::of_message_type(json.get().as_bytes()).ok_or(error));
        Ok(event.unwrap_or_else(|error| {
            let text = json.get().to_owned();
            Self::Unknown(Box::new(UnknownEvent { text, error: Some(error), ..UnknownEvent::default() }))
        }))
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

type Bytes<'a> = serde_json::Deserializer<serde_json::de::SliceRead<'a>>;
