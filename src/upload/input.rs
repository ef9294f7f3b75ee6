//! The inputs of uploads.

use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use bytes::Bytes;
use tokio::io::AsyncRead;

/// The input of [`FileSource::upload`](crate::FileSource::upload): a file on the bot's disk, bytes, or a reader. Feature `files`.
///
/// Paths and bytes convert to it. A string does not, since it could be either: `Path::new("film.mp4")` is a path, and
/// `text.into_bytes()` are bytes.
///
/// ```
/// use std::path::Path;
///
/// use cqhttp::UploadInput;
///
/// let file = UploadInput::from(Path::new("film.mp4"));
/// let bytes = UploadInput::from(b"%PDF".to_vec());
/// let reader = UploadInput::reader(tokio::io::empty());
/// # let _ = (file, bytes, reader);
/// ```
pub struct UploadInput(pub(super) Input);

pub(super) enum Input {
    Path(PathBuf),
    Bytes(Bytes),
    Reader(Pin<Box<dyn AsyncRead + Send>>),
}

impl UploadInput {
    /// Creates the input from the rest of a reader, such as a child process's output or the body of a download. All of it is
    /// stored in a temporary file before the upload starts, since servers want the number of chunks and the hash at the beginning.
    /// The system's folder for temporary files needs room for it.
    pub fn reader(reader: impl AsyncRead + Send + 'static) -> Self {
        Self(Input::Reader(Box::pin(reader)))
    }
}

impl From<PathBuf> for UploadInput {
    fn from(path: PathBuf) -> Self {
        Self(Input::Path(path))
    }
}

impl From<&PathBuf> for UploadInput {
    fn from(path: &PathBuf) -> Self {
        path.clone().into()
    }
}

impl From<&Path> for UploadInput {
    fn from(path: &Path) -> Self {
        path.to_owned().into()
    }
}

impl From<Bytes> for UploadInput {
    fn from(bytes: Bytes) -> Self {
        Self(Input::Bytes(bytes))
    }
}

impl From<Vec<u8>> for UploadInput {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

/// Shows bytes by their length.
impl fmt::Debug for UploadInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Input::Path(path) => write!(f, "UploadInput({path:?})"),
            Input::Bytes(bytes) => write!(f, "UploadInput({} bytes)", bytes.len()),
            Input::Reader(_) => f.write_str("UploadInput(reader)"),
        }
    }
}
