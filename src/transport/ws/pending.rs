//! The calls in flight.
//!
//! An echo is freed when the answer to its call arrives or when the connection is lost; if the answer is streamed, when its last
//! part arrives, or when the call drops the stream. The echo of a call that was given up is freed by the next cleanup, which runs
//! once many calls are pending, or when the connection is being closed.
//!
//! # Full buffers
//!
//! If the buffer of a streamed answer is full, the task stops reading from the socket until the call has taken some parts, but
//! only for a limited time: [`PATIENCE`] at first; each pause shortens it, and each part that the call takes extends it again. So a
//! call that takes parts more slowly than the server sends them slows the server down a little, and a call that takes none ends
//! with an error.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::error::connection::ConnectionError;
use crate::transport::failure::{BoxError, Failure};
use crate::transport::frame::is_streamed;
use crate::transport::part::is_part;
use crate::transport::response::Response;
use crate::transport::ws::parts::{self, PartSender};
use crate::transport::ws::service::CallResult;

/// Below this many pending calls no cleanup runs.
const MAX_WITHOUT_CLEANUP: usize = 1024;
/// The longest time for which the task stops reading because a buffer is full.
const PATIENCE: Duration = Duration::from_millis(250);
/// The number of bytes that a call has to take for each further millisecond of a pause: 4 MiB a second.
const BYTES_FOR_PATIENCE: usize = 4 << 10;
/// The number of echoes that are remembered so that each is warned of once.
const MAX_WARNED: usize = 32;

/// The calls in flight, by echo.
pub(super) struct PendingCalls {
    waiting: HashMap<u64, Waiting>,
    /// The number of calls at which the next cleanup runs.
    sweep_at: usize,
    /// The limit of a buffer of parts, in bytes.
    buffer_limit: usize,
    /// The answer whose buffer is full.
    full: Option<Full>,
    /// The echoes of streams that calls have dropped.
    dropped: mpsc::UnboundedReceiver<u64>,
    dropped_sender: mpsc::UnboundedSender<u64>,
    /// Echoes that have been warned of.
    warned: VecDeque<u64>,
}

/// A call in flight.
enum Waiting {
    /// The call waits for its answer, or for the first part of it.
    Answer { answer: oneshot::Sender<CallResult>, is_streamed: bool },
    /// The call has a part of its answer.
    Parts { sender: PartSender, patience: Duration },
}

impl Waiting {
    fn is_given_up(&self) -> bool {
        match self {
            Self::Answer { answer, .. } => answer.is_closed(),
            Self::Parts { sender, .. } => sender.is_dropped(),
        }
    }

    /// Ends the call with an error.
    fn fail(self, reason: BoxError) {
        match self {
            // A call that has been given up has no receiver.
            Self::Answer { answer, .. } => drop(answer.send(Err(reason))),
            Self::Parts { sender, .. } => sender.fail(reason),
        }
    }
}

/// An answer whose buffer is full.
struct Full {
    echo: u64,
    since: Instant,
    until: Instant,
}

impl PendingCalls {
    /// Creates an empty set of calls. `buffer_limit` is the limit of a buffer of parts, in bytes.
    pub(super) fn new(buffer_limit: usize) -> Self {
        let (dropped_sender, dropped) = mpsc::unbounded_channel();
        Self {
            waiting: HashMap::new(),
            sweep_at: 0,
            buffer_limit,
            full: None,
            dropped,
            dropped_sender,
            warned: VecDeque::new(),
        }
    }

    /// Adds a call, whose answer may be streamed.
    pub(super) fn insert(&mut self, echo: u64, answer: oneshot::Sender<CallResult>, is_streamed: bool) {
        if self.waiting.len() >= self.sweep_at.max(MAX_WITHOUT_CLEANUP) {
            self.sweep();
        }
        self.waiting.insert(echo, Waiting::Answer { answer, is_streamed });
    }

    /// Forgets calls that have been given up, and has the task woken when another one is.
    pub(super) fn forget_given_up(&mut self, cx: &mut Context<'_>) {
        self.waiting.retain(|_, waiting| match waiting {
            Waiting::Answer { answer, .. } => answer.poll_closed(cx).is_pending(),
            Waiting::Parts { sender, .. } => !sender.is_dropped(),
        });
    }

    /// Forgets streams that have been dropped, and has the task woken when another one is.
    pub(super) fn forget_dropped(&mut self, cx: &mut Context<'_>) {
        while let Poll::Ready(Some(echo)) = self.dropped.poll_recv(cx) {
            if self.waiting.get(&echo).is_some_and(Waiting::is_given_up) {
                self.waiting.remove(&echo);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    fn sweep(&mut self) {
        self.waiting.retain(|_, waiting| !waiting.is_given_up());
        self.sweep_at = 2 * self.waiting.len();
        self.waiting.shrink_to(self.sweep_at.max(MAX_WITHOUT_CLEANUP));
    }

    pub(super) fn answer(&mut self, echo: u64, body: Utf8Bytes) {
        let body = Bytes::from(body);
        match self.waiting.remove(&echo) {
            Some(Waiting::Answer { answer, is_streamed: true }) if is_part(&body) => {
                let (sender, parts) = parts::channel(echo, self.dropped_sender.clone());
                if answer.send(Ok(Response::streamed(body, parts))).is_ok() {
                    self.waiting.insert(echo, Waiting::Parts { sender, patience: PATIENCE });
                } else {
                    self.unexpected(echo, true);
                }
            }
            Some(Waiting::Answer { answer, .. }) => {
                if answer.send(Ok(Response::new(body))).is_err() {
                    tracing::debug!(echo, "an answer arrived too late: its call had been given up");
                }
            }
            Some(Waiting::Parts { sender, patience }) => self.part(echo, body, sender, patience),
            None => self.unexpected(echo, is_streamed(&body)),
        }
        if self.waiting.is_empty() && self.waiting.capacity() > 4 * MAX_WITHOUT_CLEANUP {
            self.waiting.shrink_to(MAX_WITHOUT_CLEANUP);
        }
    }

    /// Adds a part to its buffer.
    fn part(&mut self, echo: u64, body: Bytes, sender: PartSender, mut patience: Duration) {
        let last = !is_part(&body);
        let Some(size) = sender.push(body, last) else { return self.unexpected(echo, true) };
        if last {
            return;
        }
        if size > self.buffer_limit {
            let more = sender.take_taken() / BYTES_FOR_PATIENCE;
            patience = PATIENCE.min(patience + Duration::from_millis(more.try_into().unwrap_or(u64::MAX)));
            let since = Instant::now();
            self.full = Some(Full { echo, since, until: since + patience });
        }
        self.waiting.insert(echo, Waiting::Parts { sender, patience });
    }

    /// Logs a response that no call waits for: once for each call whose answer is streamed.
    fn unexpected(&mut self, echo: u64, is_streamed: bool) {
        if !is_streamed {
            tracing::debug!(echo, "dropped an answer that no call waits for");
        } else if !self.warned.contains(&echo) {
            tracing::warn!(
                echo,
                "dropped a part of an answer, and drops those that follow: its call has ended, or has not been made with `stream`"
            );
            self.warned.truncate(MAX_WARNED - 1);
            self.warned.push_front(echo);
        }
    }

    /// Returns the time until which nothing is read from the socket, since a buffer is full; `None` if all have room. A buffer
    /// that has no room by then ends its answer.
    pub(super) fn full_until(&mut self, cx: &mut Context<'_>) -> Option<Instant> {
        let full = self.full.take()?;
        let Some(Waiting::Parts { sender, patience }) = self.waiting.get_mut(&full.echo) else { return None };
        let now = Instant::now();
        if sender.poll_room(cx, self.buffer_limit - self.buffer_limit / 8).is_ready() {
            *patience = patience.saturating_sub(now - full.since);
            return None;
        }
        if now < full.until {
            return Some(self.full.insert(full).until);
        }
        tracing::warn!(echo = full.echo, limit = self.buffer_limit, "a streamed answer is not read: its call ends");
        if let Some(waiting) = self.waiting.remove(&full.echo) {
            waiting.fail(Overflowed(self.buffer_limit).into());
        }
        None
    }

    /// Fails all calls. A server that refuses the token has run none of them.
    pub(super) fn fail_all(&mut self, why: &ConnectionError) {
        let refused = matches!(why, ConnectionError::TokenRefused { .. });
        self.full = None;
        for (_, waiting) in std::mem::take(&mut self.waiting) {
            waiting.fail(match refused {
                true => Failure::new("the server refused the connection, and ran none of its calls")
                    .with_source(why.clone())
                    .not_run()
                    .into(),
                false => why.clone().into(),
            });
        }
    }
}

/// The reason of a call whose buffer was full.
#[derive(Debug)]
struct Overflowed(usize);

impl fmt::Display for Overflowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(limit) = self;
        write!(
            f,
            "the parts of the answer were read too slowly: more than {limit} bytes waited (see `Connect::stream_buffer`)"
        )
    }
}

impl std::error::Error for Overflowed {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;
    use crate::transport::response::Parts;

    #[test]
    fn calls_that_were_given_up_are_not_kept() {
        let mut calls = PendingCalls::new(1 << 20);
        let (answer, waiting) = oneshot::channel();
        calls.insert(0, answer, false);
        for echo in 1..100_000 {
            calls.insert(echo, oneshot::channel().0, false);
        }
        assert!(calls.waiting.len() <= MAX_WITHOUT_CLEANUP && calls.waiting.capacity() < 4 * MAX_WITHOUT_CLEANUP);
        // Calls that still wait are all kept, and free their memory afterwards.
        let many = |from: u64, calls: &mut PendingCalls| -> Vec<_> {
            let insert = |echo| {
                let (answer, waiting) = oneshot::channel();
                calls.insert(echo, answer, false);
                waiting
            };
            (from..from + 10_000).map(insert).collect()
        };
        let first = many(100_000, &mut calls);
        (0..200_000).for_each(|echo| calls.answer(echo, "{}".into()));
        assert!(first.into_iter().chain([waiting]).all(|mut told| matches!(told.try_recv(), Ok(Ok(_)))));
        assert!(calls.waiting.is_empty() && calls.waiting.capacity() < 4 * MAX_WITHOUT_CLEANUP);
        let second = many(300_000, &mut calls);
        calls.fail_all(&ConnectionError::Closed);
        assert!(second.into_iter().all(|mut told| matches!(told.try_recv(), Ok(Err(_)))));
        assert_eq!(calls.waiting.capacity(), 0);
    }

    fn part() -> Utf8Bytes {
        r#"{"status":"ok","retcode":0,"data":{"type":"stream","data":"0123456789"},"echo":"c1"}"#.into()
    }

    async fn streamed(calls: &mut PendingCalls, echo: u64) -> Parts {
        let (answer, waiting) = oneshot::channel();
        calls.insert(echo, answer, true);
        calls.answer(echo, part());
        waiting.await.unwrap().unwrap().take_parts().unwrap()
    }

    #[tokio::test]
    async fn a_stream_that_is_dropped_frees_its_echo() {
        let mut calls = PendingCalls::new(1 << 20);
        let mut parts = streamed(&mut calls, 1).await;
        calls.answer(1, part());
        parts.next().await.unwrap().unwrap();
        assert_eq!(calls.waiting.len(), 1);
        drop(parts);
        std::future::poll_fn(|cx| {
            calls.forget_dropped(cx);
            Poll::Ready(())
        })
        .await;
        assert!(calls.is_empty());
    }

    #[tokio::test]
    async fn the_last_part_frees_the_echo() {
        let mut calls = PendingCalls::new(1 << 20);
        let mut parts = streamed(&mut calls, 1).await;
        calls.answer(1, r#"{"status":"ok","retcode":0,"data":{"type":"response"},"echo":"c1"}"#.into());
        assert!(calls.is_empty());
        parts.next().await.unwrap().unwrap();
        assert!(parts.next().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_buffer_ends_its_answer_once_the_patience_is_over() {
        let mut calls = PendingCalls::new(200);
        let mut parts = streamed(&mut calls, 1).await;
        let begun = Instant::now();
        (0..2).for_each(|_| calls.answer(1, part()));
        let until = std::future::poll_fn(|cx| Poll::Ready(calls.full_until(cx))).await;
        assert_eq!(until, Some(begun + PATIENCE));
        tokio::time::sleep(PATIENCE).await;
        assert_eq!(std::future::poll_fn(|cx| Poll::Ready(calls.full_until(cx))).await, None);
        assert!(calls.is_empty());
        for _ in 0..2 {
            parts.next().await.unwrap().unwrap();
        }
        assert!(parts.next().await.unwrap().unwrap_err().is::<Overflowed>());
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_takes_parts_makes_room() {
        let mut calls = PendingCalls::new(200);
        let mut parts = streamed(&mut calls, 1).await;
        (0..2).for_each(|_| calls.answer(1, part()));
        assert!(std::future::poll_fn(|cx| Poll::Ready(calls.full_until(cx))).await.is_some());
        tokio::time::sleep(PATIENCE / 2).await;
        parts.next().await.unwrap().unwrap();
        assert_eq!(std::future::poll_fn(|cx| Poll::Ready(calls.full_until(cx))).await, None);
        let Some(Waiting::Parts { patience, .. }) = calls.waiting.get(&1) else { unreachable!("it goes on") };
        assert_eq!(*patience, PATIENCE / 2, "what it has waited for is gone");
    }
}
