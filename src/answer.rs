//! The trait of answers: reads the `data` of an envelope into what an action returns.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::decode::{self, Context, Decode, Decoded, Reading, Step, Unfit, list};
use crate::envelope::json_path::path_of;
use crate::generated::event::Event;

/// A type that an action answers with, and the way to read it from `data`.
///
/// The generator implements it for every answer. A type of your own needs no method: it is read with serde. `()` accepts any
/// `data`; a list accepts null as an empty list, and leaves out elements that cannot be read.
pub trait Answer: DeserializeOwned + Send + 'static {
    /// Reads `data`. For generated code.
    #[doc(hidden)]
    fn read_data(data: &mut dyn decode::Value<'_>, _: &mut Context) -> Decoded<Self> {
        let raw = data.raw()?;
        if raw.get() == "null" {
            return Ok(Reading::Absent);
        }
        Ok(serde_json::from_str(raw.get())
            .map_err(|error| {
                let unfit = Unfit::quoting(&error);
                match &*path_of(raw.get().as_bytes(), &error) {
                    "" => unfit,
                    path => unfit.within(Step::Name(path)),
                }
            })
            .into())
    }

    /// Returns the answer for absent or null `data`; `None` if the action always answers something.
    #[must_use]
    fn from_nothing() -> Option<Self> {
        serde_json::from_str("{}").ok()
    }
}

/// Reads an object. If none of its fields is required, a string, a flag or a number counts as an empty one, unless it is an element
/// of a list.
pub fn object_answer<T: Decode>(data: &mut dyn decode::Value<'_>, context: &mut Context) -> Decoded<T> {
    let reading = T::decode(data, context)?;
    Ok(scalar_as_empty(reading, context))
}

fn scalar_as_empty<T: Decode>(reading: Reading<T>, context: &Context) -> Reading<T> {
    match reading {
        Reading::Unfit(unfit) if unfit.is_scalar() && !context.is_element() => T::empty().ok_or(unfit).into(),
        reading => reading,
    }
}

/// Reads an object, also from the value of one field that some servers send alone, without the object around it.
pub fn bare_answer<T: Decode>(
    data: &mut dyn decode::Value<'_>,
    context: &mut Context,
    field: &'static str,
) -> Decoded<T> {
    let raw = data.raw()?;
    let bare = |found: &str| RawValue::from_string(format!("{{{}:{found}}}", Value::from(field)));
    Ok(match raw.get().as_bytes().first() {
        Some(b'[' | b'"') => match bare(raw.get()) {
            Ok(object) => decode::part(&object, context),
            Err(error) => Reading::Unfit(Unfit::quoting(&error)),
        },
        _ => {
            let reading = decode::part(&raw, context);
            scalar_as_empty(reading, context)
        }
    })
}

impl Answer for () {
    fn read_data(_: &mut dyn decode::Value<'_>, _: &mut Context) -> Decoded<Self> {
        Ok(Reading::Value(()))
    }

    fn from_nothing() -> Option<Self> {
        Some(())
    }
}

impl Answer for Value {
    fn read_data(data: &mut dyn decode::Value<'_>, context: &mut Context) -> Decoded<Self> {
        Self::decode(data, context)
    }

    fn from_nothing() -> Option<Self> {
        Some(Self::Null)
    }
}

impl Answer for Event {
    fn read_data(data: &mut dyn decode::Value<'_>, context: &mut Context) -> Decoded<Self> {
        let raw = data.raw()?;
        Ok(match raw.get() {
            "null" => Reading::Absent,
            _ => Reading::Value(Self::of_part(&raw, context)),
        })
    }

    fn from_nothing() -> Option<Self> {
        None
    }
}

impl Answer for String {
    fn read_data(data: &mut dyn decode::Value<'_>, context: &mut Context) -> Decoded<Self> {
        Self::decode(data, context)
    }

    fn from_nothing() -> Option<Self> {
        None
    }
}

impl<T: Answer> Answer for Vec<T> {
    fn read_data(data: &mut dyn decode::Value<'_>, context: &mut Context) -> Decoded<Self> {
        context.within_list(|context| list(data, context, T::read_data))
    }

    fn from_nothing() -> Option<Self> {
        Some(Self::new())
    }
}

#[cfg(test)]
#[allow(clippy::panic, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    struct Things {
        list: Vec<String>,
    }
    crate::decode_object!(Things { list: required "a\"b", });

    /// The name of the field becomes a key of JSON.
    #[test]
    fn a_bare_value_is_read_whatever_its_field_is_called() {
        for json in [r#"["x","y"]"#, r#"{"a\"b":["x","y"]}"#] {
            let read = |value: &mut dyn decode::Value<'_>, context: &mut Context| bare_answer(value, context, "a\"b");
            match decode::whole(json.as_bytes(), &mut Context::default(), read) {
                Ok(Reading::Value(Things { list })) => assert_eq!(list, ["x", "y"], "{json}"),
                _ => panic!("{json} is not read"),
            }
        }
    }
}
