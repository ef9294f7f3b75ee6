//! What the files say: stanzas as they stand, each part with its place. Nothing is derived here; a part that is
//! missing or of the wrong shape is reported and left out.

mod event;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Diagnostics, Faults, Spot, nearest, suggest};
use crate::yaml::{self, Node, Value};

pub(crate) use event::{Event, Operation, Segment};

/// A schema file.
#[derive(Debug)]
pub(crate) struct SourceFile {
    /// As it was found: what diagnostics print.
    pub(crate) path: PathBuf,
    /// Relative to the schema's folder, without `.yaml`, with `/`: `actions/group_admin`.
    pub(crate) stem: String,
    pub(crate) text: String,
    /// It adds to `cqhttp`'s own schema, from another crate.
    pub(crate) extension: bool,
    pub(crate) chapter: Option<Chapter>,
    pub(crate) actions: Vec<Action>,
    pub(crate) types: Vec<Type>,
    pub(crate) events: Vec<Event>,
    pub(crate) operations: Vec<Operation>,
    pub(crate) segments: Vec<Segment>,
    /// Stanzas that are not, or not all, as the file means them: what does not fit them is not reported.
    pub(crate) refused: Refused,
}

/// What is known of types, events and operations whose stanzas have faults.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    pub(crate) names: Vec<String>,
    /// The file could not be read: any name may be meant.
    pub(crate) any: bool,
}

/// What a file is about.
#[derive(Debug)]
pub(crate) struct Chapter {
    pub(crate) title: At<String>,
    pub(crate) doc: At<String>,
}

/// A part of a file with its place.
#[derive(Clone, Debug)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) spot: Spot,
}

#[derive(Debug)]
pub(crate) struct Action {
    pub(crate) spot: Spot,
    /// Something of the stanza was refused: rules that look at the whole of it would mislead.
    pub(crate) broken: bool,
    pub(crate) name: At<String>,
    pub(crate) title: At<String>,
    pub(crate) doc: At<String>,
    /// An extension may leave it out.
    pub(crate) origin: Option<At<String>>,
    pub(crate) effect: At<String>,
    pub(crate) aliases: Vec<At<String>>,
    pub(crate) server: Option<At<String>>,
    pub(crate) silent: bool,
    pub(crate) wait: Option<At<String>>,
    pub(crate) pages: Option<Pages>,
    pub(crate) params: Vec<Field>,
    pub(crate) errors: Vec<At<String>>,
    pub(crate) uncertain: Vec<At<String>>,
    pub(crate) returns: Option<Returns>,
    pub(crate) example: Option<Example>,
    pub(crate) deviates: Vec<Deviation>,
}

/// One thing in which go-cqhttp's code is otherwise, and why: what the command `audit` does not report.
#[derive(Debug)]
pub(crate) struct Deviation {
    pub(crate) what: At<String>,
    pub(crate) reason: String,
}

/// How the pages of an answer follow each other.
#[derive(Debug)]
pub(crate) struct Pages {
    pub(crate) spot: Spot,
    pub(crate) set: At<String>,
    pub(crate) from: Option<At<String>>,
    pub(crate) before: Option<At<String>>,
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
}

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
    /// Of a parameter.
    pub(crate) deviates: Vec<Deviation>,
}

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
    Object { fields: Vec<Field>, example: Option<Node> },
}

#[derive(Debug)]
pub(crate) struct EnumValue {
    pub(crate) value: Node,
    pub(crate) spot: Spot,
    pub(crate) name: Option<At<String>>,
    pub(crate) doc: At<String>,
}

/// Reads `path`, a folder with all its YAML files or one file; before it the `base` that it adds to, if any. A file of
/// `path` counts where its bytes are `wanted`.
pub(crate) fn read(
    path: &Path,
    base: Option<&Path>,
    wanted: fn(&[u8]) -> bool,
    faults: &mut Faults,
) -> Result<Vec<SourceFile>, Diagnostics> {
    let mut files = Vec::new();
    if let Some(base) = base {
        append(base, false, any, &mut files, faults)?;
    }
    append(path, base.is_some(), wanted, &mut files, faults)?;
    Ok(files)
}

/// Every file is wanted.
pub(crate) fn any(_: &[u8]) -> bool {
    true
}

/// Reads the files whose bytes are `wanted`.
fn append(
    path: &Path,
    extension: bool,
    wanted: fn(&[u8]) -> bool,
    files: &mut Vec<SourceFile>,
    faults: &mut Faults,
) -> Result<(), Diagnostics> {
    let before = faults.len();
    let mut paths = Vec::new();
    let root = if path.is_dir() {
        find_files(path, &mut HashSet::new(), faults, &mut paths).map_err(|error| unreadable(path, &error))?;
        path.to_owned()
    } else {
        paths.push(path.to_owned());
        path.parent().map(Path::to_owned).unwrap_or_default()
    };
    if paths.is_empty() && faults.len() == before {
        return Err(Diagnostics::whole(
            path,
            "there is no YAML file in this folder",
            "name the folder that holds the schema",
        ));
    }
    paths.sort();
    for path in paths {
        let bytes = fs::read(&path).map_err(|error| unreadable(&path, &error))?;
        if !wanted(&bytes) {
            continue;
        }
        let stem = path.strip_prefix(&root).unwrap_or(&path).with_extension("");
        let stem = stem.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
        let file = SourceFile::new(path, stem, &bytes, extension);
        files.push(read_file(files.len(), file, &bytes, faults));
    }
    Ok(())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Diagnostics {
    Diagnostics::whole(path, format!("cannot be read: {error}"), "name a schema folder or a YAML file")
}

/// Notes every YAML file below a folder. Links are followed; a folder is `read` once, so that links in a circle end. What
/// is hidden is no part of the schema: editors and systems lay such files beside others.
fn find_files(
    folder: &Path,
    read: &mut HashSet<PathBuf>,
    faults: &mut Faults,
    found: &mut Vec<PathBuf>,
) -> std::io::Result<()> {
    if !read.insert(fs::canonicalize(folder)?) {
        return Ok(());
    }
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.retain(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
    // Where a folder has two names, the same one counts on any machine.
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if path.is_dir() {
            find_files(&path, read, faults, found)?;
        } else if extension == Some("yaml") {
            found.push(path);
        } else if extension.is_some_and(|other| other.eq_ignore_ascii_case("yml") || other.eq_ignore_ascii_case("yaml"))
        {
            faults.add_located(Diagnostic {
                hint: "schema files end in `.yaml`: rename it".into(),
                message: "this file would not be read".into(),
                file: path,
                line: 1,
                column: 1,
            });
        }
    }
    Ok(())
}

impl SourceFile {
    /// Without its stanzas.
    fn new(path: PathBuf, stem: String, bytes: &[u8], extension: bool) -> Self {
        Self {
            path,
            stem,
            text: String::from_utf8_lossy(bytes).into_owned(),
            extension,
            chapter: None,
            actions: Vec::new(),
            types: Vec::new(),
            events: Vec::new(),
            operations: Vec::new(),
            segments: Vec::new(),
            refused: Refused::default(),
        }
    }
}

fn read_file(index: usize, mut file: SourceFile, bytes: &[u8], faults: &mut Faults) -> SourceFile {
    match yaml::read(bytes) {
        Ok(root) => {
            let mut reader = Reader { file: index, extension: file.extension, faults };
            for stanza in reader.list(&root, "stanzas") {
                reader.stanza(stanza, &mut file);
            }
        }
        Err(syntax) => {
            file.refused.any = true;
            for fault in syntax {
                faults.add_located(Diagnostic {
                    file: file.path.clone(),
                    line: fault.line,
                    column: fault.column,
                    message: fault.message,
                    hint: fault.hint,
                });
            }
        }
    }
    file
}

/// What an entry with a name, a type and a doc is part of.
#[derive(Clone, Copy)]
enum Part {
    /// A request.
    Param,
    /// An operation.
    OfOperation,
    /// An answer, an object or an event.
    Field,
    /// A segment.
    OfSegment,
}

/// Turns the nodes of one file into stanzas.
struct Reader<'a> {
    file: usize,
    extension: bool,
    faults: &'a mut Faults,
}

/// The entries of a mapping, by key.
struct Entries<'n> {
    spot: Spot,
    entries: Vec<(&'n str, &'n Node)>,
    unknown: Vec<&'n str>,
}

impl<'n> Entries<'n> {
    fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
    }
}

const ACTION_KEYS: &[&str] = &[
    "name",
    "title",
    "doc",
    "origin",
    "effect",
    "aliases",
    "server",
    "silent",
    "wait",
    "pages",
    "params",
    "errors",
    "uncertain",
    "returns",
    "example",
    "deviates",
];

/// In what an action may deviate from go-cqhttp's code.
const ACTION_DEVIATIONS: &[&str] = &["absent", "names", "params"];

/// In what a parameter may.
const PARAM_DEVIATIONS: &[&str] = &["unread", "names", "type", "default"];

impl Reader<'_> {
    fn spot(&self, node: &Node) -> Spot {
        Spot { file: self.file, place: node.place.clone() }
    }

    fn stanza(&mut self, node: &Node, file: &mut SourceFile) {
        let Value::Map(entries) = &node.value else {
            let message = format!("expected a stanza, found {}", node.value.describe());
            self.faults.add(&self.spot(node), message, "a stanza is a mapping that begins with `- name: …`");
            return;
        };
        let find = |name: &str| entries.iter().find(|(key, _)| matches!(&key.value, Value::Text(key) if key == name));
        let before = self.faults.len();
        match (find("kind"), misspelt_kind(entries)) {
            (Some((_, kind)), _) => match crate::example::text(kind) {
                closed @ ("event" | "operation" | "segment") if self.extension => self.closed(kind, closed),
                "chapter" => self.chapter(node, file),
                "event" => file.events.extend(self.event(node)),
                "operation" => file.operations.extend(self.operation(node)),
                "segment" => file.segments.extend(self.segment(node)),
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
            && let Some((_, Node { value: Value::Text(name), .. })) = find("name")
        {
            file.refused.names.push(name.clone());
        }
    }

    /// A kind of stanza that only `cqhttp`'s own schema has.
    fn closed(&mut self, kind: &Node, what: &str) {
        let hint = match what {
            "event" => "leave it out: such an event arrives as `Event::Unknown`, with its tags and its text",
            "segment" => "leave it out: such a segment is received and sent as `Segment::Unknown`, with its data",
            _ => "leave it out: quick operations belong to events",
        };
        self.faults.add(&self.spot(kind), format!("an extension cannot add {what}s to those of `cqhttp`"), hint);
    }

    fn chapter(&mut self, node: &Node, file: &mut SourceFile) {
        let Some(entries) = self.entries(node, "a chapter", &["kind", "title", "doc"]) else { return };
        let (title, doc) = (self.required_text(&entries, "title"), self.required_text(&entries, "doc"));
        if file.chapter.is_some() {
            self.faults.add(&entries.spot, "a file is one chapter", "remove one of the two stanzas");
        }
        file.chapter = title.zip(doc).map(|(title, doc)| Chapter { title, doc });
    }

    fn pages(&mut self, node: &Node) -> Option<Pages> {
        let entries = self.entries(node, "the paging", &["set", "from", "before"])?;
        let from = entries.get("from").and_then(|node| self.text(node));
        let before = entries.get("before").and_then(|node| self.text(node));
        Some(Pages { set: self.required_text(&entries, "set")?, from, before, spot: entries.spot })
    }

    fn action(&mut self, node: &Node) -> Option<Action> {
        let before = self.faults.len();
        let entries = self.entries(node, "an action", ACTION_KEYS)?;
        let name = self.required_text(&entries, "name");
        let title = self.required_text(&entries, "title");
        let doc = self.required_text(&entries, "doc");
        let origin = match self.extension {
            true => entries.get("origin").and_then(|node| self.text(node)),
            false => self.required_text(&entries, "origin"),
        };
        let effect = self.required_text(&entries, "effect");
        let aliases = self.texts(&entries, "aliases");
        let server = entries.get("server").and_then(|node| self.text(node));
        let silent = entries.get("silent").is_some_and(|node| self.flag(node));
        let wait = entries.get("wait").and_then(|node| self.text(node));
        let pages = entries.get("pages").and_then(|node| self.pages(node));
        let params = entries.get("params").map(|node| self.fields(node, Part::Param)).unwrap_or_default();
        let errors = self.texts(&entries, "errors");
        let uncertain = self.texts(&entries, "uncertain");
        let returns = entries.get("returns").and_then(|node| self.returns(node));
        let example = entries.get("example").and_then(|node| self.example(node));
        let deviates = self.deviates(&entries, ACTION_DEVIATIONS);
        Some(Action {
            spot: entries.spot,
            broken: self.faults.len() > before,
            name: name?,
            title: title?,
            doc: doc?,
            origin,
            effect: effect?,
            aliases,
            server,
            silent,
            wait,
            pages,
            params,
            errors,
            uncertain,
            returns,
            example,
            deviates,
        })
    }

    /// What is said to be otherwise in go-cqhttp's code.
    fn deviates(&mut self, entries: &Entries<'_>, known: &[&str]) -> Vec<Deviation> {
        let Some(node) = entries.get("deviates") else { return Vec::new() };
        let Some(entries) = self.entries(node, "a deviation", known) else { return Vec::new() };
        if entries.entries.is_empty() && entries.unknown.is_empty() {
            let hint = format!("say in what, and why; known here: {}", crate::diagnostic::list(known));
            self.faults.add(&entries.spot, "no deviation is named", hint);
        }
        let said = entries.entries.iter().filter_map(|(what, node)| {
            let reason = self.text(node)?;
            Some(Deviation { what: At { value: (*what).to_owned(), spot: reason.spot }, reason: reason.value })
        });
        said.collect()
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

    fn example(&mut self, node: &Node) -> Option<Example> {
        let entries = self.entries(node, "an example", &["params", "returns"])?;
        Some(Example {
            params: entries.get("params").cloned(),
            returns: entries.get("returns").cloned(),
            spot: entries.spot,
        })
    }

    fn type_stanza(&mut self, node: &Node, kind: &Node) -> Option<Type> {
        let before = self.faults.len();
        let kind = self.text(kind)?;
        let keys: &[&str] = match kind.value.as_str() {
            "id" => &["kind", "name", "title", "doc", "base"],
            "enum" => &["kind", "name", "title", "doc", "base", "values"],
            "object" => &["kind", "name", "title", "doc", "fields", "example"],
            other => {
                let hint = suggest(other, &["id", "enum", "object", "event", "operation", "segment", "chapter"]);
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

    fn fields(&mut self, node: &Node, part: Part) -> Vec<Field> {
        let (what, plural, keys): (_, _, &[&str]) = match part {
            Part::Param => {
                let keys = &["name", "type", "doc", "default", "wire", "also", "aliases", "deviates"];
                ("a parameter", "parameters", keys)
            }
            Part::OfOperation => {
                ("a parameter", "parameters", &["name", "type", "doc", "default", "wire", "also", "aliases"])
            }
            Part::Field => ("a field", "fields", &["name", "type", "doc", "wire", "aliases"]),
            Part::OfSegment => ("a field", "fields", &["name", "type", "doc", "default", "wire", "aliases"]),
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
            let deviates = self.deviates(&entries, PARAM_DEVIATIONS);
            if let (Some(name), Some(ty), Some(doc)) = (name, ty, doc) {
                let default = entries.get("default").cloned();
                fields.push(Field { name, ty, doc, default, wire, also, aliases, deviates });
            }
        }
        fields
    }

    /// A mapping's entries, unknown and repeated keys reported.
    fn entries<'n>(&mut self, node: &'n Node, what: &str, known: &[&str]) -> Option<Entries<'n>> {
        let Value::Map(map) = &node.value else {
            let message = format!("expected {what}, found {}", node.value.describe());
            let hint = format!("{what} is a mapping with the keys {}", crate::diagnostic::list(known));
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

    fn required<'n>(&mut self, entries: &Entries<'n>, key: &str) -> Option<&'n Node> {
        let found = entries.get(key);
        if found.is_none() && nearest(key, &entries.unknown).is_none() {
            self.faults.add(&entries.spot, format!("`{key}` is missing"), format!("add `{key}: …`"));
        }
        found
    }

    fn required_text(&mut self, entries: &Entries<'_>, key: &str) -> Option<At<String>> {
        self.required(entries, key).and_then(|node| self.text(node))
    }

    fn texts(&mut self, entries: &Entries<'_>, key: &str) -> Vec<At<String>> {
        let Some(node) = entries.get(key) else { return Vec::new() };
        self.list(node, key).iter().filter_map(|node| self.text(node)).collect()
    }

    fn text(&mut self, node: &Node) -> Option<At<String>> {
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

    fn flag(&mut self, node: &Node) -> bool {
        match &node.value {
            Value::Bool(value) => *value,
            other => {
                let message = format!("expected `true` or `false`, found {}", other.describe());
                self.faults.add(&self.spot(node), message, "write `true`, or leave the key out");
                false
            }
        }
    }

    fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
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

/// The key of a stanza that seems to mean `kind`.
fn misspelt_kind(entries: &[(Node, Node)]) -> Option<(&Node, &str)> {
    entries.iter().find_map(|(key, _)| match &key.value {
        Value::Text(name) if !ACTION_KEYS.contains(&name.as_str()) => nearest(name, &["kind"]).map(|_| (key, &**name)),
        _ => None,
    })
}
