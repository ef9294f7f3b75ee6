//! The checks of the fuzz targets, one module a target: `fuzz_targets/` hands each its bytes.

use serde_json::Value;

pub mod answers;
pub mod cq;
pub mod events;
pub mod frames;
pub mod messages;

/// Returns `true` if a value holds a number with so many digits that `serde_json` does not read the number that it writes.
fn holds_long_float(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64() && number.to_string().len() > 15,
        Value::Array(items) => items.iter().any(holds_long_float),
        Value::Object(entries) => entries.values().any(holds_long_float),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

/// Returns the value without empty objects. An object of which every part was passed over is written as one, and is read as absent.
fn without_empty(value: Value) -> Value {
    let is_there = |value: &Value| !value.is_null() && value.as_object().is_none_or(|entries| !entries.is_empty());
    match value {
        Value::Array(items) => items.into_iter().map(without_empty).filter(is_there).collect(),
        Value::Object(entries) => {
            let entries = entries.into_iter().map(|(name, value)| (name, without_empty(value)));
            Value::Object(entries.filter(|(_, value)| is_there(value)).collect())
        }
        other => other,
    }
}
