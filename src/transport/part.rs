//! The distinction between the parts of a streamed answer and its last response.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Returns `true` if a response is a part of a streamed answer, which others follow: `type` in its `data` is `stream`, and its
/// `status`, if that comes first, is not `failed`. Reading stops there, so that a part is not read to its end.
pub(crate) fn is_part(body: &[u8]) -> bool {
    let mut kind = None;
    // Stopping early looks like a fault to the parser.
    let _ = Envelope(&mut kind).deserialize(&mut serde_json::Deserializer::from_slice(body));
    kind == Some(true)
}

/// Reads an envelope until it is known whether it is a part.
struct Envelope<'a>(&'a mut Option<bool>);

/// Reads the `data` of an envelope likewise.
struct Data<'a>(&'a mut Option<bool>);

/// The error that ends the reading.
fn stop<E: Error>() -> E {
    E::custom("it is known")
}

impl<'de> DeserializeSeed<'de> for Envelope<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Envelope<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(key) = entries.next_key::<&RawValue>()? {
            match key.get() {
                "\"status\"" if is_text(&mut entries, "\"failed\"")? => {
                    *self.0 = Some(false);
                    return Err(stop());
                }
                "\"status\"" => {}
                "\"data\"" => {
                    entries.next_value_seed(Data(self.0))?;
                    return Err(stop());
                }
                _ => drop(entries.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Data<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Data<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(key) = entries.next_key::<&RawValue>()? {
            if key.get() == "\"type\"" {
                *self.0 = Some(is_text(&mut entries, "\"stream\"")?);
                return Err(stop());
            }
            entries.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// Reads a value, and returns `true` if it is this JSON text.
fn is_text<'de, A: MapAccess<'de>>(entries: &mut A, json: &str) -> Result<bool, A::Error> {
    Ok(entries.next_value::<&'de RawValue>()?.get() == json)
}

#[cfg(test)]
mod tests {
    use super::is_part;

    #[test]
    fn a_part_is_told_by_its_type() {
        for (json, part) in [
            (r#"{"status":"ok","retcode":0,"data":{"type":"stream","data":"AAAA"},"echo":"c1"}"#, true),
            (r#"{"data":{"index":0,"type":"stream"},"status":"ok"}"#, true),
            // The rest is read when the part is decoded.
            (r#"{"status":"ok","data":{"type":"stream","da"#, true),
            (r#"{"status":"ok","data":{"type":"response"}}"#, false),
            (r#"{"status":"ok","data":{"type":"error"}}"#, false),
            (r#"{"status":"failed","retcode":1200,"data":{"type":"stream"}}"#, false),
            (r#"{"status":"ok","data":{"file":{"type":"stream"}}}"#, false),
            (r#"{"status":"ok","data":["type","stream"]}"#, false),
            (r#"{"status":"ok","data":null}"#, false),
            (r#"{"type":"stream"}"#, false),
            (r#"{"status":"ok","da"#, false),
            ("[]", false),
            ("", false),
        ] {
            assert_eq!(is_part(json.as_bytes()), part, "{json}");
        }
    }
}
