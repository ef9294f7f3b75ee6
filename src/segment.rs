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
//! On the wire every value is a string; here it has the type that it means. A value that comes as a number, a flag or
//! null is read all the same. What a type does not know stays in its `extra`, in order, and goes back out unchanged; a
//! segment of an unknown type, or without a field that its type cannot be without, is a [`Segment::Unknown`].

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::FileSource;
pub use crate::generated::segment::*;
use crate::types::UserId;
use crate::wire::Integer;

/// The fields of a segment that its type does not know, in order, and what else its JSON holds.
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
    fields: Vec<(String, Box<RawValue>)>,
    /// Beside `type` and `data`; `data` itself where it is no object.
    beside: Vec<(String, Box<RawValue>)>,
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
        self.fields().iter().find(|(known, _)| known == name).map(|(_, value)| value.get())
    }

    /// Sets a field, in its place where there is one, else at the end.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        let name = name.into();
        let Ok(value) = to_raw_value(&value.into()) else { return };
        let fields = &mut self.0.get_or_insert_default().fields;
        match fields.iter_mut().find(|(known, _)| *known == name) {
            Some(field) => field.1 = value,
            None => fields.push((name, value)),
        }
    }

    /// Removes a field.
    pub fn remove(&mut self, name: &str) {
        if let Some(kept) = &mut self.0 {
            kept.fields.retain(|(known, _)| known != name);
        }
    }

    /// The fields' names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields().iter().map(|(name, _)| name.as_str())
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields().is_empty() && self.beside().is_empty()
    }

    fn fields(&self) -> &[(String, Box<RawValue>)] {
        self.0.as_ref().map(|kept| &*kept.fields).unwrap_or_default()
    }

    pub(crate) fn beside(&self) -> &[(String, Box<RawValue>)] {
        self.0.as_ref().map(|kept| &*kept.beside).unwrap_or_default()
    }

    fn new(fields: Vec<(String, Box<RawValue>)>, beside: Vec<(String, Box<RawValue>)>) -> Self {
        Self((!fields.is_empty() || !beside.is_empty()).then(|| Box::new(Kept { fields, beside })))
    }
}

impl PartialEq for Extra {
    fn eq(&self, other: &Self) -> bool {
        same_entries(self.fields(), other.fields()) && same_entries(self.beside(), other.beside())
    }
}

/// Whether the same names have the same JSON, however it is spaced.
fn same_entries(a: &[(String, Box<RawValue>)], b: &[(String, Box<RawValue>)]) -> bool {
    let json = |value: &RawValue| serde_json::from_str::<Value>(value.get()).ok();
    let same = |a: &RawValue, b: &RawValue| a.get() == b.get() || json(a).is_some_and(|a| Some(a) == json(b));
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && same(&a.1, &b.1))
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.fields().iter().chain(self.beside());
        f.debug_map().entries(entries.map(|(name, value)| (name, value.get()))).finish()
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
            None => Self::Other(crate::wire::unlisted(text.to_owned())),
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

/// A segment's type: where its data is read and written. For generated code.
#[doc(hidden)]
pub trait SegmentType: Sized {
    /// Its name on the wire.
    const TYPE: &'static str;
    /// The names of its fields, those under which other servers send them included.
    const FIELDS: &'static [&'static str];

    /// `None` where something is missing that it cannot be without.
    fn read(fields: &mut Fields<'_>) -> Option<Self>;

    /// Writes its data, field by field.
    fn write<'s>(&'s self, out: Writing<'s, '_>);

    /// What it does not know.
    fn extra(&self) -> &Extra;
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

/// An enum of segments. For generated code.
#[doc(hidden)]
pub trait Segments: Sized {
    /// The names of a type's fields: their values are read as text, all others kept as they came.
    fn fields(kind: &str) -> &'static [&'static str];
    /// `None` for an unknown type, and where something is missing.
    fn read(kind: &str, fields: &mut Fields<'_>) -> Option<Self>;
    /// One that is kept as it came.
    fn unknown(segment: UnknownSegment) -> Self;
    /// Its type on the wire.
    fn kind(&self) -> &str;
    /// Gives its data out, field by field.
    fn each<'s>(&'s self, emit: &mut dyn FnMut(&'s str, Written<'s>));
    /// What its type does not know.
    fn extra(&self) -> Option<&Extra>;

    /// From a type and what its data says.
    fn of(kind: &str, mut fields: Fields<'_>) -> Self {
        Self::read(kind, &mut fields)
            .unwrap_or_else(|| Self::unknown(UnknownSegment { kind: kind.to_owned(), data: fields.into_extra() }))
    }
}

// ---- Reading ----

/// A value of a segment's data. For generated code.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub enum Item<'a> {
    /// A string.
    Text(Cow<'a, str>),
    /// A number or a flag, as its text.
    Bare(Cow<'a, str>),
    /// Null.
    Null,
    /// Anything, as it came: the value of a field that the type does not know.
    Json(Box<RawValue>),
}

impl Item<'_> {
    fn into_json(self) -> Box<RawValue> {
        let raw = |text: String| RawValue::from_string(text).unwrap_or_else(|_| RawValue::NULL.to_owned());
        match self {
            Self::Text(text) => to_raw_value(&text).unwrap_or_else(|_| RawValue::NULL.to_owned()),
            Self::Bare(text) => raw(text.into_owned()),
            Self::Null => RawValue::NULL.to_owned(),
            Self::Json(json) => json,
        }
    }

    /// The value of kept JSON, where it is no list and no object.
    fn of_json(json: &RawValue) -> Item<'_> {
        match json.get().as_bytes().first() {
            Some(b'"') => Item::Text(Cow::Owned(serde_json::from_str(json.get()).unwrap_or_default())),
            Some(b'n') => Item::Null,
            Some(b'[' | b'{') | None => Item::Json(json.to_owned()),
            Some(_) => Item::Bare(Cow::Borrowed(json.get())),
        }
    }
}

/// What a segment's data says, in order. For generated code.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Fields<'a> {
    items: Vec<(Cow<'a, str>, Item<'a>)>,
    /// Which of them are typed: they do not go into `extra`.
    typed: u64,
    /// How many there are besides.
    left: usize,
    beside: Vec<(String, Box<RawValue>)>,
}

impl<'a> Fields<'a> {
    pub(crate) fn push(&mut self, name: impl Into<Cow<'a, str>>, item: Item<'a>) {
        self.add(name.into(), item);
    }

    fn add(&mut self, name: Cow<'a, str>, item: Item<'a>) {
        self.items.push((name, item));
        self.left += 1;
    }

    /// The field under the first of these names that holds such a value.
    pub fn required<T: FieldValue>(&mut self, names: &[&str]) -> Option<T> {
        let (index, value) = self.find(names)?;
        self.mark(index, names);
        Some(value)
    }

    /// The same, or nothing.
    pub fn optional<T: FieldValue>(&mut self, names: &[&str]) -> Option<T> {
        // Of a type's fields, few are there.
        if self.left == 0 {
            return None;
        }
        let found = self.find(names);
        if let Some((index, _)) = &found {
            self.mark(*index, names);
        } else if let Some(index) = self.items.iter().position(|(name, item)| name == names[0] && item.is_null()) {
            self.mark(index, names);
        }
        found.map(|(_, value)| value)
    }

    fn find<T: FieldValue>(&self, names: &[&str]) -> Option<(usize, T)> {
        names.iter().find_map(|wanted| {
            let items = self.items.iter().enumerate().filter(|(_, (name, _))| name == wanted);
            items.filter_map(|(index, (_, item))| T::read(item).map(|value| (index, value))).next()
        })
    }

    /// What came under another of its names stays in `extra`, and so goes back out under that.
    fn mark(&mut self, index: usize, names: &[&str]) {
        if self.items[index].0 == names[0] && index < 64 {
            self.typed |= 1 << index;
            self.left -= 1;
        }
    }

    /// What is left, for `extra`.
    pub fn rest(&mut self) -> Extra {
        if self.left == 0 && self.beside.is_empty() {
            return Extra::default();
        }
        let typed = self.typed;
        let left = std::mem::take(&mut self.items).into_iter().enumerate();
        let left = left.filter(|(index, _)| *index >= 64 || typed & (1 << index) == 0).map(|(_, entry)| entry);
        let fields = left.map(|(name, item)| (name.into_owned(), item.into_json())).collect();
        Extra::new(fields, std::mem::take(&mut self.beside))
    }

    fn into_extra(mut self) -> Extra {
        (self.typed, self.left) = (0, self.items.len());
        self.rest()
    }
}

impl Item<'_> {
    fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

/// The type of a segment's field: read from and written as text. For generated code.
#[doc(hidden)]
pub trait FieldValue: Sized + PartialEq {
    /// From the text of a value. `None` where it is another, or the same written in another way: that way would be lost.
    fn read_text(text: &str) -> Option<Self>;

    /// As text.
    fn text(&self) -> Cow<'_, str>;

    /// From any value.
    fn read(item: &Item<'_>) -> Option<Self> {
        match item {
            Item::Text(text) | Item::Bare(text) => Self::read_text(text),
            Item::Null | Item::Json(_) => None,
        }
    }
}

impl<T: Integer + PartialEq + fmt::Display> FieldValue for T {
    fn read_text(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let canonical = digits == "0" && text == "0" || !digits.starts_with('0');
        let number = || text.parse::<i128>().ok().and_then(T::from_wide);
        (canonical && digits.bytes().all(|digit| digit.is_ascii_digit())).then(number)?
    }

    fn text(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_string())
    }
}

impl FieldValue for String {
    fn read_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn text(&self) -> Cow<'_, str> {
        Cow::Borrowed(self)
    }
}

impl FieldValue for bool {
    fn read_text(text: &str) -> Option<Self> {
        match text {
            "1" => Some(true),
            "0" => Some(false),
            _ => None,
        }
    }

    fn text(&self) -> Cow<'_, str> {
        Cow::Borrowed(if *self { "1" } else { "0" })
    }
}

impl FieldValue for f64 {
    fn read_text(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number: &f64| number.is_finite() && number.to_string() == text)
    }

    fn text(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_string())
    }
}

impl FieldValue for FileSource {
    fn read_text(text: &str) -> Option<Self> {
        Some(Self::received(text))
    }

    fn text(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.as_str())
    }
}

/// Null mentions everyone, as one server wrote it.
impl FieldValue for Mention {
    fn read_text(text: &str) -> Option<Self> {
        Some(Self::from(text))
    }

    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::All => Cow::Borrowed("all"),
            Self::User(user) => Cow::Owned(user.to_string()),
            Self::Other(other) => Cow::Borrowed(other.get()),
        }
    }

    fn read(item: &Item<'_>) -> Option<Self> {
        match item {
            Item::Text(text) | Item::Bare(text) => Self::read_text(text),
            Item::Null => Some(Self::All),
            Item::Json(_) => None,
        }
    }
}

impl<'de> Deserialize<'de> for Segment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SegmentVisitor(PhantomData))
    }
}

impl<'de> Deserialize<'de> for FeedSegment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SegmentVisitor(PhantomData))
    }
}

pub(crate) struct SegmentVisitor<S>(pub(crate) PhantomData<S>);

impl<'de, S: Segments> Visitor<'de> for SegmentVisitor<S> {
    type Value = S;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a segment: an object with a `type` and its `data`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<S, A::Error> {
        let mut kind: Option<Cow<'de, str>> = None;
        let mut fields: Option<Fields<'de>> = None;
        // `data` came before `type`: what its values are is not known yet.
        let mut early: Option<Box<RawValue>> = None;
        let mut beside = Vec::new();
        while let Some(key) = entries.next_key_seed(Str)? {
            match (&*key, &kind) {
                ("type", None) => kind = Some(entries.next_value_seed(Str)?),
                ("data", Some(kind)) if fields.is_none() && early.is_none() => {
                    match entries.next_value_seed(Data(S::fields(kind)))? {
                        Ok(read) => fields = Some(read),
                        Err(other) => beside.push((key.into_owned(), other)),
                    }
                }
                ("data", None) if early.is_none() => early = Some(entries.next_value()?),
                _ => beside.push((key.into_owned(), entries.next_value()?)),
            }
        }
        let kind = kind.ok_or_else(|| de::Error::missing_field("type"))?;
        if let Some(data) = early {
            let read = Data(S::fields(&kind)).deserialize(&mut serde_json::Deserializer::from_str(data.get()));
            return match read.map_err(de::Error::custom)? {
                Ok(read) => Ok(S::of(&kind, Fields { beside, ..read })),
                Err(other) => {
                    beside.push(("data".into(), other));
                    Ok(S::of(&kind, Fields { beside, ..Fields::default() }))
                }
            };
        }
        Ok(S::of(&kind, Fields { beside, ..fields.unwrap_or_default() }))
    }
}

/// A string, borrowed where it can be.
struct Str;

impl<'de> DeserializeSeed<'de> for Str {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Str {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text))
    }
}

/// The data of a segment whose type has these fields; what is no object comes back as it is.
struct Data(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for Data {
    type Value = Result<Fields<'de>, Box<RawValue>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

fn raw<E: de::Error>(value: impl Serialize) -> Result<Box<RawValue>, E> {
    to_raw_value(&value).map_err(E::custom)
}

/// A list as it came: what is in it is not read.
fn list<'de, A: SeqAccess<'de>>(mut items: A) -> Result<Box<RawValue>, A::Error> {
    let mut json = String::from("[");
    while let Some(item) = items.next_element::<Box<RawValue>>()? {
        json.push_str(if json.len() > 1 { "," } else { "" });
        json.push_str(item.get());
    }
    RawValue::from_string(json + "]").map_err(de::Error::custom)
}

/// An object as it came, likewise.
fn object<'de, A: MapAccess<'de>>(mut entries: A) -> Result<Box<RawValue>, A::Error> {
    let mut json = String::from("{");
    while let Some((name, value)) = entries.next_entry::<String, Box<RawValue>>()? {
        json.push_str(if json.len() > 1 { "," } else { "" });
        json.push_str(raw::<A::Error>(name)?.get());
        json.push(':');
        json.push_str(value.get());
    }
    RawValue::from_string(json + "}").map_err(de::Error::custom)
}

impl<'de> Visitor<'de> for Data {
    type Value = Result<Fields<'de>, Box<RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the data of a segment")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut fields = Fields::default();
        while let Some(name) = entries.next_key_seed(Str)? {
            let item = match self.0.contains(&&*name) {
                true => entries.next_value_seed(Scalar)?,
                false => Item::Json(entries.next_value()?),
            };
            fields.add(name, item);
        }
        Ok(Ok(fields))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Ok(Fields::default()))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        raw(value).map(Err)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        raw(value).map(Err)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        raw(value).map(Err)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
        raw(value).map(Err)
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Self::Value, E> {
        raw(value).map(Err)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        list(items).map(Err)
    }
}

/// The value of a field that the type knows.
struct Scalar;

impl<'de> DeserializeSeed<'de> for Scalar {
    type Value = Item<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Scalar {
    type Value = Item<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Item<'de>, E> {
        Ok(Item::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Item<'de>, E> {
        Ok(Item::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Item<'de>, E> {
        Ok(Item::Text(Cow::Owned(text)))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Item<'de>, E> {
        Ok(Item::Bare(Cow::Borrowed(if value { "true" } else { "false" })))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Item<'de>, E> {
        Ok(Item::Bare(Cow::Owned(value.to_string())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Item<'de>, E> {
        Ok(Item::Bare(Cow::Owned(value.to_string())))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Item<'de>, E> {
        Ok(Item::Json(raw(value)?))
    }

    fn visit_unit<E>(self) -> Result<Item<'de>, E> {
        Ok(Item::Null)
    }

    fn visit_none<E>(self) -> Result<Item<'de>, E> {
        Ok(Item::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Item<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Item<'de>, A::Error> {
        list(items).map(Item::Json)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Item<'de>, A::Error> {
        object(entries).map(Item::Json)
    }
}

// ---- Writing ----

/// A value of a segment's data on its way out. For generated code.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub enum Written<'s> {
    /// A string.
    Text(Cow<'s, str>),
    /// Anything else, as it came.
    Json(&'s RawValue),
}

/// Takes a segment's data, field by field. For generated code.
#[doc(hidden)]
pub struct Writing<'s, 'f> {
    emit: &'f mut dyn FnMut(&'s str, Written<'s>),
    extra: &'s Extra,
    /// Names in `extra` whose value is out of date, since the typed field says another.
    stale: Vec<&'s str>,
}

impl<'s, 'f> Writing<'s, 'f> {
    /// Begins with a segment whose further fields are `extra`.
    pub fn new(extra: &'s Extra, emit: &'f mut dyn FnMut(&'s str, Written<'s>)) -> Self {
        Self { emit, extra, stale: Vec::new() }
    }

    /// A field under its name, or under that of its other names under which it came.
    pub fn value<T: FieldValue>(&mut self, names: &'static [&'static str], value: &'s T) {
        if self.in_extra(names, Some(value)) {
            return;
        }
        (self.emit)(names[0], Written::Text(value.text()));
    }

    /// The same for a field that may be absent.
    pub fn option<T: FieldValue>(&mut self, names: &'static [&'static str], value: &'s Option<T>) {
        match value {
            Some(value) => self.value(names, value),
            None => drop(self.in_extra(names, None::<&T>)),
        }
    }

    /// Whether `extra` says so already; what in it says otherwise is marked as stale.
    fn in_extra<T: FieldValue>(&mut self, names: &[&str], value: Option<&T>) -> bool {
        let mut said = false;
        for (name, json) in self.extra.fields() {
            let Some(place) = names.iter().position(|known| known == name) else { continue };
            let read = T::read(&Item::of_json(json));
            match (&read, value) {
                // Under its own name a second value is a repetition, and what does not fit was never typed.
                (Some(_), _) if place == 0 => {}
                (None, Some(_)) if place == 0 => self.stale.push(name),
                (None, _) => {}
                (Some(read), Some(value)) if read == value && !said => said = true,
                (Some(_), _) => self.stale.push(name),
            }
        }
        said
    }

    /// The further fields.
    pub fn rest(self) {
        for (name, value) in self.extra.fields() {
            if !self.stale.contains(&name.as_str()) {
                (self.emit)(name, Written::Json(value));
            }
        }
    }
}

impl Serialize for Segment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(self, serializer)
    }
}

impl Serialize for FeedSegment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(self, serializer)
    }
}

/// `{ "type": …, "data": { … } }`: the type first, so that reading need not wait for it.
fn serialize<T: Segments, S: Serializer>(segment: &T, serializer: S) -> Result<S::Ok, S::Error> {
    let beside = segment.extra().map(Extra::beside).unwrap_or_default();
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("type", segment.kind())?;
    if !beside.iter().any(|(name, _)| name == "data") {
        map.serialize_entry("data", &DataOf(segment))?;
    }
    for (name, value) in beside {
        map.serialize_entry(name, value)?;
    }
    map.end()
}

struct DataOf<'a, T>(&'a T);

impl<T: Segments> Serialize for DataOf<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let mut outcome = Ok(());
        self.0.each(&mut |name, value| {
            if outcome.is_ok() {
                outcome = match value {
                    Written::Text(text) => map.serialize_entry(name, &*text),
                    Written::Json(json) => map.serialize_entry(name, json),
                };
            }
        });
        outcome?;
        map.end()
    }
}
