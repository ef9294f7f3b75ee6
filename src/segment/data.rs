//! How the data of a segment is read and written: field by field, what its type does not know kept as it came.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use super::{Extra, FeedSegment, Field, Mention, Rest, Role, Segment, UnknownSegment};
use crate::FileSource;
use crate::lenient::Integer;

/// A segment's type: where its data is read and written. For generated code.
#[doc(hidden)]
pub trait SegmentType: Sized {
    /// The names of its fields, those under which other servers send them included.
    const FIELDS: &'static [&'static str];

    /// `None` where something is missing that it cannot be without.
    fn read(fields: &mut Fields<'_>) -> Option<Self>;

    /// Writes its data, field by field.
    fn write<'s>(&'s self, out: Writing<'s, '_>);

    /// What it does not know.
    fn extra(&self) -> &Extra;
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
    items: Vec<(Cow<'a, str>, Item<'a>, Role)>,
    /// How many of them no field has claimed: of a type's many fields, few are there.
    free: usize,
    rest: Rest,
}

impl<'a> Fields<'a> {
    pub(crate) fn with(rest: Option<&Rest>) -> Self {
        Self { items: Vec::new(), free: 0, rest: rest.cloned().unwrap_or_default() }
    }

    pub(crate) fn push(&mut self, name: impl Into<Cow<'a, str>>, item: Item<'a>) {
        self.items.push((name.into(), item, Role::Free));
        self.free += 1;
    }

    /// The field under the first of these names that holds such a value.
    pub fn required<T: FieldValue>(&mut self, names: &[&str]) -> Option<T> {
        let (index, value) = self.find(names)?;
        self.mark(index, &value, names);
        Some(value)
    }

    /// The same, or nothing.
    pub fn optional<T: FieldValue>(&mut self, names: &[&str]) -> Option<T> {
        if self.free == 0 {
            return None;
        }
        let found = self.required(names);
        if found.is_none() {
            // A value that is null says the same as none.
            let before = self.items.len();
            self.items.retain(|(name, item, _)| name != names[0] || !item.is_null());
            self.free -= before - self.items.len();
        }
        found
    }

    fn find<T: FieldValue>(&self, names: &[&str]) -> Option<(usize, T)> {
        names.iter().find_map(|wanted| {
            let items = self.items.iter().enumerate().filter(|(_, (name, ..))| name == wanted);
            items.filter_map(|(index, (_, item, _))| T::read(item).map(|value| (index, value))).next()
        })
    }

    /// What came under another of its names stays in `extra`, and so goes back out under that.
    fn mark<T: FieldValue>(&mut self, found: usize, value: &T, names: &[&str]) {
        for (index, (name, item, role)) in self.items.iter_mut().enumerate() {
            let claimed = match () {
                () if index == found && name == names[0] => Role::Typed,
                () if index == found => Role::Source,
                () if !names.contains(&&**name) => continue,
                () if T::read(item).as_ref() == Some(value) => Role::Echo,
                () => Role::Rival,
            };
            self.free -= usize::from(*role == Role::Free);
            *role = claimed;
        }
    }

    /// What is left, for `extra`.
    pub fn rest(&mut self) -> Extra {
        let left = std::mem::take(&mut self.items).into_iter().filter(|(.., role)| *role != Role::Typed);
        let field = |(name, item, role): (Cow<'_, str>, Item<'_>, _)| Field {
            name: name.into_owned(),
            value: item.into_json(),
            role,
        };
        Extra::new(left.map(field).collect(), std::mem::take(&mut self.rest))
    }

    fn into_extra(mut self) -> Extra {
        for (.., role) in &mut self.items {
            *role = Role::Free;
        }
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
        let mut data: Option<Result<Fields<'de>, Box<RawValue>>> = None;
        // `data` came before `type`: what its values are is not known yet.
        let mut early: Option<Box<RawValue>> = None;
        let mut beside = Vec::new();
        while let Some(key) = entries.next_key_seed(Str)? {
            match (&*key, &kind) {
                ("type", None) => kind = Some(entries.next_value_seed(Str)?),
                ("data", Some(kind)) if data.is_none() && early.is_none() => {
                    data = Some(entries.next_value_seed(Data(S::fields(kind)))?);
                }
                ("data", None) if early.is_none() => early = Some(entries.next_value()?),
                _ => beside.push((key.into_owned(), entries.next_value()?)),
            }
        }
        let kind = kind.ok_or_else(|| de::Error::missing_field("type"))?;
        let Some(early) = early else {
            return Ok(whole(&kind, data.unwrap_or_else(|| Ok(Fields::default())), beside));
        };
        let read = Data(S::fields(&kind)).deserialize(&mut serde_json::Deserializer::from_str(early.get()));
        // The place that the error names is one in the data; not at the end of a text, serde_json takes it for no other.
        let read = read.map_err(|error| de::Error::custom(format_args!("{error} of the data of a segment")))?;
        Ok(whole(&kind, read, beside))
    }
}

fn whole<S: Segments>(kind: &str, data: Result<Fields<'_>, Box<RawValue>>, beside: Vec<(String, Box<RawValue>)>) -> S {
    let (mut fields, data) = match data {
        Ok(fields) => (fields, None),
        Err(data) => (Fields::default(), Some(data)),
    };
    fields.rest = Rest { data, beside };
    S::of(kind, fields)
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
            fields.push(name, item);
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

    /// A float would not go back out as it came.
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
        Err(E::invalid_type(Unexpected::Float(value), &self))
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
        // Beyond 2^53 a float no longer says which number came.
        if value.abs() > 9_007_199_254_740_992.0 {
            return Err(E::invalid_value(Unexpected::Float(value), &"a number of at most 64 bits"));
        }
        Ok(Item::Bare(Cow::Owned(raw::<E>(value)?.get().to_owned())))
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
    /// Which of the fields in `extra` are out of date, since the typed field says another.
    stale: Vec<usize>,
}

impl<'s, 'f> Writing<'s, 'f> {
    /// Begins with a segment whose further fields are `extra`.
    pub fn new(extra: &'s Extra, emit: &'f mut dyn FnMut(&'s str, Written<'s>)) -> Self {
        Self { emit, extra, stale: Vec::new() }
    }

    /// A field under its name, or under that of its other names under which it came.
    pub fn value<T: FieldValue>(&mut self, names: &'static [&'static str], value: &'s T) {
        if !self.is_in_extra(names, Some(value)) {
            (self.emit)(names[0], Written::Text(value.text()));
        }
    }

    /// The same for a field that may be absent.
    pub fn option<T: FieldValue>(&mut self, names: &'static [&'static str], value: &'s Option<T>) {
        match value {
            Some(value) => self.value(names, value),
            None => drop(self.is_in_extra(names, None::<&T>)),
        }
    }

    /// Whether `extra` says so already; what in it is out of date is marked as stale.
    fn is_in_extra<T: FieldValue>(&mut self, names: &[&str], value: Option<&T>) -> bool {
        // By far the most segments hold nothing besides.
        if self.extra.0.is_none() {
            return false;
        }
        let fields = self.extra.fields().iter().enumerate();
        let fields = fields.filter(|(_, field)| names.contains(&field.name.as_str()));
        let says_so = |field: &Field| value.is_some() && T::read(&Item::of_json(&field.value)).as_ref() == value;
        let is_source = |field: &Field| field.role == Role::Source;
        let said = fields.clone().any(|(_, field)| is_source(field) && says_so(field));
        let changed = !said && fields.clone().any(|(_, field)| is_source(field));
        let stale = fields.filter(|(_, field)| match field.role {
            Role::Free => value.is_some(),
            Role::Rival => value.is_none() || changed,
            Role::Typed | Role::Source | Role::Echo => !says_so(field),
        });
        self.stale.extend(stale.map(|(index, _)| index));
        said
    }

    /// The further fields.
    pub fn rest(mut self) {
        self.stale.sort_unstable();
        for (index, field) in self.extra.fields().iter().enumerate() {
            if self.stale.binary_search(&index).is_err() {
                (self.emit)(&field.name, Written::Json(&field.value));
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
    let rest = segment.extra().and_then(Extra::rest);
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("type", segment.kind())?;
    match rest.and_then(|rest| rest.data.as_ref()) {
        Some(data) if has_no_data(segment) => map.serialize_entry("data", data)?,
        _ => map.serialize_entry("data", &DataOf(segment))?,
    }
    for (name, value) in rest.map(|rest| &*rest.beside).unwrap_or_default() {
        map.serialize_entry(name, value)?;
    }
    map.end()
}

fn has_no_data<T: Segments>(segment: &T) -> bool {
    let mut nothing = true;
    segment.each(&mut |_, _| nothing = false);
    nothing
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
