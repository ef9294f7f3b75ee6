//! Lines and columns of places.

use std::fmt;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::node::{Place, Step};

/// The lines and columns of places in a text.
///
/// serde_yaml tells the place of errors only, so the text is walked once more, and the walk fails on purpose at
/// the place. With many places in one text, the stanzas are walked one by one, each as a text of its own.
pub(crate) struct Locator<'t> {
    text: &'t str,
    /// The offset and the line of each stanza's beginning; empty if stanzas cannot be told apart by their lines.
    stanzas: Vec<(usize, usize)>,
}

impl<'t> Locator<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let begins = |line: &str| line.starts_with("- ") || line.trim_end() == "-";
        // All begin in the same column as the first one.
        let first = text.lines().find(|line| begins(line.trim_start()));
        let indent = first.map_or("", |line| &line[..line.len() - line.trim_start().len()]);
        let mut stanzas = Vec::new();
        let mut offset = 0;
        for (index, line) in text.split_inclusive('\n').enumerate() {
            if line.strip_prefix(indent).is_some_and(begins) {
                stanzas.push((offset, index + 1));
            }
            offset += line.len();
        }
        // Such a line within a quoted text does not begin a stanza.
        let items = serde_yaml::Deserializer::from_str(text).next().map(Vec::<IgnoredAny>::deserialize);
        if !matches!(items, Some(Ok(items)) if items.len() == stanzas.len()) {
            stanzas.clear();
        }
        Self { text, stanzas }
    }

    /// Line and column, from 1, at which a place begins.
    pub(crate) fn locate(&self, place: &Place) -> (usize, usize) {
        let Some((&Step::Item(index), rest)) = place.0.split_first() else { return locate(self.text, &place.0) };
        let Some(&(start, first_line)) = self.stanzas.get(index) else { return locate(self.text, &place.0) };
        let end = self.stanzas.get(index + 1).map_or(self.text.len(), |(end, _)| *end);
        let within: Vec<Step> = [Step::Item(0)].into_iter().chain(rest.iter().copied()).collect();
        let (line, column) = locate(&self.text[start..end], &within);
        (first_line + line - 1, column)
    }
}

fn locate(text: &str, place: &[Step]) -> (usize, usize) {
    let mut documents = serde_yaml::Deserializer::from_str(text);
    let found = documents.next().map(|document| Locate(place).deserialize(document));
    match found {
        Some(Err(error)) => error.location().map_or((1, 1), |at| (at.line(), at.column())),
        _ => (1, 1),
    }
}

/// Walks a place's steps and fails at its end: the error carries line and column.
pub(super) struct Locate<'a>(pub(super) &'a [Step]);

impl<'de> DeserializeSeed<'de> for Locate<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Locate<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the place looked for")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Some((&Step::Item(index), rest)) = self.0.split_first() else {
            return Err(de::Error::custom("here"));
        };
        for _ in 0..index {
            items.next_element::<IgnoredAny>()?;
        }
        items.next_element_seed(Locate(rest)).map(drop)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let (index, key, rest) = match self.0.split_first() {
            Some((&Step::Key(index), rest)) => (index, true, rest),
            Some((&Step::Value(index), rest)) => (index, false, rest),
            _ => return Err(de::Error::custom("here")),
        };
        for _ in 0..index {
            entries.next_entry::<IgnoredAny, IgnoredAny>()?;
        }
        if key {
            return entries.next_key_seed(Locate(rest)).map(drop);
        }
        entries.next_key::<IgnoredAny>()?;
        entries.next_value_seed(Locate(rest))
    }
}
