//! Frames of a WebSocket, told apart by their top level: an event, the answer to a call, or neither.

use cqhttp::{Event, Frame};
use serde_json::value::RawValue;

/// Looks at the input as the connection does, and at all of it.
pub fn check(input: &[u8]) {
    let found = Frame::peek(input);
    // A text frame is UTF-8.
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(Entries(entries)) = serde_json::from_str(text) else {
        // It stops where it knows enough, and may have found a call to tell, or an event. Half an emoji, which no text can hold, is
        // replaced before a frame is given up.
        let may_have_half = text.to_ascii_lowercase().contains("\\ud");
        assert!(may_have_half || !matches!(found, Frame::Stray { .. }), "{found:?}");
        return;
    };
    // A number that no parser takes, such as 1e400, hides what follows.
    let is_read = |value: &RawValue| serde_json::from_str::<f64>(value.get()).is_ok() || !is_number(value);
    if is_ambiguous(&entries) || !entries.iter().all(|(_, value)| is_read(value)) {
        return;
    }
    let value = |name: &str| entries.iter().find(|(key, _)| key == name).map(|(_, value)| value.get());
    let ours = value("echo").and_then(number_of);
    match (value("post_type"), ours) {
        (Some(_), Some(number)) => {
            assert!(matches!(found, Frame::Event(_)) || found == Frame::Answer(number), "{found:?}")
        }
        // A tag that no parser takes before the `post_type` hides it.
        (Some(_), None) => assert!(matches!(found, Frame::Event(_)) || Event::from_slice(input).is_err(), "{found:?}"),
        (None, Some(number)) => assert_eq!(found, Frame::Answer(number)),
        (None, None) if ["echo", "status", "retcode"].iter().any(|name| value(name).is_some()) => {
            let Frame::Stray { echo, retcode } = found else { panic!("{found:?}") };
            assert_eq!(echo == "missing", value("echo").is_none());
            assert_eq!(retcode, value("retcode").and_then(|code| code.trim_matches('"').parse().ok()));
        }
        (None, None) => assert!(matches!(found, Frame::Odd(_)), "{found:?}"),
    }
}

fn is_number(value: &RawValue) -> bool {
    value.get().starts_with(|first: char| first == '-' || first.is_ascii_digit())
}

/// The number of an echo of ours.
fn number_of(echo: &str) -> Option<u64> {
    let number = echo.strip_prefix("\"c")?.strip_suffix('"')?.parse().ok()?;
    (echo == format!("\"c{number}\"")).then_some(number)
}

/// Whether a name stands there twice.
fn is_ambiguous(entries: &[(String, Box<RawValue>)]) -> bool {
    let mut names: Vec<_> = entries.iter().map(|(name, _)| name).collect();
    names.sort();
    names.windows(2).any(|pair| pair[0] == pair[1])
}

/// The entries of a JSON object.
struct Entries(Vec<(String, Box<RawValue>)>);

impl<'de> serde::Deserialize<'de> for Entries {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Visitor)
    }
}

struct Visitor;

impl<'de> serde::de::Visitor<'de> for Visitor {
    type Value = Entries;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}
