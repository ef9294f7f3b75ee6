//! Segments from and to JSON. The data is read and written field by field; unknown fields are kept unchanged.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use crate::generated::segment::{FeedSegment, Segment};
use crate::segment::extra::{Extra, Rest};
use crate::segment::fields::{Fields, Item};
use crate::segment::unknown::UnknownSegment;
use crate::segment::writing::{Writing, Written};

/// The type of one kind of segment, which reads and writes the segment's data. For generated code.
#[doc(hidden)]
pub trait SegmentType: Sized {
    /// The names of the fields, including other servers' names for them.
    const FIELDS: &'static [&'static str];

    /// Reads the segment; `None` if a required field is missing.
    fn read(fields: &mut Fields<'_>) -> Option<Self>;

    /// Writes the data, field by field.
    fn write<'s>(&'s self, out: Writing<'s, '_>);

    /// Returns the unknown fields.
    fn extra(&self) -> &Extra;
}

/// An enum of segments. For generated code.
#[doc(hidden)]
pub trait Segments: Sized {
    /// Returns the names of a type's fields. Their values are read as text; all others are kept unchanged.
    fn fields(kind: &str) -> &'static [&'static str];
    /// Reads a segment; `None` if the type is unknown or a required field is missing.
    fn read(kind: &str, fields: &mut Fields<'_>) -> Option<Self>;
    /// Wraps a segment that is kept unchanged.
    fn unknown(segment: UnknownSegment) -> Self;
    /// Returns the segment's type on the wire.
    fn kind(&self) -> &str;
    /// Calls `emit` with each field of the data.
    fn each<'s>(&'s self, emit: &mut dyn FnMut(&'s str, Written<'s>));
    /// Returns the fields that the segment's type does not know.
    fn extra(&self) -> Option<&Extra>;

    /// Reads a segment, or keeps it as an unknown one.
    fn from_fields(kind: &str, mut fields: Fields<'_>) -> Self {
        Self::read(kind, &mut fields)
            .unwrap_or_else(|| Self::unknown(UnknownSegment { kind: kind.to_owned(), data: fields.into_extra() }))
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
        // `data` that came before `type`: the types of its values are not known yet.
        let mut early: Option<Box<RawValue>> = None;
        let mut beside = Vec::new();
        while let Some(key) = entries.next_key_seed(StrSeed)? {
            match (&*key, &kind) {
                ("type", None) => kind = Some(entries.next_value_seed(StrSeed)?),
                ("data", Some(kind)) if data.is_none() && early.is_none() => {
                    data = Some(entries.next_value_seed(DataSeed(S::fields(kind)))?);
                }
                ("data", None) if early.is_none() => early = Some(entries.next_value()?),
                _ => beside.push((key.into_owned(), entries.next_value()?)),
            }
        }
        let kind = kind.ok_or_else(|| de::Error::missing_field("type"))?;
        let Some(early) = early else {
            return Ok(assemble(&kind, data.unwrap_or_else(|| Ok(Fields::default())), beside));
        };
        let read = DataSeed(S::fields(&kind)).deserialize(&mut serde_json::Deserializer::from_str(early.get()));
        // The line and column in the error count from the start of the data. The words behind them keep serde_json from
        // taking them for a position in the whole text.
        let read = read.map_err(|error| de::Error::custom(format_args!("{error} of the data of a segment")))?;
        Ok(assemble(&kind, read, beside))
    }
}

/// Creates a segment from its type, its data (an error if it is not an object) and the entries beside them.
fn assemble<S: Segments>(
    kind: &str,
    data: Result<Fields<'_>, Box<RawValue>>,
    beside: Vec<(String, Box<RawValue>)>,
) -> S {
    let (mut fields, data) = match data {
        Ok(fields) => (fields, None),
        Err(data) => (Fields::default(), Some(data)),
    };
    fields.rest = Rest { data, beside };
    S::from_fields(kind, fields)
}

/// Reads a string, borrowed if nothing in it is escaped.
struct StrSeed;

impl<'de> DeserializeSeed<'de> for StrSeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for StrSeed {
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

/// Reads the data of a segment whose type has these fields. The inner `Err` holds data that is not an object.
struct DataSeed(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for DataSeed {
    type Value = Result<Fields<'de>, Box<RawValue>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

fn raw<E: de::Error>(value: impl Serialize) -> Result<Box<RawValue>, E> {
    to_raw_value(&value).map_err(E::custom)
}

/// Collects a list as JSON text, without decoding its items.
fn raw_list<'de, A: SeqAccess<'de>>(mut items: A) -> Result<Box<RawValue>, A::Error> {
    let mut json = String::from("[");
    while let Some(item) = items.next_element::<Box<RawValue>>()? {
        json.push_str(if json.len() > 1 { "," } else { "" });
        json.push_str(item.get());
    }
    RawValue::from_string(json + "]").map_err(de::Error::custom)
}

/// Collects an object as JSON text, without decoding its values.
fn raw_object<'de, A: MapAccess<'de>>(mut entries: A) -> Result<Box<RawValue>, A::Error> {
    let mut json = String::from("{");
    while let Some((name, value)) = entries.next_entry::<String, Box<RawValue>>()? {
        json.push_str(if json.len() > 1 { "," } else { "" });
        json.push_str(raw::<A::Error>(name)?.get());
        json.push(':');
        json.push_str(value.get());
    }
    RawValue::from_string(json + "}").map_err(de::Error::custom)
}

impl<'de> Visitor<'de> for DataSeed {
    type Value = Result<Fields<'de>, Box<RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the data of a segment")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut fields = Fields::default();
        while let Some(name) = entries.next_key_seed(StrSeed)? {
            let item = match self.0.contains(&&*name) {
                true => entries.next_value_seed(ValueSeed)?,
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

    /// Refuses a float, which would not be sent on unchanged.
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
        Err(E::invalid_type(Unexpected::Float(value), &self))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Self::Value, E> {
        raw(value).map(Err)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        raw_list(items).map(Err)
    }
}

/// Reads the value of a field that the type knows.
struct ValueSeed;

impl<'de> DeserializeSeed<'de> for ValueSeed {
    type Value = Item<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed {
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
        // Beyond 2^53 a float does not say exactly which number was sent.
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
        raw_list(items).map(Item::Json)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Item<'de>, A::Error> {
        raw_object(entries).map(Item::Json)
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

/// Writes `{ "type": …, "data": { … } }`, with the type first so that readers know it before the data.
fn serialize<T: Segments, S: Serializer>(segment: &T, serializer: S) -> Result<S::Ok, S::Error> {
    let rest = segment.extra().and_then(Extra::rest);
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("type", segment.kind())?;
    match rest.and_then(|rest| rest.data.as_ref()) {
        Some(data) if writes_no_data(segment) => map.serialize_entry("data", data)?,
        _ => map.serialize_entry("data", &DataOf(segment))?,
    }
    for (name, value) in rest.map(|rest| &*rest.beside).unwrap_or_default() {
        map.serialize_entry(name, value)?;
    }
    map.end()
}

fn writes_no_data<T: Segments>(segment: &T) -> bool {
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
