//! Readers of YAML nodes: texts, lists and mappings, each with its place.

use crate::diagnostic::{Faults, list, nearest, suggest};
use crate::doc;
use crate::source_map::Spot;
use crate::yaml::{Node, Value};

/// A part of a file with its place.
#[derive(Clone, Debug)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) spot: Spot,
}

/// Reads the nodes of one file as stanzas.
pub(super) struct Reader<'a> {
    pub(super) file: usize,
    pub(super) extension: bool,
    pub(super) faults: &'a mut Faults,
}

/// The entries of a mapping, by key.
pub(super) struct Entries<'n> {
    pub(super) spot: Spot,
    pub(super) entries: Vec<(&'n str, &'n Node)>,
    pub(super) unknown: Vec<&'n str>,
}

impl<'n> Entries<'n> {
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
    }
}

impl Reader<'_> {
    pub(super) fn spot(&self, node: &Node) -> Spot {
        Spot::of(self.file, node)
    }

    /// Reports every text of a node that generated code cannot hold.
    pub(super) fn texts_of(&mut self, node: &Node) {
        match &node.value {
            Value::Text(text) => {
                if let Some((message, hint)) = doc::text_fault(text) {
                    self.faults.add(&self.spot(node), message, hint);
                }
            }
            Value::List(items) => items.iter().for_each(|item| self.texts_of(item)),
            Value::Map(entries) => entries.iter().for_each(|(key, value)| {
                self.texts_of(key);
                self.texts_of(value);
            }),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {}
        }
    }

    /// The entries of a mapping. Unknown and repeated keys are reported.
    pub(super) fn entries<'n>(&mut self, node: &'n Node, what: &str, known: &[&str]) -> Option<Entries<'n>> {
        let Value::Map(map) = &node.value else {
            let message = format!("expected {what}, found {}", node.value.describe());
            let hint = format!("{what} is a mapping with the keys {}", list(known));
            self.faults.add(&self.spot(node), message, hint);
            return None;
        };
        let mut entries: Vec<(&str, &Node)> = Vec::new();
        let mut unknown = Vec::new();
        for (key, value) in map {
            match &key.value {
                Value::Text(name) if !known.contains(&name.as_str()) => {
                    let hint = match name.contains(' ') {
                        true => "in flow style a comma ends a text: write in block style".into(),
                        false => suggest(name, known),
                    };
                    self.faults.add(&self.spot(key), format!("{what} has no key `{name}`"), hint);
                    unknown.push(name.as_str());
                }
                Value::Text(name) if entries.iter().any(|(seen, _)| seen == name) => {
                    let message = format!("the key `{name}` stands here twice");
                    self.faults.add(&self.spot(key), message, "keep one of them");
                }
                Value::Text(name) => entries.push((name, value)),
                other => {
                    let message = format!("expected a key, found {}", other.describe());
                    self.faults.add(&self.spot(key), message, "keys are plain words");
                }
            }
        }
        Some(Entries { spot: self.spot(node), entries, unknown })
    }

    pub(super) fn required<'n>(&mut self, entries: &Entries<'n>, key: &str) -> Option<&'n Node> {
        let found = entries.get(key);
        if found.is_none() && nearest(key, &entries.unknown).is_none() {
            self.faults.add(&entries.spot, format!("`{key}` is missing"), format!("add `{key}: …`"));
        }
        found
    }

    pub(super) fn required_text(&mut self, entries: &Entries<'_>, key: &str) -> Option<At<String>> {
        self.required(entries, key).and_then(|node| self.text(node))
    }

    pub(super) fn texts(&mut self, entries: &Entries<'_>, key: &str) -> Vec<At<String>> {
        let Some(node) = entries.get(key) else { return Vec::new() };
        let what = if key == "search" { "search words" } else { key };
        self.list(node, what).iter().filter_map(|node| self.text(node)).collect()
    }

    pub(super) fn text(&mut self, node: &Node) -> Option<At<String>> {
        match &node.value {
            Value::Text(text) if !text.trim().is_empty() => {
                Some(At { value: text.trim_end_matches('\n').to_owned(), spot: self.spot(node) })
            }
            other => {
                let hint = match other {
                    Value::Bool(_) | Value::Int(_) | Value::Float(_) => "put it into quotes",
                    _ => "write a text",
                };
                self.faults.add(&self.spot(node), format!("expected a text, found {}", other.describe()), hint);
                None
            }
        }
    }

    pub(super) fn flag(&mut self, node: &Node) -> bool {
        match &node.value {
            Value::Bool(value) => *value,
            other => {
                let message = format!("expected `true` or `false`, found {}", other.describe());
                self.faults.add(&self.spot(node), message, "write `true`, or leave the key out");
                false
            }
        }
    }

    pub(super) fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.value {
            Value::List(items) if !items.is_empty() => items,
            other => {
                let message = format!("expected a list of {what}, found {}", other.describe());
                let hint = match other {
                    Value::Null | Value::List(_) => "fill it, or leave it out",
                    _ => "begin each entry with `- `",
                };
                self.faults.add(&self.spot(node), message, hint);
                &[]
            }
        }
    }
}
