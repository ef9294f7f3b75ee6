//! The format of messages and their events.

use std::borrow::Cow;

use serde_json::Value;
use serde_json::value::RawValue;

use super::call::CallEnd;
use crate::event::Event;
use crate::message::Message;

/// The format of messages in events and answers: go-cqhttp's setting `message.post-format`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PostFormat {
    /// A list of segments.
    #[default]
    Array,
    /// A string with CQ codes, which is go-cqhttp's own default. A message that has no such form stays a list: a
    /// message with a node that has content of its own.
    String,
}

impl PostFormat {
    /// Converts the messages in an event or in the data of an answer.
    pub(super) fn write(self, json: &str) -> Cow<'_, str> {
        if self == Self::Array {
            return json.into();
        }
        // Text that is not JSON has no messages.
        let Ok(mut value) = serde_json::from_str(json) else { return json.into() };
        write_codes(&mut value);
        value.to_string().into()
    }

    /// Converts the messages in the outcome of a call.
    pub(super) fn write_answer(self, ended: CallEnd) -> CallEnd {
        match ended {
            CallEnd::Answered(data) if self == Self::String => {
                let written = RawValue::from_string(self.write(data.get()).into_owned());
                CallEnd::Answered(written.map_or(data, Cow::Owned))
            }
            ended => ended,
        }
    }
}

/// Writes an event of the simulated server as go-cqhttp does.
pub(super) fn event_text(event: &Event) -> String {
    // An event of a kind in the schema can always be written.
    let mut value = serde_json::to_value(event).unwrap_or_default();
    as_go_cqhttp(&mut value);
    value.to_string()
}

/// Removes fields that only forks send, and adds the `null` of a sender who is not anonymous, in an event or a list of
/// events.
pub(super) fn as_go_cqhttp(value: &mut Value) {
    match value {
        Value::Array(events) => events.iter_mut().for_each(as_go_cqhttp),
        Value::Object(event) if event.contains_key("message_type") => {
            if event.get("emoji_likes_list").is_some_and(|list| list.as_array().is_some_and(Vec::is_empty)) {
                event.remove("emoji_likes_list");
            }
            if event["message_type"] == "group" {
                event.entry("anonymous").or_insert(Value::Null);
            }
        }
        _ => {}
    }
}

/// Converts all messages to CQ codes: those under `message`, and forwarded ones under `content`.
fn write_codes(value: &mut Value) {
    match value {
        Value::Array(entries) => entries.iter_mut().for_each(write_codes),
        Value::Object(entries) => {
            for (key, value) in entries {
                match key.as_str() {
                    "message" | "content" if is_message(key, value) => {
                        let message = Message::from_json(value.clone()).ok();
                        if let Some(codes) = message.and_then(|message| message.to_cq().ok()) {
                            *value = codes.into();
                        }
                    }
                    _ => write_codes(value),
                }
            }
        }
        _ => {}
    }
}

/// Returns `true` for a message. An empty `content` is not a message but a list without nodes.
fn is_message(key: &str, value: &Value) -> bool {
    let Value::Array(entries) = value else { return false };
    entries.iter().all(|entry| entry["type"].is_string() && entry["data"].is_object())
        && (key == "message" || !entries.is_empty())
}
