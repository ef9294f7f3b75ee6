//! SnowLuma's catalog: a list of actions with their parameters, each with its JSON schema.

use std::path::Path;

use cqhttp_codegen::tooling::{Node, Value};

use super::action::{PublishedAction, PublishedParam};
use super::document::{Document, flag, items, text, texts};
use crate::failure::Failure;

/// The description of a file that is expected.
const WHAT: &str = "SnowLuma's `catalog.json`";

/// The actions of a catalog.
#[derive(Debug)]
pub(crate) struct Catalog {
    /// The actions, in the order of the catalog.
    pub(crate) actions: Vec<PublishedAction>,
}

impl Catalog {
    /// Reads every action of a catalog.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let document = Document::read(path, WHAT)?;
        let hint = format!("name {WHAT}");
        let listed = items(&document.root, "actions");
        if listed.is_empty() {
            return Err(document.trouble("expected a catalog with `actions`, found another document", hint));
        }
        let actions = listed.iter().enumerate().map(|(index, node)| {
            let fault = |what: &str| document.trouble(format!("action {}: {what}", index + 1), &hint);
            action(node).map_err(|what| fault(&what))
        });
        Ok(Self { actions: actions.collect::<Result<_, _>>()? })
    }
}

fn action(node: &Node) -> Result<PublishedAction, String> {
    let name = text(node, "name").ok_or("expected a `name`, found none")?;
    let params = items(node, "params")
        .iter()
        .map(|node| param(node).ok_or_else(|| format!("`{name}` has a parameter without a name")));
    let read_only = match node.get("readOnly").map(|node| &node.value) {
        Some(Value::Bool(value)) => Some(*value),
        _ => None,
    };
    Ok(PublishedAction {
        names: [name].into_iter().chain(texts(node, "aliases")).map(str::to_owned).collect(),
        params: params.collect::<Result<_, _>>()?,
        stream: flag(node, "stream"),
        read_only,
        returns: node.get("returnsSchema").cloned(),
        request: None,
        answer: None,
    })
}

fn param(node: &Node) -> Option<PublishedParam> {
    let default = node.get("default").filter(|node| !matches!(node.value, Value::Null)).cloned();
    let mut schema = node.get("schema").cloned().unwrap_or_else(|| Node::new(Value::Map(Vec::new())));
    // A message has no schema of its own, only this word.
    if let (Some(kind), Value::Map(entries)) = (text(node, "type"), &mut schema.value) {
        entries.push((Node::text("x-kind"), Node::text(kind)));
    }
    Some(PublishedParam {
        name: text(node, "name")?.to_owned(),
        further: Vec::new(),
        schema,
        required: flag(node, "required") && default.is_none(),
        stated: flag(node, "required"),
        default,
        role: text(node, "role").map(str::to_owned),
    })
}
