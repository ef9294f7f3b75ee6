//! `send_group_msg` and its answer, as a program without this crate writes them down.

use serde::{Deserialize, Serialize};

#[derive(Serialize)]
pub struct SendGroupMsg<'a> {
    group_id: i64,
    message: [Segment<'a>; 1],
    auto_escape: bool,
}

#[derive(Serialize)]
struct Segment<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    data: Text<'a>,
}

#[derive(Serialize)]
struct Text<'a> {
    text: &'a str,
}

#[derive(Deserialize)]
pub struct Envelope<T> {
    pub status: String,
    pub retcode: i64,
    pub data: Option<T>,
    #[serde(default)]
    pub message: String,
}

#[derive(Deserialize)]
pub struct SentMessage {
    pub message_id: i64,
}

impl<'a> SendGroupMsg<'a> {
    pub fn text(group_id: i64, text: &'a str) -> Self {
        Self { group_id, message: [Segment { kind: "text", data: Text { text } }], auto_escape: false }
    }
}
