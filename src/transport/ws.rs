//! Calls as frames of a WebSocket: one task owns the socket, and calls find their answers by their echo.

mod dedupe;
mod dial;
mod frame;
mod watched;

use std::collections::{HashMap, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use futures_sink::Sink;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, Sleep};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};
use tower::retry::backoff::{Backoff, ExponentialBackoff};

pub(crate) use self::dedupe::Dedupe;
pub(crate) use self::dial::Endpoint;
use self::dial::Socket;
#[cfg(feature = "server")]
pub(crate) use self::dial::accept_key;
pub use self::frame::Frame;
pub(crate) use self::watched::Watched;
use super::{BoxError, Reply, Request};
use crate::connection::{ConnectionError, ConnectionState, Link, Stop};
use crate::error::Reason;
use crate::layer::new_backoff;
use crate::time::YEAR;
use crate::{EventKind, lenient};

/// How a connection is kept.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) connect_timeout: Duration,
    pub(crate) reconnect: bool,
    pub(crate) first_wait: Duration,
    pub(crate) longest_wait: Duration,
    pub(crate) queue_while_down: usize,
    pub(crate) dedupe: Option<Duration>,
    /// How often to ping, and how long to wait for a sign of life.
    pub(crate) keepalive: Option<(Duration, Duration)>,
    pub(crate) heartbeat_watch: bool,
    pub(crate) frame_limit: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            reconnect: true,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
            queue_while_down: 0,
            dedupe: None,
            keepalive: Some((Duration::from_secs(20), Duration::from_secs(10))),
            heartbeat_watch: true,
            frame_limit: 64 << 20,
        }
    }
}

impl Settings {
    fn new_backoff(&self) -> ExponentialBackoff {
        new_backoff(self.first_wait, self.longest_wait)
    }

    /// How long a connection must hold for the waits to begin anew.
    fn held(&self) -> Duration {
        self.longest_wait.min(Duration::from_secs(10))
    }
}

/// So many calls wait for the task; the others wait with their callers.
const ORDERS: usize = 1024;
/// So many frames are read before others have their turn.
const READ_AT_ONCE: usize = 64;
/// How long the server may take to answer a close frame.
const LEAVE_LIMIT: Duration = Duration::from_secs(1);
/// So many calls in flight are kept without a thought.
const FEW_CALLS: usize = 1024;
/// So many pings may come before the answers to them are taken.
const MOST_PONGS: u32 = 10_000;

/// What the next call is known by. All connections of a process share it, and no two processes begin alike: servers send
/// an answer that is late over the connection that an account has by then.
static NEXT_ECHO: LazyLock<AtomicU64> = LazyLock::new(|| AtomicU64::new(rand::random::<u32>().into()));

/// The service at the bottom of a client.
#[derive(Clone)]
pub(crate) struct Ws(Arc<Inner>);

struct Inner {
    orders: mpsc::Sender<Order>,
    link: Arc<Link>,
}

type Outcome = Result<Reply, BoxError>;

/// A call for the task to send.
struct Order {
    echo: u64,
    message: Message,
    request: Request,
    answer: oneshot::Sender<Outcome>,
}

impl Order {
    /// There is no connection for it. Who does not wait any more needs not be told.
    fn turn_away(self, why: &ConnectionError) {
        let _ = self.answer.send(Err(Down(why.clone()).into()));
    }
}

impl Ws {
    async fn send(self, request: Request) -> Outcome {
        let echo = NEXT_ECHO.fetch_add(1, Ordering::Relaxed);
        let message = Message::Text(call_frame(&request, echo)?);
        tracing::debug!(echo, bytes = message.len(), "leaves over the WebSocket");
        let (answer, answered) = oneshot::channel();
        let order = Order { echo, message, request, answer };
        if self.0.orders.send(order).await.is_err() {
            return Err(Down(self.0.link.why_closed()).into());
        }
        match answered.await {
            Ok(outcome) => outcome,
            // The task has ended.
            Err(_) => Err(self.0.link.why_closed().into()),
        }
    }
}

impl tower::Service<Request> for Ws {
    type Response = Reply;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Outcome> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Box::pin(self.clone().send(request))
    }
}

/// `{"action":…,"params":…,"echo":…}`
fn call_frame(request: &Request, echo: u64) -> Result<Utf8Bytes, BoxError> {
    let mut frame = Vec::with_capacity(request.action.len() + request.params.len() + 64);
    frame.extend_from_slice(b"{\"action\":");
    serde_json::to_writer(&mut frame, &*request.action)?;
    frame.extend_from_slice(b",\"params\":");
    frame.extend_from_slice(&request.params);
    frame.extend_from_slice(b",\"echo\":\"");
    frame.extend_from_slice(frame::echo(echo).as_bytes());
    frame.extend_from_slice(b"\"}");
    Ok(String::from_utf8(frame).map_err(|_| Reason("its parameters are no UTF-8".into()))?.into())
}

/// There was no connection for a call.
#[derive(Debug)]
struct Down(ConnectionError);

impl std::fmt::Display for Down {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("there is no connection to the server")
    }
}

impl std::error::Error for Down {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// Starts the task that owns the socket. It ends when all clients and event streams are dropped.
pub(crate) fn start(
    endpoint: Endpoint,
    socket: Socket,
    link: Arc<Link>,
    commands: mpsc::UnboundedReceiver<Stop>,
) -> Ws {
    let settings = Arc::new(endpoint.settings.clone());
    let (ws, task) = prepare(settings, endpoint.token().map(str::to_owned), link, commands);
    tokio::spawn(task.run(endpoint, socket));
    ws
}

/// The service over a socket that a server has accepted, and the work of the task that owns it. The work ends with the
/// socket, or when the service and all its clones are dropped.
#[cfg(feature = "server")]
pub(crate) fn accepted<S: AsyncRead + AsyncWrite + Unpin + Send>(
    socket: WebSocketStream<Watched<S>>,
    settings: Arc<Settings>,
    token: Option<String>,
    link: Arc<Link>,
    commands: mpsc::UnboundedReceiver<Stop>,
) -> (Ws, impl Future<Output = ConnectionError> + Send) {
    let (ws, task) = prepare(settings, token, link, commands);
    (ws, task.run_once(socket))
}

fn prepare(
    settings: Arc<Settings>,
    token: Option<String>,
    link: Arc<Link>,
    commands: mpsc::UnboundedReceiver<Stop>,
) -> (Ws, Task) {
    let (orders, ordered) = mpsc::channel(ORDERS);
    let task = Task {
        dedupe: settings.dedupe.map(Dedupe::new),
        settings,
        token,
        orders: ordered,
        commands,
        link: link.clone(),
        calls: Calls::default(),
        held_back: VecDeque::new(),
        stopping: false,
        why_stopping: ConnectionError::Closed,
        ended: false,
    };
    (Ws(Arc::new(Inner { orders, link })), task)
}

/// The calls in flight, by echo.
#[derive(Default)]
struct Calls {
    waiting: HashMap<u64, oneshot::Sender<Outcome>>,
    /// The number at which those are looked for that nobody waits for any more.
    sweep_at: usize,
}

impl Calls {
    fn insert(&mut self, echo: u64, answer: oneshot::Sender<Outcome>) {
        if self.waiting.len() >= self.sweep_at.max(FEW_CALLS) {
            self.sweep();
        }
        self.waiting.insert(echo, answer);
    }

    /// Forgets those that nobody waits for, and has the task woken when somebody stops to wait.
    fn forget_given_up(&mut self, cx: &mut Context<'_>) {
        self.waiting.retain(|_, answer| answer.poll_closed(cx).is_pending());
    }

    fn sweep(&mut self) {
        self.waiting.retain(|_, answer| !answer.is_closed());
        self.sweep_at = 2 * self.waiting.len();
        self.waiting.shrink_to(self.sweep_at.max(FEW_CALLS));
    }

    fn answer(&mut self, echo: u64, body: Utf8Bytes) {
        match self.waiting.remove(&echo) {
            Some(answer) => {
                if answer.send(Ok(Reply::new(Bytes::from(body)))).is_err() {
                    tracing::debug!(echo, "an answer came too late: its call had been given up");
                }
            }
            None => tracing::debug!(echo, "dropped an answer that no call waits for"),
        }
        if self.waiting.is_empty() && self.waiting.capacity() > 4 * FEW_CALLS {
            self.waiting.shrink_to(FEW_CALLS);
        }
    }

    fn fail_all(&mut self, why: &ConnectionError) {
        for (_, answer) in std::mem::take(self).waiting {
            // Who does not wait any more needs not be told.
            let _ = answer.send(Err(why.clone().into()));
        }
    }
}

struct Task {
    settings: Arc<Settings>,
    /// For reasons of the server's to leave out.
    token: Option<String>,
    orders: mpsc::Receiver<Order>,
    commands: mpsc::UnboundedReceiver<Stop>,
    link: Arc<Link>,
    calls: Calls,
    /// Calls that were made while there was no connection.
    held_back: VecDeque<Order>,
    dedupe: Option<Dedupe>,
    /// The connection is being closed from here.
    stopping: bool,
    why_stopping: ConnectionError,
    /// Everybody has learnt that it has ended.
    ended: bool,
}

/// However the task ends, by the end of its runtime too, everybody learns of it.
impl Drop for Task {
    fn drop(&mut self) {
        if !self.ended {
            self.link.end(ConnectionError::Closed);
        }
    }
}

impl Task {
    /// Serves one socket and no other.
    #[cfg(feature = "server")]
    async fn run_once<S: AsyncRead + AsyncWrite + Unpin>(
        mut self,
        socket: WebSocketStream<Watched<S>>,
    ) -> ConnectionError {
        let why = self.serve(socket).await;
        let why = if self.stopping { self.why_stopping.clone() } else { why };
        self.end(&why).await;
        why
    }

    async fn run(mut self, endpoint: Endpoint, mut socket: Socket) {
        let settings = self.settings.clone();
        let mut backoff = settings.new_backoff();
        tracing::debug!("connected");
        let why = loop {
            let since = Instant::now();
            let why = self.serve(socket).await;
            if self.stopping {
                break ConnectionError::Closed;
            }
            if !settings.reconnect || !why.may_pass() {
                break why;
            }
            if since.elapsed() >= settings.held() {
                backoff = settings.new_backoff();
            }
            match self.reconnect(&endpoint, why, &mut backoff).await {
                Ok(new) => socket = new,
                Err(why) => break why,
            }
        };
        match &why {
            ConnectionError::Closed => tracing::debug!("the connection is closed"),
            why => tracing::error!(why = why.report(), "the connection has ended, and is not made again"),
        }
        self.end(&why).await;
    }

    /// Tells everybody that there is no connection any more, and why: first the state, which calls ask for their reason.
    async fn end(&mut self, why: &ConnectionError) {
        self.ended = true;
        self.link.end(why.clone());
        self.calls.fail_all(why);
        // Who has been promised a place in the channel may still send; dropping it would let that call wait for ever.
        self.orders.close();
        self.held_back.drain(..).for_each(|order| order.turn_away(why));
        while let Some(order) = self.orders.recv().await {
            order.turn_away(why);
        }
    }

    /// Connects again, however often it takes.
    async fn reconnect(
        &mut self,
        endpoint: &Endpoint,
        mut why: ConnectionError,
        backoff: &mut ExponentialBackoff,
    ) -> Result<Socket, ConnectionError> {
        loop {
            let wait = backoff.next_backoff();
            let next_try = wait.deadline();
            let in_ms = next_try.saturating_duration_since(Instant::now()).as_millis();
            tracing::warn!(why = why.report(), next_try_in_ms = in_ms, "disconnected");
            self.link.state.send_replace(ConnectionState::Disconnected { why: why.clone(), next_try });
            self.calls.fail_all(&why);
            self.meanwhile(&why, wait).await?;
            tracing::debug!("connecting");
            self.link.state.send_replace(ConnectionState::Connecting);
            match self.meanwhile(&why, endpoint.dial()).await? {
                Ok(socket) => {
                    tracing::info!("connected again");
                    self.link.state.send_replace(ConnectionState::Connected);
                    return Ok(socket);
                }
                Err(error) if !error.may_pass() => return Err(error),
                Err(error) => why = error,
            }
        }
    }

    /// Does `work`, and answers those who call in the meantime. It is an error where the connection is closed.
    async fn meanwhile<T>(
        &mut self,
        why: &ConnectionError,
        work: impl Future<Output = T>,
    ) -> Result<T, ConnectionError> {
        let mut work = pin!(work);
        poll_fn(|cx| {
            if let Poll::Ready(Some(_)) = self.commands.poll_recv(cx) {
                return Poll::Ready(Err(ConnectionError::Closed));
            }
            while let Poll::Ready(order) = self.orders.poll_recv(cx) {
                match order {
                    Some(order) => self.hold_back(order, why),
                    None => return Poll::Ready(Err(ConnectionError::Closed)),
                }
            }
            work.as_mut().poll(cx).map(Ok)
        })
        .await
    }

    fn hold_back(&mut self, order: Order, why: &ConnectionError) {
        let limit = self.settings.queue_while_down;
        if self.held_back.len() >= limit {
            self.held_back.retain(|order| !order.answer.is_closed());
        }
        if self.held_back.len() < limit {
            self.held_back.push_back(order);
        } else {
            order.turn_away(why);
        }
    }

    /// Serves a socket until it is lost or closed.
    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        socket: WebSocketStream<Watched<S>>,
    ) -> ConnectionError {
        let mut open = Open::new(socket, &self.settings);
        let why = poll_fn(|cx| self.poll(cx, &mut open)).await;
        match open.refused {
            Some(code) if !self.stopping => ConnectionError::TokenRefused { code },
            _ => why,
        }
    }

    fn poll<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        open: &mut Open<S>,
    ) -> Poll<ConnectionError> {
        let end = self.read(cx, open);
        if std::mem::take(&mut open.events_came) {
            self.link.wake();
        }
        if let Some(why) = end {
            return Poll::Ready(why);
        }
        while let Poll::Ready(Some(Stop { limit, why })) = self.commands.poll_recv(cx) {
            self.why_stopping = why;
            self.begin_to_stop(limit, open);
        }
        if let Err(error) = self.write(cx, open) {
            return Poll::Ready(open.failed(cx, error));
        }
        if let Some(why) = self.keep_time(cx, open) {
            return Poll::Ready(why);
        }
        match open.flush(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(open.failed(cx, error)),
            _ => Poll::Pending,
        }
    }

    fn begin_to_stop<S>(&mut self, limit: Duration, open: &mut Open<S>) {
        self.stopping = true;
        self.link.state.send_replace(ConnectionState::Closing);
        let deadline = Instant::now() + limit.min(YEAR);
        open.closing = Some(open.closing.map_or(deadline, |closing| closing.min(deadline)));
    }

    /// Reads what is there; the reason where it has ended.
    fn read<S>(&mut self, cx: &mut Context<'_>, open: &mut Open<S>) -> Option<ConnectionError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut read = 0;
        while let Poll::Ready(next) = Pin::new(&mut open.socket).poll_next(cx) {
            match next {
                Some(Ok(Message::Text(text))) => {
                    self.on_text(text, open);
                }
                Some(Ok(Message::Binary(bytes))) => {
                    tracing::warn!(bytes = bytes.len(), "dropped a binary frame: OneBot has text frames only");
                    open.came_to_life();
                }
                Some(Ok(Message::Ping(_))) => {
                    open.unflushed = true;
                    open.came_to_life();
                    open.pongs_owed += 1;
                    if open.pongs_owed > MOST_PONGS {
                        let flood = std::io::Error::other("the server sends pings and does not read the answers");
                        return Some(ConnectionError::Lost(Arc::new(flood)));
                    }
                }
                Some(Ok(Message::Pong(_))) => open.pong_came = true,
                Some(Ok(Message::Frame(_))) => {}
                Some(Ok(Message::Close(frame))) => {
                    // The answer to it is on its way with this.
                    open.unflushed = true;
                    let _ = open.flush(cx);
                    return Some(self.closed_by_server(frame));
                }
                Some(Err(error)) => return Some(open.failed(cx, error)),
                None => return Some(self.closed_by_server(None)),
            }
            read += 1;
            if read == READ_AT_ONCE {
                cx.waker().wake_by_ref();
                break;
            }
        }
        None
    }

    fn closed_by_server(&self, frame: Option<CloseFrame>) -> ConnectionError {
        let (code, reason) = match frame {
            Some(frame) => (Some(frame.code.into()), frame.reason.to_string()),
            None => (None, String::new()),
        };
        let reason = match self.token.as_deref() {
            Some(token) => reason.replace(token, "…"),
            None => reason,
        };
        ConnectionError::ClosedByServer { code, reason }
    }

    fn on_text<S>(&mut self, text: Utf8Bytes, open: &mut Open<S>) {
        let first = !open.frames_came;
        open.came_to_life();
        match Frame::peek(text.as_ref()) {
            Frame::Event => self.on_event(text, open),
            Frame::Answer(echo) => self.calls.answer(echo, text),
            Frame::Stray { retcode: Some(code @ (1401 | 1403)), .. } if first => open.refused = Some(code),
            Frame::Stray { echo, retcode } => {
                tracing::debug!(echo, retcode, "dropped an answer: its echo is none that was sent");
            }
            Frame::Odd(why) => tracing::warn!(bytes = text.len(), why, "dropped a frame"),
        }
    }

    fn on_event<S>(&mut self, text: Utf8Bytes, open: &mut Open<S>) {
        let heartbeat = memchr::memmem::find(text.as_bytes(), b"heartbeat").is_some()
            && EventKind::peek(text.as_bytes()) == EventKind::Heartbeat;
        if heartbeat && self.settings.heartbeat_watch {
            open.on_heartbeat(&text);
        }
        if !heartbeat && self.dedupe.as_mut().is_some_and(|dedupe| dedupe.is_known(text.as_bytes())) {
            tracing::debug!(bytes = text.len(), "dropped an event that came before");
            return;
        }
        // Consumers are woken once for all that is read at once.
        open.events_came = true;
        if let Some(tap) = &self.link.tap {
            return tap.take(text.as_bytes());
        }
        let queues = self.link.queues();
        if queues.is_empty() {
            return;
        }
        // A copy of its own: the frame is a part of a large buffer, which it would keep.
        let frame = Bytes::copy_from_slice(text.as_bytes());
        let now = Instant::now();
        for queue in &*queues {
            queue.push(frame.clone(), now);
        }
    }

    /// Writes as many calls as the socket takes.
    fn write<S>(&mut self, cx: &mut Context<'_>, open: &mut Open<S>) -> Result<(), tungstenite::Error>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if self.stopping {
            return self.stop(cx, open);
        }
        while let Poll::Ready(ready) = Pin::new(&mut open.socket).poll_ready(cx) {
            ready?;
            let order = match self.held_back.pop_front() {
                Some(order) => order,
                None => match self.orders.poll_recv(cx) {
                    Poll::Ready(Some(order)) => order,
                    Poll::Ready(None) => {
                        self.begin_to_stop(Duration::ZERO, open);
                        return self.stop(cx, open);
                    }
                    Poll::Pending => break,
                },
            };
            if order.answer.is_closed() || !order.request.mark_sent() {
                continue;
            }
            self.calls.insert(order.echo, order.answer);
            open.send(order.message)?;
        }
        Ok(())
    }

    /// Turns new calls away, and says goodbye when those in flight are through or out of time.
    fn stop<S>(&mut self, cx: &mut Context<'_>, open: &mut Open<S>) -> Result<(), tungstenite::Error>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let why = self.why_stopping.clone();
        self.held_back.drain(..).for_each(|order| order.turn_away(&why));
        while let Poll::Ready(Some(order)) = self.orders.poll_recv(cx) {
            order.turn_away(&why);
        }
        if open.leaving.is_some() {
            return Ok(());
        }
        self.calls.forget_given_up(cx);
        let now = Instant::now();
        if self.calls.waiting.is_empty() || open.closing.is_some_and(|deadline| deadline <= now) {
            self.calls.fail_all(&why);
            open.leaving = Some(now + LEAVE_LIMIT);
            open.next_ping = None;
            let code = match why {
                ConnectionError::WrongAccount { .. } => CloseCode::Policy,
                _ => CloseCode::Normal,
            };
            open.send(Message::Close(Some(close_frame(code))))?;
        }
        Ok(())
    }

    /// Does what is due; the reason where the connection is lost.
    fn keep_time<S>(&mut self, cx: &mut Context<'_>, open: &mut Open<S>) -> Option<ConnectionError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        loop {
            let now = Instant::now();
            if open.socket.get_mut().take_alive() {
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

fn close_frame(code: CloseCode) -> CloseFrame {
    CloseFrame { code, reason: Utf8Bytes::from_static("") }
}

/// A socket that stands.
struct Open<S> {
    socket: WebSocketStream<Watched<S>>,
    frame_limit: usize,
    unflushed: bool,
    /// When the server last showed that it is there, if only by a part of a frame.
    last_sign: Instant,
    /// So many pings have come since all was written.
    pongs_owed: u32,
    /// Something else than an answer to a ping has come.
    frames_came: bool,
    /// Events have come that consumers have not been woken for.
    events_came: bool,
    pong_came: bool,
    keepalive: Option<(Duration, Duration)>,
    next_ping: Option<Instant>,
    /// When a ping went out that is not answered yet.
    pinged: Option<Instant>,
    /// How long the server may be silent, by its heartbeats.
    longest_silence: Option<Duration>,
    timer: Pin<Box<Sleep>>,
    /// Until when the calls in flight may be answered.
    closing: Option<Instant>,
    /// Until when the server may answer the close frame.
    leaving: Option<Instant>,
    /// The first frame said, with this retcode, that the token is refused, and nothing has come since.
    refused: Option<i64>,
}

/// All that the connection itself reads of an event.
#[derive(Deserialize)]
struct Heartbeat {
    /// In milliseconds.
    #[serde(deserialize_with = "lenient::int")]
    interval: u64,
}

impl<S> Open<S> {
    fn new(socket: WebSocketStream<Watched<S>>, settings: &Settings) -> Self {
        let now = Instant::now();
        let keepalive = settings.keepalive;
        let keepalive = keepalive.map(|(interval, patience)| (interval.min(YEAR), patience.min(YEAR)));
        Self {
            socket,
            frame_limit: settings.frame_limit,
            unflushed: false,
            last_sign: now,
            pongs_owed: 0,
            frames_came: false,
            events_came: false,
            pong_came: false,
            keepalive,
            // At once, so that it shows early whether the server answers.
            next_ping: keepalive.map(|_| now),
            pinged: None,
            longest_silence: None,
            timer: Box::pin(tokio::time::sleep_until(now)),
            closing: None,
            leaving: None,
            refused: None,
        }
    }

    fn came_to_life(&mut self) {
        self.frames_came = true;
        self.refused = None;
    }

    fn on_heartbeat(&mut self, text: &str) {
        if let Ok(Heartbeat { interval: interval @ 1.. }) = serde_json::from_str(text) {
            self.longest_silence = Some(Duration::from_millis(interval.saturating_mul(5) / 2));
        }
    }

    /// What is due next.
    fn next_due(&self) -> Option<Instant> {
        let answered = self.pinged.zip(self.keepalive).map(|(at, (_, patience))| at + patience);
        let silent = self.longest_silence.and_then(|silence| self.last_sign.checked_add(silence));
        let closing = self.closing.filter(|_| self.leaving.is_none());
        [self.next_ping, answered, silent, closing, self.leaving].into_iter().flatten().min()
    }

    /// The reason where the server has been silent for too long.
    fn check_silence(&mut self, now: Instant) -> Option<ConnectionError> {
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

impl<S: AsyncRead + AsyncWrite + Unpin> Open<S> {
    fn send(&mut self, message: Message) -> Result<(), tungstenite::Error> {
        self.unflushed = true;
        Pin::new(&mut self.socket).start_send(message)
    }

    fn flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), tungstenite::Error>> {
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

    fn ping(&mut self, cx: &mut Context<'_>, now: Instant) -> Result<(), tungstenite::Error> {
        self.next_ping = self.keepalive.map(|(interval, _)| now + interval);
        self.pinged.get_or_insert(now);
        // Where the socket takes nothing, silence will tell as well.
        match Pin::new(&mut self.socket).poll_ready(cx) {
            Poll::Ready(Ok(())) => self.send(Message::Ping(Bytes::new())),
            Poll::Ready(Err(error)) => Err(error),
            Poll::Pending => Ok(()),
        }
    }

    /// What an error of the socket means. Where the server is to blame, it is told, if it can be told at once.
    fn failed(&mut self, cx: &mut Context<'_>, error: tungstenite::Error) -> ConnectionError {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waits_double_with_a_share_of_chance_and_for_ever() {
        let settings = Settings::default();
        assert!(settings.reconnect);
        let waits = || {
            let mut backoff = settings.new_backoff();
            let wait = move || backoff.next_backoff().deadline() - Instant::now();
            std::iter::repeat_with(wait).take(20).collect::<Vec<_>>()
        };
        let (some, others) = (waits(), waits());
        let mut least = settings.first_wait;
        for wait in &some {
            // They are rounded by less than a millisecond.
            assert!(*wait + Duration::from_millis(1) >= least && *wait <= 2 * least, "{wait:?} of {least:?}");
            assert!(*wait <= settings.longest_wait, "{wait:?}");
            least = settings.longest_wait.min(2 * least);
        }
        assert_ne!(some, others, "bots that were cut off together do not come back together");
    }

    #[test]
    fn calls_that_were_given_up_are_not_kept() {
        let mut calls = Calls::default();
        let (answer, waiting) = oneshot::channel();
        calls.insert(0, answer);
        for echo in 1..100_000 {
            calls.insert(echo, oneshot::channel().0);
        }
        assert!(calls.waiting.len() <= FEW_CALLS && calls.waiting.capacity() < 4 * FEW_CALLS);
        // Those that wait are all kept, however many they are, and leave nothing behind.
        let many = |from: u64, calls: &mut Calls| -> Vec<_> {
            let insert = |echo| {
                let (answer, waiting) = oneshot::channel();
                calls.insert(echo, answer);
                waiting
            };
            (from..from + 10_000).map(insert).collect()
        };
        let first = many(100_000, &mut calls);
        (0..200_000).for_each(|echo| calls.answer(echo, "{}".into()));
        assert!(first.into_iter().chain([waiting]).all(|mut told| matches!(told.try_recv(), Ok(Ok(_)))));
        assert!(calls.waiting.is_empty() && calls.waiting.capacity() < 4 * FEW_CALLS);
        let second = many(300_000, &mut calls);
        calls.fail_all(&ConnectionError::Closed);
        assert!(second.into_iter().all(|mut told| matches!(told.try_recv(), Ok(Err(_)))));
        assert_eq!(calls.waiting.capacity(), 0);
    }
}

/// Over a stream in memory, so that the clock is the test's.
#[cfg(all(test, feature = "server"))]
mod paused {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::task::JoinHandle;
    use tokio_tungstenite::tungstenite::protocol::Role;

    use super::*;
    use crate::connection::Tap;

    struct Nobody;

    impl Tap for Nobody {
        fn take(&self, _: &[u8]) {}

        fn wake(&self) {}
    }

    const fn ms(number: u64) -> Duration {
        Duration::from_millis(number)
    }

    fn pings(interval: Duration, patience: Duration) -> Settings {
        Settings { keepalive: Some((interval, patience)), ..Settings::default() }
    }

    /// Serves a stream that has room for so many bytes in each direction; what is returned last is the other end.
    async fn serve(settings: Settings, room: usize) -> (Ws, JoinHandle<ConnectionError>, DuplexStream) {
        let (commands, commanded) = mpsc::unbounded_channel();
        let link = Arc::new(Link::tapped(Box::new(Nobody), commands));
        let (ours, theirs) = duplex(room);
        let socket = WebSocketStream::from_raw_socket(Watched::new(ours), Role::Client, None).await;
        let (ws, work) = accepted(socket, Arc::new(settings), None, link, commanded);
        (ws, tokio::spawn(work), theirs)
    }

    fn request(bytes: usize) -> Request {
        Request::new(&crate::Raw::new("upload", serde_json::json!({ "file": "1".repeat(bytes) }))).unwrap()
    }

    fn text_frame(text: &str) -> Vec<u8> {
        let length = u16::try_from(text.len()).unwrap().to_be_bytes();
        [&[0x81, 126], &length[..], text.as_bytes()].concat()
    }

    const PONG: [u8; 2] = [0x8A, 0];

    #[tokio::test(start_paused = true)]
    async fn a_long_frame_on_its_way_is_a_sign_of_life() {
        let (_ws, task, mut server) = serve(pings(ms(100), ms(300)), 1 << 20).await;
        server.write_all(&[&text_frame("{}")[..], &PONG].concat()).await.unwrap();
        let long = text_frame(&" ".repeat(50_000));
        for part in long.chunks(1000) {
            tokio::time::sleep(ms(250)).await;
            assert!(!task.is_finished());
            server.write_all(part).await.unwrap();
        }
        let last = Instant::now();
        assert!(matches!(task.await.unwrap(), ConnectionError::Silent(_)));
        assert!(last.elapsed() <= ms(401), "{:?}", last.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_call_that_is_being_taken_is_a_sign_of_life() {
        let (ws, task, mut server) = serve(pings(ms(100), ms(300)), 10_000).await;
        server.write_all(&[&text_frame("{}")[..], &PONG].concat()).await.unwrap();
        let call = tokio::spawn(ws.send(request(500_000)));
        let mut taken = vec![0; 10_000];
        for _ in 0..50 {
            tokio::time::sleep(ms(250)).await;
            assert!(!task.is_finished());
            server.read_exact(&mut taken).await.unwrap();
        }
        // From here on it is not taken any more.
        let last = Instant::now();
        assert!(matches!(task.await.unwrap(), ConnectionError::Silent(_)));
        assert!(last.elapsed() <= ms(501), "{:?}", last.elapsed());
        call.await.unwrap().unwrap_err();
    }

    #[tokio::test(start_paused = true)]
    async fn heartbeats_may_stay_away_for_two_and_a_half_times_their_interval() {
        let heartbeat = r#"{"post_type":"meta_event","meta_event_type":"heartbeat","interval":1000}"#;
        let watched = Settings { keepalive: None, ..Settings::default() };
        let (_ws, task, mut server) = serve(watched.clone(), 1 << 20).await;
        for _ in 0..3 {
            tokio::time::sleep(ms(2400)).await;
            assert!(!task.is_finished());
            server.write_all(&text_frame(heartbeat)).await.unwrap();
        }
        let last = Instant::now();
        assert!(matches!(task.await.unwrap(), ConnectionError::Silent(_)));
        assert!((ms(2500)..ms(2510)).contains(&last.elapsed()), "{:?}", last.elapsed());

        let (_ws, task, mut server) = serve(Settings { heartbeat_watch: false, ..watched }, 1 << 20).await;
        server.write_all(&text_frame(heartbeat)).await.unwrap();
        tokio::time::sleep(ms(3_600_000)).await;
        assert!(!task.is_finished());
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_pings_and_does_not_read_is_given_up() {
        let (_ws, task, mut server) = serve(pings(ms(100), ms(300)), 1000).await;
        let mut pings = 0;
        while server.write_all(&[0x89, 0]).await.is_ok() {
            pings += 1;
            assert!(pings < 3 * MOST_PONGS, "they are answered for ever");
        }
        assert!(matches!(task.await.unwrap(), ConnectionError::Lost(_)));
    }

    #[tokio::test]
    async fn a_call_that_has_a_place_when_the_connection_ends_is_turned_away() {
        let (ws, task, server) = serve(Settings::default(), 1000).await;
        let orders = ws.0.orders.clone();
        let place = orders.reserve().await.unwrap();
        drop(server);
        while !matches!(&*ws.0.link.state.borrow(), ConnectionState::Closed { .. }) {
            tokio::task::yield_now().await;
        }
        let (answer, answered) = oneshot::channel();
        place.send(Order { echo: 1, message: Message::text(""), request: request(1), answer });
        assert!(answered.await.unwrap().unwrap_err().is::<Down>());
        task.await.unwrap();
    }
}
