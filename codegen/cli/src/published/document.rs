//! A file of JSON or YAML as a tree.

use std::fs;
use std::path::{Path, PathBuf};

use cqhttp_codegen::tooling::{Node, Value, json_node, yaml_node};

use crate::failure::{Failure, Fault, shown, with_lines};

/// The maximal size of a file: the largest that a server publishes has less than one MiB.
const MAX_BYTES: u64 = 16 << 20;

/// A file as a tree.
#[derive(Debug)]
pub(crate) struct Document {
    /// The path by which it was read.
    pub(crate) path: PathBuf,
    /// The root of the tree.
    pub(crate) root: Node,
}

impl Document {
    /// Reads a file: YAML if its name ends in `.yaml` or `.yml`, JSON if it ends in `.json` or the file begins as JSON does.
    /// `what` describes the file that is expected.
    pub(crate) fn read(path: &Path, what: &str) -> Result<Self, Failure> {
        let hint = format!("name {what}");
        let unreadable = |error| Failure::io(path, "cannot be read", &error, &hint);
        let metadata = fs::metadata(path).map_err(unreadable)?;
        if !metadata.is_file() || metadata.len() > MAX_BYTES {
            let found = match metadata.is_file() {
                true => format!("found {} MiB, at most {} MiB are read", metadata.len() >> 20, MAX_BYTES >> 20),
                false => "found something that is not a file".into(),
            };
            return Err(Failure::trouble(format!("{}: expected {what}, {found}", shown(path)), hint));
        }
        let bytes = fs::read(path).map_err(unreadable)?;
        let is = |known: &str| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(known));
        let begins_as_json =
            bytes.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|byte| b"{[".contains(byte));
        let root = if is("yaml") || is("yml") {
            yaml(path, &bytes, what)?
        } else if is("json") || begins_as_json {
            json(path, &bytes, what)?
        } else {
            let message = format!("{}: expected {what}, found a file that is neither JSON nor YAML", shown(path));
            return Err(Failure::trouble(message, hint));
        };
        Ok(Self { path: path.to_owned(), root })
    }

    /// Creates the failure for content of another kind than expected.
    pub(crate) fn trouble(&self, message: impl std::fmt::Display, hint: impl Into<String>) -> Failure {
        Failure::trouble(format!("{}: {message}", shown(&self.path)), hint)
    }
}

fn json(path: &Path, bytes: &[u8], what: &str) -> Result<Node, Failure> {
    let text = String::from_utf8_lossy(bytes);
    json_node(text.strip_prefix('\u{feff}').unwrap_or(&text)).map_err(|error| {
        let (line, column) = (error.line().max(1), error.column().max(1));
        let said = error.to_string();
        let message = said.split(" at line ").next().unwrap_or(&said).to_owned();
        let hint = if error.is_eof() { "the file is cut off: download it again" } else { "correct the JSON" };
        let line_text = text.split('\n').nth(line - 1).map(|line| line.trim_end_matches('\r'));
        // The JSON of a server may be one line.
        let shown_text = line_text.filter(|line| line.len() < 500).map(str::to_owned);
        let fault = Fault { file: path.to_owned(), line, column, message, hint: hint.into(), text: shown_text };
        not_readable(path, what, vec![fault])
    })
}

fn yaml(path: &Path, bytes: &[u8], what: &str) -> Result<Node, Failure> {
    yaml_node(path, bytes).map_err(|diagnostics| not_readable(path, what, with_lines(&diagnostics)))
}

fn not_readable(path: &Path, what: &str, faults: Vec<Fault>) -> Failure {
    let message = format!("{}: cannot be read as {what}; nothing is written", shown(path));
    Failure::Trouble { message, hint: format!("name {what}"), faults }
}

/// Returns a node as a value of JSON.
pub(crate) fn json_of(node: &Node) -> serde_json::Value {
    serde_json::to_value(node).unwrap_or_default()
}

/// Returns the text under a key.
pub(super) fn text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.get(key).and_then(Node::as_str)
}

/// Returns the flag under a key; an absent one is `false`.
pub(super) fn flag(node: &Node, key: &str) -> bool {
    matches!(node.get(key), Some(Node { value: Value::Bool(true), .. }))
}

/// Returns the items of the list under a key; none if there is no list.
pub(super) fn items<'n>(node: &'n Node, key: &str) -> &'n [Node] {
    match node.get(key) {
        Some(Node { value: Value::List(items), .. }) => items,
        _ => &[],
    }
}

/// Returns the entries of the mapping under a key, in order; none if there is no mapping.
pub(super) fn entries<'n>(node: &'n Node, key: &str) -> impl Iterator<Item = (&'n str, &'n Node)> {
    let entries: &[(Node, Node)] = match node.get(key) {
        Some(Node { value: Value::Map(entries), .. }) => entries,
        _ => &[],
    };
    entries.iter().filter_map(|(key, value)| Some((key.as_str()?, value)))
}

/// Returns the texts of the list under a key.
pub(super) fn texts<'n>(node: &'n Node, key: &str) -> Vec<&'n str> {
    items(node, key).iter().filter_map(Node::as_str).collect()
}
