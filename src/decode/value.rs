//! Values of a JSON text behind one trait that is not generic, so that a type's reader is compiled once.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::reading::Decoded;
use super::slot::Slot;
use super::warning::Context;

/// The error of a deserializer that failed. The error itself is kept in the value that was read.
#[derive(Debug)]
pub struct Stop;

/// A value that was read.
#[derive(Debug)]
pub enum Found<'de> {
    /// Null.
    Null,
    /// A flag.
    Bool(bool),
    /// A negative number, or any number that its source holds as signed.
    Signed(i64),
    /// A number that is not negative.
    Unsigned(u64),
    /// A number with a fraction or an exponent, or beyond 64 bits.
    Float(f64),
    /// A text.
    Text(Cow<'de, str>),
    /// A list with this number of elements. The sink has taken them.
    List(usize),
    /// An object with this number of entries. The sink has taken those that it wants.
    Object(usize),
}

impl Found<'_> {
    /// Returns the kind of the value in words, for a warning.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a flag",
            Self::Signed(_) | Self::Unsigned(_) => "an integer",
            Self::Float(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// A value that has not been read yet. It is read once; a value that nobody reads is skipped.
pub trait Value<'de> {
    /// Reads the value into `found`, which is cheaper than to return it. The elements of a list and the entries of an object are
    /// skipped.
    fn scalar_into(&mut self, found: &mut Found<'de>) -> Result<(), Stop>;

    /// Reads the value into a slot.
    fn fill(&mut self, slot: &mut Slot<'_>, context: &mut Context) -> Decoded<()>;

    /// Reads the value. The sink takes the elements of a list and the entries of an object.
    fn read(&mut self, sink: &mut dyn Sink<'de>) -> Result<Found<'de>, Stop>;

    /// Takes the value as JSON text.
    fn raw(&mut self) -> Result<Cow<'de, RawValue>, Stop>;
}

impl<'de> dyn Value<'de> + '_ {
    /// Reads the value. The elements of a list and the entries of an object are skipped.
    #[inline]
    pub(crate) fn scalar(&mut self) -> Result<Found<'de>, Stop> {
        let mut found = Found::Null;
        self.scalar_into(&mut found)?;
        Ok(found)
    }
}

/// Takes the parts of a list or an object. By default they are skipped.
pub trait Sink<'de> {
    /// Takes an element of a list.
    fn element(&mut self, _: &mut dyn Value<'de>) -> Result<(), Stop> {
        Ok(())
    }

    /// Takes the key of an entry. Returns `true` if it wants the value, which [`entry`](Self::entry) then takes.
    fn key(&mut self, _: Cow<'de, str>) -> bool {
        false
    }

    /// Takes the value of an entry whose key was wanted.
    fn entry(&mut self, _: &mut dyn Value<'de>) -> Result<(), Stop> {
        Ok(())
    }
}
