//! One file with its stanzas.

use super::action::{ACTION_KEYS, Action};
use super::event::{Event, Operation, Segment};
use super::reader::{At, Reader};
use super::refusal::Refusal;
use super::server::Server;
use super::types::Type;
use super::untyped::Untyped;
use crate::diagnostic::{Diagnostic, Faults, nearest};
use crate::source_map::SourceMap;
use crate::yaml::{self, Node, Value};

/// A schema file.
#[derive(Debug)]
pub(crate) struct SourceFile {
    /// Relative to the schema's folder, without `.yaml`, with `/`: `actions/group_admin`.
    pub(crate) stem: String,
    /// `true` if it belongs to another crate's schema, which adds to that of `cqhttp`.
    pub(crate) extension: bool,
    pub(crate) chapter: Option<Chapter>,
    pub(crate) actions: Vec<Action>,
    pub(crate) types: Vec<Type>,
    pub(crate) events: Vec<Event>,
    pub(crate) operations: Vec<Operation>,
    pub(crate) segments: Vec<Segment>,
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) servers: Vec<Server>,
    /// The actions that have no types.
    pub(crate) untyped: Vec<Untyped>,
    /// The stanzas that were refused, wholly or in part: what follows from them is not reported.
    pub(crate) refused: Refused,
}

/// Types, events and operations whose stanzas have faults.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    pub(crate) names: Vec<String>,
    /// `true` if the file could not be read, so that it may define any name.
    pub(crate) any: bool,
}

/// The subject of a file.
#[derive(Debug)]
pub(crate) struct Chapter {
    pub(crate) title: At<String>,
    pub(crate) doc: At<String>,
}

impl SourceFile {
    /// A file without its stanzas.
    pub(super) fn new(stem: String, extension: bool) -> Self {
        Self {
            stem,
            extension,
            chapter: None,
            actions: Vec::new(),
            types: Vec::new(),
            events: Vec::new(),
            operations: Vec::new(),
            segments: Vec::new(),
            refusals: Vec::new(),
            servers: Vec::new(),
            untyped: Vec::new(),
            refused: Refused::default(),
        }
    }
}

/// Reads the stanzas of the file with this number into `file`.
pub(super) fn read_stanzas(number: usize, file: &mut SourceFile, bytes: &[u8], map: &SourceMap, faults: &mut Faults) {
    match yaml::read(bytes) {
        Ok(root) => {
            let mut reader = Reader { file: number, extension: file.extension, faults };
            reader.texts_of(&root);
            for stanza in reader.list(&root, "stanzas") {
                reader.stanza(stanza, file);
            }
        }
        Err(syntax) => {
            file.refused.any = true;
            for fault in syntax {
                faults.add_located(Diagnostic {
                    file: map.file(number).path.clone(),
                    line: fault.line,
                    column: fault.column,
                    message: fault.message,
                    hint: fault.hint,
                });
            }
        }
    }
}

impl Reader<'_> {
    /// Adds a stanza to its file.
    fn stanza(&mut self, node: &Node, file: &mut SourceFile) {
        let Value::Map(entries) = &node.value else {
            let message = format!("expected a stanza, found {}", node.value.describe());
            self.faults.add(&self.spot(node), message, "a stanza is a mapping that begins with `- name: …`");
            return;
        };
        let before = self.faults.len();
        match (node.get("kind"), misspelt_kind(entries)) {
            (Some(kind), _) => match kind.as_str().unwrap_or_default() {
                closed @ ("event" | "operation" | "segment" | "server" | "untyped") if self.extension => {
                    self.closed(kind, closed)
                }
                "chapter" => self.chapter(node, file),
                "event" => file.events.extend(self.event(node)),
                "operation" => file.operations.extend(self.operation(node)),
                "segment" => file.segments.extend(self.segment(node)),
                "refusal" => file.refusals.extend(self.refusal_stanza(node)),
                "server" => file.servers.extend(self.server(node)),
                "untyped" => file.untyped.extend(self.untyped(node)),
                _ => file.types.extend(self.type_stanza(node, kind)),
            },
            (None, Some((key, name))) => {
                self.faults.add(&self.spot(key), format!("an action has no key `{name}`"), "did you mean `kind`?");
            }
            (None, None) => {
                file.actions.extend(self.action(node));
                return;
            }
        }
        if self.faults.len() > before
            && let Some(name) = node.get("name").and_then(Node::as_str)
        {
            file.refused.names.push(name.to_owned());
        }
    }

    /// Reports a kind of stanza that only the schema of `cqhttp` may hold.
    fn closed(&mut self, kind: &Node, what: &str) {
        let hint = match what {
            "event" => "leave it out: such an event arrives as `Event::Unknown`, with its tags and its text",
            "server" => "leave it out: the servers are those of `cqhttp`",
            "untyped" => "leave it out: an action without a stanza is called by `Raw`",
            "segment" => "leave it out: such a segment is received and sent as `Segment::Unknown`, with its data",
            _ => "leave it out: quick operations belong to events",
        };
        let message = match what {
            "untyped" => "an extension lists no actions without types".to_owned(),
            _ => format!("an extension cannot add {what}s to those of `cqhttp`"),
        };
        self.faults.add(&self.spot(kind), message, hint);
    }

    fn chapter(&mut self, node: &Node, file: &mut SourceFile) {
        let Some(entries) = self.entries(node, "a chapter", &["kind", "title", "doc"]) else { return };
        let (title, doc) = (self.required_text(&entries, "title"), self.required_text(&entries, "doc"));
        if file.chapter.is_some() {
            self.faults.add(&entries.spot, "a file is one chapter", "remove one of the two stanzas");
        }
        file.chapter = title.zip(doc).map(|(title, doc)| Chapter { title, doc });
    }
}

/// The key of a stanza that is likely to be a misspelling of `kind`.
fn misspelt_kind(entries: &[(Node, Node)]) -> Option<(&Node, &str)> {
    entries.iter().find_map(|(key, _)| match &key.value {
        Value::Text(name) if !ACTION_KEYS.contains(&name.as_str()) => nearest(name, &["kind"]).map(|_| (key, &**name)),
        _ => None,
    })
}
