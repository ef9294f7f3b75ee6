//! Warnings: the parts of a JSON text that could not be read and were passed over.

use std::collections::BTreeSet;
use std::fmt::{self, Write};
use std::sync::Mutex;

use crate::sync::lock;

/// A part of an event or an answer that could not be read and was passed over: a field that is `None` or empty for this reason,
/// or an element that was left out of its list.
///
/// The text that was received still has the part: see `Received::raw` and [`WithRaw::text`](crate::WithRaw::text). In the log, the path
/// stands behind the event's or action's name, with `[]` in place of an index.
///
/// The content of a segment causes no warning: a value that does not fit stays in the segment's `extra`, and a segment without a
/// required field is a [`Segment::Unknown`](crate::Segment::Unknown).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecodeWarning {
    path: String,
    reason: String,
}

impl DecodeWarning {
    /// Returns the path to the part, such as `sender.age` or `messages[3]`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the reason, such as *a string where an integer is expected*. It quotes nothing of the text.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Returns the path without the indices of lists: `messages[].sender.age`.
    fn pattern(&self) -> String {
        let mut pattern = String::with_capacity(self.path.len());
        let mut rest = &*self.path;
        while let Some((before, after)) = rest.split_once('[') {
            pattern.push_str(before);
            pattern.push_str("[]");
            rest = after.split_once(']').map_or("", |(_, after)| after);
        }
        pattern.push_str(rest);
        pattern
    }

    fn enter(&mut self, step: Step<'_>) {
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        let mut path = String::with_capacity(self.path.len() + 16);
        // Writing into a string cannot fail.
        let _ = write!(path, "{step}{separator}{}", self.path);
        self.path = path;
    }
}

/// Logs the paths that were passed over, each once per process.
pub(crate) fn log(of: &str, warnings: &[DecodeWarning]) {
    static LOGGED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    for warning in warnings {
        let path = cut(format!("{of}.{}", warning.pattern()));
        let mut logged = lock(&LOGGED);
        if logged.len() < MAX_LOGGED && logged.insert(path.clone()) {
            drop(logged);
            let (version, reason) = (env!("CARGO_PKG_VERSION"), warning.reason());
            tracing::warn!(path, reason, version, "a part that cannot be read is passed over; please report this line");
        }
    }
}

/// Cuts a path to the length that is logged and kept.
fn cut(mut path: String) -> String {
    if let Some((end, _)) = path.char_indices().nth(MAX_PATH) {
        path.truncate(end);
        path.push('…');
    }
    path
}

/// The number of characters that are logged of a path, which may have keys of the server.
const MAX_PATH: usize = 200;

/// The number of paths that are logged. A server that sends ever new keys does not fill the log, or the memory.
const MAX_LOGGED: usize = 1_000;

impl fmt::Display for DecodeWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.path {
            "" => f.write_str(&self.reason),
            path => write!(f, "`{path}`: {}", self.reason),
        }
    }
}

impl fmt::Debug for DecodeWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A step on the path to a value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step<'a> {
    Name(&'a str),
    Index(usize),
}

impl fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// A value that does not fit its type, with the path to the part that does not.
#[derive(Debug)]
pub struct Unfit(Box<Misfit>);

#[derive(Debug)]
struct Misfit {
    warning: DecodeWarning,
    /// `true` if the value itself is a text, a flag or a number, and an object is expected.
    scalar: bool,
    /// A reason that may quote the text: for an error, which keeps the text anyway, and not for a warning.
    quoting: Option<Box<str>>,
}

impl Unfit {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        let warning = DecodeWarning { path: String::new(), reason: reason.into() };
        Self(Box::new(Misfit { warning, scalar: false, quoting: None }))
    }

    /// The value does not fit for this reason, which may quote it.
    pub(crate) fn quoting(reason: &dyn fmt::Display) -> Self {
        let mut unfit = Self::new("it does not fit its type");
        unfit.0.quoting = Some(reason.to_string().into());
        unfit
    }

    /// The value is of one kind, and another is expected.
    pub(crate) fn kind(found: &str, expected: &str) -> Self {
        Self::new(format!("{found} where {expected} is expected"))
    }

    /// A required field came under none of its names.
    pub(crate) fn missing(field: &str) -> Self {
        Self::new("it is missing").within(Step::Name(field))
    }

    /// Adds the step that leads to the value.
    pub(crate) fn within(mut self, step: Step<'_>) -> Self {
        self.0.warning.enter(step);
        self.0.scalar = false;
        self
    }

    /// Notes that the value itself is a text, a flag or a number, where an object is expected.
    pub(crate) fn set_scalar(&mut self) {
        self.0.scalar = true;
    }

    /// Returns `true` for a text, a flag or a number in place of an object.
    pub(crate) fn is_scalar(&self) -> bool {
        self.0.scalar
    }

    /// Returns the path and the reason, for an error.
    pub(crate) fn into_warning(self) -> DecodeWarning {
        let Misfit { mut warning, quoting, .. } = *self.0;
        if let Some(reason) = quoting {
            warning.reason = reason.into();
        }
        warning
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.warning.fmt(f)
    }
}

/// The number of warnings that one text can have. Further ones are not kept.
const MAX_WARNINGS: usize = 100;

/// The number of forwards that can stand in each other, so that reading them takes little stack.
const MAX_FORWARDS: usize = 40;

/// The state of the text around the one that is read.
#[derive(Debug)]
pub(crate) struct OuterText {
    warnings: usize,
    exact: bool,
    inexact: bool,
}

impl OuterText {
    /// Returns the mark of the warnings before the inner text.
    pub(crate) fn warnings(&self) -> usize {
        self.warnings
    }
}

/// The state of decoding one text.
#[derive(Debug, Default)]
pub struct Context {
    warnings: Vec<DecodeWarning>,
    forwards: usize,
    /// `true` if the text is read once more, with all values of segments taken raw, or cannot be read once more.
    exact: bool,
    /// `true` if a segment is out of order, and the text has to be read once more.
    inexact: bool,
    /// `true` for a type that no server sends.
    strict: bool,
}

impl Context {
    /// Creates the state for a text that cannot be read twice.
    pub(crate) fn exact() -> Self {
        Self { exact: true, ..Self::default() }
    }

    /// Creates the state for a type that no server sends, of which nothing is assumed.
    pub(crate) fn strict() -> Self {
        Self { strict: true, ..Self::exact() }
    }

    pub(crate) fn is_strict(&self) -> bool {
        self.strict
    }

    /// Returns `true` if values that are kept are taken raw.
    pub(crate) fn is_exact(&self) -> bool {
        self.exact
    }

    /// Notes that a segment is out of order.
    pub(crate) fn note_inexact(&mut self) {
        self.inexact = true;
    }

    /// Returns `true` if the text has to be read once more.
    pub(crate) fn is_inexact(&self) -> bool {
        self.inexact && !self.exact
    }

    /// Begins to read a text, perhaps inside another one.
    pub(crate) fn begin_text(&mut self) -> OuterText {
        OuterText {
            warnings: self.mark(),
            exact: std::mem::take(&mut self.exact),
            inexact: std::mem::take(&mut self.inexact),
        }
    }

    /// Ends the reading of a text.
    pub(crate) fn end_text(&mut self, outer: OuterText) {
        (self.exact, self.inexact) = (outer.exact, outer.inexact);
    }

    /// Prepares for reading the text once more, with all values of segments taken raw. Returns `false` if they were already.
    pub(crate) fn make_exact(&mut self, outer: &OuterText) -> bool {
        self.reset(outer.warnings);
        !std::mem::replace(&mut self.exact, true)
    }

    /// Returns the number of warnings so far, for [`reset`](Self::reset).
    pub(crate) fn mark(&self) -> usize {
        self.warnings.len()
    }

    /// Forgets the warnings since `mark`.
    pub(crate) fn reset(&mut self, mark: usize) {
        self.warnings.truncate(mark);
    }

    pub(crate) fn warn(&mut self, unfit: Unfit) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(unfit.0.warning);
        }
    }

    /// Reads a part of the value, and adds the step to the part to the warnings that it causes.
    #[inline]
    pub(crate) fn within<T>(&mut self, step: Step<'_>, read: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.warnings.len();
        let result = read(self);
        if self.warnings.len() > before {
            self.enter(step, before);
        }
        result
    }

    /// Adds the step to the warnings since `before`.
    #[cold]
    pub(crate) fn enter(&mut self, step: Step<'_>, before: usize) {
        for warning in self.warnings.iter_mut().skip(before) {
            warning.enter(step);
        }
    }

    /// Reads a message of a forward; `None` if it is in too many others.
    pub(crate) fn within_forward<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.forwards == MAX_FORWARDS {
            return None;
        }
        self.forwards += 1;
        let result = read(self);
        self.forwards -= 1;
        Some(result)
    }

    pub(crate) fn into_warnings(self) -> Vec<DecodeWarning> {
        self.warnings
    }
}

#[cfg(test)]
mod tests {
    use super::{DecodeWarning, MAX_PATH, cut};

    #[test]
    fn a_path_in_the_log_is_short_and_has_no_indices() {
        let warning = DecodeWarning { path: "a[3].b[12]".into(), reason: String::new() };
        assert_eq!(warning.pattern(), "a[].b[]");
        assert_eq!(cut("a.b".into()), "a.b");
        assert_eq!(cut("键".repeat(10_000)).chars().count(), MAX_PATH + 1);
    }
}
