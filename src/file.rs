use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::generated::types::{ImageFile, RecordFile, ServerPath};
use crate::lenient;

/// Where the server takes a file from: an image, a voice message, a group's picture.
///
/// | made by | the server takes | servers |
/// |---|---|---|
/// | [`url`](Self::url) | what it downloads from there | all |
/// | [`bytes`](Self::bytes), [`read`](Self::read) | these bytes, which travel with the call | all; go-cqhttp not for videos |
/// | [`path`](Self::path) | a file on its own disk, which is not the bot's where the two run on different machines | all |
/// | [`received`](Self::received) | a file that it has received before, by the name it gave it | not Lagrange; see the parameter |
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
///
/// # Sizes
///
/// go-cqhttp takes images smaller than 30 MiB and videos smaller than 100 MiB; it does not weigh bytes, pictures of groups
/// and notices, or voice messages. NapCat reads no more than 50 MiB from a WebSocket, which are 37 MiB of bytes. QQ has
/// limits of its own.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FileSource(Arc<str>);

/// What a path in a `file://` address cannot hold as it is: servers decode it as a URL.
const PATH: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>').add(b'?').add(b'`');
/// On Unix a `\` is part of a name, and servers in JavaScript would read it as a separator.
const UNIX_PATH: &AsciiSet = &PATH.add(b'\\');

impl FileSource {
    /// The largest file, in bytes, that go-cqhttp takes as an image: just below 30 MiB. [`read`](Self::read) takes no
    /// larger one.
    pub const LIMIT: u64 = 30 * 1024 * 1024 - 1;

    /// A file from the web, which the server downloads: an `http://` or `https://` address.
    ///
    /// Text that begins with neither gets `http://` in front. So text from a user never becomes a path on the server's
    /// disk; but the server may reach addresses that the user does not.
    ///
    /// go-cqhttp keeps what it has downloaded, and takes it from there the next time.
    pub fn url(url: impl AsRef<str>) -> Self {
        let url = url.as_ref();
        // Servers know the two in lower case alone.
        for scheme in ["http://", "https://"] {
            if let Some((head, rest)) = url.split_at_checked(scheme.len())
                && head.eq_ignore_ascii_case(scheme)
            {
                return Self([scheme, rest].concat().into());
            }
        }
        Self(["http://", url].concat().into())
    }

    /// These bytes, which travel with the call, a third longer as base64.
    pub fn bytes(bytes: impl AsRef<[u8]>) -> Self {
        let mut text = String::from("base64://");
        STANDARD.encode_string(bytes, &mut text);
        Self(text.into())
    }

    /// A file that the server has received before, by the name that it gave it: an [`ImageFile`], a [`RecordFile`], or
    /// the `file` of a received segment.
    ///
    /// It goes out as it is, and servers read an address or a path as what it is: not for text from a user.
    pub fn received(name: impl AsRef<str>) -> Self {
        Self(name.as_ref().into())
    }

    /// A file on the disk of the machine where the server runs, by its absolute path there: `/data/cat.png`,
    /// `C:\cat.png`. An address cannot hold a relative one; servers take it from the root.
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

    /// Reads a file from the bot's own disk; its bytes travel with the call.
    ///
    /// # Errors
    ///
    /// It cannot be read, is no file but a folder, pipe or device, is empty, or is larger than [`LIMIT`](Self::LIMIT).
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

    /// Reads a file as [`read`](Self::read) does, with another limit in bytes, for a server that takes larger files, or a bot that wants smaller ones.
    ///
    /// # Errors
    ///
    /// It cannot be read, is no file but a folder, pipe or device, is empty, or is larger than `limit`.
    pub async fn read_within(path: impl AsRef<Path>, limit: u64) -> Result<Self, ReadFileError> {
        let path = path.as_ref().to_owned();
        let reading = tokio::runtime::Handle::try_current().map(|runtime| {
            let path = path.clone();
            runtime.spawn_blocking(move || read(&path, limit))
        });
        let outcome = match reading {
            Ok(reading) => reading.await.unwrap_or_else(|error| Err(Why::Unreadable(error.into()))),
            Err(_) => {
                let reason = "a file is read inside a tokio runtime, and there is none here";
                Err(Why::Unreadable(io::Error::other(reason)))
            }
        };
        outcome.map(Self::bytes).map_err(|why| ReadFileError { path, why })
    }

    /// The source as it goes out.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

// By value and by reference, as ids convert.
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

fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Why> {
    let found = path.metadata().map_err(Why::Unreadable)?;
    if found.is_dir() {
        return Err(Why::Folder);
    }
    if !found.is_file() {
        return Err(Why::NoFile);
    }
    if found.len() > limit {
        return Err(Why::TooLarge { limit });
    }
    let mut bytes = Vec::new();
    // It may grow meanwhile, and some file systems name no sizes.
    let file = File::open(path).map_err(Why::Unreadable)?;
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(Why::Unreadable)?;
    match bytes.len() as u64 {
        0 => Err(Why::Empty),
        size if size > limit => Err(Why::TooLarge { limit }),
        _ => Ok(bytes),
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
        debug(f, "FileSource", &self.0)
    }
}

fn debug(f: &mut fmt::Formatter<'_>, name: &str, source: &str) -> fmt::Result {
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

impl<'de> Deserialize<'de> for FileSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lenient::string(deserializer).map(|text| Self(text.into()))
    }
}

/// What [`upload_group_file`](crate::Client::upload_group_file) and
/// [`upload_private_file`](crate::Client::upload_private_file) upload. A string or a [`ServerPath`] is a path on the server's
/// own disk, which every server takes; some take a [`FileSource`] too.
///
/// | made from | go-cqhttp, Lagrange | NapCat | LLOneBot |
/// |---|---|---|---|
/// | a string, a [`ServerPath`], [`FileSource::path`] | yes | yes, but for paths with a `%` | yes |
/// | [`FileSource::url`], [`FileSource::bytes`], [`FileSource::read`] | no | yes | yes |
/// | [`FileSource::received`] | no | no | yes |
///
/// go-cqhttp uploads from the web by way of [`download_file`](crate::Client::download_file):
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
    /// The source as it goes out.
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

/// A path goes out plain, since not every server reads `file://` here.
impl From<FileSource> for UploadSource {
    fn from(source: FileSource) -> Self {
        let Some(address) = source.0.strip_prefix("file://") else { return Self(source.0) };
        // Before a path of Windows, `C:\cat.png`, the slash belongs to the address.
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

/// Bytes are shown by their length.
impl fmt::Debug for UploadSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug(f, "UploadSource", &self.0)
    }
}

impl Serialize for UploadSource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for UploadSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lenient::string(deserializer).map(|text| Self(text.into()))
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
    Folder,
    NoFile,
    Empty,
    TooLarge { limit: u64 },
}

impl fmt::Display for ReadFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.why {
            Why::Unreadable(_) => write!(f, "{path} cannot be read"),
            Why::Folder => write!(f, "{path} is a folder, not a file"),
            Why::NoFile => write!(f, "{path} is no file but a pipe or a device"),
            Why::Empty => write!(f, "{path} is empty, and servers refuse empty files"),
            Why::TooLarge { limit } => {
                write!(f, "{path} is larger than {limit} bytes; `FileSource::read_within` sets another limit")
            }
        }
    }
}

impl std::error::Error for ReadFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.why {
            Why::Unreadable(error) => Some(error),
            Why::Folder | Why::NoFile | Why::Empty | Why::TooLarge { .. } => None,
        }
    }
}
