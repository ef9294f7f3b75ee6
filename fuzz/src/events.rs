//! Events as bytes: whatever comes, it is the event that its tags say, or unknown with all of its text, or no event.

use cqhttp::{Event, EventKind};
use serde_json::Value;

/// Decodes the input, and what was decoded once more.
pub fn check(input: &[u8]) {
    let peeked = EventKind::peek(input);
    match Event::from_slice(input) {
        Ok(Event::Unknown(event)) => {
            assert_eq!(event.text.as_bytes(), String::from_utf8_lossy(input).as_bytes(), "its text is kept");
            assert_eq!(event.error.is_some(), peeked != EventKind::Unknown, "a known kind says why it does not decode");
        }
        Ok(event) => {
            assert_eq!(base(event.kind()), base(peeked), "{event:?}");
            let written = serde_json::to_vec(&event).expect("it is written");
            let again = Event::from_slice(&written).expect("what was written is an event");
            assert_eq!(again, event, "{}", String::from_utf8_lossy(&written));
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

/// Own messages are told apart by more than their tags.
fn base(kind: EventKind) -> EventKind {
    match kind {
        EventKind::GroupMessageSent => EventKind::GroupMessage,
        EventKind::PrivateMessageSent => EventKind::PrivateMessage,
        other => other,
    }
}
