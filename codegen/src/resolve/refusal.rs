//! Refusals: what failed answers mean, and whether the rules agree.

use super::resolver::{Resolver, values};
use crate::model::{Action, Effect, Happened, Refusal, RefusalRule};
use crate::name::{self, Name};
use crate::source::{self, At, SourceFile};
use crate::source_map::Spot;

/// The kind of a refusal that no rule matches.
const OTHER: &str = "other";

/// A rule with its place and the name of its kind.
struct Placed<'a> {
    kind: &'a str,
    extension: bool,
    spot: &'a Spot,
    rule: &'a RefusalRule,
}

impl Resolver<'_> {
    /// Resolves the refusals of all files.
    pub(super) fn refusal_kinds(&mut self, files: &[SourceFile]) -> Vec<Refusal> {
        let sources: Vec<&source::Refusal> = files.iter().flat_map(|file| &file.refusals).collect();
        self.refusal_names(&sources);
        let first = sources.iter().find(|source| source.doc.is_some());
        if let Some(first) = first
            && !sources.iter().any(|source| source.name.value == OTHER && source.doc.is_some())
        {
            let message = format!("the refusal `{OTHER}` is missing");
            self.faults.add(&first.spot, message, format!("add `name: {OTHER}`: it stands for what no rule matches"));
        }
        let actions: Vec<&str> = files
            .iter()
            .flat_map(|file| &file.actions)
            .flat_map(|action| action.aliases.iter().chain([&action.name]).map(|name| name.value.as_str()))
            .collect();
        let before = self.faults.len();
        let kinds: Vec<Refusal> = sources.iter().map(|source| self.refusal_kind(source, &actions)).collect();
        if self.faults.len() == before {
            let placed: Vec<Placed<'_>> =
                sources.iter().zip(&kinds).flat_map(|(source, kind)| place(source, kind)).collect();
            self.agreement(&placed);
        }
        self.every_code_has_a_rule(files, &sources);
        kinds
    }

    fn refusal_names(&mut self, sources: &[&source::Refusal]) {
        let known: Vec<&str> =
            sources.iter().filter(|source| source.doc.is_some()).map(|source| source.name.value.as_str()).collect();
        for (index, source) in sources.iter().enumerate() {
            let name = &source.name;
            match &source.doc {
                Some(doc) => self.doc(doc),
                None if !known.contains(&name.value.as_str()) => {
                    let message = format!("`cqhttp` has no refusal `{}`", name.value);
                    self.faults.add(&name.spot, message, crate::diagnostic::suggest(&name.value, &known));
                }
                None => {}
            }
            if !name::is_snake(&name.value) || name::is_keyword(&Name::from_wire(&name.value).pascal()) {
                let message = format!("`{}` is not a name of a refusal", name.value);
                self.faults.add(&name.spot, message, "write it in snake case, such as `not_found`");
            }
            let same =
                |seen: &&source::Refusal| seen.name.value == name.value && seen.doc.is_some() == source.doc.is_some();
            if sources[..index].iter().any(same) {
                let message = format!("the refusal `{}` exists already", name.value);
                self.faults.add(&name.spot, message, "add the rules to that stanza");
            }
        }
    }

    fn refusal_kind(&mut self, source: &source::Refusal, actions: &[&str]) -> Refusal {
        let happened = self.happened(&source.happened);
        let rules = source.rules.iter().map(|rule| self.refusal_rule(rule, happened, actions)).collect();
        let doc = source.doc.as_ref().map(|doc| doc.value.clone());
        let (name, extension) = (Name::from_wire(&source.name.value), doc.is_none());
        Refusal { name, doc: doc.unwrap_or_default(), extension, rules }
    }

    fn happened(&mut self, word: &At<String>) -> Happened {
        let values = [Happened::No, Happened::Partly, Happened::Maybe].map(|value| (value.as_str(), value));
        self.choice(word, "value of `happened`", &values).unwrap_or(Happened::Maybe)
    }

    fn refusal_rule(&mut self, source: &source::RefusalRule, happened: Happened, actions: &[&str]) -> RefusalRule {
        let transports = [("http", true), ("websocket", false)];
        for action in &source.actions {
            if !self.any_refused && !actions.contains(&action.value.as_str()) {
                let hint = crate::diagnostic::suggest(&action.value, actions);
                self.faults.add(&action.spot, format!("there is no action `{}`", action.value), hint);
            }
        }
        for code in &source.codes {
            self.refusal(code);
        }
        let status = |status: &At<i64>| u16::try_from(status.value).ok().filter(|status| (100..600).contains(status));
        for at in source.http_statuses.iter().filter(|at| status(at).is_none()) {
            self.faults.add(&at.spot, format!("{} is not an HTTP status", at.value), "write a number from 100 to 599");
        }
        let happened = source.happened.as_ref().map_or(happened, |word| self.happened(word));
        self.texts_of_rule(&source.texts, happened);
        RefusalRule {
            happened,
            retcodes: source.retcodes.iter().map(|at| at.value).collect(),
            http_statuses: source.http_statuses.iter().filter_map(status).collect(),
            over_http: source.transport.as_ref().and_then(|word| self.choice(word, "transport", &transports)),
            actions: values(&source.actions),
            codes: values(&source.codes),
            texts: source.texts.iter().map(|text| text.value.to_lowercase()).collect(),
        }
    }

    /// Reports texts that would match by chance, and texts that another one of the rule contains.
    fn texts_of_rule(&mut self, texts: &[At<String>], happened: Happened) {
        for (index, text) in texts.iter().enumerate() {
            if let Some(hint) = loose(&text.value, happened) {
                self.faults.add(&text.spot, format!("`{}` would match by chance", text.value), hint);
            }
            let others = texts.iter().enumerate().filter(|(other, _)| *other != index);
            let contained = others.map(|(_, other)| other).find(|other| {
                let (text, other) = (text.value.to_lowercase(), other.value.to_lowercase());
                matches(&other, &text) && other != text
            });
            if let Some(other) = contained {
                let message = format!("`{}` matches wherever `{}` does", other.value, text.value);
                self.faults.add(&text.spot, message, "remove the longer text");
            }
        }
    }

    /// Reports rules that can match one refusal and disagree about what happened, and rules that never decide.
    fn agreement(&mut self, rules: &[Placed<'_>]) {
        for (index, one) in rules.iter().enumerate() {
            for other in &rules[index + 1..] {
                let (certain, uncertain) = match (one.rule.happened, other.rule.happened) {
                    (Happened::Maybe, _) | (Happened::Partly, Happened::No) => (other, one),
                    _ => (one, other),
                };
                if one.rule.happened != other.rule.happened && disagree(certain.rule, uncertain.rule) {
                    let message = format!(
                        "this rule of `{}` and one of `{}` can match the same refusal: one says `{}`, the other `{}`, \
                         which would win",
                        certain.kind,
                        uncertain.kind,
                        certain.rule.happened.as_str(),
                        uncertain.rule.happened.as_str()
                    );
                    let hint = format!(
                        "add a condition that tells them apart, or write `happened: {}`",
                        uncertain.rule.happened.as_str()
                    );
                    // A fault of an extension is in its own files, which come last.
                    let at = if other.extension { other } else { certain };
                    self.faults.add(at.spot, message, hint);
                } else if one.rule.happened == other.rule.happened
                    && one.rule.has_words() == other.rule.has_words()
                    && covers(one.rule, other.rule)
                {
                    let message = format!("a rule of `{}` above matches all of this", one.kind);
                    self.faults.add(other.spot, message, "remove this rule, or move it before that one");
                }
            }
        }
    }

    fn every_code_has_a_rule(&mut self, files: &[SourceFile], refusals: &[&source::Refusal]) {
        if refusals.iter().all(|refusal| refusal.doc.is_none()) {
            return;
        }
        let types = files.iter().filter(|file| !file.extension).flat_map(|file| &file.types);
        for ty in types.filter(|ty| ty.name.value == super::names::REFUSALS) {
            let source::Kind::Enum { values, .. } = &ty.kind else { continue };
            for value in values {
                let code = value.value.as_str().unwrap_or_default();
                let mut rules = refusals.iter().flat_map(|refusal| &refusal.rules);
                if !rules.any(|rule| rule.codes.iter().any(|known| known.value == code)) {
                    let message = format!("no refusal says what `{code}` means");
                    self.faults.add(&value.spot, message, "add it to the `code` of a rule");
                }
            }
        }
    }
}

/// The mark for any characters in a text.
const ANY: char = '…';

/// The mark for a number in a text.
const NUMBER: char = '#';

/// Returns the remedy for a text that would match by chance. Servers quote names of groups and files in their texts, and people
/// choose these names: a text that proves something must begin with the server's own words, and end with them or after a mark.
fn loose(text: &str, happened: Happened) -> Option<String> {
    let words = text.trim_matches(ANY);
    if words.chars().filter(|mark| mark.is_alphanumeric()).count() < 2 || text.trim() != text {
        return Some("write two letters or more, and no blanks at the ends".to_owned());
    }
    if happened == Happened::Maybe {
        return None;
    }
    if text.starts_with(ANY) {
        return Some(format!("begin with the server's own words in place of `{ANY}`, or write `happened: maybe`"));
    }
    let open = text.strip_suffix(ANY)?;
    open.ends_with(char::is_alphanumeric).then(|| {
        format!("end with the server's own words, or with a mark or blank before `{ANY}`, or write `happened: maybe`")
    })
}

fn place<'a>(source: &'a source::Refusal, kind: &'a Refusal) -> impl Iterator<Item = Placed<'a>> {
    let rules = source.rules.iter().zip(&kind.rules);
    rules.map(|(source_rule, rule)| Placed {
        kind: &source.name.value,
        extension: kind.extension,
        spot: &source_rule.spot,
        rule,
    })
}

/// Returns `true` if a text of a rule matches everything that another text matches.
fn matches(text: &str, other: &str) -> bool {
    let mut parts = text.split(ANY);
    let Some(mut rest) = parts.next().and_then(|first| after(first, other)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let found = rest.char_indices().find_map(|(at, _)| after(part, &rest[at..]));
        let Some(found) = found else { return false };
        rest = found;
    }
    last.is_empty() || rest.char_indices().any(|(at, _)| after(last, &rest[at..]) == Some(""))
}

/// Returns what follows a part without [`ANY`] at the beginning of another text.
fn after<'a>(part: &str, other: &'a str) -> Option<&'a str> {
    let mut pieces = part.split(NUMBER);
    let mut rest = other.strip_prefix(pieces.next()?)?;
    for piece in pieces {
        let digits = rest.strip_prefix('-').unwrap_or(rest);
        let end = digits.trim_start_matches(|mark: char| mark.is_ascii_digit() || mark == NUMBER);
        rest = (end.len() < digits.len()).then_some(end)?.strip_prefix(piece)?;
    }
    Some(rest)
}

fn meet<T: PartialEq>(some: &[T], others: &[T]) -> bool {
    some.is_empty() || others.is_empty() || some.iter().any(|one| others.contains(one))
}

/// Returns `true` if a refusal can match both rules, and the certain rule would be read in vain. A rule that looks at the
/// server's words is expected to win over numbers alone.
fn disagree(certain: &RefusalRule, uncertain: &RefusalRule) -> bool {
    (certain.has_words() || !uncertain.has_words()) && can_meet(certain, uncertain)
}

/// Returns `true` if one refusal can match both rules. Different words are taken not to come together.
fn can_meet(one: &RefusalRule, other: &RefusalRule) -> bool {
    let transports = one.over_http.zip(other.over_http).is_none_or(|(one, other)| one == other);
    let related = |texts: &[String], words: &[String]| {
        texts.iter().any(|text| words.iter().any(|word| matches(text, &word.to_lowercase())))
    };
    let words = if !one.has_words() || !other.has_words() {
        true
    } else if !one.codes.is_empty() && !other.codes.is_empty() {
        meet(&one.codes, &other.codes)
    } else {
        related(&one.texts, &other.texts)
            || related(&other.texts, &one.texts)
            || related(&one.texts, &other.codes)
            || related(&other.texts, &one.codes)
    };
    transports
        && words
        && meet(&one.retcodes, &other.retcodes)
        && meet(&one.http_statuses, &other.http_statuses)
        && meet(&one.actions, &other.actions)
}

/// Returns `true` if the first rule matches every refusal that the other one matches.
fn covers(one: &RefusalRule, other: &RefusalRule) -> bool {
    fn all<T: PartialEq>(some: &[T], others: &[T]) -> bool {
        some.is_empty() || !others.is_empty() && others.iter().all(|other| some.contains(other))
    }
    let found = |text: &String| one.texts.iter().any(|one| matches(one, text));
    let texts = one.texts.is_empty() || !other.texts.is_empty() && other.texts.iter().all(found);
    one.over_http.is_none_or(|http| other.over_http == Some(http))
        && texts
        && all(&one.codes, &other.codes)
        && all(&one.retcodes, &other.retcodes)
        && all(&one.http_statuses, &other.http_statuses)
        && all(&one.actions, &other.actions)
}

/// Returns the documented refusals of an action after which it may have been carried out.
pub(super) fn uncertain_codes(refusals: &[Refusal], action: &Action) -> Vec<String> {
    if action.effect == Effect::Read {
        return Vec::new();
    }
    let about = |rule: &RefusalRule| rule.actions.is_empty() || rule.actions.contains(&action.wire);
    let may = |rule: &RefusalRule| match rule.happened {
        Happened::No => false,
        Happened::Partly => action.in_parts,
        Happened::Maybe => true,
    };
    let rules = || refusals.iter().flat_map(|refusal| &refusal.rules).filter(|rule| may(rule) && about(rule));
    action.errors.iter().filter(|code| rules().any(|rule| rule.codes.contains(code))).cloned().collect()
}
