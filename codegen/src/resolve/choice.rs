//! Groups of parameters that exclude each other.

use std::collections::HashSet;

use super::resolver::Resolver;
use crate::diagnostic::list;
use crate::model::{Action, Choice, Param, Presence};
use crate::source;
use crate::source_map::Spot;
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
        if group.params.len() == 1 {
            let hint = "name a further parameter; one that is always needed is required, without `?`";
            self.faults.add(&group.spot, "a group of one parameter", hint);
        }
        (self.faults.len() == before && !names.is_empty()).then_some(Choice { params: names, required: group.required })
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
