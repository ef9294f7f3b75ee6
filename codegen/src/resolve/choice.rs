//! Groups of parameters that exclude each other.

use std::collections::HashSet;

use super::resolver::Resolver;
use crate::diagnostic::list;
use crate::model::{Action, Choice, Param, Presence};
use crate::source;
use crate::source_map::Spot;
use crate::ty::{EnumBase, IdBase, NamedKind, Scalar, Ty};
use crate::yaml::Node;

impl Resolver<'_> {
    /// The groups of an action; a group that was refused is left out.
    pub(super) fn choices(&mut self, source: &source::Action, params: &[Param]) -> Vec<Choice> {
        let mut seen = HashSet::new();
        source.groups.iter().filter_map(|group| self.choice_of(group, params, &mut seen)).collect()
    }

    fn choice_of<'s>(
        &mut self,
        group: &'s source::Group,
        params: &[Param],
        seen: &mut HashSet<&'s str>,
    ) -> Option<Choice> {
        let before = self.faults.len();
        let mut names = Vec::new();
        for name in &group.params {
            let optional = |param: &&Param| matches!(param.presence, Presence::Optional);
            let found = params.iter().find(|param| param.name.snake() == name.value);
            if let Some(param) = found.filter(optional) {
                names.push(param.name.clone());
            } else {
                let message = format!("`{}` cannot be left out", name.value);
                let hint = "name optional parameters of this action, whose types end with `?`";
                self.faults.add(&name.spot, message, hint);
            }
            if !seen.insert(&name.value) {
                let message = format!("`{}` stands in a group already", name.value);
                self.faults.add(&name.spot, message, "a parameter is in one group: remove it here or there");
            }
        }
        self.shared_names(group, params);
        if group.params.len() == 1 {
            let hint = "name a further parameter; one that is always needed is required, without `?`";
            self.faults.add(&group.spot, "a group of one parameter", hint);
        }
        (self.faults.len() == before && !names.is_empty()).then_some(Choice { params: names, required: group.required })
    }

    /// Reports a parameter of a group that goes out under the name of another, if a server could not tell which of them is set, or
    /// could not read the value as that of the other.
    fn shared_names(&mut self, group: &source::Group, params: &[Param]) {
        let find = |name: &str| params.iter().find(|param| param.name.snake() == name);
        let mut before: Vec<&Param> = Vec::new();
        for (name, param) in group.params.iter().filter_map(|name| Some((name, find(&name.value)?))) {
            for other in &before {
                let goes_out = param.also.contains(&other.wire);
                let (one, two) = (other.name.snake(), param.name.snake());
                if goes_out && other.also.contains(&param.wire) {
                    let message = format!("`{one}` and `{two}` go out under each other's name");
                    self.faults.add(&name.spot, message, "remove one `also:`");
                } else if (goes_out || other.also.contains(&param.wire)) && !is_alike(&param.ty, &other.ty) {
                    let message = format!("`{one}` and `{two}` go out under one name, and are of other types");
                    self.faults.add(&name.spot, message, "give them types of the same JSON");
                }
            }
            before.push(param);
        }
    }

    /// Reports an example that sets too many parameters of a group, or too few.
    pub(super) fn example_choices(&mut self, source: &source::Action, action: &Action) {
        let Some(params) = action.example.params.as_ref().filter(|_| !action.broken) else { return };
        for choice in &action.choices {
            let set: Vec<&str> =
                action.members(choice).map(|param| &*param.wire).filter(|wire| is_set(params, wire)).collect();
            let names: Vec<&str> = choice.params.iter().map(crate::name::Name::snake).collect();
            let message = match (set.len(), choice.required) {
                (0, true) => format!("the example sets none of {}", list(&names)),
                (0 | 1, _) => continue,
                _ => format!("the example sets more than one of {}", list(&names)),
            };
            let hint = if choice.required { "set exactly one of them" } else { "set one of them, or none" };
            self.faults.add(&Spot::of(source.name.spot.file, params), message, hint);
        }
    }
}

fn is_set(params: &Node, wire: &str) -> bool {
    params.get(wire).is_some()
}

/// Returns `true` if the values of both types are the same kind of JSON.
fn is_alike(one: &Ty, other: &Ty) -> bool {
    let is_integer = |scalar: &Scalar| match scalar {
        Scalar::I32 | Scalar::I64 | Scalar::U32 | Scalar::U64 | Scalar::Timestamp => true,
        Scalar::Named(_, kind) => matches!(kind, NamedKind::Id(IdBase::I64) | NamedKind::Enum(EnumBase::I64)),
        _ => false,
    };
    let is_text = |scalar: &Scalar| match scalar {
        Scalar::String => true,
        Scalar::Named(_, kind) => matches!(kind, NamedKind::Id(IdBase::String) | NamedKind::Enum(EnumBase::String)),
        _ => false,
    };
    let both = |fits: &dyn Fn(&Scalar) -> bool| fits(&one.scalar) && fits(&other.scalar);
    one.list == other.list && (one.scalar == other.scalar || both(&is_integer) || both(&is_text))
}
