//! The trait of answers: reads the `data` of an envelope into what an action returns.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Unexpected, Visitor};
use serde_json::Value;

use crate::generated::event::Event;
use crate::lenient;

/// A type that an action answers with, and the way to read it from `data`.
///
/// The generator implements it for every answer. `()` accepts any `data`; a list accepts null as an empty list.
pub trait Answer: DeserializeOwned + Send + 'static {
    /// Reads `data`.
    ///
    /// # Errors
    ///
    /// Returns an error if `data` is not an answer of this type.
    fn from_data<'de, D: Deserializer<'de>>(data: D) -> Result<Self, D::Error> {
        data.deserialize_any(ObjectAnswer(PhantomData))
    }

    /// Returns the answer for absent or null `data`; `None` if the action always answers something.
    #[must_use]
    fn from_nothing() -> Option<Self> {
        lenient::empty_object()
    }

    /// Returns the name of the field whose value some servers send alone, without the object around it.
    #[must_use]
    fn bare_field() -> Option<&'static str> {
        None
    }
}

/// Reads an object. If none of its fields is required, a string, a flag or a number counts as an empty one.
struct ObjectAnswer<T>(PhantomData<T>);

impl<'de, T: Answer> Visitor<'de> for ObjectAnswer<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<T, A::Error> {
        lenient::object(de::value::MapAccessDeserializer::new(entries))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, items: A) -> Result<T, A::Error> {
        let items = de::value::SeqAccessDeserializer::new(items);
        match T::bare_field() {
            Some(field) => lenient::object(de::value::MapAccessDeserializer::new(Bare { field, value: Some(items) })),
            None => lenient::object(items),
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        let value = Some(de::value::StrDeserializer::<E>::new(text));
        let bare =
            T::bare_field().map(|field| T::deserialize(de::value::MapAccessDeserializer::new(Bare { field, value })));
        match bare {
            Some(Ok(answer)) => Ok(answer),
            _ => T::from_nothing().ok_or_else(|| E::invalid_type(Unexpected::Str(text), &self)),
        }
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<T, E> {
        T::from_nothing().ok_or_else(|| E::invalid_type(Unexpected::Bool(value), &self))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<T, E> {
        T::from_nothing().ok_or_else(|| E::invalid_type(Unexpected::Unsigned(value), &self))
    }
}

/// A value as an object with one field.
struct Bare<D> {
    field: &'static str,
    value: Option<D>,
}

impl<'de, D: Deserializer<'de>> MapAccess<'de> for Bare<D> {
    type Error = D::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, D::Error> {
        let name = de::value::StrDeserializer::new(self.field);
        self.value.as_ref().map(|_| seed.deserialize(name)).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, D::Error> {
        let value = self.value.take().ok_or_else(|| de::Error::custom("the object has one field"))?;
        seed.deserialize(Present(value))
    }
}

/// A value that is there: as an `Option` it is `Some`, which serde's own deserializers of values do not say.
struct Present<D>(D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Present<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_some(self.0)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl Answer for () {
    fn from_data<'de, D: Deserializer<'de>>(data: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(data).map(drop)
    }

    fn from_nothing() -> Option<Self> {
        Some(())
    }
}

impl Answer for Value {
    fn from_data<'de, D: Deserializer<'de>>(data: D) -> Result<Self, D::Error> {
        Self::deserialize(data)
    }

    fn from_nothing() -> Option<Self> {
        Some(Self::Null)
    }
}

impl Answer for Event {
    fn from_data<'de, D: Deserializer<'de>>(data: D) -> Result<Self, D::Error> {
        Self::deserialize(data)
    }

    fn from_nothing() -> Option<Self> {
        None
    }
}

impl Answer for String {
    fn from_data<'de, D: Deserializer<'de>>(data: D) -> Result<Self, D::Error> {
        lenient::string(data)
    }

    fn from_nothing() -> Option<Self> {
        None
    }
}

impl<T: Answer> Answer for Vec<T> {
    fn from_data<'de, D: Deserializer<'de>>(data: D) -> Result<Self, D::Error> {
        Ok(lenient::list::<AnswerElement<T>, D>(data)?.into_iter().map(|element| element.0).collect())
    }

    fn from_nothing() -> Option<Self> {
        Some(Self::new())
    }
}

struct AnswerElement<T>(T);

impl<'de, T: Answer> Deserialize<'de> for AnswerElement<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::from_data(deserializer).map(Self)
    }
}
