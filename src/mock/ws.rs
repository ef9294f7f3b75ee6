//! The WebSocket server.
//!
//! Frames are read by tungstenite and written by hand, since a fault may need a frame that no library writes.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use hyper::upgrade::OnUpgrade;
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufWriter};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::Data;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::body::AnswerBody;
use super::call::Via;
use super::connection::{ConnectionHandle, Cut, EventForm, QueuedWrite};
use super::dice::Dice;
use super::fault::Fault;
use super::frame;
use super::meta_event::lifecycle_of_dialled;
use super::state::State;
use super::stream_script::{StreamFrames, StreamStep};

/// The longest time that [`Fault::Shuffle`] holds an answer back while no call comes.
const HOLD: Duration = Duration::from_millis(50);

pub(super) fn is_upgrade(headers: &HeaderMap) -> bool {
    let websocket = headers.get(UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"));
    websocket && headers.contains_key(SEC_WEBSOCKET_KEY)
}

/// A connection between its upgrade and its end.
pub(super) struct BotConnection {
    state: Arc<State>,
    id: u64,
    socket: SocketSource,
    kind: ConnectionKind,
    writes: mpsc::UnboundedSender<QueuedWrite>,
    queue: mpsc::UnboundedReceiver<QueuedWrite>,
    cut: oneshot::Receiver<Cut>,
}

/// The origin of a connection's socket.
enum SocketSource {
    Upgrade(OnUpgrade),
    /// Made by the simulated server itself, with the bytes that were read so far.
    Dialled(TcpStream, Bytes),
    Gone,
}

/// The purpose of a connection, by its path or by its role.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum ConnectionKind {
    Both,
    Calls,
    Events,
    /// A connection that is only told that it is refused.
    Refused,
}

impl BotConnection {
    /// Returns the answer to an upgrade, and the connection that follows. It counts from now on, so that it receives
    /// every event that is pushed after the client knows that it is connected.
    pub(super) fn new(
        state: &Arc<State>,
        request: &mut Request<Incoming>,
        refused: Option<i64>,
    ) -> (Response<AnswerBody>, Self) {
        let mut response = Response::new(AnswerBody::default());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        let key = request.headers().get(SEC_WEBSOCKET_KEY).map_or(&b""[..], HeaderValue::as_bytes);
        if let Ok(accept) = HeaderValue::from_str(&derive_accept_key(key)) {
            headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        }

        let kind = match request.uri().path() {
            _ if refused.is_some() => ConnectionKind::Refused,
            "/api" => ConnectionKind::Calls,
            "/event" => ConnectionKind::Events,
            _ => ConnectionKind::Both,
        };
        let socket = SocketSource::Upgrade(hyper::upgrade::on(request));
        let accepted = Self::join(state, socket, kind, || state.lifecycle.clone());
        if let Some(retcode) = refused {
            let _ = accepted.writes.send(QueuedWrite::Bytes(frame::token_refused(retcode)));
            let _ = accepted.writes.send(QueuedWrite::Close(frame::close(None)));
        }
        (response, accepted)
    }

    /// Returns a connection that the simulated server has made to a bot.
    pub(super) fn dialled(state: &Arc<State>, stream: TcpStream, read_already: Bytes, kind: ConnectionKind) -> Self {
        Self::join(state, SocketSource::Dialled(stream, read_already), kind, || lifecycle_of_dialled(state.self_id))
    }

    fn join(
        state: &Arc<State>,
        socket: SocketSource,
        kind: ConnectionKind,
        lifecycle: impl FnOnce() -> String,
    ) -> Self {
        let id = state.connections.next_id();
        let (writes, queue) = mpsc::unbounded_channel();
        let (cut_sender, cut) = oneshot::channel();
        if kind != ConnectionKind::Refused {
            let takes_events = kind != ConnectionKind::Calls;
            if takes_events {
                let _ = writes.send(QueuedWrite::Bytes(frame::text(lifecycle())));
            }
            let (form, writes) = (EventForm::WebSocket, writes.clone());
            state.connections.add(id, ConnectionHandle { takes_events, form, writes, cut: cut_sender });
        }
        Self { state: state.clone(), id, socket, kind, writes, queue, cut }
    }

    /// Serves the connection until it ends.
    pub(super) async fn serve(mut self) {
        let (stream, read_already, masked) = match std::mem::replace(&mut self.socket, SocketSource::Gone) {
            SocketSource::Upgrade(upgrade) => {
                let Ok(upgraded) = upgrade.await else { return };
                let Ok(parts) = upgraded.downcast::<TokioIo<TcpStream>>() else { return };
                (parts.io.into_inner(), parts.read_buf, false)
            }
            SocketSource::Dialled(stream, read_already) => (stream, read_already, true),
            SocketSource::Gone => return,
        };
        let (mut read, mut write) = stream.into_split();
        let mut reader = CallReader {
            state: self.state.clone(),
            id: self.id,
            kind: self.kind,
            writes: self.writes.clone(),
            via: if masked { Via::ReverseWebSocket } else { Via::WebSocket },
            delayed: JoinSet::new(),
            held: Vec::new(),
            dice: Dice::new(0),
        };
        tokio::select! {
            () = reader.run(&mut read, read_already, masked) => {}
            _ = write_all(&self.state, &mut self.queue, &mut write, masked) => {}
            Ok(cut) = &mut self.cut => match cut {
                Cut::Drop => {}
                Cut::Silence => std::future::pending().await,
            },
        }
    }
}

impl Drop for BotConnection {
    fn drop(&mut self) {
        self.state.connections.remove(self.id);
    }
}

/// Writes all that is queued, until the connection is to end.
async fn write_all(
    state: &State,
    queue: &mut mpsc::UnboundedReceiver<QueuedWrite>,
    write: &mut OwnedWriteHalf,
    masked: bool,
) -> io::Result<()> {
    let to_wire = |bytes: Bytes| if masked { frame::mask(&bytes) } else { bytes };
    let mut write = BufWriter::new(write);
    let mut closed = false;
    let mut streams = VecDeque::new();
    while let Some(next) = next_write(queue, &mut streams).await {
        state.until_resumed().await;
        match next {
            QueuedWrite::Stream(_) if closed => {}
            QueuedWrite::Stream(mut stream) => match stream.next_step() {
                Some(StreamStep::Frame(text)) => {
                    write.write_all(&to_wire(frame::data(Data::Text, text))).await?;
                    streams.push_back(stream);
                }
                Some(StreamStep::Cut(text)) => {
                    let answer = to_wire(frame::data(Data::Text, [text, vec![b' '; 1024]].concat()));
                    write.write_all(&answer[..answer.len() - 1024]).await?;
                    return write.flush().await;
                }
                Some(StreamStep::Silence) | None => {}
            },
            QueuedWrite::End => return write.flush().await,
            _ if closed => {}
            QueuedWrite::Bytes(bytes) => write.write_all(&to_wire(bytes)).await?,
            QueuedWrite::Slowly(bytes, pause) => {
                for byte in to_wire(bytes) {
                    write.write_u8(byte).await?;
                    write.flush().await?;
                    tokio::time::sleep(pause).await;
                }
            }
            QueuedWrite::Close(bytes) => {
                closed = true;
                write.write_all(&to_wire(bytes)).await?;
                write.shutdown().await?;
            }
        }
        if queue.is_empty() && streams.is_empty() {
            write.flush().await?;
        }
    }
    Ok(())
}

/// Returns the next item to write: of the queue, or else of the answer in parts whose turn it is.
async fn next_write(
    queue: &mut mpsc::UnboundedReceiver<QueuedWrite>,
    streams: &mut VecDeque<Box<StreamFrames>>,
) -> Option<QueuedWrite> {
    match queue.try_recv() {
        Ok(next) => Some(next),
        Err(_) => match streams.pop_front() {
            Some(stream) => Some(QueuedWrite::Stream(stream)),
            None => queue.recv().await,
        },
    }
}

struct CallReader {
    state: Arc<State>,
    id: u64,
    kind: ConnectionKind,
    writes: mpsc::UnboundedSender<QueuedWrite>,
    via: Via,
    delayed: JoinSet<()>,
    held: Vec<Bytes>,
    dice: Dice,
}

impl CallReader {
    /// Reads and answers calls until the stream ends.
    async fn run(&mut self, read: &mut OwnedReadHalf, read_already: Bytes, dialled: bool) {
        if self.kind == ConnectionKind::Events {
            return self.skip(read).await;
        }
        // The writer answers pings and close frames; what tungstenite writes goes into the sink.
        let io = tokio::io::join(read, tokio::io::sink());
        let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
        let role = if dialled { Role::Client } else { Role::Server };
        let mut socket = WebSocketStream::from_partially_read(io, read_already.into(), role, Some(config)).await;
        loop {
            let mut next = std::future::poll_fn(|cx| Pin::new(&mut socket).poll_next(cx));
            let next = if self.held.is_empty() {
                next.await
            } else if let Ok(next) = tokio::time::timeout(HOLD, &mut next).await {
                next
            } else {
                self.release_held();
                continue;
            };
            let Some(Ok(message)) = next else { return };
            self.state.until_resumed().await;
            match message {
                Message::Text(text) if self.kind != ConnectionKind::Refused => self.call(&text).await,
                Message::Ping(payload) => self.write(frame::encode(Frame::pong(payload))),
                Message::Close(frame) => {
                    self.state.connections.remove(self.id);
                    let _ = self.writes.send(QueuedWrite::Close(frame::close(frame)));
                    match self.end().await {}
                }
                _ => {}
            }
        }
    }

    /// Discards all input: go-cqhttp never reads a connection for events, and does not answer a close frame there.
    async fn skip(&self, read: &mut OwnedReadHalf) {
        let mut buffer = vec![0; 4096];
        while matches!(read.read(&mut buffer).await, Ok(1..)) {
            self.state.until_resumed().await;
        }
    }

    async fn call(&mut self, text: &str) {
        let call: CallFrame<'_> = serde_json::from_str(text).unwrap_or_default();
        let action = call.action.and_then(|action| serde_json::from_str::<String>(action.get()).ok());
        let action = action.as_deref().unwrap_or_default();
        let params = call.params.map_or("{}", RawValue::get).as_bytes();
        let echo = call.echo.and_then(|echo| as_echoed(echo).ok());

        let call = self.state.receive(action, params, self.via);
        match call.fault {
            Fault::DropBefore => match self.end().await {},
            Fault::Unauthorised(retcode) => {
                self.write(frame::token_refused(retcode));
                self.state.connections.remove(self.id);
                let _ = self.writes.send(QueuedWrite::Close(frame::close(None)));
                match self.end().await {}
            }
            _ => {}
        }
        if let Some(stream) = self.state.stream(&call, params, echo.as_deref()) {
            let _ = self.writes.send(QueuedWrite::Stream(Box::new(stream)));
            return;
        }
        let Some(answer) = self.state.answer(&call, params, echo.as_deref()) else { match self.end().await {} };
        self.send(call.fault, answer).await;
    }

    /// Sends an answer with its fault.
    async fn send(&mut self, fault: Fault, answer: Vec<u8>) {
        let kind = if fault == Fault::Binary { Data::Binary } else { Data::Text };
        let answer = frame::data(kind, answer);
        match fault {
            Fault::NoAnswer => {}
            Fault::DropAfter => match self.end().await {},
            Fault::HalfAnswer => {
                self.write(answer.slice(..answer.len() / 2));
                match self.end().await {}
            }
            Fault::Delay(delay) => {
                while self.delayed.try_join_next().is_some() {}
                let writes = self.writes.clone();
                self.delayed.spawn(async move {
                    tokio::time::sleep(delay).await;
                    let _ = writes.send(QueuedWrite::Bytes(answer));
                });
            }
            Fault::Shuffle(n) => {
                self.held.push(answer);
                if self.held.len() >= n {
                    self.release_held();
                }
            }
            Fault::SlowBytes(pause) => _ = self.writes.send(QueuedWrite::Slowly(answer, pause)),
            Fault::Twice => {
                self.write(answer.clone());
                self.write(answer);
            }
            _ => self.write(answer),
        }
    }

    /// Sends the answers that were held back, in random order.
    fn release_held(&mut self) {
        self.dice.shuffle(&mut self.held);
        for answer in std::mem::take(&mut self.held) {
            self.write(answer);
        }
    }

    fn write(&self, bytes: Bytes) {
        let _ = self.writes.send(QueuedWrite::Bytes(bytes));
    }

    /// Ends the connection once everything is written.
    async fn end(&self) -> Infallible {
        self.state.connections.remove(self.id);
        let _ = self.writes.send(QueuedWrite::End);
        std::future::pending().await
    }
}

/// The readable parts of a call.
#[derive(Default, Deserialize)]
#[serde(default)]
struct CallFrame<'a> {
    #[serde(borrow)]
    action: Option<&'a RawValue>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(borrow, deserialize_with = "present")]
    echo: Option<&'a RawValue>,
}

/// Reads a field that is present, even if it is null.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// Converts an echo as go-cqhttp does: it reads numbers as floating point and sorts the keys of objects.
fn as_echoed(echo: &RawValue) -> serde_json::Result<Box<RawValue>> {
    if echo.get().starts_with('"') {
        return Ok(echo.to_owned());
    }
    let mut value = serde_json::from_str(echo.get())?;
    through_floats(&mut value);
    serde_json::value::to_raw_value(&value)
}

fn through_floats(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(float) = number.as_f64() {
                // Rust writes whole numbers without a fraction, and with every digit.
                *value = serde_json::from_str(&float.to_string()).unwrap_or_else(|_| json!(float));
            }
        }
        Value::Array(values) => values.iter_mut().for_each(through_floats),
        Value::Object(entries) => entries.values_mut().for_each(through_floats),
        _ => {}
    }
}
