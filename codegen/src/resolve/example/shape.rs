//! The shapes of segments, forward nodes and forwarded messages in examples.

use crate::yaml::{Node, Value};

/// `{ type: text, data: { text: hi } }`.
pub(super) fn is_segment(node: &Node) -> bool {
    let Value::Map(entries) = &node.value else { return false };
    let has = |name: &str, fits: fn(&Value) -> bool| {
        entries.iter().any(|(key, value)| key.as_str() == Some(name) && fits(&value.value))
    };
    entries.len() == 2 && has("type", |v| matches!(v, Value::Text(_))) && has("data", |v| matches!(v, Value::Map(_)))
}

/// `{ type: node, data: { id: "12" } }`, or under `data` a sender, a name and content.
pub(super) fn is_forward_node(value: &Value) -> bool {
    let Some(data) = under(value, "data") else { return false };
    let has =
        |names: &[&str], fits: fn(&Value) -> bool| names.iter().find_map(|name| under(data, name)).is_some_and(fits);
    let custom = has(&["user_id", "uin"], is_number)
        && has(&["name", "nickname"], |name| matches!(name, Value::Text(_)))
        && has(&["content"], |content| is_content(content, is_forward_node));
    let body = under(data, "id").map_or(custom, is_number);
    is_node(value) && body && under(data, "time").is_none_or(is_number)
}

/// `{ sender: { user_id: 12, nickname: ab }, content: hi }`, with or without `time` and ids.
pub(super) fn is_forwarded_message(value: &Value) -> bool {
    let sender = under(value, "sender");
    let of_sender = |name: &str| sender.and_then(|sender| under(sender, name));
    of_sender("user_id").is_some_and(is_number)
        && matches!(of_sender("nickname"), Some(Value::Text(_)))
        && under(value, "content").is_some_and(|content| is_content(content, is_forwarded_message))
        && ["time", "group_id", "message_id"].iter().all(|name| under(value, name).is_none_or(is_number))
}

/// A message, or nodes alone.
fn is_content(value: &Value, fits: fn(&Value) -> bool) -> bool {
    match value {
        Value::Text(_) => true,
        Value::List(items) if items.iter().all(|item| is_node(&item.value)) => {
            items.iter().all(|item| fits(&item.value))
        }
        Value::List(items) => items.iter().all(is_segment) || items.iter().all(|item| fits(&item.value)),
        _ => false,
    }
}

fn is_node(value: &Value) -> bool {
    matches!(under(value, "type"), Some(Value::Text(kind)) if kind == "node")
}

/// A number that an id or a time may be, also as digits.
fn is_number(value: &Value) -> bool {
    match value {
        Value::Int(number) => i64::try_from(*number).is_ok(),
        Value::Text(digits) => digits.parse::<i64>().is_ok(),
        _ => false,
    }
}

fn under<'n>(value: &'n Value, key: &str) -> Option<&'n Value> {
    value.get(key).map(|node| &node.value)
}
