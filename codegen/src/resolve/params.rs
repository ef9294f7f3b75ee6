//! Parameters of actions and operations.

use super::names::CALL_METHODS;
use super::resolver::{Resolver, values};
use crate::diagnostic::list;
use crate::model::{Availability, Param, Presence, TARGET_KEYS};
use crate::name::Name;
use crate::source;
use crate::source_map::Spot;
use crate::ty::{Scalar, Ty};

impl Resolver<'_> {
    /// The parameters, and the `groups` of them that exclude each other; `None` if one was refused, or has a type that was refused.
    pub(super) fn params(&mut self, sources: &[source::Field], groups: &[source::Group]) -> Option<Vec<Param>> {
        self.distinct(sources, groups);
        let mut params: Vec<Param> = Vec::new();
        let mut sound = true;
        for source in sources {
            self.doc(&source.doc);
            self.field_name(source);
            let Some(ty) = self.ty(&source.ty) else { continue };
            if ty.scalar == Scalar::Target {
                sound &= self.target(source, &ty, &params);
            }
            sound &= self.outside_of_segments(source, &ty);
            let presence = self.presence(source, &ty);
            if matches!(presence, Presence::Required) {
                if params.iter().any(|param| !matches!(param.presence, Presence::Required)) {
                    let hint = "required parameters come first: they are the method's arguments";
                    self.faults.add(&source.name.spot, format!("`{}` is required", source.name.value), hint);
                }
            } else if self.methods(&CALL_METHODS).contains(&source.name.value.as_str()) {
                let hint = format!(
                    "write another `name:`, and `wire: {}`; taken are {}",
                    source.name.value,
                    list(&self.methods(&CALL_METHODS))
                );
                self.faults.add(&source.name.spot, format!("every call has a method `{}`", source.name.value), hint);
            } else if source.name.value.starts_with("default_") {
                let hint = format!("write another `name:`, and `wire: {}`", source.name.value);
                self.faults.add(&source.name.spot, "names with `default_` are those of the defaults' functions", hint);
            }
            params.push(Param {
                name: Name::from_wire(&source.name.value),
                wire: source.wire_name().value.clone(),
                also: values(&source.also),
                aliases: values(&source.aliases),
                ty,
                doc: source.doc.value.clone(),
                presence,
                availability: Availability::default(),
                is_json: false,
            });
        }
        sound &= self.beside_target(sources, &params);
        (sound && params.len() == sources.len()).then_some(params)
    }

    /// Returns `true` if a target, which goes out as three parameters of fixed names, is a plain parameter and the only target.
    fn target(&mut self, source: &source::Field, ty: &Ty, before: &[Param]) -> bool {
        let alone = !ty.list
            && !ty.optional
            && source.default.is_none()
            && source.wire.is_none()
            && source.also.is_empty()
            && source.aliases.is_empty();
        let fits = alone && !before.iter().any(|param| param.ty.scalar == Scalar::Target);
        if !fits {
            let hint = "write one required parameter `target` of type `Target`";
            self.faults.add(&source.ty.spot, "a `Target` goes out as `message_type` and the ids", hint);
        }
        fits
    }

    /// Returns `true` if no parameter beside a target goes out under one of its names, or under two names.
    fn beside_target(&mut self, sources: &[source::Field], params: &[Param]) -> bool {
        let before = self.faults.len();
        if params.iter().any(|param| param.ty.scalar == Scalar::Target) {
            for source in sources {
                let wire = source.wire_name();
                for name in [wire].into_iter().chain(&source.also).chain(&source.aliases) {
                    if TARGET_KEYS.contains(&name.value.as_str()) {
                        let message = format!("the `Target` goes out as `{}`, among others", name.value);
                        self.faults.add(&name.spot, message, "rename or remove one");
                    }
                }
                for name in &source.also {
                    let message = "beside a `Target` no parameter goes out under two names";
                    self.faults.add(&name.spot, message, "remove `also:`");
                }
            }
        }
        self.faults.len() == before
    }

    fn presence(&mut self, source: &source::Field, ty: &Ty) -> Presence {
        let Some(default) = &source.default else {
            return if ty.optional { Presence::Optional } else { Presence::Required };
        };
        let spot = Spot::of(source.name.spot.file, default);
        if ty.optional {
            self.faults.add(&spot, "an optional parameter with a default", "remove the `?`: a default is always sent");
        } else if !ty.has_default() {
            let message = "ids, objects, files and lists have no default";
            self.faults.add(&spot, message, "make the parameter required or optional");
        }
        Presence::Default(default.clone())
    }
}
