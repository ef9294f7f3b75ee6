//! The trait of types that are read from JSON, and the result of reading one value.

use super::slot::{Missing, Slot};
use super::value::{Stop, Value};
use super::warning::{Context, Unfit};

/// The result of reading one value.
#[derive(Debug)]
pub enum Reading<T> {
    /// The value.
    Value(T),
    /// Nothing: null, and what stands for it in the type.
    Absent,
    /// A value that does not fit the type.
    Unfit(Unfit),
}

impl<T> Reading<T> {
    #[inline]
    pub(crate) fn map<U>(self, map: impl FnOnce(T) -> U) -> Reading<U> {
        match self {
            Self::Value(value) => Reading::Value(map(value)),
            Self::Absent => Reading::Absent,
            Self::Unfit(unfit) => Reading::Unfit(unfit),
        }
    }
}

impl<T> From<Result<T, Unfit>> for Reading<T> {
    fn from(result: Result<T, Unfit>) -> Self {
        result.map_or_else(Self::Unfit, Self::Value)
    }
}

/// The result of reading one value, unless the text itself is at fault.
pub type Decoded<T> = Result<Reading<T>, Stop>;

/// A type that is read from a JSON value. The core writes into a value that is there already, field by field: to move large values
/// costs more than to read them.
pub trait Decode: Sized {
    /// What the absence of such a value means, where it is required.
    const IF_MISSING: Missing = Missing::Fails;

    /// Returns the value to write into. It is what an absent one counts as, where a type has that.
    #[must_use]
    fn blank() -> Self;

    /// Returns the slot of a value.
    fn slot(&mut self) -> Slot<'_>;

    /// Returns the slot of a value that may be absent.
    fn optional(value: &mut Option<Self>) -> Slot<'_>;

    /// Reads the value, and notes in `context` what it passes over.
    fn decode(value: &mut dyn Value<'_>, context: &mut Context) -> Decoded<Self> {
        let mut this = Self::blank();
        Ok(value.fill(&mut this.slot(), context)?.map(|()| this))
    }

    /// Returns the value that stands for an absent one, if the type has it: an empty list, an object without required fields.
    #[must_use]
    fn empty() -> Option<Self> {
        (Self::IF_MISSING != Missing::Fails).then(Self::blank)
    }
}

/// Creates a value to write into, where it stays.
#[must_use]
pub fn boxed<T: Decode>() -> Box<T> {
    Box::write(Box::new_uninit(), T::blank())
}
