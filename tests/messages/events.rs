//! Events as servers send them: a case for each file of `corpus/events`, whose README describes the format.

use std::collections::{BTreeMap, BTreeSet};

use cqhttp::{Event, EventKind, mock};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use support::{contains_json, same_json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    server: String,
    what: String,
    payload: Box<RawValue>,
    variant: String,
    #[serde(default)]
    expect: Value,
    #[serde(default)]
    untyped: Vec<String>,
    #[serde(default)]
    passed_over: Vec<String>,
}

fn cases() -> BTreeMap<String, Case> {
    support::cases("events")
}

fn kind(event: &Event) -> String {
    format!("{:?}", event.kind())
}

/// Removes the entries that the case lists as untyped; each must exist.
fn without(payload: &mut Value, pointers: &[String]) -> Result<(), String> {
    for pointer in pointers {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let removed = match payload.pointer_mut(parent) {
            Some(Value::Object(entries)) => entries.remove(name),
            _ => None,
        };
        removed.ok_or_else(|| format!("{pointer} is not in the payload"))?;
    }
    Ok(())
}

fn check(case: &Case) -> Result<(), String> {
    let json = case.payload.get();
    let read = Event::from_slice_with_warnings(json.as_bytes());
    let (event, warnings) = read.map_err(|error| format!("{error}: {error:?}"))?;
    if !warnings.iter().map(|warning| warning.path()).eq(case.passed_over.iter().map(String::as_str)) {
        return Err(format!("other parts are passed over: {warnings:?}"));
    }
    if kind(&event) != case.variant {
        return Err(format!("it is a {}: {event:?}", kind(&event)));
    }
    if let Event::Unknown(unknown) = &event
        && unknown.text != json
    {
        return Err("its text is not kept".into());
    }
    let written = serde_json::to_value(&event).unwrap();
    let mut payload: Value = serde_json::from_str(json).unwrap();
    without(&mut payload, &case.untyped)?;
    if !same_json(&written, &payload) {
        return Err(format!("it is written {written}"));
    }
    if !contains_json(&written, &case.expect) {
        return Err(format!("it does not say {}: {written}", case.expect));
    }
    let again: Event = serde_json::to_string(&event).unwrap().parse().unwrap();
    match again == event || matches!(event, Event::Unknown(_)) {
        true => Ok(()),
        false => Err(format!("read again it is {again:?}")),
    }
}

#[test]
fn every_event_of_every_server_is_read_and_written_as_its_case_says() {
    let mut faults = Vec::new();
    for (name, case) in &cases() {
        assert!(name.starts_with(&case.server), "{name}");
        if let Err(fault) = check(case) {
            faults.push(format!("{name} ({})\n    {fault}", case.what));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_kind_of_event_has_a_case() {
    let cases = cases();
    let covered: BTreeSet<&str> = cases.values().map(|case| case.variant.as_str()).collect();
    for event in mock::events() {
        assert!(covered.contains(event.name), "no case for {}", event.name);
    }
    assert!(covered.contains("Unknown"));
    assert_eq!(cases.len(), 241, "a case is lost, or the number here has to be raised");
}

#[test]
fn every_example_of_the_schema_is_an_event_of_its_kind() {
    for info in mock::events() {
        let event: Event = info.example.parse().unwrap();
        assert_eq!(event.kind(), info.kind, "{event:?}");
        let sent = matches!(event.kind(), EventKind::GroupMessageSent | EventKind::PrivateMessageSent);
        assert_eq!(EventKind::peek(info.example.as_bytes()), info.kind, "{}", info.name);
        assert_eq!(event.is_own(), sent);
        let written = serde_json::to_value(&event).unwrap();
        assert!(same_json(&written, &serde_json::from_str(info.example).unwrap()), "{}: {written}", info.name);
    }
}
