//! Reasons that are a sentence, and errors with their causes on one line.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

/// A reason that is a sentence. It is this crate's own, about the request itself: another attempt would fail too.
#[derive(Debug)]
pub(crate) struct Reason(pub(crate) Cow<'static, str>);

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Reason {}

/// A reason that is a time limit.
#[derive(Debug)]
pub(crate) struct TimedOut(pub(crate) String);

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for TimedOut {}

/// Returns an error and its causes, on one line whatever their texts contain. A cause that only repeats the end of what has been
/// said is left out.
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut line = one_line(&error.to_string());
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = one_line(&error.to_string());
        if !repeats(&line, &text) {
            line += ": ";
            line += &text;
        }
        cause = error.source();
    }
    line
}

/// Returns `true` if a text is the end of the line so far: some libraries print their cause and return it as well.
fn repeats(line: &str, text: &str) -> bool {
    let before = line.strip_suffix(text);
    before.is_some_and(|before| !before.ends_with(char::is_alphanumeric))
}

/// Joins the lines of a text by blanks. Other control characters, by which a server's text could change a terminal, are replaced.
pub(crate) fn one_line(text: &str) -> String {
    let is_break = |c: char| matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let lines = text.split(is_break).map(str::trim).filter(|line| !line.is_empty());
    let joined = lines.collect::<Vec<_>>().join(" ");
    joined.replace('\t', " ").replace(char::is_control, "\u{fffd}")
}

/// Returns the message for an HTTP status that redirects; `None` for any other.
pub(crate) fn redirects(status: u16) -> Option<String> {
    let secure = "often to `https://` or `wss://`";
    matches!(status, 301 | 302 | 303 | 307 | 308)
        .then(|| format!("the server redirects (HTTP status {status}), {secure}: give the address that it points to"))
}

/// A cause with the place, and perhaps a hint, before it.
#[cfg(any(feature = "http", feature = "ws"))]
#[derive(Debug)]
pub(crate) struct Hinted {
    pub(crate) hint: String,
    pub(crate) cause: Box<dyn StdError + Send + Sync>,
}

#[cfg(any(feature = "http", feature = "ws"))]
impl fmt::Display for Hinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hint)
    }
}

#[cfg(any(feature = "http", feature = "ws"))]
impl StdError for Hinted {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Caused(&'static str, Option<Box<Caused>>);

    impl fmt::Display for Caused {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl StdError for Caused {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            self.1.as_deref().map(|cause| cause as _)
        }
    }

    #[test]
    fn causes_are_on_one_line_and_none_is_there_twice() {
        let chain_of = |texts: &[&'static str]| {
            let caused = texts.iter().rev().fold(None, |cause, text| Some(Box::new(Caused(text, cause))));
            caused.map(|caused| chain(&*caused)).unwrap_or_default()
        };
        assert_eq!(chain_of(&["lost", "reset by peer", "code 1"]), "lost: reset by peer: code 1");
        assert_eq!(chain_of(&["lost", "protocol error: reset", "reset", "reset"]), "lost: protocol error: reset");
        assert_eq!(chain_of(&["connected", "ted"]), "connected: ted", "the end of a word is not a repetition");
        assert_eq!(
            chain_of(&["failed: Error: none\r\n    at f (a.mjs:1)\n\n  at g"]),
            "failed: Error: none at f (a.mjs:1) at g"
        );
        assert_eq!(chain_of(&["a\u{2028}b\u{85}c\u{b}d\te\u{1b}[31m\0"]), "a b c d e\u{fffd}[31m\u{fffd}");
    }
}
