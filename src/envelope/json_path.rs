//! The path to the value at which decoding a JSON text failed, found from the line and column of the error.

use std::fmt::{self, Write};

use serde::Deserializer;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Returns the path to the value that `error` is about, such as `data.members[3].user_id`; empty for the text as a whole.
pub(crate) fn path_of(json: &[u8], error: &serde_json::Error) -> String {
    let mut path = String::new();
    // The error's position is just behind the last byte that was read. An object or a list in the wrong place is not read
    // at all: then that byte is the colon before it, or what separates it from the value before.
    let Some(mut at) = offset(json, error).and_then(|offset| offset.checked_sub(1)) else { return path };
    if matches!(json.get(at), Some(b':' | b',' | b' ' | b'\n' | b'\r' | b'\t')) {
        let blanks = json[at + 1..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        at += 1 + blanks;
    }
    // Invalid UTF-8 is reported where it begins. Up to there, the lossy text is byte for byte the original.
    let text = String::from_utf8_lossy(json);
    if let Err(error) = std::str::from_utf8(json) {
        at = at.min(error.valid_up_to());
    }
    let json = text.as_bytes();
    let mut rest = Some(json);
    while let Some((step, value)) = rest.and_then(|rest| child(rest, json.as_ptr() as usize + at)) {
        // Writing into a string cannot fail.
        let _ = match step {
            Step::Name(name) if path.is_empty() => path.write_str(&name),
            Step::Name(name) => write!(path, ".{name}"),
            Step::Index(index) => write!(path, "[{index}]"),
        };
        rest = value.map(|value| value.get().as_bytes());
    }
    path
}

fn offset(json: &[u8], error: &serde_json::Error) -> Option<usize> {
    let before = error.line().checked_sub(1)?;
    let lines = json.split_inclusive(|byte| *byte == b'\n').take(before);
    Some(lines.map(<[u8]>::len).sum::<usize>() + error.column())
}

enum Step {
    Name(String),
    Index(usize),
}

/// A part of an object or a list: its name or index, and its value if that is JSON.
type Part<'a> = (Step, Option<&'a RawValue>);

/// Returns the part of an object or a list that holds the byte at `address`, or whose value is not JSON.
fn child(json: &[u8], address: usize) -> Option<Part<'_>> {
    let mut parts = Vec::new();
    // An unreadable value ends the reading; the parts before it are kept.
    let _ = serde_json::Deserializer::from_slice(json).deserialize_any(Parts(&mut parts));
    parts.into_iter().find(|(_, value)| {
        let Some(value) = value else { return true };
        let begin = value.get().as_ptr() as usize;
        (begin..begin + value.get().len()).contains(&address)
    })
}

/// Collects the parts of an object or a list, without decoding their values.
struct Parts<'p, 'de>(&'p mut Vec<Part<'de>>);

impl<'de> Visitor<'de> for Parts<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key()? {
            let value = map.next_value();
            self.0.push((Step::Name(name), value.as_ref().ok().copied()));
            value?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        loop {
            let item = items.next_element();
            match item {
                Ok(None) => return Ok(()),
                Ok(Some(value)) => self.0.push((Step::Index(self.0.len()), Some(value))),
                Err(error) => {
                    self.0.push((Step::Index(self.0.len()), None));
                    return Err(error);
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "tests fail by panicking")]
mod tests {
    use serde::Deserialize;

    use super::path_of;

    #[derive(Deserialize)]
    struct Outer {
        #[serde(rename = "inner")]
        _inner: Vec<Inner>,
    }

    #[derive(Deserialize)]
    struct Inner {
        #[serde(rename = "id")]
        _id: i64,
    }

    #[test]
    fn the_path_leads_to_the_value_that_is_wrong() {
        for (json, path) in [
            (r#"{"inner":[{"id":1},{"id":"x"}]}"#, "inner[1].id"),
            ("{\n  \"x\": 1,\n  \"inner\": [\n    {\"id\": true}\n  ]\n}", "inner[0].id"),
            (r#"{"inner":[{"id":1},{"x":[1]}]}"#, "inner[1]"),
            (r#"{"inner":[7]}"#, "inner[0]"),
            (r#"{"inner":{}}"#, "inner"),
            (r#"{"inner":null}"#, "inner"),
            (r#"{"x":"]}"}"#, ""),
            (r#""text""#, ""),
        ] {
            let error = serde_json::from_str::<Outer>(json).err().expect("it does not decode");
            assert_eq!(path_of(json.as_bytes(), &error), path, "{json}: {error}");
        }
    }
}
