//! Fields of a segment's data while it is written: the typed fields, then the kept ones that are not out of date.

use std::borrow::Cow;

use crate::segment::extra::{Extra, Field, FieldRole};
use crate::segment::fields::FieldValue;
use crate::segment::item::{Item, Written};
use crate::segment::json::JsonField;

/// Writes a segment's data, field by field. For generated code.
#[doc(hidden)]
pub struct Writing<'s, 'f> {
    emit: &'f mut dyn FnMut(&'s str, Written<'s>),
    extra: &'s Extra,
    /// The indices of fields in `extra` that are out of date, since the typed field has another value.
    stale: Vec<usize>,
}

impl<'s, 'f> Writing<'s, 'f> {
    /// Starts writing a segment whose unknown fields are `extra`.
    pub fn new(extra: &'s Extra, emit: &'f mut dyn FnMut(&'s str, Written<'s>)) -> Self {
        Self { emit, extra, stale: Vec::new() }
    }

    /// Writes a field, under the name that it was received with, else under its first name.
    pub fn value<T: FieldValue>(&mut self, names: &'static [&'static str], value: &'s T) {
        if self.extra.fields().is_empty()
            || !self.is_in_extra(names, true, &|item| T::read(item).as_ref() == Some(value))
        {
            (self.emit)(names[0], value.written());
        }
    }

    /// Writes a field that is JSON.
    pub fn json<T: JsonField>(&mut self, names: &'static [&'static str], value: &'s T) {
        if self.extra.fields().is_empty()
            || !self.is_in_extra(names, true, &|item| T::read(item).as_ref() == Some(value))
        {
            (self.emit)(names[0], Written::Json(Cow::Owned(value.json())));
        }
    }

    /// Writes a field that may be absent.
    #[inline]
    pub fn option<T: FieldValue>(&mut self, names: &'static [&'static str], value: &'s Option<T>) {
        match value {
            Some(value) => self.value(names, value),
            None => self.absent(names),
        }
    }

    /// Writes a field that is JSON, and that may be absent.
    #[inline]
    pub fn json_option<T: JsonField>(&mut self, names: &'static [&'static str], value: &'s Option<T>) {
        match value {
            Some(value) => self.json(names, value),
            None => self.absent(names),
        }
    }

    #[inline]
    fn absent(&mut self, names: &[&str]) {
        // Most segments have no unknown fields.
        if !self.extra.fields().is_empty() {
            self.is_in_extra(names, false, &|_| false);
        }
    }

    /// Returns `true` if `extra` holds the value already. Fields of `extra` that are out of date are marked as stale.
    fn is_in_extra(&mut self, names: &[&str], has_value: bool, is_equal: &dyn Fn(&Item<'_>) -> bool) -> bool {
        let fields = self.extra.fields().iter().enumerate();
        let fields = fields.filter(|(_, field)| names.contains(&field.name.as_str()));
        let is_equal = |field: &Field| is_equal(&Item::Json(Cow::Borrowed(&field.value)));
        let is_source = |field: &Field| field.role == FieldRole::Source;
        let is_held = fields.clone().any(|(_, field)| is_source(field) && is_equal(field));
        let changed = !is_held && fields.clone().any(|(_, field)| is_source(field));
        let stale = fields.filter(|(_, field)| match field.role {
            FieldRole::Free => has_value,
            FieldRole::Rival => !has_value || changed,
            FieldRole::Typed | FieldRole::Source | FieldRole::Echo => !is_equal(field),
        });
        self.stale.extend(stale.map(|(index, _)| index));
        is_held
    }

    /// Writes the kept fields that are not out of date.
    #[inline]
    pub fn rest(self) {
        if !self.extra.fields().is_empty() {
            self.kept();
        }
    }

    fn kept(mut self) {
        self.stale.sort_unstable();
        for (index, field) in self.extra.fields().iter().enumerate() {
            if self.stale.binary_search(&index).is_err() {
                (self.emit)(&field.name, Written::Json(Cow::Borrowed(&field.value)));
            }
        }
    }
}
