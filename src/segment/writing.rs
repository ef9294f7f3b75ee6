//! Fields of a segment's data as they are written: the typed ones, and of the kept ones those that still hold.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::segment::extra::{Extra, Field, FieldRole};
use crate::segment::fields::{FieldValue, Item};

/// A value of a segment's data on its way out. For generated code.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub enum Written<'s> {
    /// A string.
    Text(Cow<'s, str>),
    /// Anything else, as it came.
    Json(&'s RawValue),
}

/// Takes a segment's data, field by field. For generated code.
#[doc(hidden)]
pub struct Writing<'s, 'f> {
    emit: &'f mut dyn FnMut(&'s str, Written<'s>),
    extra: &'s Extra,
    /// Which of the fields in `extra` are out of date, since the typed field says another.
    stale: Vec<usize>,
}

impl<'s, 'f> Writing<'s, 'f> {
    /// Begins with a segment whose further fields are `extra`.
    pub fn new(extra: &'s Extra, emit: &'f mut dyn FnMut(&'s str, Written<'s>)) -> Self {
        Self { emit, extra, stale: Vec::new() }
    }

    /// A field under its name, or under that of its other names under which it came.
    pub fn value<T: FieldValue>(&mut self, names: &'static [&'static str], value: &'s T) {
        if !self.is_in_extra(names, Some(value)) {
            (self.emit)(names[0], Written::Text(value.text()));
        }
    }

    /// The same for a field that may be absent.
    pub fn option<T: FieldValue>(&mut self, names: &'static [&'static str], value: &'s Option<T>) {
        match value {
            Some(value) => self.value(names, value),
            None => drop(self.is_in_extra(names, None::<&T>)),
        }
    }

    /// Whether `extra` says so already; what in it is out of date is marked as stale.
    fn is_in_extra<T: FieldValue>(&mut self, names: &[&str], value: Option<&T>) -> bool {
        // By far the most segments hold nothing besides.
        if self.extra.fields().is_empty() {
            return false;
        }
        let fields = self.extra.fields().iter().enumerate();
        let fields = fields.filter(|(_, field)| names.contains(&field.name.as_str()));
        let says_so = |field: &Field| value.is_some() && T::read(&Item::of_json(&field.value)).as_ref() == value;
        let is_source = |field: &Field| field.role == FieldRole::Source;
        let said = fields.clone().any(|(_, field)| is_source(field) && says_so(field));
        let changed = !said && fields.clone().any(|(_, field)| is_source(field));
        let stale = fields.filter(|(_, field)| match field.role {
            FieldRole::Free => value.is_some(),
            FieldRole::Rival => value.is_none() || changed,
            FieldRole::Typed | FieldRole::Source | FieldRole::Echo => !says_so(field),
        });
        self.stale.extend(stale.map(|(index, _)| index));
        said
    }

    /// The further fields.
    pub fn rest(mut self) {
        self.stale.sort_unstable();
        for (index, field) in self.extra.fields().iter().enumerate() {
            if self.stale.binary_search(&index).is_err() {
                (self.emit)(&field.name, Written::Json(&field.value));
            }
        }
    }
}
