//! Quick operations, carried out as go-cqhttp does: by the actions that they stand for.

use serde_json::{Value, json};

use super::{Fault, State, Via};
use crate::KnownAction;
use crate::action::{
    DeleteMsg, HandleQuickOperation, SendGroupMsg, SendPrivateMsg, SetFriendAddRequest, SetGroupAddRequest,
    SetGroupBan, SetGroupKick,
};

impl State {
    /// What a bot has answered to an event that was posted.
    pub(super) fn posted(&self, event: &str, operation: &Value) {
        let event: Value = serde_json::from_str(event).unwrap_or_default();
        self.call(HandleQuickOperation::NAME, &json!({ "context": event, "operation": operation }), Via::Webhook);
    }

    /// Carries out what the parameters of `.handle_quick_operation` say. What fails of it is not told.
    pub(super) fn quick_operation(&self, params: &[u8]) {
        let Ok(params) = serde_json::from_slice::<Value>(params) else { return };
        for (action, params) in parts(&params["context"], &params["operation"]) {
            self.call(action, &params, Via::QuickOperation);
        }
    }

    /// A call that no connection has brought, and that nothing goes wrong with.
    fn call(&self, action: &str, params: &Value, via: Via) {
        let (info, params) = (self.known(action), params.to_string());
        let call = self.calls.begin(action, info, params.as_bytes(), via, &Fault::None);
        self.calls.end(call, self.decide(info, params.as_bytes()));
    }
}

/// The actions that a quick operation stands for. There are none for what is neither a message nor a request.
fn parts(event: &Value, operation: &Value) -> Vec<(&'static str, Value)> {
    let is = |key: &str, value: &str| event[key] == value;
    let yes = |key: &str| operation[key] == true;
    let has = |key: &str| operation.get(key).is_some();
    let mut parts = Vec::new();
    if is("post_type", "message") && (is("message_type", "group") || is("message_type", "private")) {
        let in_group = is("message_type", "group");
        let anonymous = !event["anonymous"].is_null();
        if has("reply") {
            let mention = in_group && !anonymous && yes("at_sender");
            parts.push(reply(event, operation, in_group, mention));
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
    parts
}

fn reply(event: &Value, operation: &Value, in_group: bool, mention: bool) -> (&'static str, Value) {
    let (user, mut message) = (&event["user_id"], operation["reply"].clone());
    if mention {
        match &mut message {
            Value::String(text) => *text = format!("[CQ:at,qq={user}] {text}"),
            Value::Array(segments) => {
                let mention = json!({ "type": "at", "data": { "qq": user.to_string() } });
                segments.splice(0..0, [mention, json!({ "type": "text", "data": { "text": " " } })]);
            }
            _ => {}
        }
    }
    let escape = match &operation["auto_escape"] {
        Value::Bool(flag) => *flag,
        Value::String(text) => ["true", "yes", "1"].iter().any(|yes| text.eq_ignore_ascii_case(yes)),
        _ => false,
    };
    let message = json!({ "message": message, "auto_escape": escape });
    if in_group {
        return (SendGroupMsg::NAME, with(&message, "group_id", event["group_id"].clone()));
    }
    let message = with(&message, "user_id", user.clone());
    // A temporary session has its group within the sender.
    match &event["sender"]["group_id"] {
        Value::Null => (SendPrivateMsg::NAME, message),
        group => (SendPrivateMsg::NAME, with(&message, "group_id", group.clone())),
    }
}

/// An object with one entry more.
fn with(object: &Value, key: &str, value: Value) -> Value {
    let mut object = object.clone();
    object[key] = value;
    object
}
