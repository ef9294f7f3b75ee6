//! The trait of answers: reads the `data` of an envelope into what an action returns.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::decode::{self, Context, Decode, Decoded, ReadCustom, Reading, Slot, Step, Unfit};
use crate::envelope::json_path::path_of;
use crate::generated::event::Event;

/// A type that an action answers with, and the way to read it from `data`.
///
/// The generator implements it for every answer. A type of your own needs no method: it is read with serde. `()` accepts any
/// `data`; a list accepts null as an empty list, and leaves out elements that cannot be read.
pub trait Answer: DeserializeOwned + Send + 'static {
    /// Returns the slot for `data`. For generated code.
    #[doc(hidden)]
    fn slot(place: &mut Place<Self>) -> Slot<'_> {
        place.read_by(by_serde)
    }

    /// Returns the slot for `data` that is a list of such answers. For generated code.
    #[doc(hidden)]
    fn list_slot(place: &mut Place<Vec<Self>>) -> Slot<'_> {
        place.read_by(list)
    }

    /// Returns the answer for absent or null `data`; `None` if the action always answers something.
    #[must_use]
    fn from_nothing() -> Option<Self> {
        serde_json::from_str("{}").ok()
    }
}

/// Reads an answer from a value.
type ReadAnswer<T> = fn(&mut dyn decode::Value<'_>, &mut Context) -> Decoded<T>;

/// The place of an answer that is being read.
#[derive(Debug)]
pub struct Place<T> {
    answer: Option<T>,
    /// Reads a type that has no slot of its own.
    read: Option<ReadAnswer<T>>,
}

impl<T> Place<T> {
    /// Returns the slot of a type that has one.
    pub fn slot(&mut self) -> Slot<'_>
    where
        T: Decode,
    {
        T::optional(&mut self.answer)
    }

    /// Returns the slot of a type that is read by a function.
    pub fn read_by(&mut self, read: ReadAnswer<T>) -> Slot<'_> {
        self.read = Some(read);
        Slot::Custom(self)
    }
}

impl<T: Answer> Place<T> {
    pub(crate) fn new() -> Self {
        Self { answer: None, read: None }
    }

    /// Returns the answer. `reading` is the result of filling its slot.
    pub(crate) fn take(self, reading: Reading<()>, context: &mut Context) -> Reading<T> {
        match reading {
            Reading::Value(()) => self.answer.map_or(Reading::Absent, Reading::Value),
            Reading::Absent => Reading::Absent,
            // If no field of an object is required, a string, a flag or a number counts as an empty one.
            Reading::Unfit(unfit) if unfit.is_scalar() => match T::from_nothing() {
                Some(answer) => {
                    context.warn(unfit);
                    Reading::Value(answer)
                }
                None => Reading::Unfit(unfit),
            },
            Reading::Unfit(unfit) => Reading::Unfit(unfit),
        }
    }
}

impl<T> ReadCustom for Place<T> {
    fn read(&mut self, value: &mut dyn decode::Value<'_>, context: &mut Context) -> Decoded<()> {
        let Some(read) = self.read else { return Ok(Reading::Absent) };
        Ok(read(value, context)?.map(|answer| self.answer = Some(answer)))
    }
}

/// Reads an answer with serde.
fn by_serde<T: DeserializeOwned>(data: &mut dyn decode::Value<'_>, _: &mut Context) -> Decoded<T> {
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

/// Reads a list of answers; one that does not fit is left out.
fn list<T: Answer>(data: &mut dyn decode::Value<'_>, context: &mut Context) -> Decoded<Vec<T>> {
    decode::list(data, context, |value, context| {
        let mut place = Place::new();
        match value.fill(&mut T::slot(&mut place), context)? {
            Reading::Unfit(unfit) => Ok(Reading::Unfit(unfit)),
            reading => Ok(place.take(reading, context)),
        }
    })
}

/// Reads an object, also from the value of one field that some servers send alone, without the object around it.
pub fn bare_answer<T: Decode>(
    data: &mut dyn decode::Value<'_>,
    context: &mut Context,
    field: &'static str,
) -> Decoded<T> {
    if !context.is_exact() {
        let mut answer = None;
        if !matches!(data.fill(&mut T::optional(&mut answer), context)?, Reading::Value(())) {
            context.note_inexact();
        }
        return Ok(answer.map_or(Reading::Absent, Reading::Value));
    }
    let raw = data.raw()?;
    let bare = |found: &str| RawValue::from_string(format!("{{{}:{found}}}", Value::from(field)));
    Ok(match raw.get().as_bytes().first() {
        Some(b'[' | b'"') => match bare(raw.get()) {
            Ok(object) => decode::part(&object, context),
            Err(error) => Reading::Unfit(Unfit::quoting(&error)),
        },
        _ => decode::part(&raw, context),
    })
}

/// Accepts any value.
impl Answer for () {
    fn slot(place: &mut Place<Self>) -> Slot<'_> {
        place.read_by(|_, _| Ok(Reading::Value(())))
    }

    fn from_nothing() -> Option<Self> {
        Some(())
    }
}

impl Answer for Value {
    fn slot(place: &mut Place<Self>) -> Slot<'_> {
        place.slot()
    }

    fn from_nothing() -> Option<Self> {
        Some(Self::Null)
    }
}

impl Answer for Event {
    fn slot(place: &mut Place<Self>) -> Slot<'_> {
        place.read_by(|data, context| {
            let raw = data.raw()?;
            Ok(match raw.get() {
                "null" => Reading::Absent,
                _ => Reading::Value(Self::of_part(&raw, context)),
            })
        })
    }

    fn from_nothing() -> Option<Self> {
        None
    }
}

impl Answer for String {
    fn slot(place: &mut Place<Self>) -> Slot<'_> {
        place.slot()
    }

    fn from_nothing() -> Option<Self> {
        None
    }
}

impl<T: Answer> Answer for Vec<T> {
    fn slot(place: &mut Place<Self>) -> Slot<'_> {
        T::list_slot(place)
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
