//! The escapes of CQ codes.

use std::borrow::Cow;

use memchr::{memchr, memchr3};

/// Below this length, a loop over the bytes is faster than a search.
const MIN_SEARCHED: usize = 24;

/// Unescapes a text or a value. A comma need be escaped in values alone, but SnowLuma escapes it in texts as well.
pub(crate) fn unescape(text: &str) -> Cow<'_, str> {
    let Some(first) = find_ampersand(text) else { return Cow::Borrowed(text) };
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    let mut next = Some(first);
    while let Some(at) = next {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let (meant, length) = match rest.as_bytes() {
            [b'&', b'#', b'9', b'1', b';', ..] => ('[', 5),
            [b'&', b'#', b'9', b'3', b';', ..] => (']', 5),
            [b'&', b'#', b'4', b'4', b';', ..] => (',', 5),
            [b'&', b'a', b'm', b'p', b';', ..] => ('&', 5),
            _ => ('&', 1),
        };
        plain.push(meant);
        rest = &rest[length..];
        next = find_ampersand(rest);
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

fn find_ampersand(text: &str) -> Option<usize> {
    match text.len() < MIN_SEARCHED {
        true => text.bytes().position(|byte| byte == b'&'),
        false => memchr(b'&', text.as_bytes()),
    }
}

/// Appends a text with its special characters escaped.
pub(crate) fn escape_text(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = match rest.len() < MIN_SEARCHED {
        true => rest.bytes().position(|byte| matches!(byte, b'&' | b'[' | b']')),
        false => memchr3(b'&', b'[', b']', rest.as_bytes()),
    } {
        rest = escape_at(rest, at, out);
    }
    out.push_str(rest);
}

/// Appends a value with its special characters escaped; in a value, a comma is one.
pub(crate) fn escape_value(value: &str, out: &mut String) {
    if value.len() >= MIN_SEARCHED {
        return escape_long_value(value, out);
    }
    let mut rest = value;
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'&' | b'[' | b']' | b',')) {
        rest = escape_at(rest, at, out);
    }
    out.push_str(rest);
}

fn escape_long_value(value: &str, out: &mut String) {
    let mut rest = value;
    // The part before the next comma is a text without commas.
    while let Some(comma) = memchr(b',', rest.as_bytes()) {
        escape_text(&rest[..comma], out);
        out.push_str("&#44;");
        rest = &rest[comma + 1..];
    }
    escape_text(rest, out);
}

/// Appends the characters up to the special one at `at`, and that one escaped. Returns those after it.
fn escape_at<'a>(text: &'a str, at: usize, out: &mut String) -> &'a str {
    out.push_str(&text[..at]);
    out.push_str(match text.as_bytes()[at] {
        b'&' => "&amp;",
        b'[' => "&#91;",
        b']' => "&#93;",
        _ => "&#44;",
    });
    &text[at + 1..]
}

#[cfg(test)]
mod tests {
    use super::{escape_text, escape_value, unescape};

    /// Returns the text escaped character by character.
    fn plainly(text: &str, value: bool) -> String {
        let escaped = |character: char| match character {
            '&' => "&amp;".to_owned(),
            '[' => "&#91;".to_owned(),
            ']' => "&#93;".to_owned(),
            ',' if value => "&#44;".to_owned(),
            other => other.to_string(),
        };
        text.chars().map(escaped).collect()
    }

    #[test]
    fn texts_of_any_length_are_escaped_and_unescaped() {
        for unit in ["", "a", "&", "[]", "a,b", "你好, [CQ:at,qq=1] & &amp; 好", "plain words, and a comma; no bracket"]
        {
            for text in (0..20).map(|times| unit.repeat(times)) {
                let (mut as_text, mut as_value) = (String::new(), String::new());
                escape_text(&text, &mut as_text);
                escape_value(&text, &mut as_value);
                assert_eq!(as_text, plainly(&text, false));
                assert_eq!(as_value, plainly(&text, true));
                assert_eq!(unescape(&as_text), text);
                assert_eq!(unescape(&as_value), text);
            }
        }
    }
}
