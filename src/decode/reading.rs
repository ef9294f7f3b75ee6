//! The trait of types that are read from JSON, and the result of reading one value.

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

/// A type that is read from a JSON value.
pub trait Decode: Sized {
    /// `true` if a warning tells that a required value of this type is missing, although it has an empty one.
    const IS_TOLD_IF_MISSING: bool = false;

    /// Reads the value, and notes in `context` what it passes over.
    fn decode(value: &mut dyn Value<'_>, context: &mut Context) -> Decoded<Self>;

    /// Returns the value that stands for an absent one, if the type has it: an empty list, an object without required fields.
    #[must_use]
    fn empty() -> Option<Self> {
        None
    }

    /// Returns `true` for a list without elements.
    fn is_empty(&self) -> bool {
        false
    }
}
