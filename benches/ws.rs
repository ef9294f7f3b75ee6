//! Calls and events per second over a WebSocket, forward and reverse: `cqhttp` against hand-written code on a bare
//! tokio-tungstenite, as a ratio.
//!
//! The hand-written side is one loop that owns the socket, with a map from echoes to waiting calls, and decodes events
//! into hand-written structs in place. The OneBot server is this program, started a second time; a call tells it to
//! connect to the bot. A round is one small batch through each side in turn, so that other load on the machine affects
//! both; a ratio compares two batches of one round.

#![allow(clippy::expect_used, clippy::panic, reason = "a bench fails by panicking")]

use std::future::IntoFuture;
use std::rc::Rc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use cqhttp::server::Server;
use cqhttp::{Client, Event, Events, Raw, Received, connect};
use futures_util::{Stream, StreamExt};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use cqhttp_benches::process::{self, Other};
use cqhttp_benches::rounds::{Race, criterion, is_measuring, report_rates};
use reference::Reference;

const GROUP: i64 = 10_001_000;
const TEXT: &str = "the quick brown fox jumps over the lazy dog";
/// The number of events in a batch.
const EVENTS: usize = 512;
/// The names of the sides: `cqhttp` first, then the reference.
const SIDES: [&str; 2] = ["cqhttp", "tokio-tungstenite"];

type BoxError = Box<dyn std::error::Error + Send + Sync>;

fn main() {
    if process::is_other() {
        return server::run();
    }
    let mut criterion = criterion();
    // As a test, all cases share one bench.
    let in_test = (!is_measuring()).then(|| Rc::new(Bench::start()));
    let start = || in_test.clone().unwrap_or_else(|| Rc::new(Bench::start()));
    let mut races = Vec::new();
    for (way, calls, events) in
        [(Way::Forward, "calls, forward", "events, forward"), (Way::Reverse, "calls, reverse", "events, reverse")]
    {
        for (in_flight, operations) in [(1, 128), (64, 2048)] {
            let race = Race::new(calls, Some(in_flight), operations);
            let batch = |bench: &Rc<Bench>, side| bench.calls(way, side, in_flight, operations);
            races.push(race.run(&mut criterion, SIDES, start, batch));
        }
        let race = Race::new(events, None, EVENTS);
        races.push(race.run(&mut criterion, SIDES, start, |bench, side| bench.events(way, side)));
    }
    criterion.final_summary();
    if is_measuring() {
        report_rates(SIDES, &races);
    }
}

/// The direction of a connection.
#[derive(Clone, Copy)]
enum Way {
    /// The bot connects to the server.
    Forward,
    /// The server connects to the bot.
    Reverse,
}

/// A server, and both sides connected to it in both directions.
struct Bench {
    forward: (Client, Mutex<Events>, Reference),
    reverse: (Client, Mutex<Server>, Reference),
    runtime: Runtime,
    _server: Other,
}

impl Bench {
    fn start() -> Self {
        let mut server = Other::start();
        let url = format!("ws://127.0.0.1:{}", server.line());
        let runtime = Runtime::new().expect("a runtime starts");
        let (forward, reverse) = runtime.block_on(async {
            let (client, events) = connect(&url).event_queue_limit(usize::MAX).await.expect("the server is there");
            let reference = Reference::connect(&url).await.expect("the server is there");

            let server = Server::bind("127.0.0.1:0").event_queue_limit(usize::MAX).await.expect("there is a free port");
            let address = server.local_addr().expect("it has an address");
            client.call(dial(address)).await.expect("the server answers");
            let account = server.bots().wait_for(server::ACCOUNT).await.expect("it connects");
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
            let address = listener.local_addr().expect("it has an address");
            client.call(dial(address)).await.expect("the server answers");
            let accepted = Reference::accept(listener).await.expect("it connects");
            ((client, Mutex::new(events), reference), (account, Mutex::new(server), accepted))
        });
        Self { forward, reverse, runtime, _server: server }
    }

    fn calls(&self, way: Way, side: usize, in_flight: usize, calls: usize) -> Duration {
        let (client, reference) = match way {
            Way::Forward => (&self.forward.0, &self.forward.2),
            Way::Reverse => (&self.reverse.0, &self.reverse.2),
        };
        match side {
            0 => self.runtime.block_on(batch(client, in_flight, calls)),
            _ => self.runtime.block_on(batch(reference, in_flight, calls)),
        }
    }

    fn events(&self, way: Way, side: usize) -> Duration {
        match (way, side) {
            (Way::Forward, 0) => {
                let mut events = self.forward.1.lock().expect("nobody panicked");
                let took = self.runtime.block_on(hear(&self.forward.0, &mut *events));
                assert_eq!(events.missed(), 0);
                took
            }
            (Way::Reverse, 0) => {
                let mut server = self.reverse.1.lock().expect("nobody panicked");
                let took = self.runtime.block_on(hear(&self.reverse.0, &mut *server));
                assert_eq!(server.missed(), 0);
                took
            }
            (Way::Forward, _) => self.runtime.block_on(self.forward.2.events(EVENTS)),
            (Way::Reverse, _) => self.runtime.block_on(self.reverse.2.events(EVENTS)),
        }
    }
}

/// Makes the server connect to the bot.
fn dial(address: std::net::SocketAddr) -> Raw {
    Raw::new("dial", json!({ "url": format!("ws://{address}") }))
}

/// Waits until all events of a batch are handled.
async fn hear(client: &Client, events: &mut (impl Stream<Item = Received> + Unpin)) -> Duration {
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
    took
}

/// The load of a comparison.
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

/// Spawns one task per call in flight. The tasks share the batch's calls evenly.
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

/// A client written by hand with tokio-tungstenite and serde.
mod reference {
    use std::collections::HashMap;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::{Duration, Instant};

    use futures_util::{SinkExt, StreamExt};
    use serde::{Deserialize, Serialize};
    use tokio::io::{AsyncRead, AsyncWrite};
    use tokio::net::TcpListener;
    use tokio::sync::{mpsc, oneshot};
    use tokio_tungstenite::WebSocketStream;
    use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

    use super::{BoxError, GROUP};
    use cqhttp_benches::by_hand::events::{GroupMessage, Segment};
    use cqhttp_benches::by_hand::{Envelope, SendGroupMsg, SentMessage};

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

    #[derive(Deserialize)]
    struct Peek<'a> {
        post_type: Option<&'a str>,
        echo: Option<&'a str>,
    }

    impl Reference {
        pub(crate) async fn connect(url: &str) -> Result<Self, BoxError> {
            Ok(Self::over(tokio_tungstenite::connect_async_with_config(url, None, true).await?.0))
        }

        /// Waits for the first connection and uses it.
        pub(crate) async fn accept(listener: TcpListener) -> Result<Self, BoxError> {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            Ok(Self::over(tokio_tungstenite::accept_async(stream).await?))
        }

        fn over<S>(mut socket: WebSocketStream<S>) -> Self
        where
            S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        {
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
                                let event: GroupMessage<Vec<Segment>> = serde_json::from_str(&text).expect("it is a message");
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
            Self(Arc::new(Inner { calls, events, next: AtomicU64::new(0) }))
        }

        async fn call<P: Serialize>(&self, action: &str, params: P) -> Result<Utf8Bytes, BoxError> {
            let echo = self.0.next.fetch_add(1, Ordering::Relaxed).to_string();
            let frame = serde_json::to_string(&Call { action, params, echo: &echo })?;
            let (answer, answered) = oneshot::channel();
            self.0.calls.send((echo, frame, answer)).await.map_err(|_| "the connection is lost")?;
            Ok(answered.await?)
        }

        pub(crate) async fn send_group_msg(&self, group_id: i64, text: &str) -> Result<i64, BoxError> {
            let answer = self.call("send_group_msg", SendGroupMsg::text(group_id, text)).await?;
            let envelope: Envelope<SentMessage> = serde_json::from_str(&answer)?;
            if envelope.status != "ok" || envelope.retcode != 0 {
                return Err(format!("{} ({})", envelope.message, envelope.retcode).into());
            }
            Ok(envelope.data.ok_or("no data")?.message_id)
        }

        /// Waits until this many events are handled.
        pub(crate) async fn events(&self, number: usize) -> Duration {
            let (done, finished) = oneshot::channel();
            self.0.events.send((number, done)).await.expect("the connection stands");
            let begun = Instant::now();
            self.call("push", serde_json::json!({ "events": number })).await.expect("the server answers");
            finished.await.expect("the connection stands").duration_since(begun)
        }
    }
}

/// A server with fixed answers, in a separate process.
mod server {
    use futures_util::{SinkExt, StreamExt};
    use serde::Deserialize;
    use tokio::io::{AsyncRead, AsyncWrite};
    use tokio::net::TcpListener;
    use tokio::runtime::Runtime;
    use tokio::sync::mpsc;
    use tokio_tungstenite::WebSocketStream;
    use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Message, Utf8Bytes};

    use super::{EVENTS, process};

    pub(crate) const ACCOUNT: i64 = 10_010;
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

    /// Serves until the other end of standard input is closed.
    pub(crate) fn run() {
        process::end_with_the_first();
        Runtime::new().expect("a runtime starts").block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
            println!("{}", listener.local_addr().expect("it has an address").port());
            let (dial, mut dialled) = mpsc::unbounded_channel();
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        let (stream, _) = accepted.expect("a connection comes");
                        stream.set_nodelay(true).expect("it is a TCP connection");
                        let socket = tokio_tungstenite::accept_async(stream).await.expect("it is a WebSocket");
                        tokio::spawn(serve(socket, dial.clone()));
                    }
                    Some(url) = dialled.recv() => {
                        tokio::spawn(serve(connect(url).await, dial.clone()));
                    }
                }
            }
        });
    }

    /// A connection to a bot.
    async fn connect(url: String) -> WebSocketStream<impl AsyncRead + AsyncWrite + Unpin> {
        let request = ClientRequestBuilder::new(url.parse().expect("it is an address"));
        let request = request.with_header("X-Self-ID", ACCOUNT.to_string());
        tokio_tungstenite::connect_async_with_config(request, None, true).await.expect("the bot listens").0
    }

    async fn serve(
        mut socket: WebSocketStream<impl AsyncRead + AsyncWrite + Unpin>,
        dial: mpsc::UnboundedSender<String>,
    ) {
        while let Some(Ok(frame)) = socket.next().await {
            let Message::Text(call) = frame else { continue };
            let call: Call<'_> = serde_json::from_str(&call).expect("it is a call");
            let answer = format!(
                r#"{{"data":{{"message_id":{MESSAGE_ID}}},"echo":"{}","message":"","retcode":0,"status":"ok"}}"#,
                call.echo
            );
            socket.feed(Message::text(answer)).await.expect("the connection stands");
            match call.action {
                "push" => {
                    for _ in 0..EVENTS {
                        let event = Message::Text(Utf8Bytes::from_static(EVENT));
                        socket.feed(event).await.expect("the connection stands");
                    }
                }
                "dial" => dial.send(call.params.url.expect("it names an address")).expect("the dialler runs"),
                _ => {}
            }
            // Frames that arrived together are answered together.
            socket.flush().await.expect("the connection stands");
        }
    }

    #[derive(Deserialize)]
    struct Call<'a> {
        action: &'a str,
        params: Params,
        echo: &'a str,
    }

    #[derive(Deserialize)]
    struct Params {
        url: Option<String>,
    }
}
