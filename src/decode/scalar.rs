//! Numbers, flags and texts, which servers send in more than one JSON form.

use super::reading::{Decode, Decoded, Reading};
use super::value::{Found, Value};
use super::warning::{Context, Unfit};

/// An integer type, an integer id, an enum of integers, or a timestamp.
pub trait Integer: Sized {
    /// Converts the number; `None` if it is out of range.
    fn from_wide(value: i128) -> Option<Self>;
}

macro_rules! integers {
    ($($int:ty)*) => {$(
        impl Integer for $int {
            #[inline]
            fn from_wide(value: i128) -> Option<Self> {
                value.try_into().ok()
            }
        }
    )*};
}
integers!(i32 i64 u32 u64);

/// Above this, neighbouring integers have the same float.
const MAX_EXACT_FLOAT: f64 = 9_007_199_254_740_992.0;

const INTEGER: &str = "an integer";
const FLAG: &str = "a flag";
const NUMBER: &str = "a number";
const TEXT: &str = "a string";

/// Reads an integer, also from a text of digits or from a float without fraction; null and `""` are absent.
impl<T: Integer> Decode for T {
    #[inline]
    fn decode(value: &mut dyn Value<'_>, _: &mut Context) -> Decoded<Self> {
        let wide = match value.scalar()? {
            Found::Unsigned(number) => number.into(),
            Found::Signed(number) => number.into(),
            Found::Null => return Ok(Reading::Absent),
            other => match integer(other) {
                Reading::Value(number) => number,
                Reading::Absent => return Ok(Reading::Absent),
                Reading::Unfit(unfit) => return Ok(Reading::Unfit(unfit)),
            },
        };
        Ok(match T::from_wide(wide) {
            Some(integer) => Reading::Value(integer),
            None => Reading::Unfit(Unfit::new("an integer that is out of range")),
        })
    }
}

/// Converts a value that is not written as an integer.
fn integer(found: Found<'_>) -> Reading<i128> {
    match found {
        // Exact, as the fraction is zero and the float is within the exact range.
        Found::Float(number) if number.fract() == 0.0 && number.abs() <= MAX_EXACT_FLOAT => {
            Reading::Value(number as i128)
        }
        Found::Float(_) => Reading::Unfit(Unfit::kind("a number with a fraction, or too large", INTEGER)),
        Found::Text(text) => match text.trim() {
            "" => Reading::Absent,
            digits => match digits.parse() {
                Ok(number) => Reading::Value(number),
                Err(_) => Reading::Unfit(Unfit::kind("a string that is not digits", INTEGER)),
            },
        },
        other => Reading::Unfit(Unfit::kind(other.kind(), INTEGER)),
    }
}

/// Reads a flag, also from a number or from text; null and `""` are absent.
impl Decode for bool {
    #[inline]
    fn decode(value: &mut dyn Value<'_>, _: &mut Context) -> Decoded<Self> {
        Ok(match value.scalar()? {
            Found::Bool(flag) => Reading::Value(flag),
            Found::Unsigned(0) | Found::Signed(0) => Reading::Value(false),
            Found::Unsigned(1) | Found::Signed(1) => Reading::Value(true),
            Found::Float(number) if number == 0.0 || number == 1.0 => Reading::Value(number == 1.0),
            Found::Null => Reading::Absent,
            Found::Text(text) => match text.trim() {
                "" => Reading::Absent,
                "0" => Reading::Value(false),
                "1" => Reading::Value(true),
                word if word.eq_ignore_ascii_case("false") => Reading::Value(false),
                word if word.eq_ignore_ascii_case("true") => Reading::Value(true),
                _ => Reading::Unfit(Unfit::kind("another string", FLAG)),
            },
            Found::Unsigned(_) | Found::Signed(_) | Found::Float(_) => {
                Reading::Unfit(Unfit::kind("a number other than 0 and 1", FLAG))
            }
            other => Reading::Unfit(Unfit::kind(other.kind(), FLAG)),
        })
    }
}

/// Reads a number, also from text; null and `""` are absent.
impl Decode for f64 {
    #[inline]
    fn decode(value: &mut dyn Value<'_>, _: &mut Context) -> Decoded<Self> {
        Ok(match value.scalar()? {
            Found::Float(number) => Reading::Value(number),
            Found::Unsigned(number) => Reading::Value(number as f64),
            Found::Signed(number) => Reading::Value(number as f64),
            Found::Null => Reading::Absent,
            Found::Text(text) => match text.trim() {
                "" => Reading::Absent,
                digits => match digits.parse().ok().filter(|number: &f64| number.is_finite()) {
                    Some(number) => Reading::Value(number),
                    None => Reading::Unfit(Unfit::kind("a string that is not a number", NUMBER)),
                },
            },
            other => Reading::Unfit(Unfit::kind(other.kind(), NUMBER)),
        })
    }
}

/// Reads a text, also from a number or a flag; null is absent, `""` is a text.
impl Decode for String {
    #[inline]
    fn decode(value: &mut dyn Value<'_>, _: &mut Context) -> Decoded<Self> {
        Ok(match value.scalar()? {
            Found::Text(text) => Reading::Value(text.into_owned()),
            Found::Unsigned(number) => Reading::Value(number.to_string()),
            Found::Signed(number) => Reading::Value(number.to_string()),
            Found::Bool(flag) => Reading::Value(flag.to_string()),
            Found::Float(number) if number.abs() <= MAX_EXACT_FLOAT => Reading::Value(number.to_string()),
            Found::Float(_) => Reading::Unfit(Unfit::kind("a number that is too large", TEXT)),
            Found::Null => Reading::Absent,
            other => Reading::Unfit(Unfit::kind(other.kind(), TEXT)),
        })
    }
}

/// Reads a text into a type that any text converts to.
#[inline]
pub fn text<T: From<String>>(value: &mut dyn Value<'_>, context: &mut Context) -> Decoded<T> {
    Ok(String::decode(value, context)?.map(T::from))
}
