//! Single fields of a JSON object, unread: to look at an object before, or without, reading all of it.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Returns the values of these keys; an absent one and null are `None`. Fails if the text is not an object, or has one of the keys
/// twice.
pub(crate) fn raw_fields<'de, const N: usize>(
    json: &'de [u8],
    keys: [&str; N],
) -> serde_json::Result<[Option<&'de RawValue>; N]> {
    let mut values = [None; N];
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    RawFields { keys: &keys, values: &mut values }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(values)
}

struct RawFields<'a, 'de> {
    keys: &'a [&'a str],
    values: &'a mut [Option<&'de RawValue>],
}

impl<'de> DeserializeSeed<'de> for RawFields<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RawFields<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut seen = vec![false; self.keys.len()];
        while let Some(index) = entries.next_key_seed(Index(self.keys))? {
            match index {
                Some(index) if seen[index] => {
                    return Err(Error::custom(format_args!("duplicate field `{}`", self.keys[index])));
                }
                Some(index) => {
                    seen[index] = true;
                    self.values[index] = entries.next_value()?;
                }
                None => drop(entries.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// Reads a key as its index among these; `None` for any other.
struct Index<'a>(&'a [&'a str]);

impl<'de> DeserializeSeed<'de> for Index<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Index<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|known| *known == key))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::raw_fields;

    #[test]
    fn a_field_is_found_wherever_it_stands_and_however_its_key_is_written() {
        let values = raw_fields(br#"{"x":{"b":0},"\u0061":[1, 2],"c":null}"#, ["a", "b", "c"]).unwrap();
        assert_eq!(values.map(|value| value.map(|raw| raw.get())), [Some("[1, 2]"), None, None]);
    }

    #[test]
    fn only_an_object_with_each_key_once_has_fields() {
        for json in [r#"{"a":null,"a":1}"#, r#"{"a":1"#, r#"{"a":1} x"#, r#"["a"]"#, "1", ""] {
            assert!(raw_fields(json.as_bytes(), ["a"]).is_err(), "{json}");
        }
        assert!(raw_fields(br#"{"x":1,"x":2}"#, ["a"]).is_ok());
    }

    #[test]
    fn only_a_value_that_is_taken_must_be_utf_8() {
        let json = b"{\"x\":\"\xff\",\"a\":1}";
        assert_eq!(raw_fields(json, ["a"]).unwrap()[0].map(|raw| raw.get()), Some("1"));
        assert!(raw_fields(json, ["x"]).is_err());
    }
}
