//! Answers in parts.

use super::action::NEVER;
use super::resolver::Resolver;
use crate::model::{Api, Field, Stream};
use crate::name::Name;
use crate::source::{self, At, Returns, SourceFile};
use crate::ty::{Expression, NamedKind, Scalar};

impl Resolver<'_> {
    /// Resolves the parts of an action's answer.
    pub(super) fn stream(&mut self, action: &source::Action) -> Option<Stream> {
        let stream = action.stream.as_ref()?;
        let ends = matches!(&action.returns, Some(Returns::Type(text)) if text.value == NEVER);
        for (excluded, what) in [(ends, "`returns: never`"), (action.pages.is_some(), "`pages`")] {
            if excluded {
                let message = format!("an answer in parts cannot have {what}");
                self.faults.add(&stream.spot, message, "keep one of them");
            }
        }
        let ty = self.ty(&stream.part)?;
        let fits = matches!(ty.scalar, Scalar::Named(_, NamedKind::Object) | Scalar::Json);
        if !fits || ty.list || ty.optional {
            let message = format!("`{}` is not a type of a part", stream.part.value);
            self.faults.add(&stream.part.spot, message, "a part is an object, or `json`");
            return None;
        }
        let name = |field: &Option<At<String>>| field.as_ref().map(|field| Name::from_wire(&field.value));
        Some(Stream { part: ty, total: name(&stream.total), received: name(&stream.received) })
    }

    /// Reports the names under `total` and `received` that are not amounts of the part.
    pub(super) fn amounts(&mut self, files: &[SourceFile], api: &Api) {
        for stream in files.iter().flat_map(|file| &file.actions).filter_map(|action| action.stream.as_ref()) {
            let part = Expression::parse(&stream.part.value).map(|ty| ty.name).unwrap_or_default();
            // A type that was refused is reported already.
            let (object, is_json) = (api.objects.get(part), part == "json");
            for field in [&stream.total, &stream.received].into_iter().flatten() {
                let amount = object.is_some_and(|fields| fields.iter().any(|known| is_amount(known, &field.value)));
                if !amount && (object.is_some() || is_json) {
                    let message = format!("`{}` is not an amount in `{part}`", field.value);
                    let hint = "name a field of the part, of type `u32`, `u64`, `u32?` or `u64?`";
                    self.faults.add(&field.spot, message, hint);
                }
            }
        }
    }
}

fn is_amount(field: &Field, name: &str) -> bool {
    field.name.snake() == name && !field.ty.list && matches!(field.ty.scalar, Scalar::U32 | Scalar::U64)
}
