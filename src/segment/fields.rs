//! Fields of a segment's data as they are read: each is claimed by the typed field that has its name, the rest is kept.

use std::borrow::Cow;
use std::fmt;

use serde_json::value::{RawValue, to_raw_value};

use crate::file::FileSource;
use crate::lenient::Integer;
use crate::segment::extra::{Extra, Field, FieldRole, Rest};

/// A value of a segment's data. For generated code.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub enum Item<'a> {
    /// A string.
    Text(Cow<'a, str>),
    /// A number or a flag, as its text.
    Bare(Cow<'a, str>),
    /// Null.
    Null,
    /// Anything, as it came: the value of a field that the type does not know.
    Json(Box<RawValue>),
}

impl Item<'_> {
    fn into_json(self) -> Box<RawValue> {
        let raw = |text: String| RawValue::from_string(text).unwrap_or_else(|_| RawValue::NULL.to_owned());
        match self {
            Self::Text(text) => to_raw_value(&text).unwrap_or_else(|_| RawValue::NULL.to_owned()),
            Self::Bare(text) => raw(text.into_owned()),
            Self::Null => RawValue::NULL.to_owned(),
            Self::Json(json) => json,
        }
    }

    /// The value of kept JSON, where it is no list and no object.
    pub(crate) fn of_json(json: &RawValue) -> Item<'_> {
        match json.get().as_bytes().first() {
            Some(b'"') => Item::Text(Cow::Owned(serde_json::from_str(json.get()).unwrap_or_default())),
            Some(b'n') => Item::Null,
            Some(b'[' | b'{') | None => Item::Json(json.to_owned()),
            Some(_) => Item::Bare(Cow::Borrowed(json.get())),
        }
    }

    fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

/// What a segment's data says, in order. For generated code.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Fields<'a> {
    items: Vec<(Cow<'a, str>, Item<'a>, FieldRole)>,
    /// How many of them no field has claimed: of a type's many fields, few are there.
    free: usize,
    pub(crate) rest: Rest,
}

impl<'a> Fields<'a> {
    pub(crate) fn with(rest: Option<&Rest>) -> Self {
        Self { items: Vec::new(), free: 0, rest: rest.cloned().unwrap_or_default() }
    }

    pub(crate) fn push(&mut self, name: impl Into<Cow<'a, str>>, item: Item<'a>) {
        self.items.push((name.into(), item, FieldRole::Free));
        self.free += 1;
    }

    /// The field under the first of these names that holds such a value.
    pub fn required<T: FieldValue>(&mut self, names: &[&str]) -> Option<T> {
        let (index, value) = self.find(names)?;
        self.mark(index, &value, names);
        Some(value)
    }

    /// The same, or nothing.
    pub fn optional<T: FieldValue>(&mut self, names: &[&str]) -> Option<T> {
        if self.free == 0 {
            return None;
        }
        let found = self.required(names);
        if found.is_none() {
            // A value that is null says the same as none.
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

    /// What came under another of its names stays in `extra`, and so goes back out under that.
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

    /// What is left, for `extra`.
    pub fn rest(&mut self) -> Extra {
        let left = std::mem::take(&mut self.items).into_iter().filter(|(.., role)| *role != FieldRole::Typed);
        let field = |(name, item, role): (Cow<'_, str>, Item<'_>, _)| Field {
            name: name.into_owned(),
            value: item.into_json(),
            role,
        };
        Extra::new(left.map(field).collect(), std::mem::take(&mut self.rest))
    }

    pub(crate) fn into_extra(mut self) -> Extra {
        for (.., role) in &mut self.items {
            *role = FieldRole::Free;
        }
        self.rest()
    }
}

/// The type of a segment's field: read from and written as text. For generated code.
#[doc(hidden)]
pub trait FieldValue: Sized + PartialEq {
    /// From the text of a value. `None` where it is another, or the same written in another way: that way would be lost.
    fn read_text(text: &str) -> Option<Self>;

    /// As text.
    fn text(&self) -> Cow<'_, str>;

    /// From any value.
    fn read(item: &Item<'_>) -> Option<Self> {
        match item {
            Item::Text(text) | Item::Bare(text) => Self::read_text(text),
            Item::Null | Item::Json(_) => None,
        }
    }
}

impl<T: Integer + PartialEq + fmt::Display> FieldValue for T {
    fn read_text(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let canonical = digits == "0" && text == "0" || !digits.starts_with('0');
        let number = || text.parse::<i128>().ok().and_then(T::from_wide);
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
