//! YAML text → [`Node`]s, and places in it → line and column. No other module knows serde_yaml.

mod locator;
mod node;
mod syntax;

pub(crate) use locator::Locator;
pub(crate) use node::Place;
pub use node::{Node, Value, json};
pub(crate) use syntax::{SyntaxFault, read};
