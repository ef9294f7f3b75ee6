//! Failures to save a file.

use std::error::Error as StdError;
use std::{fmt, io};

use crate::error::Error;
use crate::generated::types::ServerPath;

/// The error of [`SaveFile::to`](crate::SaveFile::to). Nothing is left on the disk, and a file that was at the path is unchanged.
/// Feature `files`.
#[derive(Debug)]
#[non_exhaustive]
pub enum SaveFileError {
    /// The call failed: the server refuses it, or it cannot be reached.
    Call(Error),
    /// The content is not what the server announced.
    #[non_exhaustive]
    Damaged {
        /// The difference: `11 bytes arrived, of 20`.
        reason: String,
    },
    /// The file cannot be written.
    Write(io::Error),
    /// The server cannot send the content. It only tells where the file is: on its own disk, or at an address.
    #[non_exhaustive]
    Elsewhere {
        /// The path on the server's disk, if the server tells it.
        path: Option<ServerPath>,
        /// The address, if the server tells it.
        url: Option<String>,
    },
}

impl fmt::Display for SaveFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(_) => f.write_str("the file could not be downloaded"),
            Self::Damaged { reason } => write!(f, "the content of the file is not right: {reason}"),
            Self::Write(_) => f.write_str("the file could not be written"),
            Self::Elsewhere { path, url } => {
                f.write_str("the server does not send the content of the file; it has it")?;
                let path = path.iter().map(|path| path.as_str());
                let mut places = path.chain(url.as_deref()).filter(|place| !place.is_empty()).peekable();
                if places.peek().is_none() {
                    return f.write_str(" at a place that it does not tell");
                }
                places.try_for_each(|place| write!(f, " at {place}"))
            }
        }
    }
}

impl StdError for SaveFileError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Call(error) => Some(error),
            Self::Write(error) => Some(error),
            Self::Damaged { .. } | Self::Elsewhere { .. } => None,
        }
    }
}

impl From<Error> for SaveFileError {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}
