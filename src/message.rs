use std::fmt;

use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

/// What is said: text, segments, or a ready CQ string.
///
/// Text is text: it is never searched for CQ codes, so that what a user typed cannot become a mention of everyone.
///
/// ```
/// use cqhttp::Message;
///
/// let message = Message::from("[CQ:at,qq=all]");             // these characters
/// assert_eq!(serde_json::to_string(&message)?, r#"[{"data":{"text":"[CQ:at,qq=all]"},"type":"text"}]"#);
///
/// let message = Message::cq("[CQ:at,qq=10086] hi");          // a mention, in CQ codes
/// assert_eq!(serde_json::to_string(&message)?, r#""[CQ:at,qq=10086] hi""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Message(Form);

#[derive(Clone, Debug)]
enum Form {
    /// One text segment: by far the most that is said, so it is written without a detour.
    Text(String),
    /// Segments as JSON, each an object with `type` and `data`.
    Segments(Vec<Value>),
    /// CQ codes, as they are read by the server.
    Cq(String),
}

impl Message {
    /// A plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self(Form::Text(text.into()))
    }

    /// A string of CQ codes, which the server reads. Text in it is escaped by writing `&` as `&amp;`, `[` as `&#91;` and `]`
    /// as `&#93;`, and in the values of a code `,` as `&#44;`; plain text needs no escaping with [`Message::text`].
    pub fn cq(codes: impl Into<String>) -> Self {
        Self(Form::Cq(codes.into()))
    }

    /// Segments as JSON: a list of objects with `type` and `data`, or one of them.
    ///
    /// # Errors
    ///
    /// An entry is no segment: no object, or without a `type` that is a string.
    pub fn from_json(segments: Value) -> Result<Self, MessageError> {
        let segments = match segments {
            Value::Array(segments) => segments,
            one => vec![one],
        };
        for (index, segment) in segments.iter().enumerate() {
            if !segment.get("type").is_some_and(Value::is_string) {
                return Err(MessageError { index });
            }
        }
        Ok(Self(Form::Segments(segments)))
    }

    /// The segments as JSON; `None` for a string of CQ codes.
    #[must_use]
    pub fn segments(&self) -> Option<Vec<Value>> {
        match &self.0 {
            Form::Text(text) => Some(vec![json!({ "type": "text", "data": { "text": text } })]),
            Form::Segments(segments) => Some(segments.clone()),
            Form::Cq(_) => None,
        }
    }

    /// The string of CQ codes, where it is one.
    #[must_use]
    pub fn as_cq(&self) -> Option<&str> {
        match &self.0 {
            Form::Text(_) | Form::Segments(_) => None,
            Form::Cq(codes) => Some(codes),
        }
    }
}

/// Equal is what goes out equal.
impl PartialEq for Form {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Cq(a), Self::Cq(b)) | (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Segments(a), Self::Segments(b)) => a == b,
            (Self::Text(text), Self::Segments(segments)) | (Self::Segments(segments), Self::Text(text)) => {
                matches!(&segments[..], [one] if *one == json!({ "type": "text", "data": { "text": text } }))
            }
            _ => false,
        }
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<&Message> for Message {
    fn from(message: &Message) -> Self {
        message.clone()
    }
}

/// A JSON value that is no segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageError {
    index: usize,
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {} is no segment: a segment is an object with a `type` and its `data`", self.index)
    }
}

impl std::error::Error for MessageError {}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Segment<'a> {
            data: Data<'a>,
            #[serde(rename = "type")]
            kind: &'a str,
        }
        #[derive(Serialize)]
        struct Data<'a> {
            text: &'a str,
        }
        match &self.0 {
            Form::Text(text) => [Segment { kind: "text", data: Data { text } }].serialize(serializer),
            Form::Segments(segments) => segments.serialize(serializer),
            Form::Cq(codes) => serializer.serialize_str(codes),
        }
    }
}

/// A string is CQ codes, an object one segment, an array segments: the JSON type alone decides.
impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MessageVisitor)
    }
}

struct MessageVisitor;

impl<'de> Visitor<'de> for MessageVisitor {
    type Value = Message;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message: a string, a segment or a list of segments")
    }

    fn visit_str<E: de::Error>(self, codes: &str) -> Result<Message, E> {
        Ok(Message::cq(codes))
    }

    fn visit_string<E: de::Error>(self, codes: String) -> Result<Message, E> {
        Ok(Message::cq(codes))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Message, A::Error> {
        let segments = Value::deserialize(de::value::SeqAccessDeserializer::new(items))?;
        Message::from_json(segments).map_err(de::Error::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Message, A::Error> {
        let segment = Value::deserialize(de::value::MapAccessDeserializer::new(entries))?;
        Message::from_json(segment).map_err(de::Error::custom)
    }
}
