//! Files that bots upload in chunks, as on NapCat: checked, and kept in a temporary folder.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::to_raw_value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::call::ActionResult;
use super::refusal::{Refusal, bad_request, refuse_as};
use super::sync::lock;
use crate::action::{KnownAction, UploadFileStream, UploadFileStreamResponse};
use crate::disk;
use crate::types::{ServerPath, StreamFrame, UploadStatus};

/// NapCat's retcode over a WebSocket.
const RETCODE: i64 = 1200;
/// NapCat keeps files of up to this size, in bytes, in its memory if the bot says the size.
const IN_MEMORY: u64 = 10 << 20;
/// NapCat's limit of all these files, in bytes.
const MEMORY: u64 = 100 << 20;

/// A file that a bot has uploaded in chunks: see [`MockServer::uploads`](super::MockServer::uploads). Feature `files`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredUpload {
    /// The name that the bot gave the file.
    pub name: String,
    /// The path of the file on this machine, which the bot got as the answer. The file is deleted when the server is dropped.
    pub path: PathBuf,
    /// The size in bytes.
    pub size: u64,
    /// The SHA-256 in lower-case hexadecimal digits.
    pub sha256: String,
    /// The number of chunks.
    pub chunks: u32,
    /// The time for which the bot asked to keep the file, in milliseconds; 0 for ever. The simulated server does not delete it.
    pub retention: u64,
}

/// The uploads of a server.
#[derive(Default)]
pub(super) struct Uploads(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    folder: Option<TempDir>,
    open: HashMap<String, OpenUpload>,
    complete: Vec<StoredUpload>,
}

/// An upload that is not complete.
struct OpenUpload {
    name: String,
    total: u32,
    received: BTreeSet<u32>,
    expected: Option<String>,
    retention: u64,
    /// The memory that NapCat would take for it.
    memory: u64,
}

impl Uploads {
    /// Carries a call out; `None` for an action that is not about uploads.
    pub(super) fn answer(&self, name: &str, params: &[u8]) -> Option<ActionResult> {
        (name == UploadFileStream::NAME).then(|| {
            let request = serde_json::from_slice(params).map_err(|error| bad_request(name, &error))?;
            let answer = lock(&self.0).carry_out(request)?;
            to_raw_value(&answer).map(Cow::Owned).map_err(|error| bad_request(name, &error))
        })
    }

    pub(super) fn complete(&self) -> Vec<StoredUpload> {
        lock(&self.0).complete.clone()
    }

    /// Forgets the uploads that are not complete, and returns their number.
    pub(super) fn forget(&self) -> usize {
        let mut uploads = lock(&self.0);
        let open: Vec<String> = uploads.open.keys().cloned().collect();
        open.iter().for_each(|id| uploads.forget(id));
        open.len()
    }
}

fn refused(why: impl Into<String>) -> Refusal {
    refuse_as(RETCODE, why)
}

fn failed(error: io::Error) -> Refusal {
    refused(error.to_string())
}

impl Inner {
    fn carry_out(&mut self, request: UploadFileStream) -> Result<UploadFileStreamResponse, Refusal> {
        let id = request.stream_id.clone();
        if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)) {
            return Err(refused("invalid stream_id (allowed: A-Z a-z 0-9 _ -)"));
        }
        if request.reset == Some(true) {
            self.forget(&id);
            return Err(refused("Stream reset completed"));
        }
        if request.verify_only == Some(true) {
            let open = self.open.get(&id).ok_or_else(|| refused("Stream not found"))?;
            return Ok(open.answer(&id, UploadStatus::FileCreated));
        }
        if !self.open.contains_key(&id) {
            let upload = self.new_upload(&request)?;
            self.open.insert(id.clone(), upload);
        }
        let folder = self.folder().map_err(failed)?;
        let open = self.open.get_mut(&id).ok_or_else(|| refused("Stream not found"))?;
        if let (Some(data), Some(index)) = (&request.chunk_data, request.chunk_index) {
            open.add(&chunks(&folder, &id), index, data)?;
            // As on SnowLuma; NapCat answers `file_created` for a chunk that it has.
            return Ok(open.answer(&id, UploadStatus::ChunkReceived));
        }
        if request.is_complete == Some(true) || open.received.len() == open.total as usize {
            return self.complete(&id, &folder);
        }
        Ok(open.answer(&id, UploadStatus::FileCreated))
    }

    fn new_upload(&self, request: &UploadFileStream) -> Result<OpenUpload, Refusal> {
        let total = request.total_chunks.filter(|total| *total > 0);
        let total = total.ok_or_else(|| refused("total_chunks required for new stream"))?;
        let memory = request.file_size.filter(|size| *size <= IN_MEMORY).unwrap_or(0);
        if self.open.values().map(|open| open.memory).sum::<u64>() + memory > MEMORY {
            return Err(refused("Memory limit exceeded"));
        }
        let name = request.filename.as_deref().unwrap_or_default();
        let name = Path::new(name).file_name().map(|name| name.to_string_lossy().into_owned());
        Ok(OpenUpload {
            name: name.unwrap_or_else(|| format!("upload_{}", request.stream_id)),
            total,
            received: BTreeSet::new(),
            expected: request.expected_sha256.clone(),
            retention: request.file_retention,
            memory,
        })
    }

    /// Returns the folder of all uploads.
    fn folder(&mut self) -> io::Result<PathBuf> {
        let folder = match self.folder.take() {
            Some(folder) => folder,
            None => tempfile::Builder::new().prefix("cqhttp-mock-").tempdir()?,
        };
        Ok(self.folder.insert(folder).path().to_owned())
    }

    fn complete(&mut self, id: &str, folder: &Path) -> Result<UploadFileStreamResponse, Refusal> {
        let Some(open) = self.open.get(id) else { return Err(refused("Stream not found")) };
        if let Some(missing) = (0..open.total).find(|index| !open.received.contains(index)) {
            return Err(refused(format!("Missing chunk file {missing}")));
        }
        let path = folder.join(&open.name);
        let (size, sha256) = put_together(&chunks(folder, id), open.total, &path).map_err(failed)?;
        if let Some(expected) = open.expected.as_deref().filter(|expected| *expected != sha256) {
            let _ = fs::remove_file(&path);
            return Err(refused(format!("SHA256 mismatch. Expected: {expected}, Got: {sha256}")));
        }
        let answer = UploadFileStreamResponse {
            kind: Some(StreamFrame::Response),
            file_path: Some(ServerPath::new(path.to_string_lossy())),
            file_size: Some(size),
            sha256: open.expected.is_some().then(|| sha256.clone()),
            ..open.answer(id, UploadStatus::FileComplete)
        };
        let (name, chunks, retention) = (open.name.clone(), open.total, open.retention);
        self.complete.push(StoredUpload { name, path, size, sha256, chunks, retention });
        self.forget(id);
        Ok(answer)
    }

    fn forget(&mut self, id: &str) {
        if self.open.remove(id).is_some()
            && let Some(folder) = &self.folder
        {
            // There is no such folder if no chunk has come.
            let _ = fs::remove_dir_all(chunks(folder.path(), id));
        }
    }
}

impl OpenUpload {
    /// Stores a chunk, unless it is there already.
    fn add(&mut self, chunks: &Path, index: u32, base64: &str) -> Result<(), Refusal> {
        if index >= self.total {
            return Err(refused(format!("Invalid chunk index: {index}")));
        }
        if !self.received.contains(&index) {
            let bytes = STANDARD.decode(base64).map_err(|error| refused(error.to_string()))?;
            fs::create_dir_all(chunks).and_then(|()| fs::write(chunk(chunks, index), bytes)).map_err(failed)?;
            self.received.insert(index);
        }
        Ok(())
    }

    fn answer(&self, id: &str, status: UploadStatus) -> UploadFileStreamResponse {
        UploadFileStreamResponse {
            stream_id: Some(id.to_owned()),
            status: Some(status),
            received_chunks: Some(u32::try_from(self.received.len()).unwrap_or(u32::MAX)),
            total_chunks: Some(self.total),
            file_path: None,
            file_size: None,
            sha256: None,
            kind: Some(StreamFrame::Stream),
        }
    }
}

/// Returns the folder of an upload's chunks.
fn chunks(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("upload_{id}"))
}

fn chunk(chunks: &Path, index: u32) -> PathBuf {
    chunks.join(format!("{index}.chunk"))
}

/// Writes the chunks into one file, and returns its size and hash.
fn put_together(chunks: &Path, total: u32, path: &Path) -> io::Result<(u64, String)> {
    let (mut file, mut hasher, mut size) = (File::create(path)?, Sha256::new(), 0);
    for index in 0..total {
        let bytes = fs::read(chunk(chunks, index))?;
        file.write_all(&bytes)?;
        hasher.update(&bytes);
        size += bytes.len() as u64;
    }
    Ok((size, disk::hex(hasher.finalize())))
}
