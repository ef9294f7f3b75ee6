//! Responses: the body of an answer, and the further parts of one that is streamed.

use std::fmt;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;

use crate::transport::failure::BoxError;

/// A response of the server.
///
/// Its `Debug` shows only the length of the body: answers may hold what must not be logged.
#[derive(Default)]
#[non_exhaustive]
pub struct Response {
    /// The body: the envelope with the answer. Of a streamed answer it is the first part.
    pub body: Bytes,
    /// The HTTP status, if the transport has one.
    pub http_status: Option<u16>,
    /// The client's limit in bytes, if the body was longer and has been cut there.
    pub cut_at: Option<usize>,
    /// The compression of the body, such as `gzip`: it was not requested, and the body is left compressed.
    pub encoding: Option<String>,
    /// In a mutex only so that a response is `Sync`; it is never locked.
    parts: Option<Mutex<Parts>>,
}

impl Response {
    /// A response with this body.
    pub fn new(body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    /// A response to a call whose answer is streamed: the first body, and the parts that follow it.
    ///
    /// A call that expects one answer decodes the first body, and drops the rest unread.
    pub fn streamed<S>(first: impl Into<Bytes>, parts: S) -> Self
    where
        S: Stream<Item = Result<Bytes, BoxError>> + Send + 'static,
    {
        let parts = Parts { stream: Box::pin(parts), guards: Vec::new(), ended: false };
        Self { parts: Some(Mutex::new(parts)), ..Self::new(first) }
    }

    /// Returns `true` for a response without a body that does not tell of a failure.
    pub(crate) fn says_nothing(&self) -> bool {
        self.body.is_empty() && self.http_status.is_none_or(|status| (200..300).contains(&status))
    }

    /// Takes the parts that follow the first body. Returns `None` if the answer is not streamed, or if they have been taken.
    #[must_use]
    pub fn take_parts(&mut self) -> Option<Parts> {
        let parts = self.parts.take()?;
        Some(parts.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps `guard`, such as a semaphore's permit, until the answer has ended: until the last part has been taken, or the
    /// parts have been dropped. The guard of an answer that is not streamed is dropped at once.
    ///
    /// A layer that limits calls in flight attaches its permit here: see [`layer`](crate::layer#streamed-answers).
    pub fn hold(&mut self, guard: impl Send + 'static) {
        if let Some(parts) = &mut self.parts {
            parts.get_mut().unwrap_or_else(PoisonError::into_inner).guards.push(Box::new(guard));
        }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { body, http_status, cut_at, encoding, parts } = self;
        let mut response = f.debug_struct("Response");
        response
            .field("body", &format_args!("{} bytes", body.len()))
            .field("http_status", http_status)
            .field("cut_at", cut_at)
            .field("encoding", encoding);
        if parts.is_some() {
            response.field("parts", &format_args!("…"));
        }
        response.finish()
    }
}

/// The parts of a streamed answer that follow its first body: a [`Stream`], and [`next`](Self::next) without its extensions.
pub struct Parts {
    stream: Pin<Box<dyn Stream<Item = Result<Bytes, BoxError>> + Send>>,
    /// Kept until the last part has been taken: see [`Response::hold`].
    guards: Vec<Box<dyn Send>>,
    ended: bool,
}

impl Parts {
    /// Returns the next part; `None` after the last one. An error ends the answer.
    pub async fn next(&mut self) -> Option<Result<Bytes, BoxError>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl Stream for Parts {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let part = ready!(self.stream.as_mut().poll_next(cx));
        if !matches!(part, Some(Ok(_))) {
            self.ended = true;
            self.guards.clear();
        }
        Poll::Ready(part)
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("ended", &self.ended).finish_non_exhaustive()
    }
}
