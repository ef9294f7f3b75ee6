//! Values of a JSON text behind one trait that is not generic, so that a type's reader is compiled once; and the keys of objects.

use std::borrow::Cow;

use serde_json::value::RawValue;

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

    /// Reads the value. The fields take the entries of an object that they know.
    fn object(&mut self, fields: &mut ObjectFields<'_>) -> Result<Found<'de>, Stop>;

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

/// A name of a field on the wire.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    word: Word,
    pub(crate) name: &'static str,
    /// The field's place in the object.
    field: usize,
    /// The name's place among the names of the field: of two that hold a value, the first counts.
    pub(crate) rank: usize,
}

impl Key {
    /// Creates the name with this rank of a field.
    pub(super) const fn new(name: &'static str, field: usize, rank: usize) -> Self {
        Self { word: Word::of(name.as_bytes()), name, field, rank }
    }
}

/// The length, the first and the last eight bytes of a name, which are compared faster than the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Word {
    length: usize,
    first: u64,
    last: u64,
}

impl Word {
    #[inline]
    const fn of(name: &[u8]) -> Self {
        let length = name.len();
        if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
            return Self { length, first: u64::from_le_bytes(*first), last: u64::from_le_bytes(*last) };
        }
        let (mut first, mut at) = (0, length);
        while at > 0 {
            at -= 1;
            first = first << 8 | name[at] as u64;
        }
        Self { length, first, last: 0 }
    }
}

/// A field that takes values.
pub trait Put {
    /// Reads the value that came under `key`.
    fn put(&mut self, key: &Key, value: &mut dyn Value<'_>, context: &mut Context) -> Result<(), Stop>;
}

/// Passes the entries of an object to its fields.
pub struct ObjectFields<'f> {
    keys: &'static [Key],
    fields: &'f mut [&'f mut dyn Put],
    context: &'f mut Context,
    /// The place in `keys` behind the last key that came: most servers keep an order.
    next: usize,
    /// `true` if a key is known.
    pub(super) known: bool,
}

impl<'f> ObjectFields<'f> {
    #[inline]
    pub(super) fn new(keys: &'static [Key], fields: &'f mut [&'f mut dyn Put], context: &'f mut Context) -> Self {
        Self { keys, fields, context, next: 0, known: false }
    }

    /// Returns the known key of this name.
    #[inline]
    pub(super) fn find(&mut self, name: &str) -> Option<&'static Key> {
        let keys = self.keys;
        let word = Word::of(name.as_bytes());
        let is = |key: &&Key| key.word == word && (word.length <= 16 || key.name == name);
        let found = match keys.get(self.next).filter(is) {
            Some(_) => self.next,
            None => keys.iter().position(|key| is(&key))?,
        };
        self.next = found + 1;
        self.known = true;
        keys.get(found)
    }

    pub(super) fn is_strict(&self) -> bool {
        self.context.is_strict()
    }

    /// Passes the value to its field.
    #[inline]
    pub(super) fn put(&mut self, key: &Key, value: &mut dyn Value<'_>) -> Result<(), Stop> {
        match self.fields.get_mut(key.field) {
            Some(field) => field.put(key, value, self.context),
            None => Ok(()),
        }
    }
}
