//! A stream that records the activity of its peer.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Records every sign that the peer is alive, also in the middle of a frame: bytes that arrive, and a full send buffer that
/// drains.
///
/// It also keeps the last bytes that arrived: the WebSocket library reports a close code that no frame may have as another one.
pub(crate) struct Monitored<S> {
    stream: S,
    blocked: bool,
    active: bool,
    tail: Vec<u8>,
}

/// The length of the longest close frame: its head, a mask, and the longest payload of a control frame.
const TAIL: usize = 2 + 4 + 125;

impl<S> Monitored<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, blocked: false, active: false, tail: Vec::with_capacity(TAIL) }
    }

    /// Monitors a stream from which these bytes have been read already.
    pub(crate) fn after(stream: S, bytes: &[u8]) -> Self {
        let mut monitored = Self::new(stream);
        monitored.active = !bytes.is_empty();
        monitored.remember(bytes);
        monitored
    }

    /// Returns `true` if the peer has been active since the last call of this method.
    pub(super) fn take_activity(&mut self) -> bool {
        std::mem::take(&mut self.active)
    }

    /// Returns code and reason of the close frame at the end of what has arrived.
    pub(super) fn last_close_frame(&self) -> Option<(u16, String)> {
        close_frame_at_end(&self.tail)
    }

    fn remember(&mut self, bytes: &[u8]) {
        let bytes = &bytes[bytes.len().saturating_sub(TAIL)..];
        let excess = (self.tail.len() + bytes.len()).saturating_sub(TAIL);
        self.tail.drain(..excess);
        self.tail.extend_from_slice(bytes);
    }

    /// A write that succeeds at once proves nothing: it goes into a buffer. A write that succeeds after one that was blocked
    /// proves that the peer reads.
    fn after_write(&mut self, written: &Poll<io::Result<usize>>) {
        match written {
            Poll::Pending => self.blocked = true,
            Poll::Ready(Ok(1..)) => self.active |= std::mem::take(&mut self.blocked),
            Poll::Ready(_) => {}
        }
    }
}

/// Reads the close frame that ends these bytes (RFC 6455, 5.5.1), with or without a mask.
fn close_frame_at_end(bytes: &[u8]) -> Option<(u16, String)> {
    const CLOSE: u8 = 0x88;
    const MASKED: usize = 0x80;
    for start in (0..bytes.len()).filter(|start| bytes[*start] == CLOSE) {
        let [_, length, rest @ ..] = &bytes[start..] else { continue };
        let payload = match rest.split_first_chunk::<4>() {
            Some((mask, payload)) if usize::from(*length) == MASKED + payload.len() => {
                payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect()
            }
            _ if usize::from(*length) == rest.len() => rest.to_vec(),
            _ => continue,
        };
        if let Some((code, reason)) = payload.split_first_chunk::<2>()
            && let Ok(reason) = std::str::from_utf8(reason)
        {
            return Some((u16::from_be_bytes(*code), reason.to_owned()));
        }
    }
    None
}

impl<S: AsyncRead + Unpin> AsyncRead for Monitored<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        let new = &buf.filled()[before..];
        self.active |= !new.is_empty();
        self.remember(new);
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Monitored<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.after_write(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.after_write(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::close_frame_at_end;

    #[test]
    fn a_close_frame_is_found_at_the_end() {
        let told = |bytes: &[u8]| close_frame_at_end(bytes);
        assert_eq!(told(b"\x81\x02hi\x88\x04\x13\x8cno"), Some((5004, "no".into())));
        assert_eq!(told(b"\x88\x02\x00\x00"), Some((0, String::new())));
        assert_eq!(told(b"\x88\x84\x01\x02\x03\x04\x12\x8emk"), Some((5004, "no".into())));
        // A byte of the reason that looks like the beginning of a frame.
        assert_eq!(told(b"\x88\x06\x03\xe7\xc2\x88\x02x"), Some((999, "\u{88}\u{2}x".into())));
        for other in [&b""[..], b"\x88", b"\x88\x00", b"\x88\x01x", b"\x81\x02hi", b"\x88\x04\x13\x8cno\x00"] {
            assert_eq!(told(other), None, "{other:x?}");
        }
    }
}
