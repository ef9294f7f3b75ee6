//! The changes that a comparison finds.

use serde::Serialize;

/// A change between two schemas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Change {
    pub(super) part: Part,
    /// The name in Rust: `set_group_ban`, `GroupMessage`.
    pub(super) name: String,
    pub(super) mark: Mark,
    /// A description that does not repeat the name; empty for changed docs.
    pub(super) text: String,
}

/// The kind of the changed item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Part {
    Action,
    Event,
    Operation,
    Refusal,
    Segment,
    Server,
    Type,
}

/// The effect of a change on code that uses the bindings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Mark {
    /// The code may no longer compile, or does something else.
    Breaking,
    /// The code works as before.
    Compatible,
    /// Only the docs are different.
    Documentation,
}

impl Part {
    /// Returns the word for the kind.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Event => "event",
            Self::Operation => "operation",
            Self::Refusal => "refusal",
            Self::Segment => "segment",
            Self::Server => "server",
            Self::Type => "type",
        }
    }
}
