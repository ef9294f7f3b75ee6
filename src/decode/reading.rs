//! The trait of types that are read from JSON.

use super::shape::Missing;
use super::slot::{Decoded, Slot, Value};
use super::warning::Context;

/// A type that is read from a JSON value. The core writes into a value that is there already, field by field: to move large values
/// costs more than to read them.
pub trait Decode: Sized {
    /// The meaning of the absence of such a value, if it is required.
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

    /// Removes what only repeats another field, once all fields have been read.
    fn settle(&mut self) {}

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
