//! A digest of SnowLuma's catalog in YAML: `"group_id!: integer  (group_id)"`, `"count: integer = 10"`.

use std::path::Path;

use cqhttp_codegen::tooling::{ActionFacts, Node, ParamFacts, Value};

use super::document::{Document, flag, text, texts};
use crate::failure::Failure;

const WHAT: &str = "SnowLuma's `catalog.json`, or a digest of it in YAML";

/// Reads every action of a digest.
pub(crate) fn digest(path: &Path) -> Result<Vec<ActionFacts>, Failure> {
    let document = Document::read(path, WHAT)?;
    let Value::List(listed) = &document.root.value else {
        return Err(document.trouble("expected a list of actions, found another document", format!("name {WHAT}")));
    };
    if listed.is_empty() {
        return Err(document.trouble("expected actions, found none", format!("name {WHAT}")));
    }
    let actions = listed.iter().enumerate().map(|(index, node)| {
        let fault = |what: String| document.trouble(format!("action {}: {what}", index + 1), format!("name {WHAT}"));
        action(node).map_err(fault)
    });
    actions.collect()
}

fn action(node: &Node) -> Result<ActionFacts, String> {
    let name = text(node, "name").ok_or("expected a `name`, found none")?;
    let params = texts(node, "params")
        .into_iter()
        .map(|param| self::param(param).ok_or_else(|| format!("`{name}`: `{param}` is not a parameter")));
    Ok(ActionFacts {
        names: [name].into_iter().chain(texts(node, "aliases")).map(str::to_owned).collect(),
        params: params.collect::<Result<_, _>>()?,
        stream: flag(node, "stream"),
    })
}

fn param(param: &str) -> Option<ParamFacts> {
    let (name, ty) = param.split_once(": ")?;
    let default = match ty.split_once(" = ") {
        Some((_, value)) => Some(serde_json::Deserializer::from_str(value).into_iter().next()?.ok()?),
        None => None,
    };
    let (name, required) = name.strip_suffix('!').map_or((name, false), |name| (name, true));
    Some(ParamFacts { names: vec![name.to_owned()], required: required && default.is_none(), default })
}
