//! Files of the server, written to the bot's disk.

mod attempt;
mod error;
mod progress;
mod writer;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempPath;
use tower::retry::backoff::Backoff;

use self::attempt::{Attempt, Downloaded};
pub use self::error::SaveFileError;
pub use self::progress::SaveProgress;
use self::writer::blocking;
use crate::backoff::new_backoff;
use crate::client::Client;
use crate::error::{Error, chain};

/// The largest piece in bytes: SnowLuma's limit. A larger one, as base64, may be longer than a frame is allowed to be.
const MAX_CHUNK: u64 = 16 << 20;
/// The default number of attempts in a row without progress.
const ATTEMPTS: u32 = 5;
/// The waits after attempts, from the first to the longest.
const WAITS: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));
/// An attempt makes progress if it gets further than all attempts before it by this number of bytes.
const PROGRESS: u64 = 1 << 20;

impl Client {
    /// Saves a file of the server to the bot's disk; [`SaveFile::to`] starts it. `file` is the file's id, or its name, from a
    /// received segment or event. Feature `files`.
    ///
    /// NapCat and SnowLuma send the file in parts (`download_file_stream`), which are written as they arrive. SnowLuma sends only
    /// images and voices. From other servers the content comes with the answer to `get_file`, in one piece, if they send it:
    /// LLOneBot does if it is configured to.
    ///
    /// ```no_run
    /// # async fn run(client: &cqhttp::Client) -> Result<(), cqhttp::SaveFileError> {
    /// let saved = client
    ///     .save_file("march.pdf")
    ///     .on_progress(|progress| println!("{} of {:?} bytes", progress.received, progress.total))
    ///     .to("downloads/march.pdf")
    ///     .await?;
    /// println!("{} bytes", saved.size);
    /// # Ok(())
    /// # }
    /// ```
    pub fn save_file(&self, file: impl Into<String>) -> SaveFile {
        SaveFile { attempt: Attempt::new(self.clone(), file.into()), attempts: ATTEMPTS }
    }
}

/// Saves a file of the server: see [`Client::save_file`]. Feature `files`.
#[must_use = "nothing is saved until `to` is awaited"]
pub struct SaveFile {
    attempt: Attempt,
    attempts: u32,
}

/// A file that has been saved. Feature `files`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SavedFile {
    /// The path on the bot's disk.
    pub path: PathBuf,
    /// The size in bytes.
    pub size: u64,
    /// The file's name on the server, if the server has told it. It is not part of the path.
    pub name: Option<String>,
}

impl SaveFile {
    /// Calls `progress` when the server announces the file, and after each piece; not if the content comes from `get_file`.
    pub fn on_progress(mut self, progress: impl FnMut(SaveProgress) + Send + 'static) -> Self {
        self.attempt.progress = Some(Box::new(progress));
        self
    }

    /// Sets the size of a piece in bytes, from 1 to 16 MiB; other sizes count as the nearest. Default: 64 KiB.
    pub fn chunk_size(mut self, bytes: u64) -> Self {
        self.attempt.chunk_size = Some(bytes.clamp(1, MAX_CHUNK));
        self
    }

    /// Limits the time until the first part arrives, and the server's silence afterwards, in place of the client's limit. A
    /// server that does not have the file gets it from QQ first.
    pub fn within(mut self, limit: Duration) -> Self {
        self.attempt.within = Some(limit);
        self
    }

    /// Compares the SHA-256 of the content with this one, in hexadecimal digits. Default: no hash is compared, since servers do
    /// not send it.
    pub fn sha256(mut self, digits: impl Into<String>) -> Self {
        self.attempt.sha256 = Some(digits.into());
        self
    }

    /// Limits the attempts in a row of which none gets at least 1 MiB further than all attempts before it; the first of them
    /// counts. Default: 5; 0 counts as 1.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Saves the file under this path, and replaces a file that is there.
    ///
    /// The content goes into a temporary file in the same folder, which is renamed once the content is complete and on the disk:
    /// the path never holds a part of the file. The size, the order of the pieces and, if [`sha256`](Self::sha256) is set, the hash
    /// are checked. On Unix the file has the permissions of a new file.
    ///
    /// A download that is cut, or whose content is wrong, is repeated from the beginning, since no server sends a file from its
    /// middle. It ends with an error once [`attempts`](Self::attempts) attempts in a row have made no progress. Between two
    /// attempts there is a wait of 200 milliseconds to 5 seconds. A download is not repeated after a refusal, nor if the content
    /// comes from `get_file`.
    ///
    /// # Errors
    ///
    /// See [`SaveFileError`]: the server refuses the call or cannot be reached, the content is not what it announced, the file
    /// cannot be written, or the server only tells where the file is.
    pub async fn to(mut self, path: impl AsRef<Path> + Send) -> Result<SavedFile, SaveFileError> {
        let path = path.as_ref().to_owned();
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        let Downloaded { file, size, name } = self.download(&folder).await?;
        persist(file, path.clone()).await?;
        Ok(SavedFile { path, size, name })
    }

    /// Downloads the file into `folder`, with several attempts if necessary.
    async fn download(&mut self, folder: &Path) -> Result<Downloaded, SaveFileError> {
        let mut backoff = new_backoff(WAITS.0, WAITS.1);
        let (mut left, mut best) = (self.attempts, 0);
        loop {
            let error = match self.attempt.run(folder).await {
                Ok(downloaded) => return Ok(downloaded),
                Err(error) => error,
            };
            if matches!(&error, SaveFileError::Call(error) if error.is_unsupported()) {
                return self.attempt.whole(folder, error).await;
            }
            if !may_pass(&error) {
                return Err(error);
            }
            let reached = self.attempt.reached;
            if reached >= best + PROGRESS {
                (best, left) = (reached, self.attempts);
                backoff = new_backoff(WAITS.0, WAITS.1);
            }
            left -= 1;
            if left == 0 {
                return Err(error);
            }
            tracing::debug!(reached, left, error = chain(&error), "a download is repeated");
            backoff.next_backoff().await;
        }
    }
}

/// Returns `true` if another attempt may succeed.
fn may_pass(error: &SaveFileError) -> bool {
    match error {
        SaveFileError::Call(error) => matches!(error, Error::NotSent(_) | Error::OutcomeUnknown(_)),
        SaveFileError::Damaged { .. } => true,
        SaveFileError::Write(_) | SaveFileError::Elsewhere { .. } => false,
    }
}

/// Gives a temporary file its name.
async fn persist(file: TempPath, path: PathBuf) -> Result<(), SaveFileError> {
    blocking(move || file.persist(path).map_err(|error| error.error)).await
}

impl fmt::Debug for SaveFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { attempt, attempts } = self;
        f.debug_struct("SaveFile").field("file", &attempt.file).field("attempts", attempts).finish_non_exhaustive()
    }
}
