//! Quick operations, converted to actions as go-cqhttp does.

use serde_json::{Value, json};

use super::refusal::{Refusal, refuse};
use crate::action::{
    DeleteMsg, KnownAction, SendGroupMsg, SendPrivateMsg, SetFriendAddRequest, SetGroupAddRequest, SetGroupBan,
    SetGroupKick,
};
use crate::types::RefusalCode;

/// Returns the actions that a quick operation stands for; none if the event is neither a message nor a request.
pub(super) fn parts(event: &Value, operation: &Value) -> Result<Vec<(&'static str, Value)>, Refusal> {
    let is = |key: &str, value: &str| event[key] == value;
    let yes = |key: &str| is_yes(&operation[key]);
    let has = |key: &str| operation.get(key).is_some();
    let mut parts = Vec::new();
    if is("post_type", "message") && (is("message_type", "group") || is("message_type", "private")) {
        let in_group = is("message_type", "group");
        let anonymous = !event["anonymous"].is_null();
        if has("reply") {
            let mention = in_group && !anonymous && yes("at_sender");
            parts.push(reply(event, operation, in_group, mention)?);
        }
        if in_group && yes("delete") {
            parts.push((DeleteMsg::NAME, json!({ "message_id": event["message_id"] })));
        }
        let member = json!({ "group_id": event["group_id"], "user_id": event["user_id"] });
        if in_group && !anonymous && yes("kick") {
            parts.push((SetGroupKick::NAME, with(&member, "reject_add_request", json!(yes("reject_add_request")))));
        }
        if in_group && !anonymous && yes("ban") {
            let duration = operation.get("ban_duration").cloned().unwrap_or_else(|| json!(1800));
            parts.push((SetGroupBan::NAME, with(&member, "duration", duration)));
        }
    }
    if is("post_type", "request") && has("approve") {
        let answer = json!({ "flag": event["flag"], "approve": operation["approve"] });
        if is("request_type", "friend") {
            parts.push((SetFriendAddRequest::NAME, answer));
        } else if is("request_type", "group") {
            let answer = with(&answer, "sub_type", event["sub_type"].clone());
            let reason = operation["reason"].as_str().unwrap_or_default();
            parts.push((SetGroupAddRequest::NAME, with(&answer, "reason", json!(reason))));
        }
    }
    Ok(parts)
}

/// Puts a mention of the sender in front of a reply.
fn mention_sender(event: &Value, reply: &mut Value) -> Result<(), Refusal> {
    let sender = event["sender"]["user_id"].as_i64().unwrap_or_default();
    match reply {
        // The server puts the text into a JSON string without escaping it, and parses that.
        Value::String(text) => *text = format!("[CQ:at,qq={sender}]{}", read_as_json(text)),
        Value::Array(segments) => {
            if !segments.iter().all(|segment| segment.is_object() || segment.is_null()) {
                let why = "an entry of the reply is not a segment";
                return Err(refuse(RefusalCode::AtSenderFailed).wording(why));
            }
            segments.insert(0, json!({ "type": "at", "data": { "qq": sender } }));
        }
        _ => {}
    }
    Ok(())
}

/// Reads a text as the inside of a JSON string, unescaped as it is.
fn read_as_json(text: &str) -> String {
    let mut escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    let within = end.map_or(text, |end| &text[..end]);
    if !within.contains('\\') {
        return within.to_owned();
    }
    // A backslash at the end escapes the closing quote.
    let within = if end.is_none() && escaped { format!("{within}\"") } else { within.to_owned() };
    unescape(within.as_bytes())
}

/// Resolves escapes, up to an invalid escape or a control character.
fn unescape(mut rest: &[u8]) -> String {
    let mut read = Vec::new();
    loop {
        let (byte, length) = match rest {
            [] | [..b' ', ..] | [b'\\'] => break,
            [b'\\', b'u', digits @ ..] => {
                let Some((character, length)) = unicode_escape(digits) else { break };
                read.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                rest = &rest[2 + length..];
                continue;
            }
            [b'\\', byte @ (b'"' | b'\\' | b'/'), ..] => (*byte, 2),
            [b'\\', b'b', ..] => (0x08, 2),
            [b'\\', b'f', ..] => (0x0c, 2),
            [b'\\', b'n', ..] => (b'\n', 2),
            [b'\\', b'r', ..] => (b'\r', 2),
            [b'\\', b't', ..] => (b'\t', 2),
            [b'\\', ..] => break,
            [byte, ..] => (*byte, 1),
        };
        read.push(byte);
        rest = &rest[length..];
    }
    String::from_utf8_lossy(&read).into_owned()
}

/// Returns the character of a `\u` escape, which may be a pair of them, and its length. Invalid digits count as 0.
fn unicode_escape(digits: &[u8]) -> Option<(char, usize)> {
    let number = |digits: &[u8]| {
        let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'));
        digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()).unwrap_or_default()
    };
    let first = number(digits.get(..4)?);
    let second = match digits.get(4..10) {
        Some([b'\\', b'u', second @ ..]) if (0xd800..0xe000).contains(&first) => Some(number(second)),
        _ => None,
    };
    let character = char::decode_utf16(std::iter::once(first).chain(second)).next();
    let character = character.and_then(Result::ok).unwrap_or(char::REPLACEMENT_CHARACTER);
    Some((character, if second.is_some() { 10 } else { 4 }))
}

fn reply(event: &Value, operation: &Value, in_group: bool, mention: bool) -> Result<(&'static str, Value), Refusal> {
    let (user, mut message) = (&event["user_id"], operation["reply"].clone());
    if mention {
        mention_sender(event, &mut message)?;
    }
    let escape = match &operation["auto_escape"] {
        Value::Bool(flag) => *flag,
        Value::String(text) => ["true", "yes", "1"].iter().any(|yes| text.eq_ignore_ascii_case(yes)),
        _ => false,
    };
    let message = json!({ "message": message, "auto_escape": escape });
    if in_group {
        return Ok((SendGroupMsg::NAME, with(&message, "group_id", event["group_id"].clone())));
    }
    let message = with(&message, "user_id", user.clone());
    // The event of a temporary session has the group only in its sender, where go-cqhttp does not look.
    Ok(match &event["group_id"] {
        Value::Null => (SendPrivateMsg::NAME, message),
        group => (SendPrivateMsg::NAME, with(&message, "group_id", group.clone())),
    })
}

/// Reads a flag as go-cqhttp reads those of quick operations: numbers and strings count too.
fn is_yes(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => ["true", "t", "1"].iter().any(|yes| text.eq_ignore_ascii_case(yes)),
        _ => false,
    }
}

/// Returns a copy of an object with one more entry.
fn with(object: &Value, key: &str, value: Value) -> Value {
    let mut object = object.clone();
    object[key] = value;
    object
}
