//! Messages as lists of segments: reading, editing, and both wire forms.

pub(crate) mod builder;
pub(crate) mod command;
pub(crate) mod cq;

use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use self::cq::{CqError, CqParts};
use crate::decode::{
    self, Context, Decode, Decoded, Missing, ReadCustom, Reading, SegmentData, SetMessage, Slot, Step, Unfit, raw_text,
};
use crate::generated::segment::{Image, Segment, Text};
use crate::generated::types::{MessageId, UserId};
use crate::segment::IntoSegment;
use crate::segment::codec::{Segments, segment_of, whole};
use crate::segment::extra::Extra;
use crate::segment::mention::Mention;

/// A message: a list of segments.
///
/// A builder writes it like a sentence, and it is read like any other collection:
///
/// ```
/// use cqhttp::{FileSource, Message, Segment, UserId};
///
/// let message = Message::at(10086).text(" look: ").image(FileSource::url("https://example.com/cat.png")).build();
/// assert_eq!(message.len(), 3);
/// assert!(message.mentions(UserId::new(10086)));
/// assert_eq!(message.plain_text(), " look: ");
/// for segment in &message {
///     if let Segment::Image(image) = segment {
///         println!("{:?}", image.file);
///     }
/// }
/// ```
///
/// Text is never searched for CQ codes, so that text typed by a user cannot become a mention of everyone.
/// [`Message::cq`] reads a text with CQ codes, and [`Message::to_cq`] writes one.
///
/// ```
/// use cqhttp::Message;
///
/// assert_eq!(Message::from("[CQ:at,qq=all]").plain_text(), "[CQ:at,qq=all]");   // these characters
/// assert!(Message::cq("[CQ:at,qq=all] hi").mentions_everyone());                // a mention
/// ```
///
/// It decodes from a string with CQ codes, one segment or a list of segments, and is sent as a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message(Vec<Segment>);

impl Message {
    /// Creates an empty message.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Reads a text with CQ codes. A malformed code is kept as text.
    ///
    /// A code is `[CQ:`, a type, any number of `,name=value`, and the first `]` that follows. In values and in text
    /// `&#44;` is `,`, `&#91;` is `[`, `&#93;` is `]`, and `&amp;` is `&`.
    ///
    /// ```
    /// use cqhttp::{Message, Segment};
    ///
    /// let message = Message::cq("[CQ:face,id=5] 1 &amp; 2");
    /// assert!(matches!(&message[0], Segment::Face(face) if face.id == 5));
    /// assert_eq!(message.plain_text(), " 1 & 2");
    /// ```
    #[must_use]
    pub fn cq(codes: impl AsRef<str>) -> Self {
        Self(cq::read(codes.as_ref()))
    }

    /// Writes the message as a text with CQ codes. Reading the text gives the [`canonical`](Self::canonical) message.
    ///
    /// ```
    /// use cqhttp::Message;
    ///
    /// assert_eq!(Message::at(10086).text(" [hi]").build().to_cq()?, "[CQ:at,qq=10086] &#91;hi&#93;");
    /// # Ok::<(), cqhttp::CqError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if a segment cannot be written as a CQ code: a node with content of its own, a type or name with
    /// characters that would end it, or a segment that holds more than `type` and `data`.
    pub fn to_cq(&self) -> Result<String, CqError> {
        cq::write(self)
    }

    /// Returns the parts of a text with CQ codes, in order, borrowed if nothing in them is escaped.
    ///
    /// ```
    /// use cqhttp::{CqPart, Message};
    ///
    /// let mut parts = Message::cq_parts("hi [CQ:face,id=5]");
    /// assert_eq!(parts.next(), Some(CqPart::Text("hi ".into())));
    /// let Some(CqPart::Code { kind, fields }) = parts.next() else { panic!("it is a code") };
    /// assert_eq!(kind, "face");
    /// assert_eq!(fields.collect::<Vec<_>>(), [("id", "5".into())]);
    /// ```
    pub fn cq_parts(codes: &str) -> CqParts<'_> {
        CqParts::new(codes)
    }

    /// Returns the message in the form that all its spellings share: adjacent texts are joined, empty texts dropped, and
    /// every value in a segment is text, except for the content of a node.
    #[must_use]
    pub fn canonical(&self) -> Self {
        Self(cq::canonical(self))
    }

    /// Reads segments as JSON: a list of objects with `type` and `data`, one such object, or a string with CQ codes.
    ///
    /// # Errors
    ///
    /// Returns an error if an entry is not a segment: not an object, or without a `type` that is a string.
    pub fn from_json(segments: Value) -> Result<Self, MessageError> {
        let read = |(index, entry)| Segment::deserialize(entry).map_err(|_| MessageError { index });
        match segments {
            Value::String(codes) => Ok(Self::cq(codes)),
            Value::Array(entries) => entries.into_iter().enumerate().map(read).collect(),
            entry => read((0, entry)).map(Self::from),
        }
    }

    /// Adds a segment at the end.
    pub fn push(&mut self, segment: impl Into<Segment>) {
        self.0.push(segment.into());
    }

    /// Inserts a segment at `index`, before the segment that is there.
    ///
    /// # Panics
    ///
    /// Panics if `index` is beyond the end.
    pub fn insert(&mut self, index: usize, segment: impl Into<Segment>) {
        self.0.insert(index, segment.into());
    }

    /// Removes and returns the segment at `index`.
    ///
    /// # Panics
    ///
    /// Panics if `index` is out of bounds.
    pub fn remove(&mut self, index: usize) -> Segment {
        self.0.remove(index)
    }

    /// Keeps the segments for which `keep` returns `true`.
    pub fn retain(&mut self, keep: impl FnMut(&Segment) -> bool) {
        self.0.retain(keep);
    }

    /// Converts the message to its segments.
    #[must_use]
    pub fn into_segments(self) -> Vec<Segment> {
        self.0
    }

    /// Returns the texts of all text segments, joined.
    #[must_use]
    pub fn plain_text(&self) -> String {
        self.iter().filter_map(Segment::as_text).collect()
    }

    /// Returns `true` if the user is mentioned by name; a mention of everyone does not count.
    #[must_use]
    pub fn mentions(&self, user: impl Into<UserId>) -> bool {
        let user = user.into();
        self.mentioned().any(|mentioned| mentioned == user)
    }

    /// Returns `true` if everyone is mentioned.
    #[must_use]
    pub fn mentions_everyone(&self) -> bool {
        self.iter().filter_map(Segment::as_mention).any(Mention::is_everyone)
    }

    /// Returns the users who are mentioned, in order; mentions of everyone are skipped.
    pub fn mentioned(&self) -> impl Iterator<Item = UserId> + '_ {
        self.iter().filter_map(Segment::as_mention).filter_map(Mention::user)
    }

    /// Returns the first user who is mentioned; mentions of everyone are skipped.
    #[must_use]
    pub fn first_mention(&self) -> Option<UserId> {
        self.mentioned().next()
    }

    /// Returns the id of the quoted message.
    #[must_use]
    pub fn reply_to(&self) -> Option<MessageId> {
        self.iter().find_map(|segment| match segment {
            Segment::Reply(reply) => reply.id,
            _ => None,
        })
    }

    /// Returns the image segments, in order.
    pub fn images(&self) -> impl Iterator<Item = &Image> {
        self.iter().filter_map(|segment| match segment {
            Segment::Image(image) => Some(&**image),
            _ => None,
        })
    }
}

impl Deref for Message {
    type Target = [Segment];

    fn deref(&self) -> &[Segment] {
        &self.0
    }
}

impl DerefMut for Message {
    fn deref_mut(&mut self) -> &mut [Segment] {
        &mut self.0
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self(vec![Text::new(text).into_segment()])
    }
}

impl From<&String> for Message {
    fn from(text: &String) -> Self {
        Self::from(text.clone())
    }
}

impl From<&Message> for Message {
    fn from(message: &Message) -> Self {
        message.clone()
    }
}

impl From<Vec<Segment>> for Message {
    fn from(segments: Vec<Segment>) -> Self {
        Self(segments)
    }
}

impl From<Segment> for Message {
    fn from(segment: Segment) -> Self {
        Self(vec![segment])
    }
}

impl<T: IntoSegment> From<T> for Message {
    fn from(segment: T) -> Self {
        Self(vec![segment.into_segment()])
    }
}

impl<T: Into<Segment>> FromIterator<T> for Message {
    fn from_iter<I: IntoIterator<Item = T>>(segments: I) -> Self {
        Self(segments.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Segment>> Extend<T> for Message {
    fn extend<I: IntoIterator<Item = T>>(&mut self, segments: I) {
        self.0.extend(segments.into_iter().map(Into::into));
    }
}

impl IntoIterator for Message {
    type Item = Segment;
    type IntoIter = std::vec::IntoIter<Segment>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Message {
    type Item = &'a Segment;
    type IntoIter = std::slice::Iter<'a, Segment>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a mut Message {
    type Item = &'a mut Segment;
    type IntoIter = std::slice::IterMut<'a, Segment>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter_mut()
    }
}

/// The error for a JSON value that is not a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageError {
    index: usize,
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {} is not a segment: a segment is an object with a `type` and its `data`", self.index)
    }
}

impl std::error::Error for MessageError {}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// Reads a string as CQ codes, an object as one segment, a list as segments. An element of the list that is not a segment is kept
/// as an unknown one.
impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        decode::deserialize(deserializer)
    }
}

impl Decode for Message {
    const IF_MISSING: Missing = Missing::Told;

    fn blank() -> Self {
        Self::new()
    }

    fn slot(&mut self) -> Slot<'_> {
        Slot::Message(self)
    }

    fn optional(value: &mut Option<Self>) -> Slot<'_> {
        Slot::Custom(value)
    }
}

impl ReadCustom for Message {
    fn read(&mut self, value: &mut dyn decode::Value<'_>, context: &mut Context) -> Decoded<()> {
        if !context.is_exact() {
            return value.fill(&mut Slot::Message(self), context);
        }
        let raw = value.raw()?;
        self.0 = match raw.get().as_bytes().first() {
            Some(b'"') => raw_text(&raw).map(Self::cq).unwrap_or_default().0,
            Some(b'[') => segments(&raw, context),
            Some(b'{') => vec![segment_of(&raw)],
            Some(b'n') | None => return Ok(Reading::Absent),
            Some(first) => {
                let kind = if matches!(first, b't' | b'f') { "a flag" } else { "a number" };
                let unfit = Unfit::kind(kind, "a message: a string, a segment or a list of segments");
                return Ok(Reading::Unfit(unfit));
            }
        };
        Ok(Reading::Value(()))
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl SetMessage for Message {
    fn clear(&mut self) {
        self.0.clear();
    }

    fn set_codes(&mut self, codes: &str) {
        *self = Self::cq(codes);
    }

    fn push(&mut self, kind: &str) {
        self.0.push(Segment::blank(kind));
    }

    fn push_null(&mut self) {
        self.0.push(whole(RawValue::NULL.to_owned()));
    }

    fn last(&mut self) -> Option<&mut dyn SegmentData> {
        self.0.last_mut().map(Segments::data)
    }
}

/// Reads a list of segments. An element that is not a segment is kept as an unknown one.
fn segments(raw: &RawValue, context: &mut Context) -> Vec<Segment> {
    let elements: Vec<&RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
    let read = |(index, element): (usize, &&RawValue)| {
        let segment: Segment = segment_of(element);
        if segment.extra().is_some_and(Extra::is_whole) {
            let unfit = Unfit::new("not a segment, and kept as an unknown one");
            context.warn(unfit.within(Step::Index(index)));
        }
        segment
    };
    elements.iter().enumerate().map(read).collect()
}
