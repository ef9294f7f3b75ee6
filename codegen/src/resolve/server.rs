//! Servers: their facts, and which of them has an action or reads a parameter.

use super::resolver::Resolver;
use crate::facts::{SERVERS, ServerFacts};
use crate::source::{self, At, SourceFile};

impl Resolver<'_> {
    /// The facts about all servers, in the order in which docs list them.
    pub(super) fn servers_of(&mut self, files: &[SourceFile]) -> Vec<ServerFacts> {
        let sources: Vec<&source::Server> = files.iter().flat_map(|file| &file.servers).collect();
        let mut servers = Vec::new();
        for (index, source) in sources.iter().enumerate() {
            let before = &sources[..index];
            let names: Vec<(&str, usize)> = SERVERS.iter().enumerate().map(|(at, known)| (known.name, at)).collect();
            let rank = self.choice(&source.name, "server", &names);
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
