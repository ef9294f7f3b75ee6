//! The schema without the actions that only other servers than go-cqhttp have: the crate `cqhttp` without its feature `vendor`.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Action, Api, Field, File, Param, Returns};
use crate::ty::{Scalar, Ty};

/// The fields of each object.
type Objects = BTreeMap<String, Vec<Field>>;

/// Removes the actions of other servers, and the types that nothing else uses.
pub(crate) fn remove(api: &mut Api) {
    let unused = types(&api.files, &api.objects);
    for file in &mut api.files {
        file.actions.retain(|action| !action.vendor);
        file.types.retain(|ty| !unused.contains(&ty.name));
    }
}

/// Returns the types that only the actions of other servers use.
pub(crate) fn types(files: &[File], objects: &Objects) -> BTreeSet<String> {
    let of_vendors = files.iter().flat_map(|file| &file.actions).filter(|action| action.vendor);
    let mut unused = reachable(objects, of_vendors.flat_map(action_types));
    let used = reachable(objects, others(files));
    unused.retain(|name| !used.contains(name));
    unused
}

/// The types that are named by the other actions, and by events, operations and segments.
fn others(files: &[File]) -> impl Iterator<Item = &Ty> {
    files.iter().flat_map(|file| {
        let actions = file.actions.iter().filter(|action| !action.vendor).flat_map(action_types);
        let events = file.events.iter().flat_map(|event| event.fields.iter().map(|field| &field.ty));
        let operations = file.operations.iter().flat_map(|operation| param_types(&operation.params));
        let segments = file.segments.iter().flat_map(|segment| param_types(&segment.fields));
        actions.chain(events).chain(operations).chain(segments)
    })
}

fn action_types(action: &Action) -> impl Iterator<Item = &Ty> {
    let (fields, ty): (&[Field], Option<&Ty>) = match &action.returns {
        Returns::Nothing | Returns::Never => (&[], None),
        Returns::Fields(fields) => (fields, None),
        Returns::Type(ty) => (&[], Some(ty)),
    };
    let part = action.stream.as_ref().map(|stream| &stream.part);
    param_types(&action.params).chain(fields.iter().map(|field| &field.ty)).chain(ty).chain(part)
}

fn param_types(params: &[Param]) -> impl Iterator<Item = &Ty> {
    params.iter().map(|param| &param.ty)
}

/// The names of these types, and of those that their fields have in turn.
fn reachable<'a>(objects: &'a Objects, of: impl Iterator<Item = &'a Ty>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut next: Vec<&Ty> = of.collect();
    while let Some(ty) = next.pop() {
        if let Scalar::Named(name, _) = &ty.scalar
            && found.insert(name.clone())
        {
            next.extend(objects.get(name).into_iter().flatten().map(|field| &field.ty));
        }
    }
    found
}
