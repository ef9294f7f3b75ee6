//! The task that reads the events. [`reconnect`] has its states.
//!
//! When the connection is closed, the request for events ends at once, and the end is published when no call is in flight or
//! the calls have timed out.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use sse_stream::Sse;
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep};

use crate::error::connection::ConnectionError;
use crate::generated::event::EventKind;
use crate::server_kind::KindCell;
use crate::time::YEAR;
use crate::transport::control::{ConnectionState, Control, Stop};
use crate::transport::frame::Frame;
use crate::transport::heartbeat::longest_silence;
use crate::transport::reconnect::{self, Serve};
use crate::transport::settings::Settings;
use crate::transport::sse::body::ReadError;
use crate::transport::sse::calls::InFlight;
use crate::transport::sse::connect::{EventStream, StreamEndpoint};

/// Number of events that are read before other work has its turn.
const MAX_EVENTS_AT_ONCE: usize = 64;

/// The state of the task.
pub(super) struct Task {
    settings: Settings,
    control: Arc<Control>,
    stops: mpsc::UnboundedReceiver<Stop>,
    in_flight: InFlight,
    /// The deadline of the calls in flight, once this program closes the connection.
    closing: Option<Instant>,
    /// Set once the end has been published.
    ended: bool,
}

/// Publishes the end even if the task is dropped, as by the end of its runtime.
impl Drop for Task {
    fn drop(&mut self) {
        if !self.ended {
            self.control.end(ConnectionError::Closed);
        }
    }
}

impl Task {
    pub(super) fn new(
        settings: Settings,
        control: Arc<Control>,
        stops: mpsc::UnboundedReceiver<Stop>,
        in_flight: InFlight,
    ) -> Self {
        Self { settings, control, stops, in_flight, closing: None, ended: false }
    }

    /// Reads one stream after the other. The `kind` of the server is forgotten with each.
    pub(super) async fn run(mut self, endpoint: StreamEndpoint, stream: EventStream, kind: Arc<KindCell>) {
        let why = reconnect::serve_all(&mut self, &endpoint, stream, &kind).await;
        if self.is_stopping() {
            self.calls_ended().await;
        }
        self.ended = true;
        self.control.end(why);
    }

    /// Waits until no call is in flight, or the calls have timed out.
    async fn calls_ended(&mut self) {
        let mut ended = pin!(self.in_flight.ended());
        let mut timer = pin!(tokio::time::sleep_until(Instant::now()));
        poll_fn(|cx| {
            let _ = self.poll_stops(cx);
            let deadline = self.closing.unwrap_or_else(Instant::now);
            if timer.deadline() != deadline {
                timer.as_mut().reset(deadline);
            }
            if ended.as_mut().poll(cx).is_ready() || timer.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            Poll::Pending
        })
        .await;
    }

    /// Takes the requests to close the connection; of several limits the shortest counts. It is ready once a request has come.
    fn poll_stops(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Poll::Ready(Some(Stop { limit, .. })) = self.stops.poll_recv(cx) {
            self.control.state.send_replace(ConnectionState::Closing);
            let deadline = Instant::now() + limit.min(YEAR);
            self.closing = Some(self.closing.map_or(deadline, |closing| closing.min(deadline)));
        }
        match self.closing {
            Some(_) => Poll::Ready(()),
            None => Poll::Pending,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>, open: &mut OpenStream) -> Poll<ConnectionError> {
        if self.poll_stops(cx).is_ready() {
            return Poll::Ready(ConnectionError::Closed);
        }
        let end = self.read(cx, open);
        if std::mem::take(&mut open.events_came) {
            self.control.sink.wake();
        }
        match end.or_else(|| open.poll_silence(cx)) {
            Some(why) => Poll::Ready(why),
            None => Poll::Pending,
        }
    }

    /// Reads the events that have arrived. Returns the reason if the connection has ended.
    fn read(&mut self, cx: &mut Context<'_>, open: &mut OpenStream) -> Option<ConnectionError> {
        let mut read = 0;
        while let Poll::Ready(next) = Pin::new(&mut open.stream.events).poll_next(cx) {
            match next {
                Some(Ok(Sse { data: Some(text), .. })) if text.len() > self.settings.frame_limit => {
                    return Some(ConnectionError::FrameTooLong(self.settings.frame_limit));
                }
                Some(Ok(Sse { data: Some(text), .. })) => self.on_text(&text, open),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Some(self.broken(error)),
                None => return Some(ConnectionError::ClosedByServer { code: None, reason: String::new() }),
            }
            read += 1;
            if read == MAX_EVENTS_AT_ONCE {
                cx.waker().wake_by_ref();
                break;
            }
        }
        None
    }

    /// Returns the connection's error for an error of the stream.
    fn broken(&self, error: sse_stream::Error) -> ConnectionError {
        let error = match error {
            sse_stream::Error::Body(error) => error,
            other => return ConnectionError::Lost(Arc::new(io::Error::new(io::ErrorKind::InvalidData, other))),
        };
        match error.downcast::<ReadError>().map(|error| *error) {
            Ok(ReadError::TooLong) => ConnectionError::FrameTooLong(self.settings.frame_limit),
            Ok(ReadError::Broken(error)) => ConnectionError::Lost(Arc::new(error)),
            Err(error) => ConnectionError::Lost(error.into()),
        }
    }

    fn on_text(&mut self, text: &str, open: &mut OpenStream) {
        match Frame::peek(text.as_bytes()) {
            Frame::Event(header) => {
                if header.kind == EventKind::Heartbeat && self.settings.heartbeat_watch {
                    open.longest_silence = longest_silence(text.as_bytes()).or(open.longest_silence);
                }
                self.control.sink.push(header, text.as_bytes());
                // Consumers are woken once for all events that are read together.
                open.events_came = true;
            }
            Frame::Answer(_) | Frame::Stray { .. } => {
                tracing::debug!(bytes = text.len(), "dropped an answer among the events");
            }
            Frame::Odd(why) => tracing::warn!(bytes = text.len(), why, "dropped an event"),
        }
    }
}

impl Serve<EventStream> for Task {
    fn control(&self) -> &Control {
        &self.control
    }

    async fn serve(&mut self, stream: EventStream) -> ConnectionError {
        let mut open = OpenStream::new(stream);
        poll_fn(|cx| self.poll(cx, &mut open)).await
    }

    fn is_stopping(&self) -> bool {
        self.closing.is_some()
    }

    /// Does nothing: calls have connections of their own.
    fn disconnected(&mut self, _: &ConnectionError) {}

    fn poll_disconnected(&mut self, cx: &mut Context<'_>, _: &ConnectionError) -> Poll<()> {
        self.poll_stops(cx)
    }
}

/// An open stream, and the timer that detects a silent server.
struct OpenStream {
    stream: EventStream,
    /// Set if events have arrived and the consumers have not been woken yet.
    events_came: bool,
    /// The time of the server's last activity, even if only a part of an event.
    last_sign: Instant,
    /// The longest silence that the server's heartbeats allow; `None` before the first one.
    longest_silence: Option<Duration>,
    timer: Pin<Box<Sleep>>,
}

impl OpenStream {
    fn new(stream: EventStream) -> Self {
        let now = Instant::now();
        let timer = Box::pin(tokio::time::sleep_until(now));
        Self { stream, events_came: false, last_sign: now, longest_silence: None, timer }
    }

    /// Returns the error if the server has been silent for too long.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Option<ConnectionError> {
        if self.stream.active.swap(false, Ordering::Relaxed) {
            self.last_sign = Instant::now();
        }
        let due = self.last_sign.checked_add(self.longest_silence?)?;
        if self.timer.deadline() != due {
            self.timer.as_mut().reset(due);
        }
        self.timer.as_mut().poll(cx).is_ready().then(|| ConnectionError::Silent(self.last_sign.elapsed()))
    }
}
