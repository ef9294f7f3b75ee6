//! The header of an event: its kind and its account, read before it is decoded.
//!
//! The header is read once, when the event arrives, and accompanies the bytes from then on: to the watch for heartbeats, to the
//! search for repeated events, through the queues of consumers, and to the decoder.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::decode::{self, Context, Decode, Found, Reading, Sink, Stop};
use crate::error::Reason;
use crate::event::key::Key;
use crate::generated::event::EventKind;
use crate::generated::types::{GroupId, MessageId, UserId};
use crate::time::Timestamp;

/// The kind and the account of an event.
#[cfg(any(feature = "sse", feature = "ws"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventHeader {
    /// The kind to decode the event as.
    pub kind: EventKind,
    /// The account of the event, if it names one.
    pub self_id: Option<UserId>,
}

#[cfg(any(feature = "sse", feature = "ws"))]
impl EventHeader {
    /// Reads the header of an object that begins with it: no parser is needed for that. Returns `None` if something else than plain
    /// strings and numbers comes before it.
    pub(crate) fn leading(json: &[u8]) -> Option<Self> {
        let leading = Leading::of(json, true)?;
        Some(Self { kind: leading.kind?, self_id: leading.self_id.map(UserId::new) })
    }

    /// Reads the header of a whole event. Returns `None` if the text is not a JSON object with a `post_type` that is a string.
    #[cfg(feature = "server")]
    pub(crate) fn of_whole(json: &[u8]) -> Option<Self> {
        let tags = WholeTags::of(json).ok()?;
        tags.post_type.is_some().then(|| Self { kind: tags.kind(), self_id: tags.self_id })
    }
}

/// Reads the tags that determine an event's kind, and no more.
pub(super) fn kind_of(json: &[u8]) -> EventKind {
    if let Some(kind) = first_kind(json).or_else(|| Leading::of(json, false)?.kind) {
        return kind;
    }
    let mut tags = Tags::default();
    // Stopping early looks like a fault to the parser; a real one is found when the event is decoded.
    let read = ReadTags { tags: &mut tags }.deserialize(&mut serde_json::Deserializer::from_slice(json));
    match (tags.kind(), read) {
        (EventKind::Unknown, Err(_)) => repaired(json).map_or(EventKind::Unknown, |json| kind_of(json.as_bytes())),
        (kind, _) => kind,
    }
}

/// Returns a text in which a tag may be cut inside an emoji, with U+FFFD in place of the half; `None` if it has no half an emoji.
pub(crate) fn repaired(json: &[u8]) -> Option<String> {
    decode::without_halves(std::str::from_utf8(json).ok()?)
}

/// Returns the kind of an object that begins with its tags, in the order in which go-cqhttp writes them; `None` if it begins otherwise.
fn first_kind(json: &[u8]) -> Option<EventKind> {
    let rest = json.strip_prefix(b"{\"post_type\":\"")?;
    let tags: [(&[u8], &[u8]); 4] = [
        (b"message", b"message\",\"message_type\":\""),
        (b"notice", b"notice\",\"notice_type\":\""),
        (b"meta_event", b"meta_event\",\"meta_event_type\":\""),
        (b"request", b"request\",\"request_type\":\""),
    ];
    let (post_type, rest) = tags.iter().find_map(|(post_type, tag)| Some((*post_type, rest.strip_prefix(*tag)?)))?;
    let (detail, rest) = plain_string(rest)?;
    let sub_type = match EventKind::needs_sub_type(post_type, detail) {
        true => {
            let (_, rest) = plain_number(rest.strip_prefix(b",\"time\":")?)?;
            let (_, rest) = plain_number(rest.strip_prefix(b",\"self_id\":")?)?;
            plain_string(rest.strip_prefix(b",\"sub_type\":\"")?)?.0
        }
        false => b"",
    };
    Some(EventKind::of_bytes(post_type, detail, sub_type))
}

/// The tags at the beginning of an object, which are read without a parser.
#[derive(Default)]
struct Leading<'j> {
    post_type: Option<&'j [u8]>,
    message_type: Option<&'j [u8]>,
    notice_type: Option<&'j [u8]>,
    request_type: Option<&'j [u8]>,
    meta_event_type: Option<&'j [u8]>,
    sub_type: Option<&'j [u8]>,
    self_id: Option<i64>,
    kind: Option<EventKind>,
}

impl<'j> Leading<'j> {
    /// Reads the tags up to the one that makes the kind, and the account if it is asked for. Returns `None` if anything but plain
    /// strings and numbers comes before them, or a key of an answer.
    fn of(json: &'j [u8], with_account: bool) -> Option<Self> {
        let mut leading = Self::default();
        let mut rest = json.strip_prefix(b"{")?;
        loop {
            let (key, value) = plain_string(rest.strip_prefix(b"\"")?)?;
            let value = value.strip_prefix(b":")?;
            rest = match value.strip_prefix(b"\"") {
                Some(text) => {
                    let (text, rest) = plain_string(text)?;
                    if leading.take(key, text)? {
                        leading.kind = leading.find_kind();
                    }
                    rest
                }
                None => {
                    let (number, rest) = plain_number(value)?;
                    match key {
                        b"self_id" => leading.self_id = leading.self_id.or(Some(number)),
                        key => drop(is_plain(key).then_some(())?),
                    }
                    rest
                }
            };
            if leading.kind.is_some() && (leading.self_id.is_some() || !with_account) {
                return Some(leading);
            }
            rest = rest.strip_prefix(b",")?;
        }
    }

    /// Takes a string. Returns `true` for a tag, and `None` for a key that needs a closer look.
    fn take(&mut self, key: &[u8], text: &'j [u8]) -> Option<bool> {
        let tag = match key {
            b"post_type" => &mut self.post_type,
            b"message_type" => &mut self.message_type,
            b"notice_type" => &mut self.notice_type,
            b"request_type" => &mut self.request_type,
            b"meta_event_type" => &mut self.meta_event_type,
            b"sub_type" => &mut self.sub_type,
            key => return is_plain(key).then_some(false),
        };
        tag.get_or_insert(text);
        Some(true)
    }

    /// Returns the kind; `None` if the tags so far do not determine it.
    fn find_kind(&self) -> Option<EventKind> {
        let post_type = self.post_type?;
        let detail = match post_type {
            b"message" | b"message_sent" => self.message_type,
            b"notice" => self.notice_type,
            b"request" => self.request_type,
            b"meta_event" => self.meta_event_type,
            _ => None,
        }?;
        let sub_type = match EventKind::needs_sub_type(post_type, detail) {
            true => self.sub_type?,
            false => b"",
        };
        Some(EventKind::of_bytes(post_type, detail, sub_type))
    }
}

/// Returns `true` for a key that says nothing about the kind: neither a tag, whose value would be odd, nor a key of an answer.
fn is_plain(key: &[u8]) -> bool {
    !key.ends_with(b"_type") && !matches!(key, b"self_id" | b"echo" | b"status" | b"retcode")
}

/// The tags of an event, borrowed.
#[derive(Debug, Default)]
pub(crate) struct Tags<'a> {
    pub(super) post_type: Option<Cow<'a, str>>,
    pub(super) message_type: Option<Cow<'a, str>>,
    pub(super) notice_type: Option<Cow<'a, str>>,
    pub(super) request_type: Option<Cow<'a, str>>,
    pub(super) meta_event_type: Option<Cow<'a, str>>,
    pub(super) sub_type: Option<Cow<'a, str>>,
    #[cfg(any(feature = "sse", feature = "ws"))]
    self_id: Option<UserId>,
    #[cfg(any(feature = "sse", feature = "ws"))]
    self_id_came: bool,
}

impl<'a> Tags<'a> {
    /// Returns the second tag, whose key depends on the first.
    pub(super) fn detail(&self) -> Option<&Cow<'a, str>> {
        match self.post_type.as_deref()? {
            "message" | "message_sent" => self.message_type.as_ref(),
            "notice" => self.notice_type.as_ref(),
            "request" => self.request_type.as_ref(),
            "meta_event" => self.meta_event_type.as_ref(),
            _ => None,
        }
    }

    fn kind(&self) -> EventKind {
        let sub_type = self.sub_type.as_deref().unwrap_or_default();
        match (self.post_type.as_deref(), self.detail()) {
            (Some(post_type), Some(detail)) => EventKind::of_tags(post_type, detail, sub_type),
            _ => EventKind::Unknown,
        }
    }

    /// Returns the header that the tags make.
    #[cfg(any(feature = "sse", feature = "ws"))]
    pub(crate) fn header(&self) -> EventHeader {
        EventHeader { kind: self.kind(), self_id: self.self_id }
    }

    /// Returns `true` if the header will not change, whatever else is in the object.
    #[cfg(any(feature = "sse", feature = "ws"))]
    pub(crate) fn are_complete(&self) -> bool {
        self.self_id_came && self.determine_kind()
    }

    fn determine_kind(&self) -> bool {
        match (self.post_type.as_deref(), self.detail()) {
            (Some(post_type), Some(detail)) => {
                self.sub_type.is_some() || !EventKind::needs_sub_type(post_type.as_bytes(), detail.as_bytes())
            }
            _ => false,
        }
    }

    /// Reads the value of `key`. Of a tag that comes twice the first string counts, and of the account the first number.
    pub(crate) fn read_value<A: MapAccess<'a>>(&mut self, key: Key, entries: &mut A) -> Result<(), A::Error> {
        let tag = match key {
            Key::PostType => &mut self.post_type,
            Key::MessageType => &mut self.message_type,
            Key::NoticeType => &mut self.notice_type,
            Key::RequestType => &mut self.request_type,
            Key::MetaEventType => &mut self.meta_event_type,
            Key::SubType => &mut self.sub_type,
            Key::SelfId => {
                #[cfg(any(feature = "sse", feature = "ws"))]
                {
                    let found = decode::value(entries.next_value()?);
                    self.self_id = self.self_id.or(found);
                    self.self_id_came = self.self_id.is_some();
                }
                return Ok(());
            }
            Key::Echo | Key::Status | Key::Retcode | Key::Other => {
                entries.next_value::<IgnoredAny>()?;
                return Ok(());
            }
        };
        let found = entries.next_value_seed(TagValue)?;
        if tag.is_none() {
            *tag = found;
        }
        Ok(())
    }
}

/// Returns the key of the second tag, for the value of the first.
pub(super) fn detail_key(post_type: &str) -> Option<&'static str> {
    Some(match post_type {
        "message" | "message_sent" => "message_type",
        "notice" => "notice_type",
        "request" => "request_type",
        "meta_event" => "meta_event_type",
        _ => return None,
    })
}

/// Returns the text before a closing quote, if nothing in it is escaped, and what follows the quote.
fn plain_string(json: &[u8]) -> Option<(&[u8], &[u8])> {
    // Such texts are short: this is faster than a search.
    let end = json.iter().position(|byte| matches!(byte, b'"' | b'\\')).filter(|end| json[*end] == b'"')?;
    Some((&json[..end], &json[end + 1..]))
}

/// Returns a number without a sign, and what follows it: the comma or brace that ends its entry.
fn plain_number(json: &[u8]) -> Option<(i64, &[u8])> {
    let end = json.iter().position(|byte| !byte.is_ascii_digit()).filter(|end| matches!(json[*end], b',' | b'}'))?;
    // At most 18 digits, which fit.
    let digits = json.get(..end).filter(|digits| (1..=18).contains(&digits.len()))?;
    let number = digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
    Some((number, &json[end..]))
}

/// The tags and the common ids of an object that has been read to its end.
#[derive(Debug, Default)]
pub(super) struct WholeTags {
    pub(super) post_type: Option<String>,
    message_type: Option<String>,
    notice_type: Option<String>,
    request_type: Option<String>,
    meta_event_type: Option<String>,
    pub(super) sub_type: Option<String>,
    pub(super) time: Option<Timestamp>,
    pub(super) self_id: Option<UserId>,
    pub(super) user_id: Option<UserId>,
    pub(super) group_id: Option<GroupId>,
    pub(super) message_id: Option<MessageId>,
}

impl WholeTags {
    /// Reads them from an object.
    pub(super) fn of(json: &[u8]) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let mut parts = TagParts { tags: Self::default(), key: "" };
        match decode::whole(json, &mut Context::default(), |value, _| value.read(&mut parts).map(|found| found.kind()))?
        {
            "an object" => Ok(parts.tags),
            kind => Err(Reason(format!("{kind} where an object with a `post_type` is expected").into()).into()),
        }
    }

    pub(super) fn message_type(&self) -> Option<&str> {
        self.message_type.as_deref()
    }

    /// Returns the second tag, whose key depends on the first.
    pub(super) fn detail(&self) -> Option<&str> {
        match detail_key(self.post_type.as_deref()?)? {
            "message_type" => self.message_type.as_deref(),
            "notice_type" => self.notice_type.as_deref(),
            "request_type" => self.request_type.as_deref(),
            _ => self.meta_event_type.as_deref(),
        }
    }

    #[cfg(feature = "server")]
    fn kind(&self) -> EventKind {
        match (self.post_type.as_deref(), self.detail()) {
            (Some(post_type), Some(detail)) => {
                EventKind::of_tags(post_type, detail, self.sub_type.as_deref().unwrap_or_default())
            }
            _ => EventKind::Unknown,
        }
    }
}

/// Reads the tags and ids of an object. Of a tag that comes twice the first string counts, and of an id the first number.
struct TagParts {
    tags: WholeTags,
    key: &'static str,
}

const TAG_KEYS: [&str; 11] = [
    "post_type",
    "message_type",
    "notice_type",
    "request_type",
    "meta_event_type",
    "sub_type",
    "time",
    "self_id",
    "user_id",
    "group_id",
    "message_id",
];

impl<'de> Sink<'de> for TagParts {
    fn key(&mut self, key: Cow<'de, str>) -> bool {
        let known = TAG_KEYS.iter().find(|known| **known == key);
        self.key = known.copied().unwrap_or_default();
        known.is_some()
    }

    fn entry(&mut self, value: &mut dyn decode::Value<'de>) -> Result<(), Stop> {
        fn first<T: Decode>(field: &mut Option<T>, value: &mut dyn decode::Value<'_>) -> Result<(), Stop> {
            if let (None, Reading::Value(read)) = (&field, T::decode(value, &mut Context::default())?) {
                *field = Some(read);
            }
            Ok(())
        }
        let tags = &mut self.tags;
        let tag = match self.key {
            "post_type" => &mut tags.post_type,
            "message_type" => &mut tags.message_type,
            "notice_type" => &mut tags.notice_type,
            "request_type" => &mut tags.request_type,
            "meta_event_type" => &mut tags.meta_event_type,
            "sub_type" => &mut tags.sub_type,
            "time" => return first(&mut tags.time, value),
            "self_id" => return first(&mut tags.self_id, value),
            "user_id" => return first(&mut tags.user_id, value),
            "group_id" => return first(&mut tags.group_id, value),
            _ => return first(&mut tags.message_id, value),
        };
        if let (None, Found::Text(text)) = (&tag, value.scalar()?) {
            *tag = Some(text.into_owned());
        }
        Ok(())
    }
}

/// Reads the tags of an object until they determine the kind.
struct ReadTags<'t, 'de> {
    tags: &'t mut Tags<'de>,
}

impl<'de> DeserializeSeed<'de> for ReadTags<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ReadTags<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event: an object with a `post_type`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Self { tags } = self;
        while let Some(key) = entries.next_key()? {
            match key {
                Key::SelfId => drop(entries.next_value::<IgnoredAny>()?),
                key => tags.read_value(key, &mut entries)?,
            }
            if tags.determine_kind() {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Reads a tag. A tag is a string; anything else is ignored.
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
