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

/// Returns an error and its causes, on one line.
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line += &format!(": {error}");
        cause = error.source();
    }
    line
}
