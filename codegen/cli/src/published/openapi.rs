//! The OpenAPI document of a server: each action is the path of a POST.

use std::path::Path;

use cqhttp_codegen::tooling::{Node, Value, list};

use super::action::{PublishedAction, PublishedParam};
use super::document::{Document, entries, items, text};
use super::schema::{Property, Schemas, properties};
use crate::failure::{Failure, shown};

/// The description of a file that is expected.
const WHAT: &str = "the `openapi.json` of a OneBot server, such as NapCat's";

/// The actions of an OpenAPI document.
#[derive(Debug)]
pub(crate) struct OpenApi {
    /// The title of the API.
    pub(crate) title: String,
    /// The version of the server.
    pub(crate) version: Option<String>,
    /// The actions, in the order of the document.
    pub(crate) actions: Vec<PublishedAction>,
}

impl OpenApi {
    /// Reads every path of a document.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let document = Document::read(path, WHAT)?;
        let root = &document.root;
        let hint = format!("name {WHAT}");
        let is_openapi = text(root, "openapi").is_some_and(|version| version.starts_with("3."));
        if !is_openapi || root.get("paths").is_none() {
            let message = "expected OpenAPI 3 with `openapi`, `info` and `paths`, found another document";
            return Err(document.trouble(message, hint));
        }
        let schemas = Schemas::of(root);
        let mut actions = Vec::new();
        for (path, item) in entries(root, "paths") {
            actions.push(action(&schemas, path, item).map_err(|message| document.trouble(message, &hint))?);
        }
        if actions.is_empty() {
            return Err(document.trouble("expected paths, found none", hint));
        }
        let info = root.get("info");
        let version = info.and_then(|info| text(info, "version")).map(str::to_owned);
        let title = info.and_then(|info| text(info, "title")).unwrap_or_default().to_owned();
        Ok(Self { title, version, actions })
    }

    /// Reads a document of NapCat's.
    pub(crate) fn read_of_napcat(path: &Path) -> Result<Self, Failure> {
        let mut api = Self::read(path)?;
        if api.title.contains("NapCat") {
            api.actions.iter_mut().for_each(add_unsaid);
            return Ok(api);
        }
        let message = format!("{}: expected an API whose title names NapCat, found `{}`", shown(path), api.title);
        Err(Failure::trouble(message, "name the `openapi.json` of a release of NapCat"))
    }
}

/// Names that NapCat's code reads and its document does not say: an action, a parameter, and its further name.
const UNSAID: &[(&str, &str, &str)] = &[
    ("send_forward_msg", "message", "messages"),
    ("send_group_forward_msg", "message", "messages"),
    ("send_private_forward_msg", "message", "messages"),
];

/// Adds the names that the document does not say.
fn add_unsaid(action: &mut PublishedAction) {
    for (_, name, further) in UNSAID.iter().filter(|(unsaid, ..)| action.names.iter().any(|name| name == unsaid)) {
        let said = action.params.iter().any(|param| param.name == *further);
        let param = action.params.iter_mut().find(|param| param.name == *name);
        param.filter(|_| !said).into_iter().for_each(|param| param.further.push((*further).to_owned()));
    }
}

/// Reads the action of a path.
fn action(schemas: &Schemas<'_>, path: &str, item: &Node) -> Result<PublishedAction, String> {
    let name = path.strip_prefix('/').filter(|name| !name.is_empty() && !name.contains(['/', '{']));
    let methods: Vec<&str> = entries_of(item).map(|(method, _)| method).collect();
    let (Some(name), ["post"]) = (name, methods.as_slice()) else {
        let expected = "expected an API whose paths are actions, such as `/get_msg`, each with `post` alone";
        return Err(format!("{expected}, found `{path}` with {}", list(&methods)));
    };
    let post = item.get("post").unwrap_or(item);
    let body = post.get("requestBody").and_then(json_content);
    let response = post.get("responses").and_then(|responses| responses.get("200")).and_then(json_content);
    let told = |what: &'static str| move |message: String| format!("`{path}`: {message}, in its {what}");
    let request = match body.and_then(|body| body.get("schema")) {
        Some(schema) => Some(schemas.inline(schema).map_err(told("request"))?),
        None => None,
    };
    let envelope = match response.and_then(|response| response.get("schema")) {
        Some(schema) => Some(schemas.inline(schema).map_err(told("answer"))?),
        None => None,
    };
    let data = envelope.as_ref().and_then(data);
    Ok(PublishedAction {
        names: vec![name.to_owned()],
        params: request.as_ref().map(params).unwrap_or_default(),
        // The document does not say so, the names do.
        stream: name.ends_with("_stream"),
        read_only: None,
        returns: data,
        request: body.and_then(|body| example(body, |_| true)).cloned(),
        answer: response
            .and_then(|response| example(response, |name| name.starts_with("Success")))
            .and_then(|value| value.get("data").cloned()),
    })
}

fn params(request: &Node) -> Vec<PublishedParam> {
    let param = |property: Property<'_>| {
        let default = property.schema.get("default").filter(|node| !matches!(node.value, Value::Null)).cloned();
        PublishedParam {
            name: property.name.to_owned(),
            further: Vec::new(),
            schema: property.schema.clone(),
            // The server fills in its defaults before it looks for what is required.
            required: property.required && default.is_none(),
            stated: property.required,
            default,
            role: None,
        }
    };
    properties(request).into_iter().map(param).collect()
}

/// Returns the schema of `data` in an envelope: of several, the most special.
fn data(envelope: &Node) -> Option<Node> {
    let all = properties_named(envelope, "data");
    all.into_iter().max_by_key(|schema| entries_of(schema).count()).cloned()
}

/// Returns the schemas of a property in an object and in its parts.
fn properties_named<'n>(schema: &'n Node, name: &str) -> Vec<&'n Node> {
    let own = entries(schema, "properties").filter(|(known, _)| *known == name).map(|(_, schema)| schema);
    let parts = items(schema, "allOf").iter().flat_map(|part| properties_named(part, name));
    own.chain(parts).collect()
}

fn json_content(node: &Node) -> Option<&Node> {
    node.get("content")?.get("application/json")
}

/// Returns the value of the first example with such a name.
fn example(content: &Node, wanted: fn(&str) -> bool) -> Option<&Node> {
    entries(content, "examples").find(|(name, _)| wanted(name)).and_then(|(_, example)| example.get("value"))
}

fn entries_of(node: &Node) -> impl Iterator<Item = (&str, &Node)> {
    let entries: &[(Node, Node)] = if let Value::Map(entries) = &node.value { entries } else { &[] };
    entries.iter().filter_map(|(key, value)| Some((key.as_str()?, value)))
}
