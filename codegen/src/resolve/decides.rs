//! Fields that say which of several things happened: an absent one is the unlisted value of its enum.

use super::resolver::Resolver;
use crate::model::{Api, VariantValue};
use crate::source::{self, Kind, Returns, SourceFile};
use crate::source_map::Spot;
use crate::ty::{EnumBase, Expression, NamedKind, Scalar, Ty};

impl Resolver<'_> {
    /// Reports a field that decides, but has no unlisted value.
    pub(super) fn may_decide(&mut self, spot: &Spot, ty: &Ty) {
        let text = matches!(ty.scalar, Scalar::Named(_, NamedKind::Enum(EnumBase::String)));
        if !text || ty.list || ty.optional {
            let hint =
                "only an enum of strings, without `?` or `[]`, decides: write `?` behind the type, without `decides`";
            self.faults.add(spot, "a field of this type cannot decide", hint);
        }
    }

    /// Reports a field that decides by an enum with a name for an empty text, which would be the value of an absent field.
    pub(super) fn unlisted_values(&mut self, files: &[SourceFile], api: &Api) {
        let empty = VariantValue::Text(String::new());
        for field in files.iter().flat_map(fields) {
            let name = Expression::parse(&field.ty.value).map(|ty| ty.name);
            let variants = name.and_then(|name| api.enums.get(name)).map(Vec::as_slice).unwrap_or_default();
            if let (Some(spot), true) = (&field.decides, variants.iter().any(|variant| variant.value == empty)) {
                let message =
                    format!("`{}` has a name for an empty text, which stands for an absent value", field.ty.value);
                self.faults.add(spot, message, "remove that value of the enum");
            }
        }
    }
}

/// The fields of a file's objects, events and answers.
fn fields(file: &SourceFile) -> Vec<&source::Field> {
    let objects = file.types.iter().filter_map(|ty| match &ty.kind {
        Kind::Object { fields, .. } => Some(fields),
        Kind::Id { .. } | Kind::Enum { .. } => None,
    });
    let events = file.events.iter().filter_map(|event| event.fields.as_ref());
    let answers = file.actions.iter().filter_map(|action| match &action.returns {
        Some(Returns::Fields(fields)) => Some(fields),
        _ => None,
    });
    objects.chain(events).chain(answers).flatten().collect()
}
