//! Fields of a segment's data while it is read: a typed field claims the value under its name, unclaimed values are kept.

use std::borrow::Cow;
use std::fmt;

use serde_json::value::{RawValue, to_raw_value};

use crate::decode::{Integer, raw_text};
use crate::file::FileSource;
use crate::segment::extra::{Extra, Field, FieldRole, Rest};

/// A value of a segment's data. For generated code.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub enum Item<'a> {
    /// The text of a CQ code's value.
    Text(Cow<'a, str>),
    /// Any value, as JSON text.
    Json(Cow<'a, RawValue>),
}

impl Item<'_> {
    /// Returns the text of a string, a number or a flag; `None` for null, a list and an object.
    pub(crate) fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Json(json) => match json.get().as_bytes().first() {
                Some(b'"') => raw_text(json),
                Some(b'n' | b'[' | b'{') | None => None,
                Some(_) => Some(Cow::Borrowed(json.get())),
            },
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Json(json) if json.get() == "null")
    }

    pub(crate) fn into_json(self) -> Box<RawValue> {
        match self {
            Self::Text(text) => to_raw_value(&text).unwrap_or_else(|_| RawValue::NULL.to_owned()),
            Self::Json(json) => json.into_owned(),
        }
    }
}

/// The fields of a segment's data, in order. For generated code.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Fields<'a> {
    items: Vec<(Cow<'a, str>, Item<'a>, FieldRole)>,
    /// The number of unclaimed items. At 0 no lookup runs: a type has many optional fields, and a segment few of them.
    free: usize,
    pub(crate) rest: Rest,
}

impl<'a> Fields<'a> {
    pub(crate) fn with_rest(rest: Option<&Rest>) -> Self {
        Self { items: Vec::new(), free: 0, rest: rest.cloned().unwrap_or_default() }
    }

    pub(crate) fn push(&mut self, name: impl Into<Cow<'a, str>>, item: Item<'a>) {
        self.items.push((name.into(), item, FieldRole::Free));
        self.free += 1;
    }

    /// Takes the value under the first of `names` that holds a `T`.
    pub fn required<T: FieldValue>(&mut self, names: &[&str]) -> Option<T> {
        let (index, value) = self.find(names)?;
        self.mark(index, &value, names);
        Some(value)
    }

    /// Takes the value under the first of `names` that holds a `T`; null under the first name
    /// counts as absent and is not kept.
    pub fn optional<T: FieldValue>(&mut self, names: &[&str]) -> Option<T> {
        if self.free == 0 {
            return None;
        }
        let found = self.required(names);
        if found.is_none() {
            let before = self.items.len();
            self.items.retain(|(name, item, _)| name != names[0] || !item.is_null());
            self.free -= before - self.items.len();
        }
        found
    }

    fn find<T: FieldValue>(&self, names: &[&str]) -> Option<(usize, T)> {
        names.iter().find_map(|wanted| {
            let items = self.items.iter().enumerate().filter(|(_, (name, ..))| name == wanted);
            items.filter_map(|(index, (_, item, _))| T::read(item).map(|value| (index, value))).next()
        })
    }

    /// Marks the item at `found` as claimed, and other items under `names` as echoes or rivals of it.
    ///
    /// A value under another name than the first stays in `extra`, and so is sent on under that name.
    fn mark<T: FieldValue>(&mut self, found: usize, value: &T, names: &[&str]) {
        for (index, (name, item, role)) in self.items.iter_mut().enumerate() {
            let claimed = match () {
                () if index == found && name == names[0] => FieldRole::Typed,
                () if index == found => FieldRole::Source,
                () if !names.contains(&&**name) => continue,
                () if T::read(item).as_ref() == Some(value) => FieldRole::Echo,
                () => FieldRole::Rival,
            };
            self.free -= usize::from(*role == FieldRole::Free);
            *role = claimed;
        }
    }

    /// Takes the remaining fields, for `extra`.
    pub fn rest(&mut self) -> Extra {
        let left = std::mem::take(&mut self.items).into_iter().filter(|(.., role)| *role != FieldRole::Typed);
        let field = |(name, item, role): (Cow<'_, str>, Item<'_>, _)| Field {
            name: name.into_owned(),
            value: item.into_json(),
            role,
        };
        Extra::new(left.map(field).collect(), std::mem::take(&mut self.rest))
    }

    /// Returns the fields as a JSON object.
    pub(crate) fn into_json(self) -> Box<RawValue> {
        let entries = self.items.into_iter().map(|(name, item, _)| {
            let name = serde_json::Value::from(name.into_owned());
            format!("{name}:{}", item.into_json())
        });
        let json = format!("{{{}}}", entries.collect::<Vec<_>>().join(","));
        RawValue::from_string(json).unwrap_or_else(|_| RawValue::NULL.to_owned())
    }

    pub(crate) fn into_extra(mut self) -> Extra {
        for (.., role) in &mut self.items {
            *role = FieldRole::Free;
        }
        self.rest()
    }
}

/// The type of a field in a segment: read from text and written as text. For generated code.
#[doc(hidden)]
pub trait FieldValue: Sized + PartialEq {
    /// Reads the text of a value; `None` if it is not a `Self`, or is spelled in a way that writing would not give back.
    fn read_text(text: &str) -> Option<Self>;

    /// Returns the value as text.
    fn text(&self) -> Cow<'_, str>;

    /// Reads any value.
    fn read(item: &Item<'_>) -> Option<Self> {
        Self::read_text(&item.text()?)
    }
}

impl<T: Integer + PartialEq + fmt::Display> FieldValue for T {
    fn read_text(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let canonical = digits == "0" && text == "0" || !digits.starts_with('0');
        let number = || match text.len() {
            // Faster, and always within range.
            ..=18 => text.parse::<i64>().ok().and_then(|number| T::from_wide(number.into())),
            _ => text.parse().ok().and_then(T::from_wide),
        };
        (canonical && digits.bytes().all(|digit| digit.is_ascii_digit())).then(number)?
    }

    fn text(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_string())
    }
}

impl FieldValue for String {
    fn read_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn text(&self) -> Cow<'_, str> {
        Cow::Borrowed(self)
    }
}

impl FieldValue for bool {
    fn read_text(text: &str) -> Option<Self> {
        match text {
            "1" => Some(true),
            "0" => Some(false),
            _ => None,
        }
    }

    fn text(&self) -> Cow<'_, str> {
        Cow::Borrowed(if *self { "1" } else { "0" })
    }
}

impl FieldValue for f64 {
    fn read_text(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number: &f64| number.is_finite() && number.to_string() == text)
    }

    fn text(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_string())
    }
}

impl FieldValue for FileSource {
    fn read_text(text: &str) -> Option<Self> {
        Some(Self::received(text))
    }

    fn text(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.as_str())
    }
}
