//! The stanzas of actions.

use super::field::{Deviation, Field, Part};
use super::reader::{At, Entries, Reader};
use crate::name::Name;
use crate::source_map::Spot;
use crate::yaml::{Node, Value};

#[derive(Debug)]
pub(crate) struct Action {
    pub(crate) spot: Spot,
    /// `true` if a part of the stanza was refused, so that rules about the whole would mislead.
    pub(crate) broken: bool,
    pub(crate) name: At<String>,
    /// The name in Rust, if it is not made from the name on the wire.
    pub(crate) method: Option<At<String>>,
    pub(crate) title: At<String>,
    pub(crate) doc: At<String>,
    /// Optional in an extension.
    pub(crate) origin: Option<At<String>>,
    pub(crate) effect: At<String>,
    pub(crate) aliases: Vec<At<String>>,
    /// Short words by which people look for the action.
    pub(crate) search: Vec<At<String>>,
    pub(crate) server: Option<At<String>>,
    pub(crate) silent: bool,
    pub(crate) wait: Option<At<String>>,
    pub(crate) pages: Option<Pages>,
    pub(crate) params: Vec<Field>,
    /// Parameters that exclude each other.
    pub(crate) groups: Vec<Group>,
    /// `true` if an answer of success is a refusal when its `data` holds a code of QQ other than 0.
    pub(crate) soft_failure: bool,
    pub(crate) errors: Vec<At<String>>,
    pub(crate) returns: Option<Returns>,
    /// The parts of the answer before the last one.
    pub(crate) stream: Option<Stream>,
    pub(crate) example: Option<Example>,
    pub(crate) deviates: Vec<Deviation>,
}

impl Action {
    /// The name in Rust.
    pub(crate) fn rust_name(&self) -> Name {
        Name::from_wire(&self.method.as_ref().unwrap_or(&self.name).value)
    }

    /// The place of the name in Rust.
    pub(crate) fn rust_name_spot(&self) -> &Spot {
        &self.method.as_ref().unwrap_or(&self.name).spot
    }
}

/// Names of parameters that exclude each other.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) spot: Spot,
    pub(crate) params: Vec<At<String>>,
    /// `true` if exactly one is set, `false` if none may be set as well.
    pub(crate) required: bool,
}

/// The way from one page of an answer to the next.
#[derive(Debug)]
pub(crate) struct Pages {
    pub(crate) spot: Spot,
    pub(crate) set: At<String>,
    pub(crate) from: Option<At<String>>,
    pub(crate) before: Option<At<String>>,
    /// The parameter that takes the id of the oldest message.
    pub(crate) anchor: Option<At<String>>,
    /// The flag that makes servers go back from the anchor.
    pub(crate) back: Option<At<String>>,
}

/// The parts of an answer before the last one.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) spot: Spot,
    /// The type of a part.
    pub(crate) part: At<String>,
    /// The field of a part that says how much there is in all.
    pub(crate) total: Option<At<String>>,
    /// The field of a part that says how much it brings.
    pub(crate) received: Option<At<String>>,
}

#[derive(Debug)]
pub(crate) enum Returns {
    Type(At<String>),
    Fields(Vec<Field>),
}

#[derive(Debug)]
pub(crate) struct Example {
    pub(crate) spot: Spot,
    pub(crate) params: Option<Node>,
    pub(crate) returns: Option<Node>,
    pub(crate) parts: Option<Node>,
}

pub(super) const ACTION_KEYS: &[&str] = &[
    "name",
    "method",
    "title",
    "doc",
    "origin",
    "effect",
    "aliases",
    "search",
    "server",
    "silent",
    "wait",
    "pages",
    "params",
    "one_of",
    "at_most_one",
    "soft_failure",
    "errors",
    "returns",
    "stream",
    "example",
    "deviates",
];

/// The ways in which an action may deviate from go-cqhttp's code.
const ACTION_DEVIATIONS: &[&str] = &["absent", "names", "params", "stream"];

impl Reader<'_> {
    pub(super) fn action(&mut self, node: &Node) -> Option<Action> {
        let before = self.faults.len();
        let entries = self.entries(node, "an action", ACTION_KEYS)?;
        let name = self.required_text(&entries, "name");
        let method = entries.get("method").and_then(|node| self.text(node));
        let title = self.required_text(&entries, "title");
        let doc = self.required_text(&entries, "doc");
        let origin = match self.extension {
            true => entries.get("origin").and_then(|node| self.text(node)),
            false => self.required_text(&entries, "origin"),
        };
        let effect = self.required_text(&entries, "effect");
        let aliases = self.texts(&entries, "aliases");
        let search = self.texts(&entries, "search");
        let server = entries.get("server").and_then(|node| self.text(node));
        let silent = entries.get("silent").is_some_and(|node| self.flag(node));
        let wait = entries.get("wait").and_then(|node| self.text(node));
        let pages = entries.get("pages").and_then(|node| self.pages(node));
        let params = entries.get("params").map(|node| self.fields(node, Part::Param)).unwrap_or_default();
        let groups = [self.groups(&entries, "one_of", true), self.groups(&entries, "at_most_one", false)].concat();
        let soft_failure = entries.get("soft_failure").is_some_and(|node| self.flag(node));
        let errors = self.texts(&entries, "errors");
        let (returns, stream) = self.answer(&entries);
        let example = entries.get("example").and_then(|node| self.example(node));
        let deviates = self.deviates(&entries, ACTION_DEVIATIONS);
        Some(Action {
            spot: entries.spot,
            broken: self.faults.len() > before,
            name: name?,
            method,
            title: title?,
            doc: doc?,
            origin,
            effect: effect?,
            aliases,
            search,
            server,
            silent,
            wait,
            pages,
            params,
            groups,
            soft_failure,
            errors,
            returns,
            stream,
            example,
            deviates,
        })
    }

    /// Names of parameters, as one list or as a list of lists.
    fn groups(&mut self, entries: &Entries<'_>, key: &str, required: bool) -> Vec<Group> {
        let Some(node) = entries.get(key) else { return Vec::new() };
        let items = self.list(node, "parameters");
        let lists: Vec<&Node> = match items.first() {
            Some(Node { value: Value::List(_), .. }) => items.iter().collect(),
            Some(_) => vec![node],
            None => Vec::new(),
        };
        let group = |node: &Node| {
            let params = self.list(node, "parameters").iter().filter_map(|node| self.text(node)).collect();
            Group { spot: self.spot(node), params, required }
        };
        lists.into_iter().map(group).collect()
    }

    fn pages(&mut self, node: &Node) -> Option<Pages> {
        let entries = self.entries(node, "the paging", &["set", "from", "before", "anchor", "back"])?;
        let from = entries.get("from").and_then(|node| self.text(node));
        let before = entries.get("before").and_then(|node| self.text(node));
        let anchor = entries.get("anchor").and_then(|node| self.text(node));
        let back = entries.get("back").and_then(|node| self.text(node));
        Some(Pages { set: self.required_text(&entries, "set")?, from, before, anchor, back, spot: entries.spot })
    }

    fn answer(&mut self, entries: &Entries<'_>) -> (Option<Returns>, Option<Stream>) {
        let returns = entries.get("returns").and_then(|node| self.returns(node));
        (returns, entries.get("stream").and_then(|node| self.stream(node)))
    }

    fn returns(&mut self, node: &Node) -> Option<Returns> {
        match &node.value {
            Value::List(_) => Some(Returns::Fields(self.fields(node, Part::Field))),
            Value::Text(_) => self.text(node).map(Returns::Type),
            other => {
                let message = format!("expected a type or a list of fields, found {}", other.describe());
                self.faults.add(&self.spot(node), message, "an action that answers nothing has no `returns`");
                None
            }
        }
    }

    /// The type of a part, alone or with the fields that tell the progress.
    fn stream(&mut self, node: &Node) -> Option<Stream> {
        if let Value::Text(_) = &node.value {
            let part = self.text(node)?;
            return Some(Stream { spot: self.spot(node), part, total: None, received: None });
        }
        let entries = self.entries(node, "a stream", &["part", "total", "received"])?;
        let total = entries.get("total").and_then(|node| self.text(node));
        let received = entries.get("received").and_then(|node| self.text(node));
        Some(Stream { part: self.required_text(&entries, "part")?, total, received, spot: entries.spot })
    }

    fn example(&mut self, node: &Node) -> Option<Example> {
        let entries = self.entries(node, "an example", &["params", "parts", "returns"])?;
        Some(Example {
            params: entries.get("params").cloned(),
            returns: entries.get("returns").cloned(),
            parts: entries.get("parts").cloned(),
            spot: entries.spot,
        })
    }
}
