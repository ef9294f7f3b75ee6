use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tokio::io::AsyncReadExt;

use crate::types::{ImageFile, RecordFile, ServerPath};
use crate::wire;

/// Where the server takes a file from that is to be sent: an image, a voice message, a video, a group's picture.
///
/// | made by | the server takes |
/// |---|---|
/// | [`url`](Self::url) | what it downloads from there |
/// | [`bytes`](Self::bytes), [`read`](Self::read) | these bytes, which travel with the call |
/// | [`received`](Self::received) | a file that it has received before, by the name it gave it |
/// | [`path`](Self::path) | a file on its own disk, which is not the bot's where the two run on different machines |
///
/// A plain string is no source: text from a user could name any file of the server's. Say which it is.
///
/// ```
/// use cqhttp::FileSource;
///
/// assert_eq!(FileSource::url("https://example.com/cat.png").as_str(), "https://example.com/cat.png");
/// assert_eq!(FileSource::bytes(b"GIF89a").as_str(), "base64://R0lGODlh");
/// assert_eq!(FileSource::path("/data/my cat.png").as_str(), "file:///data/my%20cat.png");
/// assert_eq!(FileSource::received("5d41402abc4b2a76b9719d911017c592.image").as_str(), "5d41402abc4b2a76b9719d911017c592.image");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FileSource(Arc<str>);

/// What a path in a `file://` address cannot hold as it is: servers decode it as a URL.
const PATH: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>').add(b'?').add(b'`');

impl FileSource {
    /// The largest file, in bytes, that go-cqhttp sends as an image: just below 30 MiB. [`read`](Self::read) takes no
    /// larger one.
    pub const LIMIT: u64 = 30 * 1024 * 1024 - 1;

    /// A file from the web, which the server downloads: an `http://` or `https://` address.
    ///
    /// go-cqhttp downloads at most 30 MiB for an image and 100 MiB for a video, and keeps what it has downloaded.
    pub fn url(url: impl AsRef<str>) -> Self {
        Self(url.as_ref().into())
    }

    /// These bytes, which travel with the call, a third longer as base64. Videos cannot be sent this way on go-cqhttp.
    pub fn bytes(bytes: impl AsRef<[u8]>) -> Self {
        let mut text = String::from("base64://");
        STANDARD.encode_string(bytes, &mut text);
        Self(text.into())
    }

    /// A file that the server has received before, by the name that it gave it: an [`ImageFile`], a [`RecordFile`], or
    /// the `file` of a received segment.
    pub fn received(name: impl AsRef<str>) -> Self {
        Self(name.as_ref().into())
    }

    /// A file on the disk of the machine where the server runs, by its absolute path there: `/data/cat.png`,
    /// `C:\cat.png`.
    pub fn path(path: impl Into<ServerPath>) -> Self {
        let path = path.into();
        let path = path.as_str();
        // `C:\cat.png` becomes `file:///C:\cat.png`, as go-cqhttp's documentation writes it.
        let root = if path.starts_with('/') { "" } else { "/" };
        Self(format!("file://{root}{}", utf8_percent_encode(path, PATH)).into())
    }

    /// Reads a file from the bot's own disk; its bytes travel with the call.
    ///
    /// # Errors
    ///
    /// It cannot be read, is empty, or is larger than [`LIMIT`](Self::LIMIT), which go-cqhttp refuses.
    ///
    /// ```no_run
    /// # async fn run(client: cqhttp::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use cqhttp::FileSource;
    ///
    /// client.set_group_portrait(10001000, FileSource::read("logo.png").await?).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn read(path: impl AsRef<Path>) -> Result<Self, ReadFileError> {
        Self::read_within(path, Self::LIMIT).await
    }

    /// The same with another limit in bytes, for a server that takes larger files, or a bot that wants smaller ones.
    ///
    /// # Errors
    ///
    /// It cannot be read, is empty, or is larger than `limit`.
    pub async fn read_within(path: impl AsRef<Path>, limit: u64) -> Result<Self, ReadFileError> {
        let path = path.as_ref();
        let failed = |why| ReadFileError { path: path.to_owned(), why };
        let unreadable = |error| failed(Why::Unreadable(error));
        let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
        let mut bytes = Vec::new();
        // A file may grow while it is read, and a device has no size: the limit is kept here, not by asking first.
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes).await.map_err(unreadable)?;
        match bytes.len() as u64 {
            0 => Err(failed(Why::Empty)),
            size if size > limit => Err(failed(Why::TooLarge { limit })),
            _ => Ok(Self::bytes(bytes)),
        }
    }

    /// The source as it goes out.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<ImageFile> for FileSource {
    fn from(name: ImageFile) -> Self {
        Self::received(name)
    }
}

impl From<RecordFile> for FileSource {
    fn from(name: RecordFile) -> Self {
        Self::received(name)
    }
}

impl From<ServerPath> for FileSource {
    fn from(path: ServerPath) -> Self {
        Self::path(path)
    }
}

impl From<&FileSource> for FileSource {
    fn from(source: &FileSource) -> Self {
        source.clone()
    }
}

/// Bytes are shown by their length.
impl fmt::Debug for FileSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_once("://") {
            Some((scheme @ ("base64" | "base16384"), bytes)) => {
                write!(f, "FileSource({scheme}, {} characters)", bytes.len())
            }
            _ => write!(f, "FileSource({:?})", self.as_str()),
        }
    }
}

impl Serialize for FileSource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for FileSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        wire::string(deserializer).map(|text| Self(text.into()))
    }
}

/// Why [`FileSource::read`] has no file.
#[derive(Debug)]
pub struct ReadFileError {
    path: PathBuf,
    why: Why,
}

#[derive(Debug)]
enum Why {
    Unreadable(io::Error),
    Empty,
    TooLarge { limit: u64 },
}

impl fmt::Display for ReadFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.why {
            Why::Unreadable(_) => write!(f, "{path} cannot be read"),
            Why::Empty => write!(f, "{path} is empty, and servers refuse empty files"),
            Why::TooLarge { limit } => {
                write!(
                    f,
                    "{path} is larger than {limit} bytes; put it where the server can fetch it, and send its address"
                )
            }
        }
    }
}

impl std::error::Error for ReadFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.why {
            Why::Unreadable(error) => Some(error),
            Why::Empty | Why::TooLarge { .. } => None,
        }
    }
}
