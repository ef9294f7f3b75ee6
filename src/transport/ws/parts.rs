//! The parts of a streamed answer, between the task that owns the socket and the call.
//!
//! The task never waits for the call: it puts parts into a buffer, and [`pending`](super::pending) decides what happens when the
//! buffer is full.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_core::Stream;
use tokio::sync::mpsc;

use crate::error::connection::ConnectionError;
use crate::sync::lock;
use crate::transport::failure::BoxError;

/// The memory that a part takes besides its text, in bytes.
const OVERHEAD: usize = 64;

/// Once parts of this size in bytes wait, further parts are copied, since each is a piece of a larger buffer of the socket's.
const WITHOUT_COPY: usize = 512 << 10;

#[derive(Default)]
struct Buffer {
    parts: VecDeque<Result<Bytes, BoxError>>,
    /// The size of `parts`.
    size: usize,
    /// The size of the parts that have been taken since the task last looked.
    taken: usize,
    /// Set once the last part is in the buffer.
    complete: bool,
    /// Set once the call has dropped its end.
    dropped: bool,
    call: Option<Waker>,
    /// The task, while it waits for room.
    task: Option<Waker>,
}

/// Returns a buffer's two ends. The echo is sent to `dropped` when the call drops its end.
pub(super) fn channel(echo: u64, dropped: mpsc::UnboundedSender<u64>) -> (PartSender, PartReceiver) {
    let buffer = Arc::new(Mutex::new(Buffer::default()));
    (PartSender(buffer.clone()), PartReceiver { buffer, echo, dropped })
}

/// The end of the task.
pub(super) struct PartSender(Arc<Mutex<Buffer>>);

impl PartSender {
    /// Adds a part, and returns the size of the buffer; `None` if the call has dropped its end. Nothing follows the `last` part.
    pub(super) fn push(&self, part: Bytes, last: bool) -> Option<usize> {
        let part = if lock(&self.0).size > WITHOUT_COPY { Bytes::copy_from_slice(&part) } else { part };
        let mut buffer = lock(&self.0);
        if buffer.dropped {
            return None;
        }
        buffer.size += part.len() + OVERHEAD;
        buffer.parts.push_back(Ok(part));
        buffer.complete = last;
        let (size, call) = (buffer.size, buffer.call.take());
        drop(buffer);
        wake(call);
        Some(size)
    }

    /// Ends the answer with an error, after the parts in the buffer.
    pub(super) fn fail(&self, reason: BoxError) {
        let mut buffer = lock(&self.0);
        if !std::mem::replace(&mut buffer.complete, true) {
            buffer.parts.push_back(Err(reason));
        }
        let call = buffer.call.take();
        drop(buffer);
        wake(call);
    }

    /// Waits until the buffer has at most this size, or the call has dropped its end.
    pub(super) fn poll_room(&self, cx: &mut Context<'_>, size: usize) -> Poll<()> {
        let mut buffer = lock(&self.0);
        if buffer.size <= size || buffer.dropped {
            return Poll::Ready(());
        }
        buffer.task = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Returns the size of what the call has taken since this was last asked.
    pub(super) fn take_taken(&self) -> usize {
        std::mem::take(&mut lock(&self.0).taken)
    }

    /// Returns `true` if the call has dropped its end.
    pub(super) fn is_dropped(&self) -> bool {
        lock(&self.0).dropped
    }
}

/// Ends an answer whose task has ended.
impl Drop for PartSender {
    fn drop(&mut self) {
        self.fail(ConnectionError::Closed.into());
    }
}

/// The end of the call.
pub(super) struct PartReceiver {
    buffer: Arc<Mutex<Buffer>>,
    echo: u64,
    dropped: mpsc::UnboundedSender<u64>,
}

impl Stream for PartReceiver {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut buffer = lock(&self.buffer);
        let Some(part) = buffer.parts.pop_front() else {
            if buffer.complete {
                return Poll::Ready(None);
            }
            buffer.call = Some(cx.waker().clone());
            return Poll::Pending;
        };
        let size = part.as_ref().map_or(0, |part| part.len() + OVERHEAD);
        buffer.size -= size;
        buffer.taken += size;
        let task = buffer.task.take();
        drop(buffer);
        wake(task);
        Poll::Ready(Some(part))
    }
}

impl Drop for PartReceiver {
    fn drop(&mut self) {
        let mut buffer = lock(&self.buffer);
        buffer.dropped = true;
        let (parts, task) = (std::mem::take(&mut buffer.parts), buffer.task.take());
        let complete = buffer.complete;
        drop(buffer);
        drop(parts);
        wake(task);
        if !complete {
            // It fails if the task has ended.
            let _ = self.dropped.send(self.echo);
        }
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
