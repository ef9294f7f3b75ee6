//! Segments from and to JSON. The data is read and written field by field; unknown fields are kept unchanged.

use std::borrow::Cow;

use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::decode::{
    Context, Decode, Decoded, Entry, ReadCustom, Reading, SegmentData, Sink, Stop, Value, raw_parts, raw_text,
};
use crate::generated::segment::{FeedSegment, Segment};
use crate::segment::extra::{Extra, Rest};
use crate::segment::fields::Fields;
use crate::segment::item::{Item, Written};
use crate::segment::unknown::UnknownSegment;
use crate::segment::writing::Writing;

/// The type of one kind of segment, which reads and writes the segment's data. For generated code.
#[doc(hidden)]
pub trait SegmentType: Sized {
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
    /// Reads a segment; `None` if the type is unknown or a required field is missing.
    fn read(kind: &str, fields: &mut Fields<'_>) -> Option<Self>;
    /// Returns a segment of this type to be filled in.
    fn blank(kind: &str) -> Self;
    /// Returns the data to fill in.
    fn data(&mut self) -> &mut dyn SegmentData;
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
        deserialize(deserializer)
    }
}

impl<'de> Deserialize<'de> for FeedSegment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize(deserializer)
    }
}

/// Reads one segment alone. Here, anything else is an error.
fn deserialize<'de, S: Segments, D: Deserializer<'de>>(deserializer: D) -> Result<S, D::Error> {
    let segment: S = segment_of(&Box::<RawValue>::deserialize(deserializer)?);
    match segment.extra().is_some_and(Extra::is_whole) {
        true => Err(D::Error::custom("not a segment: an object with a `type` that is a string, and its `data`")),
        false => Ok(segment),
    }
}

impl Decode for FeedSegment {
    fn blank() -> Self {
        Self::Unknown(UnknownSegment::new(""))
    }

    crate::__slots!(Custom);
}

impl ReadCustom for FeedSegment {
    fn read(&mut self, value: &mut dyn Value<'_>, _: &mut Context) -> Decoded<()> {
        *self = segment_of(&value.raw()?);
        Ok(Reading::Value(()))
    }
}

/// Reads a segment. A value that is not a segment is kept as an unknown one.
pub(crate) fn segment_of<S: Segments>(raw: &RawValue) -> S {
    let mut parts = SegmentParts::default();
    match raw.get().starts_with('{').then(|| raw_parts(raw, &mut parts)) {
        Some(Ok(_)) => parts.finish(raw),
        Some(Err(_)) | None => whole(raw.to_owned()),
    }
}

/// Keeps a value that is not a segment.
pub(crate) fn whole<S: Segments>(json: Box<RawValue>) -> S {
    let data = Extra::new(Vec::new(), Rest { whole: Some(json), ..Rest::default() });
    S::unknown(UnknownSegment { kind: String::new(), data })
}

/// The parts of a segment while it is read.
#[derive(Default)]
struct SegmentParts<'de> {
    kind: Option<String>,
    data: Option<Data<'de>>,
    /// The entries beside the type and the data.
    beside: Vec<Entry<'de>>,
    /// The key of the entry that comes next.
    key: Cow<'de, str>,
}

/// The fields of a segment's data, or the data itself if it is not an object.
type Data<'de> = (Fields<'de>, Option<Box<RawValue>>);

impl<'de> Sink<'de> for SegmentParts<'de> {
    fn key(&mut self, key: Cow<'de, str>) -> bool {
        self.key = key;
        true
    }

    fn entry(&mut self, value: &mut dyn Value<'de>) -> Result<(), Stop> {
        let raw = value.raw()?;
        if self.key == "data" && self.data.is_none() {
            self.data = Some(data_of(&raw));
            return Ok(());
        }
        match raw_text(&raw) {
            Some(kind) if self.key == "type" && self.kind.is_none() => self.kind = Some(kind.into_owned()),
            _ => self.beside.push((std::mem::take(&mut self.key), raw)),
        }
        Ok(())
    }
}

/// Reads data that was taken raw.
fn data_of<'de>(raw: &RawValue) -> Data<'de> {
    let mut parts = DataParts::default();
    match raw.get().as_bytes().first() {
        Some(b'n') => (Fields::default(), None),
        Some(b'{') if raw_parts(raw, &mut parts).is_ok() => (parts.fields, None),
        _ => (Fields::default(), Some(raw.to_owned())),
    }
}

/// The fields of a segment's data while they are read.
#[derive(Default)]
struct DataParts<'de> {
    fields: Fields<'de>,
    key: String,
}

impl<'text> Sink<'text> for DataParts<'_> {
    fn key(&mut self, key: Cow<'text, str>) -> bool {
        self.key = key.into_owned();
        true
    }

    fn entry(&mut self, value: &mut dyn Value<'text>) -> Result<(), Stop> {
        let raw = Cow::Owned(value.raw()?.into_owned());
        self.fields.push(std::mem::take(&mut self.key), Item::Json(raw));
        Ok(())
    }
}

impl SegmentParts<'_> {
    /// Creates the segment of an object that was read into these parts.
    fn finish<S: Segments>(self, raw: &RawValue) -> S {
        let Some(kind) = self.kind else { return whole(raw.to_owned()) };
        let (mut fields, data) = self.data.unwrap_or_default();
        let beside = self.beside.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned()));
        fields.rest = Rest { data, beside: beside.collect(), whole: None };
        S::from_fields(&kind, fields)
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
    if let Some(whole) = rest.and_then(|rest| rest.whole.as_ref()) {
        return whole.serialize(serializer);
    }
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
                outcome = map.serialize_entry(name, &value);
            }
        });
        outcome?;
        map.end()
    }
}
