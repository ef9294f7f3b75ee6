//! The log of a comparison, and the pairs of items that are compared.

use std::collections::{HashMap, HashSet};

use cqhttp_codegen::tooling::{
    Action, Event, Field, Operation, Param, Refusal, Segment, ServerFacts, TypeDef, Variant,
};

use super::change::{Change, Mark, Part};

/// An item with a Rust name, by which it is found in both schemas.
pub(super) trait Named {
    /// Returns the name.
    fn key(&self) -> String;
}

macro_rules! named {
    ($($ty:ty: $key:expr),* $(,)?) => {
        $(impl Named for $ty {
            fn key(&self) -> String {
                let key: fn(&$ty) -> String = $key;
                key(self)
            }
        })*
    };
}

named! {
    Action: |action| action.name.snake().to_owned(),
    Event: |event| event.name.pascal(),
    Operation: |operation| operation.name.clone(),
    Segment: |segment| segment.name.pascal(),
    Refusal: |refusal| refusal.name.pascal(),
    ServerFacts: |server| server.name.clone(),
    TypeDef: |ty| ty.name.clone(),
    Variant: |variant| variant.name.pascal(),
    Param: |param| param.name.snake().to_owned(),
    Field: |field| field.name.snake().to_owned(),
}

/// The two sides of an item.
pub(super) enum Pair<'a, T> {
    /// Only the newer schema has the item.
    Added(&'a T),
    /// Only the older schema has the item.
    Removed(&'a T),
    /// The older and the newer item.
    Both(&'a T, &'a T),
}

/// Calls `call` for every item of either side.
pub(super) fn each<'a, T: Named + 'a>(
    old: impl IntoIterator<Item = &'a T>,
    new: impl IntoIterator<Item = &'a T>,
    mut call: impl FnMut(Pair<'a, T>),
) {
    let old: Vec<(String, &T)> = old.into_iter().map(|item| (item.key(), item)).collect();
    let by_key: HashMap<&str, &T> = old.iter().map(|(key, item)| (key.as_str(), *item)).collect();
    let mut kept = HashSet::new();
    for item in new {
        let key = item.key();
        match by_key.get(key.as_str()) {
            Some(old) => call(Pair::Both(old, item)),
            None => call(Pair::Added(item)),
        }
        kept.insert(key);
    }
    for (_, item) in old.iter().filter(|(key, _)| !kept.contains(key)) {
        call(Pair::Removed(item));
    }
}

/// The log of the changes of one item.
pub(super) struct Notes<'l> {
    log: &'l mut Vec<Change>,
    part: Part,
    name: String,
}

impl<'l> Notes<'l> {
    /// Creates the log of an item.
    pub(super) fn of(log: &'l mut Vec<Change>, part: Part, item: &impl Named) -> Self {
        Self { log, part, name: item.key() }
    }

    /// Notes a change.
    pub(super) fn note(&mut self, mark: Mark, text: impl Into<String>) {
        self.log.push(Change { part: self.part, name: self.name.clone(), mark, text: text.into() });
    }

    /// Notes a breaking change.
    pub(super) fn breaking(&mut self, text: impl Into<String>) {
        self.note(Mark::Breaking, text);
    }

    /// Notes a compatible change.
    pub(super) fn compatible(&mut self, text: impl Into<String>) {
        self.note(Mark::Compatible, text);
    }

    /// Notes changed docs, unless another change of the item is noted already.
    pub(super) fn docs(&mut self, old: &[String], new: &[String]) {
        let noted = self.log.last().is_some_and(|last| last.part == self.part && last.name == self.name);
        if old != new && !noted {
            self.note(Mark::Documentation, "");
        }
    }

    /// Notes that a list of names changed, if it did.
    pub(super) fn names(&mut self, what: &str, old: &[String], new: &[String]) {
        if old != new {
            self.compatible(format!("{what}: {}; before: {}", listed(new), listed(old)));
        }
    }
}

/// Formats as code.
pub(super) fn code(text: &str) -> String {
    format!("`{text}`")
}

/// Formats names as "`a`, `b`", or "none".
pub(super) fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".into() } else { names.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ") }
}
