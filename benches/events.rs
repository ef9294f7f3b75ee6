//! Decoding events, without a network: `Event` from text against a hand-written struct for exactly that event.
//!
//! The events are go-cqhttp's in `tests/corpus/events` as compact JSON, without those of unknown kinds and those that the
//! hand-written struct does not read. A round is one batch through each side in turn, so that other load on the machine
//! affects both; a ratio compares the two batches of one round.

#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

use std::fs;
use std::hint::black_box;
use std::path::Path;

use cqhttp::{Event, EventKind};
use cqhttp_benches::by_hand::cq;
use cqhttp_benches::by_hand::events::*;
use cqhttp_benches::rounds::{Case, measure, report_groups};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use support::compact;

fn main() {
    let events = events();
    let decoding = cases(&events, decoding);
    measure("decode an event", &decoding, true);
    report_groups("events", &decoding, |name| name.split('.').next().unwrap_or(name));
    measure(
        "decode a message as CQ text, against a struct and a reader of CQ codes",
        &cases(&events, decoding_text),
        true,
    );
    let peeking: Vec<Case> = events
        .iter()
        .filter(|(name, _, _)| name.ends_with("array.json") || name.starts_with("heartbeat"))
        .map(|(name, _, json)| {
            let (peeked, decoded) = (json.clone(), json.clone());
            Case::new(
                name,
                move || _ = black_box(EventKind::peek(black_box(peeked.as_bytes()))),
                move || drop(black_box(black_box(&decoded).parse::<Event>().expect("it decodes"))),
            )
        })
        .collect();
    measure("an event not asked for, against decoding it", &peeking, false);
}

fn cases(events: &[(String, String, String)], case: fn(&str, &str, &str) -> Option<Case>) -> Vec<Case> {
    events.iter().filter_map(|(name, kind, json)| case(name, kind, json)).collect()
}

/// Name, variant and text.
fn events() -> Vec<(String, String, String)> {
    #[derive(Deserialize)]
    struct Recorded {
        variant: String,
        payload: Box<RawValue>,
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus/events/go-cqhttp");
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("it is there").map(|entry| entry.expect("it is readable").path()).collect();
    files.sort();
    files
        .iter()
        .filter_map(|file| {
            let case: Recorded =
                serde_json::from_slice(&fs::read(file).expect("it is readable")).expect("it is a case");
            let name = file.file_name().expect("it has a name").to_string_lossy().into_owned();
            (case.variant != "Unknown").then(|| (name, case.variant, compact(case.payload.get())))
        })
        .collect()
}

/// Returns `None` for an event that a struct for what go-cqhttp usually sends does not read.
fn decoding(name: &str, kind: &str, json: &str) -> Option<Case> {
    let ours = json.to_owned();
    let ours = move || drop(black_box(black_box(&ours).parse::<Event>().expect("it decodes")));
    Some(Case::new(name, ours, by_hand(name, kind, json)?))
}

fn by_hand(name: &str, kind: &str, json: &str) -> Option<Box<dyn Fn()>> {
    let text = json.contains(r#""message":""#);
    match (kind, text) {
        ("PrivateMessage" | "PrivateMessageSent", true) => twin::<PrivateMessage<String>>(json),
        ("PrivateMessage" | "PrivateMessageSent", false) => {
            twin::<PrivateMessage<Vec<Segment>>>(json).or_else(|| twin::<PrivateMessage<Vec<Value>>>(json))
        }
        ("GroupMessage" | "GroupMessageSent", true) => twin::<GroupMessage<String>>(json),
        ("GroupMessage" | "GroupMessageSent", false) => {
            twin::<GroupMessage<Vec<Segment>>>(json).or_else(|| twin::<GroupMessage<Vec<Value>>>(json))
        }
        ("GuildMessage", true) => twin::<GuildMessage<String>>(json),
        ("GuildMessage", false) => twin::<GuildMessage<Vec<Segment>>>(json),
        ("GroupUpload", _) => twin::<GroupUpload>(json),
        ("GroupAdmin", _) => twin::<GroupAdmin>(json),
        ("GroupDecrease" | "GroupIncrease", _) => twin::<GroupMembers>(json),
        ("GroupBan", _) => twin::<GroupBan>(json),
        ("FriendAdd", _) => twin::<FriendAdd>(json),
        ("GroupRecall", _) => twin::<GroupRecall>(json),
        ("FriendRecall", _) => twin::<FriendRecall>(json),
        ("PokeNotice" | "LuckyKing", _) => twin::<GroupPoke>(json).or_else(|| twin::<FriendPoke>(json)),
        ("Honor", _) => twin::<Honor>(json),
        ("Title", _) => twin::<Title>(json),
        ("GroupCard", _) => twin::<GroupCard>(json),
        ("OfflineFile", _) => twin::<OfflineFile>(json),
        ("ClientStatus", _) => twin::<ClientStatus>(json),
        ("Essence", _) => twin::<Essence>(json),
        ("FriendRequest", _) => twin::<FriendRequest>(json),
        ("GroupRequest", _) => twin::<GroupRequest>(json),
        ("Heartbeat", _) => twin::<Heartbeat>(json),
        ("Lifecycle", _) => twin::<Lifecycle>(json),
        ("MessageReactionsUpdated", _) => twin::<MessageReactionsUpdated>(json),
        ("GuildChannelRecall", _) => twin::<GuildChannelRecall>(json),
        ("ChannelUpdated", _) => twin::<ChannelUpdated>(json),
        ("ChannelCreated" | "ChannelDestroyed", _) => twin::<Channel>(json),
        (other, _) => unreachable!("{name}: there is no hand-written {other}"),
    }
}

fn twin<T: DeserializeOwned + 'static>(json: &str) -> Option<Box<dyn Fn()>> {
    let json = json.to_owned();
    serde_json::from_str::<T>(&json).ok()?;
    Some(Box::new(move || drop(black_box(serde_json::from_str::<T>(black_box(&json)).expect("it decodes")))))
}

/// A message as CQ text, which the reference reads into segments, too, with the plain reader of CQ codes.
fn decoding_text(name: &str, kind: &str, json: &str) -> Option<Case> {
    fn read<T: DeserializeOwned + 'static>(json: &str, message: fn(&T) -> &str) -> Option<Box<dyn Fn()>> {
        let json = json.to_owned();
        serde_json::from_str::<T>(&json).ok()?;
        Some(Box::new(move || {
            let event = serde_json::from_str::<T>(black_box(&json)).expect("it decodes");
            drop(black_box((cq::read(message(&event)), event)));
        }))
    }
    if !json.contains(r#""message":""#) {
        return None;
    }
    let by_hand = match kind {
        "PrivateMessage" | "PrivateMessageSent" => read::<PrivateMessage<String>>(json, |event| &event.message),
        "GroupMessage" | "GroupMessageSent" => read::<GroupMessage<String>>(json, |event| &event.message),
        "GuildMessage" => read::<GuildMessage<String>>(json, |event| &event.message),
        _ => None,
    };
    let json = json.to_owned();
    let ours = move || drop(black_box(black_box(&json).parse::<Event>().expect("it decodes")));
    Some(Case::new(name, ours, by_hand?))
}
