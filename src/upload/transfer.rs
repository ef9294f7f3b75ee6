//! The course of an upload: the first chunk with the description of the file, the other chunks a few at a time, and the call
//! that puts them together.
//!
//! Only the first chunk holds the number of chunks, so that a server that has forgotten the upload refuses the others, and does
//! not start it again with a chunk in the middle. A chunk may arrive twice, even while its first copy is being written: NapCat
//! then counts it twice, so its count never proves that a chunk is there. It only proves that chunks are missing.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::panic::resume_unwind;
use std::time::Duration;

use tokio::task::JoinSet;
use tower::retry::backoff::{Backoff, ExponentialBackoff};
use tracing::Instrument;

use crate::action::{UploadFileStream, UploadFileStreamResponse};
use crate::backoff::new_backoff;
use crate::call::Call;
use crate::client::Client;
use crate::error::Error;
use crate::file::FileSource;
use crate::generated::types::ServerPath;
use crate::upload::call_failure::CallFailure;
use crate::upload::content::Content;
use crate::upload::error::UploadError;
use crate::upload::input::UploadInput;

/// The longest retention in milliseconds, 24 days: servers on Node take a wait of more than 31 bits for one of 1 ms.
const LONGEST_RETENTION: u64 = 24 * 24 * 60 * 60 * 1000;
/// Default size of a chunk, in bytes.
const CHUNK: usize = 256 << 10;
/// The largest number of chunks that SnowLuma takes.
const MAX_CHUNKS: u64 = 200_000;
/// NapCat keeps a file of up to this size, in bytes, in its memory if it is told the size, and has a limit for all of them.
const NAPCAT_MEMORY: u64 = 10 << 20;
/// The number of times that an upload starts again because the server has forgotten it.
const MAX_RESTARTS: u32 = 3;
/// The number of times that the last call is repeated because the server has not written a chunk yet.
const MAX_INCOMPLETE: u32 = 3;
/// The number of bytes that a server puts together in a second, at least.
const BYTES_PER_SECOND: u64 = 8 << 20;
/// The time that cleaning up may take after a failure.
const CLEAN_UP: Duration = Duration::from_secs(5);
/// The waits after failed calls, from the first to the longest.
const WAITS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// The progress of an upload: see [`Upload::progress`](crate::Upload::progress). Feature `files`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UploadProgress {
    /// The bytes that the server has stored. They begin at 0 again when the upload starts again.
    pub stored: u64,
    /// The size of the input in bytes.
    pub size: u64,
    /// The number of times that the upload was interrupted and went on.
    pub interruptions: u32,
    /// The number of times that the upload started again, since the server had forgotten it.
    pub restarts: u32,
}

pub(super) type OnProgress = Box<dyn FnMut(UploadProgress) + Send>;

/// The settings of an upload.
pub(super) struct Settings {
    pub(super) name: Option<String>,
    pub(super) chunk_size: usize,
    pub(super) in_flight: usize,
    pub(super) attempts: u32,
    pub(super) retention: Duration,
    pub(super) within: Option<Duration>,
    pub(super) progress: Option<OnProgress>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: None,
            chunk_size: CHUNK,
            in_flight: 4,
            attempts: 10,
            retention: Duration::from_secs(300),
            within: None,
            progress: None,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, chunk_size, in_flight, attempts, retention, within, progress: _ } = self;
        f.debug_struct("Settings")
            .field("name", name)
            .field("chunk_size", chunk_size)
            .field("in_flight", in_flight)
            .field("attempts", attempts)
            .field("retention", retention)
            .field("within", within)
            .finish_non_exhaustive()
    }
}

/// Carries an upload out.
pub(super) async fn upload(client: Client, input: UploadInput, settings: Settings) -> Result<FileSource, UploadError> {
    let content = Content::open(input).await?;
    let progress = UploadProgress { stored: 0, size: content.size, interruptions: 0, restarts: 0 };
    let mut transfer = Transfer {
        stream: Stream::new(client, settings.within),
        chunk_size: (settings.chunk_size as u64).max(content.size.div_ceil(MAX_CHUNKS)),
        patience: Patience::new(settings.attempts),
        content,
        settings,
        progress,
    };
    loop {
        match transfer.run().await {
            Ok(path) => return Ok(FileSource::path(path)),
            Err(Stop::Lost(error)) if transfer.progress.restarts == MAX_RESTARTS => {
                return Err(UploadError::Forgotten { error });
            }
            Err(Stop::Lost(error)) => transfer.restart(error),
            Err(Stop::Unsupported(error)) => return in_one_call(&transfer.content, error).await,
            Err(Stop::Failed(error)) => {
                transfer.clean_up(&error).await;
                return Err(error);
            }
        }
    }
}

/// Returns the source of bytes that are sent with the call, for a server without the action.
async fn in_one_call(content: &Content, error: Error) -> Result<FileSource, UploadError> {
    if content.size > FileSource::LIMIT {
        return Err(UploadError::TooLarge { size: content.size, limit: FileSource::LIMIT, error });
    }
    let base64 = content.base64(0, content.size).await?;
    Ok(FileSource::received(format!("base64://{base64}")))
}

/// The reason why an upload does not go on as it is.
enum Stop {
    /// The server does not know the upload.
    Lost(Option<Error>),
    Unsupported(Error),
    Failed(UploadError),
}

impl From<UploadError> for Stop {
    fn from(error: UploadError) -> Self {
        Self::Failed(error)
    }
}

/// An upload under its name on the server. A clone makes calls for the same upload.
#[derive(Clone)]
struct Stream {
    client: Client,
    id: String,
    within: Option<Duration>,
}

impl Stream {
    fn new(client: Client, within: Option<Duration>) -> Self {
        Self { client, id: new_id(), within }
    }

    fn call(&self) -> Call<UploadFileStream> {
        self.limited(self.client.upload_file_stream(&*self.id), self.within)
    }

    fn limited(&self, call: Call<UploadFileStream>, limit: Option<Duration>) -> Call<UploadFileStream> {
        match limit {
            Some(limit) => call.within(limit),
            None => call,
        }
    }

    fn chunk(&self, index: u32, base64: String) -> Call<UploadFileStream> {
        self.call().chunk_index(index).chunk_data(base64)
    }

    /// Puts the chunks of `size` bytes together.
    fn complete(&self, size: u64) -> Call<UploadFileStream> {
        let more = Duration::from_secs(size / BYTES_PER_SECOND);
        let limit = self.within.or(self.client.timeout().map(|limit| limit.saturating_add(more)));
        self.limited(self.call().is_complete(true), limit)
    }
}

/// Returns a new name for an upload: 32 hexadecimal digits.
fn new_id() -> String {
    // Each `RandomState` has random keys of its own.
    let random = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", random(), random())
}

/// Returns a name without the characters that file systems and addresses reserve.
fn file_name(name: &str) -> String {
    let reserved = |c: char| c.is_control() || r#"/\:*?"<>|%#"#.contains(c);
    let name = name.trim_start_matches('.').replace(reserved, "_");
    // File systems limit names to 255 bytes; the end has the extension.
    let start = name.char_indices().map(|(at, _)| at).find(|at| name.len() - at <= 180);
    name[start.unwrap_or(name.len())..].to_owned()
}

/// The calls that failed since the last chunk arrived, and the waits after them.
struct Patience {
    attempts: u32,
    failed: u32,
    backoff: ExponentialBackoff,
}

impl Patience {
    fn new(attempts: u32) -> Self {
        Self { attempts, failed: 0, backoff: new_backoff(WAITS.0, WAITS.1) }
    }

    fn renew(&mut self) {
        if self.failed > 0 {
            *self = Self::new(self.attempts);
        }
    }
}

struct Transfer {
    stream: Stream,
    content: Content,
    settings: Settings,
    chunk_size: u64,
    patience: Patience,
    progress: UploadProgress,
}

impl Transfer {
    async fn run(&mut self) -> Result<ServerPath, Stop> {
        self.report();
        self.begin().await?;
        self.fill().await?;
        self.complete().await
    }

    fn restart(&mut self, error: Option<Error>) {
        tracing::debug!(
            error = error.map(|error| error.report()),
            "the server has forgotten an upload: it starts again"
        );
        self.stream.id = new_id();
        self.progress.stored = 0;
        self.progress.restarts += 1;
    }

    /// Sends the first chunk, until an answer arrives.
    async fn begin(&mut self) -> Result<(), Stop> {
        loop {
            let first = self.stream.chunk(0, self.content.base64(0, self.chunk_size).await?);
            match first.map_request(|request| self.describe(request)).await {
                Ok(_) => {
                    self.stored(0);
                    return Ok(());
                }
                Err(error) => self.after(error, CallFailure::of).await?,
            }
        }
    }

    /// Adds to the first call what the server wants to know about the file.
    fn describe(&self, request: UploadFileStream) -> UploadFileStream {
        let Self { content, settings, stream, .. } = self;
        let name = match (&settings.name, &content.name) {
            (Some(name), _) => file_name(name),
            (None, Some(name)) => format!("{}-{}", stream.id, file_name(name)),
            (None, None) => String::new(),
        };
        let name = if name.is_empty() { stream.id.clone() } else { name };
        let request =
            request.total_chunks(self.total_chunks()).expected_sha256(&*content.sha256).filename(name).file_retention(
                u64::try_from(settings.retention.as_millis()).unwrap_or(u64::MAX).min(LONGEST_RETENTION),
            );
        match content.size > NAPCAT_MEMORY {
            true => request.file_size(content.size),
            false => request,
        }
    }

    /// Returns the number of chunks, at most [`MAX_CHUNKS`].
    fn total_chunks(&self) -> u32 {
        u32::try_from(self.content.size.div_ceil(self.chunk_size)).unwrap_or(u32::MAX)
    }

    /// Sends all chunks but the first, a few at a time.
    async fn fill(&mut self) -> Result<(), Stop> {
        let (total, mut next, mut again) = (self.total_chunks(), 1, Vec::new());
        let (mut calls, mut interruption) = (JoinSet::new(), None);
        loop {
            while interruption.is_none() && calls.len() < self.settings.in_flight {
                let index = match again.pop() {
                    Some(index) => index,
                    None if next < total => next,
                    None => break,
                };
                next = next.max(index + 1);
                calls.spawn(self.send(index).in_current_span());
            }
            match calls.join_next().await {
                Some(Ok((index, Ok(())))) => self.stored(index),
                Some(Ok((_, Err(ChunkFailure::Content(error))))) => return Err(error.into()),
                // The calls in flight end before the upload recovers: their chunks may still arrive.
                Some(Ok((index, Err(ChunkFailure::Call(error))))) => match CallFailure::of(&error) {
                    CallFailure::Passing => {
                        again.push(index);
                        interruption = Some(error);
                    }
                    failure => return Err(stop(error, failure)),
                },
                Some(Err(error)) => match error.try_into_panic() {
                    Ok(panic) => resume_unwind(panic),
                    // The runtime shuts down, and this task with it.
                    Err(_) => std::future::pending().await,
                },
                None => match interruption.take() {
                    Some(error) => self.recover(error).await?,
                    None if again.is_empty() && next >= total => return Ok(()),
                    None => {}
                },
            }
        }
    }

    /// Sends one chunk.
    fn send(&self, index: u32) -> impl Future<Output = (u32, Result<(), ChunkFailure>)> + Send + 'static {
        let (stream, content) = (self.stream.clone(), self.content.clone());
        let start = u64::from(index) * self.chunk_size;
        let end = start + self.chunk_size;
        async move {
            let base64 = match content.base64(start, end).await {
                Ok(base64) => base64,
                Err(error) => return (index, Err(ChunkFailure::Content(error))),
            };
            let sent = stream.chunk(index, base64).await;
            (index, sent.map(drop).map_err(ChunkFailure::Call))
        }
    }

    /// Waits after a failed call, and asks the server until it answers that it still has the upload.
    async fn recover(&mut self, mut error: Error) -> Result<(), Stop> {
        self.progress.interruptions = self.progress.interruptions.saturating_add(1);
        loop {
            self.after(error, CallFailure::of).await?;
            error = match self.stream.call().verify_only(true).await {
                Ok(UploadFileStreamResponse { received_chunks: Some(received), .. })
                    if u64::from(received) < self.progress.stored.div_ceil(self.chunk_size) =>
                {
                    return Err(Stop::Lost(None));
                }
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
        }
    }

    /// Puts the chunks together, and returns the file's path.
    async fn complete(&mut self) -> Result<ServerPath, Stop> {
        let mut incomplete = 0;
        loop {
            let error = match self.stream.complete(self.content.size).await {
                Ok(answer) => return self.path_of(answer).await.map_err(Stop::Failed),
                Err(error) => error,
            };
            match CallFailure::of(&error) {
                CallFailure::Passing => self.recover(error).await?,
                CallFailure::Mismatch => return Err(self.mismatch(Some(error)).await.into()),
                CallFailure::Incomplete if incomplete < MAX_INCOMPLETE => {
                    incomplete += 1;
                    self.after(error, |_| CallFailure::Passing).await?;
                }
                CallFailure::Incomplete => return Err(Stop::Lost(Some(error))),
                failure => return Err(stop(error, failure)),
            }
        }
    }

    /// Checks the last answer.
    async fn path_of(&mut self, answer: UploadFileStreamResponse) -> Result<ServerPath, UploadError> {
        let UploadFileStreamResponse { file_path, file_size, sha256, .. } = answer;
        let same_size = file_size.is_none_or(|size| size == self.content.size);
        let same_hash = sha256.is_none_or(|sha256| sha256.eq_ignore_ascii_case(&self.content.sha256));
        if !same_size || !same_hash {
            return Err(self.mismatch(None).await);
        }
        file_path.filter(|path| !path.as_str().is_empty()).ok_or(UploadError::NoPath)
    }

    /// Returns the reason why the server has other bytes.
    async fn mismatch(&mut self, error: Option<Error>) -> UploadError {
        match self.content.has_changed().await {
            true => self.content.changed(),
            false => UploadError::HashMismatch { error },
        }
    }

    /// Waits after a failed call, if another attempt may succeed.
    async fn after(&mut self, error: Error, failure: fn(&Error) -> CallFailure) -> Result<(), Stop> {
        match failure(&error) {
            CallFailure::Passing => {}
            failure => return Err(stop(error, failure)),
        }
        self.patience.failed += 1;
        let UploadProgress { stored, size, .. } = self.progress;
        if self.patience.failed >= self.patience.attempts {
            let attempts = self.patience.failed;
            return Err(UploadError::Interrupted { error, attempts, stored, size }.into());
        }
        tracing::debug!(error = error.report(), stored, size, "an upload is interrupted");
        self.patience.backoff.next_backoff().await;
        Ok(())
    }

    fn stored(&mut self, index: u32) {
        let start = u64::from(index) * self.chunk_size;
        self.progress.stored += self.chunk_size.min(self.content.size - start);
        self.patience.renew();
        self.report();
    }

    fn report(&mut self) {
        if let Some(progress) = &mut self.settings.progress {
            progress(self.progress);
        }
    }

    /// Deletes the chunks of an upload that failed, if the server can be reached.
    async fn clean_up(&mut self, error: &UploadError) {
        if self.progress.stored > 0 && !matches!(error, UploadError::Interrupted { .. } | UploadError::NoPath) {
            // The servers carry this call out, and answer it with a refusal.
            let _ = self.stream.call().reset(true).within(CLEAN_UP).await;
        }
    }
}

/// A failure of sending one chunk.
enum ChunkFailure {
    /// The chunk cannot be read.
    Content(UploadError),
    Call(Error),
}

/// Returns the end of an upload by a call that is not to be repeated.
fn stop(error: Error, failure: CallFailure) -> Stop {
    match failure {
        CallFailure::Lost => Stop::Lost(Some(error)),
        CallFailure::Unsupported => Stop::Unsupported(error),
        _ => Stop::Failed(UploadError::Refused(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_for_file_systems_and_addresses() {
        for (name, safe) in [
            ("film.mp4", "film.mp4"),
            ("../../etc/passwd", "_.._etc_passwd"),
            (r"C:\a?b*.txt", "C__a_b_.txt"),
            ("100% #1.png", "100_ _1.png"),
            ("报告\n.pdf", "报告_.pdf"),
            ("..", ""),
        ] {
            assert_eq!(file_name(name), safe);
        }
        let long = file_name(&format!("{}.tar.gz", "长".repeat(200)));
        assert!(long.len() <= 180 && long.ends_with("长.tar.gz"), "{long}");
    }

    #[test]
    fn ids_differ() {
        let (one, other) = (new_id(), new_id());
        assert_eq!(one.len(), 32);
        assert_ne!(one, other);
    }
}
