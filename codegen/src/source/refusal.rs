//! The stanzas of refusals: what failed answers mean, and the rules by which they are recognised.

use super::reader::{At, Entries, Reader};
use crate::source_map::Spot;
use crate::yaml::{Node, Value};

/// A meaning of refusals; in an extension, rules that are added to a meaning.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) spot: Spot,
    pub(crate) name: At<String>,
    /// `None` in an extension.
    pub(crate) doc: Option<At<String>>,
    pub(crate) happened: At<String>,
    pub(crate) rules: Vec<RefusalRule>,
}

/// A rule: every condition must hold, each by one of its values.
#[derive(Debug)]
pub(crate) struct RefusalRule {
    pub(crate) spot: Spot,
    pub(crate) retcodes: Vec<At<i64>>,
    pub(crate) http_statuses: Vec<At<i64>>,
    pub(crate) transport: Option<At<String>>,
    pub(crate) actions: Vec<At<String>>,
    pub(crate) codes: Vec<At<String>>,
    pub(crate) texts: Vec<At<String>>,
    pub(crate) happened: Option<At<String>>,
}

const RULE_KEYS: &[&str] = &["retcode", "http_status", "transport", "action", "code", "text", "happened"];

impl Reader<'_> {
    pub(super) fn refusal_stanza(&mut self, node: &Node) -> Option<Refusal> {
        let keys: &[&str] = match self.extension {
            true => &["kind", "name", "happened", "rules"],
            false => &["kind", "name", "doc", "happened", "rules"],
        };
        let entries = self.entries(node, "a refusal", keys)?;
        let name = self.required_text(&entries, "name");
        let doc = if self.extension { None } else { Some(self.required_text(&entries, "doc")?) };
        let happened = self.required_text(&entries, "happened");
        let rules = entries.get("rules").map(|node| self.list(node, "rules")).unwrap_or_default();
        let rules = rules.iter().filter_map(|node| self.refusal_rule(node)).collect();
        Some(Refusal { spot: entries.spot, name: name?, doc, happened: happened?, rules })
    }

    fn refusal_rule(&mut self, node: &Node) -> Option<RefusalRule> {
        let entries = self.entries(node, "a rule", RULE_KEYS)?;
        let conditions = entries.entries.iter().any(|(key, _)| *key != "happened");
        if !conditions && entries.unknown.is_empty() {
            let hint = "add `retcode`, `http_status`, `transport`, `action`, `code` or `text`";
            self.faults.add(&entries.spot, "a rule without a condition would match every refusal", hint);
        }
        Some(RefusalRule {
            retcodes: self.numbers(&entries, "retcode"),
            http_statuses: self.numbers(&entries, "http_status"),
            transport: entries.get("transport").and_then(|node| self.text(node)),
            actions: self.one_or_more(&entries, "action", Self::text),
            codes: self.one_or_more(&entries, "code", Self::text),
            texts: self.one_or_more(&entries, "text", Self::text),
            happened: entries.get("happened").and_then(|node| self.text(node)),
            spot: entries.spot,
        })
    }

    fn numbers(&mut self, entries: &Entries<'_>, key: &str) -> Vec<At<i64>> {
        self.one_or_more(entries, key, |reader, node| match &node.value {
            Value::Int(number) if i64::try_from(*number).is_ok() => {
                Some(At { value: i64::try_from(*number).unwrap_or_default(), spot: reader.spot(node) })
            }
            other => {
                let message = format!("expected an integer, found {}", other.describe());
                reader.faults.add(&reader.spot(node), message, "write a number, or a list of numbers");
                None
            }
        })
    }

    /// The values of a key that has one value, or a list of values.
    fn one_or_more<T>(
        &mut self,
        entries: &Entries<'_>,
        key: &str,
        read: impl Fn(&mut Self, &Node) -> Option<At<T>>,
    ) -> Vec<At<T>> {
        let Some(node) = entries.get(key) else { return Vec::new() };
        match &node.value {
            Value::List(_) => self.list(node, key).iter().filter_map(|node| read(self, node)).collect(),
            _ => read(self, node).into_iter().collect(),
        }
    }
}
