//! Values of a segment's data, as they are read and as they are written.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use crate::decode::scalar_text;
use crate::segment::escape::unescape;

/// A value of a segment's data. For generated code.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub enum Item<'a> {
    /// The value of a CQ code, still escaped.
    Escaped(&'a str),
    /// A text.
    Text(Cow<'a, str>),
    /// Any value, as JSON text.
    Json(Cow<'a, RawValue>),
}

impl Item<'_> {
    /// Returns the text of a string, a number or a flag; `None` for null, a list and an object.
    pub(crate) fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Escaped(text) => Some(unescape(text)),
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Json(json) => scalar_text(json),
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Json(json) if json.get() == "null")
    }

    pub(crate) fn into_json(self) -> Box<RawValue> {
        match self {
            Self::Escaped(text) => Item::Text(unescape(text)).into_json(),
            Self::Text(text) => to_raw_value(&text).unwrap_or_else(|_| RawValue::NULL.to_owned()),
            Self::Json(json) => json.into_owned(),
        }
    }
}

/// A value of a segment's data that is being written. For generated code.
#[doc(hidden)]
pub enum Written<'s> {
    /// A string.
    Text(Cow<'s, str>),
    /// A number, written as a string.
    Number(i128),
    /// Any other value, as JSON text.
    Json(Cow<'s, RawValue>),
}

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => with_digits(*number, |digits| serializer.serialize_str(digits)),
            Self::Json(json) => json.serialize(serializer),
        }
    }
}

/// Calls `write` with the digits of a number.
pub(crate) fn with_digits<T>(number: i128, write: impl FnOnce(&str) -> T) -> T {
    let mut digits = itoa::Buffer::new();
    match i64::try_from(number) {
        // The digits of a shorter integer are found in less time.
        Ok(number) => write(digits.format(number)),
        Err(_) => write(digits.format(number)),
    }
}
