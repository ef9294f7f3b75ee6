//! The names of actions and objects, and the tables of a section.

use cqhttp_codegen::tooling::Name;

use super::section::{Entry, Section};
use super::type_names::{TypeName, snake};

/// The name of an action.
#[derive(Debug)]
pub(super) struct Called {
    pub(super) name: String,
    pub(super) aliases: Vec<String>,
    /// The reason for the name, if it is a guess.
    pub(super) guess: Option<String>,
}

impl Called {
    /// Returns `true` if this is the action's name, an alias or the name of its method.
    pub(super) fn answers_to(&self, name: &str) -> bool {
        [&self.name].into_iter().chain(&self.aliases).any(|own| own == name || *own == snake(name))
    }
}

/// The table of an object's fields, with its scope.
pub(super) struct ObjectTable<'a> {
    pub(super) name: String,
    pub(super) fields: &'a [Entry],
    pub(super) scope: Scope<'a>,
}

/// A section, and the prefix of its objects' names.
#[derive(Clone)]
pub(super) struct Scope<'a> {
    pub(super) prefix: String,
    pub(super) section: &'a Section,
}

impl<'a> Scope<'a> {
    /// Creates the scope of a section.
    pub(super) fn of(section: &'a Section, called: &[Called]) -> Self {
        let name = called.first().map(|called| &called.name).or(section.names.first());
        Self { prefix: name.map(|name| Name::from_wire(name).pascal()).unwrap_or_default(), section }
    }

    /// Returns the name for an element of the answer.
    pub(super) fn items(&self) -> String {
        format!("{}Item", self.prefix)
    }

    /// Returns the table of a field's content, and the name of the field in the page.
    pub(super) fn part(&self, field: &str) -> Option<(&'a str, &'a [Entry])> {
        let exact = self.section.parts.iter().find(|(name, _)| name == field);
        let found = exact.or_else(|| {
            self.section.parts.iter().find(|(name, _)| {
                name.split_once('*').is_some_and(|(before, after)| field.starts_with(before) && field.ends_with(after))
            })
        });
        found.map(|(name, fields)| (name.as_str(), fields.as_slice()))
    }
}

/// Returns the entry of a list of a named object.
pub(super) fn list_of(name: &str) -> Entry {
    let word = TypeName::Named { name: name.to_owned(), list: true };
    Entry { line: 0, names: vec![String::new()], word, default: None, says: String::new() }
}

/// Returns the name for the answer of an action: `GroupInfo` for `get_group_info`.
pub(super) fn object_name(action: &str) -> String {
    let name = Name::from_wire(action).pascal();
    name.strip_prefix("Get").map_or_else(|| format!("{name}Item"), str::to_owned)
}
