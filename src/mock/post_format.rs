//! How messages and their events are written.

use std::borrow::Cow;

use serde_json::Value;
use serde_json::value::RawValue;

use super::call::CallEnd;
use crate::event::Event;
use crate::message::Message;

/// How messages are written in events and answers: go-cqhttp's setting `message.post-format`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PostFormat {
    /// As a list of segments.
    #[default]
    Array,
    /// As a text with CQ codes, which is go-cqhttp's own default. A message that cannot be written as such stays a list:
    /// one with a node that has content of its own.
    String,
}

impl PostFormat {
    /// An event, or what a call is answered, with its messages in this form.
    pub(super) fn write(self, json: &str) -> Cow<'_, str> {
        if self == Self::Array {
            return json.into();
        }
        // What is no JSON has no messages.
        let Ok(mut value) = serde_json::from_str(json) else { return json.into() };
        write_codes(&mut value);
        value.to_string().into()
    }

    /// The same of what a call has come to.
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

/// An event that the stand-in makes, as go-cqhttp writes it.
pub(super) fn event_text(event: &Event) -> String {
    // Nothing keeps an event of the schema's kinds from being written.
    let mut value = serde_json::to_value(event).unwrap_or_default();
    as_go_cqhttp(&mut value);
    value.to_string()
}

/// Leaves out what only a fork sends, and has the `null` of a sender who is not anonymous: in an event, or a list of them.
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

/// Writes all messages with CQ codes: those under `message`, and under `content` those that were forwarded.
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

/// A `content` with nothing in it is a list of no nodes.
fn is_message(key: &str, value: &Value) -> bool {
    let Value::Array(entries) = value else { return false };
    entries.iter().all(|entry| entry["type"].is_string() && entry["data"].is_object())
        && (key == "message" || !entries.is_empty())
}
