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

/// The number of attempts without progress, by default.
const ATTEMPTS: u32 = 5;
/// The waits after attempts, from the first to the longest.
const WAITS: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));
/// An attempt makes progress if it gets further than all before by this many bytes.
const PROGRESS: u64 = 1 << 20;

impl Client {
    /// Saves a file of the server to the bot's disk: [`SaveFile::to`] begins. `file` is the file's id, or its name, from a received
    /// segment or event. Feature `files`.
    ///
    /// NapCat and SnowLuma send the file in parts (`download_file_stream`), which are written as they arrive. SnowLuma has only
    /// images and voices. Of any other server the content is taken from `get_file`, if it is there: LLOneBot sends it if it is set
    /// to.
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

/// Saves a file of the server: see [`Client::save_file`].
#[must_use = "nothing is saved until `to` is awaited"]
pub struct SaveFile {
    attempt: Attempt,
    attempts: u32,
}

/// A file that has been saved.
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
    /// Calls `progress` after each piece of the file.
    pub fn on_progress(mut self, progress: impl FnMut(SaveProgress) + Send + 'static) -> Self {
        self.attempt.progress = Some(Box::new(progress));
        self
    }

    /// Sets the length of a piece, in bytes. Default: 64 KiB. SnowLuma takes up to 16 MiB.
    pub fn chunk_size(mut self, bytes: u64) -> Self {
        self.attempt.chunk_size = Some(bytes);
        self
    }

    /// Limits the time until the first piece arrives, and the server's silence afterwards, in place of the client's limit. The
    /// server gets the file from QQ first, if it does not have it.
    pub fn within(mut self, limit: Duration) -> Self {
        self.attempt.within = Some(limit);
        self
    }

    /// Checks the SHA-256 of the content, in hexadecimal digits, if you know it: servers do not tell it.
    pub fn sha256(mut self, digits: impl Into<String>) -> Self {
        self.attempt.sha256 = Some(digits.into());
        self
    }

    /// Sets the number of attempts that do not get further than the one before, including the first. Default: 5; 0 counts as 1.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Saves the file under this path, and replaces a file that is there.
    ///
    /// The content goes into a temporary file in the same folder, which gets its name once the content is complete and on the disk:
    /// there is never a part of a file under the path. The size, the order of the pieces and, if it is known, the hash are checked.
    /// On Unix the file has the rights of a new one.
    ///
    /// A download that is cut, or whose content is not right, is repeated from its beginning, since no server sends a file from
    /// its middle. It ends with an error after [`attempts`](Self::attempts) attempts of which none got a mebibyte further than those
    /// before. Between two attempts there is a wait of 200 milliseconds to 5 seconds. A refusal is not repeated.
    ///
    /// # Errors
    ///
    /// The server refuses the call or cannot be reached, the content is not what it announced, the file cannot be written, or the
    /// server only tells where the file is.
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

    /// Downloads the file into `folder`, with as many attempts as it takes.
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
