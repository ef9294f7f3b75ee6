//! Bytes per second of an upload in chunks: `FileSource::upload` against hand-written loops on a bare tokio-tungstenite and a
//! bare reqwest, as a ratio.
//!
//! The loops do what a careful author would: they read the file once for its SHA-256, then read each chunk, encode it, send it and
//! wait for its answer, and in the end ask for the file's path. The server is this program, started a second time; it answers and
//! stores nothing. A round is one file through each side in turn.

#![allow(clippy::expect_used, clippy::panic, reason = "a bench fails by panicking")]

use std::io::Write;
use std::rc::Rc;
use std::time::{Duration, Instant};

use cqhttp::{Client, FileSource, connect};
use tempfile::NamedTempFile;
use tokio::runtime::Runtime;
use tokio::sync::Mutex;

use cqhttp_benches::process::{self, Other};
use cqhttp_benches::rounds::{Race, criterion, is_measuring, report_rates};
use reference::{Http, Way, WebSocket};

/// The size of a chunk: the default of `FileSource::upload`.
const CHUNK: usize = 256 << 10;
/// The size of the file in MiB, which are the operations of a batch.
const MIB: usize = 16;
const OVER_WEBSOCKET: [&str; 2] = ["cqhttp", "tokio-tungstenite"];
const OVER_HTTP: [&str; 2] = ["cqhttp", "reqwest"];

fn main() {
    if process::is_other() {
        return server::run();
    }
    let mut criterion = criterion();
    // As a test, all cases share one bench.
    let in_test = (!is_measuring()).then(|| Rc::new(Bench::start()));
    let start = || in_test.clone().unwrap_or_else(|| Rc::new(Bench::start()));
    let race = Race::new("MiB up, WebSocket", None, MIB);
    let websocket = race.run(&mut criterion, OVER_WEBSOCKET, start, |bench, side| bench.over_websocket(side));
    let http = Race::new("MiB up, HTTP", None, MIB);
    let http = http.run(&mut criterion, OVER_HTTP, start, |bench, side| bench.over_http(side));
    criterion.final_summary();
    if is_measuring() {
        report_rates(OVER_WEBSOCKET, &[websocket]);
        report_rates(OVER_HTTP, &[http]);
    }
}

/// A server, a file, and the sides with connections to the server.
struct Bench {
    websocket: (Client, Mutex<WebSocket>),
    http: (Client, Http),
    file: NamedTempFile,
    runtime: Runtime,
    _server: Other,
}

impl Bench {
    fn start() -> Self {
        let mut server = Other::start();
        let (ws, http) = (format!("ws://127.0.0.1:{}", server.line()), format!("http://127.0.0.1:{}", server.line()));
        let runtime = Runtime::new().expect("a runtime starts");
        let websocket = runtime.block_on(async {
            let (client, _) = connect(&ws).await.expect("the server is there");
            (client, Mutex::new(WebSocket::connect(&ws).await))
        });
        let inside = runtime.enter();
        let client = Client::builder(&http).build().expect("the client is built");
        drop(inside);
        let mut file = NamedTempFile::new().expect("there is room");
        let content: Vec<u8> =
            (0..(MIB as u64) << 20).map(|place| (place.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect();
        file.write_all(&content).expect("there is room");
        Self { websocket, http: (client, Http::new(&http)), file, runtime, _server: server }
    }

    fn over_websocket(&self, side: usize) -> Duration {
        let (client, reference) = &self.websocket;
        self.runtime.block_on(async {
            match side {
                0 => self.upload(client).await,
                _ => self.by_hand(&mut *reference.lock().await).await,
            }
        })
    }

    fn over_http(&self, side: usize) -> Duration {
        let (client, reference) = &self.http;
        self.runtime.block_on(async {
            match side {
                0 => self.upload(client).await,
                _ => self.by_hand(&mut reference.clone()).await,
            }
        })
    }

    async fn upload(&self, client: &Client) -> Duration {
        let begun = Instant::now();
        let source = FileSource::upload(client, self.file.path()).chunk_size(CHUNK).await.expect("it is uploaded");
        assert_eq!(source.as_str(), format!("file://{}", server::PATH));
        begun.elapsed()
    }

    async fn by_hand(&self, way: &mut impl Way) -> Duration {
        let begun = Instant::now();
        let path = reference::upload(way, self.file.path(), CHUNK).await.expect("it is uploaded");
        assert_eq!(path, server::PATH);
        begun.elapsed()
    }
}

/// An upload written by hand.
mod reference {
    use std::fs::File;
    use std::io::{Read, Seek, SeekFrom};
    use std::path::Path;

    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use futures_util::{SinkExt, StreamExt};
    use serde::{Deserialize, Serialize};
    use sha2::{Digest, Sha256};
    use tokio::net::TcpStream;
    use tokio_tungstenite::tungstenite::Message;
    use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

    use cqhttp_benches::by_hand::Envelope;

    type BoxError = Box<dyn std::error::Error + Send + Sync>;

    #[derive(Default, Serialize)]
    pub(crate) struct Params<'a> {
        stream_id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        chunk_data: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        chunk_index: Option<usize>,
        #[serde(skip_serializing_if = "Option::is_none")]
        total_chunks: Option<usize>,
        #[serde(skip_serializing_if = "Option::is_none")]
        file_size: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        expected_sha256: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        is_complete: Option<bool>,
        file_retention: u64,
    }

    #[derive(Deserialize)]
    pub(crate) struct Answer {
        file_path: Option<String>,
    }

    /// A way to make a call.
    pub(crate) trait Way {
        async fn call(&mut self, params: &Params<'_>) -> Result<Answer, BoxError>;
    }

    /// Uploads a file, and returns its path on the server.
    pub(crate) async fn upload(way: &mut impl Way, path: &Path, chunk: usize) -> Result<String, BoxError> {
        let mut file = File::open(path)?;
        let (mut hasher, mut size, mut buffer) = (Sha256::new(), 0, vec![0; chunk]);
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            hasher.update(&buffer[..read]);
            size += read;
        }
        let sha256: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        file.seek(SeekFrom::Start(0))?;
        let (stream_id, file_retention) = ("0b7e2f64-0000-4000-8000-000000000003", 300_000);
        let total_chunks = size.div_ceil(chunk);
        for index in 0..total_chunks {
            let length = chunk.min(size - index * chunk);
            file.read_exact(&mut buffer[..length])?;
            way.call(&Params {
                stream_id,
                chunk_data: Some(STANDARD.encode(&buffer[..length])),
                chunk_index: Some(index),
                total_chunks: Some(total_chunks),
                file_size: Some(size as u64),
                expected_sha256: Some(&sha256),
                file_retention,
                ..Params::default()
            })
            .await?;
        }
        let answer =
            way.call(&Params { stream_id, is_complete: Some(true), file_retention, ..Params::default() }).await?;
        Ok(answer.file_path.ok_or("no path")?)
    }

    fn read(answer: &[u8]) -> Result<Answer, BoxError> {
        let envelope: Envelope<Answer> = serde_json::from_slice(answer)?;
        if envelope.status != "ok" || envelope.retcode != 0 {
            return Err(format!("{} ({})", envelope.message, envelope.retcode).into());
        }
        Ok(envelope.data.ok_or("no data")?)
    }

    pub(crate) struct WebSocket(WebSocketStream<MaybeTlsStream<TcpStream>>);

    #[derive(Serialize)]
    struct Call<'a> {
        action: &'a str,
        params: &'a Params<'a>,
        echo: &'a str,
    }

    impl WebSocket {
        pub(crate) async fn connect(url: &str) -> Self {
            Self(tokio_tungstenite::connect_async_with_config(url, None, true).await.expect("the server is there").0)
        }
    }

    impl Way for WebSocket {
        async fn call(&mut self, params: &Params<'_>) -> Result<Answer, BoxError> {
            let call = serde_json::to_string(&Call { action: "upload_file_stream", params, echo: "1" })?;
            self.0.send(Message::text(call)).await?;
            read(self.0.next().await.ok_or("the connection is lost")??.into_text()?.as_bytes())
        }
    }

    #[derive(Clone)]
    pub(crate) struct Http {
        client: reqwest::Client,
        url: String,
    }

    impl Http {
        pub(crate) fn new(base: &str) -> Self {
            let client = reqwest::Client::builder().no_proxy().tcp_nodelay(true).build().expect("the client is built");
            Self { client, url: format!("{base}/upload_file_stream") }
        }
    }

    impl Way for Http {
        async fn call(&mut self, params: &Params<'_>) -> Result<Answer, BoxError> {
            let body = serde_json::to_vec(params)?;
            let request = self.client.post(&self.url).header("Content-Type", "application/json").body(body);
            read(&request.send().await?.bytes().await?)
        }
    }
}

/// A server that answers and stores nothing, in a separate process.
mod server {
    use std::convert::Infallible;

    use bytes::Bytes;
    use futures_util::{SinkExt, StreamExt};
    use http_body_util::{BodyExt, Full};
    use hyper::body::Incoming;
    use hyper::server::conn::http1;
    use hyper::service::service_fn;
    use hyper::{Request, Response};
    use hyper_util::rt::TokioIo;
    use serde::Deserialize;
    use tokio::net::TcpListener;
    use tokio::runtime::Runtime;
    use tokio_tungstenite::tungstenite::Message;

    use super::process;

    pub(crate) const PATH: &str = "/tmp/film.mp4";

    const STORED: &str =
        r#"{"type":"stream","stream_id":"x","status":"chunk_received","received_chunks":1,"total_chunks":64}"#;
    const COMPLETE: &str =
        r#"{"type":"response","stream_id":"x","status":"file_complete","file_path":"/tmp/film.mp4"}"#;

    /// Serves until the other end of standard input is closed.
    pub(crate) fn run() {
        process::end_with_the_first();
        Runtime::new().expect("a runtime starts").block_on(async {
            let bind = async || TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
            let (websocket, http) = (bind().await, bind().await);
            for listener in [&websocket, &http] {
                println!("{}", listener.local_addr().expect("it has an address").port());
            }
            loop {
                tokio::select! {
                    accepted = websocket.accept() => {
                        let (stream, _) = accepted.expect("a connection comes");
                        stream.set_nodelay(true).expect("it is a TCP connection");
                        tokio::spawn(serve(stream));
                    }
                    accepted = http.accept() => {
                        let (stream, _) = accepted.expect("a connection comes");
                        stream.set_nodelay(true).expect("it is a TCP connection");
                        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(respond)));
                    }
                }
            }
        });
    }

    #[derive(Deserialize)]
    struct Call<'a> {
        params: Params,
        echo: &'a str,
    }

    #[derive(Deserialize)]
    struct Params {
        is_complete: Option<bool>,
    }

    fn answer(params: &Params, echo: &str) -> String {
        let data = if params.is_complete == Some(true) { COMPLETE } else { STORED };
        format!(
            r#"{{"status":"ok","retcode":0,"data":{data},"message":"","wording":"","echo":"{echo}","stream":"stream-action"}}"#
        )
    }

    async fn serve(stream: tokio::net::TcpStream) {
        let mut socket = tokio_tungstenite::accept_async(stream).await.expect("it is a WebSocket");
        while let Some(Ok(frame)) = socket.next().await {
            let Message::Text(call) = frame else { continue };
            let call: Call<'_> = serde_json::from_str(&call).expect("it is a call");
            socket.send(Message::text(answer(&call.params, call.echo))).await.expect("the connection stands");
        }
    }

    async fn respond(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let body = request.into_body().collect().await.expect("it is whole").to_bytes();
        let params: Params = serde_json::from_slice(&body).expect("it is a call");
        Ok(Response::new(Full::from(answer(&params, "") + "\r\n\r\n")))
    }
}
