//! Fields whose value some servers answer alone, without the object around it.

use super::resolver::Resolver;
use crate::source;
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
}
