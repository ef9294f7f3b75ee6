//! Events as bytes: whatever comes, it is the event that its tags say, or unknown with all of its text, or no event.

use cqhttp::{DecodeWarning, Event, EventKind};
use serde_json::Value;

use crate::{holds_long_float, without_empty};

/// Decodes the input, and what was decoded once more.
pub fn check(input: &[u8]) {
    let peeked = EventKind::peek(input);
    match Event::from_slice_with_warnings(input) {
        Ok((Event::Unknown(event), warnings)) => {
            assert_eq!(event.text.as_bytes(), String::from_utf8_lossy(input).as_bytes(), "its text is kept");
            assert_eq!(event.error.is_some(), peeked != EventKind::Unknown, "a known kind says why it does not decode");
            assert!(warnings.is_empty(), "the text is kept, and the error says why: {warnings:?}");
        }
        // Of a `post_type` that comes twice, its first string tells the kind, and its first value is the field.
        Ok(_) if String::from_utf8_lossy(input).matches("post_type").count() > 1 => {}
        Ok((event, warnings)) => {
            assert_eq!(base(event.kind()), base(peeked), "{event:?}");
            assert_eq!(Event::from_slice(input).expect("it was an event"), event, "with and without warnings");
            check_warnings(&warnings);
            let written = serde_json::to_vec(&event).expect("it is written");
            let (again, warnings) = Event::from_slice_with_warnings(&written).expect("what was written is an event");
            assert!(is_same(&event, &again), "{}", String::from_utf8_lossy(&written));
            // What was passed over is not written; a value in a message that is not a segment is.
            let passed_over = warnings.iter().find(|warning| !warning.reason().ends_with("kept as an unknown one"));
            assert!(passed_over.is_none(), "{passed_over:?} in {}", String::from_utf8_lossy(&written));
        }
        Err(_) => {
            let value = serde_json::from_slice::<Value>(input);
            let tag = value.ok().and_then(|value| value.get("post_type").map(Value::is_string));
            // Of a key that stands there twice, the tree has the last.
            let twice = String::from_utf8_lossy(input).matches("post_type").count() > 1;
            assert!(tag != Some(true) || twice, "an object with a `post_type` is an event");
        }
    }
}

/// Returns `true` if two events are the same, also if they hold what has no form as a tree, such as half an emoji.
fn is_same(event: &Event, again: &Event) -> bool {
    let tree = |event| serde_json::to_value(event).ok().filter(|tree| !holds_long_float(tree)).map(without_empty);
    event == again || tree(event) == tree(again)
}

/// A warning leads to the part that was passed over, in one line.
fn check_warnings(warnings: &[DecodeWarning]) {
    for warning in warnings {
        assert!(!warning.path().is_empty() && !warning.reason().is_empty(), "{warning:?}");
        assert!(!warning.to_string().contains('\n'), "{warning:?}");
    }
}

/// Own messages are told apart by more than their tags.
fn base(kind: EventKind) -> EventKind {
    match kind {
        EventKind::GroupMessageSent => EventKind::GroupMessage,
        EventKind::PrivateMessageSent => EventKind::PrivateMessage,
        other => other,
    }
}
