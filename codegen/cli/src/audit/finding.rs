//! Findings, and the explanations of them in the schema.

use std::fmt;

use cqhttp_codegen::tooling::{Deviation, Locations, Position, Schema, Stanza, StanzaParam, list};
use serde::Serialize;

use crate::failure::shown;

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
pub(super) enum FindingKind {
    /// A server has an action that the schema lacks.
    Missing,
    /// The schema lists an action without types that no server has.
    Untyped,
    /// The schema has an action that go-cqhttp lacks.
    Absent,
    /// The schema says with `server:` that go-cqhttp lacks the action, but go-cqhttp has it.
    Server,
    /// One side has a further name of an action or a parameter.
    Names,
    /// A server answers in parts, and the schema does not say so; or the other way round.
    Stream,
    /// A server reads a parameter that the schema lacks.
    Params,
    /// A server requires a parameter that the schema makes optional.
    Required,
    /// The schema has a parameter that no server reads.
    Unread,
    /// go-cqhttp reads a parameter as another type.
    Type,
    /// go-cqhttp assumes another value for an absent parameter, or servers assume different ones.
    Default,
    /// The schema explains a difference that does not exist.
    Stale,
    /// go-cqhttp's table differs from the annotations that it is made from.
    Table,
}

impl FindingKind {
    fn key(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Names => "names",
            Self::Params => "params",
            Self::Stream => "stream",
            Self::Required => "required",
            Self::Unread => "unread",
            Self::Type => "type",
            Self::Default => "default",
            Self::Missing | Self::Untyped | Self::Server | Self::Stale | Self::Table => "",
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

/// A stanza or a parameter, and the explained differences that were found.
pub(super) struct Subject<'a> {
    pub(super) action: &'a str,
    /// A parameter's name and type.
    pub(super) param: Option<(&'a str, &'a str)>,
    position: &'a Position,
    deviates: &'a [Deviation],
    /// The kinds of the differences, and the names in each.
    met: Vec<(FindingKind, Vec<String>)>,
}

impl<'a> Subject<'a> {
    /// Creates the subject of an action.
    pub(super) fn action(action: &'a str, stanza: &'a Stanza) -> Self {
        let Stanza { position, deviates, .. } = stanza;
        Self { action, param: None, position, deviates, met: Vec::new() }
    }

    /// Creates the subject of a parameter.
    pub(super) fn param(action: &'a str, param: &'a StanzaParam) -> Self {
        let StanzaParam { name, ty, position, deviates } = param;
        Self { action, param: Some((name, ty)), position, deviates, met: Vec::new() }
    }

    /// Formats as "`set_group_ban`", or "`duration` of `set_group_ban`".
    pub(super) fn told(&self) -> String {
        match self.param {
            Some((param, _)) => format!("`{param}` of `{}`", self.action),
            None => format!("`{}`", self.action),
        }
    }
}

/// The findings of an audit.
pub(super) struct Findings<'a> {
    /// The lines of the schema.
    locations: Locations<'a>,
    /// `true` if the types of go-cqhttp's code are compared.
    with_types: bool,
    findings: Vec<Finding>,
    explained: Vec<Finding>,
}

impl<'a> Findings<'a> {
    /// Creates the findings of an audit of this schema; none so far.
    pub(super) fn of(schema: &'a Schema, with_types: bool) -> Self {
        Self { locations: schema.locations(), with_types, findings: Vec::new(), explained: Vec::new() }
    }

    /// Returns the differences that the schema does not explain, and those that it does; each in the order of the files.
    pub(super) fn sorted(self) -> (Vec<Finding>, Vec<Finding>) {
        let Self { mut findings, mut explained, .. } = self;
        for list in [&mut findings, &mut explained] {
            list.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        }
        (findings, explained)
    }

    /// Returns the file, the line and the column of a place in the schema.
    pub(super) fn place(&self, position: &Position) -> (String, usize, usize) {
        let (file, line, column) = self.locations.locate(position);
        (shown(file), line, column)
    }

    /// Notes a difference. It is explained only if the reason contains all of `named`, so that a reason does not cover
    /// later differences.
    pub(super) fn differs(
        &mut self,
        subject: &mut Subject<'_>,
        kind: FindingKind,
        named: &[&str],
        message: String,
        hint: &str,
    ) {
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
        subject.met.push((kind, named.iter().map(|name| (*name).to_owned()).collect()));
    }

    /// Notes a place in what a server publishes.
    pub(super) fn published(
        &mut self,
        kind: FindingKind,
        action: &str,
        (file, line, column): (String, usize, usize),
        message: String,
        hint: &str,
    ) {
        let (action, hint) = (action.to_owned(), Some(hint.to_owned()));
        self.findings.push(Finding { kind, action, param: None, file, line, column, message, hint, reason: None });
    }

    /// Notes explanations of differences that do not exist, and names in explanations that are in no difference.
    pub(super) fn stale(&mut self, subject: &Subject<'_>) {
        for deviation in subject.deviates {
            let key = &deviation.key;
            let untold = *key == FindingKind::Type.key() && !self.with_types;
            let met: Vec<&Vec<String>> =
                subject.met.iter().filter(|(kind, _)| kind.key() == key).map(|(_, named)| named).collect();
            let differs = |name: &&str| met.iter().any(|named| named.iter().any(|known| known == *name));
            let is_named = met.iter().any(|named| !named.is_empty());
            let is_own =
                |name: &&str| *name == subject.action || subject.param.is_some_and(|(param, _)| param == *name);
            let needless: Vec<&str> = quoted(&deviation.reason)
                .into_iter()
                .filter(|name| is_named && !differs(name) && !is_own(name))
                .collect();
            if untold || !met.is_empty() && needless.is_empty() {
                continue;
            }
            let (told, (file, line, column)) = (subject.told(), self.place(&deviation.position));
            let (message, hint) = match needless.is_empty() {
                true => (format!("`{key}` of `deviates:` explains nothing: {told} is as on the servers"), "remove it"),
                false => {
                    let needless = list(&needless);
                    let message = format!("`{key}` of `deviates:` names {needless}, in which {told} does not differ");
                    (message, "remove the name, or write it without backticks")
                }
            };
            self.findings.push(Finding {
                kind: FindingKind::Stale,
                action: subject.action.to_owned(),
                param: subject.param.map(|(name, _)| name.to_owned()),
                file,
                line,
                column,
                message,
                hint: Some(hint.into()),
                reason: None,
            });
        }
    }
}

/// Returns the names between backticks in a reason.
fn quoted(reason: &str) -> Vec<&str> {
    reason.split('`').skip(1).step_by(2).collect()
}
