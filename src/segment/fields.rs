//! Fields of a segment's data while it is read: a typed field claims the value under its name, unclaimed values are kept.

use std::borrow::Cow;

use crate::decode::{Integer, SetField};
use crate::file::FileSource;
use crate::segment::extra::{Extra, Field, FieldRole, Rest};
use crate::segment::item::{Item, Written, with_digits};
use crate::segment::json::{JsonField, json_of};

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

    /// Drops all fields. Their memory is kept.
    pub(crate) fn clear(&mut self) {
        self.items.clear();
        self.free = 0;
    }

    /// Takes the value under the first of `names` that holds a `T`.
    pub fn required<T: FieldValue>(&mut self, names: &[&str]) -> Option<T> {
        let (index, value) = self.read(names, T::read)?;
        self.mark(index, true, names, &|item| T::read(item).as_ref() == Some(&value));
        Some(value)
    }

    /// Takes the JSON under the first of `names` that holds a `T`.
    pub fn required_json<T: JsonField>(&mut self, names: &[&str]) -> Option<T> {
        let (index, value) = self.read(names, T::read)?;
        let is_whole = value.is_whole(&self.items[index].1);
        // A CQ code holds JSON only as text: the JSON itself is kept.
        for (name, item, _) in &mut self.items {
            if names.contains(&&**name) && !matches!(item, Item::Json(_)) {
                *item = Item::Json(Cow::Owned(json_of(item).unwrap_or_default()));
            }
        }
        self.mark(index, is_whole, names, &|item| T::read(item).as_ref() == Some(&value));
        Some(value)
    }

    /// Takes the value under the first of `names` that holds a `T`; null under the first name
    /// counts as absent and is not kept.
    pub fn optional<T: FieldValue>(&mut self, names: &[&str]) -> Option<T> {
        self.unless_absent(names, Self::required)
    }

    /// Takes the JSON under the first of `names` that holds a `T`, as [`optional`](Self::optional) does.
    pub fn optional_json<T: JsonField>(&mut self, names: &[&str]) -> Option<T> {
        self.unless_absent(names, Self::required_json)
    }

    fn unless_absent<T>(&mut self, names: &[&str], take: impl FnOnce(&mut Self, &[&str]) -> Option<T>) -> Option<T> {
        if self.free == 0 {
            return None;
        }
        let found = take(self, names);
        if found.is_none() {
            self.remove_null(names[0]);
        }
        found
    }

    /// Removes the null under a name.
    fn remove_null(&mut self, wanted: &str) {
        let before = self.items.len();
        self.items.retain(|(name, item, _)| name != wanted || !item.is_null());
        self.free -= before - self.items.len();
    }

    /// Reads the first value under the first of `names` that `read` takes, and returns its index too.
    fn read<T>(&self, names: &[&str], read: fn(&Item<'_>) -> Option<T>) -> Option<(usize, T)> {
        let mut value = None;
        let index = self.find(names, &mut |item| {
            value = read(item);
            value.is_some()
        })?;
        Some((index, value?))
    }

    /// Returns the index of the first value under the first of `names` that fits.
    fn find(&self, names: &[&str], fits: &mut dyn FnMut(&Item<'_>) -> bool) -> Option<usize> {
        let mut position = |wanted: &&str| self.items.iter().position(|(name, item, _)| name == wanted && fits(item));
        names.iter().find_map(&mut position)
    }

    /// Marks the item at `found` as claimed, and other items under `names` as echoes or rivals of it.
    ///
    /// A value under another name than the first stays in `extra`, and so is sent on under that name; and so does a value that
    /// the field does not hold as a whole.
    fn mark(&mut self, found: usize, is_whole: bool, names: &[&str], is_equal: &dyn Fn(&Item<'_>) -> bool) {
        for (index, (name, item, role)) in self.items.iter_mut().enumerate() {
            let claimed = match () {
                () if index == found && is_whole && name == names[0] => FieldRole::Typed,
                () if index == found => FieldRole::Source,
                () if !names.contains(&&**name) => continue,
                () if is_equal(item) => FieldRole::Echo,
                () => FieldRole::Rival,
            };
            self.free -= usize::from(*role == FieldRole::Free);
            *role = claimed;
        }
    }

    /// Takes the remaining fields, for `extra`. No field is left, and the memory of the fields is kept.
    pub fn rest(&mut self) -> Extra {
        self.free = 0;
        if self.items.iter().all(|(.., role)| *role == FieldRole::Typed) {
            self.items.clear();
            return match self.rest.is_empty() {
                true => Extra::default(),
                false => Extra::new(Vec::new(), std::mem::take(&mut self.rest)),
            };
        }
        let left = self.items.drain(..).filter(|(.., role)| *role != FieldRole::Typed);
        let field = |(name, item, role): (Cow<'_, str>, Item<'_>, _)| Field {
            name: name.into_owned(),
            value: item.into_json(),
            role,
        };
        Extra::new(left.map(field).collect(), std::mem::take(&mut self.rest))
    }

    pub(crate) fn into_extra(mut self) -> Extra {
        self.all()
    }

    /// Takes all fields, claimed or not.
    pub(crate) fn all(&mut self) -> Extra {
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

    /// Returns the value as it is written.
    fn written(&self) -> Written<'_> {
        Written::Text(self.text())
    }

    /// Reads any value.
    fn read(item: &Item<'_>) -> Option<Self> {
        Self::read_text(&item.text()?)
    }
}

impl<T: FieldValue> SetField for T {
    fn set(&mut self, text: &str) -> bool {
        T::read_text(text).map(|value| *self = value).is_some()
    }
}

impl<T: FieldValue> SetField for Option<T> {
    fn set(&mut self, text: &str) -> bool {
        T::read_text(text).map(|value| *self = Some(value)).is_some()
    }
}

impl<T: Integer + PartialEq> FieldValue for T {
    fn read_text(text: &str) -> Option<Self> {
        T::from_wide(integer(text)?)
    }

    fn text(&self) -> Cow<'_, str> {
        Cow::Owned(with_digits(self.wide(), str::to_owned))
    }

    fn written(&self) -> Written<'_> {
        Written::Number(self.wide())
    }
}

/// The most digits of any kind of which each number fits into 64 bits.
const SHORT: usize = 18;

/// Reads an integer; `None` if it is not spelled as it would be written.
fn integer(text: &str) -> Option<i128> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || digits.starts_with('0') && text != "0" {
        return None;
    }
    if digits.len() > SHORT {
        return digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| text.parse().ok())?;
    }
    let mut number = 0;
    for digit in digits.bytes() {
        if !digit.is_ascii_digit() {
            return None;
        }
        number = number * 10 + i64::from(digit - b'0');
    }
    Some(i128::from(if digits.len() < text.len() { -number } else { number }))
}

impl FieldValue for String {
    fn read_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn text(&self) -> Cow<'_, str> {
        Cow::Borrowed(self)
    }

    fn read(item: &Item<'_>) -> Option<Self> {
        item.text().map(Cow::into_owned)
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

#[cfg(test)]
mod tests {
    use super::integer;

    #[test]
    fn integers_are_read_as_they_are_written() {
        for number in [0, 1, -1, 10_086, 999_999_999_999_999_999, -1_000_000_000_000_000_000, i128::from(u64::MAX)] {
            assert_eq!(integer(&number.to_string()), Some(number));
        }
        for text in
            ["", "-", "-0", "00", "01", "-01", "+1", " 1", "1 ", "1.0", "--1", "1-", "１", "99999999999999999999x"]
        {
            assert_eq!(integer(text), None, "{text}");
        }
        assert_eq!(integer(&"9".repeat(60)), None);
    }
}
