//! JSON text that is taken raw, and halves of emoji: JavaScript servers write a text that was cut inside an emoji with half of its pair of escapes, such as
//! `\ud83d` alone, which no string of Rust can hold.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// Returns the JSON text with U+FFFD in place of each escape that is half of a pair; `None` if it has none.
///
/// The text keeps its length.
pub(crate) fn without_halves(json: &str) -> Option<String> {
    let bytes = json.as_bytes();
    let mut repaired: Option<String> = None;
    // The part before `copied` is in `repaired`.
    let (mut copied, mut at) = (0, 0);
    while let Some(found) = memchr::memchr(b'\\', bytes.get(at..).unwrap_or_default()) {
        at += found;
        at += match (surrogate(bytes, at), surrogate(bytes, at + 6)) {
            (Some(0xD800..0xDC00), Some(0xDC00..0xE000)) => 12,
            (Some(_), _) => {
                let repaired = repaired.get_or_insert_with(|| String::with_capacity(json.len()));
                repaired.push_str(&json[copied..at]);
                repaired.push_str("\\ufffd");
                copied = at + 6;
                6
            }
            // An escape of two characters, or the start of a longer one whose other characters are not special.
            (None, _) => 2,
        };
    }
    repaired.map(|repaired| repaired + &json[copied..])
}

/// Returns the half of a pair that is escaped at `at`.
fn surrogate(json: &[u8], at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
    // `from_str_radix` takes a sign, too.
    let digits = digits.iter().all(u8::is_ascii_hexdigit).then(|| std::str::from_utf8(digits).ok())??;
    u16::from_str_radix(digits, 16).ok().filter(|unit| (0xD800..0xE000).contains(unit))
}

/// Reads raw JSON with serde. Of an emoji that was cut in half, U+FFFD is left.
pub(super) fn from_raw<T: DeserializeOwned>(raw: &RawValue) -> serde_json::Result<T> {
    serde_json::from_str(raw.get()).or_else(|error| match without_halves(raw.get()) {
        Some(repaired) => serde_json::from_str(&repaired),
        None => Err(error),
    })
}

/// The text of a raw JSON value that is a string; `None` for any other value.
pub(crate) fn raw_text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let quoted = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', quoted.as_bytes()).is_none() {
        return Some(Cow::Borrowed(quoted));
    }
    from_raw(raw).ok().map(Cow::Owned)
}

/// The text of a string, a number or a flag; `None` for null, a list and an object.
pub(crate) fn scalar_text(json: &RawValue) -> Option<Cow<'_, str>> {
    match json.get().as_bytes().first() {
        Some(b'"') => raw_text(json),
        Some(b'n' | b'[' | b'{') | None => None,
        Some(_) => Some(Cow::Borrowed(json.get())),
    }
}

#[cfg(test)]
mod tests {
    use super::without_halves;

    #[test]
    fn halves_are_replaced_and_nothing_else_is() {
        for (json, repaired) in [
            (r#""\ud83d""#, Some(r#""\ufffd""#)),
            (r#""\uDE00x""#, Some(r#""\ufffdx""#)),
            (r#""\ud83d\ude00""#, None),
            (r#""\ud83d\ud83d\ude00""#, Some(r#""\ufffd\ud83d\ude00""#)),
            (r#""\ude00\ud83d""#, Some(r#""\ufffd\ufffd""#)),
            (r#""\\ud83d""#, None),
            (r#""\\\ud83d""#, Some(r#""\\\ufffd""#)),
            (r#""\u4f60 \" \n""#, None),
            (r#""\ud8""#, None),
            (r#""\u+d83""#, None),
            ("\\", None),
            ("", None),
        ] {
            assert_eq!(without_halves(json).as_deref(), repaired, "{json}");
        }
    }
}
