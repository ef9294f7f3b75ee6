//! The task that owns a socket. [`reconnect`] has its states.
//!
//! While there is no connection, calls are rejected, or wait for it up to `queue_while_down`. When the connection is closed, a
//! close frame is sent once the calls are answered or out of time.
//!
//! Order at the end: the state is published first, since rejected calls take their reason from it; the calls in flight fail
//! next; then the channel of calls is closed, and the calls in it are rejected. If the channel were dropped instead, a call with
//! a reserved place in it would wait for ever.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_sink::Sink;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};

use crate::error::connection::ConnectionError;
use crate::error::secret::without_token;
use crate::event::header::EventHeader;
use crate::generated::event::EventKind;
use crate::server_kind::KindCell;
use crate::time::YEAR;
use crate::transport::control::{ConnectionState, Control, Stop};
use crate::transport::frame::Frame;
use crate::transport::reconnect::{self, Serve};
use crate::transport::settings::Settings;
use crate::transport::ws::activity::Monitored;
use crate::transport::ws::connect::{Socket, SocketEndpoint};
use crate::transport::ws::pending::PendingCalls;
use crate::transport::ws::service::Outgoing;
#[cfg(feature = "server")]
use crate::transport::ws::service::UnsentCalls;
use crate::transport::ws::socket::{OpenSocket, close_frame};

/// Number of frames that are read before other work has its turn.
const MAX_FRAMES_AT_ONCE: usize = 64;
/// Time limit of the server's answer to a close frame.
const CLOSE_FRAME_LIMIT: Duration = Duration::from_secs(1);
/// Number of pings that may arrive before the answers to them have been written.
pub(super) const MAX_PONGS_OWED: u32 = 10_000;

/// The state of the task.
pub(super) struct Task {
    pub(super) settings: Arc<Settings>,
    /// Removed from the server's close reasons.
    pub(super) token: Option<String>,
    pub(super) outgoing: mpsc::Receiver<Outgoing>,
    pub(super) stops: mpsc::UnboundedReceiver<Stop>,
    pub(super) control: Arc<Control>,
    pub(super) calls: PendingCalls,
    /// Calls that were made while there was no connection.
    pub(super) waiting: VecDeque<Outgoing>,
    /// Takes the calls that have not been sent by the end; `None` to reject them.
    #[cfg(feature = "server")]
    pub(super) unsent: Option<Arc<dyn UnsentCalls>>,
    /// Set once this program closes the connection.
    pub(super) stopping: bool,
    pub(super) why_stopping: ConnectionError,
    /// Set once the end has been published.
    pub(super) ended: bool,
}

/// Publishes the end even if the task is dropped, as by the end of its runtime.
impl Drop for Task {
    fn drop(&mut self) {
        if !self.ended {
            self.control.end(ConnectionError::Closed);
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Serve<WebSocketStream<Monitored<S>>> for Task {
    fn control(&self) -> &Control {
        &self.control
    }

    async fn serve(&mut self, socket: WebSocketStream<Monitored<S>>) -> ConnectionError {
        let mut open = OpenSocket::new(socket, &self.settings);
        let why = poll_fn(|cx| self.poll(cx, &mut open)).await;
        match open.refused {
            Some(refused) if !self.stopping => refused,
            Some(refused) => {
                self.calls.fail_all(&refused);
                why
            }
            None => why,
        }
    }

    fn is_stopping(&self) -> bool {
        self.stopping
    }

    fn disconnected(&mut self, why: &ConnectionError) {
        self.calls.fail_all(why);
    }

    /// Queues or rejects calls.
    fn poll_disconnected(&mut self, cx: &mut Context<'_>, why: &ConnectionError) -> Poll<()> {
        if let Poll::Ready(Some(_)) = self.stops.poll_recv(cx) {
            return Poll::Ready(());
        }
        while let Poll::Ready(call) = self.outgoing.poll_recv(cx) {
            match call {
                Some(call) => self.enqueue(call, why),
                None => return Poll::Ready(()),
            }
        }
        Poll::Pending
    }
}

impl Task {
    /// Serves one socket, and ends with it.
    #[cfg(feature = "server")]
    pub(super) async fn run_once<S: AsyncRead + AsyncWrite + Unpin + Send>(
        mut self,
        socket: WebSocketStream<Monitored<S>>,
    ) -> ConnectionError {
        let why = self.serve(socket).await;
        let why = if self.stopping { self.why_stopping.clone() } else { why };
        self.end(&why).await;
        why
    }

    /// Serves one socket after the other. The `kind` of the server is forgotten with each.
    pub(super) async fn run(mut self, endpoint: SocketEndpoint, socket: Socket, kind: Arc<KindCell>) {
        let why = reconnect::serve_all(&mut self, &endpoint, socket, &kind).await;
        self.end(&why).await;
    }

    /// Publishes the end of the connection, and fails or rejects all calls.
    async fn end(&mut self, why: &ConnectionError) {
        self.ended = true;
        self.control.end(why.clone());
        self.calls.fail_all(why);
        // A caller with a reserved place in the channel may still send.
        self.outgoing.close();
        while let Some(call) = self.waiting.pop_front() {
            self.turn_away(call, why);
        }
        while let Some(call) = self.outgoing.recv().await {
            self.turn_away(call, why);
        }
    }

    /// Gives a call back that has not been sent, or rejects it.
    fn turn_away(&self, call: Outgoing, why: &ConnectionError) {
        #[cfg(feature = "server")]
        if let Some(unsent) = &self.unsent {
            return unsent.take_back(call, why);
        }
        call.reject(why);
    }

    /// Keeps a call for the next connection, or rejects it if too many are kept.
    fn enqueue(&mut self, call: Outgoing, why: &ConnectionError) {
        let limit = self.settings.queue_while_down;
        if self.waiting.len() >= limit {
            self.waiting.retain(|call| !call.is_given_up());
        }
        if self.waiting.len() < limit {
            self.waiting.push_back(call);
        } else {
            call.reject(why);
        }
    }

    fn poll<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        open: &mut OpenSocket<S>,
    ) -> Poll<ConnectionError> {
        let end = self.read(cx, open);
        if std::mem::take(&mut open.events_came) {
            self.control.sink.wake();
        }
        if let Some(why) = end {
            return Poll::Ready(why);
        }
        let Some(why) = self.work(cx, open) else { return Poll::Pending };
        // A socket that cannot be written to may still hold the frame that says why.
        let last = matches!(why, ConnectionError::Lost(_)).then(|| self.read(cx, open)).flatten();
        if std::mem::take(&mut open.events_came) {
            self.control.sink.wake();
        }
        Poll::Ready(last.unwrap_or(why))
    }

    /// Does everything except for reading. Returns the reason if the connection has ended.
    fn work<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        open: &mut OpenSocket<S>,
    ) -> Option<ConnectionError> {
        while let Poll::Ready(Some(Stop { limit, why })) = self.stops.poll_recv(cx) {
            if !self.stopping {
                self.why_stopping = why;
            }
            self.begin_to_stop(limit, open);
        }
        self.calls.forget_dropped(cx);
        if let Err(error) = self.write(cx, open) {
            return Some(open.failed(cx, error));
        }
        if let Some(why) = self.poll_timers(cx, open) {
            return Some(why);
        }
        match open.flush(cx) {
            Poll::Ready(Err(error)) => Some(open.failed(cx, error)),
            _ => None,
        }
    }

    /// Begins to close the connection; of several limits the shortest counts.
    fn begin_to_stop<S>(&mut self, limit: Duration, open: &mut OpenSocket<S>) {
        self.stopping = true;
        self.control.state.send_replace(ConnectionState::Closing);
        let deadline = Instant::now() + limit.min(YEAR);
        open.closing = Some(open.closing.map_or(deadline, |closing| closing.min(deadline)));
    }

    /// Reads the frames that have arrived. Returns the reason if the connection has ended.
    fn read<S>(&mut self, cx: &mut Context<'_>, open: &mut OpenSocket<S>) -> Option<ConnectionError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut read = 0;
        while let Poll::Ready(next) = open.poll_frame(self.calls.full_until(cx), cx) {
            match next {
                Some(Ok(Message::Text(text))) => {
                    self.on_text(text, open);
                }
                Some(Ok(Message::Binary(bytes))) => {
                    tracing::warn!(bytes = bytes.len(), "dropped a binary frame: OneBot has text frames only");
                    open.record_activity();
                }
                Some(Ok(Message::Ping(_))) => {
                    open.unflushed = true;
                    open.pongs_owed += 1;
                    if open.pongs_owed > MAX_PONGS_OWED {
                        let flood = std::io::Error::other("the server sends pings and does not read the answers");
                        return Some(ConnectionError::Lost(Arc::new(flood)));
                    }
                }
                Some(Ok(Message::Pong(_))) => open.pong_came = true,
                Some(Ok(Message::Frame(_))) => {}
                Some(Ok(Message::Close(frame))) => {
                    // This sends the answer to the close frame.
                    open.unflushed = true;
                    let _ = open.flush(cx);
                    return Some(self.closed_by_server(frame, open));
                }
                Some(Err(error)) => return Some(open.failed(cx, error)),
                None => return Some(self.closed_by_server(None, open)),
            }
            read += 1;
            if read == MAX_FRAMES_AT_ONCE {
                cx.waker().wake_by_ref();
                break;
            }
        }
        None
    }

    /// Returns the reason for a close frame. Some servers refuse the token with the code 1008, and nothing before it.
    fn closed_by_server<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        frame: Option<CloseFrame>,
        open: &mut OpenSocket<S>,
    ) -> ConnectionError {
        let (code, reason) = match frame {
            // The library's words for a code that no frame may have.
            Some(CloseFrame { code: CloseCode::Protocol, reason }) if reason.as_str() == "Protocol violation" => {
                let as_it_came = open.socket.get_ref().last_close_frame();
                as_it_came.map_or((Some(1002), reason.to_string()), |(code, reason)| (Some(code), reason))
            }
            Some(frame) => (Some(frame.code.into()), frame.reason.to_string()),
            None => (None, String::new()),
        };
        let reason = match self.token.as_deref() {
            Some(token) => without_token(&reason, token),
            None => reason,
        };
        if code == Some(CloseCode::Policy.into()) && open.is_new() {
            open.refused = Some(ConnectionError::TokenRefused { code: 1008, reason: reason.clone() });
        }
        ConnectionError::ClosedByServer { code, reason }
    }

    fn on_text<S>(&mut self, text: Utf8Bytes, open: &mut OpenSocket<S>) {
        let first = !open.frames_came;
        open.record_activity();
        match Frame::peek(text.as_ref()) {
            Frame::Event(header) => self.on_event(header, &text, open),
            Frame::Answer(echo) => self.calls.answer(echo, text),
            Frame::Stray { retcode: Some(code @ (1401 | 1403)), .. } if first => {
                open.refused = Some(ConnectionError::TokenRefused { code, reason: String::new() });
            }
            Frame::Stray { echo, retcode } => {
                tracing::debug!(echo, retcode, "dropped an answer: its echo was never sent");
            }
            Frame::Odd(why) => tracing::warn!(bytes = text.len(), why, "dropped a frame"),
        }
    }

    fn on_event<S>(&mut self, header: EventHeader, text: &Utf8Bytes, open: &mut OpenSocket<S>) {
        if header.kind == EventKind::Heartbeat && self.settings.heartbeat_watch {
            open.on_heartbeat(text.as_bytes());
        }
        self.control.sink.push(header, text.as_bytes());
        // Consumers are woken once for all frames that are read together.
        open.events_came = true;
    }

    /// Writes as many calls as the socket takes.
    fn write<S>(&mut self, cx: &mut Context<'_>, open: &mut OpenSocket<S>) -> Result<(), tungstenite::Error>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if self.stopping {
            return self.stop(cx, open);
        }
        while let Poll::Ready(ready) = Pin::new(&mut open.socket).poll_ready(cx) {
            ready?;
            let call = match self.waiting.pop_front() {
                Some(call) => call,
                None => match self.outgoing.poll_recv(cx) {
                    Poll::Ready(Some(call)) => call,
                    Poll::Ready(None) => {
                        self.begin_to_stop(Duration::ZERO, open);
                        return self.stop(cx, open);
                    }
                    Poll::Pending => break,
                },
            };
            if call.is_given_up() || !call.request.mark_sent() {
                continue;
            }
            self.calls.insert(call.echo, call.answer, call.request.is_streamed());
            open.send(call.message)?;
        }
        Ok(())
    }

    /// Rejects new calls, and sends a close frame once the calls in flight have ended or exceeded their limit.
    fn stop<S>(&mut self, cx: &mut Context<'_>, open: &mut OpenSocket<S>) -> Result<(), tungstenite::Error>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let why = self.why_stopping.clone();
        #[cfg(feature = "server")]
        if self.unsent.is_some() {
            // So that no call that is given back comes here again.
            self.outgoing.close();
        }
        while let Some(call) = self.waiting.pop_front() {
            self.turn_away(call, &why);
        }
        while let Poll::Ready(Some(call)) = self.outgoing.poll_recv(cx) {
            self.turn_away(call, &why);
        }
        if open.leaving.is_some() {
            return Ok(());
        }
        self.calls.forget_given_up(cx);
        let now = Instant::now();
        if self.calls.is_empty() || open.closing.is_some_and(|deadline| deadline <= now) {
            self.calls.fail_all(&why);
            open.leaving = Some(now + CLOSE_FRAME_LIMIT);
            open.next_ping = None;
            let code = match why {
                ConnectionError::WrongAccount { .. } => CloseCode::Policy,
                _ => CloseCode::Normal,
            };
            open.send(Message::Close(Some(close_frame(code))))?;
        }
        Ok(())
    }

    /// Does everything that is due. Returns the reason if the connection is lost.
    fn poll_timers<S>(&mut self, cx: &mut Context<'_>, open: &mut OpenSocket<S>) -> Option<ConnectionError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        loop {
            let now = Instant::now();
            if open.socket.get_mut().take_activity() {
                open.last_sign = now;
            }
            if let Some(why) = open.check_silence(now) {
                return Some(why);
            }
            if open.leaving.is_some_and(|deadline| deadline <= now) {
                return Some(ConnectionError::Closed);
            }
            if self.stopping && open.leaving.is_none() && open.closing.is_some_and(|deadline| deadline <= now) {
                if let Err(error) = self.stop(cx, open) {
                    return Some(open.failed(cx, error));
                }
                continue;
            }
            if open.next_ping.is_some_and(|due| due <= now) {
                if let Err(error) = open.ping(cx, now) {
                    return Some(open.failed(cx, error));
                }
                continue;
            }
            open.resume(cx, now);
            let due = open.next_due()?;
            if open.timer.deadline() != due {
                open.timer.as_mut().reset(due);
            }
            if open.timer.as_mut().poll(cx).is_pending() {
                return None;
            }
        }
    }
}
