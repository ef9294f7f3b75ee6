//! The types that are read everywhere: integers, texts, flags, numbers, objects, lists, and those that read themselves.

use super::raw::from_raw;
use super::reading::Decode;
use super::shape::Missing;
use super::slot::{
    Decoded, Object, Reading, SetCustom, SetFlag, SetInteger, SetList, SetNumber, SetObject, SetText, Slot, Value,
};
use super::warning::{Context, Unfit};

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

    crate::__slots!(Integer);
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

    crate::__slots!(Text);
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

    crate::__slots!(Flag);
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

    crate::__slots!(Number);
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

    crate::__slots!(List);
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

    crate::__slots!(Custom);
}

impl ReadCustom for serde_json::Value {
    fn read(&mut self, value: &mut dyn Value<'_>, _: &mut Context) -> Decoded<()> {
        Ok(match from_raw(&value.raw()?) {
            Ok(Self::Null) => Reading::Absent,
            Ok(value) => {
                *self = value;
                Reading::Value(())
            }
            Err(error) => Reading::Unfit(Unfit::quoting(&error)),
        })
    }
}
