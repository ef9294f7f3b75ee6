//! Fields that a segment's type does not know, kept in order.

use std::fmt;

use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

/// The fields of a segment that its type does not know, in order, and what else its JSON holds.
///
/// A value that came under another name than its field's is here, too, and so is one that does not fit. Setting the
/// field replaces both.
///
/// ```
/// use cqhttp::Segment;
///
/// let json = r#"{"type":"face","data":{"id":"5","raw":{"faceType":2},"chainCount":null}}"#;
/// let mut segment: Segment = serde_json::from_str(json)?;
/// assert_eq!(serde_json::to_string(&segment)?, json);
///
/// let Segment::Face(face) = &mut segment else { panic!("it is a face") };
/// assert_eq!(face.extra.get("raw").unwrap()["faceType"], 2);
/// face.extra.remove("chainCount");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Extra(Option<Box<Kept>>);

#[derive(Clone, Default)]
struct Kept {
    /// Of the segment's `data`.
    fields: Vec<Field>,
    rest: Rest,
}

#[derive(Clone)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) value: Box<RawValue>,
    pub(crate) role: FieldRole,
}

/// What a value is to a typed field that has its name, or has it among its other names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldRole {
    /// Nothing: no such field has a value from here.
    Free,
    /// The field holds it. It came under the field's own name, and is not kept beside it.
    Typed,
    /// The field holds it. It came under another name, and goes out under that until the field is changed.
    Source,
    /// It says the same as the field, until that is changed.
    Echo,
    /// It came with the field's value, and says otherwise or nothing.
    Rival,
}

/// What a segment's JSON holds beside its type and the fields of its data.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rest {
    /// `data`, where it is no object.
    pub(crate) data: Option<Box<RawValue>>,
    /// Beside `type` and `data`.
    pub(crate) beside: Vec<(String, Box<RawValue>)>,
}

impl Rest {
    pub(crate) fn is_empty(&self) -> bool {
        self.data.is_none() && self.beside.is_empty()
    }
}

impl Extra {
    /// The value of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value> {
        serde_json::from_str(self.json(name)?).ok()
    }

    /// The value of a field, as the JSON text that came.
    #[must_use]
    pub fn json(&self, name: &str) -> Option<&str> {
        self.fields().iter().find(|field| field.name == name).map(|field| field.value.get())
    }

    /// Sets a field, in its place where there is one, else at the end.
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

    /// The fields' names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields().iter().map(|field| field.name.as_str())
    }

    /// Whether there is nothing.
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

    pub(crate) fn new(fields: Vec<Field>, rest: Rest) -> Self {
        Self((!fields.is_empty() || !rest.is_empty()).then(|| Box::new(Kept { fields, rest })))
    }

    /// All of it, by name.
    fn entries(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        let data = self.rest().and_then(|rest| rest.data.as_deref()).map(|data| ("data", data));
        let beside = self.rest().map(|rest| &*rest.beside).unwrap_or_default();
        let beside = beside.iter().map(|(name, value)| (name.as_str(), &**value));
        self.fields().iter().map(|field| (field.name.as_str(), &*field.value)).chain(data).chain(beside)
    }
}

/// The same names have the same JSON, however it is spaced.
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
