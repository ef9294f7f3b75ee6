//! The body of an HTTP answer, which may come slowly or break off.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::sync::mpsc;
use tokio::time::{Sleep, sleep};

use super::stream_script::{StreamFrames, StreamStep};

/// The end of a connection by a fault.
#[derive(Debug)]
pub(super) struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dropped on purpose")
    }
}

impl std::error::Error for Dropped {}

/// The next part of a body without a known length.
pub(super) enum Part {
    Data(Bytes),
    /// The end of the body.
    End,
    /// The end of the connection, in the middle of the body.
    Drop,
}

/// A body without a known length, which goes on until it is ended.
struct LiveBody {
    parts: mpsc::Receiver<Part>,
    /// Set while the connection has data that it may not have flushed.
    unflushed: bool,
    drops: bool,
}

impl LiveBody {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Dropped>>> {
        if !self.drops {
            match ready!(self.parts.poll_recv(cx)) {
                Some(Part::Data(bytes)) => {
                    self.unflushed = true;
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Some(Part::End) => return Poll::Ready(None),
                Some(Part::Drop) | None => self.drops = true,
            }
        }
        if std::mem::take(&mut self.unflushed) {
            // The connection flushes while the body waits.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(Dropped)))
    }
}

/// The body of an answer.
#[derive(Default)]
pub(super) struct AnswerBody {
    /// Set for a body without a known length; the other fields are then unused.
    live: Option<LiveBody>,
    rest: Bytes,
    /// The number of unsent bytes at which the connection is dropped.
    drop_at: Option<usize>,
    pause: Option<Duration>,
    /// The pause before the next byte.
    wait: Option<Pin<Box<Sleep>>>,
    /// An answer in parts, which are made when they are sent.
    stream: Option<Box<StreamFrames>>,
}

impl AnswerBody {
    pub(super) fn whole(rest: Bytes) -> Self {
        Self { rest, ..Self::default() }
    }

    /// Creates a body from the parts that are sent into a channel.
    pub(super) fn live(parts: mpsc::Receiver<Part>) -> Self {
        Self { live: Some(LiveBody { parts, unflushed: false, drops: false }), ..Self::default() }
    }

    pub(super) fn half(rest: Bytes) -> Self {
        Self { drop_at: Some(rest.len() / 2), rest, ..Self::default() }
    }

    /// Creates a body of JSON objects with CR LF CR LF after each, as NapCat sends them.
    pub(super) fn streamed(stream: StreamFrames) -> Self {
        Self { stream: Some(Box::new(stream)), ..Self::default() }
    }

    pub(super) fn slow(rest: Bytes, pause: Duration) -> Self {
        Self { rest, pause: Some(pause), ..Self::default() }
    }
}

impl hyper::body::Body for AnswerBody {
    type Data = Bytes;
    type Error = Dropped;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Dropped>>> {
        if let Some(live) = &mut self.live {
            return live.poll_frame(cx);
        }
        if let Some(wait) = &mut self.wait {
            ready!(wait.as_mut().poll(cx));
        }
        if let Some(stream) = &mut self.stream {
            let mut part = match stream.next_step() {
                Some(StreamStep::Frame(part)) => part,
                Some(StreamStep::Cut(part)) => {
                    // One byte more, at which the connection is dropped.
                    (self.rest, self.drop_at, self.stream) = ([part, vec![b' ']].concat().into(), Some(1), None);
                    // The connection flushes meanwhile.
                    self.wait = Some(Box::pin(sleep(Duration::from_millis(1))));
                    return self.poll_frame(cx);
                }
                Some(StreamStep::Silence) => {
                    self.stream = None;
                    self.wait = Some(Box::pin(sleep(Duration::MAX)));
                    return self.poll_frame(cx);
                }
                None => return Poll::Ready(None),
            };
            part.extend_from_slice(b"\r\n\r\n");
            return Poll::Ready(Some(Ok(Frame::data(part.into()))));
        }
        let left = self.rest.len();
        if self.drop_at == Some(left) {
            return Poll::Ready(Some(Err(Dropped)));
        }
        let length = match (self.drop_at, self.pause) {
            (_, Some(_)) => left.min(1),
            (Some(drop_at), None) => left - drop_at,
            (None, None) => left,
        };
        if length == 0 {
            return Poll::Ready(None);
        }
        // The connection flushes while the body waits.
        self.wait = self.pause.or(self.drop_at.map(|_| Duration::from_millis(1))).map(|pause| Box::pin(sleep(pause)));
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.live.is_none() && self.stream.is_none() && self.wait.is_none() && self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        if self.live.is_some() || self.stream.is_some() || self.wait.is_some() {
            return SizeHint::default();
        }
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
