//! The references: `send_group_msg` and its answer, events and CQ codes, written by hand as in a program without this crate.

pub mod cq;
pub mod events;

use serde::{Deserialize, Serialize};

/// The parameters of `send_group_msg`.
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

/// The envelope of every answer.
#[derive(Deserialize)]
pub struct Envelope<T> {
    /// `ok` or `failed`.
    pub status: String,
    /// 0 if the call succeeded.
    pub retcode: i64,
    /// The answer itself.
    pub data: Option<T>,
    /// The reason of a failure.
    #[serde(default)]
    pub message: String,
}

/// The answer of `send_group_msg`.
#[derive(Deserialize)]
pub struct SentMessage {
    /// The message's id.
    pub message_id: i64,
}

impl<'a> SendGroupMsg<'a> {
    /// Returns the parameters that send `text` to a group.
    pub fn text(group_id: i64, text: &'a str) -> Self {
        Self { group_id, message: [Segment { kind: "text", data: Text { text } }], auto_escape: false }
    }
}
