//! The writing of a value into a slot: texts, numbers and flags stand for each other where their meaning is certain.

use super::slot::{Reading, SetCustom, SetFlag, SetInteger, Slot};
use super::warning::Unfit;

impl Slot<'_> {
    /// Returns `true` for an empty list.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::List(list) => list.is_empty(),
            Self::Message(message) => SetCustom::is_empty(*message),
            Self::Custom(value) => value.is_empty(),
            _ => false,
        }
    }

    /// Returns the kind of the value in words.
    fn expected(&self) -> &'static str {
        match self {
            Self::Integer(_) => "an integer",
            Self::Text(_) => "a string",
            Self::Flag(_) => "a flag",
            Self::Number(_) => "a number",
            Self::Object(_) | Self::Target(_) => "an object",
            Self::List(_) => "a list",
            Self::Field(_) => "text",
            Self::Data(_) => "the data of a segment",
            Self::Segment(_) => "a segment",
            Self::Event(_) => "an event",
            Self::Message(_) => "a message: a string, a segment or a list of segments",
            Self::Custom(_) => "another value",
        }
    }

    #[cold]
    pub(super) fn unfit(&self, found: &str) -> Reading<()> {
        Reading::Unfit(Unfit::kind(found, self.expected()))
    }

    /// Returns the result for a text, a flag or a number in place of an object or a list.
    #[cold]
    fn scalar(&self, found: &str) -> Reading<()> {
        let mut unfit = Unfit::kind(found, self.expected());
        if matches!(self, Self::Object(_) | Self::Target(_)) {
            unfit.set_scalar();
        }
        Reading::Unfit(unfit)
    }

    /// Writes an integer.
    #[inline]
    pub(super) fn put_integer(&mut self, number: i128) -> Reading<()> {
        match self {
            Self::Integer(place) => set_integer(*place, number),
            Self::Text(place) => {
                place.set(&number.to_string());
                Reading::Value(())
            }
            other => other.put_odd_integer(number),
        }
    }

    #[cold]
    fn put_odd_integer(&mut self, number: i128) -> Reading<()> {
        match self {
            Self::Field(field) => field.set(&number.to_string()),
            Self::Flag(place) if matches!(number, 0 | 1) => set_flag(*place, number == 1),
            Self::Flag(_) => self.unfit("a number other than 0 and 1"),
            Self::Number(place) => {
                place.set(number as f64);
                Reading::Value(())
            }
            other => other.scalar("an integer"),
        }
    }

    /// Writes a text.
    #[inline]
    pub(super) fn put_text(&mut self, text: &str) -> Reading<()> {
        match self {
            Self::Text(place) => {
                place.set(text);
                Reading::Value(())
            }
            Self::Field(field) => field.set(text),
            Self::Message(message) => {
                message.set_codes(text);
                Reading::Value(())
            }
            other => other.put_odd_text(text.trim()),
        }
    }

    /// Writes what a text means that stands in place of another value. Without anything in it, it is absent.
    fn put_odd_text(&mut self, text: &str) -> Reading<()> {
        match self {
            Self::Integer(_) | Self::Flag(_) | Self::Number(_) if text.is_empty() => Reading::Absent,
            Self::Integer(place) => match text.parse() {
                Ok(number) => set_integer(*place, number),
                Err(_) => self.unfit("a string that is not digits"),
            },
            Self::Flag(place) => match text {
                "0" => set_flag(*place, false),
                "1" => set_flag(*place, true),
                word if word.eq_ignore_ascii_case("false") => set_flag(*place, false),
                word if word.eq_ignore_ascii_case("true") => set_flag(*place, true),
                _ => self.unfit("another string"),
            },
            Self::Number(place) => match text.parse().ok().filter(|number: &f64| number.is_finite()) {
                Some(number) => {
                    place.set(number);
                    Reading::Value(())
                }
                None => self.unfit("a string that is not a number"),
            },
            other => other.scalar("a string"),
        }
    }

    /// Writes a flag.
    pub(super) fn put_flag(&mut self, flag: bool) -> Reading<()> {
        match self {
            Self::Flag(place) => set_flag(*place, flag),
            Self::Field(field) => field.set(if flag { "true" } else { "false" }),
            Self::Text(place) => {
                place.set(if flag { "true" } else { "false" });
                Reading::Value(())
            }
            other => other.scalar("a flag"),
        }
    }

    /// Writes a number with a fraction or an exponent, or beyond 64 bits.
    pub(super) fn put_float(&mut self, number: f64) -> Reading<()> {
        let is_exact = number.abs() <= MAX_EXACT_FLOAT;
        match self {
            Self::Number(place) => {
                place.set(number);
                Reading::Value(())
            }
            // Exact, as the fraction is zero and the float is within the exact range.
            Self::Integer(place) if number.fract() == 0.0 && is_exact => set_integer(*place, number as i128),
            Self::Integer(_) => self.unfit("a number with a fraction, or too large"),
            Self::Flag(place) if number == 0.0 || number == 1.0 => set_flag(*place, number == 1.0),
            Self::Flag(_) => self.unfit("a number other than 0 and 1"),
            Self::Text(place) if is_exact => {
                place.set(&number.to_string());
                Reading::Value(())
            }
            Self::Text(_) => self.unfit("a number that is too large"),
            other => other.scalar("a number"),
        }
    }
}

/// Above this, neighbouring integers have the same float.
const MAX_EXACT_FLOAT: f64 = 9_007_199_254_740_992.0;

#[inline]
fn set_integer(place: &mut dyn SetInteger, number: i128) -> Reading<()> {
    match place.set(number) {
        true => Reading::Value(()),
        false => Reading::Unfit(Unfit::new("an integer that is out of range")),
    }
}

fn set_flag(place: &mut dyn SetFlag, flag: bool) -> Reading<()> {
    place.set(flag);
    Reading::Value(())
}
