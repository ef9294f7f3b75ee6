//! One attempt to download a file.

use std::path::Path;
use std::time::Duration;

use tempfile::TempPath;

use super::error::SaveFileError;
use super::progress::SaveProgress;
use super::writer::Writer;
use crate::action::{Action, DownloadFileStream, GetFile};
use crate::call::Call;
use crate::client::Client;
use crate::types::{FileComplete, FilePart};

/// A download: its settings, and the progress of its last attempt.
pub(super) struct Attempt {
    client: Client,
    pub(super) file: String,
    pub(super) chunk_size: Option<u64>,
    pub(super) within: Option<Duration>,
    pub(super) sha256: Option<String>,
    pub(super) progress: Option<Box<dyn FnMut(SaveProgress) + Send>>,
    /// The bytes that the last attempt has received.
    pub(super) reached: u64,
}

/// A file that has been downloaded, under a temporary name.
pub(super) struct Downloaded {
    pub(super) file: TempPath,
    pub(super) size: u64,
    pub(super) name: Option<String>,
}

/// The file as far as it has arrived.
#[derive(Default)]
struct Arrived {
    name: Option<String>,
    /// The size that the server has announced.
    total: Option<u64>,
    pieces: u32,
}

fn damaged(reason: String) -> SaveFileError {
    SaveFileError::Damaged { reason }
}

impl Attempt {
    pub(super) fn new(client: Client, file: String) -> Self {
        Self { client, file, chunk_size: None, within: None, sha256: None, progress: None, reached: 0 }
    }

    /// Downloads the file in parts into `folder`.
    pub(super) async fn run(&mut self, folder: &Path) -> Result<Downloaded, SaveFileError> {
        self.reached = 0;
        let mut request = DownloadFileStream::new().file(&self.file);
        if let Some(chunk_size) = self.chunk_size {
            request = request.chunk_size(chunk_size);
        }
        let mut parts = self.call(request).stream();
        let mut arrived = Arrived::default();
        let mut writer = None;
        while let Some(part) = parts.next().await {
            let part = part?;
            let writer = match &mut writer {
                Some(writer) => writer,
                // No file is created before the server sends something.
                None => writer.insert(Writer::new(folder, self.sha256.is_some()).await?),
            };
            arrived.add(part, writer).await?;
            self.reached = writer.written();
            if let Some(progress) = &mut self.progress {
                progress(SaveProgress { received: self.reached, total: arrived.total });
            }
        }
        let complete = parts.finish().await?;
        let writer = match writer {
            Some(writer) => writer,
            None => return Err(damaged("the server has sent no part of it".into())),
        };
        arrived.check(&complete, writer.written())?;
        let name = arrived.name.or(complete.file_name);
        self.finish(writer, name).await
    }

    /// Takes the content from the answer to `get_file`, since the server does not send it in parts. `unsupported` is its refusal.
    pub(super) async fn whole(
        &mut self,
        folder: &Path,
        unsupported: SaveFileError,
    ) -> Result<Downloaded, SaveFileError> {
        let answer = match self.call(GetFile::new(&self.file)).await {
            Ok(answer) => answer,
            Err(error) if error.is_unsupported() => return Err(unsupported),
            Err(error) => return Err(error.into()),
        };
        let Some(base64) = answer.base64.filter(|base64| !base64.is_empty()) else {
            let url = answer.url.filter(|url| url.contains("://"));
            return Err(SaveFileError::Elsewhere { path: answer.file, url });
        };
        let mut writer = Writer::new(folder, self.sha256.is_some()).await?;
        if writer.add(&base64).await?.is_none() {
            return Err(damaged("it is not base64".into()));
        }
        let size = writer.written();
        if let Some(total) = answer.file_size.filter(|total| ![0, size].contains(total)) {
            return Err(damaged(format!("{size} bytes arrived, of {total}")));
        }
        self.finish(writer, answer.file_name).await
    }

    fn call<A: Action>(&self, request: A) -> Call<A> {
        let call = self.client.call(request);
        match self.within {
            Some(limit) => call.within(limit),
            None => call,
        }
    }

    /// Checks the hash of a file that is complete.
    async fn finish(&mut self, writer: Writer, name: Option<String>) -> Result<Downloaded, SaveFileError> {
        let size = writer.written();
        let (file, hash) = writer.finish().await?;
        if let (Some(expected), Some(hash)) = (&self.sha256, hash)
            && !expected.eq_ignore_ascii_case(&hash)
        {
            return Err(damaged(format!("its SHA-256 is {hash}, and not {expected}")));
        }
        Ok(Downloaded { file, size, name: name.filter(|name| !name.is_empty()) })
    }
}

impl Arrived {
    /// Adds a part: the file's name and size, or a piece of its content.
    async fn add(&mut self, part: FilePart, writer: &mut Writer) -> Result<(), SaveFileError> {
        let FilePart { file_name, file_size, index, data, size, .. } = part;
        self.name = file_name.or(self.name.take());
        self.total = file_size.filter(|size| *size > 0).or(self.total);
        let Some(data) = data else { return Ok(()) };
        let next = self.pieces;
        match index {
            // The piece before, sent a second time.
            Some(index) if index.checked_add(1) == Some(next) => return Ok(()),
            Some(index) if index != next => {
                return Err(damaged(format!("piece {index} arrived in place of piece {next}")));
            }
            _ => self.pieces += 1,
        }
        let Some(length) = writer.add(&data).await? else {
            return Err(damaged(format!("piece {next} is not base64")));
        };
        match size.filter(|size| *size != length) {
            Some(size) => Err(damaged(format!("piece {next} has {length} bytes, of {size}"))),
            None => Ok(()),
        }
    }

    /// Compares the size and the number of pieces with those that the server says it has sent.
    fn check(&self, complete: &FileComplete, size: u64) -> Result<(), SaveFileError> {
        for total in [self.total, complete.total_bytes].into_iter().flatten() {
            if total != size {
                return Err(damaged(format!("{size} bytes arrived, of {total}")));
            }
        }
        match complete.total_chunks.filter(|pieces| *pieces != self.pieces) {
            Some(pieces) => Err(damaged(format!("{} pieces arrived, of {pieces}", self.pieces))),
            None => Ok(()),
        }
    }
}
