//! An open socket, and the timers that detect a dead peer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use futures_sink::Sink;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};

use crate::error::connection::ConnectionError;
use crate::time::YEAR;
use crate::transport::heartbeat::longest_silence;
use crate::transport::settings::Settings;
use crate::transport::ws::activity::Monitored;

pub(super) fn close_frame(code: CloseCode) -> CloseFrame {
    CloseFrame { code, reason: Utf8Bytes::from_static("") }
}

/// The time in which a server that looks at the token after the upgrade closes the connection.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// An open socket.
pub(super) struct OpenSocket<S> {
    pub(super) socket: WebSocketStream<Monitored<S>>,
    pub(super) frame_limit: usize,
    pub(super) unflushed: bool,
    /// The time at which the connection was made.
    opened: Instant,
    /// The time of the server's last activity, even if only a part of a frame.
    pub(super) last_sign: Instant,
    /// The number of pings that have arrived since everything was written.
    pub(super) pongs_owed: u32,
    /// Set once anything but pings and pongs has arrived.
    pub(super) frames_came: bool,
    /// Set if events have arrived and the consumers have not been woken yet.
    pub(super) events_came: bool,
    pub(super) pong_came: bool,
    pub(super) keepalive: Option<(Duration, Duration)>,
    pub(super) next_ping: Option<Instant>,
    /// The time of a ping that has not been answered yet.
    pub(super) pinged: Option<Instant>,
    /// The longest silence that the server's heartbeats allow.
    pub(super) longest_silence: Option<Duration>,
    /// The time until which nothing is read, since the buffer of a streamed answer is full.
    pub(super) paused: Option<Instant>,
    pub(super) timer: Pin<Box<Sleep>>,
    /// Deadline of the calls in flight.
    pub(super) closing: Option<Instant>,
    /// Deadline of the server's answer to the close frame.
    pub(super) leaving: Option<Instant>,
    /// The refusal of the token by the first frame, as long as nothing but pings and pongs has arrived since.
    pub(super) refused: Option<ConnectionError>,
}

impl<S> OpenSocket<S> {
    pub(super) fn new(socket: WebSocketStream<Monitored<S>>, settings: &Settings) -> Self {
        let now = Instant::now();
        let keepalive = settings.keepalive;
        let keepalive = keepalive.map(|(interval, patience)| (interval.min(YEAR), patience.min(YEAR)));
        Self {
            socket,
            frame_limit: settings.frame_limit,
            unflushed: false,
            last_sign: now,
            pongs_owed: 0,
            opened: now,
            frames_came: false,
            events_came: false,
            pong_came: false,
            keepalive,
            // The first ping is sent at once, to learn early whether the server answers pings.
            next_ping: keepalive.map(|_| now),
            pinged: None,
            longest_silence: None,
            paused: None,
            timer: Box::pin(tokio::time::sleep_until(now)),
            closing: None,
            leaving: None,
            refused: None,
        }
    }

    /// Returns `true` as long as the server may look at the token: nothing but pings and pongs has arrived, and the connection is
    /// seconds old.
    pub(super) fn is_new(&self) -> bool {
        !self.frames_came && self.opened.elapsed() < HANDSHAKE
    }

    pub(super) fn record_activity(&mut self) {
        self.frames_came = true;
        self.refused = None;
    }

    pub(super) fn on_heartbeat(&mut self, heartbeat: &[u8]) {
        self.longest_silence = longest_silence(heartbeat).or(self.longest_silence);
    }

    /// Returns the earliest deadline.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let answered = self.pinged.zip(self.keepalive).map(|(at, (_, patience))| at + patience);
        let silent = self.longest_silence.and_then(|silence| self.last_sign.checked_add(silence));
        let closing = self.closing.filter(|_| self.leaving.is_none());
        [self.next_ping, answered, silent, closing, self.leaving, self.paused].into_iter().flatten().min()
    }

    /// Returns the error if the server has been silent for too long.
    pub(super) fn check_silence(&mut self, now: Instant) -> Option<ConnectionError> {
        let silence = now.saturating_duration_since(self.last_sign);
        if self.longest_silence.is_some_and(|longest| silence >= longest) {
            return Some(ConnectionError::Silent(silence));
        }
        let (at, (_, patience)) = self.pinged.zip(self.keepalive)?;
        if self.last_sign >= at {
            self.pinged = None;
        } else if now >= at + patience {
            self.pinged = None;
            if self.pong_came || !self.frames_came {
                return Some(ConnectionError::Silent(silence));
            }
        }
        None
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> OpenSocket<S> {
    pub(super) fn send(&mut self, message: Message) -> Result<(), tungstenite::Error> {
        self.unflushed = true;
        Pin::new(&mut self.socket).start_send(message)
    }

    /// Reads a frame, unless reading is paused until a time.
    pub(super) fn poll_frame(
        &mut self,
        paused: Option<Instant>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Message, tungstenite::Error>>> {
        self.paused = paused;
        if paused.is_some() { Poll::Pending } else { Pin::new(&mut self.socket).poll_next(cx) }
    }

    /// Wakes the task once a pause has ended, so that it reads again, or ends the answer whose buffer is still full.
    pub(super) fn resume(&mut self, cx: &mut Context<'_>, now: Instant) {
        if self.paused.take_if(|until| *until <= now).is_some() {
            cx.waker().wake_by_ref();
        }
    }

    pub(super) fn flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), tungstenite::Error>> {
        if !self.unflushed {
            return Poll::Ready(Ok(()));
        }
        let flushed = Pin::new(&mut self.socket).poll_flush(cx);
        self.unflushed = flushed.is_pending();
        if !self.unflushed {
            self.pongs_owed = 0;
        }
        flushed
    }

    pub(super) fn ping(&mut self, cx: &mut Context<'_>, now: Instant) -> Result<(), tungstenite::Error> {
        self.next_ping = self.keepalive.map(|(interval, _)| now + interval);
        self.pinged.get_or_insert(now);
        // If the socket is blocked, the silence is still noticed.
        match Pin::new(&mut self.socket).poll_ready(cx) {
            Poll::Ready(Ok(())) => self.send(Message::Ping(Bytes::new())),
            Poll::Ready(Err(error)) => Err(error),
            Poll::Pending => Ok(()),
        }
    }

    /// Returns the connection's error for an error of the socket. If the server violated the protocol, a close frame says so,
    /// provided that it can be written at once.
    pub(super) fn failed(&mut self, cx: &mut Context<'_>, error: tungstenite::Error) -> ConnectionError {
        let (code, why) = match error {
            tungstenite::Error::Capacity(_) => (CloseCode::Size, ConnectionError::FrameTooLong(self.frame_limit)),
            tungstenite::Error::Utf8(_) => (CloseCode::Invalid, ConnectionError::Protocol(Arc::new(error))),
            tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
                return ConnectionError::Lost(Arc::new(error));
            }
            tungstenite::Error::Protocol(_) => (CloseCode::Protocol, ConnectionError::Protocol(Arc::new(error))),
            _ => return ConnectionError::Lost(Arc::new(error)),
        };
        if self.send(Message::Close(Some(close_frame(code)))).is_ok() {
            let _ = self.flush(cx);
        }
        why
    }
}
