//! go-cqhttp's code: the routes of its dispatch table and of its annotated handlers, and the facts in them.

pub(crate) mod code;
mod handlers;
mod table;

use std::path::Path;

use cqhttp_codegen::tooling::{ActionFacts, ParamFacts};
use serde_json::Value;

use crate::failure::Failure;
use code::{GoFile, GoLiteral, GoParam, Route, Version};

/// A checkout of go-cqhttp.
#[derive(Debug)]
pub(crate) struct Checkout {
    /// The routes of the dispatch table.
    pub(crate) table: Vec<Route>,
    /// The routes that handlers are annotated with.
    pub(crate) handlers: Vec<Route>,
}

impl Checkout {
    /// Reads both kinds of routes of the tree at `root`.
    pub(crate) fn read(root: &Path) -> Result<Self, Failure> {
        let table = table::read(&GoFile::read(root, table::TABLE)?)?;
        let [first, second] = handlers::HANDLERS;
        let mut files = vec![GoFile::read(root, first)?];
        if root.join(second).exists() {
            files.push(GoFile::read(root, second)?);
        }
        Ok(Self { table, handlers: handlers::read(&files)? })
    }

    /// Returns the routes of OneBot 11.
    pub(crate) fn routes(&self) -> impl Iterator<Item = &Route> {
        self.table.iter().filter(|route| route.version != Version::V12)
    }

    /// Returns the actions of OneBot 11 as facts.
    pub(crate) fn facts(&self) -> Vec<ActionFacts> {
        self.routes().map(facts).collect()
    }
}

fn facts(route: &Route) -> ActionFacts {
    let mut names = route.names.clone();
    // `.ocr_image` is another name of `ocr_image`.
    names.sort_by_key(|name| name.starts_with('.'));
    let param = |param: &GoParam| ParamFacts {
        names: param.names.clone(),
        required: false,
        default: param.default.clone().or_else(|| param.ty.zero()).map(value),
    };
    ActionFacts { names, params: route.params.iter().map(param).collect(), stream: false }
}

fn value(literal: GoLiteral) -> Value {
    match literal {
        GoLiteral::Bool(value) => value.into(),
        GoLiteral::Int(value) => i64::try_from(value).map_or(Value::Null, Value::from),
        GoLiteral::Text(value) => value.into(),
    }
}
