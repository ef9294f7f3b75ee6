//! The servers that a schema is compared with.

use std::path::Path;

use cqhttp_codegen::tooling::{ActionFacts, ParamFacts, ServerFacts, known_server};

use crate::failure::{Failure, shown};
use crate::go_cqhttp::Checkout;
use crate::published::{Catalog, OpenApi, PublishedAction};

/// The audited servers: those that the schema has facts about, some of them replaced by what they publish now.
pub(super) struct Audited {
    pub(super) servers: Vec<AuditedServer>,
    /// go-cqhttp's code, if it is compared too.
    pub(super) checkout: Option<Checkout>,
}

/// The facts about a server.
pub(super) struct AuditedServer {
    pub(super) facts: ServerFacts,
    /// The file that replaces the schema's facts.
    pub(super) file: Option<String>,
}

/// A server that has an action.
pub(super) struct Having<'a> {
    server: &'a ServerFacts,
    from_code: bool,
    /// The action; several if the server treats the names as different actions.
    pub(super) actions: Vec<&'a ActionFacts>,
}

impl Having<'_> {
    /// Returns the server's name in texts.
    pub(super) fn title(&self) -> &str {
        &self.server.title
    }

    /// Returns `true` for go-cqhttp.
    pub(super) fn is_go_cqhttp(&self) -> bool {
        self.server.name == "go-cqhttp"
    }

    /// Returns the parameters of the action.
    pub(super) fn params(&self) -> impl Iterator<Item = &ParamFacts> {
        self.actions.iter().flat_map(|action| &action.params)
    }

    /// Formats as "in the code" or "on NapCat".
    pub(super) fn place_in_words(&self) -> String {
        if self.from_code { "in the code".into() } else { format!("on {}", self.title()) }
    }
}

impl Audited {
    /// Creates the audited servers from the facts of a schema.
    pub(super) fn of(facts: &[ServerFacts]) -> Self {
        let server = |facts: &ServerFacts| AuditedServer { facts: facts.clone(), file: None };
        Self { servers: facts.iter().map(server).collect(), checkout: None }
    }

    /// Replaces NapCat's facts by those of an OpenAPI document.
    pub(super) fn openapi(&mut self, path: &Path) -> Result<(), Failure> {
        let api = OpenApi::read_of_napcat(path)?;
        self.replace("napcat", api.actions.iter().map(PublishedAction::facts).collect(), path);
        Ok(())
    }

    /// Replaces SnowLuma's facts by those of a catalog.
    pub(super) fn catalog(&mut self, path: &Path) -> Result<(), Failure> {
        let catalog = Catalog::read(path)?;
        self.replace("snowluma", catalog.actions.iter().map(PublishedAction::facts).collect(), path);
        Ok(())
    }

    /// Replaces go-cqhttp's facts by those of its code.
    pub(super) fn go_cqhttp(&mut self, path: &Path) -> Result<(), Failure> {
        let checkout = Checkout::read(path)?;
        self.replace("go-cqhttp", checkout.facts(), path);
        self.checkout = Some(checkout);
        Ok(())
    }

    fn replace(&mut self, name: &str, actions: Vec<ActionFacts>, path: &Path) {
        let known = known_server(name);
        let (title, app_name) = known.map_or((name, name), |known| (known.title, known.app_name));
        let [name, title, app_name] = [name, title, app_name].map(str::to_owned);
        let facts = ServerFacts { name, title, app_name, version: String::new(), actions };
        let server = AuditedServer { facts, file: Some(shown(path)) };
        match self.servers.iter_mut().find(|known| known.facts.name == server.facts.name) {
            Some(known) => *known = server,
            None => self.servers.push(server),
        }
    }

    /// Returns `true` if there are facts about this server.
    pub(super) fn audits(&self, name: &str) -> bool {
        self.servers.iter().any(|server| server.facts.name == name)
    }

    /// Returns the servers that have an action under one of these names.
    pub(super) fn having(&self, names: &[&str]) -> Vec<Having<'_>> {
        let having = self.servers.iter().map(|server| Having {
            server: &server.facts,
            from_code: self.checkout.is_some() && server.facts.name == "go-cqhttp",
            actions: server.facts.actions_named(names).collect(),
        });
        having.filter(|server| !server.actions.is_empty()).collect()
    }
}

/// Formats as "NapCat reads", or "NapCat, SnowLuma read".
pub(super) fn does(servers: &[&str], verb: &str) -> String {
    let s = if servers.len() == 1 { "s" } else { "" };
    format!("{} {verb}{s}", servers.join(", "))
}

/// Formats as "NapCat does not read", or "no server reads".
pub(super) fn do_not(servers: &[&str], verb: &str) -> String {
    match servers {
        [server] => format!("{server} does not {verb}"),
        _ => format!("no server {verb}s"),
    }
}
