//! Servers: their facts, and which of them has an action or reads a parameter.

use super::resolver::Resolver;
use crate::doc;
use crate::facts::{ActionFacts, SERVERS, ServerFacts, known_server};
use crate::model::{Action, Availability, Param, Server};
use crate::source::{self, At, SourceFile};
use crate::ty::Scalar;

impl Resolver<'_> {
    /// The facts about all servers, in the order in which docs list them.
    pub(super) fn servers_of(&mut self, files: &[SourceFile]) -> Vec<ServerFacts> {
        let sources: Vec<&source::Server> = files.iter().flat_map(|file| &file.servers).collect();
        let mut servers = Vec::new();
        for (index, source) in sources.iter().enumerate() {
            let before = &sources[..index];
            let names: Vec<(&str, usize)> = SERVERS.iter().enumerate().map(|(at, known)| (known.name, at)).collect();
            let rank = self.choice(&source.name, "server", &names);
            // The docs of every action contain it.
            let title = &source.title.value;
            if let Some((message, hint)) = doc::alias_fault(title).or_else(|| doc::fault(title)) {
                self.faults.add(&source.title.spot, message, hint);
            }
            let same = |of: fn(&source::Server) -> &At<String>| {
                before.iter().find(|other| of(other).value == of(source).value)
            };
            if same(|server| &server.name).is_some() {
                let message = format!("the server `{}` exists already", source.name.value);
                self.faults.add(&source.name.spot, message, "one stanza a server: remove one of them");
            } else if let Some(other) = same(|server| &server.app_name) {
                let (app_name, other) = (&source.app_name.value, &other.name.value);
                let message = format!("the server `{other}` has the `app_name` `{app_name}`, too");
                self.faults.add(&source.app_name.spot, message, "servers are told apart by it: correct one of them");
            }
            servers.extend(rank.map(|rank| (rank, facts(source))));
        }
        servers.sort_by_key(|(rank, _)| *rank);
        servers.into_iter().map(|(_, facts)| facts).collect()
    }
}

fn facts(source: &source::Server) -> ServerFacts {
    ServerFacts {
        name: source.name.value.clone(),
        title: source.title.value.clone(),
        app_name: source.app_name.value.clone(),
        version: source.version.value.clone(),
        actions: source.actions.iter().map(|action| action.value.clone()).collect(),
    }
}

/// Tells which servers have an action, and which of those read its parameters. An `extension` may be for a server that nobody
/// else knows: of its actions that no server has, nothing is told.
pub(super) fn availability(servers: &[ServerFacts], action: &mut Action, extension: bool) {
    let names: Vec<&str> = [&action.wire].into_iter().chain(&action.aliases).map(String::as_str).collect();
    let found: Vec<(&ServerFacts, Vec<&ActionFacts>)> =
        servers.iter().map(|server| (server, server.actions_named(&names).collect())).collect();
    // go-cqhttp has some actions without an entry in its table; the stanza knows better.
    let go_cqhttp = found.iter().any(|(server, actions)| server.name == "go-cqhttp" && !actions.is_empty());
    let own = !extension && action.origin.is_of_go_cqhttp();
    action.vendor = !extension && !own && !go_cqhttp;
    let stated = action.server == Server::Supported && own;
    let has = |(server, actions): &(&ServerFacts, Vec<&ActionFacts>)| {
        !actions.is_empty() || stated && server.name == "go-cqhttp"
    };
    let living = |server: &ServerFacts| known_server(&server.name).is_some_and(|known| known.living);
    if extension && !found.iter().any(has) {
        return;
    }
    action.abandoned = !servers.is_empty() && !found.iter().any(|found| has(found) && living(found.0));
    let (on, not_on): (Vec<_>, Vec<_>) = found.iter().partition(|found| has(found));
    let having: Vec<&(&ServerFacts, Vec<&ActionFacts>)> =
        on.iter().copied().filter(|found| !found.1.is_empty()).collect();
    for param in &mut action.params {
        param.availability = of_param(param, &having);
    }
    action.servers = on.iter().filter_map(|(server, _)| known_server(&server.name)).collect();
    action.availability = Availability { on: titles(&on), not_on: titles(&not_on) };
}

/// Tells which of the servers that have an action read a parameter; nothing if each of them does.
fn of_param(param: &Param, having: &[&(&ServerFacts, Vec<&ActionFacts>)]) -> Availability {
    if param.ty.scalar == Scalar::Target {
        return Availability::default();
    }
    let sent: Vec<&str> = [&param.wire].into_iter().chain(&param.also).map(String::as_str).collect();
    let reads = |actions: &[&ActionFacts]| actions.iter().any(|action| action.param(&sent).is_some());
    let (on, not_on): (Vec<_>, Vec<_>) = having.iter().partition(|(_, actions)| reads(actions));
    match not_on.is_empty() {
        true => Availability::default(),
        false => Availability { on: titles(&on), not_on: titles(&not_on) },
    }
}

fn titles(servers: &[&(&ServerFacts, Vec<&ActionFacts>)]) -> Vec<String> {
    servers.iter().map(|(server, _)| server.title.clone()).collect()
}
