//! Calls a second: `cqhttp::Client` against hand-written code on a bare `reqwest::Client`, as a ratio.
//!
//! The server is this program, started a second time. A round is one small batch of calls through each side in turn, so
//! that whatever else the machine does falls on all of them; a ratio compares two batches of one round. The feature
//! `rate-limit` adds a side: the same client with layers that hold nothing back.

#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

use std::cell::RefCell;
use std::env;
use std::time::{Duration, Instant};

use cqhttp::Client;
use cqhttp::action::SendGroupMsg;
#[cfg(feature = "rate-limit")]
use cqhttp::layer::{RateLimit, RetryReads};
use criterion::{Criterion, SamplingMode, Throughput};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
#[cfg(feature = "rate-limit")]
use tower::limit::ConcurrencyLimitLayer;

use reference::Reference;
use server::Server;

const TOKEN: &str = "bench";
const GROUP: i64 = 10_001_000;
const TEXT: &str = "the quick brown fox jumps over the lazy dog";

type BoxError = Box<dyn std::error::Error + Send + Sync>;

fn main() {
    if env::var_os(server::VARIABLE).is_some() {
        return server::run();
    }
    // Without `--bench` criterion runs everything once, as a test.
    let measuring = env::args().any(|argument| argument == "--bench");
    assert_same_request();

    let mut criterion = Criterion::default().configure_from_args();
    let in_test = (!measuring).then(Bench::start);
    let mut cases = Vec::new();
    for action in [Action::GetLoginInfo, Action::SendGroupMsg] {
        for in_flight in [1, 64] {
            let load = Load { action, in_flight, calls: if measuring { 256 } else { 64 } };
            cases.extend(Case::measure(&mut criterion, load, in_test.as_ref()));
        }
    }
    criterion.final_summary();
    if measuring {
        report(&cases);
    }
}

/// All sides put the same JSON on the wire.
fn assert_same_request() {
    let ours = serde_json::to_value(SendGroupMsg::new(GROUP, TEXT)).expect("a request is JSON");
    let theirs = serde_json::to_value(reference::SendGroupMsg::text(GROUP, TEXT)).expect("a request is JSON");
    assert_eq!(ours, theirs);
}

#[derive(Clone, Copy)]
enum Action {
    GetLoginInfo,
    SendGroupMsg,
}

impl Action {
    fn name(self) -> &'static str {
        match self {
            Self::GetLoginInfo => "get_login_info",
            Self::SendGroupMsg => "send_group_msg",
        }
    }
}

/// What is compared.
trait Side: Clone + Send + Sync + 'static {
    fn login_name(&self) -> impl Future<Output = Result<String, BoxError>> + Send;
    fn send_text(&self) -> impl Future<Output = Result<i64, BoxError>> + Send;
}

impl Side for Client {
    async fn login_name(&self) -> Result<String, BoxError> {
        Ok(self.get_login_info().await?.nickname)
    }

    async fn send_text(&self) -> Result<i64, BoxError> {
        Ok(self.send_group_msg(GROUP, TEXT).await?.message_id.get())
    }
}

impl Side for Reference {
    async fn login_name(&self) -> Result<String, BoxError> {
        Ok(self.get_login_info().await?.nickname)
    }

    async fn send_text(&self) -> Result<i64, BoxError> {
        Ok(self.send_group_msg(GROUP, TEXT).await?.message_id)
    }
}

/// The sides by name, in the order of a round's times: first what is measured, then what it is measured against.
#[cfg(not(feature = "rate-limit"))]
const SIDES: [&str; 3] = ["cqhttp", "reqwest", "reqwest, time limit"];
#[cfg(feature = "rate-limit")]
const SIDES: [&str; 4] = ["cqhttp", "reqwest", "reqwest, time limit", "cqhttp with layers"];

/// How long a batch took each side.
type Round = [Duration; SIDES.len()];

/// A batch.
#[derive(Clone, Copy)]
struct Load {
    action: Action,
    in_flight: usize,
    calls: usize,
}

struct Case {
    load: Load,
    rounds: Vec<Round>,
}

impl Case {
    /// Measures one load, on `bench` or on several new ones; `None` if the command line asks for others.
    fn measure(criterion: &mut Criterion, load: Load, bench: Option<&Bench>) -> Option<Self> {
        // Every side is a benchmark of its own to criterion, and every one of its samples takes whole rounds.
        let rounds = RefCell::new(Vec::new());
        let mut group = criterion.benchmark_group(format!("{}/{} in flight", load.action.name(), load.in_flight));
        group.sampling_mode(SamplingMode::Flat).sample_size(50);
        group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(6));
        group.throughput(Throughput::Elements(load.calls as u64));
        for (side, name) in SIDES.into_iter().enumerate() {
            let new;
            let bench = match bench {
                Some(bench) => bench,
                None => {
                    new = Bench::start();
                    &new
                }
            };
            group.bench_function(name, |bencher| {
                bencher.iter_custom(|iterations| {
                    let turn = rounds.borrow().len();
                    let taken: Vec<Round> =
                        (turn..turn + iterations as usize).map(|turn| bench.round(load, turn)).collect();
                    let time = taken.iter().map(|round| round[side]).sum();
                    rounds.borrow_mut().extend(taken);
                    time
                });
            });
        }
        group.finish();
        let rounds = rounds.into_inner();
        (!rounds.is_empty()).then_some(Self { load, rounds })
    }
}

/// A server, and the sides with new connections to it.
struct Bench {
    cqhttp: Client,
    #[cfg(feature = "rate-limit")]
    layered: Client,
    bare: Reference,
    /// With the time limit that every call through `cqhttp` has.
    limited: Reference,
    runtime: Runtime,
    _server: Server,
}

impl Bench {
    fn start() -> Self {
        let server = Server::start();
        let runtime = Runtime::new().expect("a runtime starts");
        let inside = runtime.enter();
        let cqhttp = Client::builder(&server.url).access_token(TOKEN).build().expect("the client is built");
        #[cfg(feature = "rate-limit")]
        let layered = Client::builder(&server.url)
            .access_token(TOKEN)
            .layer(ConcurrencyLimitLayer::new(1_000_000))
            .layer(RateLimit::per_second(1_000_000).per_target())
            .layer(RetryReads::new())
            .build()
            .expect("the client is built");
        let reference = |limit| Reference::new(&server.url, TOKEN, limit).expect("the reference is built");
        let (bare, limited) = (reference(None), reference(Some(Duration::from_secs(30))));
        drop(inside);
        Self {
            cqhttp,
            #[cfg(feature = "rate-limit")]
            layered,
            bare,
            limited,
            runtime,
            _server: server,
        }
    }

    /// One batch through each side; they take turns at being the first.
    fn round(&self, load: Load, turn: usize) -> Round {
        let mut times = Round::default();
        for place in 0..SIDES.len() {
            let side = (turn + place) % SIDES.len();
            times[side] = self.runtime.block_on(async {
                match side {
                    0 => batch(&self.cqhttp, load).await,
                    1 => batch(&self.bare, load).await,
                    2 => batch(&self.limited, load).await,
                    #[cfg(feature = "rate-limit")]
                    3 => batch(&self.layered, load).await,
                    other => unreachable!("there is no side {other}"),
                }
            });
        }
        times
    }
}

/// Spawns as many tasks as calls are to be in flight, which share the batch's calls evenly.
async fn batch<S: Side>(side: &S, load: Load) -> Duration {
    let each = load.calls / load.in_flight;
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..load.in_flight {
        let side = side.clone();
        tasks.spawn(async move {
            for _ in 0..each {
                match load.action {
                    Action::GetLoginInfo => assert_eq!(side.login_name().await?, server::NICKNAME),
                    Action::SendGroupMsg => assert_eq!(side.send_text().await?, server::MESSAGE_ID),
                }
            }
            Ok::<_, BoxError>(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.expect("the answer is the server's").expect("the call succeeds");
    }
    begun.elapsed()
}

/// Prints the table.
fn report(cases: &[Case]) {
    print!("| action | in flight | against | its calls/s | cqhttp, calls/s | ratio, median ");
    println!("| 95 % interval of the median | 10th–90th percentile | rounds |");
    println!("|---|---:|---|---:|---:|---:|---:|---:|---:|");
    for Case { load: Load { action, in_flight, calls }, rounds } in cases {
        let sorted = |value: &dyn Fn(&Round) -> f64| {
            let mut values: Vec<f64> = rounds.iter().map(value).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let rate = |side: usize| *calls as f64 / quantile(&sorted(&|round| round[side].as_secs_f64()), 0.5);
        for (side, name) in SIDES.into_iter().enumerate().skip(1) {
            let ratios = sorted(&|round| round[side].as_secs_f64() / round[0].as_secs_f64());
            // The ranks between which the median lies with 95 %, whatever the distribution.
            let margin = 0.98 / (ratios.len() as f64).sqrt();
            let [low, tenth, median, ninetieth, high] =
                [0.5 - margin, 0.1, 0.5, 0.9, 0.5 + margin].map(|at| quantile(&ratios, at));
            let (action, theirs, ours) = (action.name(), rate(side), rate(0));
            print!("| `{action}` | {in_flight} | {name} | {theirs:.0} | {ours:.0} | **{median:.3}** ");
            println!("| {low:.3}–{high:.3} | {tenth:.3}–{ninetieth:.3} | {} |", ratios.len());
        }
    }
}

fn quantile(sorted: &[f64], at: f64) -> f64 {
    let last = sorted.len() - 1;
    sorted[(at.clamp(0.0, 1.0) * last as f64).round() as usize]
}

/// What a bot's author writes who has reqwest and serde alone.
mod reference {
    use std::sync::Arc;
    use std::time::Duration;

    use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
    use serde::de::DeserializeOwned;
    use serde::{Deserialize, Serialize};

    use super::BoxError;

    const BODY_LIMIT: usize = 32 * 1024 * 1024;

    #[derive(Clone)]
    pub(crate) struct Reference {
        http: reqwest::Client,
        base: Arc<str>,
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
    pub(crate) struct LoginInfo {
        #[allow(dead_code, reason = "decoded as by the other side")]
        pub(crate) user_id: i64,
        pub(crate) nickname: String,
    }

    #[derive(Serialize)]
    pub(crate) struct SendGroupMsg<'a> {
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
    pub(crate) struct SentMessage {
        pub(crate) message_id: i64,
    }

    impl<'a> SendGroupMsg<'a> {
        pub(crate) fn text(group_id: i64, text: &'a str) -> Self {
            Self { group_id, message: [Segment { kind: "text", data: Text { text } }], auto_escape: false }
        }
    }

    impl Reference {
        /// With a time limit for each call, or without.
        pub(crate) fn new(base: &str, token: &str, limit: Option<Duration>) -> Result<Self, BoxError> {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.insert(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}"))?);
            let mut http = reqwest::Client::builder()
                .default_headers(headers)
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .no_proxy()
                .tcp_nodelay(true)
                .connect_timeout(Duration::from_secs(10));
            if let Some(limit) = limit {
                http = http.timeout(limit);
            }
            Ok(Self { http: http.build()?, base: base.into() })
        }

        pub(crate) async fn get_login_info(&self) -> Result<LoginInfo, BoxError> {
            self.call("get_login_info", &serde_json::Map::new()).await
        }

        pub(crate) async fn send_group_msg(&self, group_id: i64, text: &str) -> Result<SentMessage, BoxError> {
            self.call("send_group_msg", &SendGroupMsg::text(group_id, text)).await
        }

        async fn call<P: Serialize + Sync, T: DeserializeOwned>(
            &self,
            action: &str,
            params: &P,
        ) -> Result<T, BoxError> {
            let url = format!("{}/{action}", self.base);
            let mut response = self.http.post(url).body(serde_json::to_vec(params)?).send().await?;
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await? {
                if body.len() + chunk.len() > BODY_LIMIT {
                    return Err(format!("{action}: the answer is longer than {BODY_LIMIT} bytes").into());
                }
                body.extend_from_slice(&chunk);
            }
            let envelope: Envelope<T> = serde_json::from_slice(&body)?;
            if envelope.status != "ok" || envelope.retcode != 0 {
                return Err(format!("{action}: {} ({})", envelope.message, envelope.retcode).into());
            }
            envelope.data.ok_or_else(|| format!("{action}: no data").into())
        }
    }
}

/// A server with fixed answers, in a process of its own.
mod server {
    use std::convert::Infallible;
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Child, Command, Stdio};
    use std::{env, io, process, thread};

    use bytes::Bytes;
    use http_body_util::{BodyExt, Full};
    use hyper::body::Incoming;
    use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
    use hyper::server::conn::http1;
    use hyper::service::service_fn;
    use hyper::{Request, Response, StatusCode};
    use hyper_util::rt::TokioIo;
    use tokio::net::TcpListener;
    use tokio::runtime::Runtime;

    use super::TOKEN;

    /// Tells this program to be the server.
    pub(crate) const VARIABLE: &str = "CQHTTP_BENCH_SERVER";
    pub(crate) const NICKNAME: &str = "bot";
    pub(crate) const MESSAGE_ID: i64 = -1_234_500_000;

    // In the order of go-cqhttp's keys.
    const LOGIN_INFO: &str = r#"{"data":{"nickname":"bot","user_id":10010},"message":"","retcode":0,"status":"ok"}"#;
    const SENT: &str = r#"{"data":{"message_id":-1234500000},"message":"","retcode":0,"status":"ok"}"#;

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
            Self { url: format!("http://127.0.0.1:{}", port.trim()), process }
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
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(respond)));
            }
        });
    }

    async fn respond(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let read = body.collect().await.is_ok();
        let token = head.headers.get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        let json = HeaderValue::from_static("application/json");
        let fine = read && token == Some(TOKEN.as_bytes()) && head.headers.get(CONTENT_TYPE) == Some(&json);
        let (status, answer) = match head.uri.path() {
            "/get_login_info" if fine => (StatusCode::OK, LOGIN_INFO),
            "/send_group_msg" if fine => (StatusCode::OK, SENT),
            _ => (StatusCode::BAD_REQUEST, ""),
        };
        let mut response = Response::new(Full::from(answer));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, json);
        Ok(response)
    }
}
