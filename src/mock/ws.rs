//! The stand-in's WebSocket side.
//!
//! Frames are read by tungstenite and written by hand: a stand-in also has to write what no library lets pass.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

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
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Frame};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::fault::{Dice, Fault};
use super::http::Body;
use super::{State, Via, events};
use crate::EventKind;
use crate::time::YEAR;

/// How long an answer is held back at most with no call coming.
const HOLD: Duration = Duration::from_millis(50);

/// A connection, as the server holds it.
pub(super) struct Link {
    takes_events: bool,
    out: mpsc::UnboundedSender<Out>,
    pub(super) cut: oneshot::Sender<Cut>,
}

/// How a connection ends from outside.
pub(super) enum Cut {
    /// The socket is closed with no word.
    Drop,
    /// The socket stays open, and nobody looks after it.
    Silence,
}

impl Link {
    pub(super) fn takes_events(&self) -> bool {
        self.takes_events
    }

    pub(super) fn close(&self, code: u16, reason: &str) {
        let _ = self.out.send(Out::Close(close(Some(CloseFrame { code: code.into(), reason: reason.into() }))));
    }
}

/// What a connection is to write.
enum Out {
    /// Whole frames, or what is said to be one.
    Bytes(Bytes),
    /// The same, byte by byte.
    Slowly(Bytes, Duration),
    /// A close frame and the end of the stream; nothing follows.
    Close(Bytes),
    /// The end of the connection.
    End,
}

pub(super) fn is_upgrade(headers: &HeaderMap) -> bool {
    let websocket = headers.get(UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"));
    websocket && headers.contains_key(SEC_WEBSOCKET_KEY)
}

/// A connection between its upgrade and its end.
pub(super) struct Accepted {
    state: Arc<State>,
    id: u64,
    socket: Socket,
    kind: Kind,
    out: mpsc::UnboundedSender<Out>,
    queue: mpsc::UnboundedReceiver<Out>,
    cut: oneshot::Receiver<Cut>,
}

/// Where the socket of a connection comes from.
enum Socket {
    Upgrade(OnUpgrade),
    /// The stand-in has made it itself, and has read so much already.
    Dialled(TcpStream, Bytes),
    Gone,
}

/// What a connection is there for, by its path or by its role.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Both,
    Calls,
    Events,
    /// Only to be told that it is refused.
    Refused,
}

impl Accepted {
    /// The answer to an upgrade, and the connection to come. It counts from now on, so that nothing is missed that is
    /// pushed as soon as the client knows that it is connected.
    pub(super) fn new(
        state: &Arc<State>,
        request: &mut Request<Incoming>,
        refused: Option<i64>,
    ) -> (Response<Body>, Self) {
        let mut response = Response::new(Body::default());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        let key = request.headers().get(SEC_WEBSOCKET_KEY).map_or(&b""[..], HeaderValue::as_bytes);
        if let Ok(accept) = HeaderValue::from_str(&derive_accept_key(key)) {
            headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        }

        let kind = match request.uri().path() {
            _ if refused.is_some() => Kind::Refused,
            "/api" => Kind::Calls,
            "/event" => Kind::Events,
            _ => Kind::Both,
        };
        let socket = Socket::Upgrade(hyper::upgrade::on(request));
        let accepted = Self::join(state, socket, kind, || state.lifecycle.clone());
        if let Some(retcode) = refused {
            let _ = accepted.out.send(Out::Bytes(text(refusal(retcode))));
            let _ = accepted.out.send(Out::Close(close(None)));
        }
        (response, accepted)
    }

    /// A connection that the stand-in has made to a bot.
    pub(super) fn dialled(state: &Arc<State>, stream: TcpStream, read_already: Bytes, kind: Kind) -> Self {
        Self::join(state, Socket::Dialled(stream, read_already), kind, || {
            let (self_id, time) = (state.self_id, now());
            format!(
                r#"{{"meta_event_type":"lifecycle","post_type":"meta_event","self_id":{self_id},"sub_type":"connect","time":{time}}}"#
            )
        })
    }

    fn join(state: &Arc<State>, socket: Socket, kind: Kind, lifecycle: impl FnOnce() -> String) -> Self {
        let id = state.next_link();
        let (out, queue) = mpsc::unbounded_channel();
        let (cut_sender, cut) = oneshot::channel();
        if kind != Kind::Refused {
            let takes_events = kind != Kind::Calls;
            if takes_events {
                let _ = out.send(Out::Bytes(text(lifecycle())));
            }
            let link = Link { takes_events, out: out.clone(), cut: cut_sender };
            state.links.send_modify(|links| _ = links.insert(id, link));
        }
        Self { state: state.clone(), id, socket, kind, out, queue, cut }
    }

    /// Serves the connection until it ends.
    pub(super) async fn serve(mut self) {
        let (stream, read_already, masked) = match std::mem::replace(&mut self.socket, Socket::Gone) {
            Socket::Upgrade(upgrade) => {
                let Ok(upgraded) = upgrade.await else { return };
                let Ok(parts) = upgraded.downcast::<TokioIo<TcpStream>>() else { return };
                (parts.io.into_inner(), parts.read_buf, false)
            }
            Socket::Dialled(stream, read_already) => (stream, read_already, true),
            Socket::Gone => return,
        };
        let (mut read, mut write) = stream.into_split();
        let mut reader = Reader {
            state: self.state.clone(),
            id: self.id,
            kind: self.kind,
            out: self.out.clone(),
            via: if masked { Via::ReverseWebSocket } else { Via::WebSocket },
            delayed: JoinSet::new(),
            held: Vec::new(),
            dice: Dice(0),
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

impl Drop for Accepted {
    fn drop(&mut self) {
        self.state.remove_link(self.id);
    }
}

/// Returns when the connection is to end.
async fn write_all(
    state: &State,
    queue: &mut mpsc::UnboundedReceiver<Out>,
    write: &mut OwnedWriteHalf,
    masked: bool,
) -> io::Result<()> {
    let dressed = |bytes: Bytes| if masked { mask(&bytes) } else { bytes };
    let mut write = BufWriter::new(write);
    let mut closed = false;
    while let Some(out) = queue.recv().await {
        state.go_on().await;
        match out {
            Out::End => return write.flush().await,
            _ if closed => {}
            Out::Bytes(bytes) => write.write_all(&dressed(bytes)).await?,
            Out::Slowly(bytes, pause) => {
                for byte in dressed(bytes) {
                    write.write_u8(byte).await?;
                    write.flush().await?;
                    tokio::time::sleep(pause).await;
                }
            }
            Out::Close(bytes) => {
                closed = true;
                write.write_all(&dressed(bytes)).await?;
                write.shutdown().await?;
            }
        }
        if queue.is_empty() {
            write.flush().await?;
        }
    }
    Ok(())
}

struct Reader {
    state: Arc<State>,
    id: u64,
    kind: Kind,
    out: mpsc::UnboundedSender<Out>,
    via: Via,
    delayed: JoinSet<()>,
    held: Vec<Bytes>,
    dice: Dice,
}

impl Reader {
    /// Returns when there is nothing more to come, and nothing more to say.
    async fn run(&mut self, read: &mut OwnedReadHalf, read_already: Bytes, dialled: bool) {
        if self.kind == Kind::Events {
            return self.skip(read).await;
        }
        // Answers to pings and close frames go into the sink: the writer sends them.
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
                self.let_go();
                continue;
            };
            let Some(Ok(message)) = next else { return };
            self.state.go_on().await;
            match message {
                Message::Text(text) if self.kind != Kind::Refused => self.call(&text).await,
                Message::Ping(payload) => self.write(bytes_of(Frame::pong(payload))),
                Message::Close(frame) => {
                    self.state.remove_link(self.id);
                    let _ = self.out.send(Out::Close(close(frame)));
                    match self.end().await {}
                }
                _ => {}
            }
        }
    }

    /// go-cqhttp never reads where it only gives events; a close frame is not answered.
    async fn skip(&self, read: &mut OwnedReadHalf) {
        let mut buffer = vec![0; 4096];
        while matches!(read.read(&mut buffer).await, Ok(1..)) {
            self.state.go_on().await;
        }
    }

    async fn call(&mut self, text: &str) {
        let call: CallFrame<'_> = serde_json::from_str(text).unwrap_or_default();
        let action = call.action.and_then(|action| serde_json::from_str::<String>(action.get()).ok());
        let action = action.as_deref().unwrap_or_default();
        let params = call.params.map_or("{}", RawValue::get).as_bytes();
        let echo = call.echo.and_then(|echo| as_echoed(echo).ok());

        let taken = self.state.receive(action, params, self.via);
        match taken.fault {
            Fault::DropBefore => match self.end().await {},
            Fault::Unauthorised(retcode) => {
                self.write(self::text(refusal(retcode)));
                self.state.remove_link(self.id);
                let _ = self.out.send(Out::Close(close(None)));
                match self.end().await {}
            }
            _ => {}
        }
        let Some(answer) = self.state.answer(&taken, params, echo.as_deref()) else { match self.end().await {} };
        self.send(taken.fault, answer).await;
    }

    /// Sends an answer, or lets go wrong what is to.
    async fn send(&mut self, fault: Fault, answer: Vec<u8>) {
        let kind = if fault == Fault::Binary { Data::Binary } else { Data::Text };
        let answer = frame(kind, answer);
        match fault {
            Fault::NoAnswer => {}
            Fault::DropAfter => match self.end().await {},
            Fault::HalfAnswer => {
                self.write(answer.slice(..answer.len() / 2));
                match self.end().await {}
            }
            Fault::Delay(delay) => {
                while self.delayed.try_join_next().is_some() {}
                let out = self.out.clone();
                self.delayed.spawn(async move {
                    tokio::time::sleep(delay).await;
                    let _ = out.send(Out::Bytes(answer));
                });
            }
            Fault::Shuffle(n) => {
                self.held.push(answer);
                if self.held.len() >= n {
                    self.let_go();
                }
            }
            Fault::SlowBytes(pause) => _ = self.out.send(Out::Slowly(answer, pause)),
            Fault::Twice => {
                self.write(answer.clone());
                self.write(answer);
            }
            _ => self.write(answer),
        }
    }

    /// Answers in disorder.
    fn let_go(&mut self) {
        self.dice.shuffle(&mut self.held);
        for answer in std::mem::take(&mut self.held) {
            self.write(answer);
        }
    }

    fn write(&self, bytes: Bytes) {
        let _ = self.out.send(Out::Bytes(bytes));
    }

    /// Ends the connection once everything is written.
    async fn end(&self) -> Infallible {
        self.state.remove_link(self.id);
        let _ = self.out.send(Out::End);
        std::future::pending().await
    }
}

/// A call, as far as it can be read.
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

/// A null that is there is something else than nothing.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// What comes back of an echo: go-cqhttp reads numbers as floating point and sorts the keys of objects.
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
                // Whole numbers are written as such, and Rust writes every digit of them.
                *value = serde_json::from_str(&float.to_string()).unwrap_or_else(|_| json!(float));
            }
        }
        Value::Array(values) => values.iter_mut().for_each(through_floats),
        Value::Object(entries) => entries.values_mut().for_each(through_floats),
        _ => {}
    }
}

/// What a connection is greeted with. Its time is the server's start, as in go-cqhttp.
pub(super) fn lifecycle(self_id: i64) -> String {
    format!(
        r#"{{"_post_method":2,"meta_event_type":"lifecycle","post_type":"meta_event","self_id":{self_id},"sub_type":"connect","time":{}}}"#,
        now()
    )
}

/// In seconds.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Pushes heartbeats until it is aborted.
pub(super) async fn heartbeat(state: Arc<State>, interval: Duration) {
    let interval = interval.max(Duration::from_millis(1));
    let mut event = beat(state.self_id, interval);
    loop {
        tokio::time::sleep(interval).await;
        state.go_on().await;
        event["time"] = json!(now());
        state.push_event(&event.to_string());
    }
}

fn beat(self_id: i64, interval: Duration) -> Value {
    let example = events().find(|info| info.kind == EventKind::Heartbeat).map_or("{}", |info| info.example);
    let mut event: Value = serde_json::from_str(example).unwrap_or_default();
    event["interval"] = json!(interval.min(YEAR).as_millis());
    event["self_id"] = json!(self_id);
    event
}

/// What NapCat says to a wrong token.
fn refusal(retcode: i64) -> String {
    format!(
        r#"{{"status":"failed","retcode":{retcode},"data":null,"message":"token验证失败","wording":"token验证失败","echo":null,"stream":"normal-action"}}"#
    )
}

pub(super) fn text(text: String) -> Bytes {
    frame(Data::Text, text)
}

fn frame(kind: Data, payload: impl Into<Bytes>) -> Bytes {
    bytes_of(Frame::message(payload, OpCode::Data(kind), true))
}

fn close(frame: Option<CloseFrame>) -> Bytes {
    bytes_of(Frame::close(frame))
}

fn bytes_of(frame: Frame) -> Bytes {
    let mut bytes = Vec::new();
    // Nothing keeps bytes from being written to memory.
    let _ = frame.format(&mut bytes);
    bytes.into()
}

/// A frame as a client writes it: with a mask, which changes nothing here. What is no frame stays as it is.
fn mask(frame: &Bytes) -> Bytes {
    let head = match frame.get(1) {
        Some(126) => 4,
        Some(127) => 10,
        _ => 2,
    };
    if frame.len() < head {
        return frame.clone();
    }
    let mut masked = Vec::with_capacity(frame.len() + 4);
    masked.extend_from_slice(&frame[..head]);
    masked[1] |= 0x80;
    masked.extend_from_slice(&[0; 4]);
    masked.extend_from_slice(&frame[head..]);
    masked.into()
}

impl State {
    /// Sends a frame to every connection that takes events, and gives their number.
    pub(super) fn push_frame(&self, frame: &Bytes) -> usize {
        let links = self.links.borrow();
        links.values().filter(|link| link.takes_events && link.out.send(Out::Bytes(frame.clone())).is_ok()).count()
    }

    fn remove_link(&self, id: u64) {
        self.links.send_if_modified(|links| links.remove(&id).is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_names_its_interval_however_long_it_is() {
        for (interval, named) in [(Duration::from_secs(5), 5000), (Duration::MAX, 365 * 24 * 60 * 60 * 1000_u64)] {
            assert_eq!(beat(10010, interval)["interval"], named);
        }
    }
}
