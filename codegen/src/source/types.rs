//! The stanzas of ids, enums and objects.

use super::field::{Field, Part};
use super::reader::{At, Reader};
use crate::diagnostic::suggest;
use crate::source_map::Spot;
use crate::yaml::Node;

#[derive(Debug)]
pub(crate) struct Type {
    pub(crate) spot: Spot,
    pub(crate) broken: bool,
    pub(crate) name: At<String>,
    pub(crate) title: Option<At<String>>,
    pub(crate) doc: At<String>,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Id { base: At<String> },
    Enum { base: At<String>, values: Vec<EnumValue> },
    Object { fields: Vec<Field>, within: Option<At<String>>, example: Option<Node> },
}

#[derive(Debug)]
pub(crate) struct EnumValue {
    pub(crate) value: Node,
    pub(crate) spot: Spot,
    pub(crate) name: Option<At<String>>,
    pub(crate) doc: At<String>,
}

/// Every kind of stanza besides actions.
const KINDS: &[&str] =
    &["id", "enum", "object", "event", "operation", "segment", "refusal", "server", "untyped", "chapter"];

impl Reader<'_> {
    pub(super) fn type_stanza(&mut self, node: &Node, kind: &Node) -> Option<Type> {
        let before = self.faults.len();
        let kind = self.text(kind)?;
        let keys: &[&str] = match kind.value.as_str() {
            "id" => &["kind", "name", "title", "doc", "base"],
            "enum" => &["kind", "name", "title", "doc", "base", "values"],
            "object" => &["kind", "name", "title", "doc", "fields", "within", "example"],
            other => {
                let hint = suggest(other, KINDS);
                self.faults.add(&kind.spot, format!("unknown kind of stanza `{other}`"), hint);
                return None;
            }
        };
        let what = if kind.value == "object" { "an object" } else { &format!("an {}", kind.value) };
        let entries = self.entries(node, what, keys)?;
        let name = self.required_text(&entries, "name");
        let title = entries.get("title").and_then(|node| self.text(node));
        let doc = self.required_text(&entries, "doc");
        let kind = match kind.value.as_str() {
            "id" => self.required_text(&entries, "base").map(|base| Kind::Id { base }),
            "enum" => {
                let base = self.required_text(&entries, "base");
                let values = self.required(&entries, "values").map(|node| self.enum_values(node));
                base.zip(values).map(|(base, values)| Kind::Enum { base, values })
            }
            _ => self.required(&entries, "fields").map(|node| Kind::Object {
                fields: self.fields(node, Part::Field),
                within: entries.get("within").and_then(|node| self.text(node)),
                example: entries.get("example").cloned(),
            }),
        };
        Some(Type {
            spot: entries.spot,
            broken: self.faults.len() > before,
            name: name?,
            title,
            doc: doc?,
            kind: kind?,
        })
    }

    fn enum_values(&mut self, node: &Node) -> Vec<EnumValue> {
        let mut values = Vec::new();
        for node in self.list(node, "values") {
            let Some(entries) = self.entries(node, "a value", &["value", "name", "doc"]) else { continue };
            let value = self.required(&entries, "value").cloned();
            let name = entries.get("name").and_then(|node| self.text(node));
            let doc = self.required_text(&entries, "doc");
            if let (Some(value), Some(doc)) = (value, doc) {
                values.push(EnumValue { spot: self.spot(&value), value, name, doc });
            }
        }
        values
    }
}
