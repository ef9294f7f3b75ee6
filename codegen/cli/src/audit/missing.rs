//! The actions that no stanza describes, and those that the schema lists as actions without types.

use cqhttp_codegen::tooling::{ActionFacts, Api, Schema, list};

use super::finding::{FindingKind, Findings};
use super::servers::{Audited, Having, does};
use super::types::located;

/// Notes the actions that the schema neither describes nor lists as actions without types, those of go-cqhttp always and the others if `all` is given. Returns the
/// number of the actions that are not noted.
pub(super) fn missing(findings: &mut Findings<'_>, audited: &Audited, schema: &Schema, all: bool) -> usize {
    no_longer_there(findings, audited, schema);
    let known = names(&schema.api);
    let mut seen: Vec<&str> = Vec::new();
    let mut passed_over = 0;
    for server in &audited.servers {
        for action in &server.facts.actions {
            let names: Vec<&str> = action.names.iter().map(String::as_str).collect();
            if names.iter().any(|name| known.contains(name) || seen.contains(name)) {
                continue;
            }
            let having = audited.having(&names);
            let own = having.iter().any(Having::is_go_cqhttp);
            let all_names = having.iter().flat_map(|server| &server.actions).flat_map(|action| &action.names);
            seen.extend(all_names.map(String::as_str));
            if !all && !own {
                passed_over += 1;
                continue;
            }
            let servers: Vec<&str> = having.iter().map(Having::title).collect();
            let message = format!("the schema lacks the action {}, which {}", list(&names), does(&servers, "answer"));
            let place = place(findings, audited, schema, &server.facts.name, action);
            findings.published(FindingKind::Missing, names[0], place, message, "add a stanza");
        }
    }
    passed_over
}

/// Notes the actions without types that no server has.
fn no_longer_there(findings: &mut Findings<'_>, audited: &Audited, schema: &Schema) {
    for (name, position) in schema.untyped().filter(|(name, _)| audited.having(&[name]).is_empty()) {
        let message = format!("no server has the action `{name}`, which is listed as an action without types");
        let place = findings.place(&position);
        findings.published(FindingKind::Untyped, name, place, message, "remove it");
    }
}

fn names(api: &Api) -> Vec<&str> {
    let actions = api.files.iter().flat_map(|file| &file.actions);
    let described = actions.flat_map(|action| [&action.wire].into_iter().chain(&action.aliases));
    described.chain(api.untyped.iter().map(|action| &action.name)).map(String::as_str).collect()
}

/// Returns the place of an action in what a server publishes, or in the schema's facts.
fn place(
    findings: &Findings<'_>,
    audited: &Audited,
    schema: &Schema,
    server: &str,
    action: &ActionFacts,
) -> (String, usize, usize) {
    let routes = audited.checkout.iter().filter(|_| server == "go-cqhttp").flat_map(|checkout| checkout.routes());
    let route = routes.into_iter().find(|route| route.names.iter().any(|name| action.names.contains(name)));
    if let Some(route) = route {
        return located(&route.place);
    }
    let file = audited.servers.iter().find(|known| known.facts.name == server).and_then(|server| server.file.clone());
    match (file, schema.server_action(server, &action.names[0])) {
        (Some(file), _) => (file, 1, 1),
        (None, Some(position)) => findings.place(&position),
        (None, None) => (String::new(), 1, 1),
    }
}
