//! A temporary file that is written by the runtime's threads for blocking work.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use tempfile::{Builder, TempPath};

use super::error::SaveFileError;
use crate::disk::{self, hex};

/// The number of bytes that are written at once.
const BLOCK: usize = 1 << 20;

/// A temporary file. Dropping it deletes the file.
pub(super) struct Writer {
    file: TempPath,
    /// `None` while a block is written, and after a failure.
    output: Option<Output>,
    /// The bytes that have not been written yet.
    block: Vec<u8>,
    written: u64,
}

/// The part that a thread for blocking work uses.
struct Output {
    file: File,
    hash: Option<Sha256>,
}

impl Writer {
    /// Creates a file in `folder`. Its content is hashed if `hashed` is set.
    pub(super) async fn new(folder: &Path, hashed: bool) -> Result<Self, SaveFileError> {
        let folder = folder.to_owned();
        let (file, path) = blocking(move || create(&folder)).await?;
        let output = Some(Output { file, hash: hashed.then(Sha256::new) });
        Ok(Self { file: path, output, block: Vec::new(), written: 0 })
    }

    /// Adds a piece in base64, and returns its length; `None` if it is not base64.
    pub(super) async fn add(&mut self, base64: &str) -> Result<Option<u64>, SaveFileError> {
        let before = self.block.len();
        if STANDARD.decode_vec(base64, &mut self.block).is_err() {
            self.block.truncate(before);
            return Ok(None);
        }
        let length = (self.block.len() - before) as u64;
        self.written += length;
        if self.block.len() >= BLOCK {
            self.flush().await?;
        }
        Ok(Some(length))
    }

    /// Returns the length of the content so far, in bytes.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    async fn flush(&mut self) -> Result<(), SaveFileError> {
        let block = std::mem::take(&mut self.block);
        let mut output = self.output.take().ok_or_else(gone)?;
        let (output, mut block) = blocking(move || {
            output.file.write_all(&block)?;
            if let Some(hash) = &mut output.hash {
                hash.update(&block);
            }
            Ok((output, block))
        })
        .await?;
        block.clear();
        (self.output, self.block) = (Some(output), block);
        Ok(())
    }

    /// Writes the rest to the disk. Returns the file, and the hash of its content in hexadecimal digits if it was hashed.
    pub(super) async fn finish(mut self) -> Result<(TempPath, Option<String>), SaveFileError> {
        self.flush().await?;
        let output = self.output.take().ok_or_else(gone)?;
        let hash = blocking(move || {
            output.file.sync_all()?;
            Ok(output.hash)
        })
        .await?;
        Ok((self.file, hash.map(|hash| hex(hash.finalize()))))
    }
}

fn create(folder: &Path) -> io::Result<(File, TempPath)> {
    let mut builder = Builder::new();
    builder.prefix(".cqhttp-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The permissions of a new file; the process's umask removes some of them.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    Ok(builder.tempfile_in(folder)?.into_parts())
}

/// Returns the error for a file after a failure to write to it.
fn gone() -> SaveFileError {
    SaveFileError::Write(io::Error::other("an earlier part could not be written"))
}

/// Runs work that may block; its errors are those of writing.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, SaveFileError> {
    disk::blocking(work).await.map_err(SaveFileError::Write)
}
