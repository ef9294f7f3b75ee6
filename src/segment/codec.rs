//! Segments from and to JSON. The data is read and written field by field; unknown fields are kept unchanged.

use std::borrow::Cow;

use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use crate::decode::{
    Context, Copied, Decode, Decoded, Found, ReadCustom, Reading, SegmentData, Sink, Slot, Source, Stop, Value,
    raw_parts, raw_text,
};
use crate::generated::segment::{FeedSegment, Segment};
use crate::segment::extra::{Extra, Rest};
use crate::segment::fields::{Fields, Item, Written};
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
    /// Returns a segment to be filled in; `None` if the type is unknown.
    fn blank(kind: &str) -> Option<Self>;
    /// Returns the data to fill in; `None` for an unknown segment.
    fn data(&mut self) -> Option<&mut dyn SegmentData>;
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
    let segment = Source::<D, D::Error, Copied>::new(deserializer)
        .read_with(|value| read_segment::<S>(value, &mut Context::exact()))?;
    match segment.extra().is_some_and(Extra::is_whole) {
        true => Err(D::Error::custom("not a segment: an object with a `type` that is a string, and its `data`")),
        false => Ok(segment),
    }
}

impl Decode for FeedSegment {
    fn blank() -> Self {
        Self::Unknown(UnknownSegment::new(""))
    }

    fn slot(&mut self) -> Slot<'_> {
        Slot::Custom(self)
    }

    fn optional(value: &mut Option<Self>) -> Slot<'_> {
        Slot::Custom(value)
    }
}

impl ReadCustom for FeedSegment {
    fn read(&mut self, value: &mut dyn Value<'_>, context: &mut Context) -> Decoded<()> {
        *self = read_segment(value, context)?;
        Ok(Reading::Value(()))
    }
}

/// Reads a segment. A value that is not a segment is kept as an unknown one.
pub(crate) fn read_segment<S: Segments>(value: &mut dyn Value<'_>, context: &mut Context) -> Result<S, Stop> {
    if !context.is_exact() {
        let mut parts = SegmentParts::new(false);
        let found = value.read(&mut parts)?;
        return Ok(parts.finish_in(found, context));
    }
    let raw = value.raw()?;
    let mut parts = SegmentParts::new(true);
    Ok(match raw.get().starts_with('{').then(|| raw_parts(&raw, &mut parts)) {
        Some(Ok(found)) => parts.finish(found),
        Some(Err(_)) | None => whole(raw.into_owned()),
    })
}

/// Keeps a value that is not a segment.
fn whole<S: Segments>(json: Box<RawValue>) -> S {
    let data = Extra::new(Vec::new(), Rest { whole: Some(json), ..Rest::default() });
    S::unknown(UnknownSegment { kind: String::new(), data })
}

/// An entry of an object, taken raw.
type Entry<'de> = (Cow<'de, str>, Cow<'de, RawValue>);

/// The parts of a segment while it is read.
pub(crate) struct SegmentParts<'de, S> {
    /// The segment, if its type came before its data, which is as it should be.
    segment: Option<S>,
    kind: Option<Cow<'de, str>>,
    data: Option<Data<'de>>,
    /// The entries beside the type and the data.
    beside: Vec<Entry<'de>>,
    /// The elements of a list in place of a segment.
    elements: Vec<Cow<'de, RawValue>>,
    /// The key of the entry that comes next.
    key: Cow<'de, str>,
    /// `true` if the data is taken raw before it is read.
    exact: bool,
    /// `true` if a float stands in place of the data.
    pub(crate) inexact: bool,
}

/// The data of a segment.
struct Data<'de> {
    fields: Fields<'de>,
    /// The data, if it is not an object.
    other: Option<Box<RawValue>>,
    /// The number of entries that came before it.
    after: usize,
}

impl<'de, S: Segments> Sink<'de> for SegmentParts<'de, S> {
    fn element(&mut self, value: &mut dyn Value<'de>) -> Result<(), Stop> {
        self.elements.push(value.raw()?);
        Ok(())
    }

    fn key(&mut self, key: Cow<'de, str>) -> bool {
        self.key = key;
        true
    }

    fn entry(&mut self, value: &mut dyn Value<'de>) -> Result<(), Stop> {
        if self.key == "type" && self.kind.is_none() && !self.exact {
            self.take_type(value.scalar()?);
            return Ok(());
        }
        if self.key == "data" && self.data.is_none() && self.segment.is_none() {
            if let Some(mut segment) = self.kind.as_deref().filter(|_| !self.exact).and_then(S::blank)
                && let Some(data) = segment.data()
            {
                let reading = value.fill(&mut Slot::Data(data), &mut Context::default())?;
                self.inexact |= !matches!(reading, Reading::Value(()));
                self.segment = Some(segment);
                return Ok(());
            }
            let (fields, other) = if self.exact { exact_data(&value.raw()?) } else { self.data(value)? };
            self.data = Some(Data { fields, other, after: self.beside.len() });
            return Ok(());
        }
        let raw = value.raw()?;
        match raw_text(&raw) {
            Some(kind) if self.key == "type" && self.kind.is_none() => {
                self.kind = Some(match kind {
                    // The text is a part of the raw value, which may be a copy.
                    Cow::Borrowed(kind) => part_of(&raw, kind),
                    Cow::Owned(kind) => Cow::Owned(kind),
                });
            }
            _ => self.beside.push((std::mem::take(&mut self.key), raw)),
        }
        Ok(())
    }
}

/// Returns the text as a part of the raw value that it was taken from.
fn part_of<'de>(raw: &Cow<'de, RawValue>, text: &str) -> Cow<'de, str> {
    match raw {
        Cow::Borrowed(raw) => Cow::Borrowed(&raw.get()[1..=text.len()]),
        Cow::Owned(_) => Cow::Owned(text.to_owned()),
    }
}

/// Reads data that was taken raw.
fn exact_data<'de>(raw: &RawValue) -> (Fields<'de>, Option<Box<RawValue>>) {
    let mut parts = DataParts::default();
    match raw.get().as_bytes().first() {
        Some(b'n') => (Fields::default(), None),
        Some(b'{') if raw_parts(raw, &mut Owned(&mut parts)).is_ok() => (parts.fields, None),
        _ => (Fields::default(), Some(raw.to_owned())),
    }
}

/// Takes copies of all keys and values.
struct Owned<'p, 'de>(&'p mut DataParts<'de>);

impl<'text> Sink<'text> for Owned<'_, '_> {
    fn key(&mut self, key: Cow<'text, str>) -> bool {
        self.0.key = Cow::Owned(key.into_owned());
        true
    }

    fn entry(&mut self, value: &mut dyn Value<'text>) -> Result<(), Stop> {
        let raw = Cow::Owned(value.raw()?.into_owned());
        self.0.fields.push(std::mem::take(&mut self.0.key), Item::Json(raw));
        Ok(())
    }
}

impl<'de, S: Segments> SegmentParts<'de, S> {
    pub(crate) fn new(exact: bool) -> Self {
        Self {
            segment: None,
            kind: None,
            data: None,
            beside: Vec::new(),
            elements: Vec::new(),
            key: Cow::default(),
            exact,
            inexact: false,
        }
    }

    /// Creates the parts of an object whose segment was made for its type, and perhaps filled.
    pub(crate) fn of(segment: Option<S>, is_filled: bool) -> Self {
        let mut parts = Self::new(false);
        parts.kind = segment.as_ref().map(|segment| Cow::Owned(segment.kind().to_owned()));
        parts.segment = segment.filter(|_| is_filled);
        parts
    }

    /// Takes a type that is unknown or not a string.
    pub(crate) fn take_type(&mut self, found: Found<'de>) {
        match found {
            Found::Text(kind) => self.kind = Some(kind),
            _ => self.inexact = true,
        }
    }

    /// Creates the segment, and notes in `context` if the text has to be read once more.
    pub(crate) fn finish_in(self, found: Found<'de>, context: &mut Context) -> S {
        if self.inexact || matches!(found, Found::Float(_)) {
            context.note_inexact();
        }
        self.finish(found)
    }

    fn data(&mut self, value: &mut dyn Value<'de>) -> Result<(Fields<'de>, Option<Box<RawValue>>), Stop> {
        let mut parts = DataParts::default();
        let found = value.read(&mut parts)?;
        self.inexact |= matches!(found, Found::Float(_));
        let other = (!matches!(found, Found::Null | Found::Object(_))).then(|| json_of(&found, &parts.elements));
        Ok((parts.fields, other))
    }

    /// Creates the segment of a value that was read into these parts.
    pub(crate) fn finish(self, found: Found<'de>) -> S {
        if let Some(mut segment) = self.segment {
            if let (false, Some(data)) = (self.beside.is_empty(), segment.data()) {
                data.extra_mut().set_beside(owned(self.beside));
            }
            return segment;
        }
        let Some(kind) = self.kind else {
            return whole(match found {
                Found::Object(_) => object_of(self.beside, self.data),
                found => json_of(&found, &self.elements),
            });
        };
        let (mut fields, data) = self.data.map(|data| (data.fields, data.other)).unwrap_or_default();
        fields.rest = Rest { data, beside: owned(self.beside), whole: None };
        S::from_fields(&kind, fields)
    }
}

fn owned(entries: Vec<Entry<'_>>) -> Vec<(String, Box<RawValue>)> {
    entries.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// The fields of a segment's data while they are read, or the elements of a list in their place.
#[derive(Default)]
struct DataParts<'de> {
    fields: Fields<'de>,
    elements: Vec<Cow<'de, RawValue>>,
    key: Cow<'de, str>,
}

impl<'de> Sink<'de> for DataParts<'de> {
    fn element(&mut self, value: &mut dyn Value<'de>) -> Result<(), Stop> {
        self.elements.push(value.raw()?);
        Ok(())
    }

    fn key(&mut self, key: Cow<'de, str>) -> bool {
        self.key = key;
        true
    }

    fn entry(&mut self, value: &mut dyn Value<'de>) -> Result<(), Stop> {
        let raw = value.raw()?;
        self.fields.push(std::mem::take(&mut self.key), Item::Json(raw));
        Ok(())
    }
}

/// Returns the JSON of a value that is not an object; `elements` are those of a list.
fn json_of(found: &Found<'_>, elements: &[Cow<'_, RawValue>]) -> Box<RawValue> {
    let json = match found {
        Found::Bool(flag) => flag.to_string(),
        Found::Signed(number) => number.to_string(),
        Found::Unsigned(number) => number.to_string(),
        Found::Float(number) => return raw(number),
        Found::Text(text) => return raw(text),
        Found::List(_) => {
            format!("[{}]", elements.iter().map(|element| element.get()).collect::<Vec<_>>().join(","))
        }
        Found::Null | Found::Object(_) => return RawValue::NULL.to_owned(),
    };
    raw_from(json)
}

/// Returns the JSON of an object that is not a segment.
fn object_of(beside: Vec<Entry<'_>>, data: Option<Data<'_>>) -> Box<RawValue> {
    let mut entries: Vec<_> = beside.iter().map(|(name, value)| format!("{}:{}", raw(name), value.get())).collect();
    if let Some(Data { fields, other, after }) = data {
        let data = other.unwrap_or_else(|| fields.into_json());
        entries.insert(after.min(entries.len()), format!("\"data\":{data}"));
    }
    raw_from(format!("{{{}}}", entries.join(",")))
}

fn raw(value: impl Serialize) -> Box<RawValue> {
    to_raw_value(&value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

fn raw_from(json: String) -> Box<RawValue> {
    RawValue::from_string(json).unwrap_or_else(|_| RawValue::NULL.to_owned())
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
