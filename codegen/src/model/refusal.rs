//! The meanings of refusals, and the rules by which they are recognised.

use crate::name::Name;

/// A meaning of refusals.
#[derive(Debug)]
pub struct Refusal {
    pub name: Name,
    /// Empty for rules that an extension adds to a meaning.
    pub doc: String,
    /// `true` for rules that an extension adds to a meaning.
    pub extension: bool,
    pub rules: Vec<RefusalRule>,
}

/// Says whether a refused action may have been carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    No,
    /// No, unless the action sends a message: a server may have sent the first part of it.
    Partly,
    Maybe,
}

impl Happened {
    /// The word of the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Partly => "partly",
            Self::Maybe => "maybe",
        }
    }
}

/// A rule by which a refusal is recognised. Every list that is not empty must hold by one of its values.
#[derive(Debug, PartialEq)]
pub struct RefusalRule {
    pub happened: Happened,
    pub retcodes: Vec<i64>,
    pub http_statuses: Vec<u16>,
    /// `true` for HTTP, `false` for a WebSocket.
    pub over_http: Option<bool>,
    pub actions: Vec<String>,
    pub codes: Vec<String>,
    /// Whole texts in lower case, with `…` for any characters and `#` for a number.
    pub texts: Vec<String>,
}

impl RefusalRule {
    /// Returns `true` if the rule looks at the server's words.
    pub fn has_words(&self) -> bool {
        !self.codes.is_empty() || !self.texts.is_empty()
    }
}
