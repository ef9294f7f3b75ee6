//! The values of a deserializer.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::fill::Fill;
use super::reading::Decoded;
use super::slot::{SetCustom, Slot};
use super::value::{Found, Sink, Stop, Value};
use super::warning::Context;

/// The way to take JSON text from a deserializer.
pub(crate) trait TakeRaw {
    fn take<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, RawValue>, D::Error>;
}

/// Takes a part of the text that is being read.
pub(crate) struct Borrowed;

impl TakeRaw for Borrowed {
    fn take<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, RawValue>, D::Error> {
        <&RawValue>::deserialize(deserializer).map(Cow::Borrowed)
    }
}

/// Copies the text, for a deserializer whose text does not outlive the value.
pub(crate) struct Copied;

impl TakeRaw for Copied {
    fn take<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, RawValue>, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Cow::Owned)
    }
}

/// The value of a deserializer.
pub(crate) struct Source<D, E, R> {
    deserializer: Option<D>,
    error: Option<E>,
    raw: PhantomData<R>,
}

impl<'de, D: Deserializer<'de>, R: TakeRaw> Source<D, D::Error, R> {
    #[inline]
    pub(crate) fn new(deserializer: D) -> Self {
        Self { deserializer: Some(deserializer), error: None, raw: PhantomData }
    }

    /// Reads the value with `read`, and skips it if `read` has not taken it.
    #[inline]
    pub(crate) fn read_with<T>(
        mut self,
        read: impl FnOnce(&mut dyn Value<'de>) -> Result<T, Stop>,
    ) -> Result<T, D::Error> {
        match read(&mut self) {
            Ok(result) => {
                if let Some(deserializer) = self.deserializer {
                    IgnoredAny::deserialize(deserializer)?;
                }
                Ok(result)
            }
            Err(Stop) => Err(self.error.unwrap_or_else(|| D::Error::custom("the value was read twice"))),
        }
    }

    #[inline]
    fn take<T>(&mut self, read: impl FnOnce(D) -> Result<T, D::Error>) -> Result<T, Stop> {
        read(self.deserializer.take().ok_or(Stop)?).map_err(|error| {
            self.error = Some(error);
            Stop
        })
    }
}

impl<'de, D: Deserializer<'de>, R: TakeRaw> Value<'de> for Source<D, D::Error, R> {
    fn scalar_into(&mut self, found: &mut Found<'de>) -> Result<(), Stop> {
        self.take(|deserializer| deserializer.deserialize_any(ScalarVisitor(found)))
    }

    fn fill(&mut self, slot: &mut Slot<'_>, context: &mut Context) -> Decoded<()> {
        match slot {
            Slot::Custom(value) => return value.read(self, context),
            Slot::Message(message) if context.is_exact() => return SetCustom::read(*message, self, context),
            _ => {}
        }
        self.take(|deserializer| Fill::<R>::new(slot, context).deserialize(deserializer))
    }

    fn read(&mut self, sink: &mut dyn Sink<'de>) -> Result<Found<'de>, Stop> {
        self.take(|deserializer| deserializer.deserialize_any(SinkVisitor::<R> { sink, raw: PhantomData }))
    }

    fn raw(&mut self) -> Result<Cow<'de, RawValue>, Stop> {
        self.take(R::take)
    }
}

/// The methods of a visitor for all values but lists and objects.
macro_rules! visit_scalars {
    () => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON value")
        }

        #[inline]
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            self.found(Found::Null)
        }

        #[inline]
        fn visit_none<E>(self) -> Result<Self::Value, E> {
            self.found(Found::Null)
        }

        #[inline]
        fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_any(self)
        }

        #[inline]
        fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_any(self)
        }

        #[inline]
        fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
            self.found(Found::Bool(value))
        }

        #[inline]
        fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
            self.found(Found::Signed(value))
        }

        #[inline]
        fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
            self.found(Found::Unsigned(value))
        }

        #[inline]
        fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
            self.found(Found::Float(value))
        }

        #[inline]
        fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
            self.found(Found::Text(Cow::Borrowed(text)))
        }

        #[inline]
        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            self.found(Found::Text(Cow::Owned(text.to_owned())))
        }

        #[inline]
        fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
            self.found(Found::Text(Cow::Owned(text)))
        }
    };
}

/// Counts and skips the elements of a list.
pub(super) fn skip_list<'de, A: SeqAccess<'de>>(mut items: A) -> Result<usize, A::Error> {
    let mut length = 0;
    while items.next_element::<IgnoredAny>()?.is_some() {
        length += 1;
    }
    Ok(length)
}

/// Reads a value, and skips what is in a list or an object.
struct ScalarVisitor<'f, 'de>(&'f mut Found<'de>);

impl<'de> ScalarVisitor<'_, 'de> {
    #[inline]
    fn found<E>(self, found: Found<'de>) -> Result<(), E> {
        *self.0 = found;
        Ok(())
    }
}

impl<'de> Visitor<'de> for ScalarVisitor<'_, 'de> {
    type Value = ();

    visit_scalars!();

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        let length = skip_list(items)?;
        self.found(Found::List(length))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut length = 0;
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            length += 1;
        }
        self.found(Found::Object(length))
    }
}

/// Passes what is in a list or an object to a sink.
struct SinkVisitor<'s, 'de, R> {
    sink: &'s mut dyn Sink<'de>,
    raw: PhantomData<R>,
}

impl<'de, R> SinkVisitor<'_, 'de, R> {
    fn found<E>(self, found: Found<'de>) -> Result<Found<'de>, E> {
        Ok(found)
    }
}

impl<'de, R: TakeRaw> Visitor<'de> for SinkVisitor<'_, 'de, R> {
    type Value = Found<'de>;

    visit_scalars!();

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Found<'de>, A::Error> {
        let mut length = 0;
        while items.next_element_seed(ElementSeed::<R> { sink: self.sink, raw: PhantomData })?.is_some() {
            length += 1;
        }
        Ok(Found::List(length))
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Found<'de>, A::Error> {
        let mut length = 0;
        while let Some(wanted) = entries.next_key_seed(KeySeed { sink: self.sink })? {
            match wanted {
                true => entries.next_value_seed(EntrySeed::<R> { sink: self.sink, raw: PhantomData })?,
                false => drop(entries.next_value::<IgnoredAny>()?),
            }
            length += 1;
        }
        Ok(Found::Object(length))
    }
}

struct ElementSeed<'s, 'de, R> {
    sink: &'s mut dyn Sink<'de>,
    raw: PhantomData<R>,
}

impl<'de, R: TakeRaw> DeserializeSeed<'de> for ElementSeed<'_, 'de, R> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        Source::<D, D::Error, R>::new(deserializer).read_with(|value| self.sink.element(value))
    }
}

struct EntrySeed<'s, 'de, R> {
    sink: &'s mut dyn Sink<'de>,
    raw: PhantomData<R>,
}

impl<'de, R: TakeRaw> DeserializeSeed<'de> for EntrySeed<'_, 'de, R> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        Source::<D, D::Error, R>::new(deserializer).read_with(|value| self.sink.entry(value))
    }
}

/// Reads a key. Its value is `true` if the sink wants the entry.
struct KeySeed<'s, 'de> {
    sink: &'s mut dyn Sink<'de>,
}

impl<'de> DeserializeSeed<'de> for KeySeed<'_, 'de> {
    type Value = bool;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeySeed<'_, 'de> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    #[inline]
    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<bool, E> {
        Ok(self.sink.key(Cow::Borrowed(key)))
    }

    #[inline]
    fn visit_str<E: de::Error>(self, key: &str) -> Result<bool, E> {
        Ok(self.sink.key(Cow::Owned(key.to_owned())))
    }

    fn visit_string<E>(self, key: String) -> Result<bool, E> {
        Ok(self.sink.key(Cow::Owned(key)))
    }
}
