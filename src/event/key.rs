//! The keys by which an event and an answer are told apart.

use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer};

/// The keys that classify a JSON object: the tags of an event, and the marks of an answer.
#[derive(Clone, Copy)]
pub(crate) enum Key {
    PostType,
    MessageType,
    NoticeType,
    RequestType,
    MetaEventType,
    SubType,
    SelfId,
    Echo,
    Status,
    Retcode,
    Other,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_identifier(KeyName)
    }
}

/// Reads a [`Key`] by its name.
struct KeyName;

impl Visitor<'_> for KeyName {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, name: &str) -> Result<Key, E> {
        Ok(match name {
            "post_type" => Key::PostType,
            "message_type" => Key::MessageType,
            "notice_type" => Key::NoticeType,
            "request_type" => Key::RequestType,
            "meta_event_type" => Key::MetaEventType,
            "sub_type" => Key::SubType,
            "self_id" => Key::SelfId,
            "echo" => Key::Echo,
            "status" => Key::Status,
            "retcode" => Key::Retcode,
            _ => Key::Other,
        })
    }
}
