//! The changes between the facts about a server, per action, in words.

use cqhttp_codegen::tooling::{ActionFacts, Api, ParamFacts, ServerFacts};

use super::change::{Change, Part};
use super::notes::{Notes, Pair, code, each, listed};

/// Notes the changes of all servers.
pub(super) fn servers(log: &mut Vec<Change>, old: &Api, new: &Api) {
    each(&old.servers, &new.servers, |pair| match pair {
        Pair::Added(new) => {
            let text = format!("new: {} actions of version {}", new.actions.len(), new.version);
            Notes::of(log, Part::Server, new).compatible(text);
        }
        Pair::Removed(old) => Notes::of(log, Part::Server, old).compatible("removed"),
        Pair::Both(old, new) => server(&mut Notes::of(log, Part::Server, new), old, new),
    });
}

fn server(notes: &mut Notes<'_>, old: &ServerFacts, new: &ServerFacts) {
    if old.version != new.version {
        notes.compatible(format!("version {}; before: {}", new.version, old.version));
    }
    if old.app_name != new.app_name {
        notes.compatible(format!("calls itself `{}`; before: `{}`", new.app_name, old.app_name));
    }
    let before = pairs(&old.actions, &new.actions, |action| &action.names);
    for (action, before) in new.actions.iter().zip(&before) {
        match before {
            None => notes.compatible(added(action)),
            Some(before) => {
                let changes = action_changes(before, action);
                if !changes.is_empty() {
                    notes.compatible(format!("{} {}", code(&action.names[0]), changes.join("; ")));
                }
            }
        }
    }
    for action in unpaired(&old.actions, &before) {
        notes.compatible(format!("{} removed", code(&action.names[0])));
    }
}

/// Returns for each new item the old one with the same first name, or else one with a name in common.
fn pairs<'a, T>(old: &'a [T], new: &[T], names: impl Fn(&T) -> &Vec<String>) -> Vec<Option<&'a T>> {
    let first = |item: &T| old.iter().find(|old| names(old)[0] == names(item)[0]);
    let exact: Vec<Option<&T>> = new.iter().map(first).collect();
    let is_free = |old: &T| !exact.iter().flatten().any(|taken| std::ptr::eq(*taken, old));
    let mut found: Vec<Option<&T>> = Vec::new();
    for (item, exact) in new.iter().zip(&exact) {
        let shares = |old: &&T| names(old).iter().any(|name| names(item).contains(name));
        let taken = |old: &T| found.iter().flatten().any(|taken| std::ptr::eq(*taken, old));
        found.push(exact.or_else(|| old.iter().filter(shares).find(|old| is_free(old) && !taken(old))));
    }
    found
}

fn unpaired<'a, T>(old: &'a [T], paired: &[Option<&T>]) -> impl Iterator<Item = &'a T> {
    old.iter().filter(|old| !paired.iter().flatten().any(|taken| std::ptr::eq(*taken, *old)))
}

/// Formats as "new action `get_msg`: requires `message_id`; reads `group_id`, `user_id`": commas stand between names alone.
fn added(action: &ActionFacts) -> String {
    let mut said = vec![format!("new action {}", listed(&action.names))];
    said.extend(reads(&action.params.iter().collect::<Vec<_>>()));
    said.extend(action.stream.then(|| "answers in parts".to_owned()));
    let (head, rest) = (said.remove(0), said);
    if rest.is_empty() { head } else { format!("{head}: {}", rest.join("; ")) }
}

/// Formats as "requires `message_id`" and "reads `group_id`".
fn reads(params: &[&ParamFacts]) -> Vec<String> {
    let of = |required: bool| {
        let params = params.iter().filter(move |param| param.required == required);
        let names: Vec<String> = params.map(|param| param.names[0].clone()).collect();
        (!names.is_empty()).then(|| listed(&names))
    };
    let requires = of(true).map(|names| format!("requires {names}"));
    requires.into_iter().chain(of(false).map(|names| format!("reads {names}"))).collect()
}

fn action_changes(old: &ActionFacts, new: &ActionFacts) -> Vec<String> {
    let mut said = Vec::new();
    if old.names != new.names {
        said.push(format!("has the names {} (before: {})", listed(&new.names), listed(&old.names)));
    }
    let before = pairs(&old.params, &new.params, |param| &param.names);
    let all = || new.params.iter().zip(&before);
    let fresh = reads(&all().filter(|(_, old)| old.is_none()).map(|(new, _)| new).collect::<Vec<_>>());
    said.extend(fresh.into_iter().map(|text| format!("now {text}")));
    let gone: Vec<String> = unpaired(&old.params, &before).map(|param| param.names[0].clone()).collect();
    if !gone.is_empty() {
        said.push(format!("no longer reads {}", listed(&gone)));
    }
    said.extend(all().filter_map(|(new, old)| old.map(|old| param_changes(old, new))).flatten());
    match (old.stream, new.stream) {
        (false, true) => said.push("answers in parts".into()),
        (true, false) => said.push("no longer answers in parts".into()),
        _ => {}
    }
    said
}

fn param_changes(old: &ParamFacts, new: &ParamFacts) -> Vec<String> {
    let name = code(&new.names[0]);
    let mut said = Vec::new();
    match (old.required, new.required) {
        (false, true) => said.push(format!("now requires {name}")),
        (true, false) => said.push(format!("no longer requires {name}")),
        _ => {}
    }
    if old.names != new.names {
        said.push(format!("reads {} (before: {})", listed(&new.names), listed(&old.names)));
    }
    let told = |param: &ParamFacts| param.default.as_ref().map_or("nothing".into(), |value| code(&value.to_string()));
    if old.default != new.default {
        said.push(format!("assumes {} if {name} is absent (before: {})", told(new), told(old)));
    }
    said
}
