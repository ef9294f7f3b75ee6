//! Calls and events a second over a WebSocket: `cqhttp::connect` against hand-written code on a bare tokio-tungstenite, as
//! a ratio.
//!
//! The hand-written side is one loop that owns the socket, with a map from echoes to those who wait, and decodes events
//! into hand-written structs in place. The server is this program, started a second time. A round is one small batch
//! through each side in turn, so that whatever else the machine does falls on both; a ratio compares two batches of one
//! round.

#![allow(clippy::expect_used, clippy::panic, reason = "a bench fails by panicking")]

use std::env;
use std::future::IntoFuture;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use cqhttp::{Client, Event, Events, Raw, connect};
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use reference::Reference;
use server::Server;

const GROUP: i64 = 10_001_000;
const TEXT: &str = "the quick brown fox jumps over the lazy dog";
/// Events of a batch.
const EVENTS: usize = 512;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

fn main() {
    if env::var_os(server::VARIABLE).is_some() {
        return server::run();
    }
    // Without `--bench` everything runs once, as a test.
    let measuring = env::args().any(|argument| argument == "--bench");
    let (benches, rounds) = if measuring { (6, 200) } else { (1, 1) };
    println!(
        "| what | in flight | bare, a second | cqhttp, a second | ratio, median | 95 % interval of the median | 10th–90th percentile | rounds |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|");
    for load in [Load::Calls { in_flight: 1, calls: 128 }, Load::Calls { in_flight: 64, calls: 2048 }, Load::Events] {
        let mut times = Vec::new();
        for _ in 0..benches {
            let bench = Bench::start();
            // The first rounds warm up.
            (0..rounds / 10).for_each(|turn| _ = bench.round(load, turn));
            times.extend((0..rounds).map(|turn| bench.round(load, turn)));
        }
        report(load, &times);
    }
}

#[derive(Clone, Copy)]
enum Load {
    Calls { in_flight: usize, calls: usize },
    Events,
}

/// How long a batch took: ours, and the hand-written one.
type Round = [Duration; 2];

/// A server, and both sides connected to it.
struct Bench {
    client: Client,
    events: Mutex<Events>,
    bare: Reference,
    runtime: Runtime,
    _server: Server,
}

impl Bench {
    fn start() -> Self {
        let server = Server::start();
        let runtime = Runtime::new().expect("a runtime starts");
        let (client, events) =
            runtime.block_on(connect(&server.url).event_queue(2 * EVENTS).into_future()).expect("the server is there");
        let bare = runtime.block_on(Reference::connect(&server.url)).expect("the server is there");
        Self { client, events: Mutex::new(events), bare, runtime, _server: server }
    }

    /// One batch through each side; they take turns at being the first.
    fn round(&self, load: Load, turn: usize) -> Round {
        let mut times = Round::default();
        for place in 0..2 {
            let side = (turn + place) % 2;
            times[side] = match (load, side) {
                (Load::Calls { in_flight, calls }, 0) => self.runtime.block_on(batch(&self.client, in_flight, calls)),
                (Load::Calls { in_flight, calls }, _) => self.runtime.block_on(batch(&self.bare, in_flight, calls)),
                (Load::Events, 0) => self.our_events(),
                (Load::Events, _) => self.runtime.block_on(self.bare.events(EVENTS)),
            };
        }
        times
    }

    fn our_events(&self) -> Duration {
        let mut events = self.events.lock().expect("nobody panicked");
        let client = &self.client;
        self.runtime.block_on(async move {
            let begun = Instant::now();
            let ask = tokio::spawn(client.call(Raw::new("push", json!({ "events": EVENTS }))).into_future());
            let mut heard = 0;
            while heard < EVENTS {
                let received = events.next().await.expect("the connection stands");
                let Event::GroupMessage(message) = &received.event else { panic!("{received:?}") };
                heard += usize::from(message.group_id.get() == GROUP);
            }
            let took = begun.elapsed();
            ask.await.expect("it does not panic").expect("the server answers");
            assert_eq!(events.missed(), 0);
            took
        })
    }
}

/// What is compared.
trait Side: Clone + Send + Sync + 'static {
    fn send_text(&self) -> impl Future<Output = Result<i64, BoxError>> + Send;
}

impl Side for Client {
    async fn send_text(&self) -> Result<i64, BoxError> {
        Ok(self.send_group_msg(GROUP, TEXT).await?.message_id.get())
    }
}

impl Side for Reference {
    async fn send_text(&self) -> Result<i64, BoxError> {
        self.send_group_msg(GROUP, TEXT).await
    }
}

/// Spawns as many tasks as calls are to be in flight, which share the batch's calls evenly.
async fn batch<S: Side>(side: &S, in_flight: usize, calls: usize) -> Duration {
    let each = calls / in_flight;
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..in_flight {
        let side = side.clone();
        tasks.spawn(async move {
            for _ in 0..each {
                assert_eq!(side.send_text().await.expect("the call succeeds"), server::MESSAGE_ID);
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.expect("the answer is the server's");
    }
    begun.elapsed()
}

/// Prints a line of the table.
fn report(load: Load, rounds: &[Round]) {
    let (what, in_flight, count) = match load {
        Load::Calls { in_flight, calls } => ("calls, `send_group_msg`", in_flight.to_string(), calls),
        Load::Events => ("events, messages in a group", String::new(), EVENTS),
    };
    let sorted = |value: &dyn Fn(&Round) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let rate = |side: usize| count as f64 / quantile(&sorted(&|round| round[side].as_secs_f64()), 0.5);
    let ratios = sorted(&|round| round[1].as_secs_f64() / round[0].as_secs_f64());
    // The ranks between which the median lies with 95 %, whatever the distribution.
    let margin = 0.98 / (ratios.len() as f64).sqrt();
    let [low, tenth, median, ninetieth, high] =
        [0.5 - margin, 0.1, 0.5, 0.9, 0.5 + margin].map(|at| quantile(&ratios, at));
    print!("| {what} | {in_flight} | {:.0} | {:.0} | **{median:.3}** ", rate(1), rate(0));
    println!("| {low:.3}–{high:.3} | {tenth:.3}–{ninetieth:.3} | {} |", ratios.len());
}

fn quantile(sorted: &[f64], at: f64) -> f64 {
    let last = sorted.len() - 1;
    sorted[(at.clamp(0.0, 1.0) * last as f64).round() as usize]
}

/// What a bot's author writes who has tokio-tungstenite and serde alone.
#[allow(dead_code, reason = "the fields are there to be decoded")]
mod reference {
    use std::collections::HashMap;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::{Duration, Instant};

    use futures_util::{SinkExt, StreamExt};
    use serde::{Deserialize, Serialize};
    use tokio::sync::{mpsc, oneshot};
    use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

    use super::{BoxError, GROUP};

    #[derive(Clone)]
    pub(crate) struct Reference(Arc<Inner>);

    struct Inner {
        calls: mpsc::Sender<(String, String, oneshot::Sender<Utf8Bytes>)>,
        events: mpsc::Sender<(usize, oneshot::Sender<Instant>)>,
        next: AtomicU64,
    }

    #[derive(Serialize)]
    struct Call<'a, P> {
        action: &'a str,
        params: P,
        echo: &'a str,
    }

    #[derive(Serialize)]
    struct SendGroupMsg<'a> {
        group_id: i64,
        message: [Segment<'a>; 1],
        auto_escape: bool,
    }

    #[derive(Serialize)]
    struct Segment<'a> {
        #[serde(rename = "type")]
        kind: &'a str,
        data: Text<'a>,
    }

    #[derive(Serialize)]
    struct Text<'a> {
        text: &'a str,
    }

    #[derive(Deserialize)]
    struct Peek<'a> {
        post_type: Option<&'a str>,
        echo: Option<&'a str>,
    }

    #[derive(Deserialize)]
    struct Envelope<T> {
        status: String,
        retcode: i64,
        data: Option<T>,
        #[serde(default)]
        message: String,
    }

    #[derive(Deserialize)]
    struct SentMessage {
        message_id: i64,
    }

    #[derive(Deserialize)]
    struct GroupMessage {
        time: i64,
        self_id: i64,
        post_type: String,
        message_type: String,
        sub_type: String,
        message_id: i32,
        message_seq: Option<i32>,
        group_id: i64,
        user_id: i64,
        anonymous: Option<Anonymous>,
        message: Vec<Received>,
        raw_message: String,
        font: i32,
        sender: Sender,
    }

    #[derive(Deserialize)]
    #[serde(tag = "type", content = "data", rename_all = "lowercase")]
    enum Received {
        Text { text: String },
        At { qq: String },
        Face { id: String },
    }

    #[derive(Deserialize)]
    struct Anonymous {
        id: i64,
        name: String,
        flag: String,
    }

    #[derive(Deserialize)]
    struct Sender {
        user_id: i64,
        nickname: String,
        card: Option<String>,
        sex: String,
        age: i32,
        area: String,
        level: String,
        role: Option<String>,
        title: Option<String>,
    }

    impl Reference {
        pub(crate) async fn connect(url: &str) -> Result<Self, BoxError> {
            let (mut socket, _) = tokio_tungstenite::connect_async_with_config(url, None, true).await?;
            let (calls, mut called) = mpsc::channel::<(String, String, oneshot::Sender<Utf8Bytes>)>(1024);
            let (events, mut awaited) = mpsc::channel::<(usize, oneshot::Sender<Instant>)>(1);
            tokio::spawn(async move {
                let mut waiting = HashMap::new();
                let (mut heard, mut wanted) = (0, None);
                loop {
                    tokio::select! {
                        call = called.recv() => {
                            let Some((echo, frame, answer)) = call else { return };
                            waiting.insert(echo, answer);
                            socket.send(Message::text(frame)).await.expect("the connection stands");
                        }
                        Some(events) = awaited.recv() => wanted = Some(events),
                        frame = socket.next() => {
                            let Some(Ok(Message::Text(text))) = frame else { return };
                            let peek: Peek<'_> = serde_json::from_str(&text).expect("it is JSON");
                            if peek.post_type.is_some() {
                                let event: GroupMessage = serde_json::from_str(&text).expect("it is a message");
                                heard += usize::from(event.group_id == GROUP);
                            } else if let Some(answer) = peek.echo.and_then(|echo| waiting.remove(echo)) {
                                let _ = answer.send(text);
                            }
                        }
                    }
                    if let Some((number, done)) = wanted.take_if(|(number, _)| heard >= *number) {
                        heard -= number;
                        let _ = done.send(Instant::now());
                    }
                }
            });
            Ok(Self(Arc::new(Inner { calls, events, next: AtomicU64::new(0) })))
        }

        async fn call<P: Serialize>(&self, action: &str, params: P) -> Result<Utf8Bytes, BoxError> {
            let echo = self.0.next.fetch_add(1, Ordering::Relaxed).to_string();
            let frame = serde_json::to_string(&Call { action, params, echo: &echo })?;
            let (answer, answered) = oneshot::channel();
            self.0.calls.send((echo, frame, answer)).await.map_err(|_| "the connection is lost")?;
            Ok(answered.await?)
        }

        pub(crate) async fn send_group_msg(&self, group_id: i64, text: &str) -> Result<i64, BoxError> {
            let message = [Segment { kind: "text", data: Text { text } }];
            let answer = self.call("send_group_msg", SendGroupMsg { group_id, message, auto_escape: false }).await?;
            let envelope: Envelope<SentMessage> = serde_json::from_str(&answer)?;
            if envelope.status != "ok" || envelope.retcode != 0 {
                return Err(format!("{} ({})", envelope.message, envelope.retcode).into());
            }
            Ok(envelope.data.ok_or("no data")?.message_id)
        }

        /// Until so many events are handled.
        pub(crate) async fn events(&self, number: usize) -> Duration {
            let (done, finished) = oneshot::channel();
            self.0.events.send((number, done)).await.expect("the connection stands");
            let begun = Instant::now();
            self.call("push", serde_json::json!({ "events": number })).await.expect("the server answers");
            finished.await.expect("the connection stands").duration_since(begun)
        }
    }
}

/// A server with fixed answers, in a process of its own.
mod server {
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Child, Command, Stdio};
    use std::{env, io, process, thread};

    use futures_util::{SinkExt, StreamExt};
    use serde::Deserialize;
    use tokio::net::TcpListener;
    use tokio::runtime::Runtime;
    use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

    use super::EVENTS;

    /// Tells this program to be the server.
    pub(crate) const VARIABLE: &str = "CQHTTP_BENCH_SERVER";
    pub(crate) const MESSAGE_ID: i64 = -1_234_500_000;

    const EVENT: &str = concat!(
        r#"{"post_type":"message","message_type":"group","time":1700000000,"self_id":10010,"sub_type":"normal","#,
        r#""anonymous":null,"font":0,"group_id":10001000,"message":[{"type":"at","data":{"qq":"10010"}},"#,
        r#"{"type":"text","data":{"text":" the quick brown fox jumps over the lazy dog "}},"#,
        r#"{"type":"face","data":{"id":"178"}}],"message_id":-1234500000,"message_seq":4711,"#,
        r#""raw_message":"[CQ:at,qq=10010] the quick brown fox jumps over the lazy dog [CQ:face,id=178]","#,
        r#""sender":{"age":0,"area":"","card":"","level":"","nickname":"somebody","role":"member","sex":"unknown","#,
        r#""title":"","user_id":10086},"user_id":10086}"#,
    );

    /// The other process. It ends with this value, or when this process does, since it reads from a pipe between the two.
    pub(crate) struct Server {
        pub(crate) url: String,
        process: Child,
    }

    impl Server {
        pub(crate) fn start() -> Self {
            let program = env::current_exe().expect("this program has a path");
            let mut process = Command::new(program)
                .env(VARIABLE, "1")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .expect("the server starts");
            let mut port = String::new();
            let output = process.stdout.take().expect("it is a pipe");
            BufReader::new(output).read_line(&mut port).expect("the server says its port");
            Self { url: format!("ws://127.0.0.1:{}", port.trim()), process }
        }
    }

    impl Drop for Server {
        fn drop(&mut self) {
            drop(self.process.stdin.take());
            // It has nothing to say at its end.
            let _ = self.process.wait();
        }
    }

    /// Serves until nobody holds the other end of standard input.
    pub(crate) fn run() {
        thread::spawn(|| {
            let _ = io::stdin().read_to_end(&mut Vec::new());
            process::exit(0);
        });
        Runtime::new().expect("a runtime starts").block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
            println!("{}", listener.local_addr().expect("it has an address").port());
            loop {
                let (stream, _) = listener.accept().await.expect("a connection comes");
                stream.set_nodelay(true).expect("it is a TCP connection");
                tokio::spawn(async move {
                    let mut socket = tokio_tungstenite::accept_async(stream).await.expect("it is a WebSocket");
                    while let Some(Ok(frame)) = socket.next().await {
                        let Message::Text(call) = frame else { continue };
                        let call: Call<'_> = serde_json::from_str(&call).expect("it is a call");
                        let answer = format!(
                            r#"{{"data":{{"message_id":{MESSAGE_ID}}},"echo":"{}","message":"","retcode":0,"status":"ok"}}"#,
                            call.echo
                        );
                        socket.feed(Message::text(answer)).await.expect("the connection stands");
                        if call.action == "push" {
                            for _ in 0..EVENTS {
                                let event = Message::Text(Utf8Bytes::from_static(EVENT));
                                socket.feed(event).await.expect("the connection stands");
                            }
                        }
                        // What has come together is answered together.
                        socket.flush().await.expect("the connection stands");
                    }
                });
            }
        });
    }

    #[derive(Deserialize)]
    struct Call<'a> {
        action: &'a str,
        echo: &'a str,
    }
}
