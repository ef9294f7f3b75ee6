//! Calls per second: `cqhttp::Client` against hand-written code on a bare `reqwest::Client`, as a ratio.
//!
//! The server is this program, started a second time. A round is one small batch of calls through each side in turn, so
//! that other load on the machine affects all of them; a ratio compares two batches of one round. The feature
//! `rate-limit` adds a side: the same client with layers that delay no call.

#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

use std::rc::Rc;
use std::time::{Duration, Instant};

use cqhttp::Client;
use cqhttp::action::SendGroupMsg;
#[cfg(feature = "rate-limit")]
use cqhttp::layer::{RateLimit, RetryReads};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
#[cfg(feature = "rate-limit")]
use tower::limit::ConcurrencyLimitLayer;

use cqhttp_benches::process::{self, Other};
use cqhttp_benches::rounds::{Race, criterion, is_measuring, report_rates};
use reference::Reference;

const TOKEN: &str = "bench";
const GROUP: i64 = 10_001_000;
const TEXT: &str = "the quick brown fox jumps over the lazy dog";

type BoxError = Box<dyn std::error::Error + Send + Sync>;

fn main() {
    if process::is_other() {
        return server::run();
    }
    assert_same_request();
    let mut criterion = criterion();
    // As a test, all cases share one bench.
    let in_test = (!is_measuring()).then(|| Rc::new(Bench::start()));
    let start = || in_test.clone().unwrap_or_else(|| Rc::new(Bench::start()));
    let mut races = Vec::new();
    for action in [Action::GetLoginInfo, Action::SendGroupMsg] {
        for in_flight in [1, 64] {
            let load = Load { action, in_flight, calls: if is_measuring() { 256 } else { 64 } };
            let race = Race::new(action.name(), Some(in_flight), load.calls);
            races.push(race.run(&mut criterion, SIDES, start, |bench, side| bench.batch(load, side)));
        }
    }
    criterion.final_summary();
    if is_measuring() {
        report_rates(SIDES, &races);
    }
}

/// Checks that all sides send the same JSON.
fn assert_same_request() {
    let ours = serde_json::to_value(SendGroupMsg::new(GROUP, TEXT)).expect("a request is JSON");
    let theirs =
        serde_json::to_value(cqhttp_benches::by_hand::SendGroupMsg::text(GROUP, TEXT)).expect("a request is JSON");
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
            Self::GetLoginInfo => "`get_login_info`",
            Self::SendGroupMsg => "`send_group_msg`",
        }
    }
}

/// The load of a comparison.
trait Side: Clone + Send + Sync + 'static {
    fn login_name(&self) -> impl Future<Output = Result<String, BoxError>> + Send;
    fn send_text(&self) -> impl Future<Output = Result<i64, BoxError>> + Send;
}

impl Side for Client {
    async fn login_name(&self) -> Result<String, BoxError> {
        Ok(self.get_login_info().await?.nickname.unwrap_or_default())
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

/// The names of the sides: `cqhttp` first, then the references.
#[cfg(not(feature = "rate-limit"))]
const SIDES: [&str; 3] = ["cqhttp", "reqwest", "reqwest, time limit"];
#[cfg(feature = "rate-limit")]
const SIDES: [&str; 4] = ["cqhttp", "reqwest", "reqwest, time limit", "cqhttp with layers"];

/// Runs one batch through a side.
#[derive(Clone, Copy)]
struct Load {
    action: Action,
    in_flight: usize,
    calls: usize,
}

/// A server, and the sides with new connections to it.
struct Bench {
    cqhttp: Client,
    #[cfg(feature = "rate-limit")]
    layered: Client,
    bare: Reference,
    /// The reference with the time limit of every call through `cqhttp`.
    limited: Reference,
    runtime: Runtime,
    _server: Other,
}

impl Bench {
    fn start() -> Self {
        let mut server = Other::start();
        let url = format!("http://127.0.0.1:{}", server.line());
        let runtime = Runtime::new().expect("a runtime starts");
        let inside = runtime.enter();
        let cqhttp = Client::builder(&url).access_token(TOKEN).build().expect("the client is built");
        #[cfg(feature = "rate-limit")]
        let layered = Client::builder(&url)
            .access_token(TOKEN)
            .layer(ConcurrencyLimitLayer::new(1_000_000))
            .layer(RateLimit::per_second(1_000_000).per_target())
            .layer(RetryReads::new())
            .build()
            .expect("the client is built");
        let reference = |limit| Reference::new(&url, TOKEN, limit).expect("the reference is built");
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

    fn batch(&self, load: Load, side: usize) -> Duration {
        self.runtime.block_on(async {
            match side {
                0 => batch(&self.cqhttp, load).await,
                1 => batch(&self.bare, load).await,
                2 => batch(&self.limited, load).await,
                #[cfg(feature = "rate-limit")]
                3 => batch(&self.layered, load).await,
                other => unreachable!("there is no side {other}"),
            }
        })
    }
}

/// Spawns one task per call in flight. The tasks share the batch's calls evenly.
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

/// A client written by hand with reqwest and serde.
mod reference {
    use std::sync::Arc;
    use std::time::Duration;

    use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
    use serde::de::DeserializeOwned;
    use serde::{Deserialize, Serialize};

    use super::BoxError;
    use cqhttp_benches::by_hand::{Envelope, SendGroupMsg, SentMessage};

    const BODY_LIMIT: usize = 32 * 1024 * 1024;

    #[derive(Clone)]
    pub(crate) struct Reference {
        http: reqwest::Client,
        base: Arc<str>,
    }

    #[derive(Deserialize)]
    pub(crate) struct LoginInfo {
        #[allow(dead_code, reason = "decoded as by the other side")]
        pub(crate) user_id: i64,
        pub(crate) nickname: String,
    }

    impl Reference {
        /// Creates a client with a time limit for each call, or without one.
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

/// A server with fixed answers, in a separate process.
mod server {
    use bytes::Bytes;
    use http_body_util::{BodyExt, Full};
    use hyper::body::Incoming;
    use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
    use hyper::server::conn::http1;
    use hyper::service::service_fn;
    use hyper::{Request, Response, StatusCode};
    use hyper_util::rt::TokioIo;
    use std::convert::Infallible;
    use tokio::net::TcpListener;
    use tokio::runtime::Runtime;

    use super::{TOKEN, process};

    pub(crate) const NICKNAME: &str = "bot";
    pub(crate) const MESSAGE_ID: i64 = -1_234_500_000;

    // In the order of go-cqhttp's keys.
    const LOGIN_INFO: &str = r#"{"data":{"nickname":"bot","user_id":10010},"message":"","retcode":0,"status":"ok"}"#;
    const SENT: &str = r#"{"data":{"message_id":-1234500000},"message":"","retcode":0,"status":"ok"}"#;

    /// Serves until the other end of standard input is closed.
    pub(crate) fn run() {
        process::end_with_the_first();
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
