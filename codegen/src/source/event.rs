//! The stanzas of events, quick operations and segments.

use super::field::{Field, Part};
use super::reader::{At, Reader};
use crate::source_map::Spot;
use crate::yaml::Node;

#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) spot: Spot,
    /// `true` if a part of the stanza was refused, so that rules about the whole would mislead.
    pub(crate) broken: bool,
    pub(crate) name: At<String>,
    pub(crate) title: At<String>,
    pub(crate) doc: At<String>,
    pub(crate) post_type: At<String>,
    /// The value of `message_type`, `notice_type` and so on.
    pub(crate) detail: At<String>,
    pub(crate) sub_type: Option<At<String>>,
    pub(crate) servers: Vec<At<String>>,
    pub(crate) operation: Option<At<String>>,
    /// The event whose struct this one shares.
    pub(crate) shape: Option<At<String>>,
    pub(crate) fields: Option<Vec<Field>>,
    pub(crate) example: Option<Node>,
}

/// A quick operation.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) broken: bool,
    pub(crate) name: At<String>,
    pub(crate) doc: At<String>,
    pub(crate) params: Vec<Field>,
}

#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) spot: Spot,
    pub(crate) broken: bool,
    pub(crate) name: At<String>,
    pub(crate) title: At<String>,
    pub(crate) doc: At<String>,
    pub(crate) direction: At<String>,
    pub(crate) fields: Vec<Field>,
    pub(crate) example: Option<Node>,
}

const EVENT_KEYS: &[&str] = &[
    "kind",
    "name",
    "title",
    "doc",
    "post_type",
    "type",
    "sub_type",
    "servers",
    "operation",
    "shape",
    "fields",
    "example",
];

const SEGMENT_KEYS: &[&str] = &["kind", "name", "title", "doc", "direction", "fields", "example"];

impl Reader<'_> {
    pub(super) fn event(&mut self, node: &Node) -> Option<Event> {
        let before = self.faults.len();
        let entries = self.entries(node, "an event", EVENT_KEYS)?;
        let name = self.required_text(&entries, "name");
        let title = self.required_text(&entries, "title");
        let doc = self.required_text(&entries, "doc");
        let post_type = self.required_text(&entries, "post_type");
        let detail = self.required_text(&entries, "type");
        let sub_type = entries.get("sub_type").and_then(|node| self.text(node));
        let servers = self.texts(&entries, "servers");
        let operation = entries.get("operation").and_then(|node| self.text(node));
        let shape = entries.get("shape").and_then(|node| self.text(node));
        let fields = entries.get("fields").map(|node| self.fields(node, Part::Field));
        let example = self.required(&entries, "example").cloned();
        Some(Event {
            spot: entries.spot,
            broken: self.faults.len() > before,
            name: name?,
            title: title?,
            doc: doc?,
            post_type: post_type?,
            detail: detail?,
            sub_type,
            servers,
            operation,
            shape,
            fields,
            example,
        })
    }

    pub(super) fn operation(&mut self, node: &Node) -> Option<Operation> {
        let before = self.faults.len();
        let entries = self.entries(node, "an operation", &["kind", "name", "doc", "params"])?;
        let name = self.required_text(&entries, "name");
        let doc = self.required_text(&entries, "doc");
        let params = self.required(&entries, "params").map(|node| self.fields(node, Part::OfOperation));
        Some(Operation { broken: self.faults.len() > before, name: name?, doc: doc?, params: params? })
    }

    pub(super) fn segment(&mut self, node: &Node) -> Option<Segment> {
        let before = self.faults.len();
        let entries = self.entries(node, "a segment", SEGMENT_KEYS)?;
        let name = self.required_text(&entries, "name");
        let title = self.required_text(&entries, "title");
        let doc = self.required_text(&entries, "doc");
        let direction = self.required_text(&entries, "direction");
        let fields = entries.get("fields").map(|node| self.fields(node, Part::OfSegment)).unwrap_or_default();
        let example = entries.get("example").cloned();
        Some(Segment {
            spot: entries.spot,
            broken: self.faults.len() > before,
            name: name?,
            title: title?,
            doc: doc?,
            direction: direction?,
            fields,
            example,
        })
    }
}
