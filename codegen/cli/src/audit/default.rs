//! The values that servers assume for absent parameters.

use cqhttp_codegen::tooling::{Node, ParamFacts, Presence};
use serde_json::Value;

use super::servers::Having;

/// A parameter as a server reads it.
pub(super) struct Reading<'a> {
    pub(super) server: &'a Having<'a>,
    pub(super) facts: &'a ParamFacts,
}

impl<'a> Reading<'a> {
    /// Returns the parameter that a server reads under one of these names.
    pub(super) fn of(server: &'a Having<'a>, names: &[&str]) -> Option<Self> {
        let facts = server.params().find(|param| param.names.iter().any(|name| names.contains(&name.as_str())))?;
        Some(Self { server, facts })
    }
}

/// Returns a difference of defaults: the values that a reason names, a message and a hint.
///
/// The schema's own default is compared with go-cqhttp's: servers are sent that default, so that theirs do not matter. An
/// optional parameter is not sent, so that servers must assume the same.
pub(super) fn difference(
    told: &str,
    presence: &Presence,
    reading: &[Reading<'_>],
) -> Option<(Vec<String>, String, &'static str)> {
    let go_cqhttp = reading.iter().find(|reading| reading.server.is_go_cqhttp());
    let assumed = go_cqhttp.and_then(|reading| reading.facts.default.as_ref());
    match (presence, assumed) {
        (Presence::Default(node), Some(assumed)) => {
            let ours = json(node)?;
            let message = || {
                let (theirs, ours) = (spoken(assumed), spoken(&ours));
                format!("go-cqhttp assumes {theirs} if {told} is absent, the schema assumes {ours}")
            };
            (ours != *assumed).then(|| (vec![named(assumed)], message(), "change the default"))
        }
        (Presence::Required | Presence::Optional, Some(assumed)) if !is_zero(assumed) => {
            let theirs = spoken(assumed);
            let message = format!("go-cqhttp assumes {theirs} if {told} is absent, the schema has no default");
            Some((vec![named(assumed)], message, "add the default"))
        }
        (Presence::Optional, _) => disagreement(told, reading),
        _ => None,
    }
}

fn disagreement(told: &str, reading: &[Reading<'_>]) -> Option<(Vec<String>, String, &'static str)> {
    let mut values: Vec<(&Value, Vec<&str>)> = Vec::new();
    for reading in reading {
        let Some(default) = &reading.facts.default else { continue };
        match values.iter_mut().find(|(known, _)| alike(known, default)) {
            Some((_, servers)) => servers.push(reading.server.title()),
            None => values.push((default, vec![reading.server.title()])),
        }
    }
    if values.len() < 2 {
        return None;
    }
    let each: Vec<String> =
        values.iter().map(|(value, servers)| format!("{} on {}", spoken(value), servers.join(", "))).collect();
    let message = format!("servers assume different values if {told} is absent: {}", each.join(", "));
    Some((values.iter().map(|(value, _)| named(value)).collect(), message, "add a default, which is then sent"))
}

fn json(node: &Node) -> Option<Value> {
    serde_json::to_value(node).ok().filter(|value| !value.is_f64() && !value.is_array() && !value.is_object())
}

fn is_zero(value: &Value) -> bool {
    matches!(value, Value::Bool(false)) || value.as_i64() == Some(0) || value.as_str() == Some("")
}

/// Returns `true` if two defaults mean the same: `1`, `"1"` and `true`, and every kind of zero.
fn alike(a: &Value, b: &Value) -> bool {
    let plain = |value: &Value| match value {
        zero if is_zero(zero) => "0".to_owned(),
        Value::Bool(true) => "1".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    plain(a) == plain(b)
}

/// Formats a value as messages have it.
fn spoken(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "an empty string".into(),
        Value::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    }
}

/// Formats a value as reasons name it: `0`, `""`.
fn named(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() => text.clone(),
        other => other.to_string(),
    }
}
