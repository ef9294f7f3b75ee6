//! Visitors for values that types read themselves: scalars, and the parts of lists and objects.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{self, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::seed::Mode;
use super::slot::{Found, Sink};

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
pub(super) struct ScalarVisitor<'f, 'de>(pub(super) &'f mut Found<'de>);

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
pub(super) struct SinkVisitor<'s, 'de, M> {
    pub(super) sink: &'s mut dyn Sink<'de>,
    pub(super) mode: PhantomData<M>,
}

impl<'de, M> SinkVisitor<'_, 'de, M> {
    fn found<E>(self, found: Found<'de>) -> Result<Found<'de>, E> {
        Ok(found)
    }
}

impl<'de, M: Mode> Visitor<'de> for SinkVisitor<'_, 'de, M> {
    type Value = Found<'de>;

    visit_scalars!();

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Found<'de>, A::Error> {
        let mut length = 0;
        while items.next_element_seed(ElementSeed::<M> { sink: self.sink, mode: PhantomData })?.is_some() {
            length += 1;
        }
        Ok(Found::List(length))
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Found<'de>, A::Error> {
        let mut length = 0;
        while let Some(wanted) = entries.next_key_seed(KeySeed { sink: self.sink })? {
            match wanted {
                true => entries.next_value_seed(EntrySeed::<M> { sink: self.sink, mode: PhantomData })?,
                false => drop(entries.next_value::<IgnoredAny>()?),
            }
            length += 1;
        }
        Ok(Found::Object(length))
    }
}

struct ElementSeed<'s, 'de, M> {
    sink: &'s mut dyn Sink<'de>,
    mode: PhantomData<M>,
}

impl<'de, M: Mode> DeserializeSeed<'de> for ElementSeed<'_, 'de, M> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        M::value(deserializer, |value| self.sink.element(value))
    }
}

struct EntrySeed<'s, 'de, M> {
    sink: &'s mut dyn Sink<'de>,
    mode: PhantomData<M>,
}

impl<'de, M: Mode> DeserializeSeed<'de> for EntrySeed<'_, 'de, M> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        M::value(deserializer, |value| self.sink.entry(value))
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
