//! Actions of servers that have no types.

use std::collections::HashSet;

use super::names::Taken;
use super::resolver::Resolver;
use crate::model::Untyped;
use crate::source::SourceFile;

impl Resolver<'_> {
    /// The actions without types, with their reasons.
    pub(super) fn untyped(&mut self, files: &[SourceFile]) -> Vec<Untyped> {
        let mut actions = Vec::new();
        for source in files.iter().flat_map(|file| &file.untyped) {
            self.doc(&source.reason);
            actions.push(Untyped { name: source.name.value.clone(), reason: source.reason.value.clone() });
        }
        actions
    }

    /// Reports actions without types that a stanza describes, and those that are listed twice.
    pub(super) fn untyped_names(&mut self, files: &[SourceFile], taken: &Taken) {
        let mut seen = HashSet::new();
        for source in files.iter().flat_map(|file| &file.untyped) {
            let name = &source.name.value;
            if let Some((action, _)) = taken.wires.get(name) {
                let message = format!("the stanza of `{action}` describes the action `{name}`");
                self.faults.add(&source.name.spot, message, "remove one of the two stanzas");
            } else if !seen.insert(name) {
                let message = format!("the action `{name}` is listed as one without types already");
                self.faults.add(&source.name.spot, message, "keep one of the two stanzas");
            }
        }
    }
}
