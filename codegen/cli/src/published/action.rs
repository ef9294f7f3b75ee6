//! An action as a server publishes it.

use cqhttp_codegen::tooling::{ActionFacts, Node, ParamFacts};

use super::document::json_of;

/// An action as a server's own description has it.
#[derive(Debug)]
pub(crate) struct PublishedAction {
    /// The name on the wire, and further names.
    pub(crate) names: Vec<String>,
    /// The parameters.
    pub(crate) params: Vec<PublishedParam>,
    /// `true` if the answer arrives in parts.
    pub(crate) stream: bool,
    /// `true` if the description says that the action only reads; `None` if it does not tell.
    pub(crate) read_only: Option<bool>,
    /// The JSON schema of the answer, with every reference resolved.
    pub(crate) returns: Option<Node>,
    /// The parameters of the example.
    pub(crate) request: Option<Node>,
    /// The answer of the example.
    pub(crate) answer: Option<Node>,
}

/// A parameter as a server's own description has it.
#[derive(Debug)]
pub(crate) struct PublishedParam {
    /// The name on the wire.
    pub(crate) name: String,
    /// Further names that the server reads.
    pub(crate) further: Vec<String>,
    /// The JSON schema, with every reference resolved.
    pub(crate) schema: Node,
    /// `true` if calls without it are refused.
    pub(crate) required: bool,
    /// `true` if the description requires it, even if the server has a default.
    pub(crate) stated: bool,
    /// The value that the server assumes if it is absent.
    pub(crate) default: Option<Node>,
    /// The kind of value that the server says it is, such as `group_id`.
    pub(crate) role: Option<String>,
}

impl PublishedAction {
    /// Returns the facts.
    pub(crate) fn facts(&self) -> ActionFacts {
        let param = |param: &PublishedParam| ParamFacts {
            names: [&param.name].into_iter().chain(&param.further).cloned().collect(),
            required: param.required,
            default: param.default.as_ref().map(json_of),
        };
        ActionFacts { names: self.names.clone(), params: self.params.iter().map(param).collect(), stream: self.stream }
    }
}
