//! Decoding: one core, compiled once, that reads what servers send whatever its quirks are.
//!
//! A type lists its fields and their names ([`decode_object!`](crate::decode_object)), and the core reads them: under each of
//! their names, in each JSON form. A field that cannot be read is absent, an element that cannot be read is left out of its list,
//! and a [`DecodeWarning`] names the path. Only an object that lacks a required field does not fit; the core reads on behind it,
//! so that what contains it stays readable.

mod object;
mod reading;
mod repair;
mod scalar;
mod source;
mod value;
mod warning;

use std::borrow::Cow;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserializer, de};
use serde_json::value::RawValue;

pub use self::object::{Field, count, keys, object};
pub use self::reading::{Decode, Decoded, Reading};
pub(crate) use self::repair::without_halves;
pub use self::scalar::{Integer, text};
pub(crate) use self::source::{Borrowed, Copied, Source};
pub use self::value::{Found, Key, Put, Sink, Stop, Value};
pub use self::warning::{Context, DecodeWarning, Unfit};
pub(crate) use self::warning::{Step, log};

/// Reads a list; an element that does not fit is left out.
impl<T: Decode> Decode for Vec<T> {
    fn decode(value: &mut dyn Value<'_>, context: &mut Context) -> Decoded<Self> {
        list(value, context, T::decode)
    }

    fn empty() -> Option<Self> {
        Some(Self::new())
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

/// Takes any value as it came; null is absent.
impl Decode for serde_json::Value {
    fn decode(value: &mut dyn Value<'_>, _: &mut Context) -> Decoded<Self> {
        Ok(match from_raw(&value.raw()?) {
            Ok(Self::Null) => Reading::Absent,
            Ok(value) => Reading::Value(value),
            Err(error) => Reading::Unfit(Unfit::quoting(&error)),
        })
    }
}

/// Reads raw JSON with serde. Of an emoji that was cut in half, U+FFFD is left.
fn from_raw<T: DeserializeOwned>(raw: &RawValue) -> serde_json::Result<T> {
    serde_json::from_str(raw.get()).or_else(|error| match without_halves(raw.get()) {
        Some(repaired) => serde_json::from_str(&repaired),
        None => Err(error),
    })
}

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
    read_whole(json, context, &mut |value, context| {
        result = Some(read(value, context)?);
        Ok(())
    })?;
    result.ok_or_else(|| serde_json::Error::custom("the value was not read"))
}

/// Reads a value, and keeps it.
pub(crate) type ReadInto<'r> = &'r mut dyn FnMut(&mut dyn Value<'_>, &mut Context) -> Result<(), Stop>;

/// As [`whole`], but compiled once.
pub(crate) fn read_whole(json: &[u8], context: &mut Context, read: ReadInto<'_>) -> serde_json::Result<()> {
    let before = context.mark();
    // Checked once: serde_json would check each string.
    let mut text = match std::str::from_utf8(json) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(json),
    };
    let mut result = read_once(&text, context, read);
    if result.is_err()
        && let Some(repaired) = without_halves(&text)
    {
        context.reset(before);
        text = Cow::Owned(repaired);
        result = read_once(&text, context, read);
    }
    if context.needs_exact() {
        context.reset(before);
        result = read_once(&text, context, read);
    }
    result
}

fn read_once(json: &str, context: &mut Context, read: ReadInto<'_>) -> serde_json::Result<()> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    Source::<_, _, Borrowed>::new(&mut deserializer).read_with(|value| read(value, context))?;
    deserializer.end()
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
        None => finish(outcome),
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

/// The text of a raw JSON value that is a string; `None` for any other value.
pub(crate) fn raw_text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let quoted = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', quoted.as_bytes()).is_none() {
        return Some(Cow::Borrowed(quoted));
    }
    from_raw(raw).ok().map(Cow::Owned)
}

/// Reads the fields of an object, each under its names: `group_id: required "group_id", level: optional "level" | "grade",`.
///
/// A field is `required`, `optional`, `decisive` (an enum of texts: an absent one is an unlisted value), `zero` (an absent one is
/// 0), `defaulted` or a `target`.
/// A `strict` type, which no server sends, refuses what it would have to pass over. An `event` is told by its tags, and any other
/// object by one of its keys.
#[doc(hidden)]
#[macro_export]
macro_rules! decode_object {
    (strict $name:ident { $($fields:tt)* }) => {
        $crate::decode_object!(@impl deserialize_strictly false $name { $($fields)* });
    };
    (event $name:ident { $($fields:tt)* }) => {
        $crate::decode_object!(@impl deserialize false $name { $($fields)* });
    };
    ($name:ident { $($fields:tt)* }) => {
        $crate::decode_object!(@impl deserialize true $name { $($fields)* });
    };
    (@impl $deserialize:ident $told:literal $name:ident {
        $($field:ident: $presence:ident $(($default:expr))? $first:literal $(| $alias:literal)*,)*
    }) => {
        impl $name {
            #[allow(unused_mut, unused_variables, reason = "not every object has fields")]
            fn __read(
                value: ::std::option::Option<&mut dyn $crate::__private::decode::Value<'_>>,
                context: &mut $crate::__private::decode::Context,
            ) -> $crate::__private::decode::Decoded<Self> {
                const NAMES: &[&[&str]] = &[$(&[$first $(, $alias)*]),*];
                static KEYS: [$crate::__private::decode::Key; $crate::__private::decode::count(NAMES)] =
                    $crate::__private::decode::keys(NAMES);
                $(let mut $field = $crate::__private::field::$presence();)*
                if let Some(value) = value {
                    match $crate::__private::decode::object(value, $told, &KEYS, &mut [$(&mut $field),*], context)? {
                        $crate::__private::decode::Reading::Value(()) => {}
                        $crate::__private::decode::Reading::Absent => {
                            return Ok($crate::__private::decode::Reading::Absent);
                        }
                        $crate::__private::decode::Reading::Unfit(unfit) => {
                            return Ok($crate::__private::decode::Reading::Unfit(unfit));
                        }
                    }
                }
                Ok($crate::__private::decode::Reading::Value(Self {
                    $($field: match $field.$presence($first, context $(, $default)?) {
                        Ok(value) => value,
                        Err(unfit) => return Ok($crate::__private::decode::Reading::Unfit(unfit)),
                    },)*
                }))
            }
        }

        impl $crate::__private::decode::Decode for $name {
            fn decode(
                value: &mut dyn $crate::__private::decode::Value<'_>,
                context: &mut $crate::__private::decode::Context,
            ) -> $crate::__private::decode::Decoded<Self> {
                Self::__read(Some(value), context)
            }

            fn empty() -> Option<Self> {
                match Self::__read(None, &mut $crate::__private::decode::Context::default()) {
                    Ok($crate::__private::decode::Reading::Value(value)) => Some(value),
                    _ => None,
                }
            }
        }

        impl<'de> $crate::__private::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::__private::decode::$deserialize(deserializer)
            }
        }
    };
}
