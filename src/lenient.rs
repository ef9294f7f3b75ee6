//! Readers of fields that servers send in more than one form.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, MapDeserializer, StrDeserializer};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::{Deserialize, Deserializer};

/// An integer type, an integer id, or a timestamp.
pub trait Integer: Sized {
    /// `None` where it is out of range.
    fn from_wide(value: i128) -> Option<Self>;
}

macro_rules! integers {
    ($($int:ty)*) => {$(
        impl Integer for $int {
            fn from_wide(value: i128) -> Option<Self> {
                value.try_into().ok()
            }
        }
    )*};
}
integers!(i32 i64 u32 u64);

/// An integer, also as a string of digits or as a float without fraction.
pub fn int<'de, T: Integer, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_any(IntVisitor::<T, true>(PhantomData)).and_then(there)
}

/// The same, or nothing: absent, null or `""`.
pub fn opt_int<'de, T: Integer, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_any(IntVisitor::<T, false>(PhantomData))
}

/// What a visitor that asks for something has found: it has refused nothing itself, where the place is known.
fn there<T, E: de::Error>(found: Option<T>) -> Result<T, E> {
    found.ok_or_else(|| E::custom("nothing where something is expected"))
}

/// Null and `""` to a visitor: an error where there must be something.
fn nothing<T, E: de::Error>(required: bool, expected: &dyn de::Expected) -> Result<Option<T>, E> {
    if required { Err(E::custom(format_args!("nothing where {expected} is expected"))) } else { Ok(None) }
}

struct IntVisitor<T, const REQUIRED: bool>(PhantomData<T>);

impl<T: Integer, const REQUIRED: bool> IntVisitor<T, REQUIRED> {
    fn wide<E: de::Error>(value: i128, unexpected: Unexpected<'_>) -> Result<Option<T>, E> {
        T::from_wide(value).map(Some).ok_or_else(|| E::invalid_value(unexpected, &"an integer in range"))
    }
}

impl<'de, T: Integer, const REQUIRED: bool> Visitor<'de> for IntVisitor<T, REQUIRED> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer")
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        Self::wide(value.into(), Unexpected::Signed(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        Self::wide(value.into(), Unexpected::Unsigned(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
        // Beyond 2^53 a float no longer says which integer was meant.
        if value.fract() != 0.0 || value.abs() > 9_007_199_254_740_992.0 {
            return Err(E::invalid_value(Unexpected::Float(value), &self));
        }
        Self::wide(value as i128, Unexpected::Float(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Self::Value, E> {
        let digits = value.trim();
        if digits.is_empty() {
            return nothing(REQUIRED, &self);
        }
        let number = digits.parse().map_err(|_| E::invalid_value(Unexpected::Str(value), &self))?;
        Self::wide(number, Unexpected::Str(value))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        nothing(REQUIRED, &self)
    }

    fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
        nothing(REQUIRED, &self)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// A flag, also as a number or as text.
pub fn bool<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    deserializer.deserialize_any(BoolVisitor::<true>).and_then(there)
}

/// The same, or nothing: absent, null or `""`.
pub fn opt_bool<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    deserializer.deserialize_any(BoolVisitor::<false>)
}

struct BoolVisitor<const REQUIRED: bool>;

impl<'de, const REQUIRED: bool> Visitor<'de> for BoolVisitor<REQUIRED> {
    type Value = Option<bool>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false, 1 or 0")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(value != 0))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(value != 0))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Self::Value, E> {
        match value.trim() {
            "" => nothing(REQUIRED, &self),
            "1" => Ok(Some(true)),
            "0" => Ok(Some(false)),
            text if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            text if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            _ => Err(E::invalid_value(Unexpected::Str(value), &self)),
        }
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        nothing(REQUIRED, &self)
    }

    fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
        nothing(REQUIRED, &self)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// A number, also as text.
pub fn float<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    deserializer.deserialize_any(FloatVisitor::<true>).and_then(there)
}

/// The same, or nothing: absent, null or `""`.
pub fn opt_float<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    deserializer.deserialize_any(FloatVisitor::<false>)
}

struct FloatVisitor<const REQUIRED: bool>;

impl<'de, const REQUIRED: bool> Visitor<'de> for FloatVisitor<REQUIRED> {
    type Value = Option<f64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(value as f64))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Some(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Self::Value, E> {
        let text = value.trim();
        if text.is_empty() {
            return nothing(REQUIRED, &self);
        }
        let number = text.parse().ok().filter(|number: &f64| number.is_finite());
        number.map(Some).ok_or_else(|| E::invalid_value(Unexpected::Str(value), &self))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        nothing(REQUIRED, &self)
    }

    fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
        nothing(REQUIRED, &self)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// A text, also where a number or a flag is sent.
pub fn string<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    deserializer.deserialize_any(StringVisitor::<true>).and_then(there)
}

/// The same, or nothing: absent or null. `""` stays a text.
pub fn opt_string<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(StringVisitor::<false>)
}

struct StringVisitor<const REQUIRED: bool>;

impl<'de, const REQUIRED: bool> Visitor<'de> for StringVisitor<REQUIRED> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
        // Beyond 2^53 a float no longer says which number was meant.
        if value.abs() > 9_007_199_254_740_992.0 {
            return Err(E::invalid_value(Unexpected::Float(value), &self));
        }
        Ok(Some(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Some(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Self::Value, E> {
        Ok(Some(value))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        nothing(REQUIRED, &self)
    }

    fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
        nothing(REQUIRED, &self)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// A list; null is an empty one.
pub fn list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_any(ListVisitor(PhantomData))
}

/// A list of integers.
pub fn int_list<'de, T: Integer, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(list::<Lenient<T>, D>(deserializer)?.into_iter().map(|item| item.0).collect())
}

/// A list of flags.
pub fn bool_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<bool>, D::Error> {
    Ok(list::<LenientBool, D>(deserializer)?.into_iter().map(|item| item.0).collect())
}

/// A list of numbers.
pub fn float_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    Ok(list::<LenientFloat, D>(deserializer)?.into_iter().map(|item| item.0).collect())
}

/// A list of texts.
pub fn string_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(list::<LenientString, D>(deserializer)?.into_iter().map(|item| item.0).collect())
}

// A list, or nothing: absent or null.
macro_rules! opt_list {
    ($name:ident, $list:ident, $item:ty $(, $of:ident: $bound:path)?) => {
        /// Such a list, or nothing: absent or null. An empty one stays a list.
        pub fn $name<'de, $($of: $bound,)? D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<$item>>, D::Error> {
            struct List<T>(Vec<T>);

            impl<'de $(, $of: $bound)?> Deserialize<'de> for List<$item> {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    $list(deserializer).map(Self)
                }
            }

            Ok(Option::<List<$item>>::deserialize(deserializer)?.map(|list| list.0))
        }
    };
}
opt_list!(opt_int_list, int_list, T, T: Integer);
opt_list!(opt_bool_list, bool_list, bool);
opt_list!(opt_float_list, float_list, f64);
opt_list!(opt_string_list, string_list, String);
opt_list!(opt_object_list, object_list, T, T: DeserializeOwned);

struct Lenient<T>(T);

impl<'de, T: Integer> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        int(deserializer).map(Self)
    }
}

macro_rules! lenient {
    ($name:ident, $inner:ty, $reader:ident) => {
        struct $name($inner);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $reader(deserializer).map(Self)
            }
        }
    };
}
lenient!(LenientBool, bool, bool);
lenient!(LenientFloat, f64, float);
lenient!(LenientString, String, string);

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(list)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// An object. A derived struct would also read a list by position, so anything but an object is refused here; `[]` is
/// what PHP-minded servers send for `{}`.
pub fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_any(ObjectVisitor(PhantomData))
}

/// An object with nothing in it: what an answer without `data` is to a type whose fields are all optional.
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

/// A list of objects; null is an empty one.
pub fn object_list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(list::<LenientObject<T>, D>(deserializer)?.into_iter().map(|item| item.0).collect())
}

struct LenientObject<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for LenientObject<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object(deserializer).map(Self)
    }
}

/// An object, or nothing: absent, null, `{}` or `[]`.
pub fn opt_object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_any(OptObjectVisitor(PhantomData))
}

struct OptObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OptObjectVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut rest: A) -> Result<Self::Value, A::Error> {
        let Some(first) = rest.next_key_seed(Key)? else { return Ok(None) };
        T::deserialize(MapAccessDeserializer::new(WithFirst { first: Some(first), rest })).map(Some)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        match items.next_element::<IgnoredAny>()? {
            None => Ok(None),
            Some(_) => Err(A::Error::invalid_type(Unexpected::Seq, &self)),
        }
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// A key, borrowed where it can be.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
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

/// What stands for a field that came under none of its names.
pub fn missing<E: de::Error>(field: &'static str) -> E {
    E::missing_field(field)
}
