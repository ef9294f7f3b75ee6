//! Failures of uploads.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use crate::error::Error;
use crate::generated::refusal::RefusalKind;

/// The failure of an [upload](crate::FileSource::upload). No message has been sent. Feature `files`.
///
/// `Display` says what failed and what to do, and [`source`](StdError::source) is the cause. If a call failed, its [`Error`] is the
/// source, and [`call`](Self::call) returns it.
#[derive(Debug)]
#[non_exhaustive]
pub enum UploadError {
    /// The input cannot be read: there is no such file, for example. Nothing was sent, unless the file was readable at first.
    #[non_exhaustive]
    Unreadable {
        /// The path, or the kind of the input.
        input: String,
        /// The reason.
        source: io::Error,
    },
    /// The path is that of a folder, a pipe or a device. Nothing was sent.
    #[non_exhaustive]
    NotAFile {
        /// The path.
        input: String,
    },
    /// The input has no bytes, and servers refuse empty files. Nothing was sent.
    #[non_exhaustive]
    Empty {
        /// The path, or the kind of the input.
        input: String,
    },
    /// A reader's data cannot be stored in a temporary file. Nothing was sent.
    Spool(io::Error),
    /// The file changed while it was uploaded: it became shorter, or its hash differs from that at the beginning.
    #[non_exhaustive]
    Changed {
        /// The path.
        input: String,
    },
    /// The server has no action for uploads, and the input is too large for a single call.
    #[non_exhaustive]
    TooLarge {
        /// The size of the input in bytes.
        size: u64,
        /// The limit in bytes: [`FileSource::LIMIT`](crate::FileSource::LIMIT).
        limit: u64,
        /// The refusal of the action.
        error: Error,
    },
    /// The server has other bytes than the file: the server refuses them, or the hash or size in its answer differs.
    #[non_exhaustive]
    HashMismatch {
        /// The refusal, if the server noticed it.
        error: Option<Error>,
    },
    /// The server refuses the upload, or the call cannot be sent at all.
    Refused(Error),
    /// Too many calls in a row failed: the server cannot be reached or is silent, or its answers cannot be read.
    #[non_exhaustive]
    Interrupted {
        /// The failure of the last call.
        error: Error,
        /// The number of calls that failed in a row.
        attempts: u32,
        /// The bytes that the server had stored.
        stored: u64,
        /// The size of the input in bytes.
        size: u64,
    },
    /// The server forgot the upload each time, also after it was started again three times.
    #[non_exhaustive]
    Forgotten {
        /// The last refusal that said so; `None` if the server knew the upload, but had fewer chunks of it than before.
        error: Option<Error>,
    },
    /// The server completed the upload, and its answer does not say where the file is.
    NoPath,
}

impl UploadError {
    /// Returns the call's error, if a call failed.
    #[must_use]
    pub fn call(&self) -> Option<&Error> {
        match self {
            Self::TooLarge { error, .. } | Self::Refused(error) | Self::Interrupted { error, .. } => Some(error),
            Self::HashMismatch { error } | Self::Forgotten { error } => error.as_ref(),
            Self::Unreadable { .. } | Self::NotAFile { .. } | Self::Empty { .. } => None,
            Self::Spool(_) | Self::Changed { .. } | Self::NoPath => None,
        }
    }
}

/// Returns the remedy for a refusal, by the server's words.
fn remedy(error: &Error) -> &'static str {
    if error.refusal() == Some(RefusalKind::TooLarge) {
        return ": it, or a proxy before it, takes no request of this size; `Upload::chunk_size` makes them smaller";
    }
    let words = error.explanation().unwrap_or_default().to_lowercase();
    if words.contains("memory limit exceeded") || words.contains("too many concurrent") {
        ": it has too many uploads at a time, and forgets one after 10 minutes without a chunk; try again later"
    } else if words.contains("enospc") || words.contains("no space left") {
        ": its disk is full"
    } else if words.contains("exceeds") {
        ": the file is too large for it, or has too many chunks; `Upload::chunk_size` makes them larger"
    } else {
        ""
    }
}

impl fmt::Display for UploadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { input, .. } => write!(f, "{input} cannot be read"),
            Self::NotAFile { input } => write!(f, "{input} is a folder, a pipe or a device, not a file"),
            Self::Empty { input } => write!(f, "{input} is empty, and servers refuse empty files"),
            Self::Spool(_) => f.write_str(
                "the reader's data cannot be stored in the folder for temporary files: is it full? `TMPDIR` names another",
            ),
            Self::Changed { input } => {
                write!(f, "{input} changed while it was uploaded: upload it again, or a copy that nothing writes to")
            }
            Self::TooLarge { size, limit, .. } => write!(
                f,
                "this server takes no uploads in chunks, and {size} bytes are more than the {limit} that go into one call: put the \
                 file on its disk (`FileSource::path`), or where it can download it (`FileSource::url`)"
            ),
            Self::HashMismatch { .. } => {
                f.write_str("the server has other bytes than the file (SHA-256 or size): upload it again; the server's log may say why")
            }
            Self::Refused(error) if error.is_refused() => write!(f, "the server refuses the upload{}", remedy(error)),
            Self::Refused(_) => f.write_str("the upload cannot be sent"),
            Self::Interrupted { attempts, stored: 0, .. } => write!(
                f,
                "the upload could not begin: {attempts} calls failed, one after the other; if the connection breaks each time, \
                 `Upload::chunk_size` makes the calls smaller"
            ),
            Self::Interrupted { attempts, stored, size, .. } => {
                write!(f, "the upload was interrupted after {stored} of {size} bytes, and {attempts} calls in a row failed")
            }
            Self::Forgotten { .. } => f.write_str(
                "the server forgot the upload again and again, as servers do when they restart, and 10 minutes after the last chunk",
            ),
            Self::NoPath => f.write_str("the server's answer does not say where the uploaded file is"),
        }
    }
}

impl StdError for UploadError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Unreadable { source, .. } | Self::Spool(source) => Some(source),
            _ => self.call().map(|error| error as _),
        }
    }
}
