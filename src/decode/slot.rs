//! Slots: the places that values are written into, by the kind of value that is expected.

use super::object::Object;
use super::reading::{Decode, Decoded, Reading};
use super::segment::{SegmentData, TextSlot};
use super::value::Value;
use super::warning::{Context, Unfit};
use crate::message::Message;
use crate::target::Target;

/// A place for a value.
pub enum Slot<'s> {
    /// A place for an integer.
    Integer(&'s mut dyn SetInteger),
    /// A place for a text.
    Text(&'s mut dyn SetText),
    /// A place for a flag.
    Flag(&'s mut dyn SetFlag),
    /// A place for a number.
    Number(&'s mut dyn SetNumber),
    /// A place for an object.
    Object(&'s mut dyn SetObject),
    /// A place for a list.
    List(&'s mut dyn SetList),
    /// A place for a target, whose keys stand among those of the object around it.
    Target(&'s mut Target),
    /// A place for a message.
    Message(&'s mut Message),
    /// A place for a field of a segment, which takes texts.
    Field(TextSlot<'s>),
    /// A place for the data of a segment.
    Data(&'s mut dyn SegmentData),
    /// A place for a value that its type reads itself.
    Custom(&'s mut dyn SetCustom),
}

/// What the absence of a required value means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The object does not fit.
    Fails,
    /// The value is empty.
    Empty,
    /// The value is empty, and a warning tells so.
    Told,
}

/// An integer, or one that may be absent.
pub trait SetInteger {
    /// Writes the integer. Returns `false` if it is out of range.
    fn set(&mut self, value: i128) -> bool;
}

/// A text, or one that may be absent.
pub trait SetText {
    /// Writes the text.
    fn set(&mut self, text: &str);
}

/// A flag, or one that may be absent.
pub trait SetFlag {
    /// Writes the flag.
    fn set(&mut self, flag: bool);
}

/// A number, or one that may be absent.
pub trait SetNumber {
    /// Writes the number.
    fn set(&mut self, number: f64);
}

/// An object, or one that may be absent.
pub trait SetObject {
    /// Returns the object to write into.
    fn begin(&mut self) -> &mut dyn Object;

    /// Forgets what was written.
    fn clear(&mut self);
}

/// A list, or one that may be absent.
pub trait SetList {
    /// Makes it an empty list.
    fn begin(&mut self);

    /// Adds an element, and returns its slot.
    fn push(&mut self) -> Slot<'_>;

    /// Removes the last element.
    fn pop(&mut self);

    /// Returns `true` if it has no elements.
    fn is_empty(&self) -> bool;
}

/// A value that its type reads itself, or one that may be absent.
pub trait SetCustom {
    /// Reads the value.
    fn read(&mut self, value: &mut dyn Value<'_>, context: &mut Context) -> Decoded<()>;

    /// Returns `true` for an empty list of segments.
    fn is_empty(&self) -> bool {
        false
    }
}

impl Slot<'_> {
    /// Returns `true` for an empty list.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::List(list) => list.is_empty(),
            Self::Message(message) => message.len() == 0,
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
                **message = Message::cq(text);
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

/// An integer type, an integer id, an enum of integers, or a timestamp.
pub trait Integer: Sized {
    /// Converts the number; `None` if it is out of range.
    fn from_wide(value: i128) -> Option<Self>;

    /// Returns the number.
    fn wide(&self) -> i128;

    /// Returns the value to write into.
    #[must_use]
    fn zero() -> Self;
}

macro_rules! integers {
    ($($int:ty)*) => {$(
        impl Integer for $int {
            #[inline]
            fn from_wide(value: i128) -> Option<Self> {
                value.try_into().ok()
            }

            #[inline]
            fn wide(&self) -> i128 {
                i128::from(*self)
            }

            #[inline]
            fn zero() -> Self {
                0
            }
        }
    )*};
}
integers!(i32 i64 u32 u64);

impl<T: Integer> SetInteger for T {
    fn set(&mut self, value: i128) -> bool {
        T::from_wide(value).map(|value| *self = value).is_some()
    }
}

impl<T: Integer> SetInteger for Option<T> {
    fn set(&mut self, value: i128) -> bool {
        T::from_wide(value).map(|value| *self = Some(value)).is_some()
    }
}

/// Reads an integer, also from a text of digits or from a float without fraction; null and `""` are absent.
impl<T: Integer> Decode for T {
    fn blank() -> Self {
        T::zero()
    }

    fn slot(&mut self) -> Slot<'_> {
        Slot::Integer(self)
    }

    fn optional(value: &mut Option<Self>) -> Slot<'_> {
        Slot::Integer(value)
    }
}

/// A type that every text converts to.
pub trait FromText: Sized {
    /// Converts the text.
    fn from_text(text: &str) -> Self;
}

impl FromText for String {
    fn from_text(text: &str) -> Self {
        text.to_owned()
    }
}

impl<T: FromText> SetText for T {
    fn set(&mut self, text: &str) {
        *self = T::from_text(text);
    }
}

impl<T: FromText> SetText for Option<T> {
    fn set(&mut self, text: &str) {
        *self = Some(T::from_text(text));
    }
}

/// Reads a text, also from a number or a flag; null is absent, `""` is a text.
impl Decode for String {
    fn blank() -> Self {
        Self::new()
    }

    fn slot(&mut self) -> Slot<'_> {
        Slot::Text(self)
    }

    fn optional(value: &mut Option<Self>) -> Slot<'_> {
        Slot::Text(value)
    }
}

impl SetFlag for bool {
    fn set(&mut self, flag: bool) {
        *self = flag;
    }
}

impl SetFlag for Option<bool> {
    fn set(&mut self, flag: bool) {
        *self = Some(flag);
    }
}

/// Reads a flag, also from a number or from text; null and `""` are absent.
impl Decode for bool {
    fn blank() -> Self {
        false
    }

    fn slot(&mut self) -> Slot<'_> {
        Slot::Flag(self)
    }

    fn optional(value: &mut Option<Self>) -> Slot<'_> {
        Slot::Flag(value)
    }
}

impl SetNumber for f64 {
    fn set(&mut self, number: f64) {
        *self = number;
    }
}

impl SetNumber for Option<f64> {
    fn set(&mut self, number: f64) {
        *self = Some(number);
    }
}

/// Reads a number, also from text; null and `""` are absent.
impl Decode for f64 {
    fn blank() -> Self {
        0.0
    }

    fn slot(&mut self) -> Slot<'_> {
        Slot::Number(self)
    }

    fn optional(value: &mut Option<Self>) -> Slot<'_> {
        Slot::Number(value)
    }
}

impl<T: Object + Decode> SetObject for T {
    fn begin(&mut self) -> &mut dyn Object {
        self
    }

    fn clear(&mut self) {
        *self = T::blank();
    }
}

impl<T: Object + Decode> SetObject for Option<T> {
    fn begin(&mut self) -> &mut dyn Object {
        self.insert(T::blank())
    }

    fn clear(&mut self) {
        *self = None;
    }
}

impl<T: Decode> SetList for Vec<T> {
    fn begin(&mut self) {
        self.clear();
    }

    fn push(&mut self) -> Slot<'_> {
        let index = self.len();
        self.push(T::blank());
        self[index].slot()
    }

    fn pop(&mut self) {
        self.pop();
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

impl<T: Decode> SetList for Option<Vec<T>> {
    fn begin(&mut self) {
        *self = Some(Vec::new());
    }

    fn push(&mut self) -> Slot<'_> {
        SetList::push(self.get_or_insert_default())
    }

    fn pop(&mut self) {
        self.as_mut().map(Vec::pop);
    }

    fn is_empty(&self) -> bool {
        self.as_ref().is_none_or(Vec::is_empty)
    }
}

/// Reads a list; an element that does not fit is left out.
impl<T: Decode> Decode for Vec<T> {
    const IF_MISSING: Missing = Missing::Empty;

    fn blank() -> Self {
        Self::new()
    }

    fn slot(&mut self) -> Slot<'_> {
        Slot::List(self)
    }

    fn optional(value: &mut Option<Self>) -> Slot<'_> {
        Slot::List(value)
    }
}

/// A type that reads its values itself.
pub(crate) trait ReadCustom: Sized {
    /// Reads the value into this one.
    fn read(&mut self, value: &mut dyn Value<'_>, context: &mut Context) -> Decoded<()>;

    /// Returns `true` for an empty list of segments.
    fn is_empty(&self) -> bool {
        false
    }
}

impl<T: ReadCustom> SetCustom for T {
    fn read(&mut self, value: &mut dyn Value<'_>, context: &mut Context) -> Decoded<()> {
        ReadCustom::read(self, value, context)
    }

    fn is_empty(&self) -> bool {
        ReadCustom::is_empty(self)
    }
}

impl<T: ReadCustom + Decode> SetCustom for Option<T> {
    fn read(&mut self, value: &mut dyn Value<'_>, context: &mut Context) -> Decoded<()> {
        let mut read = T::blank();
        let reading = ReadCustom::read(&mut read, value, context)?;
        if let Reading::Value(()) = reading {
            *self = Some(read);
        }
        Ok(reading)
    }

    fn is_empty(&self) -> bool {
        self.as_ref().is_none_or(ReadCustom::is_empty)
    }
}

/// Takes any value as it came; null is absent.
impl Decode for serde_json::Value {
    fn blank() -> Self {
        Self::Null
    }

    fn slot(&mut self) -> Slot<'_> {
        Slot::Custom(self)
    }

    fn optional(value: &mut Option<Self>) -> Slot<'_> {
        Slot::Custom(value)
    }
}

impl ReadCustom for serde_json::Value {
    fn read(&mut self, value: &mut dyn Value<'_>, _: &mut Context) -> Decoded<()> {
        Ok(match super::from_raw(&value.raw()?) {
            Ok(Self::Null) => Reading::Absent,
            Ok(value) => {
                *self = value;
                Reading::Value(())
            }
            Err(error) => Reading::Unfit(Unfit::quoting(&error)),
        })
    }
}
