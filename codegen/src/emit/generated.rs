//! The generated files, and the indexes that go with them.

use std::fmt;

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GeneratedFile {
    /// Its path below the output folder, with `/`.
    pub path: String,
    /// The schema file that it comes from, relative to the schema's folder; `None` for a file that joins the others.
    pub source: Option<String>,
    /// Its text.
    pub text: String,
}

/// The generated code of a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Generated {
    /// The files, in the order of the schema's files; at the end `index.md`, the index of actions for rustdoc (not of an
    /// extension), and `generated.rs`, which joins the others.
    pub files: Vec<GeneratedFile>,
    /// One line for each action: `set_group_ban(GroupId, UserId) .duration(u32 = 1800) -> ()`.
    pub api: String,
    pub(super) indexes: Vec<PageIndex>,
}

/// A table for pages, and the lines between which it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PageIndex {
    pub(super) begin: &'static str,
    pub(super) end: &'static str,
    pub(super) table: String,
}

/// A reason for which the indexes of a page cannot be regenerated.
///
/// Displays as `line 3: message; hint`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexFault {
    /// The line of the page, from 1; the first line if the page has no place for an index.
    pub line: usize,
    /// The fault.
    pub message: String,
    /// A way to mend it.
    pub hint: String,
}

impl fmt::Display for IndexFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}; {}", self.line, self.message, self.hint)
    }
}

impl std::error::Error for IndexFault {}

impl Generated {
    /// A page with its indexes regenerated. A place for one is between two lines: `<!-- actions -->` (or
    /// `<!-- actions zh -->`, in Chinese) and `<!-- end of actions -->`, `<!-- events -->` and `<!-- end of events -->`,
    /// `<!-- segments -->` and `<!-- end of segments -->`. A page may have several of a kind. Its line ends stay as they
    /// are.
    ///
    /// # Errors
    ///
    /// Fails if the page has no place for an index, or has one line of such a pair without the other, so that it is unclear
    /// which lines are the index.
    pub fn with_index(&self, page: &str) -> Result<String, IndexFault> {
        let fault = |line, message: String, hint: String| Err(IndexFault { line, message, hint });
        let mut filled = String::new();
        let mut found = false;
        let mut open: Option<(usize, &PageIndex)> = None;
        for (line, text) in (1..).zip(page.split_inclusive('\n')) {
            let mark = text.trim_end();
            let begun = self.indexes.iter().find(|index| index.begin == mark);
            let ends = self.indexes.iter().any(|index| index.end == mark);
            match (open, begun) {
                (Some((_, index)), None) if index.end == mark => open = None,
                (Some((begin, index)), _) if begun.is_some() || ends => {
                    let message = format!("expected `{}` for line {begin}, found `{mark}`", index.end);
                    return fault(line, message, "write it where that index ends".into());
                }
                (Some(_), _) => continue,
                (None, Some(index)) => {
                    (open, found) = (Some((line, index)), true);
                    let line_end = if text.ends_with("\r\n") { "\r\n" } else { "\n" };
                    filled.extend([text, line_end, &index.table.replace('\n', line_end), line_end]);
                    continue;
                }
                (None, None) if ends => {
                    let message = format!("expected a line above that begins this index, found `{mark}` alone");
                    return fault(line, message, "write that line, or remove this one".into());
                }
                (None, None) => {}
            }
            filled.push_str(text);
        }
        match open {
            Some((line, index)) => {
                let message = format!("expected `{}` below, found none", index.end);
                fault(line, message, "write it where the index ends".into())
            }
            None if found => Ok(filled),
            None => {
                let hint = "write `<!-- actions -->` and `<!-- end of actions -->` into it, each on a line";
                fault(1, "expected a place for an index, found none".into(), hint.into())
            }
        }
    }
}
