//! What the API is: names resolved, parameters split, every fact that the emitter needs known.

use std::collections::BTreeMap;

use crate::name::Name;
use crate::ty::{EnumBase, IdBase, Ty};
use crate::yaml::Node;

/// A whole schema.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) files: Vec<File>,
    /// The fields of every object, for writing its examples.
    pub(crate) objects: BTreeMap<String, Vec<Field>>,
    /// The values of every enum, likewise.
    pub(crate) enums: BTreeMap<String, Vec<Variant>>,
}

/// What one schema file gives.
#[derive(Debug)]
pub(crate) struct File {
    /// `actions/group_admin`.
    pub(crate) stem: String,
    pub(crate) chapter: Option<Chapter>,
    pub(crate) actions: Vec<Action>,
    pub(crate) types: Vec<TypeDef>,
}

/// What a file is about, for the index.
#[derive(Debug)]
pub(crate) struct Chapter {
    pub(crate) title: String,
    pub(crate) doc: String,
}

#[derive(Debug)]
pub(crate) struct Action {
    pub(crate) wire: String,
    pub(crate) name: Name,
    pub(crate) aliases: Vec<String>,
    pub(crate) title: String,
    pub(crate) doc: String,
    pub(crate) origin: Origin,
    pub(crate) effect: Effect,
    pub(crate) server: Server,
    pub(crate) silent: bool,
    /// The parameter that says how many seconds the server waits before it answers.
    pub(crate) wait: Option<Name>,
    pub(crate) pages: Option<Pages>,
    pub(crate) params: Vec<Param>,
    pub(crate) errors: Vec<String>,
    /// The refusals after which the action may have been carried out all the same.
    pub(crate) uncertain: Vec<String>,
    pub(crate) answer: Answer,
    pub(crate) example: Example,
}

impl Action {
    pub(crate) fn required(&self) -> impl Iterator<Item = &Param> {
        self.params.iter().filter(|param| matches!(param.presence, Presence::Required))
    }

    pub(crate) fn settable(&self) -> impl Iterator<Item = &Param> {
        self.params.iter().filter(|param| !matches!(param.presence, Presence::Required))
    }
}

/// How the pages of an answer follow each other.
#[derive(Debug)]
pub(crate) struct Pages {
    /// The parameter that asks for a page.
    pub(crate) set: Name,
    pub(crate) next: NextPage,
}

/// Where the next page's parameter comes from.
#[derive(Debug)]
pub(crate) enum NextPage {
    /// From a field of the answer.
    Field(Name),
    /// It is one less than the smallest number under `key` in the answer's list.
    Before { list: Name, key: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    OneBot11,
    GoCqhttp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Read,
    Write,
    Send,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    Supported,
    Unsupported,
    Removed,
}

#[derive(Debug)]
pub(crate) struct Param {
    pub(crate) name: Name,
    pub(crate) wire: String,
    pub(crate) also: Vec<String>,
    pub(crate) aliases: Vec<String>,
    pub(crate) ty: Ty,
    pub(crate) doc: String,
    pub(crate) presence: Presence,
}

#[derive(Debug)]
pub(crate) enum Presence {
    Required,
    /// Sent with this value until another is set.
    Default(Node),
    /// Left out until it is set.
    Optional,
}

#[derive(Debug)]
pub(crate) enum Answer {
    /// The action answers nothing.
    Nothing,
    /// The action has an answer type of its own, `…Response`.
    Fields(Vec<Field>),
    /// The action answers a type that has a name.
    Type(Ty),
}

#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: Name,
    pub(crate) wire: String,
    pub(crate) aliases: Vec<String>,
    pub(crate) ty: Ty,
    pub(crate) doc: String,
}

#[derive(Debug)]
pub(crate) struct Example {
    pub(crate) params: Option<Node>,
    pub(crate) returns: Option<Node>,
}

#[derive(Debug)]
pub(crate) struct TypeDef {
    pub(crate) name: String,
    pub(crate) title: Option<String>,
    pub(crate) doc: String,
    pub(crate) kind: TypeKind,
}

#[derive(Debug)]
pub(crate) enum TypeKind {
    Id(IdBase),
    Enum(EnumBase, Vec<Variant>),
    Object { fields: Vec<Field>, example: Node },
}

#[derive(Clone, Debug)]
pub(crate) struct Variant {
    pub(crate) name: Name,
    pub(crate) value: VariantValue,
    pub(crate) doc: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum VariantValue {
    Text(String),
    Int(i64),
}
