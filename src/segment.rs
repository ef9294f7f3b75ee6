//! Message segments: one type for each, and [`Segment`], which is any of them.
//!
//! A segment is built by its constructor on [`Segment`] and the setters of its type, and read by matching:
//!
//! ```
//! use cqhttp::{FileSource, Message, Segment};
//! use cqhttp::types::ImageKind;
//!
//! let image = Segment::image(FileSource::url("https://example.com/cat.png")).kind(ImageKind::Flash);
//! let message = Message::from(image);
//! match &message[0] {
//!     Segment::Image(image) => println!("{:?}", image.file),
//!     other => println!("a {} segment", other.kind()),
//! }
//! ```
//!
//! On the wire every value is a string; here it has the type that it means. A number is read as its digits, and null as
//! nothing. A yes or no is `1` or `0`; `true` is neither, as on go-cqhttp, and stays in `extra`.
//!
//! What a type does not know stays in its `extra`, in order, and goes back out unchanged; a segment of an unknown type, or
//! without a field that its type cannot be without, is a [`Segment::Unknown`].

mod data;

use std::fmt;

use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

#[doc(hidden)]
pub use self::data::{FieldValue, Fields, SegmentType, Segments, Writing, Written};
pub(crate) use self::data::{Item, SegmentVisitor};
pub use crate::generated::segment::*;
use crate::types::UserId;

/// The fields of a segment that its type does not know, in order, and what else its JSON holds.
///
/// A value that came under another name than its field's is here, too, and so is one that does not fit. Setting the
/// field replaces both.
///
/// ```
/// use cqhttp::Segment;
///
/// let json = r#"{"type":"face","data":{"id":"5","raw":{"faceType":2},"chainCount":null}}"#;
/// let mut segment: Segment = serde_json::from_str(json)?;
/// assert_eq!(serde_json::to_string(&segment)?, json);
///
/// let Segment::Face(face) = &mut segment else { panic!("it is a face") };
/// assert_eq!(face.extra.get("raw").unwrap()["faceType"], 2);
/// face.extra.remove("chainCount");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Extra(Option<Box<Kept>>);

#[derive(Clone, Default)]
struct Kept {
    /// Of the segment's `data`.
    fields: Vec<Field>,
    rest: Rest,
}

#[derive(Clone)]
struct Field {
    name: String,
    value: Box<RawValue>,
    role: Role,
}

/// What a value is to a typed field that has its name, or has it among its other names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Nothing: no such field has a value from here.
    Free,
    /// The field holds it. It came under the field's own name, and is not kept beside it.
    Typed,
    /// The field holds it. It came under another name, and goes out under that until the field is changed.
    Source,
    /// It says the same as the field, until that is changed.
    Echo,
    /// It came with the field's value, and says otherwise or nothing.
    Rival,
}

/// What a segment's JSON holds beside its type and the fields of its data.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rest {
    /// `data`, where it is no object.
    data: Option<Box<RawValue>>,
    /// Beside `type` and `data`.
    beside: Vec<(String, Box<RawValue>)>,
}

impl Rest {
    pub(crate) fn is_empty(&self) -> bool {
        self.data.is_none() && self.beside.is_empty()
    }
}

impl Extra {
    /// The value of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value> {
        serde_json::from_str(self.json(name)?).ok()
    }

    /// The value of a field, as the JSON text that came.
    #[must_use]
    pub fn json(&self, name: &str) -> Option<&str> {
        self.fields().iter().find(|field| field.name == name).map(|field| field.value.get())
    }

    /// Sets a field, in its place where there is one, else at the end.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        let name = name.into();
        let Ok(value) = to_raw_value(&value.into()) else { return };
        let fields = &mut self.0.get_or_insert_default().fields;
        let field = Field { name, value, role: Role::Free };
        match fields.iter_mut().find(|known| known.name == field.name) {
            Some(known) => *known = field,
            None => fields.push(field),
        }
    }

    /// Removes a field.
    pub fn remove(&mut self, name: &str) {
        if let Some(kept) = &mut self.0 {
            kept.fields.retain(|field| field.name != name);
        }
    }

    /// The fields' names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields().iter().map(|field| field.name.as_str())
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields().is_empty() && self.rest().is_none()
    }

    fn fields(&self) -> &[Field] {
        self.0.as_ref().map(|kept| &*kept.fields).unwrap_or_default()
    }

    pub(crate) fn rest(&self) -> Option<&Rest> {
        self.0.as_ref().map(|kept| &kept.rest).filter(|rest| !rest.is_empty())
    }

    fn new(fields: Vec<Field>, rest: Rest) -> Self {
        Self((!fields.is_empty() || !rest.is_empty()).then(|| Box::new(Kept { fields, rest })))
    }

    /// All of it, by name.
    fn entries(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        let data = self.rest().and_then(|rest| rest.data.as_deref()).map(|data| ("data", data));
        let beside = self.rest().map(|rest| &*rest.beside).unwrap_or_default();
        let beside = beside.iter().map(|(name, value)| (name.as_str(), &**value));
        self.fields().iter().map(|field| (field.name.as_str(), &*field.value)).chain(data).chain(beside)
    }
}

/// The same names have the same JSON, however it is spaced.
impl PartialEq for Extra {
    fn eq(&self, other: &Self) -> bool {
        let json = |value: &RawValue| serde_json::from_str::<Value>(value.get()).ok();
        let same = |a: &RawValue, b: &RawValue| a.get() == b.get() || json(a).is_some_and(|a| Some(a) == json(b));
        let data = |extra: &Self| extra.rest().is_some_and(|rest| rest.data.is_some());
        self.fields().len() == other.fields().len()
            && data(self) == data(other)
            && self.entries().count() == other.entries().count()
            && self.entries().zip(other.entries()).all(|(a, b)| a.0 == b.0 && same(a.1, b.1))
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.entries().map(|(name, value)| (name, value.get()))).finish()
    }
}

/// A segment of a type that this crate does not know, or without a field that its type cannot be without. It goes out
/// as it came.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct UnknownSegment {
    /// Its type on the wire.
    pub kind: String,
    /// Its data.
    pub data: Extra,
}

impl UnknownSegment {
    /// A segment of this type, without data; `data.set` adds to it.
    ///
    /// ```
    /// use cqhttp::segment::UnknownSegment;
    ///
    /// let mut markdown = UnknownSegment::new("markdown");
    /// markdown.data.set("content", "# 你好");
    /// # assert_eq!(serde_json::to_string(&cqhttp::Segment::Unknown(markdown))?,
    /// #     r##"{"type":"markdown","data":{"content":"# 你好"}}"##);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn new(kind: impl Into<String>) -> Self {
        Self { kind: kind.into(), data: Extra::default() }
    }
}

/// Whom an [`At`] segment mentions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mention {
    /// Everyone: `all`.
    All,
    /// One user, by QQ number; 0 means everyone on go-cqhttp. In a guild this is the number in the guild system.
    User(UserId),
    /// Something else, as it came.
    Other(crate::Unlisted<String>),
}

impl Mention {
    /// Whether everyone is mentioned.
    #[must_use]
    pub fn is_everyone(&self) -> bool {
        matches!(self, Self::All) || *self == Self::User(UserId::new(0))
    }

    /// The user who is mentioned; `None` for everyone.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::User(user) if !self.is_everyone() => Some(*user),
            _ => None,
        }
    }
}

impl From<UserId> for Mention {
    fn from(user: UserId) -> Self {
        Self::User(user)
    }
}

impl From<i64> for Mention {
    fn from(user: i64) -> Self {
        Self::User(user.into())
    }
}

impl From<&str> for Mention {
    fn from(text: &str) -> Self {
        match i64::read_text(text) {
            Some(user) => Self::User(user.into()),
            None if text == "all" => Self::All,
            None => Self::Other(crate::__private::unlisted(text.to_owned())),
        }
    }
}

impl fmt::Display for Mention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::User(user) => user.fmt(f),
            Self::Other(other) => f.write_str(other.get()),
        }
    }
}

impl Segment {
    /// A mention of everyone. go-cqhttp sends it as plain text where the bot is no administrator.
    #[must_use]
    pub fn at_all() -> At {
        At::new(Mention::All)
    }

    /// A quotation of a message that the server knows.
    #[must_use]
    pub fn reply(id: impl Into<crate::MessageId>) -> Reply {
        Reply::new().id(id)
    }

    /// Its text, for a text segment.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(&text.text),
            _ => None,
        }
    }

    /// Whom it mentions, for an at segment.
    #[must_use]
    pub fn as_mention(&self) -> Option<&Mention> {
        match self {
            Self::At(at) => Some(&at.qq),
            _ => None,
        }
    }

    /// Its type on the wire.
    #[must_use]
    pub fn kind(&self) -> &str {
        Segments::kind(self)
    }
}

impl FeedSegment {
    /// Its type on the wire.
    #[must_use]
    pub fn kind(&self) -> &str {
        Segments::kind(self)
    }
}

/// What can stand alone in a message: every segment's type.
pub trait IntoSegment {
    /// As one of many.
    fn into_segment(self) -> Segment;
}

impl<T: IntoSegment> From<T> for Segment {
    fn from(segment: T) -> Self {
        segment.into_segment()
    }
}
