//! The reasons for which a subcommand fails, and faults with the lines that they stand in.

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use cqhttp_codegen::tooling::one_line;
use cqhttp_codegen::{Diagnostic, Diagnostics};

/// The reason why a subcommand did not do what it was asked for.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The schema has faults: exit code 1.
    Faults(Vec<Fault>),
    /// Something that the subcommand needs is missing or wrong: exit code 2.
    Trouble {
        /// The message.
        message: String,
        /// A hint how to correct it.
        hint: String,
        /// The faults behind it, if any.
        faults: Vec<Fault>,
    },
}

impl Failure {
    /// Creates a trouble without faults.
    pub(crate) fn trouble(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Trouble { message: message.into(), hint: hint.into(), faults: Vec::new() }
    }

    /// Creates the failure for an error of the file system.
    pub(crate) fn io(path: &Path, what: impl Display, error: &std::io::Error, hint: impl Into<String>) -> Self {
        Self::trouble(format!("{}: {what}: {error}", shown(path)), hint)
    }
}

/// A fault in a file, with the line that it stands in.
#[derive(Debug)]
pub(crate) struct Fault {
    /// The file, as the path it was read by.
    pub(crate) file: PathBuf,
    /// The line, from 1.
    pub(crate) line: usize,
    /// The column in characters, from 1.
    pub(crate) column: usize,
    /// The message.
    pub(crate) message: String,
    /// A hint how to correct it.
    pub(crate) hint: String,
    /// The text of the line; `None` if the fault concerns a folder.
    pub(crate) text: Option<String>,
}

impl Fault {
    /// Creates the fault of a schema; `text` is the text of the file.
    fn of(diagnostic: &Diagnostic, text: Option<&str>) -> Self {
        let Diagnostic { file, line, column, message, hint, .. } = diagnostic;
        let text = text.and_then(|text| text.split('\n').nth(line - 1)).map(|line| line.trim_end_matches('\r').into());
        Self { file: file.clone(), line: *line, column: *column, message: message.clone(), hint: hint.clone(), text }
    }
}

/// Adds its line to each fault of a schema, which are in the order of the files.
pub(crate) fn with_lines(diagnostics: &Diagnostics) -> Vec<Fault> {
    let mut open: Option<(&Path, Option<String>)> = None;
    let mut faults = Vec::new();
    for diagnostic in diagnostics.iter() {
        let (_, text) = match open.take().filter(|(path, _)| *path == diagnostic.file) {
            Some(same) => open.insert(same),
            None => open.insert((&diagnostic.file, text_of(&diagnostic.file))),
        };
        faults.push(Fault::of(diagnostic, text.as_deref()));
    }
    faults
}

fn text_of(path: &Path) -> Option<String> {
    // A pipe has no lines to show, and to read it would wait for its writer.
    fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Formats a path on one line, with `/` on every machine.
pub(crate) fn shown(path: &Path) -> String {
    one_line(&path.to_string_lossy().replace('\\', "/"))
}
