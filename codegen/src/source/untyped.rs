//! The stanza of an action that has no types.

use super::reader::{At, Reader};
use crate::yaml::Node;

/// An action of a server that the schema leaves to `Raw`, with the reason.
#[derive(Debug)]
pub(crate) struct Untyped {
    pub(crate) name: At<String>,
    pub(crate) reason: At<String>,
}

impl Reader<'_> {
    pub(super) fn untyped(&mut self, node: &Node) -> Option<Untyped> {
        let entries = self.entries(node, "an action without types", &["kind", "name", "reason"])?;
        let (name, reason) = (self.required_text(&entries, "name"), self.required_text(&entries, "reason"));
        Some(Untyped { name: name?, reason: reason? })
    }
}
