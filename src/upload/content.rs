//! The bytes of an upload, with their size and hash.

use std::fs::File;
use std::future::poll_fn;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, ReadBuf};

use crate::disk::{blocking, hex};
use crate::sync::lock;
use crate::upload::error::UploadError;
use crate::upload::input::{Input, UploadInput};

/// The bytes that are read at once for the hash.
const BUFFER: usize = 256 << 10;

/// The bytes of an upload. A clone is the same content.
#[derive(Clone)]
pub(super) struct Content {
    shown: Arc<str>,
    /// The name of the input's file, if it has one.
    pub(super) name: Option<String>,
    pub(super) size: u64,
    /// In lower-case hexadecimal digits.
    pub(super) sha256: String,
    store: Store,
}

#[derive(Clone)]
enum Store {
    File(Arc<Mutex<File>>),
    Bytes(Bytes),
}

impl Content {
    /// Reads the whole input once.
    pub(super) async fn open(input: UploadInput) -> Result<Self, UploadError> {
        let (shown, name) = match &input.0 {
            Input::Path(path) => (path.display().to_string(), path.file_name()),
            Input::Bytes(_) => ("the input".to_owned(), None),
            Input::Reader(_) => ("the reader".to_owned(), None),
        };
        let name = name.map(|name| name.to_string_lossy().into_owned());
        let unreadable = |source| UploadError::Unreadable { input: shown.clone(), source };
        if tokio::runtime::Handle::try_current().is_err() {
            let reason = "an upload is awaited inside a tokio runtime, and there is none here";
            return Err(unreadable(io::Error::other(reason)));
        }
        let (store, size, sha256) = match input.0 {
            Input::Path(path) => match blocking(move || open(&path)).await.map_err(unreadable)? {
                Some((file, size, sha256)) => (Store::File(Arc::new(Mutex::new(file))), size, sha256),
                None => return Err(UploadError::NotAFile { input: shown }),
            },
            Input::Bytes(bytes) => {
                let copy = bytes.clone();
                let sha256 = blocking(move || Ok(hex(Sha256::digest(&copy)))).await.map_err(unreadable)?;
                let size = bytes.len() as u64;
                (Store::Bytes(bytes), size, sha256)
            }
            Input::Reader(reader) => {
                let (file, size, sha256) = spool(reader, &shown).await?;
                (Store::File(Arc::new(Mutex::new(file))), size, sha256)
            }
        };
        match size {
            0 => Err(UploadError::Empty { input: shown }),
            _ => Ok(Self { shown: shown.into(), name, size, sha256, store }),
        }
    }

    /// Returns the bytes from `start` to `end`, or to the end of the content, as base64.
    pub(super) async fn base64(&self, start: u64, end: u64) -> Result<String, UploadError> {
        let (store, end) = (self.store.clone(), end.min(self.size));
        let read = blocking(move || match store {
            Store::Bytes(bytes) => Ok(STANDARD.encode(&bytes[in_memory(start)?..in_memory(end)?])),
            Store::File(file) => {
                let mut bytes = vec![0; in_memory(end - start)?];
                let mut file = lock(&file);
                file.seek(SeekFrom::Start(start))?;
                file.read_exact(&mut bytes)?;
                drop(file);
                Ok(STANDARD.encode(bytes))
            }
        });
        read.await.map_err(|source| match source.kind() {
            ErrorKind::UnexpectedEof => self.changed(),
            _ => UploadError::Unreadable { input: self.shown.to_string(), source },
        })
    }

    /// Returns `true` if the content is no longer what it was at first.
    pub(super) async fn has_changed(&self) -> bool {
        let Store::File(file) = self.store.clone() else { return false };
        let hashed = blocking(move || {
            let mut file = lock(&file);
            file.seek(SeekFrom::Start(0))?;
            hash(&mut file)
        });
        !matches!(hashed.await, Ok((size, sha256)) if size == self.size && sha256 == self.sha256)
    }

    pub(super) fn changed(&self) -> UploadError {
        UploadError::Changed { input: self.shown.to_string() }
    }
}

/// Opens a file, and returns its size and hash with it; `None` if it is a folder, a pipe or a device.
fn open(path: &Path) -> io::Result<Option<(File, u64, String)>> {
    // A pipe would be opened only when there is a writer.
    if !path.metadata()?.is_file() {
        return Ok(None);
    }
    let mut file = File::open(path)?;
    let (size, sha256) = hash(&mut file)?;
    Ok(Some((file, size, sha256)))
}

/// Returns the size and the hash of the rest of a file.
fn hash(file: &mut File) -> io::Result<(u64, String)> {
    let (mut hasher, mut size, mut buffer) = (Sha256::new(), 0, vec![0; BUFFER]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok((size, hex(hasher.finalize()))),
            Ok(read) => {
                hasher.update(&buffer[..read]);
                size += read as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Stores the rest of a reader in a temporary file without a name, which the system deletes when it is closed.
async fn spool(mut reader: Pin<Box<dyn AsyncRead + Send>>, shown: &str) -> Result<(File, u64, String), UploadError> {
    let mut file = blocking(tempfile::tempfile).await.map_err(UploadError::Spool)?;
    let (mut hasher, mut size, mut buffer) = (Sha256::new(), 0, vec![0; BUFFER]);
    loop {
        let read = fill(reader.as_mut(), &mut buffer).await;
        let read = read.map_err(|source| UploadError::Unreadable { input: shown.to_owned(), source })?;
        if read == 0 {
            return Ok((file, size, hex(hasher.finalize())));
        }
        size += read as u64;
        let written = blocking(move || {
            file.write_all(&buffer[..read])?;
            hasher.update(&buffer[..read]);
            Ok((file, hasher, buffer))
        });
        (file, hasher, buffer) = written.await.map_err(UploadError::Spool)?;
    }
}

/// Reads until the buffer is full or the reader ends, and returns the number of bytes.
async fn fill(mut reader: Pin<&mut (dyn AsyncRead + Send)>, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        let read = poll_fn(|cx| {
            let mut space = ReadBuf::new(&mut buffer[filled..]);
            reader.as_mut().poll_read(cx, &mut space).map_ok(|()| space.filled().len())
        });
        match read.await {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Converts a size that fits in memory.
fn in_memory(size: u64) -> io::Result<usize> {
    usize::try_from(size).map_err(io::Error::other)
}
