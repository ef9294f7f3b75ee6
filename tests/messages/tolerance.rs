//! Every field of every event and answer of the corpus, in turn removed, null, and of every other JSON kind: the event stays
//! typed, and all other fields stay as they were, unless the field is one of the few that make it what it is.

use std::collections::BTreeSet;

use cqhttp::{Event, mock};
use serde::Deserialize;
use serde_json::{Value, json};
use support::same_json;

/// The tags of events.
const TAGS: [&str; 6] = ["post_type", "message_type", "notice_type", "request_type", "meta_event_type", "sub_type"];

/// The fields without which an event is not typed; `in` a list or an object, what contains the field is left out.
const MAKES_AN_EVENT: [&str; 24] = [
    "channel_id",
    "code",
    "file_set_id",
    "flag",
    "group_id",
    "guild_id",
    "in channel_info.channel_id",
    "in channel_info.slow_modes[].slow_mode_key",
    "in client.app_id",
    "in current_reactions[].emoji_id",
    "in emoji_likes_list[].emoji_id",
    "in files[].name",
    "in likes[].emoji_id",
    "in new_info.channel_id",
    "in new_info.slow_modes[].slow_mode_key",
    "in old_info.channel_id",
    "in old_info.slow_modes[].slow_mode_key",
    "in status.good",
    "message_id",
    "operator_id",
    "peer_id",
    "self_id",
    "target_id",
    "user_id",
];

/// The same for answers.
const MAKES_AN_ANSWER: [&str; 80] = [
    "album_id",
    "app_name",
    "arkMsg",
    "can_at_all",
    "clientkey",
    "count",
    "data",
    "db_key",
    "file",
    "file_count",
    "file_set_id",
    "fileset_id",
    "forward_id",
    "good",
    "group_id",
    "guild_id",
    "hex",
    "in [].album_id",
    "in [].buddyList[].user_id",
    "in [].categoryId",
    "in [].channel_id",
    "in [].characters[].character_id",
    "in [].file_name",
    "in [].flag",
    "in [].group_id",
    "in [].guild_id",
    "in [].id",
    "in [].maxUin",
    "in [].minUin",
    "in [].notice_id",
    "in [].peerUin",
    "in [].poster_info.tiny_id",
    "in [].request_id",
    "in [].resId",
    "in [].resource.images[].file_id",
    "in [].role_id",
    "in [].slow_modes[].slow_mode_key",
    "in [].status.good",
    "in [].user_id",
    "in album.album_id",
    "in album_list[].album_id",
    "in clients[].app_id",
    "in current_talkative.user_id",
    "in downloads[].name",
    "in emojiLikesList[].tinyId",
    "in emoji_like_list[].user_id",
    "in feeds[].key",
    "in file_list[].file_name",
    "in files[].file_id",
    "in files[].file_name",
    "in files[].name",
    "in folders[].folder_id",
    "in invited_requests[].request_id",
    "in join_requests[].request_id",
    "in members[].tiny_id",
    "in msglist[].tid",
    "in performer_list[].user_id",
    "in reactions[].emoji_id",
    "in rkeys[].rkey",
    "in roles[].role_id",
    "in talkative_list[].user_id",
    "in texts[].coordinates[].x",
    "in texts[].coordinates[].y",
    "in texts[].text",
    "in variants[].model_show",
    "level",
    "master_id",
    "message_id",
    "msgId",
    "result",
    "role_id",
    "shareLink",
    "status",
    "success_count",
    "text",
    "tid",
    "tiny_id",
    "url",
    "user_id",
    "yes",
];

/// A step on the way to a field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Name(String),
    Index(usize),
}

type Path = Vec<Step>;

/// Lists the fields of a value, at any depth. What is in a message is not a field: a segment keeps whatever comes.
fn fields(value: &Value, path: &Path, found: &mut Vec<Path>) {
    let next = |step: Step| [&path[..], &[step]].concat();
    match value {
        Value::Object(entries) => {
            for (name, value) in entries {
                let path = next(Step::Name(name.clone()));
                if !matches!(name.as_str(), "message" | "content" | "messages") || value.is_string() {
                    fields(value, &path, found);
                }
                found.push(path);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                fields(item, &next(Step::Index(index)), found);
            }
        }
        _ => {}
    }
}

fn at<'v>(value: &'v mut Value, path: &[Step]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Name(name) => value.get_mut(name),
        Step::Index(index) => value.get_mut(index),
    })
}

/// Removes the part at the end of the path.
fn without(value: &Value, path: &[Step]) -> Value {
    let mut value = value.clone();
    let (last, way) = path.split_last().unwrap();
    match (at(&mut value, way), last) {
        (Some(Value::Object(entries)), Step::Name(name)) => drop(entries.remove(name)),
        (Some(Value::Array(items)), Step::Index(index)) if *index < items.len() => drop(items.remove(*index)),
        _ => {}
    }
    value
}

/// The value with the field removed, null, and of every JSON kind that is not its own.
fn variants(value: &Value, path: &Path) -> Vec<Value> {
    let own = at(&mut value.clone(), path).unwrap().clone();
    let kind = |value: &Value| std::mem::discriminant(value);
    let others = [json!(null), json!(true), json!(7), json!("宋体"), json!([[]]), json!({ "odd": [1] })];
    let others = others.into_iter().filter(|other| kind(other) != kind(&own)).map(|other| {
        let mut value = value.clone();
        *at(&mut value, path).unwrap() = other;
        value
    });
    [without(value, path)].into_iter().chain(others).collect()
}

/// The outcome of a change to a field.
#[derive(Debug, PartialEq)]
enum Effect {
    /// All other fields are as before.
    Alone,
    /// The object or list around the field is left out or absent, and all else is as before.
    Container,
    /// Something else has changed.
    Other,
}

fn effect(before: &Value, after: &Value, path: &Path) -> Effect {
    let same = |path: &[Step]| same_json(&without(before, path), &without(after, path));
    if same(path) {
        return Effect::Alone;
    }
    let is_gone = |length: &usize| {
        let container = &path[..*length];
        match container.last() {
            Some(Step::Index(_)) => same_json(&without(before, container), after),
            _ => same(container),
        }
    };
    if (1..path.len()).rev().any(|length| is_gone(&length)) { Effect::Container } else { Effect::Other }
}

/// Writes a path without its indices: `files[].file_id`.
fn pattern(path: &Path) -> String {
    path.iter().fold(String::new(), |text, step| match step {
        Step::Name(name) if text.is_empty() => name.clone(),
        Step::Name(name) => format!("{text}.{name}"),
        Step::Index(_) => format!("{text}[]"),
    })
}

#[derive(Deserialize)]
struct EventCase {
    payload: Value,
}

/// Changes each field of a value. `read` decodes and encodes it; `None` is an event or answer that is not typed.
fn check(name: &str, value: &Value, read: impl Fn(&Value) -> Option<Value>, makes: &mut BTreeSet<String>) -> usize {
    let Some(before) = read(value) else { return 0 };
    let mut paths = Vec::new();
    fields(value, &Vec::new(), &mut paths);
    let mut changes = 0;
    for path in paths {
        // A field under another server's name is written under its first one.
        if at(&mut before.clone(), &path).is_none() {
            continue;
        }
        for changed in variants(value, &path) {
            changes += 1;
            let after = read(&changed);
            if let Some(after) = &after {
                // What was written is read as the same, whatever was passed over.
                assert_eq!(read(after).as_ref(), Some(after), "{name} at {path:?}");
            }
            let fault = match after.map(|after| (effect(&before, &after, &path), after)) {
                Some((Effect::Alone, _)) => continue,
                Some((Effect::Container, _)) => format!("in {}", pattern(&path)),
                None => pattern(&path),
                Some((Effect::Other, after)) => panic!("{name} at {path:?}: {changed}\n{before}\n{after}"),
            };
            makes.insert(fault);
        }
    }
    changes
}

#[test]
fn an_event_is_lost_with_what_makes_it_that_event_alone() {
    let cases = support::cases::<EventCase>("events").into_iter().map(|(name, case)| (name, case.payload));
    let examples = mock::events().map(|info| (info.name.to_owned(), serde_json::from_str(info.example).unwrap()));
    let (mut makes, mut changes) = (BTreeSet::new(), 0);
    for (name, payload) in cases.chain(examples) {
        let kind = payload.to_string().parse::<Event>().unwrap().kind();
        let read = |payload: &Value| {
            let event: Event = payload.to_string().parse().ok()?;
            (event.kind() == kind && !matches!(event, Event::Unknown(_))).then(|| serde_json::to_value(event).unwrap())
        };
        changes += check(&name, &payload, read, &mut makes);
    }
    makes.retain(|name| !TAGS.contains(&name.as_str()));
    assert!(changes > 5_000, "{changes}");
    assert_eq!(makes.into_iter().collect::<Vec<_>>(), MAKES_AN_EVENT);
}

#[test]
fn an_answer_is_lost_with_what_makes_it_that_answer_alone() {
    let (mut makes, mut changes) = (BTreeSet::new(), 0);
    for info in mock::actions().filter(|info| info.example_answer != "null") {
        let value: Value = serde_json::from_str(info.example_answer).unwrap();
        let read = |value: &Value| {
            let read = (info.reread_answer)(&value.to_string()).ok()?;
            Some(serde_json::from_str(&read).unwrap())
        };
        changes += check(info.name, &value, read, &mut makes);
    }
    assert!(changes > 2_000, "{changes}");
    assert_eq!(makes.into_iter().collect::<Vec<_>>(), MAKES_AN_ANSWER);
}
