//! A collection of facts about several servers in YAML, read from the code of those that publish no description.

use std::path::Path;

use cqhttp_codegen::tooling::{ActionFacts, Node, ParamFacts, Value};

use super::document::{Document, entries, flag, items, json_of, text};
use crate::failure::Failure;

const WHAT: &str = "a collection of facts with `dialects`";

/// The servers whose facts are taken from such a collection; the others publish a description.
const SERVERS: [&str; 2] = ["llonebot", "lagrange"];

/// The facts about a server.
pub(crate) struct Dialect {
    /// The server's name.
    pub(crate) name: &'static str,
    /// The revision of the code that was read.
    pub(crate) version: Option<String>,
    /// The actions.
    pub(crate) actions: Vec<ActionFacts>,
}

/// Reads the servers of a collection.
pub(crate) fn dialects(path: &Path) -> Result<Vec<Dialect>, Failure> {
    let document = Document::read(path, WHAT)?;
    let hint = format!("name {WHAT}");
    let mut dialects = Vec::new();
    for name in SERVERS {
        let Some(node) = document.root.get("dialects").and_then(|all| all.get(name)) else { continue };
        let all = ["shared_actions", "extensions"].into_iter().flat_map(|key| entries(node, key));
        let actions = all.map(|(action, node)| {
            self::action(action, node).map_err(|what| document.trouble(format!("`{name}`: {what}"), &hint))
        });
        let version = node.get("source").and_then(|source| text(source, "commit")).map(str::to_owned);
        dialects.push(Dialect { name, version, actions: actions.collect::<Result<_, _>>()? });
    }
    let empty = dialects.iter().filter(|dialect| dialect.actions.is_empty()).map(|dialect| dialect.name);
    let empty: Vec<&str> = if dialects.is_empty() { SERVERS.into() } else { empty.collect() };
    if !empty.is_empty() {
        let message = format!("expected actions of {}, found none", cqhttp_codegen::tooling::list(&empty));
        return Err(document.trouble(message, hint));
    }
    Ok(dialects)
}

fn action(name: &str, node: &Node) -> Result<ActionFacts, String> {
    let params = items(node, "params").iter().map(|node| {
        let param = text(node, "name").ok_or_else(|| format!("`{name}` has a parameter without a name"))?;
        let default = node.get("default").filter(|node| !matches!(node.value, Value::Null)).map(json_of);
        let required = flag(node, "required") && default.is_none();
        Ok(ParamFacts { names: vec![param.to_owned()], required, default })
    });
    let params = params.collect::<Result<_, String>>()?;
    Ok(ActionFacts { names: vec![name.to_owned()], params, stream: flag(node, "stream") })
}
