//! What a text frame is, by its shape.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// What a text frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// An event. Whether it can be read shows when it is decoded.
    Event,
    /// The answer to the call with this echo. Whether it can be read shows when it is decoded.
    Answer(u64),
    /// An answer without an echo of ours.
    Stray {
        /// What its echo is.
        echo: &'static str,
        /// Its retcode, where it has one.
        retcode: Option<i64>,
    },
    /// Neither of the two.
    Odd(&'static str),
}

impl Frame {
    /// Reads the top level of an object as far as it must.
    pub fn peek(json: &[u8]) -> Self {
        if json.starts_with(b"{\"post_type\":") {
            return Self::Event;
        }
        let mut seen = Seen::default();
        let mut json = serde_json::Deserializer::from_slice(json);
        let end = Top(&mut seen).deserialize(&mut json).and_then(|()| json.end());
        // Stopping early looks like a fault to the parser.
        match (seen, end) {
            (Seen { event: true, .. }, _) => Self::Event,
            (Seen { echo: Some(number), .. }, _) => Self::Answer(number),
            (_, Err(_)) => Self::Odd("it is no JSON object"),
            (Seen { answer: true, odd_echo, retcode, .. }, _) => {
                Self::Stray { echo: odd_echo.unwrap_or("missing"), retcode }
            }
            _ => Self::Odd("it is neither an event nor an answer"),
        }
    }
}

/// The echo of a call, as it goes out and comes back. No server takes it for a number.
pub(super) fn echo(number: u64) -> String {
    format!("c{number}")
}

#[derive(Default)]
struct Seen {
    event: bool,
    answer: bool,
    echo: Option<u64>,
    odd_echo: Option<&'static str>,
    retcode: Option<i64>,
}

impl Seen {
    fn echo(&mut self, json: &str) {
        self.answer = true;
        let digits = json.strip_prefix("\"c").and_then(|rest| rest.strip_suffix('"'));
        // Digits alone, as they were written: `+1` and `01` are others.
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

struct Top<'s>(&'s mut Seen);

impl<'de> DeserializeSeed<'de> for Top<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Key {
    PostType,
    Echo,
    Status,
    Retcode,
    #[serde(other)]
    Other,
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Self(seen) = self;
        while let Some(key) = entries.next_key()? {
            match key {
                Key::PostType => {
                    seen.event = true;
                    return Ok(());
                }
                Key::Echo => {
                    seen.echo(entries.next_value::<&RawValue>()?.get());
                    if seen.echo.is_some() {
                        return Ok(());
                    }
                }
                // A heartbeat has a `status` too.
                Key::Status => {
                    seen.answer = true;
                    entries.next_value::<IgnoredAny>()?;
                }
                Key::Retcode => {
                    seen.answer = true;
                    let retcode = entries.next_value::<&RawValue>()?.get();
                    seen.retcode = retcode.trim_matches('"').parse().ok();
                }
                Key::Other => drop(entries.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_told_apart_by_their_shape() {
        let stray = |echo, retcode| Frame::Stray { echo, retcode };
        for (json, frame) in [
            (r#"{"post_type":"message","#, Frame::Event),
            (r#"{"time":1,"status":{"online":true},"post_type":"meta_event"}"#, Frame::Event),
            (r#"{ "post_type" : "notice" }"#, Frame::Event),
            (r#"{"data":{"post_type":"message"},"echo":"c7","retcode":0,"status":"ok"}"#, Frame::Answer(7)),
            (r#"{"status":"ok","retcode":0,"data":null,"message":"","wording":"","echo":"c12"}"#, Frame::Answer(12)),
            // It breaks off behind the echo: that is for the call to say.
            (r#"{"data":null,"echo":"c7","ret"#, Frame::Answer(7)),
            (r#"{"echo":"c7"}"#, Frame::Answer(7)),
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
            (r#"{"data":nul,"echo":"c7"}"#, Frame::Odd("it is no JSON object")),
            (r#"{"retcode":1403}, {}"#, Frame::Odd("it is no JSON object")),
            ("[]", Frame::Odd("it is no JSON object")),
            ("\"post_type\"", Frame::Odd("it is no JSON object")),
            ("", Frame::Odd("it is no JSON object")),
        ] {
            assert_eq!(Frame::peek(json.as_bytes()), frame, "{json}");
        }
    }
}
