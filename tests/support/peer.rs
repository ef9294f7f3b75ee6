//! A bare WebSocket server, and helpers for tests of connections.

use std::future::IntoFuture;
use std::time::Duration;

use cqhttp::{Client, Connect, Error, Event, Events};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Frame;

/// The time limit of [`soon`]. Only a failing test waits that long.
pub const LONG: Duration = Duration::from_secs(60);

/// Waits for a future, and fails after [`LONG`].
pub async fn soon<T>(what: impl IntoFuture<Output = T>) -> T {
    tokio::time::timeout(LONG, what).await.expect("it ends in time")
}

/// Returns the id of a message with this text, of seven digits. Equal texts have equal ids.
pub fn id_of(text: &str) -> i64 {
    1_000_000 + text.bytes().fold(7_i64, |id, byte| (31 * id + i64::from(byte)) % 9_000_000)
}

/// Returns the limit of a queue that holds this number of events with this text, and no further one.
pub fn room_for(events: usize, text: &str) -> usize {
    // A frame may end with a line break.
    events * (text.len() + 1 + 256)
}

/// Returns a message in a group, as go-cqhttp sends it.
pub fn said(text: &str) -> String {
    json!({
        "post_type": "message", "message_type": "group", "time": 1700000000, "self_id": 10010, "sub_type": "normal",
        "sender": { "nickname": "somebody", "user_id": 10086 }, "message_id": id_of(text), "user_id": 10086, "anonymous": null,
        "font": 0, "group_id": 10001000, "message_seq": 7, "raw_message": text, "message": text,
    })
    .to_string()
}

/// Returns the text of a message event.
pub fn text_of(event: &Event) -> String {
    event.as_message().expect("a message").message().plain_text()
}

/// Returns the text of the next message, and skips other events.
pub async fn next_said(events: &mut Events) -> String {
    loop {
        let received = soon(events.next()).await.expect("an event");
        if received.event.as_message().is_some() {
            return text_of(&received.event);
        }
    }
}

/// A bare WebSocket server: the test itself reads and writes the frames of each connection.
pub struct Bare {
    /// The server's URL.
    pub url: String,
    /// The listening socket.
    pub listener: TcpListener,
}

impl Bare {
    /// Starts the server.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { url: format!("ws://{}", listener.local_addr().unwrap()), listener }
    }

    /// Accepts the next connection.
    pub async fn accept(&self) -> Peer {
        let (stream, _) = soon(self.listener.accept()).await.unwrap();
        Peer(tokio_tungstenite::accept_async(stream).await.unwrap())
    }

    /// Connects, and returns both ends of the connection.
    pub async fn connected(&self, connect: Connect) -> (Client, Events, Peer) {
        let (connected, peer) = tokio::join!(connect.into_future(), self.accept());
        let (client, events) = connected.unwrap();
        (client, events, peer)
    }
}

/// The server's side of a connection.
pub struct Peer(
    /// The WebSocket.
    pub WebSocketStream<TcpStream>,
);

impl Peer {
    /// Reads the next call. Returns its action and its echo.
    pub async fn next(&mut self) -> (String, Value) {
        loop {
            match soon(self.0.next()).await.expect("the connection is open").unwrap() {
                Frame::Text(text) => {
                    let call: Value = serde_json::from_str(&text).unwrap();
                    return (call["action"].as_str().unwrap().to_owned(), call["echo"].clone());
                }
                Frame::Ping(_) | Frame::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Sends a text frame.
    pub async fn send(&mut self, text: impl Into<String>) {
        self.0.send(Frame::text(text.into())).await.unwrap();
    }

    /// Answers the call with this echo.
    pub async fn answer(&mut self, echo: &Value, data: Value) {
        let answer = json!({ "data": data, "echo": echo, "message": "", "retcode": 0, "status": "ok" });
        self.send(answer.to_string()).await;
    }
}

/// Runs a call in a task of its own.
pub fn spawn<A: cqhttp::AnswersOnce>(call: cqhttp::Call<A>) -> JoinHandle<Result<A::Response, Error>> {
    tokio::spawn(call.into_future())
}

/// Returns the data of an answer to `get_login_info`.
pub fn login(name: &str) -> Value {
    json!({ "user_id": 10010, "nickname": name })
}
