//! The body of a response that brings events, in bounded memory.
//!
//! The library for the format collects the lines of an event without a limit. So the bytes that it may be holding are counted
//! before it gets them: those since the last empty line, which ends an event.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use http_body::Body;

/// The bytes that the lines of an event may have beside its data: names of fields, line ends, comments.
const OVERHEAD: usize = 4096;

/// The chunks of a body.
pub(super) struct Chunks {
    body: reqwest::Body,
    /// Limit of an event, in bytes.
    limit: usize,
    block: Block,
    /// Set when bytes have arrived.
    active: Arc<AtomicBool>,
}

impl Chunks {
    pub(super) fn new(body: reqwest::Body, limit: usize, active: Arc<AtomicBool>) -> Self {
        Self { body, limit, block: Block::default(), active }
    }
}

impl Stream for Chunks {
    type Item = Result<Bytes, ReadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // The events before the one that is too long have been taken by now.
        if self.block.length > self.limit.saturating_add(OVERHEAD) {
            return Poll::Ready(Some(Err(ReadError::TooLong)));
        }
        loop {
            let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Poll::Ready(Some(Err(ReadError::Broken(error.without_url())))),
                None => return Poll::Ready(None),
            };
            self.active.store(true, Ordering::Relaxed);
            // Other frames are trailers.
            if let Ok(chunk) = frame.into_data() {
                self.block.add(&chunk);
                return Poll::Ready(Some(Ok(chunk)));
            }
        }
    }
}

/// A failure to read a body.
#[derive(Debug)]
pub(super) enum ReadError {
    /// The lines of one event are longer than the limit.
    TooLong,
    /// The connection broke.
    Broken(reqwest::Error),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => f.write_str("an event is too long"),
            Self::Broken(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ReadError {}

/// The lines since the last empty one.
#[derive(Default)]
struct Block {
    /// Their length in bytes.
    length: usize,
    /// The length of the line that has not ended yet.
    line: usize,
    /// Set if the last byte was a carriage return: a line feed after it belongs to the same line end.
    after_return: bool,
}

impl Block {
    fn add(&mut self, chunk: &[u8]) {
        let (mut line_start, mut block_start) = (0, None);
        for end in memchr::memchr2_iter(b'\n', b'\r', chunk) {
            let after_return = if end == 0 { self.after_return } else { chunk[end - 1] == b'\r' };
            let ends_line = !(after_return && chunk[end] == b'\n');
            if ends_line && self.line + end - line_start == 0 {
                block_start = Some(end + 1);
            }
            self.line = 0;
            line_start = end + 1;
        }
        self.line += chunk.len() - line_start;
        self.length = match block_start {
            Some(start) => chunk.len() - start,
            None => self.length.saturating_add(chunk.len()),
        };
        self.after_return = chunk.last().map_or(self.after_return, |last| *last == b'\r');
    }
}

#[cfg(test)]
mod tests {
    use super::Block;

    /// Returns the length of the block after these bytes, in chunks of `size`.
    fn length_after(text: &str, size: usize) -> usize {
        let mut block = Block::default();
        text.as_bytes().chunks(size).for_each(|chunk| block.add(chunk));
        block.length
    }

    #[test]
    fn an_empty_line_ends_a_block_whatever_the_chunks() {
        for (text, length) in [
            ("", 0),
            ("data: x", 7),
            ("data: x\n", 8),
            ("data: x\n\n", 0),
            ("data: x\r\r", 0),
            ("data: x\r\n\r\n", 0),
            ("data: x\r\n", 9),
            ("data: x\r\n\r", 0),
            ("data: x\n\r", 0),
            ("data: x\r\n\ndata", 4),
            (": ping\n\n: ping\n\n", 0),
            ("\n\n\n", 0),
            ("data: x\ndata: y\n\ndata: z\nid", 10),
            ("a\rb\nc\r\nd", 8),
        ] {
            for size in 1..=text.len().max(1) {
                // A line feed that belongs to the line end before it is one byte.
                let found = length_after(text, size);
                assert!(found == length || found == length + 1, "{text:?} in chunks of {size}: {found}");
            }
        }
    }
}
