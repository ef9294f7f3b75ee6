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
    assert_eq!(cases.len(), 275, "a case is lost, or the number here has to be raised");
}

/// The kinds of go-cqhttp that NapCat, SnowLuma, LLOneBot and Lagrange send, too.
const OF_ALL_SERVERS: [&str; 18] = [
    "Essence",
    "FriendAdd",
    "FriendRecall",
    "FriendRequest",
    "GroupAdmin",
    "GroupBan",
    "GroupDecrease",
    "GroupIncrease",
    "GroupMessage",
    "GroupMessageSent",
    "GroupRecall",
    "GroupRequest",
    "GroupUpload",
    "Heartbeat",
    "Lifecycle",
    "PokeNotice",
    "PrivateMessage",
    "PrivateMessageSent",
];

/// The kinds of go-cqhttp that only some servers send, too.
const OF_SOME_SERVERS: [(&str, &str); 5] = [
    ("lagrange", "OfflineFile"),
    ("llonebot", "GroupCard"),
    ("llonebot", "Title"),
    ("napcat", "GroupCard"),
    ("napcat", "Title"),
];

#[test]
fn each_server_has_a_case_of_exactly_the_events_that_it_sends() {
    let servers = ["go-cqhttp", "lagrange", "llonebot", "napcat", "snowluma"];
    let mut sent = BTreeSet::from(OF_SOME_SERVERS);
    sent.extend(servers.iter().flat_map(|server| OF_ALL_SERVERS.map(|kind| (*server, kind))));
    for event in mock::events() {
        let named = if event.servers.is_empty() { &["go-cqhttp"] } else { event.servers };
        sent.extend(named.iter().map(|server| (*server, event.name)));
    }
    let cases = cases();
    let covered = cases.values().map(|case| (case.server.as_str(), case.variant.as_str()));
    let covered: BTreeSet<_> =
        covered.filter(|(server, kind)| servers.contains(server) && *kind != "Unknown").collect();
    let missing: Vec<_> = sent.difference(&covered).collect();
    let unexpected: Vec<_> = covered.difference(&sent).collect();
    assert!(missing.is_empty() && unexpected.is_empty(), "without a case: {missing:?}; not sent: {unexpected:?}");
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
