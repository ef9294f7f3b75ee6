//! The tags of an event, read before the event is: they say what it is to be decoded as.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{Bytes, EventKind};
use crate::Timestamp;
use crate::types::UserId;

/// The tags of an event, borrowed.
#[derive(Debug, Default)]
pub(super) struct Tags<'a> {
    pub(super) post_type: Option<Cow<'a, str>>,
    pub(super) message_type: Option<Cow<'a, str>>,
    pub(super) notice_type: Option<Cow<'a, str>>,
    pub(super) request_type: Option<Cow<'a, str>>,
    pub(super) meta_event_type: Option<Cow<'a, str>>,
    pub(super) sub_type: Option<Cow<'a, str>>,
    pub(super) time: Option<Timestamp>,
    pub(super) self_id: Option<UserId>,
}

impl<'a> Tags<'a> {
    /// Reads the object's keys until the kind is clear.
    pub(super) fn peek(json: &'a [u8]) -> Self {
        let mut tags = Self::default();
        // Stopping early looks like a fault to the parser; a real one is found when the event is decoded.
        let _ = Peek { tags: &mut tags, whole: false }.deserialize(&mut Bytes::from_slice(json));
        tags
    }

    /// The tags of an object that begins with them, as go-cqhttp writes it: nothing needs to be parsed for that. `None`
    /// where it begins otherwise, or where two tags are not enough.
    pub(super) fn leading(json: &[u8]) -> Option<EventKind> {
        let (post_type, rest) = plain_string(json.strip_prefix(b"{\"post_type\":\"")?)?;
        let (key, rest) = plain_string(rest.strip_prefix(b",\"")?)?;
        let (detail, _) = plain_string(rest.strip_prefix(b":\"")?)?;
        let fits = key == detail_key(post_type)? && !EventKind::needs_sub_type(post_type, detail);
        fits.then(|| EventKind::of_tags(post_type, detail, ""))
    }

    pub(super) fn detail(&self) -> Option<&Cow<'a, str>> {
        match self.post_type.as_deref()? {
            "message" | "message_sent" => self.message_type.as_ref(),
            "notice" => self.notice_type.as_ref(),
            "request" => self.request_type.as_ref(),
            "meta_event" => self.meta_event_type.as_ref(),
            _ => None,
        }
    }

    pub(super) fn kind(&self) -> EventKind {
        let sub_type = self.sub_type.as_deref().unwrap_or_default();
        match (self.post_type.as_deref(), self.detail()) {
            (Some(post_type), Some(detail)) => EventKind::of_tags(post_type, detail, sub_type),
            _ => EventKind::Unknown,
        }
    }

    fn are_clear(&self) -> bool {
        match (self.post_type.as_deref(), self.detail()) {
            (Some(post_type), Some(detail)) => self.sub_type.is_some() || !EventKind::needs_sub_type(post_type, detail),
            _ => false,
        }
    }
}

/// The key of the second tag, by the first.
fn detail_key(post_type: &str) -> Option<&'static str> {
    Some(match post_type {
        "message" | "message_sent" => "message_type",
        "notice" => "notice_type",
        "request" => "request_type",
        "meta_event" => "meta_event_type",
        _ => return None,
    })
}

/// What stands before a closing quote, where nothing is escaped, and what follows it.
fn plain_string(json: &[u8]) -> Option<(&str, &[u8])> {
    let end = json.iter().position(|byte| matches!(byte, b'"' | b'\\')).filter(|end| json[*end] == b'"')?;
    Some((std::str::from_utf8(&json[..end]).ok()?, &json[end + 1..]))
}

/// All of an object's tags, and the certainty that it is one.
pub(super) struct Whole<'a>(pub(super) Tags<'a>);

impl<'de> Deserialize<'de> for Whole<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut tags = Tags::default();
        Peek { tags: &mut tags, whole: true }.deserialize(deserializer)?;
        Ok(Self(tags))
    }
}

struct Peek<'t, 'de> {
    tags: &'t mut Tags<'de>,
    whole: bool,
}

impl<'de> DeserializeSeed<'de> for Peek<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Key {
    PostType,
    MessageType,
    NoticeType,
    RequestType,
    MetaEventType,
    SubType,
    Time,
    SelfId,
    #[serde(other)]
    Other,
}

impl<'de> Visitor<'de> for Peek<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event: an object with a `post_type`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Self { tags, whole } = self;
        while let Some(key) = entries.next_key()? {
            let tag = match key {
                Key::PostType => &mut tags.post_type,
                Key::MessageType => &mut tags.message_type,
                Key::NoticeType => &mut tags.notice_type,
                Key::RequestType => &mut tags.request_type,
                Key::MetaEventType => &mut tags.meta_event_type,
                Key::SubType => &mut tags.sub_type,
                Key::Time if whole => {
                    tags.time = crate::lenient::int::<i64, _>(&*entries.next_value::<Box<RawValue>>()?)
                        .ok()
                        .map(Timestamp::new);
                    continue;
                }
                Key::SelfId if whole => {
                    tags.self_id = crate::lenient::int(&*entries.next_value::<Box<RawValue>>()?).ok();
                    continue;
                }
                Key::Time | Key::SelfId | Key::Other => {
                    entries.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            let found = entries.next_value_seed(TagValue)?;
            if tag.is_none() {
                *tag = found;
            }
            if !whole && tags.are_clear() {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// A tag: a string; anything else is none.
struct TagValue;

impl<'de> DeserializeSeed<'de> for TagValue {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TagValue {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tag")
    }

    fn visit_borrowed_str<E>(self, tag: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(tag)))
    }

    fn visit_str<E>(self, tag: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(tag.to_owned())))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}
