//! Fields whose value some servers answer alone, without the object around it; and objects that some put into another one.

use super::resolver::Resolver;
use crate::model::Field;
use crate::source::{self, At};
use crate::source_map::Spot;
use crate::ty::{IdBase, NamedKind, Scalar, Ty};

impl Resolver<'_> {
    /// Reports a bare field whose value could not be told from an object, and one of several.
    pub(super) fn may_be_bare(&mut self, spot: &Spot, ty: &Ty, fields: &[source::Field]) {
        let is_text = matches!(ty.scalar, Scalar::String | Scalar::Named(_, NamedKind::Id(IdBase::String)));
        if !ty.list && !is_text {
            let hint = "only a list or a text is told from an object by its JSON";
            self.faults.add(spot, "a field of this type cannot be bare", hint);
        }
        let first = fields.iter().find_map(|field| field.bare.as_ref());
        if first.is_some_and(|first| first != spot) {
            self.faults.add(spot, "only one field can be bare", "remove one `bare`");
        }
    }

    /// Returns `true` if an object can stand under this name, which none of its fields has; otherwise, it reports the name.
    pub(super) fn may_be_within(&mut self, within: &At<String>, fields: &[Field]) -> bool {
        let name = &within.value;
        let taken = fields.iter().any(|field| field.wire == *name || field.aliases.contains(name));
        if taken {
            let message = format!("a field of the object has the name `{name}`");
            self.faults.add(&within.spot, message, "`within` names the key of the object around this one");
        }
        !taken
    }
}
