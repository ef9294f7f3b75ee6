//! Uploads of files in chunks.
//!
//! The files depend on each other in one direction: `transfer` on `call_failure`, `content`, `error` and `input`, and `content` on
//! `error` and `input`.

mod call_failure;
mod content;
pub(crate) mod error;
pub(crate) mod input;
pub(crate) mod transfer;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use self::error::UploadError;
use self::input::UploadInput;
use self::transfer::{Settings, UploadProgress};
use crate::client::Client;
use crate::file::FileSource;

/// The largest chunk in bytes: SnowLuma's limit.
const MAX_CHUNK: usize = 32 << 20;
/// The most chunks at once.
const MAX_IN_FLIGHT: usize = 16;

impl FileSource {
    /// Uploads a file of any size to the server's disk, in chunks, and returns the source of the file there: for bots that do not
    /// share a disk with the server. Feature `files`.
    ///
    /// The input is a path on the bot's disk, bytes, or a [reader](UploadInput::reader). The source works like any
    /// [`path`](Self::path): in messages, and in [`upload_group_file`](crate::Client::upload_group_file) and
    /// [`upload_private_file`](crate::Client::upload_private_file), which take it as `&source` too. The server deletes the file
    /// after the [retention](Upload::retention), 5 minutes by default: send it before that.
    ///
    /// ```no_run
    /// # async fn run(client: cqhttp::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use std::path::Path;
    ///
    /// use cqhttp::{FileSource, Segment};
    ///
    /// let film = FileSource::upload(&client, Path::new("film.mp4"))
    ///     .progress(|at| println!("{} of {} bytes", at.stored, at.size))
    ///     .await?;
    /// client.send_group_msg(10001000, Segment::video(&film)).await?;
    /// client.upload_group_file(10001000, &film, "film.mp4").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Servers
    ///
    /// | server | upload |
    /// |---|---|
    /// | NapCat, SnowLuma | by [`upload_file_stream`](crate::Client::upload_file_stream), into a file on the server's disk |
    /// | LLOneBot, Lagrange, go-cqhttp, older versions of NapCat | none, since they have no such action: the source is the [`bytes`](Self::bytes) themselves, up to [`LIMIT`](Self::LIMIT); a larger file is an error |
    ///
    /// The answer to the first chunk shows whether the server has the action. On go-cqhttp, videos, `upload_group_file` and
    /// `upload_private_file` take no bytes, whatever their size: see [`UploadSource`](crate::UploadSource).
    ///
    /// # Interruptions
    ///
    /// The upload goes on after a lost connection, over the same client: a WebSocket that connects again, or further requests
    /// over HTTP. It waits, asks the server for the upload (`verify_only`), and sends the chunks again that were not
    /// acknowledged. That is safe for each of its calls:
    ///
    /// - A server that already has a chunk ignores the same chunk if it arrives again.
    /// - If the answer to the last call, which puts the chunks together, does not arrive, the server is asked: an upload that it
    ///   still knows is not complete, and the call is repeated. Otherwise the file may be complete, but only that answer says
    ///   where it is: the whole file is uploaded again, as another file. The first file remains until its retention ends.
    /// - An upload that the server has forgotten (it restarted, or got no chunk for 10 minutes) starts again, up to 3 times.
    ///
    /// [`attempts`](Upload::attempts) limits the calls that fail in a row. Dropping the future ends the upload; the server deletes
    /// its chunks after 10 minutes.
    ///
    /// # Memory and disk
    ///
    /// At most [`in_flight`](Upload::in_flight) chunks are in memory, each in several copies: less than 10 MiB by default. A file
    /// is read twice, since the servers want its SHA-256 at the beginning. A reader's data is stored in a temporary file first,
    /// since they also want the number of chunks. NapCat reads the whole file into its memory to put it together.
    ///
    /// NapCat keeps uploads of up to 10 MiB in memory if it is told their size, and refuses more than 100 MiB of them in all. This
    /// limit does not apply here: the size of such a file is not sent, so that NapCat keeps the chunks on its disk.
    ///
    /// # Layers
    ///
    /// Each chunk is a call with the effect `Write`, which a rate limit of the client counts: limit `Effect::Send` alone.
    ///
    /// # Errors
    ///
    /// See [`UploadError`]. A file that cannot be read or is empty is an error before anything is sent.
    #[doc(alias = "上传")]
    #[doc(alias = "上传文件")]
    #[doc(alias = "分片上传")]
    pub fn upload(client: &Client, input: impl Into<UploadInput>) -> Upload {
        Upload { client: client.clone(), input: input.into(), settings: Settings::default() }
    }
}

/// An upload that is ready to start: see [`FileSource::upload`]. `.await` carries it out, and returns the [`FileSource`]. Feature
/// `files`.
#[must_use = "an upload does nothing until it is awaited"]
pub struct Upload {
    client: Client,
    input: UploadInput,
    settings: Settings,
}

impl Upload {
    /// Sets the file's name on the server. Default: a unique name that ends with that of the input's path.
    ///
    /// It is the name on the server's disk, which users do not see: `upload_group_file` and `upload_private_file` have a parameter
    /// for the name that users see. On NapCat, two uploads with the same name overwrite each other, and NapCat deletes the file if
    /// an earlier upload with its name was never completed: choose a new name each time. Characters that file systems or
    /// addresses reserve, such as `/`, `:` and `%`, are replaced by `_`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.settings.name = Some(name.into());
        self
    }

    /// Sets the size of a chunk in bytes, from 1 to 32 MiB; other sizes count as the nearest. Default: 256 KiB.
    ///
    /// A chunk is sent as base64, which is a third longer. SnowLuma reads requests of at most 2 MiB over HTTP, NapCat of 50 MiB
    /// over a WebSocket. SnowLuma takes up to 200,000 chunks; a file that would have more is sent in larger chunks.
    pub fn chunk_size(mut self, bytes: usize) -> Self {
        self.settings.chunk_size = bytes.clamp(1, MAX_CHUNK);
        self
    }

    /// Sets the number of chunks that are sent at once, from 1 to 16; other numbers count as the nearest. Default: 4.
    pub fn in_flight(mut self, chunks: usize) -> Self {
        self.settings.in_flight = chunks.clamp(1, MAX_IN_FLIGHT);
        self
    }

    /// Limits the calls in a row that fail on the way or get no answer: after this number the upload ends as
    /// [`UploadError::Interrupted`]. Default: 10, with waits of about 40 seconds in all. 1 ends the upload at the first failure; 0
    /// counts as 1. Each chunk that arrives starts the count again.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.settings.attempts = attempts.max(1);
        self
    }

    /// Sets the time for which the server keeps the file, cut to whole milliseconds, at most 24 days. Default: 5 minutes. Zero keeps it
    /// for ever.
    pub fn retention(mut self, retention: Duration) -> Self {
        self.settings.retention = retention;
        self
    }

    /// Limits the time of each call, in place of the client's limit; a call that exceeds it counts as failed, and is
    /// repeated. Default: the client's limit, and for the last call, which puts the chunks together, one second more for every
    /// 8 MiB of the file.
    pub fn within(mut self, limit: Duration) -> Self {
        self.settings.within = Some(limit);
        self
    }

    /// Calls `progress` before the first chunk is sent, and for each chunk that the server has stored. No further chunk is sent
    /// while it runs, so it should return quickly.
    pub fn progress(mut self, progress: impl FnMut(UploadProgress) + Send + 'static) -> Self {
        self.settings.progress = Some(Box::new(progress));
        self
    }
}

impl IntoFuture for Upload {
    type Output = Result<FileSource, UploadError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(transfer::upload(self.client, self.input, self.settings))
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { client: _, input, settings } = self;
        f.debug_struct("Upload").field("input", input).field("settings", settings).finish_non_exhaustive()
    }
}
