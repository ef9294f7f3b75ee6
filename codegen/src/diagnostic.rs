//! Faults of a schema, with their places and hints how to mend them.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;

use crate::doc::is_bidirectional;
use crate::source_map::{SourceMap, Spot};
use crate::yaml::Locator;

/// One fault of a schema.
///
/// Displays as `file:line:column: message; hint` on one line, as editors and cargo expect it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Diagnostic {
    /// The file, as the path it was read by.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The fault.
    pub message: String,
    /// A way to mend it.
    pub hint: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Windows paths too print with forward slashes, so that the output is the same on any machine.
        let file = one_line(&self.file.to_string_lossy().replace('\\', "/"));
        write!(f, "{file}:{}:{}: {}; {}", self.line, self.column, self.message, self.hint)
    }
}

/// Every fault of a schema; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// A fault that concerns a whole file or folder.
    pub(crate) fn whole(file: impl Into<PathBuf>, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self(vec![Diagnostic { file: file.into(), line: 1, column: 1, message: message.into(), hint: hint.into() }])
    }

    /// Several faults, in the order of files and lines.
    pub(crate) fn several(faults: Vec<Diagnostic>) -> Self {
        Self(faults)
    }

    /// The faults in the order of files and lines.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            diagnostic.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

/// The faults found so far.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    located: Vec<Diagnostic>,
    spotted: Vec<(Spot, String, String)>,
}

impl Faults {
    pub(crate) fn add(&mut self, at: &Spot, message: impl Into<String>, hint: impl Into<String>) {
        self.spotted.push((at.clone(), one_line(&message.into()), one_line(&hint.into())));
    }

    pub(crate) fn add_located(&mut self, diagnostic: Diagnostic) {
        let Diagnostic { message, hint, .. } = diagnostic;
        self.located.push(Diagnostic { message: one_line(&message), hint: one_line(&hint), ..diagnostic });
    }

    /// The number of faults, by which a step can tell whether it found any.
    pub(crate) fn len(&self) -> usize {
        self.located.len() + self.spotted.len()
    }

    /// Returns all faults with line and column as an error, if there are any.
    pub(crate) fn into_result(self, sources: &SourceMap) -> Result<(), Diagnostics> {
        let mut all = self.located;
        let mut locators = HashMap::new();
        all.extend(self.spotted.into_iter().map(|(at, message, hint)| {
            let file = sources.file(at.file);
            let locator = locators.entry(at.file).or_insert_with(|| Locator::new(&file.text));
            let (line, column) = locator.locate(&at.place);
            Diagnostic { file: file.path.clone(), line, column, message, hint }
        }));
        all.sort();
        all.dedup();
        if all.is_empty() { Ok(()) } else { Err(Diagnostics(all)) }
    }
}

/// Returns a text with its control characters as escapes: it is printed on one line, in the order of its characters.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_control() || is_bidirectional(c) || matches!(c, '\u{2028}' | '\u{2029}') {
            true => line.extend(c.escape_debug()),
            false => line.push(c),
        }
    }
    line
}

/// "did you mean `effect`?" if a known word is near, else the list of the known words.
pub fn suggest(word: &str, known: &[&str]) -> String {
    match nearest(word, known) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None if known.is_empty() => "there is none".into(),
        None if known.len() > 20 => format!("none of the {} known names is near", known.len()),
        None => format!("known here: {}", list(known)),
    }
}

/// The known word that `word` is likely to be a misspelling of.
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let likely = known.iter().map(|candidate| (strsim::normalized_damerau_levenshtein(word, candidate), *candidate));
    likely.filter(|(likeness, _)| *likeness >= 0.6).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, candidate)| candidate)
}

/// "`a`, `b`".
pub fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
