//! A bare HTTP server for events: the test itself writes the bytes of each response.

use std::future::IntoFuture;

use cqhttp::{Client, Connect, ConnectionError, ConnectionState, Events};
use support::peer::soon;
use support::read_request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The head of a response with events.
pub(crate) const HEAD: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

/// The server.
pub(crate) struct Bare {
    pub(crate) url: String,
    pub(crate) listener: TcpListener,
}

impl Bare {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { url: format!("http://{}", listener.local_addr().unwrap()), listener }
    }

    /// Reads the next request, without a response yet.
    pub(crate) async fn asked(&self) -> Stream {
        let (mut stream, _) = soon(self.listener.accept()).await.unwrap();
        let request = soon(read_request(&mut stream)).await.unwrap();
        Stream { stream, request }
    }

    /// Reads the next request, and answers with the head of events.
    pub(crate) async fn accept(&self) -> Stream {
        let mut stream = self.asked().await;
        stream.write(HEAD).await;
        stream
    }

    /// Connects, and returns both ends of the connection.
    pub(crate) async fn connected(&self, connect: Connect) -> (Client, Events, Stream) {
        let (connected, stream) = tokio::join!(connect.into_future(), self.accept());
        let (client, events) = connected.unwrap();
        (client, events, stream)
    }
}

/// The server's side of a response.
pub(crate) struct Stream {
    pub(crate) stream: TcpStream,
    pub(crate) request: String,
}

impl Stream {
    /// Writes bytes as they are.
    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Writes a chunk of the body.
    pub(crate) async fn chunk(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        self.write([format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()).await;
    }

    /// Sends an event.
    pub(crate) async fn event(&mut self, json: &str) {
        self.chunk(format!("data: {json}\n\n")).await;
    }

    /// Waits until the client has closed the connection.
    pub(crate) async fn closed(&mut self) {
        let mut rest = Vec::new();
        let _ = soon(self.stream.read_to_end(&mut rest)).await;
        assert!(rest.is_empty(), "{rest:?}");
    }
}

/// Waits for the end of a connection, and returns the reason.
pub(crate) async fn end_of(events: &Events) -> ConnectionError {
    let mut states = events.connection().watch();
    let state = soon(states.wait_for(ConnectionState::is_closed)).await.unwrap().clone();
    let ConnectionState::Closed { why, .. } = state else { panic!("{state:?}") };
    why
}

/// Waits until the connection is lost, and returns the reason.
pub(crate) async fn lost(events: &Events) -> ConnectionError {
    let mut states = events.connection().watch();
    let is_lost = |state: &ConnectionState| matches!(state, ConnectionState::Disconnected { .. });
    let state = soon(states.wait_for(is_lost)).await.unwrap().clone();
    state.error().unwrap()
}
