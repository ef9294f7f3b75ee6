//! The result of a subcommand, as text and as JSON.

use serde::Serialize;

use crate::failure::Failure;

/// The result of a subcommand, in both formats.
#[derive(Debug)]
pub(crate) struct Report {
    /// The text for people.
    pub(crate) text: String,
    /// The JSON value for programs.
    pub(crate) json: String,
    /// The subcommand found what it looks for: exit code 1.
    pub(crate) found: bool,
}

impl Report {
    /// Creates a report; `json` is the value for programs.
    pub(crate) fn new(text: impl Into<String>, json: &impl Serialize) -> Result<Self, Failure> {
        let json = serde_json::to_string_pretty(json).map_err(|error| {
            Failure::trouble(format!("the report cannot be written as JSON: {error}"), "use --format text")
        })?;
        Ok(Self { text: text.into(), json, found: false })
    }
}
