//! Facts about servers: the actions that each server has, and the way in which it reads their parameters.

mod line;
mod print;

use serde_json::Value;

/// A server that facts can describe.
#[derive(Debug, PartialEq, Eq)]
pub struct KnownServer {
    /// The name in the schema, such as `napcat`.
    pub name: &'static str,
    /// The name in texts, such as `NapCat`.
    pub title: &'static str,
    /// The variant of `ServerKind`.
    pub variant: &'static str,
    /// The `app_name` of its `get_version_info`.
    pub app_name: &'static str,
    /// `true` if the server is still developed.
    pub living: bool,
}

/// Every server that facts can describe, in the order in which docs list them.
pub const SERVERS: &[KnownServer] = &[
    known("napcat", "NapCat", "NapCat", "NapCat.Onebot", true),
    known("snowluma", "SnowLuma", "SnowLuma", "SnowLuma", true),
    known("llonebot", "LLOneBot", "LLOneBot", "LLOneBot", true),
    known("go-cqhttp", "go-cqhttp", "GoCqhttp", "go-cqhttp", false),
    known("lagrange", "Lagrange", "Lagrange", "Lagrange.OneBot", false),
];

const fn known(
    name: &'static str,
    title: &'static str,
    variant: &'static str,
    app_name: &'static str,
    living: bool,
) -> KnownServer {
    KnownServer { name, title, variant, app_name, living }
}

/// Returns the server of this name.
pub fn known_server(name: &str) -> Option<&'static KnownServer> {
    SERVERS.iter().find(|server| server.name == name)
}

/// The facts about one server.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerFacts {
    /// The name in the schema, such as `napcat`.
    pub name: String,
    /// The name in texts, such as `NapCat`.
    pub title: String,
    /// The `app_name` of its `get_version_info`.
    pub app_name: String,
    /// The version that the facts describe.
    pub version: String,
    /// The actions that the server has.
    pub actions: Vec<ActionFacts>,
}

/// An action of a server.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionFacts {
    /// The name on the wire, and further names.
    pub names: Vec<String>,
    /// The parameters that the server reads.
    pub params: Vec<ParamFacts>,
    /// `true` if the answer arrives in parts.
    pub stream: bool,
}

/// A parameter as a server reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct ParamFacts {
    /// The names under which the server looks for it; the first that is present counts.
    pub names: Vec<String>,
    /// `true` if the server refuses calls without it.
    pub required: bool,
    /// The value that the server assumes if it is absent.
    pub default: Option<Value>,
}

/// A fault of a line of facts: a message and a hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineFault {
    /// The message.
    pub message: String,
    /// A hint how to correct it.
    pub hint: String,
}

impl LineFault {
    fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

impl ServerFacts {
    /// Returns the actions with one of these names: several if the server treats the names as different actions.
    pub fn actions_named(&self, names: &[&str]) -> impl Iterator<Item = &ActionFacts> {
        self.actions.iter().filter(|action| action.names.iter().any(|name| names.contains(&name.as_str())))
    }
}

impl ActionFacts {
    /// Returns the parameter that is read under one of these names.
    pub fn param(&self, names: &[&str]) -> Option<&ParamFacts> {
        self.params.iter().find(|param| param.names.iter().any(|name| names.contains(&name.as_str())))
    }
}
