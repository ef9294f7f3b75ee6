//! Events per second by HTTP, as server-sent events: `cqhttp` against a loop on a bare reqwest with the same library for the
//! format, as a ratio.
//!
//! The hand-written side reads the response in one loop, and decodes events into hand-written structs. The OneBot server is
//! this program, started a second time; a call tells it to send events, each as a chunk of its own, as NapCat does. A round is
//! one batch through each side in turn, so that other load on the machine affects both; a ratio compares two batches of one
//! round.

#![allow(clippy::expect_used, clippy::panic, reason = "a bench fails by panicking")]

use std::future::IntoFuture;
use std::rc::Rc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use cqhttp::{Client, Event, Events, Raw, connect};
use futures_util::StreamExt;
use sse_stream::SseStream;
use tokio::runtime::Runtime;

use cqhttp_benches::by_hand::events::{GroupMessage, Segment};
use cqhttp_benches::process::{self, Other};
use cqhttp_benches::rounds::{Race, criterion, is_measuring, report_rates};

const GROUP: i64 = 10_001_000;
/// The number of events in a batch.
const EVENTS: usize = 2048;
/// The names of the sides: `cqhttp` first, then the reference. Each is the path of its events.
const SIDES: [&str; 2] = ["cqhttp", "reqwest"];

fn main() {
    if process::is_other() {
        return server::run();
    }
    let mut criterion = criterion();
    let start = || Rc::new(Bench::start());
    let race = Race::new("events by HTTP", None, EVENTS);
    let race = race.run(&mut criterion, SIDES, start, |bench, side| bench.events(side));
    criterion.final_summary();
    if is_measuring() {
        report_rates(SIDES, &[race]);
    }
}

/// A server, and both sides connected to it.
struct Bench {
    ours: (Client, Mutex<Events>),
    reference: Mutex<Reference>,
    runtime: Runtime,
    _server: Other,
}

impl Bench {
    fn start() -> Self {
        let mut server = Other::start();
        let url = format!("http://127.0.0.1:{}", server.line());
        let runtime = Runtime::new().expect("a runtime starts");
        let (ours, reference) = runtime.block_on(async {
            let ours = connect(format!("{url}/{}", SIDES[0])).event_queue_limit(usize::MAX);
            let (client, events) = ours.await.expect("the server is there");
            ((client, Mutex::new(events)), Mutex::new(Reference::connect(&format!("{url}/{}", SIDES[1])).await))
        });
        Self { ours, reference, runtime, _server: server }
    }

    fn events(&self, side: usize) -> Duration {
        match side {
            0 => {
                let mut events = self.ours.1.lock().expect("nobody panicked");
                let took = self.runtime.block_on(hear(&self.ours.0, &mut events));
                assert_eq!(events.missed(), 0);
                took
            }
            _ => {
                let mut reference = self.reference.lock().expect("nobody panicked");
                self.runtime.block_on(reference.hear())
            }
        }
    }
}

/// Waits until all events of a batch are handled.
async fn hear(client: &Client, events: &mut Events) -> Duration {
    let begun = Instant::now();
    let ask = tokio::spawn(client.call(Raw::new("push", serde_json::json!({}))).into_future());
    let mut heard = 0;
    while heard < EVENTS {
        let received = events.next().await.expect("the connection stands");
        let Event::GroupMessage(message) = &received.event else { panic!("{received:?}") };
        heard += usize::from(message.group_id.get() == GROUP);
    }
    let took = begun.elapsed();
    ask.await.expect("it does not panic").expect("the server answers");
    took
}

/// A client written by hand with reqwest, sse-stream and serde.
struct Reference {
    client: reqwest::Client,
    url: String,
    events: SseStream<reqwest::Body>,
}

impl Reference {
    async fn connect(url: &str) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().expect("it can be set up");
        let response = client.get(format!("{url}/_events")).send().await.expect("the server is there");
        Self { client, url: url.to_owned(), events: SseStream::new(response.into()) }
    }

    async fn hear(&mut self) -> Duration {
        let begun = Instant::now();
        let ask = tokio::spawn(self.client.post(format!("{}/push", self.url)).body("{}").send());
        let mut heard = 0;
        while heard < EVENTS {
            let event = self.events.next().await.expect("the connection stands").expect("it is an event");
            let text = event.data.expect("it has data");
            let event: GroupMessage<Vec<Segment>> = serde_json::from_str(&text).expect("it is a message");
            heard += usize::from(event.group_id == GROUP);
        }
        let took = begun.elapsed();
        ask.await.expect("it does not panic").expect("the server answers");
        took
    }
}

/// A server that sends events on demand, in a separate process.
mod server {
    use std::collections::HashMap;
    use std::sync::{Arc, Mutex};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::runtime::Runtime;
    use tokio::sync::mpsc;

    use super::{EVENTS, process};

    const EVENT: &str = concat!(
        r#"{"post_type":"message","message_type":"group","time":1700000000,"self_id":10010,"sub_type":"normal","#,
        r#""anonymous":null,"font":0,"group_id":10001000,"message":[{"type":"at","data":{"qq":"10010"}},"#,
        r#"{"type":"text","data":{"text":" the quick brown fox jumps over the lazy dog "}},"#,
        r#"{"type":"face","data":{"id":"178"}}],"message_id":-1234500000,"message_seq":4711,"#,
        r#""raw_message":"[CQ:at,qq=10010] the quick brown fox jumps over the lazy dog [CQ:face,id=178]","#,
        r#""sender":{"age":0,"area":"","card":"","level":"","nickname":"somebody","role":"member","sex":"unknown","#,
        r#""title":"","user_id":10086},"user_id":10086}"#,
    );

    /// The connections that take events, by the first part of their paths.
    type Subscribers = Arc<Mutex<HashMap<String, mpsc::UnboundedSender<()>>>>;

    /// Serves until the other end of standard input is closed.
    pub(crate) fn run() {
        process::end_with_the_first();
        Runtime::new().expect("a runtime starts").block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
            println!("{}", listener.local_addr().expect("it has an address").port());
            let subscribers = Subscribers::default();
            loop {
                let (stream, _) = listener.accept().await.expect("a connection comes");
                stream.set_nodelay(true).expect("it is a TCP connection");
                tokio::spawn(serve(stream, subscribers.clone()));
            }
        });
    }

    async fn serve(mut stream: TcpStream, subscribers: Subscribers) {
        while let Some(path) = request(&mut stream).await {
            let (side, action) = path.rsplit_once('/').expect("a path has two parts");
            if action == "_events" {
                let (push, pushed) = mpsc::unbounded_channel();
                subscribers.lock().expect("nobody panicked").insert(side.to_owned(), push);
                return send_events(stream, pushed).await;
            }
            let push = subscribers.lock().expect("nobody panicked").get(side).cloned();
            push.expect("the side takes events").send(()).expect("the side takes events");
            let answer = r#"{"status":"ok","retcode":0,"data":null}"#;
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
            stream.write_all(answer.as_bytes()).await.expect("the connection stands");
        }
    }

    async fn send_events(mut stream: TcpStream, mut pushed: mpsc::UnboundedReceiver<()>) {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).await.expect("the connection stands");
        let event = format!("data: {EVENT}\n\n");
        let batch = format!("{:x}\r\n{event}\r\n", event.len()).repeat(EVENTS);
        while pushed.recv().await.is_some() {
            if stream.write_all(batch.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    /// Reads a request with a body of two bytes at most, and returns its path; `None` at the end of the connection.
    async fn request(stream: &mut TcpStream) -> Option<String> {
        let mut request = Vec::new();
        loop {
            if stream.read_buf(&mut request).await.ok()? == 0 {
                return None;
            }
            let text = String::from_utf8_lossy(&request);
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            if !head.contains("content-length: 2") || body.len() >= 2 {
                return head.split(' ').nth(1).map(str::to_owned);
            }
        }
    }
}
