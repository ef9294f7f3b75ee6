//! Files that calls send: sources that servers read from, and uploads.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::decode::{self, Decode, FromText};
use crate::generated::types::{ImageFile, RecordFile, ServerPath};

/// The source of a file that the server reads: an image, a voice message, a group's picture.
///
/// | constructor | the server reads | servers |
/// |---|---|---|
/// | [`url`](Self::url) | a file that it downloads from there | all |
/// | [`bytes`](Self::bytes), [`read`](Self::read) | bytes that are sent with the call | all; on go-cqhttp not for videos |
/// | [`path`](Self::path) | a file on its own disk, which is not the bot's if they run on different machines | all |
/// | [`upload`](Self::upload), feature `files` | a file of any size on its own disk, uploaded there in chunks before | NapCat, SnowLuma; other servers get the bytes with the call |
/// | [`received`](Self::received) | a file that it has received before, by the server's name for it | not Lagrange; see the parameter |
///
/// A plain string does not convert to a source, since text from a user could name any file of the server. Use a
/// constructor.
///
/// ```
/// use cqhttp::FileSource;
///
/// assert_eq!(FileSource::url("https://example.com/cat.png").as_str(), "https://example.com/cat.png");
/// assert_eq!(FileSource::bytes(b"GIF89a").as_str(), "base64://R0lGODlh");
/// assert_eq!(FileSource::path("/data/my cat.png").as_str(), "file:///data/my%20cat.png");
/// assert_eq!(FileSource::received("5d41402abc4b2a76b9719d911017c592.image").as_str(), "5d41402abc4b2a76b9719d911017c592.image");
/// ```
///
/// # Sizes
///
/// go-cqhttp accepts images smaller than 30 MiB and videos smaller than 100 MiB. It does not limit bytes sent with the call,
/// pictures of groups and notices, or voice messages. NapCat reads at most 50 MiB from a WebSocket, which are 37 MiB of
/// bytes. SnowLuma reads at most 2 MiB over HTTP, which are 1.5 MiB of bytes, and closes the connection without an answer: send
/// larger files over its WebSocket, as an address, or as a path on its disk. [`upload`](Self::upload) (feature `files`) sends
/// files of any size to NapCat and SnowLuma, in chunks. QQ has limits of its own.
///
/// # From the server
///
/// `Client::save_file` (feature `files`) writes a file that the server has received to the bot's disk, by the file's id or name.
/// `Client::download_file_stream` (feature `vendor`) returns its content in parts.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FileSource(Arc<str>);

/// The characters of a path that are escaped in a `file://` address: servers decode it as a URL.
const PATH: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>').add(b'?').add(b'`');
/// The characters of a Unix path that are escaped. There a `\` is part of a name, but JavaScript reads it as a separator.
const UNIX_PATH: &AsciiSet = &PATH.add(b'\\');

impl FileSource {
    /// `FileSource::upload`, for the compiler's hint.
    #[cfg(not(feature = "files"))]
    #[doc(hidden)]
    pub fn upload<C, F: crate::missing_feature::FeatureFiles>(_: C, _: F) -> F {
        unreachable!("nothing satisfies the bound")
    }

    /// The size in bytes of the largest image that go-cqhttp accepts: just below 30 MiB. It is the limit of
    /// [`read`](Self::read), and of [`upload`](Self::upload) on servers that have no action for uploads.
    pub const LIMIT: u64 = 30 * 1024 * 1024 - 1;

    /// Creates the source for a file that the server downloads, from an `http://` or `https://` address.
    ///
    /// Text that starts with neither gets the prefix `http://`, so that text from a user never becomes a path on the
    /// server's disk. But the server may reach addresses that the user cannot.
    ///
    /// go-cqhttp caches a downloaded file and uses the cached file the next time.
    pub fn url(url: impl AsRef<str>) -> Self {
        let url = url.as_ref();
        // Servers recognise the schemes in lower case only.
        for scheme in ["http://", "https://"] {
            if let Some((head, rest)) = url.split_at_checked(scheme.len())
                && head.eq_ignore_ascii_case(scheme)
            {
                return Self([scheme, rest].concat().into());
            }
        }
        Self(["http://", url].concat().into())
    }

    /// Creates the source for bytes that are sent with the call, as base64, which is a third longer. The server has a limit for
    /// that: see [Sizes](Self#sizes).
    pub fn bytes(bytes: impl AsRef<[u8]>) -> Self {
        let mut text = String::from("base64://");
        STANDARD.encode_string(bytes, &mut text);
        Self(text.into())
    }

    /// Creates the source for a file that the server has received before, by the server's name for it: an [`ImageFile`], a
    /// [`RecordFile`], or the `file` of a received segment.
    ///
    /// The name is sent unchanged, and servers read an address or a path here too. Do not pass text from a user.
    pub fn received(name: impl AsRef<str>) -> Self {
        Self(name.as_ref().into())
    }

    /// Creates the source for a file on the server's own disk, by its absolute path there: `/data/cat.png`, `C:\cat.png`.
    /// A relative path cannot be sent: servers take it as relative to the root.
    pub fn path(path: impl Into<ServerPath>) -> Self {
        let path = path.into();
        let path = path.as_str();
        let address = match path.starts_with('/') {
            true => format!("file://{}", utf8_percent_encode(path, UNIX_PATH)),
            // `C:\cat.png` becomes `file:///C:\cat.png`, as go-cqhttp's documentation writes it.
            false => format!("file:///{}", utf8_percent_encode(path, PATH)),
        };
        Self(address.into())
    }

    /// Reads a file from the bot's own disk. Its bytes are sent with the call.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read, is a folder, pipe or device, is empty, or is larger than
    /// [`LIMIT`](Self::LIMIT).
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

    /// Reads a file like [`read`](Self::read), with another limit in bytes, for servers that accept larger files or bots that
    /// send smaller ones only.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read, is a folder, pipe or device, is empty, or is larger than `limit`.
    pub async fn read_within(path: impl AsRef<Path>, limit: u64) -> Result<Self, ReadFileError> {
        let path = path.as_ref().to_owned();
        let reading = tokio::runtime::Handle::try_current().map(|runtime| {
            let path = path.clone();
            runtime.spawn_blocking(move || read_file(&path, limit))
        });
        let outcome = match reading {
            Ok(reading) => reading.await.unwrap_or_else(|error| Err(ReadFailure::Unreadable(error.into()))),
            Err(_) => {
                let reason = "a file is read inside a tokio runtime, and there is none here";
                Err(ReadFailure::Unreadable(io::Error::other(reason)))
            }
        };
        outcome.map(Self::bytes).map_err(|why| ReadFileError { path, why })
    }

    /// Returns the source as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

// Conversions by value and by reference, as ids have them.
macro_rules! sources {
    ($($from:ty, $made_by:ident)*) => {$(
        impl From<$from> for FileSource {
            fn from(from: $from) -> Self {
                Self::$made_by(from)
            }
        }

        impl From<&$from> for FileSource {
            fn from(from: &$from) -> Self {
                Self::$made_by(from)
            }
        }
    )*};
}
sources!(ImageFile, received RecordFile, received ServerPath, path);

fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, ReadFailure> {
    let found = path.metadata().map_err(ReadFailure::Unreadable)?;
    if found.is_dir() {
        return Err(ReadFailure::Folder);
    }
    if !found.is_file() {
        return Err(ReadFailure::NotAFile);
    }
    if found.len() > limit {
        return Err(ReadFailure::TooLarge { limit });
    }
    let mut bytes = Vec::new();
    // The file may grow in the meantime, and some file systems do not report sizes.
    let file = File::open(path).map_err(ReadFailure::Unreadable)?;
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(ReadFailure::Unreadable)?;
    match bytes.len() as u64 {
        0 => Err(ReadFailure::Empty),
        size if size > limit => Err(ReadFailure::TooLarge { limit }),
        _ => Ok(bytes),
    }
}

impl From<&FileSource> for FileSource {
    fn from(source: &FileSource) -> Self {
        source.clone()
    }
}

/// Shows bytes by their length.
impl fmt::Debug for FileSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_source(f, "FileSource", &self.0)
    }
}

fn fmt_source(f: &mut fmt::Formatter<'_>, name: &str, source: &str) -> fmt::Result {
    match source.split_once("://") {
        Some((scheme @ ("base64" | "base16384"), bytes)) => write!(f, "{name}({scheme}, {} characters)", bytes.len()),
        _ => write!(f, "{name}({source:?})"),
    }
}

impl Serialize for FileSource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl FromText for FileSource {
    fn from_text(text: &str) -> Self {
        Self(text.to_owned().into())
    }
}

impl Decode for FileSource {
    fn blank() -> Self {
        Self::from_text("")
    }

    crate::__slots!(Text);
}

impl<'de> Deserialize<'de> for FileSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        decode::deserialize(deserializer)
    }
}

/// The file that [`upload_group_file`](crate::Client::upload_group_file) and
/// [`upload_private_file`](crate::Client::upload_private_file) upload.
///
/// A string or a [`ServerPath`] is a path on the server's own disk, which every server accepts; some accept a
/// [`FileSource`] too.
///
/// | source | go-cqhttp, Lagrange | NapCat | LLOneBot |
/// |---|---|---|---|
/// | a string, a [`ServerPath`], [`FileSource::path`] | yes | yes, except for paths with a `%` | yes |
/// | [`FileSource::upload`] | no | yes; on SnowLuma too | yes, as bytes |
/// | [`FileSource::url`], [`FileSource::bytes`], [`FileSource::read`] | no | yes | yes |
/// | [`FileSource::received`] | no | no | yes |
///
/// On go-cqhttp, a file from the web is uploaded in two steps, with [`download_file`](crate::Client::download_file):
///
/// ```no_run
/// # async fn run(client: cqhttp::Client) -> Result<(), cqhttp::Error> {
/// let downloaded = client.download_file("https://example.com/march.pdf").await?;
/// client.upload_group_file(10001000, downloaded.file, "march.pdf").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UploadSource(Arc<str>);

impl UploadSource {
    /// Returns the source as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for UploadSource {
    fn from(path: &str) -> Self {
        Self(path.into())
    }
}

impl From<String> for UploadSource {
    fn from(path: String) -> Self {
        Self(path.into())
    }
}

impl From<ServerPath> for UploadSource {
    fn from(path: ServerPath) -> Self {
        path.as_str().into()
    }
}

/// Converts a `file://` address back to its path, since not every server reads `file://` here.
impl From<FileSource> for UploadSource {
    fn from(source: FileSource) -> Self {
        let Some(address) = source.0.strip_prefix("file://") else { return Self(source.0) };
        // The slash before a Windows path, `C:\cat.png`, belongs to the address.
        let path = match address.as_bytes() {
            [b'/', b'\\', ..] => &address[1..],
            [b'/', drive, b':', ..] if drive.is_ascii_alphabetic() => &address[1..],
            _ => address,
        };
        Self(percent_decode_str(path).decode_utf8_lossy().into())
    }
}

impl From<&ServerPath> for UploadSource {
    fn from(path: &ServerPath) -> Self {
        path.as_str().into()
    }
}

impl From<&FileSource> for UploadSource {
    fn from(source: &FileSource) -> Self {
        source.clone().into()
    }
}

impl From<&UploadSource> for UploadSource {
    fn from(source: &UploadSource) -> Self {
        source.clone()
    }
}

/// Shows bytes by their length.
impl fmt::Debug for UploadSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_source(f, "UploadSource", &self.0)
    }
}

impl Serialize for UploadSource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl FromText for UploadSource {
    fn from_text(text: &str) -> Self {
        Self(text.to_owned().into())
    }
}

impl Decode for UploadSource {
    fn blank() -> Self {
        Self::from_text("")
    }

    crate::__slots!(Text);
}

impl<'de> Deserialize<'de> for UploadSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        decode::deserialize(deserializer)
    }
}

/// The error of [`FileSource::read`].
#[derive(Debug)]
pub struct ReadFileError {
    path: PathBuf,
    why: ReadFailure,
}

#[derive(Debug)]
enum ReadFailure {
    Unreadable(io::Error),
    Folder,
    NotAFile,
    Empty,
    TooLarge { limit: u64 },
}

impl fmt::Display for ReadFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.why {
            ReadFailure::Unreadable(_) => write!(f, "{path} cannot be read"),
            ReadFailure::Folder => write!(f, "{path} is a folder, not a file"),
            ReadFailure::NotAFile => write!(f, "{path} is not a file but a pipe or a device"),
            ReadFailure::Empty => write!(f, "{path} is empty, and servers refuse empty files"),
            ReadFailure::TooLarge { limit } => {
                write!(f, "{path} is larger than {limit} bytes; `FileSource::read_within` sets another limit")
            }
        }
    }
}

impl std::error::Error for ReadFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.why {
            ReadFailure::Unreadable(error) => Some(error),
            ReadFailure::Folder | ReadFailure::NotAFile | ReadFailure::Empty | ReadFailure::TooLarge { .. } => None,
        }
    }
}
