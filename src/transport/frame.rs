//! Classification of text frames by their shape.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::event::header::{EventHeader, Tags, repaired};
use crate::event::key::Key;

/// The kind of a text frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// An event, with its header. It may still fail to decode.
    Event(EventHeader),
    /// The answer to the call with this echo. It may still fail to decode.
    Answer(u64),
    /// An answer without an echo of this process.
    Stray {
        /// Its echo, in words.
        echo: &'static str,
        /// Its retcode, if it has one.
        retcode: Option<i64>,
    },
    /// Neither an event nor an answer, for this reason.
    Odd(&'static str),
}

impl Frame {
    /// Reads the top level of an object, as far as needed.
    pub fn peek(bytes: &[u8]) -> Self {
        if let Some(header) = EventHeader::leading(bytes) {
            return Self::Event(header);
        }
        if let Some(number) = echo_of_part(bytes) {
            return Self::Answer(number);
        }
        let mut seen = Seen::default();
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let end = Top(&mut seen).deserialize(&mut json).and_then(|()| json.end());
        // Stopping early looks like a fault to the parser.
        match (seen, end) {
            (Seen { event: true, tags, .. }, _) => Self::Event(tags.header()),
            (Seen { echo: Some(number), .. }, _) => Self::Answer(number),
            (_, Err(_)) => match repaired(bytes) {
                Some(json) => Self::peek(json.as_bytes()),
                None => Self::Odd("it is not a JSON object"),
            },
            (Seen { answer: true, odd_echo, retcode, .. }, _) => {
                Self::Stray { echo: odd_echo.unwrap_or("missing"), retcode }
            }
            _ => Self::Odd("it is neither an event nor an answer"),
        }
    }
}

/// The mark of a response that is one of several. It stands before or after the echo.
const STREAM_MARK: &[u8] = br#","stream":"stream-action""#;

/// Returns the part of a response that can hold the mark of a streamed answer.
fn end_of(bytes: &[u8]) -> &[u8] {
    &bytes[bytes.len().saturating_sub(256)..]
}

/// Returns `true` if a response is marked as one of several.
#[cfg(feature = "ws")]
pub(super) fn is_streamed(bytes: &[u8]) -> bool {
    memchr::memmem::find(end_of(bytes), STREAM_MARK).is_some()
}

/// Returns the echo at the end of a response that is marked as one of several, without reading what is before it: a piece of a
/// file is long. An unescaped quotation mark is never inside a text, so that these are keys of the outermost object.
fn echo_of_part(bytes: &[u8]) -> Option<u64> {
    bytes.starts_with(b"{\"status\":").then_some(())?;
    let end = end_of(bytes).trim_ascii_end().strip_suffix(b"}")?;
    let end = end.strip_suffix(STREAM_MARK).or_else(|| {
        let mark = memchr::memmem::rfind(end, STREAM_MARK)?;
        end[mark + STREAM_MARK.len()..].starts_with(b",\"echo\":").then_some(end)
    })?;
    let digits = end.strip_suffix(b"\"")?;
    let at = memchr::memrchr(b'c', digits)?;
    let (before, number) = (&digits[..at], std::str::from_utf8(&digits[at + 1..]).ok()?);
    before.ends_with(b",\"echo\":\"").then_some(())?;
    number.parse().ok().filter(|parsed| echo(*parsed)[1..] == *number)
}

/// Returns the echo of a call on the wire. No server mistakes it for a number.
pub(crate) fn echo(number: u64) -> String {
    format!("c{number}")
}

#[derive(Default)]
struct Seen<'a> {
    tags: Tags<'a>,
    event: bool,
    answer: bool,
    echo: Option<u64>,
    odd_echo: Option<&'static str>,
    retcode: Option<i64>,
}

impl Seen<'_> {
    fn echo(&mut self, json: &str) {
        self.answer = true;
        let digits = json.strip_prefix("\"c").and_then(|rest| rest.strip_suffix('"'));
        // Only the digits as they were written: `+1` and `01` are other echoes.
        self.echo = digits.and_then(|digits| digits.parse().ok().filter(|number| echo(*number)[1..] == *digits));
        self.odd_echo = Some(match json.as_bytes().first() {
            Some(b'"') => "another string",
            Some(b'n') => "null",
            Some(b'{') => "an object",
            Some(b'[') => "a list",
            Some(b't' | b'f') => "a bool",
            _ => "a number",
        });
    }
}

struct Top<'s, 'de>(&'s mut Seen<'de>);

impl<'de> DeserializeSeed<'de> for Top<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Top<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Self(seen) = self;
        while let Some(key) = entries.next_key()? {
            match key {
                Key::Echo if !seen.event => {
                    seen.echo(entries.next_value::<&RawValue>()?.get());
                    if seen.echo.is_some() {
                        return Ok(());
                    }
                }
                // A heartbeat has a `status` too.
                Key::Status if !seen.event => {
                    seen.answer = true;
                    entries.next_value::<IgnoredAny>()?;
                }
                Key::Retcode if !seen.event => {
                    seen.answer = true;
                    let retcode = entries.next_value::<&RawValue>()?.get();
                    seen.retcode = retcode.trim_matches('"').parse().ok();
                }
                key => {
                    seen.event |= matches!(key, Key::PostType);
                    seen.tags.read_value(key, &mut entries)?;
                    if seen.event && seen.tags.are_complete() {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated::event::EventKind;
    use crate::generated::types::UserId;

    #[test]
    fn frames_are_told_apart_by_their_shape() {
        let event = |kind, self_id: Option<i64>| Frame::Event(EventHeader { kind, self_id: self_id.map(UserId::new) });
        for (json, frame) in [
            (r#"{"post_type":"message","#, event(EventKind::Unknown, None)),
            (r#"{"time":1,"status":{"online":true},"post_type":"meta_event"}"#, event(EventKind::Unknown, None)),
            (r#"{ "post_type" : "notice" }"#, event(EventKind::Unknown, None)),
            (
                r#"{"post_type":"message","message_type":"group","time":1,"self_id":10010,"#,
                event(EventKind::GroupMessage, Some(10010)),
            ),
            (
                r#"{"self_id":"10010","echo":"c7","retcode":0,"message_type":"group","post_type":"message"}"#,
                Frame::Answer(7),
            ),
            (
                r#"{"self_id":"10010","message_type":"group","post_type":"message","echo":"c7","retcode":0}"#,
                event(EventKind::GroupMessage, Some(10010)),
            ),
            (
                r#"{"post_type":"notice","notice_type":"notify","echo":"c7","sub_type":"poke","self_id":1}"#,
                event(EventKind::PokeNotice, Some(1)),
            ),
            (
                r#"{"self_id":1,"sub_type":"a\ud83d","message_type":"private","post_type":"message"}"#,
                event(EventKind::PrivateMessage, Some(1)),
            ),
            (r#"{"post_type":"meta_event","meta_event_type":"heartbeat"}"#, event(EventKind::Heartbeat, None)),
            (r#"{"data":{"post_type":"message"},"echo":"c7","retcode":0,"status":"ok"}"#, Frame::Answer(7)),
            (r#"{"status":"ok","retcode":0,"data":null,"message":"","wording":"","echo":"c12"}"#, Frame::Answer(12)),
        ] {
            assert_eq!(Frame::peek(json.as_bytes()), frame, "{json}");
        }
    }

    #[test]
    fn answers_are_told_by_their_echo() {
        let stray = |echo, retcode| Frame::Stray { echo, retcode };
        for (json, frame) in [
            // It breaks off behind the echo: the call reports that.
            (r#"{"data":null,"echo":"c7","ret"#, Frame::Answer(7)),
            (r#"{"echo":"c7"}"#, Frame::Answer(7)),
            // What is before the echo of a part is not read.
            (r#"{"status":"ok","data":{"x":…},"message":"","echo":"c7","stream":"stream-action"}"#, Frame::Answer(7)),
            (r#"{"status":"ok","data":{"x":…},"stream":"stream-action","echo":"c7"}"#, Frame::Answer(7)),
            (r#"{"status":"ok","echo":"c07","stream":"stream-action"}"#, stray("another string", None)),
            (r#"{"status":"ok","a":",\"echo\":\"c7\",\"stream\":\"stream-action\""}"#, stray("missing", None)),
            (r#"{"echo":"c07","retcode":0}"#, stray("another string", Some(0))),
            (r#"{"echo":"c+7","retcode":0}"#, stray("another string", Some(0))),
            (r#"{"echo":"7","retcode":0}"#, stray("another string", Some(0))),
            (r#"{"echo":7,"retcode":0}"#, stray("a number", Some(0))),
            (r#"{"echo":{"c7":"c7"},"retcode":"0"}"#, stray("an object", Some(0))),
            (r#"{"echo":["c7"],"status":"ok"}"#, stray("a list", None)),
            (r#"{"echo":true,"status":"ok"}"#, stray("a bool", None)),
            (r#"{"status":"failed","retcode":1403,"data":null,"echo":null}"#, stray("null", Some(1403))),
            (r#"{"status":"ok","retcode":0}"#, stray("missing", Some(0))),
            (r#"{"data":"\"echo\":\"c7\"","retcode":0}"#, stray("missing", Some(0))),
            (r#"{"data":{"echo":"c7"}}"#, Frame::Odd("it is neither an event nor an answer")),
            ("{}", Frame::Odd("it is neither an event nor an answer")),
            (r#"{"data":nul,"echo":"c7"}"#, Frame::Odd("it is not a JSON object")),
            (r#"{"retcode":1403}, {}"#, Frame::Odd("it is not a JSON object")),
            ("[]", Frame::Odd("it is not a JSON object")),
            ("\"post_type\"", Frame::Odd("it is not a JSON object")),
            ("", Frame::Odd("it is not a JSON object")),
        ] {
            assert_eq!(Frame::peek(json.as_bytes()), frame, "{json}");
        }
    }
}
