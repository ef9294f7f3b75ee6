//! Fields of a segment that are JSON on the wire: lists, objects, any value, and numbers and flags that are not texts.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::decode::{self, Decode, JsonFit, SetJson};
use crate::segment::item::Item;

/// The type of such a field. For generated code.
#[doc(hidden)]
pub trait JsonField: Decode + Serialize + PartialEq {
    /// Reads the value; `None` if it is null or does not fit. A text, as in a CQ code, may hold the JSON.
    fn read(item: &Item<'_>) -> Option<Self> {
        let found = match item {
            Item::Json(json) => decode::value(json),
            Item::Escaped(_) | Item::Text(_) => None,
        };
        found.or_else(|| decode::value(&json_of(item)?))
    }

    /// Returns `true` if the value goes back out as it came, so that nothing of it has to be kept.
    fn is_whole(&self, item: &Item<'_>) -> bool {
        let json = match item {
            Item::Json(json) => Some(Cow::Borrowed(json.get())),
            Item::Escaped(_) | Item::Text(_) => json_of(item).map(|json| Cow::Owned(json.get().to_owned())),
        };
        // A value keeps one of two entries with the same key.
        let json = json.filter(|json| serde_json::from_str::<Unique>(json).is_ok());
        let came = json.and_then(|json| serde_json::from_str::<Value>(&json).ok());
        // Through text: a long float may be another number when it is read again.
        came.is_some_and(|came| !has_long(&came) && Some(came) == serde_json::from_str(self.json().get()).ok())
    }

    /// Returns the value as JSON text.
    fn json(&self) -> Box<RawValue> {
        to_raw_value(self).unwrap_or_else(|_| RawValue::NULL.to_owned())
    }
}

impl<T: Decode + Serialize + PartialEq> JsonField for T {}

/// Returns `true` if a number may have been an integer beyond 64 bits, which a value holds as a float.
fn has_long(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64() && number.as_f64().is_some_and(|number| number.abs() >= LONG),
        Value::Array(values) => values.iter().any(has_long),
        Value::Object(entries) => entries.values().any(has_long),
        _ => false,
    }
}

/// The first integer that takes more than 63 bits.
const LONG: f64 = 9_223_372_036_854_775_808.0;

/// Any JSON in which no object has a key twice.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without a key that comes twice")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self, A::Error> {
        let mut keys = HashSet::new();
        while let Some((key, _)) = entries.next_entry::<String, Self>()? {
            if !keys.insert(key) {
                return Err(A::Error::custom("a key that comes twice"));
            }
        }
        Ok(self)
    }
}

/// Returns the JSON that a text holds: a list or an object, or the text itself.
pub(super) fn json_of(item: &Item<'_>) -> Option<Box<RawValue>> {
    let text = item.text()?;
    let whole =
        text.trim_start().starts_with(['[', '{']).then(|| RawValue::from_string(text.clone().into_owned()).ok());
    whole.flatten().or_else(|| to_raw_value(&text).ok())
}

impl<T: JsonField> SetJson for T {
    fn set(&mut self, json: &RawValue) -> JsonFit {
        set(json, |value| *self = value)
    }
}

impl<T: JsonField> SetJson for Option<T> {
    fn set(&mut self, json: &RawValue) -> JsonFit {
        set(json, |value| *self = Some(value))
    }
}

fn set<T: JsonField>(json: &RawValue, set: impl FnOnce(T)) -> JsonFit {
    if json.get() == "null" {
        return JsonFit::Absent;
    }
    let item = Item::Json(Cow::Borrowed(json));
    let Some(value) = T::read(&item) else { return JsonFit::Unfit };
    let is_whole = value.is_whole(&item);
    set(value);
    if is_whole { JsonFit::Whole } else { JsonFit::Partial }
}
