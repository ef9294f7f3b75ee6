//! Bytes per second of a file that arrives in parts, over a WebSocket and over HTTP: `cqhttp` against hand-written loops on a
//! bare tokio-tungstenite and a bare reqwest, as a ratio.
//!
//! Both sides read the same responses of 64 KiB in base64, look at the type of each, and decode it. The OneBot server is this
//! program, started a second time, and has all responses ready.

#![allow(clippy::expect_used, clippy::panic, reason = "a bench fails by panicking")]

use std::rc::Rc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cqhttp::{Client, connect};
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use tokio::runtime::Runtime;
use tokio_tungstenite::tungstenite::Message;

use cqhttp_benches::process::{self, Other};
use cqhttp_benches::rounds::{Race, criterion, is_measuring, report_rates};

/// The length of a piece, in bytes.
const PIECE: usize = 64 << 10;
/// The number of pieces in a file: 16 MiB.
const PIECES: usize = 256;
/// The names of the sides: `cqhttp` first, then the reference.
const SIDES: [&str; 2] = ["cqhttp", "by hand"];

fn main() {
    if process::is_other() {
        return server::run();
    }
    let mut criterion = criterion();
    let bench = Rc::new(Bench::start());
    let mut races = Vec::new();
    for (name, way) in [("file in parts, WebSocket", Way::WebSocket), ("file in parts, HTTP", Way::Http)] {
        // A rate is one of KiB.
        let race = Race::new(name, None, PIECES * PIECE / 1024);
        races.push(race.run(&mut criterion, SIDES, || bench.clone(), |bench, side| bench.download(way, side)));
    }
    criterion.final_summary();
    if is_measuring() {
        report_rates(SIDES, &races);
    }
}

#[derive(Clone, Copy)]
enum Way {
    WebSocket,
    Http,
}

struct Bench {
    websocket: Client,
    http: Client,
    websocket_url: String,
    http_url: String,
    bare_http: reqwest::Client,
    runtime: Runtime,
    _server: Other,
}

impl Bench {
    fn start() -> Self {
        let mut server = Other::start();
        let websocket_url = format!("ws://127.0.0.1:{}", server.line());
        let http_url = format!("http://127.0.0.1:{}", server.line());
        let runtime = Runtime::new().expect("a runtime starts");
        let (websocket, http) = runtime.block_on(async {
            let (client, _events) = connect(&websocket_url).await.expect("the server is there");
            (client, Client::builder(&http_url).build().expect("the address is right"))
        });
        Self { websocket, http, websocket_url, http_url, bare_http: reqwest::Client::new(), runtime, _server: server }
    }

    fn download(&self, way: Way, side: usize) -> Duration {
        self.runtime.block_on(async {
            match (way, side) {
                (Way::WebSocket, 0) => with_cqhttp(&self.websocket).await,
                (Way::Http, 0) => with_cqhttp(&self.http).await,
                (Way::WebSocket, _) => self.with_tungstenite().await,
                (Way::Http, _) => self.with_reqwest().await,
            }
        })
    }

    /// A loop on a bare tokio-tungstenite. Its connection is made before the clock starts.
    async fn with_tungstenite(&self) -> Duration {
        let connected = tokio_tungstenite::connect_async_with_config(&self.websocket_url, None, true).await;
        let (mut socket, _) = connected.expect("the server is there");
        let begun = Instant::now();
        let call = r#"{"action":"download_file_stream","params":{"file":"a"},"echo":"c1"}"#;
        socket.send(Message::text(call)).await.expect("the connection stands");
        let mut file = Vec::new();
        while let Some(frame) = socket.next().await {
            let Ok(Message::Text(text)) = frame else { continue };
            if !add(&text, &mut file) {
                break;
            }
        }
        assert_eq!(file.len(), PIECES * PIECE);
        begun.elapsed()
    }

    /// A loop on a bare reqwest.
    async fn with_reqwest(&self) -> Duration {
        let begun = Instant::now();
        let call = self.bare_http.post(format!("{}/download_file_stream", self.http_url)).body(r#"{"file":"a"}"#);
        let mut response = call.send().await.expect("the server answers");
        let (mut arrived, mut file) = (Vec::new(), Vec::new());
        while let Some(chunk) = response.chunk().await.expect("the connection stands") {
            arrived.extend_from_slice(&chunk);
            let mut read = 0;
            while let Some(end) = memchr::memmem::find(&arrived[read..], b"\r\n\r\n") {
                let text = std::str::from_utf8(&arrived[read..read + end]).expect("it is UTF-8");
                add(text, &mut file);
                read += end + 4;
            }
            arrived.drain(..read);
        }
        assert_eq!(file.len(), PIECES * PIECE);
        begun.elapsed()
    }
}

/// Adds the piece of a response to the file. Returns `false` after the last one.
fn add(response: &str, file: &mut Vec<u8>) -> bool {
    #[derive(Deserialize)]
    struct Envelope {
        status: String,
        retcode: i64,
        data: Part,
    }

    #[derive(Deserialize)]
    struct Part {
        r#type: String,
        data: Option<String>,
    }

    let Envelope { status, retcode, data } = serde_json::from_str(response).expect("it is an envelope");
    assert!(status == "ok" && retcode == 0);
    if let Some(data) = data.data {
        STANDARD.decode_vec(data, file).expect("it is base64");
    }
    data.r#type == "stream"
}

async fn with_cqhttp(client: &Client) -> Duration {
    let begun = Instant::now();
    let mut file = Vec::new();
    let mut parts = client.download_file_stream().file("a").stream();
    while let Some(part) = parts.next().await {
        if let Some(data) = part.expect("the part can be read").data {
            STANDARD.decode_vec(data, &mut file).expect("it is base64");
        }
    }
    parts.finish().await.expect("the file is complete");
    assert_eq!(file.len(), PIECES * PIECE);
    begun.elapsed()
}

/// A server with responses that are ready, in a separate process.
mod server {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::sync::Arc;
    use std::task::{Context, Poll};

    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use bytes::Bytes;
    use futures_util::{SinkExt, StreamExt};
    use hyper::body::Frame;
    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;
    use tokio::net::{TcpListener, TcpStream};
    use tokio::runtime::Runtime;
    use tokio_tungstenite::tungstenite::Message;

    use super::{PIECE, PIECES, process};

    /// Returns the responses, as NapCat writes them, with this echo.
    fn responses(echo: &str) -> Vec<String> {
        let data = STANDARD.encode([0x5a; PIECE]);
        let envelope = |data: &str| {
            format!(
                r#"{{"status":"ok","retcode":0,"data":{data},"message":"","wording":"","echo":{echo},"stream":"stream-action"}}"#
            )
        };
        let pieces = (0..PIECES).map(|index| {
            let length = data.len();
            envelope(&format!(
                r#"{{"type":"stream","data_type":"file_chunk","index":{index},"data":"{data}","size":{PIECE},"progress":1,"base64_size":{length}}}"#
            ))
        });
        let size = PIECES * PIECE;
        let last = format!(
            r#"{{"type":"response","data_type":"file_complete","total_chunks":{PIECES},"total_bytes":{size},"message":"Download completed"}}"#
        );
        pieces.chain([envelope(&last)]).collect()
    }

    /// Serves until the other end of standard input is closed.
    pub(crate) fn run() {
        process::end_with_the_first();
        Runtime::new().expect("a runtime starts").block_on(async {
            let listen = async || TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
            let (websockets, requests) = (listen().await, listen().await);
            for listener in [&websockets, &requests] {
                println!("{}", listener.local_addr().expect("it has an address").port());
            }
            let bodies: Arc<Vec<Bytes>> =
                Arc::new(responses("null").into_iter().map(|response| (response + "\r\n\r\n").into()).collect());
            loop {
                tokio::select! {
                    accepted = websockets.accept() => {
                        tokio::spawn(websocket(accepted.expect("a connection comes").0));
                    }
                    accepted = requests.accept() => {
                        tokio::spawn(http(accepted.expect("a connection comes").0, bodies.clone()));
                    }
                }
            }
        });
    }

    async fn websocket(stream: TcpStream) {
        stream.set_nodelay(true).expect("it is a TCP connection");
        let mut socket = tokio_tungstenite::accept_async(stream).await.expect("it is a WebSocket");
        while let Some(Ok(frame)) = socket.next().await {
            let Message::Text(call) = frame else { continue };
            let call: serde_json::Value = serde_json::from_str(&call).expect("it is a call");
            for response in responses(&call["echo"].to_string()) {
                socket.feed(Message::text(response)).await.expect("the connection stands");
            }
            socket.flush().await.expect("the connection stands");
        }
    }

    struct Body(Arc<Vec<Bytes>>, usize);

    impl hyper::body::Body for Body {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            self.1 += 1;
            Poll::Ready(self.0.get(self.1 - 1).map(|response| Ok(Frame::data(response.clone()))))
        }
    }

    async fn http(stream: TcpStream, bodies: Arc<Vec<Bytes>>) {
        stream.set_nodelay(true).expect("it is a TCP connection");
        let service = service_fn(|_| {
            let body = Body(bodies.clone(), 0);
            async move { Ok::<_, Infallible>(hyper::Response::new(body)) }
        });
        let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }
}
