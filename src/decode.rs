//! Decoding: one core, compiled once, that reads what servers send whatever its quirks are.
//!
//! A type lists its fields and their names ([`decode_object!`](crate::decode_object)), and the core reads them: under each of
//! their names, in each JSON form. A field that cannot be read is absent, an element that cannot be read is left out of its list,
//! and a [`DecodeWarning`] names the path. Only an object that lacks a required field does not fit; the core reads on behind it,
//! so that what contains it stays readable.

mod fill;
mod macros;
mod object;
mod put;
mod raw;
mod reading;
mod seed;
mod segment;
mod shape;
mod sink;
mod slot;
mod types;
mod warning;

use std::borrow::Cow;

use serde::de::Error as _;
use serde::{Deserializer, de};
use serde_json::value::RawValue;

use self::fill::{Borrowed, Copied, Source, fill_text};
pub(crate) use self::raw::{raw_text, scalar_text, without_halves};
pub use self::reading::{Decode, boxed};
pub use self::shape::{Field, Key, Missing, Presence, Shape, capacity, count, fields, keys, no_field, places};
pub(crate) use self::slot::Entry;
pub use self::slot::{
    Decoded, FieldSlot, Found, JsonFit, Object, Reading, SegmentData, SetEvent, SetField, SetJson, SetMessage,
    SetTarget, Sink, Slot, Stop, Value,
};
pub(crate) use self::types::ReadCustom;
pub use self::types::{FromText, Integer};
use self::warning::OuterText;
pub use self::warning::{Context, DecodeWarning, Unfit};
pub(crate) use self::warning::{Step, log};

/// Reads a list, each element with `read`; an element that does not fit is left out.
pub(crate) fn list<T>(
    value: &mut dyn Value<'_>,
    context: &mut Context,
    read: fn(&mut dyn Value<'_>, &mut Context) -> Decoded<T>,
) -> Decoded<Vec<T>> {
    struct Elements<'c, T> {
        list: Vec<T>,
        index: usize,
        context: &'c mut Context,
        read: fn(&mut dyn Value<'_>, &mut Context) -> Decoded<T>,
    }

    impl<'de, T> Sink<'de> for Elements<'_, T> {
        fn element(&mut self, value: &mut dyn Value<'de>) -> Result<(), Stop> {
            let step = Step::Index(self.index);
            self.index += 1;
            match self.context.within(step, |context| (self.read)(value, context))? {
                Reading::Value(value) => self.list.push(value),
                Reading::Absent => self.context.warn(Unfit::new("it is null or empty, and left out").within(step)),
                Reading::Unfit(unfit) => self.context.warn(unfit.within(step)),
            }
            Ok(())
        }
    }

    let mut elements = Elements { list: Vec::new(), index: 0, context, read };
    Ok(match value.read(&mut elements)? {
        Found::List(_) => Reading::Value(elements.list),
        Found::Null => Reading::Absent,
        found => Reading::Unfit(Unfit::kind(found.kind(), "a list")),
    })
}

/// Reads a whole JSON text. Of an emoji that was cut in half, and of bytes that are not UTF-8, U+FFFD is left.
pub(crate) fn whole<T>(
    json: &[u8],
    context: &mut Context,
    mut read: impl FnMut(&mut dyn Value<'_>, &mut Context) -> Result<T, Stop>,
) -> serde_json::Result<T> {
    let mut result = None;
    read_whole(&text_of(json), context, &mut |value, context| {
        result = Some(read(value, context)?);
        Ok(())
    })?;
    result.ok_or_else(|| serde_json::Error::custom("the value was not read"))
}

/// Returns JSON as text, with U+FFFD for bytes that are not UTF-8. It is checked once: serde_json would check each string.
pub(crate) fn text_of(json: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(json) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(json),
    }
}

/// Reads a value, and keeps it.
type ReadInto<'r> = &'r mut dyn FnMut(&mut dyn Value<'_>, &mut Context) -> Result<(), Stop>;

/// As [`whole`], but compiled once.
fn read_whole(json: &str, context: &mut Context, read: ReadInto<'_>) -> serde_json::Result<()> {
    repairing(json, context, &mut |json, context| {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        Source::<_, _, Borrowed>::new(&mut deserializer).read_with(|value| read(value, context))?;
        deserializer.end()
    })
}

/// Reads a text with `read`. If that does not succeed at once, it is read again: see [`again`].
#[inline]
fn repairing<T>(
    json: &str,
    context: &mut Context,
    read: &mut dyn FnMut(&str, &mut Context) -> serde_json::Result<T>,
) -> serde_json::Result<T> {
    let outer = context.begin_text();
    let result = match read(json, context) {
        Ok(result) if !context.is_inexact() => Ok(result),
        first => again(first, json, context, &outer, read),
    };
    context.end_text(outer);
    result
}

/// Reads a text once more with all values of segments taken raw, and once more with U+FFFD in place of each half of an emoji if it
/// still cannot be read.
#[cold]
fn again<T>(
    first: serde_json::Result<T>,
    json: &str,
    context: &mut Context,
    outer: &OuterText,
    read: &mut dyn FnMut(&str, &mut Context) -> serde_json::Result<T>,
) -> serde_json::Result<T> {
    let mut result = first;
    if context.make_exact(outer) {
        result = read(json, context);
    }
    if result.is_err()
        && let Some(repaired) = without_halves(json)
    {
        context.reset(outer.warnings());
        result = read(&repaired, context);
    }
    result
}

/// Reads a whole JSON text into the slot of a value; nothing if it has no slot.
#[inline]
pub(crate) fn fill<T>(
    json: &str,
    context: &mut Context,
    value: &mut T,
    slot: fn(&mut T) -> Option<Slot<'_>>,
) -> serde_json::Result<Reading<()>> {
    repairing(json, context, &mut |json, context| match slot(value) {
        Some(mut slot) => fill_text(&mut slot, json, context),
        None => Ok(Reading::Absent),
    })
}

/// Reads a part of a JSON text that was taken raw.
pub(crate) fn part<T: Decode>(raw: &RawValue, context: &mut Context) -> Reading<T> {
    let read = whole(raw.get().as_bytes(), context, T::decode);
    read.unwrap_or_else(|error| Reading::Unfit(Unfit::quoting(&error)))
}

/// Passes the parts of JSON text that was taken raw to a sink.
pub(crate) fn raw_parts<'de>(raw: &'de RawValue, sink: &mut dyn Sink<'de>) -> serde_json::Result<Found<'de>> {
    let mut deserializer = serde_json::Deserializer::from_str(raw.get());
    Source::<_, _, Borrowed>::new(&mut deserializer).read_with(|value| value.read(sink))
}

/// Reads one value; `None` if it is null or does not fit.
pub(crate) fn value<T: Decode>(raw: &RawValue) -> Option<T> {
    match part(raw, &mut Context::default()) {
        Reading::Value(value) => Some(value),
        Reading::Absent | Reading::Unfit(_) => None,
    }
}

/// Returns `true` for the value of an absent field that decides, which is not written.
pub fn is_unlisted<T: From<String> + PartialEq>(value: &T) -> bool {
    *value == T::from(String::new())
}

/// Reads a value for serde's `Deserialize`. What is passed over is not told.
pub fn deserialize<'de, T: Decode, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let mut context = Context::exact();
    finish(Source::<D, D::Error, Copied>::new(deserializer).read_with(|value| T::decode(value, &mut context))?)
}

/// Reads a value for serde's `Deserialize`, and fails if anything would be passed over.
pub fn deserialize_strictly<'de, T: Decode, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let mut context = Context::strict();
    let outcome = Source::<D, D::Error, Copied>::new(deserializer).read_with(|value| T::decode(value, &mut context))?;
    match context.into_warnings().into_iter().next() {
        None => finish(outcome).map(|mut value: T| {
            value.settle();
            value
        }),
        Some(warning) => Err(D::Error::custom(warning)),
    }
}

fn finish<T: Decode, E: de::Error>(outcome: Reading<T>) -> Result<T, E> {
    match outcome {
        Reading::Value(value) => Ok(value),
        Reading::Absent => T::empty().ok_or_else(|| E::custom("nothing where a value is expected")),
        Reading::Unfit(unfit) => Err(E::custom(unfit.into_warning())),
    }
}
