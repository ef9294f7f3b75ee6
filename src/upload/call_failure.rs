//! The meaning of a failed call for an upload.

use std::error::Error as StdError;

use crate::error::Error;
#[cfg(any(feature = "sse", feature = "ws"))]
use crate::error::connection::ConnectionError;
use crate::error::reason::Reason;
use crate::generated::refusal::RefusalKind;

/// The meaning of a failed call for its upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallFailure {
    /// Another attempt may succeed.
    Passing,
    /// The server does not know the upload.
    Lost,
    /// A chunk is not on the server's disk: it is still being written, or was lost.
    Incomplete,
    /// The bytes on the server have another hash.
    Mismatch,
    /// The server has no action for uploads.
    Unsupported,
    /// Another attempt would fail too.
    Final,
}

impl CallFailure {
    pub(super) fn of(error: &Error) -> Self {
        match error {
            _ if is_lasting(error) => Self::Final,
            // An answer that cannot be read may be a proxy's, or be cut off.
            Error::NotSent(_) | Error::OutcomeUnknown(_) | Error::Undecodable(_) => Self::Passing,
            Error::Refused(refused) => match refused.kind() {
                RefusalKind::Unsupported => Self::Unsupported,
                RefusalKind::Timeout => Self::Passing,
                // It comes from a proxy. A server with too many uploads says so in an envelope, and keeps them for minutes.
                _ if refused.is_bare && refused.http_status == Some(429) => Self::Passing,
                kind => Self::of_words(refused.explanation().unwrap_or_default(), kind),
            },
        }
    }

    /// Reads the texts of NapCat and SnowLuma.
    fn of_words(words: &str, kind: RefusalKind) -> Self {
        let words = words.to_lowercase();
        let has = |part| words.contains(part);
        if has("stream not found") || has("total_chunks required") {
            Self::Lost
        } else if has("sha256 mismatch") {
            Self::Mismatch
        } else if has("missing memory chunk") || has("missing chunk file") || has("incomplete stream") {
            Self::Incomplete
        } else if kind == RefusalKind::FileNotFound {
            // The chunks' folder is gone: the upload is complete, or was cleaned up.
            Self::Passing
        } else {
            Self::Final
        }
    }
}

/// Returns `true` if a call failed for a reason that waiting does not change: the request itself, an address that redirects, a
/// refused token, or a client that was closed.
fn is_lasting(error: &Error) -> bool {
    let (reason, not_sent): (&(dyn StdError + 'static), _) = match error {
        Error::NotSent(error) => (&*error.reason, true),
        Error::OutcomeUnknown(error) => (&*error.reason, false),
        _ => return false,
    };
    let mut cause = Some(reason);
    while let Some(error) = cause {
        // An HTTP status of a proxy is a reason too, and leaves the outcome unknown.
        if not_sent && error.is::<Reason>() {
            return true;
        }
        #[cfg(any(feature = "sse", feature = "ws"))]
        if let Some(error) = error.downcast_ref::<ConnectionError>() {
            // The account's new connection takes the next call.
            return !error.may_pass() && !matches!(error, ConnectionError::Replaced);
        }
        cause = error.source();
    }
    false
}
