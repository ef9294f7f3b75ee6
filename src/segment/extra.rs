//! The unknown fields of a segment, kept in order.

use std::fmt;

use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

/// The fields of a segment that its type does not know, in order, and the other entries of its JSON.
///
/// It also holds a value that came under another server's name for a field, and a value that does not fit its field.
/// Setting the field replaces both.
///
/// ```
/// use cqhttp::Segment;
///
/// let json = r#"{"type":"face","data":{"id":"5","owner":{"level":2},"badge":null}}"#;
/// let mut segment: Segment = serde_json::from_str(json)?;
/// assert_eq!(serde_json::to_string(&segment)?, json);
///
/// let Segment::Face(face) = &mut segment else { panic!("it is a face") };
/// assert_eq!(face.extra.get("owner").unwrap()["level"], 2);
/// face.extra.remove("badge");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Extra(Option<Box<Kept>>);

#[derive(Clone, Default)]
struct Kept {
    /// The fields of the segment's `data`.
    fields: Vec<Field>,
    rest: Rest,
}

#[derive(Clone)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) value: Box<RawValue>,
    pub(crate) role: FieldRole,
}

/// The relation of a kept value to a typed field that has its name as first or as another name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldRole {
    /// No typed field has taken a value with this name.
    Free,
    /// The field holds the value, which came under the field's first name. It is not kept here as well.
    Typed,
    /// The field holds the value, which came under another name and is sent under that name until the field changes.
    Source,
    /// The value equals the field's, until the field changes.
    Echo,
    /// The value came beside the field's, and differs from it or is null.
    Rival,
}

/// The parts of a segment's JSON other than its type and the fields of its data.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rest {
    /// `data`, if it is not an object.
    pub(crate) data: Option<Box<RawValue>>,
    /// The entries beside `type` and `data`.
    pub(crate) beside: Vec<(String, Box<RawValue>)>,
    /// A value that is not a segment, in place of one.
    pub(crate) whole: Option<Box<RawValue>>,
}

impl Rest {
    pub(crate) fn is_empty(&self) -> bool {
        self.data.is_none() && self.beside.is_empty() && self.whole.is_none()
    }
}

impl Extra {
    /// Returns the value of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value> {
        serde_json::from_str(self.json(name)?).ok()
    }

    /// Returns the value of a field as the JSON text that was received.
    #[must_use]
    pub fn json(&self, name: &str) -> Option<&str> {
        self.fields().iter().find(|field| field.name == name).map(|field| field.value.get())
    }

    /// Sets a field: in its place if it exists, else at the end.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        let name = name.into();
        let Ok(value) = to_raw_value(&value.into()) else { return };
        let fields = &mut self.0.get_or_insert_default().fields;
        let field = Field { name, value, role: FieldRole::Free };
        match fields.iter_mut().find(|known| known.name == field.name) {
            Some(known) => *known = field,
            None => fields.push(field),
        }
    }

    /// Removes a field.
    pub fn remove(&mut self, name: &str) {
        if let Some(kept) = &mut self.0 {
            kept.fields.retain(|field| field.name != name);
        }
    }

    /// Returns the names of the fields, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields().iter().map(|field| field.name.as_str())
    }

    /// Returns `true` if there are no fields and no other entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields().is_empty() && self.rest().is_none()
    }

    pub(crate) fn fields(&self) -> &[Field] {
        self.0.as_ref().map(|kept| &*kept.fields).unwrap_or_default()
    }

    pub(crate) fn rest(&self) -> Option<&Rest> {
        self.0.as_ref().map(|kept| &kept.rest).filter(|rest| !rest.is_empty())
    }

    /// Returns `true` for the value that stands in place of a segment.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole().is_some()
    }

    pub(crate) fn whole(&self) -> Option<&RawValue> {
        self.rest()?.whole.as_deref()
    }

    pub(crate) fn new(fields: Vec<Field>, rest: Rest) -> Self {
        Self((!fields.is_empty() || !rest.is_empty()).then(|| Box::new(Kept { fields, rest })))
    }

    /// Keeps a value that was read. For generated code.
    #[doc(hidden)]
    pub fn __keep(&mut self, name: String, value: Box<RawValue>, is_alias: bool) {
        let role = if is_alias { FieldRole::Source } else { FieldRole::Free };
        self.0.get_or_insert_default().fields.push(Field { name, value, role });
    }

    /// Returns the fields, then `data` if it is not an object, then the entries beside it, then a value in place of a segment.
    fn entries(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        let data = self.rest().and_then(|rest| rest.data.as_deref()).map(|data| ("data", data));
        let beside = self.rest().map(|rest| &*rest.beside).unwrap_or_default();
        let beside = beside.iter().map(|(name, value)| (name.as_str(), &**value));
        let whole = self.whole().map(|whole| ("", whole));
        self.fields().iter().map(|field| (field.name.as_str(), &*field.value)).chain(data).chain(beside).chain(whole)
    }
}

/// Two are equal if the same names have the same JSON values; blanks do not count.
impl PartialEq for Extra {
    fn eq(&self, other: &Self) -> bool {
        let json = |value: &RawValue| serde_json::from_str::<Value>(value.get()).ok();
        let same = |a: &RawValue, b: &RawValue| a.get() == b.get() || json(a).is_some_and(|a| Some(a) == json(b));
        let data = |extra: &Self| extra.rest().is_some_and(|rest| rest.data.is_some());
        self.fields().len() == other.fields().len()
            && data(self) == data(other)
            && self.entries().count() == other.entries().count()
            && self.entries().zip(other.entries()).all(|(a, b)| a.0 == b.0 && same(a.1, b.1))
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.entries().map(|(name, value)| (name, value.get()))).finish()
    }
}
