//! The comparison of the schema's actions with go-cqhttp's code.

use std::fmt;

use cqhttp_codegen::tooling::{
    Action, Api, Deviation, EnumBase, IdBase, Locations, NamedKind, Param, Position, Presence, Scalar, Schema, Server,
    Stanza, StanzaParam, TARGET_KEYS, Ty, Value, list,
};
use serde::Serialize;

use crate::failure::shown;
use crate::go_cqhttp::code::{GoLiteral, GoParam, GoPlace, GoType, Route, Version};

/// A difference.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    kind: FindingKind,
    action: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<String>,
    file: String,
    line: usize,
    column: usize,
    message: String,
    /// A hint how to resolve it.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// The explanation in the schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// The kind of a difference. Kinds that can be explained have the names of the keys of `deviates:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum FindingKind {
    /// The code has an action that the schema lacks.
    Missing,
    /// The schema has an action that the code lacks.
    Absent,
    /// The schema says with `server:` that the code lacks the action, but the code has it.
    Server,
    /// One side has a further name of an action or a parameter.
    Names,
    /// The code reads a parameter that the schema lacks.
    Params,
    /// The schema has a parameter that the code does not read.
    Unread,
    /// The code reads a parameter as another type.
    Type,
    /// The code assumes another value for an absent parameter.
    Default,
    /// The schema explains a difference that does not exist.
    Stale,
    /// The code's table differs from the annotations that it is made from.
    Table,
}

impl FindingKind {
    fn key(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Names => "names",
            Self::Params => "params",
            Self::Unread => "unread",
            Self::Type => "type",
            Self::Default => "default",
            Self::Missing | Self::Server | Self::Stale | Self::Table => "",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, message, .. } = self;
        write!(f, "{file}:{line}:{column}: {message}")?;
        let told = [self.hint.as_ref().map(|hint| ("", hint)), self.reason.as_ref().map(|why| ("explained: ", why))];
        told.into_iter().flatten().try_for_each(|(what, text)| write!(f, "; {what}{}", text.replace('\n', " ")))
    }
}

/// Returns the differences that the schema does not explain, and those that it does; each in the order of the files.
pub(super) fn compare(schema: &Schema, table: &[Route], handlers: &[Route]) -> (Vec<Finding>, Vec<Finding>) {
    let mut comparison = Comparison {
        locations: schema.locations(),
        routes: table.iter().filter(|route| route.version != Version::V12).collect(),
        findings: Vec::new(),
        explained: Vec::new(),
    };
    for (action, stanza) in schema.stanzas() {
        comparison.action(action, &stanza);
    }
    comparison.missing(&schema.api);
    comparison.table(table, handlers);
    let Comparison { mut findings, mut explained, .. } = comparison;
    for list in [&mut findings, &mut explained] {
        list.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    }
    (findings, explained)
}

struct Comparison<'a> {
    /// The lines of the schema.
    locations: Locations<'a>,
    /// The routes of OneBot 11.
    routes: Vec<&'a Route>,
    findings: Vec<Finding>,
    explained: Vec<Finding>,
}

/// A stanza or a parameter, and the explained differences that were found.
struct Subject<'a> {
    action: &'a str,
    /// A parameter's name and type.
    param: Option<(&'a str, &'a str)>,
    position: &'a Position,
    deviates: &'a [Deviation],
    met: Vec<FindingKind>,
}

impl<'a> Subject<'a> {
    fn action(action: &'a str, stanza: &'a Stanza) -> Self {
        let Stanza { position, deviates, .. } = stanza;
        Self { action, param: None, position, deviates, met: Vec::new() }
    }

    fn param(action: &'a str, param: &'a StanzaParam) -> Self {
        let StanzaParam { name, ty, position, deviates } = param;
        Self { action, param: Some((name, ty)), position, deviates, met: Vec::new() }
    }

    /// Formats as "`set_group_ban`", or "`duration` of `set_group_ban`".
    fn told(&self) -> String {
        match self.param {
            Some((param, _)) => format!("`{param}` of `{}`", self.action),
            None => format!("`{}`", self.action),
        }
    }
}

/// A parameter that is sent; a `Target` is sent as three of them.
struct Sent<'a> {
    /// The names under which it is sent, then further names that servers read.
    names: Vec<&'a str>,
    sent: usize,
    /// The parameter of the model; `None` for a part of a `Target`.
    param: Option<&'a Param>,
}

impl Comparison<'_> {
    fn place(&self, position: &Position) -> (String, usize, usize) {
        let (file, line, column) = self.locations.locate(position);
        (shown(file), line, column)
    }

    /// Notes a difference. It is explained only if the reason contains all of `named`, so that a reason does not cover
    /// later differences.
    fn differs(&mut self, subject: &mut Subject<'_>, kind: FindingKind, named: &[&str], message: String, hint: &str) {
        let (file, line, column) = self.place(subject.position);
        let (key, said) = (kind.key(), subject.deviates.iter().find(|deviation| deviation.key == kind.key()));
        let names = |reason: &str, name: &str| reason.contains(&format!("`{name}`"));
        let lacking = |reason| named.iter().copied().filter(|name| !names(reason, name)).collect::<Vec<_>>();
        let (reason, hint) = match said.map(|deviation| (&deviation.reason, lacking(&deviation.reason))) {
            Some((reason, lacking)) if lacking.is_empty() => (Some(reason.clone()), None),
            Some((_, lacking)) => {
                (None, Some(format!("{hint}, or name {} in `{key}:` of `deviates:`", list(&lacking))))
            }
            None if kind == FindingKind::Server => (None, Some(hint.to_owned())),
            None => {
                let naming = if named.is_empty() { String::new() } else { format!(", naming {}", list(named)) };
                (None, Some(format!("{hint}, or explain it with `deviates:` and `{key}: …`{naming}")))
            }
        };
        let (action, param) = (subject.action.to_owned(), subject.param.map(|(name, _)| name.to_owned()));
        let list = if reason.is_some() { &mut self.explained } else { &mut self.findings };
        list.push(Finding { kind, action, param, file, line, column, message, hint, reason });
        subject.met.push(kind);
    }

    /// Notes a place in go-cqhttp's code.
    fn code(&mut self, kind: FindingKind, action: &str, place: &GoPlace, message: String, hint: &str) {
        self.findings.push(Finding {
            kind,
            action: action.to_owned(),
            param: None,
            file: shown(&place.file),
            line: place.line,
            column: place.column,
            message,
            hint: Some(hint.to_owned()),
            reason: None,
        });
    }

    /// Notes explanations of differences that do not exist.
    fn stale(&mut self, subject: &Subject<'_>) {
        for deviation in subject.deviates {
            if subject.met.iter().any(|kind| kind.key() == deviation.key) {
                continue;
            }
            let (file, line, column) = self.place(&deviation.position);
            let key = &deviation.key;
            self.findings.push(Finding {
                kind: FindingKind::Stale,
                action: subject.action.to_owned(),
                param: subject.param.map(|(name, _)| name.to_owned()),
                file,
                line,
                column,
                message: format!("`{key}` of `deviates:` explains nothing: {} is as in the code", subject.told()),
                hint: Some("remove it".into()),
                reason: None,
            });
        }
    }

    fn action(&mut self, action: &Action, stanza: &Stanza) {
        let mut subject = Subject::action(&action.wire, stanza);
        let names: Vec<&str> = [&action.wire].into_iter().chain(&action.aliases).map(String::as_str).collect();
        let routes = self.routes.iter().filter(|route| route.names.iter().any(|name| names.contains(&name.as_str())));
        let routes: Vec<&Route> = routes.copied().collect();
        match (routes.as_slice(), action.server) {
            ([], Server::Supported) => {
                let message = format!("go-cqhttp has no action {}", subject.told());
                self.differs(
                    &mut subject,
                    FindingKind::Absent,
                    &[],
                    message,
                    "write `server: unsupported` or `removed`",
                );
            }
            ([], Server::Unsupported | Server::Removed) => {}
            ([_, ..], Server::Unsupported | Server::Removed) => {
                let message = format!("go-cqhttp answers {}, which the schema denies", subject.told());
                self.differs(&mut subject, FindingKind::Server, &[], message, "remove `server:`");
            }
            ([route, ..], Server::Supported) => {
                self.names(&mut subject, &names, &routes);
                self.params(&mut subject, stanza, action, route);
            }
        }
        self.stale(&subject);
        if routes.is_empty() || action.server != Server::Supported {
            for param in &stanza.params {
                self.stale(&Subject::param(&action.wire, param));
            }
        }
    }

    fn names(&mut self, subject: &mut Subject<'_>, names: &[&str], routes: &[&Route]) {
        let answered: Vec<&str> = routes.iter().flat_map(|route| &route.names).map(String::as_str).collect();
        self.further_names(subject, names, &answered, ["answers", "does not answer"]);
        if routes.len() > 1 {
            let message = format!("{} is {} actions in the code", subject.told(), routes.len());
            let others = routes.iter().filter(|route| !route.names.iter().any(|name| name == subject.action));
            let others: Vec<&str> = others.map(|route| route.names[0].as_str()).collect();
            self.differs(subject, FindingKind::Names, &others, message, "make each a stanza");
        }
    }

    /// Compares two lists of names of an action or a parameter.
    fn further_names(&mut self, subject: &mut Subject<'_>, ours: &[&str], code: &[&str], verb: [&str; 2]) {
        fn lacking<'n>(these: &[&'n str], those: &[&str]) -> Vec<&'n str> {
            these.iter().copied().filter(|name| !those.contains(name)).collect()
        }
        let (unknown, missing) = (lacking(ours, code), lacking(code, ours));
        if !missing.is_empty() {
            let message = format!("go-cqhttp {} {} as {} too", verb[0], subject.told(), list(&missing));
            self.differs(subject, FindingKind::Names, &missing, message, "add it to `aliases:`");
        }
        if !unknown.is_empty() {
            let message = format!("go-cqhttp {} {} as {}", verb[1], subject.told(), list(&unknown));
            self.differs(subject, FindingKind::Names, &unknown, message, "remove the name");
        }
    }

    fn params(&mut self, subject: &mut Subject<'_>, stanza: &Stanza, action: &Action, route: &Route) {
        let mut read: Vec<&GoParam> = Vec::new();
        for (field, param) in stanza.params.iter().zip(&action.params) {
            let mut of_param = Subject::param(&action.wire, field);
            for sent in sent(param) {
                let found =
                    route.params.iter().find(|go| go.names.iter().any(|name| sent.names.contains(&name.as_str())));
                match found {
                    Some(go) => {
                        self.param(&mut of_param, &sent, go);
                        read.push(go);
                    }
                    None => {
                        let told = of_param.told();
                        let (part, message) = match sent.param {
                            Some(_) => (&[][..], format!("go-cqhttp does not read {told}")),
                            None => {
                                let part = &sent.names[..];
                                (part, format!("go-cqhttp does not read {}, which {told} goes out as", list(part)))
                            }
                        };
                        self.differs(&mut of_param, FindingKind::Unread, part, message, "remove the parameter");
                    }
                }
            }
            self.stale(&of_param);
        }
        for go in route.params.iter().filter(|go| !read.iter().any(|seen| seen.names == go.names)) {
            let names: Vec<&str> = go.names.iter().map(String::as_str).collect();
            let (told, listed) = (subject.told(), list(&names));
            let message = format!("{told} lacks the parameter {listed}, which go-cqhttp reads as `{}`", go.ty.go());
            self.differs(subject, FindingKind::Params, &names, message, "add it");
        }
    }

    fn param(&mut self, subject: &mut Subject<'_>, sent: &Sent<'_>, go: &GoParam) {
        let read: Vec<&str> = go.names.iter().map(String::as_str).collect();
        if !sent.names[..sent.sent].iter().any(|name| read.contains(name)) {
            let message = format!("go-cqhttp reads {} only as {}", subject.told(), list(&read));
            self.differs(subject, FindingKind::Names, &read, message, "send it under that name, as `wire:` or `also:`");
        } else {
            self.further_names(subject, &sent.names, &read, ["reads", "does not read"]);
        }
        let Some(param) = sent.param else { return };
        if !fits(&param.ty, go.ty) {
            let ty = subject.param.map_or("", |(_, ty)| ty);
            let message = format!("go-cqhttp reads {} as `{}`, the schema has `{ty}`", subject.told(), go.ty.go());
            self.differs(subject, FindingKind::Type, &[go.ty.go()], message, "change the type");
        }
        self.default(subject, &param.presence, go);
    }

    fn default(&mut self, subject: &mut Subject<'_>, presence: &Presence, go: &GoParam) {
        let told = subject.told();
        let assumed = go.default.clone().or_else(|| go.ty.zero());
        match (presence, assumed) {
            (Presence::Default(node), Some(assumed)) => {
                let ours = match &node.value {
                    Value::Bool(value) => GoLiteral::Bool(*value),
                    Value::Int(value) => GoLiteral::Int(*value),
                    Value::Text(value) => GoLiteral::Text(value.clone()),
                    _ => return,
                };
                if ours != assumed {
                    let message = format!("go-cqhttp assumes {assumed} if {told} is absent, the schema assumes {ours}");
                    self.differs(subject, FindingKind::Default, &[&named(&assumed)], message, "change the default");
                }
            }
            (Presence::Required | Presence::Optional, _) => {
                if let Some(default) = &go.default {
                    let message = format!("go-cqhttp assumes {default} if {told} is absent, the schema has no default");
                    self.differs(subject, FindingKind::Default, &[&named(default)], message, "add the default");
                }
            }
            (Presence::Default(_), None) => {}
        }
    }

    /// Notes actions that no stanza describes.
    fn missing(&mut self, api: &Api) {
        let actions = api.files.iter().flat_map(|file| &file.actions);
        let known: Vec<&String> =
            actions.flat_map(|action| [&action.wire].into_iter().chain(&action.aliases)).collect();
        for route in self.routes.clone() {
            if !route.names.iter().any(|name| known.contains(&name)) {
                let names = list(&route.names.iter().map(String::as_str).collect::<Vec<_>>());
                let message = format!("the schema lacks the action {names}, which go-cqhttp answers");
                self.code(FindingKind::Missing, &route.names[0], &route.place, message, "add a stanza");
            }
        }
    }

    /// Compares the table with the annotations that it is generated from.
    fn table(&mut self, table: &[Route], handlers: &[Route]) {
        const HINT: &str = "the tree contradicts itself: regenerate its table with `go generate ./modules/api`";
        for route in handlers {
            let Some(other) = table.iter().find(|other| other.version == route.version && other.names == route.names)
            else {
                let names = list(&route.names.iter().map(String::as_str).collect::<Vec<_>>());
                let message = format!("{} is annotated with {names}, and the table lacks it", route.handler);
                self.code(FindingKind::Table, &route.names[0], &route.place, message, HINT);
                continue;
            };
            let name = &route.names[0];
            if other.handler != route.handler {
                let message = format!(
                    "the table calls {} for `{name}`, the annotation is above {}",
                    other.handler, route.handler
                );
                self.code(FindingKind::Table, name, &other.place, message, HINT);
            }
            let differing =
                other.params.iter().zip(&route.params).find(|(a, b)| !a.same(b)).map(|(param, _)| &param.place);
            let differing = differing.or((other.params.len() != route.params.len()).then_some(&other.place));
            if let Some(place) = differing {
                let message = format!("the table reads other parameters for `{name}` than {} takes", route.handler);
                self.code(FindingKind::Table, name, place, message, HINT);
            }
        }
        for route in table {
            if !handlers.iter().any(|other| other.version == route.version && other.names == route.names) {
                let names = list(&route.names.iter().map(String::as_str).collect::<Vec<_>>());
                let message = format!("the table has {names}, and no handler is annotated with it");
                self.code(FindingKind::Table, &route.names[0], &route.place, message, HINT);
            }
        }
    }
}

/// Formats a value as reasons name it: `0`, `""`.
fn named(default: &GoLiteral) -> String {
    match default {
        GoLiteral::Text(text) if text.is_empty() => "\"\"".into(),
        other => other.to_string().trim_matches('`').to_owned(),
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

/// Returns `true` if the code can read every value of a type. The size of ids is not compared: the server chooses them.
fn fits(ty: &Ty, read: GoType) -> bool {
    use GoType::{Bool, Int, Int32, Int64, Json, String, Uint32, Uint64};
    if read == Json {
        return true;
    }
    let number = matches!(read, Int | Int32 | Int64 | Uint32 | Uint64);
    !ty.list
        && match &ty.scalar {
            Scalar::Bool => read == Bool,
            Scalar::I32 => matches!(read, Int | Int32 | Int64),
            Scalar::U32 => matches!(read, Int | Int64 | Uint32 | Uint64),
            Scalar::I64 | Scalar::Timestamp => matches!(read, Int | Int64),
            Scalar::U64 => read == Uint64,
            Scalar::String | Scalar::FileSource | Scalar::UploadSource => read == String,
            Scalar::Named(_, NamedKind::Id(IdBase::I64) | NamedKind::Enum(EnumBase::I64)) => number,
            Scalar::Named(_, NamedKind::Id(IdBase::U64)) => matches!(read, Int64 | Uint64 | String),
            Scalar::Named(_, NamedKind::Id(IdBase::String) | NamedKind::Enum(EnumBase::String)) => read == String,
            _ => false,
        }
}
