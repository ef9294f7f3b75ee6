//! A streamed answer over HTTP: JSON objects with CR LF CR LF between them.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use futures_core::Stream;
use http_body::Body;
use memchr::memmem;

use crate::transport::failure::{BoxError, Failure};
use crate::transport::http::body::CloseOnDrop;
use crate::transport::http::broken::amid_answer;

const SEPARATOR: &[u8] = b"\r\n\r\n";

/// The parts of an answer, read when they are polled for.
pub(super) struct Frames {
    body: reqwest::Body,
    status: u16,
    /// The limit of a part, in bytes.
    limit: usize,
    arrived: BytesMut,
    /// The number of bytes of `arrived` that are known to hold no separator.
    searched: usize,
    ended: bool,
    _closing: CloseOnDrop,
}

impl Frames {
    pub(super) fn new(response: reqwest::Response, limit: usize, closing: CloseOnDrop) -> Self {
        let status = response.status().as_u16();
        Self {
            body: response.into(),
            status,
            limit,
            arrived: BytesMut::new(),
            searched: 0,
            ended: false,
            _closing: closing,
        }
    }

    /// Returns the next part; `None` at the end.
    pub(super) fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Failure>>> {
        while !self.ended {
            if let Some(part) = self.split() {
                return Poll::Ready(Some(Ok(part)));
            }
            if self.arrived.len() > self.limit {
                self.ended = true;
                let limit = self.limit;
                let reason = format!(
                    "a part of the answer is longer than {limit} bytes, the client's limit (see `ClientBuilder::body_limit`)"
                );
                return Poll::Ready(Some(Err(Failure::new(reason))));
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.arrived.extend_from_slice(&data);
                    }
                }
                Some(Err(error)) => {
                    self.ended = true;
                    return Poll::Ready(Some(Err(amid_answer(error, self.status, &self.arrived))));
                }
                None => {
                    self.ended = true;
                    let rest = std::mem::take(&mut self.arrived).freeze();
                    return Poll::Ready((!rest.trim_ascii().is_empty()).then_some(Ok(rest)));
                }
            }
        }
        Poll::Ready(None)
    }

    /// Takes a part that has arrived whole.
    fn split(&mut self) -> Option<Bytes> {
        loop {
            let Some(at) = memmem::find(&self.arrived[self.searched..], SEPARATOR) else {
                self.searched = self.arrived.len().saturating_sub(SEPARATOR.len() - 1);
                return None;
            };
            let part = self.arrived.split_to(self.searched + at).freeze();
            self.arrived.advance(SEPARATOR.len());
            self.searched = 0;
            if !part.trim_ascii().is_empty() {
                return Some(part);
            }
        }
    }
}

impl Stream for Frames {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_part(cx).map(|part| part.map(|part| part.map_err(Into::into)))
    }
}
