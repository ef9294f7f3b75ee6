//! The words of decoding: values that have not been read, slots that they are written into, by the kind of value that is expected, and
//! the result. All of them are traits that are not generic, so that a type's reader is compiled once.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::shape::Shape;
use super::warning::{Context, Unfit};

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
    Target(&'s mut dyn SetTarget),
    /// A place for a message.
    Message(&'s mut dyn SetMessage),
    /// A place for one more segment of a message.
    Segment(&'s mut dyn SetMessage),
    /// A place for an event.
    Event(&'s mut dyn SetEvent),
    /// A place for a field of a segment.
    Field(FieldSlot<'s>),
    /// A place for the data of a segment.
    Data(&'s mut dyn SegmentData),
    /// A place for a value that its type reads itself.
    Custom(&'s mut dyn SetCustom),
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

/// A target, whose keys stand among those of the object around it.
pub trait SetTarget {
    /// Writes the target that the keys name. Returns an error if they name none.
    fn set(&mut self, message_type: Option<&str>, user_id: Option<i64>, group_id: Option<i64>) -> Result<(), Unfit>;
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

/// A type whose values are objects.
pub trait Object {
    /// Returns the names and the presences of the fields.
    fn shape(&self) -> &'static Shape;

    /// Returns the slot of the field at this place.
    fn field(&mut self, index: usize) -> Slot<'_>;

    /// Returns another value of the type.
    fn another(&self) -> Box<dyn Object>;
}

/// A message, to be filled in.
pub trait SetMessage: SetCustom {
    /// Removes all segments.
    fn clear(&mut self);

    /// Reads CQ codes.
    fn set_codes(&mut self, codes: &str);

    /// Adds a segment of this type.
    fn push(&mut self, kind: &str);

    /// Adds null, which is not a segment.
    fn push_null(&mut self);

    /// Returns the data of the last segment.
    fn last(&mut self) -> Option<&mut dyn SegmentData>;
}

/// An entry of an object, taken raw.
pub(crate) type Entry<'de> = (Cow<'de, str>, Cow<'de, RawValue>);

/// An event, to be filled in.
pub trait SetEvent: SetCustom {
    /// Makes it an event of the kind that these entries tell. Returns `false` if they do not tell it.
    fn begin(&mut self, entries: &[Entry<'_>]) -> bool;

    /// Returns the slot of the event's fields.
    fn fields(&mut self) -> Option<Slot<'_>>;

    /// Ends the reading of an event whose fields are complete.
    fn end(&mut self);
}

/// The data of one kind of segment, to be filled in. For generated code.
pub trait SegmentData {
    /// Returns the names of the typed fields.
    fn shape(&self) -> &'static Shape;

    /// Returns the slot of the field at this place.
    fn field(&mut self, index: usize) -> FieldSlot<'_>;

    /// Keeps a value that has no typed field, or that also goes back out under the name that it came with.
    fn keep(&mut self, name: String, value: Box<RawValue>, is_alias: bool);
}

/// A place for a field of a segment.
pub enum FieldSlot<'s> {
    /// A field that takes texts.
    Text(&'s mut dyn SetField),
    /// A field that takes JSON.
    Json(&'s mut dyn SetJson),
}

impl FieldSlot<'_> {
    pub(super) fn set(&mut self, text: &str) -> Reading<()> {
        let fits = match self {
            Self::Text(field) => field.set(text),
            Self::Json(_) => false,
        };
        if fits { Reading::Value(()) } else { Reading::Unfit(Unfit::new("another text")) }
    }
}

/// A field of a segment, or one that may be absent.
pub trait SetField {
    /// Writes the text. Returns `false` if it does not fit, or is spelled in a way that writing would not give back.
    fn set(&mut self, text: &str) -> bool;
}

/// A field of a segment that takes JSON, or one that may be absent.
pub trait SetJson {
    /// Writes the value.
    fn set(&mut self, json: &RawValue) -> JsonFit;
}

/// The way in which a JSON value fits a field of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonFit {
    /// Writing gives the value back.
    Whole,
    /// A part of the value is lost.
    Partial,
    /// It is null.
    Absent,
    /// The value is of another kind.
    Unfit,
}

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
