//! Types that an extension cannot use, since `cqhttp` is built without its feature `vendor`.

use std::collections::BTreeSet;

use crate::diagnostic::Faults;
use crate::model::Api;
use crate::source::{At, Field, Kind, Returns, SourceFile};
use crate::ty::Expression;
use crate::vendor;

/// Reports each place of an extension that names a type which only the actions of other servers than go-cqhttp use.
pub(crate) fn check_uses(files: &[SourceFile], api: &Api, faults: &mut Faults) {
    let missing = vendor::types(&api.base, &api.objects);
    for file in files.iter().filter(|file| file.extension) {
        let objects = file.types.iter().filter_map(|ty| match &ty.kind {
            Kind::Object { fields, .. } => Some(fields),
            Kind::Id { .. } | Kind::Enum { .. } => None,
        });
        let answers = file.actions.iter().filter_map(|action| action.returns.as_ref());
        let of_answers = answers.clone().filter_map(|returns| match returns {
            Returns::Fields(fields) => Some(fields),
            Returns::Type(_) => None,
        });
        let whole = answers.filter_map(|returns| match returns {
            Returns::Type(ty) => Some(ty),
            Returns::Fields(_) => None,
        });
        let fields = objects.chain(of_answers).chain(file.actions.iter().map(|action| &action.params)).flatten();
        fields.map(|field: &Field| &field.ty).chain(whole).for_each(|ty| check_use(ty, &missing, faults));
    }
}

fn check_use(ty: &At<String>, missing: &BTreeSet<String>, faults: &mut Faults) {
    let Some(name) = Expression::parse(&ty.value).map(|ty| ty.name).filter(|name| missing.contains(*name)) else {
        return;
    };
    let message = format!("the type `{name}` belongs to the feature `vendor` of `cqhttp`, which is off");
    let hint = "add the feature to `cqhttp` under `[dependencies]`: `features = [\"vendor\"]`";
    faults.add(&ty.spot, message, hint);
}
