//! The visitor under all lenient readers, and the scalars that it reads.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{self, Error as _, MapAccess, SeqAccess, Unexpected, Visitor};

/// An integer type, an integer id, or a timestamp.
pub trait Integer: Sized {
    /// Converts the number; `None` if it is out of range.
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

/// A value that servers send in more than one JSON form.
///
/// Each method reads one form: `Ok(None)` if the form stands for an absent value, and by default an error.
pub(super) trait Form<'de>: Sized {
    /// The expected form, as an error message names it.
    const EXPECTED: &'static str;

    fn from_bool<E: de::Error>(value: bool) -> Result<Option<Self>, E> {
        Err(E::invalid_type(Unexpected::Bool(value), &Self::EXPECTED))
    }

    fn from_i64<E: de::Error>(value: i64) -> Result<Option<Self>, E> {
        Err(E::invalid_type(Unexpected::Signed(value), &Self::EXPECTED))
    }

    fn from_u64<E: de::Error>(value: u64) -> Result<Option<Self>, E> {
        Err(E::invalid_type(Unexpected::Unsigned(value), &Self::EXPECTED))
    }

    fn from_f64<E: de::Error>(value: f64) -> Result<Option<Self>, E> {
        Err(E::invalid_type(Unexpected::Float(value), &Self::EXPECTED))
    }

    fn from_text<E: de::Error>(text: &str) -> Result<Option<Self>, E> {
        Err(E::invalid_type(Unexpected::Str(text), &Self::EXPECTED))
    }

    fn from_string<E: de::Error>(text: String) -> Result<Option<Self>, E> {
        Self::from_text(&text)
    }

    fn from_seq<A: SeqAccess<'de>>(_: A) -> Result<Option<Self>, A::Error> {
        Err(A::Error::invalid_type(Unexpected::Seq, &Self::EXPECTED))
    }

    fn from_map<A: MapAccess<'de>>(_: A) -> Result<Option<Self>, A::Error> {
        Err(A::Error::invalid_type(Unexpected::Map, &Self::EXPECTED))
    }
}

/// The result of reading a `T` that may be absent (`Option<T>`) or may not (`T` itself).
pub(super) trait Presence<T>: Sized {
    fn present(value: T) -> Self;

    fn absent<E: de::Error>(expected: &str) -> Result<Self, E>;
}

impl<T> Presence<T> for T {
    fn present(value: T) -> Self {
        value
    }

    fn absent<E: de::Error>(expected: &str) -> Result<Self, E> {
        Err(E::custom(format_args!("nothing where {expected} is expected")))
    }
}

impl<T> Presence<T> for Option<T> {
    fn present(value: T) -> Self {
        Some(value)
    }

    fn absent<E: de::Error>(_: &str) -> Result<Self, E> {
        Ok(None)
    }
}

/// Reads a field as `T` itself, which must not be absent, or as `Option<T>`.
pub(super) fn field<'de, T: Form<'de>, P: Presence<T>, D: Deserializer<'de>>(deserializer: D) -> Result<P, D::Error> {
    deserializer.deserialize_any(FieldVisitor(PhantomData))
}

struct FieldVisitor<T, P>(PhantomData<(T, P)>);

impl<'de, T: Form<'de>, P: Presence<T>> FieldVisitor<T, P> {
    fn present_or_absent<E: de::Error>(found: Option<T>) -> Result<P, E> {
        found.map_or_else(|| P::absent(T::EXPECTED), |value| Ok(P::present(value)))
    }
}

impl<'de, T: Form<'de>, P: Presence<T>> Visitor<'de> for FieldVisitor<T, P> {
    type Value = P;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<P, E> {
        T::from_bool(value).and_then(Self::present_or_absent)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<P, E> {
        T::from_i64(value).and_then(Self::present_or_absent)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<P, E> {
        T::from_u64(value).and_then(Self::present_or_absent)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<P, E> {
        T::from_f64(value).and_then(Self::present_or_absent)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<P, E> {
        T::from_text(text).and_then(Self::present_or_absent)
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<P, E> {
        T::from_string(text).and_then(Self::present_or_absent)
    }

    fn visit_unit<E: de::Error>(self) -> Result<P, E> {
        P::absent(T::EXPECTED)
    }

    fn visit_none<E: de::Error>(self) -> Result<P, E> {
        P::absent(T::EXPECTED)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<P, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<P, A::Error> {
        T::from_seq(items).and_then(Self::present_or_absent)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<P, A::Error> {
        T::from_map(entries).and_then(Self::present_or_absent)
    }
}

/// The largest magnitude up to which a float says exactly which integer was meant: 2^53.
const MAX_EXACT_FLOAT: f64 = 9_007_199_254_740_992.0;

impl<'de, T: Integer> Form<'de> for T {
    const EXPECTED: &'static str = "an integer";

    fn from_i64<E: de::Error>(value: i64) -> Result<Option<Self>, E> {
        in_range(value.into(), Unexpected::Signed(value))
    }

    fn from_u64<E: de::Error>(value: u64) -> Result<Option<Self>, E> {
        in_range(value.into(), Unexpected::Unsigned(value))
    }

    fn from_f64<E: de::Error>(value: f64) -> Result<Option<Self>, E> {
        if value.fract() != 0.0 || value.abs() > MAX_EXACT_FLOAT {
            return Err(E::invalid_value(Unexpected::Float(value), &Self::EXPECTED));
        }
        in_range(value as i128, Unexpected::Float(value))
    }

    fn from_text<E: de::Error>(text: &str) -> Result<Option<Self>, E> {
        let digits = text.trim();
        if digits.is_empty() {
            return Ok(None);
        }
        let number = digits.parse().map_err(|_| E::invalid_value(Unexpected::Str(text), &Self::EXPECTED))?;
        in_range(number, Unexpected::Str(text))
    }
}

fn in_range<T: Integer, E: de::Error>(value: i128, unexpected: Unexpected<'_>) -> Result<Option<T>, E> {
    T::from_wide(value).map(Some).ok_or_else(|| E::invalid_value(unexpected, &"an integer in range"))
}

impl<'de> Form<'de> for bool {
    const EXPECTED: &'static str = "true, false, 1 or 0";

    fn from_bool<E: de::Error>(value: bool) -> Result<Option<Self>, E> {
        Ok(Some(value))
    }

    fn from_i64<E: de::Error>(value: i64) -> Result<Option<Self>, E> {
        Ok(Some(value != 0))
    }

    fn from_u64<E: de::Error>(value: u64) -> Result<Option<Self>, E> {
        Ok(Some(value != 0))
    }

    fn from_text<E: de::Error>(text: &str) -> Result<Option<Self>, E> {
        match text.trim() {
            "" => Ok(None),
            "1" => Ok(Some(true)),
            "0" => Ok(Some(false)),
            word if word.eq_ignore_ascii_case("true") => Ok(Some(true)),
            word if word.eq_ignore_ascii_case("false") => Ok(Some(false)),
            _ => Err(E::invalid_value(Unexpected::Str(text), &Self::EXPECTED)),
        }
    }
}

impl<'de> Form<'de> for f64 {
    const EXPECTED: &'static str = "a number";

    fn from_i64<E: de::Error>(value: i64) -> Result<Option<Self>, E> {
        Ok(Some(value as f64))
    }

    fn from_u64<E: de::Error>(value: u64) -> Result<Option<Self>, E> {
        Ok(Some(value as f64))
    }

    fn from_f64<E: de::Error>(value: f64) -> Result<Option<Self>, E> {
        Ok(Some(value))
    }

    fn from_text<E: de::Error>(text: &str) -> Result<Option<Self>, E> {
        let digits = text.trim();
        if digits.is_empty() {
            return Ok(None);
        }
        let number = digits.parse().ok().filter(|number: &f64| number.is_finite());
        number.map(Some).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &Self::EXPECTED))
    }
}

impl<'de> Form<'de> for String {
    const EXPECTED: &'static str = "a string";

    fn from_bool<E: de::Error>(value: bool) -> Result<Option<Self>, E> {
        Ok(Some(value.to_string()))
    }

    fn from_i64<E: de::Error>(value: i64) -> Result<Option<Self>, E> {
        Ok(Some(value.to_string()))
    }

    fn from_u64<E: de::Error>(value: u64) -> Result<Option<Self>, E> {
        Ok(Some(value.to_string()))
    }

    fn from_f64<E: de::Error>(value: f64) -> Result<Option<Self>, E> {
        if value.abs() > MAX_EXACT_FLOAT {
            return Err(E::invalid_value(Unexpected::Float(value), &Self::EXPECTED));
        }
        Ok(Some(value.to_string()))
    }

    fn from_text<E: de::Error>(text: &str) -> Result<Option<Self>, E> {
        Ok(Some(text.to_owned()))
    }

    fn from_string<E: de::Error>(text: String) -> Result<Option<Self>, E> {
        Ok(Some(text))
    }
}
