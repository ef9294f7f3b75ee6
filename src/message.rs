mod cq;

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

pub use self::cq::{CqError, CqFields, CqPart, CqParts};
use crate::segment::{Image, IntoSegment, Mention, SegmentVisitor, Text};
use crate::{FileSource, MessageId, Segment, UserId};

/// What is said: a list of segments.
///
/// It is written like a sentence, and is a collection like any other:
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
/// Text is text: it is never searched for CQ codes, so that what a user typed cannot become a mention of everyone.
/// [`Message::cq`] reads a text with CQ codes, and [`Message::to_cq`] writes one.
///
/// ```
/// use cqhttp::Message;
///
/// assert_eq!(Message::from("[CQ:at,qq=all]").plain_text(), "[CQ:at,qq=all]");   // these characters
/// assert!(Message::cq("[CQ:at,qq=all] hi").mentions_everyone());                // a mention
/// ```
///
/// It decodes from a string (CQ codes), one segment or a list of segments, and is sent as a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message(Vec<Segment>);

/// A message in the making: what each of [`Message`]'s starting points gives. It becomes a message wherever one is
/// asked for, or with [`build`](Self::build).
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "it is sent nowhere by itself"]
pub struct MessageBuilder(Message);

impl Message {
    /// An empty message.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Begins with a plain text.
    pub fn text(text: impl Into<String>) -> MessageBuilder {
        MessageBuilder::default().text(text)
    }

    /// Begins with a mention of a user.
    pub fn at(user: impl Into<UserId>) -> MessageBuilder {
        MessageBuilder::default().at(user)
    }

    /// Begins with a mention of everyone.
    pub fn at_all() -> MessageBuilder {
        MessageBuilder::default().at_all()
    }

    /// Begins with an image.
    pub fn image(file: impl Into<FileSource>) -> MessageBuilder {
        MessageBuilder::default().image(file)
    }

    /// Begins with a QQ face, by its number.
    pub fn face(id: impl Into<i64>) -> MessageBuilder {
        MessageBuilder::default().face(id)
    }

    /// Begins with the quotation of a message that the server knows.
    pub fn reply(id: impl Into<MessageId>) -> MessageBuilder {
        MessageBuilder::default().reply(id)
    }

    /// Begins with any segment.
    pub fn segment(segment: impl Into<Segment>) -> MessageBuilder {
        MessageBuilder::default().segment(segment)
    }

    /// Reads a text with CQ codes. What is no well-formed code is text, so that nothing is lost.
    ///
    /// A code is `[CQ:`, a type, any number of `,name=value`, and the first `]` that follows. In a value `&#44;` is `,`;
    /// there and in text `&#91;` is `[`, `&#93;` is `]`, and `&amp;` is `&`.
    ///
    /// ```
    /// use cqhttp::{Message, Segment};
    ///
    /// let message = Message::cq("[CQ:face,id=5] 1 &amp; 2");
    /// assert!(matches!(&message[0], Segment::Face(face) if face.id == 5));
    /// assert_eq!(message.plain_text(), " 1 & 2");
    /// ```
    #[must_use]
    // Inline, as all that reads or writes segments: so it is compiled for bots that do.
    #[inline]
    pub fn cq(codes: impl AsRef<str>) -> Self {
        cq::read(codes.as_ref())
    }

    /// Writes the message as a text with CQ codes. Read again it is the [`canonical`](Self::canonical) message.
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
    /// A segment has no form as a CQ code: a node with content of its own, a type or name with characters that would end
    /// it, or one that holds more than `type` and `data`.
    #[inline]
    pub fn to_cq(&self) -> Result<String, CqError> {
        cq::write(self)
    }

    /// The parts of a text with CQ codes, as they stand there, borrowed where nothing is escaped.
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

    /// The same message in the one form that all its spellings share: adjacent texts are joined, empty ones dropped, and
    /// every value in a segment is a text, save the content of a node.
    #[must_use]
    #[inline]
    pub fn canonical(&self) -> Self {
        cq::canonical(self)
    }

    /// From segments as JSON: a list of objects with `type` and `data`, one of them, or a string of CQ codes.
    ///
    /// # Errors
    ///
    /// An entry is no segment: no object, without a `type` that is a string, or with a number too large for 64 bits in a
    /// field that its type knows.
    #[inline]
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

    /// Inserts a segment at `index`; the rest moves on.
    ///
    /// # Panics
    ///
    /// `index` is beyond the end.
    pub fn insert(&mut self, index: usize, segment: impl Into<Segment>) {
        self.0.insert(index, segment.into());
    }

    /// Removes the segment at `index`, and gives it back.
    ///
    /// # Panics
    ///
    /// There is none.
    pub fn remove(&mut self, index: usize) -> Segment {
        self.0.remove(index)
    }

    /// Keeps the segments for which `keep` is true.
    pub fn retain(&mut self, keep: impl FnMut(&Segment) -> bool) {
        self.0.retain(keep);
    }

    /// The segments.
    #[must_use]
    pub fn into_segments(self) -> Vec<Segment> {
        self.0
    }

    /// What its text segments say, one after the other.
    #[must_use]
    pub fn plain_text(&self) -> String {
        self.iter().filter_map(Segment::as_text).collect()
    }

    /// Whether this user is mentioned by name; a mention of everyone does not count.
    #[must_use]
    pub fn mentions(&self, user: impl Into<UserId>) -> bool {
        let user = user.into();
        self.mentioned().any(|mentioned| mentioned == user)
    }

    /// Whether everyone is mentioned.
    #[must_use]
    pub fn mentions_everyone(&self) -> bool {
        self.iter().filter_map(Segment::as_mention).any(Mention::is_everyone)
    }

    /// The users who are mentioned, in order; mentions of everyone are passed over.
    pub fn mentioned(&self) -> impl Iterator<Item = UserId> + '_ {
        self.iter().filter_map(Segment::as_mention).filter_map(Mention::user)
    }

    /// The first user who is mentioned; mentions of everyone are passed over.
    #[must_use]
    pub fn first_mention(&self) -> Option<UserId> {
        self.mentioned().next()
    }

    /// The message that it quotes.
    #[must_use]
    pub fn reply_to(&self) -> Option<MessageId> {
        self.iter().find_map(|segment| match segment {
            Segment::Reply(reply) => reply.id,
            _ => None,
        })
    }

    /// Its images.
    pub fn images(&self) -> impl Iterator<Item = &Image> {
        self.iter().filter_map(|segment| match segment {
            Segment::Image(image) => Some(&**image),
            _ => None,
        })
    }

    /// The rest of the message behind a prefix such as `/mute`; `None` where it begins otherwise.
    ///
    /// Blanks around the prefix are dropped, and so is a quotation before it, with the mention that QQ puts behind a
    /// quotation. A prefix that ends in an ASCII letter or digit does not match within a word: `/mute` is no prefix of `/muted`. Where the bot is mentioned first, see
    /// [`strip_mention`](Self::strip_mention).
    ///
    /// ```
    /// use cqhttp::{Message, UserId};
    ///
    /// let message = Message::reply(1234).text("/mute ").at(10086).text(" 60").build();
    /// let rest = message.strip_prefix("/mute").unwrap();
    /// assert_eq!(rest.first_mention(), Some(UserId::new(10086)));
    /// assert_eq!(rest.plain_text(), " 60");
    /// assert!(message.strip_prefix("/mut").is_none());
    /// ```
    #[must_use]
    #[inline]
    pub fn strip_prefix(&self, prefix: &str) -> Option<Self> {
        let mut segments = said_behind_mention(self).iter();
        let text = segments.next()?.as_text()?.trim_start();
        let rest = text.strip_prefix(prefix)?;
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if prefix.ends_with(|c: char| c.is_ascii_alphanumeric()) && rest.starts_with(word) {
            return None;
        }
        let rest = Some(rest.trim_start()).filter(|rest| !rest.is_empty());
        Some(rest.map(|rest| Text::new(rest).into_segment()).into_iter().chain(segments.cloned()).collect())
    }

    /// The rest of a message that begins with a mention of `user`, as commands to a bot do in groups; `None` where it
    /// begins otherwise. A quotation before it is dropped, and so are blanks.
    ///
    /// ```
    /// use cqhttp::{Message, UserId};
    ///
    /// let me = UserId::new(10010);
    /// let message = Message::at(me).text(" /mute 60").build();
    /// let said = message.strip_mention(me).unwrap_or(message);
    /// assert_eq!(said.strip_prefix("/mute").unwrap().plain_text(), "60");
    /// ```
    #[must_use]
    pub fn strip_mention(&self, user: impl Into<UserId>) -> Option<Self> {
        let user = user.into();
        let begins = |segments: &[Segment]| {
            let mention = segments.iter().find(|segment| segment.as_text().is_none_or(|text| !text.trim().is_empty()));
            mention.and_then(Segment::as_mention).and_then(Mention::user) == Some(user)
        };
        let segments = [said(self), said_behind_mention(self)].into_iter().find(|segments| begins(segments))?;
        let behind = segments.iter().skip_while(|segment| segment.as_mention().is_none()).skip(1);
        let mut rest: Self = behind.cloned().collect();
        if let Some(Segment::Text(text)) = rest.0.first_mut() {
            text.text = text.text.trim_start().to_owned();
        }
        Some(rest)
    }

    /// Its words, and its other segments, in order.
    ///
    /// ```
    /// use cqhttp::{Message, MessageArg};
    ///
    /// let message = Message::text("ban ").at(10086).text(" 60 spam").build();
    /// let args: Vec<_> = message.args().collect();
    /// assert_eq!(args.len(), 4);
    /// assert_eq!(args[0], MessageArg::Word("ban"));
    /// assert_eq!(args[2].word().and_then(|word| word.parse().ok()), Some(60));
    /// ```
    pub fn args(&self) -> impl Iterator<Item = MessageArg<'_>> {
        self.iter().flat_map(|segment| {
            let words = segment.as_text().unwrap_or_default().split_whitespace().map(MessageArg::Word);
            let other = segment.as_text().is_none().then_some(MessageArg::Segment(segment));
            words.chain(other)
        })
    }
}

/// A message behind what may stand before that which was said: blanks and a quotation.
fn said(message: &Message) -> &[Segment] {
    let is_prelude = |segment: &Segment| match segment {
        Segment::Text(text) => text.text.trim().is_empty(),
        segment => matches!(segment, Segment::Reply(_)),
    };
    let begin = message.iter().position(|segment| !is_prelude(segment)).unwrap_or(message.len());
    &message[begin..]
}

/// The same, and the mention dropped that QQ puts behind a quotation: of whoever wrote what is quoted.
fn said_behind_mention(message: &Message) -> &[Segment] {
    let said = self::said(message);
    match said {
        [Segment::At(_), rest @ ..] if message.reply_to().is_some() => rest,
        said => said,
    }
}

/// A word of a message, or a segment that is no text: see [`Message::args`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum MessageArg<'a> {
    /// A word.
    Word(&'a str),
    /// Another segment.
    Segment(&'a Segment),
}

impl<'a> MessageArg<'a> {
    /// The word, where it is one.
    #[must_use]
    pub fn word(&self) -> Option<&'a str> {
        match self {
            Self::Word(word) => Some(word),
            Self::Segment(_) => None,
        }
    }

    /// The user who is mentioned, where it is a mention.
    #[must_use]
    pub fn mention(&self) -> Option<UserId> {
        match self {
            Self::Word(_) => None,
            Self::Segment(segment) => segment.as_mention()?.user(),
        }
    }
}

impl MessageBuilder {
    /// Adds a plain text.
    pub fn text(self, text: impl Into<String>) -> Self {
        self.segment(Text::new(text))
    }

    /// Adds a mention of a user.
    pub fn at(self, user: impl Into<UserId>) -> Self {
        self.segment(Segment::at(user.into()))
    }

    /// Adds a mention of everyone. go-cqhttp sends it as plain text where the bot is no administrator.
    pub fn at_all(self) -> Self {
        self.segment(Segment::at_all())
    }

    /// Adds an image.
    pub fn image(self, file: impl Into<FileSource>) -> Self {
        self.segment(Segment::image(file))
    }

    /// Adds a QQ face, by its number.
    pub fn face(self, id: impl Into<i64>) -> Self {
        self.segment(Segment::face(id.into()))
    }

    /// Adds the quotation of a message that the server knows. go-cqhttp moves it to the front, and keeps only one.
    pub fn reply(self, id: impl Into<MessageId>) -> Self {
        self.segment(Segment::reply(id))
    }

    /// Adds any segment.
    pub fn segment(mut self, segment: impl Into<Segment>) -> Self {
        self.0.push(segment);
        self
    }

    /// Adds all segments of another message.
    pub fn append(mut self, message: impl Into<Message>) -> Self {
        self.0.extend(message.into());
        self
    }

    /// The message.
    #[must_use]
    pub fn build(self) -> Message {
        self.0
    }
}

impl From<MessageBuilder> for Message {
    fn from(builder: MessageBuilder) -> Self {
        builder.0
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
        self.0.serialize(serializer)
    }
}

/// A string is CQ codes, an object one segment, a list segments: the JSON type alone decides.
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

    /// A message without content.
    fn visit_unit<E>(self) -> Result<Message, E> {
        Ok(Message::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Message, A::Error> {
        let mut message = Message::new();
        while let Some(segment) = items.next_element()? {
            message.0.push(segment);
        }
        Ok(message)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Message, A::Error> {
        SegmentVisitor::<Segment>(PhantomData).visit_map(entries).map(Message::from)
    }
}
