//! Decoding large answers, without a network: generated types against hand-written structs for exactly that answer.
//!
//! The answers are go-cqhttp's: a list of members, a merged forward, and a page of a history. A round is one batch
//! through each side in turn, so that other load on the machine affects both; a ratio compares the two batches of one
//! round.

#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

use std::hint::black_box;

use cqhttp::Action;
use cqhttp::action::{GetForwardMsg, GetGroupMemberList, GetGroupMsgHistory};
use cqhttp_benches::rounds::{Case, measure};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn main() {
    let members = decoding::<GetGroupMemberList, Vec<by_hand::Member>>("3,000 members", members(3_000));
    let forward = decoding::<GetForwardMsg, by_hand::Forward>("a forward of 500 messages", forward(500));
    let history = decoding::<GetGroupMsgHistory, by_hand::History>("a history of 20 messages", history(20));
    measure("decode a large answer", &[members, forward, history], true);
}

fn decoding<A: Action, R: DeserializeOwned + 'static>(name: &str, answer: String) -> Case {
    let other = answer.clone();
    Case::new(
        name,
        move || drop(black_box(cqhttp::__private::answer_data::<A::Response>(black_box(&answer)).expect("it decodes"))),
        move || drop(black_box(serde_json::from_str::<R>(black_box(&other)).expect("it decodes"))),
    )
}

fn members(count: i64) -> String {
    let member = |index: i64| {
        json!({
            "age": 0, "area": "", "card": if index % 3 == 0 { "群里的小明" } else { "" }, "card_changeable": false,
            "group_id": 10_001_000, "join_time": 1_600_000_000 + index, "last_sent_time": 1_700_000_000 - index,
            "level": "12", "nickname": format!("小明 {index}"), "role": if index < 10 { "admin" } else { "member" },
            "sex": "unknown", "shut_up_timestamp": 0, "title": "", "title_expire_time": 0, "unfriendly": false,
            "user_id": 10_086 + index,
        })
    };
    (0..count).map(member).collect::<Value>().to_string()
}

fn forward(count: i64) -> String {
    let message = |index: i64| {
        json!({
            "content": segments(index), "group_id": 10_001_000,
            "sender": { "nickname": "小明", "user_id": 10_086 + index }, "time": 1_700_000_000 + index,
        })
    };
    json!({ "messages": (0..count).map(message).collect::<Value>() }).to_string()
}

fn history(count: i64) -> String {
    let message = |index: i64| {
        // go-cqhttp sends the tags first, and other keys sorted.
        let tags = format!(
            r#""post_type":"message","message_type":"group","time":{},"self_id":10010,"sub_type":"normal","#,
            1_700_000_000 + index
        );
        let others = json!({
            "anonymous": null, "font": 0, "group_id": 10_001_000, "message": segments(index),
            "message_id": -1_234_500_000 + index, "message_seq": 4_200 + index, "raw_message": "你好, see the list below",
            "sender": {
                "age": 0, "area": "", "card": "群里的小明", "level": "", "nickname": "小明", "role": "member",
                "sex": "unknown", "title": "", "user_id": 10_086 + index,
            },
            "user_id": 10_086 + index,
        });
        others.to_string().replacen('{', &format!("{{{tags}"), 1)
    };
    let messages: Vec<String> = (0..count).map(message).collect();
    format!(r#"{{"messages":[{}]}}"#, messages.join(","))
}

/// Returns the segments of a message: most are a text, some also hold a mention, a face or an image.
fn segments(index: i64) -> Value {
    let text = json!({ "type": "text", "data": { "text": "大家晚上好，今天的会议改到八点。" } });
    match index % 4 {
        0 => json!([{ "type": "at", "data": { "qq": "10086" } }, text]),
        1 => json!([text, { "type": "face", "data": { "id": "178" } }]),
        2 => json!([text, { "type": "image", "data": {
            "file": "5d41402abc4b2a76b9719d911017c592.image", "subType": "0", "url": "https://example.com/cat.png?x=1&y=2",
        } }]),
        _ => json!([text]),
    }
}

/// Types written by hand with serde: they read exactly what go-cqhttp sends.
mod by_hand {
    #![allow(dead_code, reason = "decoded, not looked at")]

    use cqhttp_benches::by_hand::events::{GroupMessage, Role, Segment, Sex};
    use serde::Deserialize;

    #[derive(Deserialize)]
    pub(crate) struct Member {
        group_id: i64,
        user_id: i64,
        nickname: String,
        card: String,
        sex: Sex,
        age: i32,
        area: String,
        join_time: i64,
        last_sent_time: i64,
        shut_up_timestamp: i64,
        level: String,
        role: Role,
        unfriendly: bool,
        title: String,
        title_expire_time: i64,
        card_changeable: bool,
    }

    #[derive(Deserialize)]
    pub(crate) struct Forward {
        messages: Vec<Forwarded>,
    }

    #[derive(Deserialize)]
    struct Forwarded {
        content: Vec<Segment>,
        group_id: i64,
        sender: Sender,
        time: i64,
    }

    #[derive(Deserialize)]
    struct Sender {
        nickname: String,
        user_id: i64,
    }

    #[derive(Deserialize)]
    pub(crate) struct History {
        messages: Vec<GroupMessage<Vec<Segment>>>,
    }
}
