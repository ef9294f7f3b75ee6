//! Fields of a segment that are JSON on the wire: lists, objects, any value, and numbers and flags that are not texts.

use std::borrow::Cow;

use serde::Serialize;
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
        let came = match item {
            Item::Json(json) => serde_json::from_str::<Value>(json.get()).ok(),
            Item::Escaped(_) | Item::Text(_) => json_of(item).and_then(|json| serde_json::from_str(json.get()).ok()),
        };
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
