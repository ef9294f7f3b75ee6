//! Readers of fields that servers send in more than one JSON form.
//!
//! Generated code names a reader for each field. `Form` is the trait under the readers.

mod form;

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, MapDeserializer, StrDeserializer};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::{Deserialize, Deserializer};

pub use self::form::Integer;
use self::form::{Form, field};

// ---- Scalars ----

/// Reads an integer, also from a string of digits or from a float without fraction.
pub fn int<'de, T: Integer, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    field::<T, T, D>(deserializer)
}

/// Reads an integer that may be absent: null and `""` are `None`.
pub fn opt_int<'de, T: Integer, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    field::<T, Option<T>, D>(deserializer)
}

/// Reads a flag, also from a number or from text.
pub fn bool<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    field::<bool, bool, D>(deserializer)
}

/// Reads a flag that may be absent: null and `""` are `None`.
pub fn opt_bool<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    field::<bool, Option<bool>, D>(deserializer)
}

/// Reads a number, also from text.
pub fn float<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    field::<f64, f64, D>(deserializer)
}

/// Reads a number that may be absent: null and `""` are `None`.
pub fn opt_float<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    field::<f64, Option<f64>, D>(deserializer)
}

/// Reads a text, also from a number or a flag.
pub fn string<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    field::<String, String, D>(deserializer)
}

/// Reads a text that may be absent: null is `None`, `""` stays a text.
pub fn opt_string<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    field::<String, Option<String>, D>(deserializer)
}

// ---- Lists ----

/// Reads a list; null is an empty one.
pub fn list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    opt_list(deserializer).map(Option::unwrap_or_default)
}

/// Reads a list of integers; null is an empty one.
pub fn int_list<'de, T: Integer, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    opt_int_list(deserializer).map(Option::unwrap_or_default)
}

/// Reads a list of flags; null is an empty one.
pub fn bool_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<bool>, D::Error> {
    opt_bool_list(deserializer).map(Option::unwrap_or_default)
}

/// Reads a list of numbers; null is an empty one.
pub fn float_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    opt_float_list(deserializer).map(Option::unwrap_or_default)
}

/// Reads a list of texts; null is an empty one.
pub fn string_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    opt_string_list(deserializer).map(Option::unwrap_or_default)
}

/// Reads a list of objects; null is an empty one.
pub fn object_list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    opt_object_list(deserializer).map(Option::unwrap_or_default)
}

/// Reads a list of integers that may be absent: null is `None`, an empty list stays a list.
pub fn opt_int_list<'de, T: Integer, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<T>>, D::Error> {
    Ok(opt_list::<Element<T>, D>(deserializer)?.map(values))
}

/// Reads a list of flags that may be absent: null is `None`, an empty list stays a list.
pub fn opt_bool_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<bool>>, D::Error> {
    Ok(opt_list::<Element<bool>, D>(deserializer)?.map(values))
}

/// Reads a list of numbers that may be absent: null is `None`, an empty list stays a list.
pub fn opt_float_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<f64>>, D::Error> {
    Ok(opt_list::<Element<f64>, D>(deserializer)?.map(values))
}

/// Reads a list of texts that may be absent: null is `None`, an empty list stays a list.
pub fn opt_string_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    Ok(opt_list::<Element<String>, D>(deserializer)?.map(values))
}

/// Reads a list of objects that may be absent: null is `None`, an empty list stays a list.
pub fn opt_object_list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    Ok(opt_list::<ObjectElement<T>, D>(deserializer)?.map(|list| list.into_iter().map(|item| item.0).collect()))
}

fn opt_list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<T>>, D::Error> {
    Ok(field::<List<T>, Option<List<T>>, D>(deserializer)?.map(|list| list.0))
}

struct List<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Form<'de> for List<T> {
    const EXPECTED: &'static str = "a list";

    fn from_seq<A: SeqAccess<'de>>(mut items: A) -> Result<Option<Self>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Some(Self(list)))
    }
}

/// An element of a list, read like a field.
struct Element<T>(T);

impl<'de, T: Form<'de>> Deserialize<'de> for Element<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        field::<T, T, D>(deserializer).map(Self)
    }
}

fn values<T>(list: Vec<Element<T>>) -> Vec<T> {
    list.into_iter().map(|item| item.0).collect()
}

struct ObjectElement<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ObjectElement<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object(deserializer).map(Self)
    }
}

// ---- Objects ----

/// Reads an object. Anything else is refused, since a derived struct would also read a list by position; only `[]`
/// counts as `{}`, because some servers send it for an empty object.
pub fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_any(ObjectVisitor(PhantomData))
}

/// Reads an object without entries, which a type whose fields are all optional takes; `None` for any other type.
pub(crate) fn empty_object<T: DeserializeOwned>() -> Option<T> {
    T::deserialize(MapDeserializer::<_, de::value::Error>::new(NO_ENTRIES.into_iter())).ok()
}

const NO_ENTRIES: [(&str, &str); 0] = [];

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(entries))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<T, A::Error> {
        match items.next_element::<IgnoredAny>()? {
            None => T::deserialize(MapDeserializer::new(NO_ENTRIES.into_iter())),
            Some(_) => Err(A::Error::invalid_type(Unexpected::Seq, &self)),
        }
    }
}

/// Reads an object that may be absent: null, `{}` and `[]` are `None`.
pub fn opt_object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(field::<FilledObject<T>, Option<FilledObject<T>>, D>(deserializer)?.map(|object| object.0))
}

/// An object with at least one entry.
struct FilledObject<T>(T);

impl<'de, T: Deserialize<'de>> Form<'de> for FilledObject<T> {
    const EXPECTED: &'static str = "an object";

    fn from_map<A: MapAccess<'de>>(mut rest: A) -> Result<Option<Self>, A::Error> {
        let Some(first) = rest.next_key_seed(KeySeed)? else { return Ok(None) };
        T::deserialize(MapAccessDeserializer::new(WithFirst { first: Some(first), rest }))
            .map(|value| Some(Self(value)))
    }

    fn from_seq<A: SeqAccess<'de>>(mut items: A) -> Result<Option<Self>, A::Error> {
        match items.next_element::<IgnoredAny>()? {
            None => Ok(None),
            Some(_) => Err(A::Error::invalid_type(Unexpected::Seq, &Self::EXPECTED)),
        }
    }
}

/// Reads a key, borrowed if nothing in it is escaped.
struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

/// An object whose first key has been read already.
struct WithFirst<'de, A> {
    first: Option<Cow<'de, str>>,
    rest: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for WithFirst<'de, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        match self.first.take() {
            Some(key) => seed.deserialize(StrDeserializer::new(&key)).map(Some),
            None => self.rest.next_key_seed(seed),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.rest.next_value_seed(seed)
    }
}

// ---- Absent values ----

/// Returns the value of an enum for an absent field that decides: an unlisted one, an empty text.
pub fn unlisted<T: From<String>>() -> T {
    T::from(String::new())
}

/// Returns `true` for the value of an absent field that decides, which is not written.
pub fn is_unlisted<T: From<String> + PartialEq>(value: &T) -> bool {
    *value == unlisted()
}

/// Reads a field that decides; null is an unlisted value.
pub fn or_unlisted<'de, T: From<String>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    opt_string(deserializer).map(|text| text.map_or_else(unlisted, T::from))
}

/// Returns the number of an absent time or account: 0.
pub fn zero<T: From<i64>>() -> T {
    T::from(0)
}

/// Reads a time or an account; null is 0.
pub fn int_or_zero<'de, T: Integer + From<i64>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    opt_int(deserializer).map(|number| number.unwrap_or_else(zero))
}

/// Reads an object whose fields may all be absent; null is an empty one.
pub fn object_or_empty<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    opt_object(deserializer).map(Option::unwrap_or_default)
}

/// Reads a message; null is an empty one.
pub fn or_empty<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Creates the error for a required field that came under none of its names.
pub fn missing_field<E: de::Error>(field: &'static str) -> E {
    E::missing_field(field)
}
