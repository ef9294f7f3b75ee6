//! The way from one page of an answer to the next.

use super::resolver::Resolver;
use crate::model::{Field, NextPage, Pages, Param, Returns};
use crate::name::Name;
use crate::source::{self, At};
use crate::ty::{IdBase, NamedKind, Scalar, Ty};

impl Resolver<'_> {
    pub(super) fn pages(&mut self, source: &source::Pages, params: &[Param], returns: &Returns) -> Option<Pages> {
        let param =
            params.iter().find(|param| param.name.snake() == source.set.value && param.ty.optional && !param.ty.list);
        let counts = source.before.is_some();
        let param = param.filter(|param| if counts { is_number(&param.ty) } else { is_token(&param.ty) });
        if param.is_none() {
            let hint = match counts {
                true => {
                    "name an optional parameter of this action: of type `i32?`, `i64?` or `u32?`, or an id of numbers"
                }
                false => "name an optional parameter of this action: a text, a whole number or an id",
            };
            self.faults.add(&source.set.spot, format!("`{}` cannot be set for the next page", source.set.value), hint);
        }
        let fields: &[Field] = if let Returns::Fields(fields) = returns { fields } else { &[] };
        let find = |name: &str| fields.iter().find(|field| field.name.snake() == name);
        let (at, next) = match (&source.from, &source.before) {
            (Some(from), None) => {
                // A parameter that was refused was reported.
                let field = find(&from.value).filter(|field| param.is_none_or(|param| field.ty == param.ty));
                (from, field.map(|field| NextPage::Field(field.name.clone())))
            }
            (None, Some(before)) => {
                let (list, key) = before.value.split_once('.').unwrap_or((&before.value, ""));
                let field = find(list).filter(|field| {
                    let events = field.ty.scalar == Scalar::Event && key == "message_seq";
                    field.ty.list && (events || field.ty.scalar == Scalar::Json && !key.is_empty())
                });
                (before, field.map(|field| NextPage::Before { list: field.name.clone(), key: key.to_owned() }))
            }
            _ => {
                let hint = "write `from:` a field of the answer, or `before:` the numbers in a list of the answer";
                self.faults.add(&source.spot, "the beginning of the next page is missing", hint);
                return None;
            }
        };
        if next.is_none() {
            let hint = "`from` names a field of the parameter's type, `before` a list of `json` and a key in it, or `message_seq` of a list of `event`";
            self.faults.add(&at.spot, format!("`{}` does not lead to the next page", at.value), hint);
        }
        let anchor = source.anchor.as_ref().and_then(|anchor| self.anchor(anchor, params, find, next.as_ref()));
        let back = source.back.as_ref().and_then(|back| self.back(back, params, source.anchor.is_some()));
        Some(Pages { set: param?.name.clone(), next: next?, anchor, back })
    }

    /// The parameter that takes the id of the oldest message of a page.
    fn anchor<'f>(
        &mut self,
        name: &At<String>,
        params: &[Param],
        field: impl Fn(&str) -> Option<&'f Field>,
        next: Option<&NextPage>,
    ) -> Option<Name> {
        let is_id = |ty: &Ty| {
            ty.optional
                && !ty.list
                && matches!(&ty.scalar, Scalar::Named(name, NamedKind::Id(_)) if name == "MessageId")
        };
        let of_events = match next {
            Some(NextPage::Before { list, .. }) => {
                field(list.snake()).is_some_and(|field| field.ty.scalar == Scalar::Event)
            }
            _ => false,
        };
        let param = params.iter().find(|param| param.name.snake() == name.value && is_id(&param.ty) && of_events);
        if param.is_none() {
            let hint = "name a parameter of type `MessageId?`, beside `before:` a list of `event`";
            self.faults.add(&name.spot, format!("`{}` does not take the oldest message", name.value), hint);
        }
        Some(param?.name.clone())
    }

    /// The flag that makes servers go back from the anchor.
    fn back(&mut self, name: &At<String>, params: &[Param], has_anchor: bool) -> Option<Name> {
        let is_flag = |ty: &Ty| ty.optional && !ty.list && ty.scalar == Scalar::Bool;
        let param = params.iter().find(|param| param.name.snake() == name.value && is_flag(&param.ty));
        if param.is_none() || !has_anchor {
            let hint = "name a parameter of type `bool?`, beside `anchor:`";
            self.faults.add(&name.spot, format!("`{}` does not go back from a message", name.value), hint);
        }
        Some(param?.name.clone())
    }
}

/// Returns `true` for a type that counts messages: its values are integers of 64 bits.
fn is_number(ty: &Ty) -> bool {
    matches!(ty.scalar, Scalar::I32 | Scalar::I64 | Scalar::U32 | Scalar::Named(_, NamedKind::Id(IdBase::I64)))
}

/// Returns `true` for a type whose values name a page.
fn is_token(ty: &Ty) -> bool {
    is_number(ty)
        || matches!(ty.scalar, Scalar::String | Scalar::U64 | Scalar::Timestamp | Scalar::Named(_, NamedKind::Id(_)))
}
