//! The comparison of the schema's actions with the facts about all servers.

use cqhttp_codegen::tooling::{Action, Param, ParamFacts, Presence, Scalar, Schema, Server, Stanza, TARGET_KEYS, list};

use super::default::{self, Reading};
use super::finding::{FindingKind, Findings, Subject};
use super::servers::{Audited, Having, do_not, does};
use super::types;

/// The comparison of a schema with the audited servers.
pub(super) struct Comparison<'a> {
    pub(super) audited: &'a Audited,
    pub(super) findings: Findings<'a>,
}

/// A parameter that is sent; a `Target` is sent as three of them.
pub(super) struct Sent<'a> {
    /// The names under which it is sent, then further names that servers read.
    names: Vec<&'a str>,
    sent: usize,
    /// The parameter of the model; `None` for a part of a `Target`.
    param: Option<&'a Param>,
}

impl<'a> Comparison<'a> {
    /// Compares every action of the schema.
    pub(super) fn run(audited: &'a Audited, schema: &'a Schema) -> Findings<'a> {
        let findings = Findings::of(schema, audited.checkout.is_some());
        let mut comparison = Comparison { audited, findings };
        for (action, stanza) in schema.stanzas() {
            comparison.action(action, &stanza);
        }
        if let Some(checkout) = &audited.checkout {
            types::table(&mut comparison.findings, checkout);
        }
        comparison.findings
    }

    fn action(&mut self, action: &Action, stanza: &Stanza) {
        let mut subject = Subject::action(&action.wire, stanza);
        let names: Vec<&str> = [&action.wire].into_iter().chain(&action.aliases).map(String::as_str).collect();
        let having = self.audited.having(&names);
        self.go_cqhttp(&mut subject, action, &having);
        // go-cqhttp's parameters are not compared if the schema denies the action.
        let compared: Vec<&Having<'_>> =
            having.iter().filter(|server| !server.is_go_cqhttp() || action.server == Server::Supported).collect();
        if compared.is_empty() {
            self.findings.stale(&subject);
            stanza.params.iter().for_each(|param| self.findings.stale(&Subject::param(&action.wire, param)));
            return;
        }
        self.names(&mut subject, &names, &compared);
        self.stream(&mut subject, action, &compared);
        self.params(&mut subject, stanza, action, &names, &compared);
        self.findings.stale(&subject);
    }

    /// Compares what the stanza says about go-cqhttp, or about all servers if go-cqhttp is not audited.
    fn go_cqhttp(&mut self, subject: &mut Subject<'_>, action: &Action, having: &[Having<'_>]) {
        let has = having.iter().any(Having::is_go_cqhttp);
        let own = action.origin.is_of_go_cqhttp();
        let told = subject.told();
        match action.server {
            Server::Unsupported | Server::Removed if has => {
                let message = format!("go-cqhttp answers {told}, which the schema denies");
                self.findings.differs(subject, FindingKind::Server, &[], message, "remove `server:`");
            }
            Server::Supported if !has && own && self.audited.audits("go-cqhttp") => {
                let message = format!("go-cqhttp has no action {told}");
                let hint = "write `server: unsupported` or `removed`";
                self.findings.differs(subject, FindingKind::Absent, &[], message, hint);
            }
            Server::Supported if having.is_empty() && !own => {
                let message = format!("no server has the action {told}");
                self.findings.differs(subject, FindingKind::Absent, &[], message, "remove the stanza");
            }
            _ => {}
        }
    }

    fn names(&mut self, subject: &mut Subject<'_>, names: &[&str], having: &[&Having<'_>]) {
        let answers = |having: &Having<'_>| having.actions.iter().flat_map(|action| &action.names).cloned().collect();
        self.further_names(subject, names, having, answers, ["answer", "add it to `aliases:`"]);
        for server in having {
            let differ = server.actions.iter().any(|action| action.params != server.actions[0].params);
            if !differ {
                continue;
            }
            let message = format!("{} is {} actions {}", subject.told(), server.actions.len(), server.place_in_words());
            let others = server.actions.iter().filter(|action| !action.names.iter().any(|name| name == subject.action));
            let others: Vec<&str> = others.map(|action| action.names[0].as_str()).collect();
            self.findings.differs(subject, FindingKind::Names, &others, message, "make each a stanza");
        }
    }

    /// Compares whether the answer arrives in parts.
    fn stream(&mut self, subject: &mut Subject<'_>, action: &Action, having: &[&Having<'_>]) {
        let in_parts = |server: &&Having<'_>| server.actions.iter().any(|action| action.stream);
        let (parts, whole): (Vec<&Having<'_>>, Vec<&Having<'_>>) = having.iter().partition(|server| in_parts(server));
        let parts: Vec<&str> = parts.iter().map(|server| server.title()).collect();
        let whole: Vec<&str> = whole.iter().map(|server| server.title()).collect();
        let told = subject.told();
        if action.stream.is_none() && !parts.is_empty() {
            let message = format!("{} {told} in parts, which the schema does not say", does(&parts, "answer"));
            self.findings.differs(subject, FindingKind::Stream, &parts, message, "add `stream:`");
        } else if action.stream.is_some() && parts.is_empty() && !whole.is_empty() {
            let message = format!("{} {told} in parts, as the schema says", do_not(&whole, "answer"));
            self.findings.differs(subject, FindingKind::Stream, &whole, message, "remove `stream:`");
        }
    }

    /// Compares the names of an action or a parameter with those that servers know: `verb` is "answer" or "read".
    fn further_names(
        &mut self,
        subject: &mut Subject<'_>,
        ours: &[&str],
        having: &[&Having<'_>],
        known: impl Fn(&Having<'_>) -> Vec<String>,
        [verb, hint]: [&str; 2],
    ) {
        let known: Vec<(&Having<'_>, Vec<String>)> = having.iter().map(|server| (*server, known(server))).collect();
        let mut missing: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
        for (server, names) in &known {
            let lacking: Vec<&str> = names.iter().map(String::as_str).filter(|name| !ours.contains(name)).collect();
            match missing.iter_mut().find(|(_, seen)| *seen == lacking) {
                _ if lacking.is_empty() => {}
                Some((servers, _)) => servers.push(server.title()),
                None => missing.push((vec![server.title()], lacking)),
            }
        }
        for (servers, names) in missing {
            let message = format!("{} {} as {} too", does(&servers, verb), subject.told(), list(&names));
            self.findings.differs(subject, FindingKind::Names, &names, message, hint);
        }
        let heard = |name: &&&str| known.iter().any(|(_, names)| names.iter().any(|known| known == *name));
        let unknown: Vec<&str> = ours.iter().filter(|name| !heard(name)).copied().collect();
        if !unknown.is_empty() {
            let servers: Vec<&str> = known.iter().map(|(server, _)| server.title()).collect();
            let message = format!("{} {} as {}", do_not(&servers, verb), subject.told(), list(&unknown));
            self.findings.differs(subject, FindingKind::Names, &unknown, message, "remove the name");
        }
    }

    fn params(
        &mut self,
        subject: &mut Subject<'_>,
        stanza: &Stanza,
        action: &Action,
        names: &[&str],
        having: &[&Having<'_>],
    ) {
        let mut read: Vec<&str> = Vec::new();
        for (field, param) in stanza.params.iter().zip(&action.params) {
            let mut of_param = Subject::param(&action.wire, field);
            for sent in sent(param) {
                let reading: Vec<Reading<'_>> =
                    having.iter().filter_map(|server| Reading::of(server, &sent.names)).collect();
                if reading.is_empty() {
                    self.unread(&mut of_param, &sent, having);
                }
                self.param(&mut of_param, &sent, &reading);
                if having.iter().any(|server| server.is_go_cqhttp()) {
                    self.ty(&mut of_param, names, &sent);
                }
                read.extend(reading.iter().flat_map(|reading| &reading.facts.names).map(String::as_str));
            }
            self.findings.stale(&of_param);
        }
        self.lacking(subject, having, &read);
    }

    fn unread(&mut self, subject: &mut Subject<'_>, sent: &Sent<'_>, having: &[&Having<'_>]) {
        let servers: Vec<&str> = having.iter().map(|server| server.title()).collect();
        let (nobody, told) = (do_not(&servers, "read"), subject.told());
        let (part, message) = match sent.param {
            Some(_) => (&[][..], format!("{nobody} {told}")),
            None => (&sent.names[..], format!("{nobody} {}, which {told} goes out as", list(&sent.names))),
        };
        self.findings.differs(subject, FindingKind::Unread, part, message, "remove the parameter");
    }

    /// Notes parameters that servers read and the stanza lacks.
    fn lacking(&mut self, subject: &mut Subject<'_>, having: &[&Having<'_>], read: &[&str]) {
        let mut lacking: Vec<(&ParamFacts, Vec<&str>)> = Vec::new();
        for server in having {
            for param in server.params().filter(|param| !param.names.iter().any(|name| read.contains(&name.as_str()))) {
                match lacking.iter_mut().find(|(known, _)| known.names == param.names) {
                    Some((_, servers)) if servers.contains(&server.title()) => {}
                    Some((_, servers)) => servers.push(server.title()),
                    None => lacking.push((param, vec![server.title()])),
                }
            }
        }
        for (param, servers) in lacking {
            let names: Vec<&str> = param.names.iter().map(String::as_str).collect();
            let (told, listed) = (subject.told(), list(&names));
            let message = format!("{told} lacks the parameter {listed}, which {}", does(&servers, "read"));
            self.findings.differs(subject, FindingKind::Params, &names, message, "add it");
        }
    }

    fn param(&mut self, subject: &mut Subject<'_>, sent: &Sent<'_>, reading: &[Reading<'_>]) {
        let is_sent = |reading: &&Reading<'_>| {
            reading.facts.names.iter().any(|name| sent.names[..sent.sent].contains(&name.as_str()))
        };
        for only in reading.iter().filter(|reading| !is_sent(reading)) {
            let names: Vec<&str> = only.facts.names.iter().map(String::as_str).collect();
            let message = format!("{} reads {} only as {}", only.server.title(), subject.told(), list(&names));
            let hint = "send it under that name, as `wire:` or `also:`";
            self.findings.differs(subject, FindingKind::Names, &names, message, hint);
        }
        if reading.iter().all(|reading| is_sent(&reading)) && !reading.is_empty() {
            let servers: Vec<&Having<'_>> = reading.iter().map(|reading| reading.server).collect();
            let known = |server: &Having<'_>| {
                let of_server = reading.iter().filter(|reading| reading.server.title() == server.title());
                of_server.flat_map(|reading| &reading.facts.names).cloned().collect()
            };
            self.further_names(subject, &sent.names, &servers, known, ["read", "add it to `aliases:`"]);
        }
        let Some(param) = sent.param else { return };
        let requiring: Vec<&str> =
            reading.iter().filter(|reading| reading.facts.required).map(|reading| reading.server.title()).collect();
        if matches!(param.presence, Presence::Optional) && !requiring.is_empty() {
            let message = format!("{} {}, which may be left out", does(&requiring, "require"), subject.told());
            self.findings.differs(subject, FindingKind::Required, &requiring, message, "require it, or add a default");
        }
        if let Some((named, message, hint)) = default::difference(&subject.told(), &param.presence, reading) {
            let named: Vec<&str> = named.iter().map(String::as_str).collect();
            self.findings.differs(subject, FindingKind::Default, &named, message, hint);
        }
    }

    fn ty(&mut self, subject: &mut Subject<'_>, action: &[&str], sent: &Sent<'_>) {
        let (Some(checkout), Some(param)) = (&self.audited.checkout, sent.param) else { return };
        if let Some(read) = types::read_as(checkout, action, &sent.names) {
            types::of_param(&mut self.findings, subject, &param.ty, read);
        }
    }
}

fn sent(param: &Param) -> Vec<Sent<'_>> {
    if param.ty.scalar == Scalar::Target {
        let part = |name| Sent { names: vec![name], sent: 1, param: None };
        return TARGET_KEYS.iter().copied().map(part).collect();
    }
    let sent = [&param.wire].into_iter().chain(&param.also);
    let names: Vec<&str> = sent.clone().chain(&param.aliases).map(String::as_str).collect();
    vec![Sent { names, sent: sent.count(), param: Some(param) }]
}
