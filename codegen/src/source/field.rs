//! Parameters and fields: entries with a name, a type and a doc.

use super::reader::{At, Entries, Reader};
use crate::diagnostic::list;
use crate::source_map::Spot;
use crate::yaml::Node;

/// A parameter, or a field of an answer or object.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: At<String>,
    pub(crate) ty: At<String>,
    pub(crate) doc: At<String>,
    pub(crate) default: Option<Node>,
    pub(crate) wire: Option<At<String>>,
    pub(crate) also: Vec<At<String>>,
    pub(crate) aliases: Vec<At<String>>,
    /// The place of `decides: true`: the field says which of several things happened.
    pub(crate) decides: Option<Spot>,
    /// The place of `bare: true`: some servers answer the value of this field alone.
    pub(crate) bare: Option<Spot>,
    /// The place of `as_json: true`: the value goes out as its own kind of JSON, not as a text.
    pub(crate) as_json: Option<Spot>,
    /// The differences of a parameter from go-cqhttp's code.
    pub(crate) deviates: Vec<Deviation>,
}

/// A known difference from go-cqhttp's code, and its reason: the command `audit` does not report it.
#[derive(Debug)]
pub(crate) struct Deviation {
    pub(crate) what: At<String>,
    pub(crate) reason: String,
}

/// The owner of a list of entries with a name, a type and a doc.
#[derive(Clone, Copy)]
pub(super) enum Part {
    /// A request.
    Param,
    /// An operation.
    OfOperation,
    /// An answer, an object or an event.
    Field,
    /// A segment.
    OfSegment,
}

/// The ways in which a parameter may deviate from what servers read.
const PARAM_DEVIATIONS: &[&str] = &["unread", "names", "type", "default", "required"];

impl Field {
    /// The name on the wire.
    pub(crate) fn wire_name(&self) -> &At<String> {
        self.wire.as_ref().unwrap_or(&self.name)
    }
}

impl Reader<'_> {
    pub(super) fn fields(&mut self, node: &Node, part: Part) -> Vec<Field> {
        let (what, plural, keys): (_, _, &[&str]) = match part {
            Part::Param => {
                let keys = &["name", "type", "doc", "default", "wire", "also", "aliases", "deviates"];
                ("a parameter", "parameters", keys)
            }
            Part::OfOperation => {
                ("a parameter", "parameters", &["name", "type", "doc", "default", "wire", "also", "aliases"])
            }
            Part::Field => ("a field", "fields", &["name", "type", "doc", "wire", "aliases", "decides", "bare"]),
            Part::OfSegment => ("a field", "fields", &["name", "type", "doc", "default", "wire", "aliases", "as_json"]),
        };
        let mut fields = Vec::new();
        for node in self.list(node, plural) {
            let Some(entries) = self.entries(node, what, keys) else { continue };
            let name = self.required_text(&entries, "name");
            let ty = self.required_text(&entries, "type");
            let doc = self.required_text(&entries, "doc");
            let wire = entries.get("wire").and_then(|node| self.text(node));
            let also = self.texts(&entries, "also");
            let aliases = self.texts(&entries, "aliases");
            let mut set = |key| entries.get(key).filter(|node| self.flag(node)).map(|node| self.spot(node));
            let (decides, bare, as_json) = (set("decides"), set("bare"), set("as_json"));
            let deviates = self.deviates(&entries, PARAM_DEVIATIONS);
            if let (Some(name), Some(ty), Some(doc)) = (name, ty, doc) {
                let default = entries.get("default").cloned();
                fields.push(Field { name, ty, doc, default, wire, also, aliases, decides, bare, as_json, deviates });
            }
        }
        fields
    }

    /// The stated differences from go-cqhttp's code.
    pub(super) fn deviates(&mut self, entries: &Entries<'_>, known: &[&str]) -> Vec<Deviation> {
        let Some(node) = entries.get("deviates") else { return Vec::new() };
        let Some(entries) = self.entries(node, "a deviation", known) else { return Vec::new() };
        if entries.entries.is_empty() && entries.unknown.is_empty() {
            let hint = format!("say in what, and why; known here: {}", list(known));
            self.faults.add(&entries.spot, "no deviation is named", hint);
        }
        let said = entries.entries.iter().filter_map(|(what, node)| {
            let reason = self.text(node)?;
            Some(Deviation { what: At { value: (*what).to_owned(), spot: reason.spot }, reason: reason.value })
        });
        said.collect()
    }
}
