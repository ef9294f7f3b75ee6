//! The stand-in as the one that connects: to a bot that is a server.

use std::error::Error;
use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use hyper::header::{HeaderValue, USER_AGENT};
use hyper::http::request;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use sha1::Sha1;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::ws::{Accepted, Kind};
use super::{Server, State, lock};

/// How long a bot has to answer a handshake: as much as Go's library gives it.
const HANDSHAKE: Duration = Duration::from_secs(45);

/// How long a bot has to answer an event.
const RESPONSE: Duration = Duration::from_secs(5);

/// What a connection to the bot is there for: `X-Client-Role`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DialRole {
    /// It takes calls and brings events.
    #[default]
    Universal,
    /// It takes calls alone.
    Api,
    /// It brings events alone.
    Event,
}

/// A reverse WebSocket to be made: [`Server::dial`].
#[derive(Clone)]
#[must_use = "nothing is dialled until `Server::dial`"]
pub struct Dial {
    address: Address,
    token: Option<String>,
    role: DialRole,
    retry: Duration,
}

impl Dial {
    /// To the bot at `url`: `ws://`, a host, and maybe a port, which is 80 otherwise, a path and a query. A program that was
    /// given the address parses it: `url.parse::<Dial>()`.
    ///
    /// # Panics
    ///
    /// It is no such address.
    #[track_caller]
    pub fn to(url: impl Into<String>) -> Self {
        Self::new(Address::parse(url.into(), "ws").unwrap_or_else(|error| no_address(&error)))
    }

    fn new(address: Address) -> Self {
        Self { address, token: None, role: DialRole::default(), retry: Duration::from_millis(50) }
    }

    /// The access token to show, as `Authorization: Token …`, which is how go-cqhttp does it. Default: none; an
    /// empty one is none.
    pub fn access_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into()).filter(|token| !token.is_empty());
        self
    }

    /// What the connection is there for. Default: Universal.
    pub fn role(mut self, role: DialRole) -> Self {
        self.role = role;
        self
    }

    /// How long to wait before it is tried again, after a failure and after the connection has ended. Default: 50 ms;
    /// go-cqhttp waits for 3 seconds.
    pub fn retry(mut self, pause: Duration) -> Self {
        self.retry = pause;
        self
    }

    async fn connect(&self, state: &Arc<State>) -> io::Result<Accepted> {
        let (role, kind) = match self.role {
            DialRole::Universal => ("Universal", Kind::Both),
            DialRole::Api => ("API", Kind::Calls),
            DialRole::Event => ("Event", Kind::Events),
        };
        let mut request = head(Request::get(&self.address.path), &self.address, state.self_id)
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "websocket")
            .header(SEC_WEBSOCKET_VERSION, "13")
            .header(SEC_WEBSOCKET_KEY, "c3RhbmQtaW4gc3RhbmRzIQ==")
            .header("X-Client-Role", role);
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Token {token}"));
        }
        let request = request.body(Full::default()).map_err(io::Error::other)?;
        let mut tasks = JoinSet::new();
        let response = send(&self.address, request, &mut tasks).await?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(refused(response.status().as_u16(), "access token"));
        }
        let upgraded = hyper::upgrade::on(response).await.map_err(|error| why(&error))?;
        let parts = upgraded.downcast::<TokioIo<TcpStream>>().map_err(|_| no_response())?;
        Ok(Accepted::dialled(state, parts.io.into_inner(), parts.read_buf, kind))
    }
}

/// As [`Dial::to`], with an error of the kind `InvalidInput` in place of the panic.
impl FromStr for Dial {
    type Err = io::Error;

    fn from_str(url: &str) -> io::Result<Self> {
        Address::parse(url.to_owned(), "ws").map(Self::new)
    }
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dial").field("role", &self.role).field("retry", &self.retry).finish_non_exhaustive()
    }
}

impl Server {
    /// Connects to a bot over reverse WebSocket, with go-cqhttp's headers and lifecycle frame, and goes on to do so
    /// whenever the connection has ended, until the stand-in is stopped. It counts among [`connections`](Self::connections),
    /// and everything that is done to those can be done to it. Why it does not come about, hears
    /// [`on_refused`](super::ServerBuilder::on_refused); a bot that does not answer within 45 seconds is given up.
    pub fn dial(&self, dial: Dial) {
        let state = self.state.clone();
        lock(&self.state.dialling).spawn(async move {
            let mut refusals = Refusals::of(&dial.address.url);
            loop {
                match within(HANDSHAKE, dial.connect(&state)).await {
                    Ok(connection) => {
                        refusals.none();
                        connection.serve().await;
                    }
                    Err(error) => refusals.tell(&state, &error),
                }
                tokio::time::sleep(dial.retry).await;
            }
        });
    }

    /// Connects to a bot once, over reverse WebSocket: it fails where the bot does not let the stand-in in, and is not made
    /// again when it has ended.
    ///
    /// # Errors
    ///
    /// The bot cannot be reached, answers with an HTTP status, which the error names, or does not answer within 45 seconds.
    pub async fn dial_once(&self, dial: Dial) -> io::Result<()> {
        let connection = within(HANDSHAKE, dial.connect(&self.state)).await?;
        lock(&self.state.dialling).spawn(connection.serve());
        Ok(())
    }
}

impl Server {
    /// Posts every event from now on to a bot, one after the other, and carries out the quick operation that it answers:
    /// the [`calls`](Self::calls) show it, as `.handle_quick_operation` and the actions that it stands for. An event that
    /// gets no response within the webhook's [time](Webhook::timeout) is lost, and logged, and
    /// [`on_refused`](super::ServerBuilder::on_refused) hears of it.
    pub fn webhook(&self, webhook: Webhook) {
        let (sender, mut events) = mpsc::unbounded_channel::<String>();
        lock(&self.state.webhooks).push(sender);
        let mut refusals = Refusals::of(&webhook.address.url);
        // The state holds the sender, and so must not be held for long.
        let state = Arc::downgrade(&self.state);
        lock(&self.state.dialling).spawn(async move {
            while let Some(event) = events.recv().await {
                let Some(state) = state.upgrade() else { return };
                state.go_on().await;
                match webhook.post(&event).await {
                    Ok(Posted { status, operation }) => {
                        if (200..300).contains(&status) {
                            refusals.none();
                        } else {
                            refusals.tell(&state, &refused(status, "secret"));
                        }
                        if let Some(operation) = operation {
                            state.posted(&event, &operation);
                        }
                    }
                    Err(error) => {
                        tracing::warn!(%error, "no response to an event that was posted");
                        refusals.tell(&state, &error);
                    }
                }
            }
        });
    }
}

/// Events by HTTP POST to a bot, as go-cqhttp sends them: all of them by [`Server::webhook`], or one by
/// [`post`](Self::post).
#[derive(Clone)]
pub struct Webhook {
    address: Address,
    secret: Option<String>,
    retries: u32,
    pause: Duration,
    timeout: Duration,
}

/// What a bot has answered to an event.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Posted {
    /// The HTTP status.
    pub status: u16,
    /// The quick operation; `None` where there is none.
    pub operation: Option<Value>,
}

impl Webhook {
    /// To the bot at `url`: `http://`, a host, and maybe a port, which is 80 otherwise, a path and a query. A program that
    /// was given the address parses it: `url.parse::<Webhook>()`.
    ///
    /// # Panics
    ///
    /// It is no such address.
    #[must_use]
    #[track_caller]
    pub fn to(url: impl Into<String>) -> Self {
        Self::new(Address::parse(url.into(), "http").unwrap_or_else(|error| no_address(&error)))
    }

    fn new(address: Address) -> Self {
        Self { address, secret: None, retries: 3, pause: Duration::from_millis(50), timeout: RESPONSE }
    }

    /// The secret to sign events with. Default: none, and they are not signed; an empty one is none.
    #[must_use]
    pub fn secret(mut self, secret: impl Into<String>) -> Self {
        self.secret = Some(secret.into()).filter(|secret| !secret.is_empty());
        self
    }

    /// How often an event is sent again where no response comes. Default: 3, with 50 ms between; go-cqhttp waits for 1.5
    /// seconds.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// How long the bot has for its whole response, each time that an event is sent. Default: 5 seconds, as go-cqhttp has
    /// it.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Sends an event, given as JSON, and takes the answer. The account is the event's.
    ///
    /// # Errors
    ///
    /// No response came in time, however often it was tried; or one that broke off, or did not end in time, and then it is
    /// not tried again.
    pub async fn post(&self, event: &str) -> io::Result<Posted> {
        let body = format!("{event}\n");
        let mut left = self.retries;
        loop {
            let mut heard = false;
            let outcome = within(self.timeout, self.attempt(&body, &mut heard)).await;
            if outcome.is_ok() || heard || left == 0 {
                return outcome;
            }
            left -= 1;
            tokio::time::sleep(self.pause).await;
        }
    }

    /// Sends an event once; `heard` is whether a response has begun.
    async fn attempt(&self, body: &str, heard: &mut bool) -> io::Result<Posted> {
        let event: Value = serde_json::from_str(body).unwrap_or_default();
        let self_id = event["self_id"].as_i64().unwrap_or_default();
        let mut request = head(Request::post(&self.address.path), &self.address, self_id)
            .header(CONNECTION, "close")
            .header(CONTENT_TYPE, "application/json");
        if let Some(signature) = self.secret.as_deref().and_then(|secret| signature(secret, body)) {
            request = request.header("X-Signature", signature);
        }
        let request = request.body(body.to_owned().into()).map_err(io::Error::other)?;
        let mut tasks = JoinSet::new();
        let response = send(&self.address, request, &mut tasks).await?;
        *heard = true;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.map_err(|error| why(&error))?.to_bytes();
        Ok(Posted { status, operation: serde_json::from_slice(&body).ok() })
    }
}

fn signature(secret: &str, body: &str) -> Option<String> {
    let mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).ok()?.chain_update(body);
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!("sha1={hex}"))
}

/// As [`Webhook::to`], with an error of the kind `InvalidInput` in place of the panic.
impl FromStr for Webhook {
    type Err = io::Error;

    fn from_str(url: &str) -> io::Result<Self> {
        Address::parse(url.to_owned(), "http").map(Self::new)
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("retries", &self.retries).finish_non_exhaustive()
    }
}

/// Where a bot listens.
#[derive(Clone)]
struct Address {
    /// As it was given.
    url: String,
    /// The host, and the port where one was given.
    host: String,
    /// The host and the port.
    socket: String,
    /// With the query.
    path: String,
}

impl Address {
    fn parse(url: String, scheme: &str) -> io::Result<Self> {
        let wrong = |why: String| io::Error::new(io::ErrorKind::InvalidInput, why);
        let uri = Uri::from_str(&url).map_err(|error| wrong(format!("the address cannot be read: {error}")))?;
        let (Some(host), true) = (uri.host(), uri.scheme_str() == Some(scheme)) else {
            return Err(wrong(format!("an address that begins with `{scheme}://` is expected")));
        };
        let given = uri.authority().map_or(host, |authority| authority.as_str());
        let given = given.rsplit_once('@').map_or(given, |(_, given)| given);
        let port = match given.strip_prefix(host).and_then(|port| port.strip_prefix(':')) {
            None | Some("") => 80,
            Some(port) => {
                port.parse::<u16>().map_err(|_| wrong("the port of the address is no number up to 65535".to_owned()))?
            }
        };
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let (socket, path) = (format!("{host}:{port}"), format!("{}{query}", uri.path()));
        Ok(Self { host: given.to_owned(), socket, path, url })
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        TcpStream::connect(&*self.socket).await.map_err(|error| match error.kind() {
            kind @ io::ErrorKind::ConnectionRefused => io::Error::new(kind, "nothing listens there"),
            _ => error,
        })
    }
}

#[track_caller]
#[allow(clippy::panic, reason = "the test is wrong, and is to fail where it is")]
fn no_address(error: &io::Error) -> ! {
    panic!("{error}")
}

/// What all requests of go-cqhttp have.
fn head(request: request::Builder, address: &Address, self_id: i64) -> request::Builder {
    let request = request.header(HOST, &*address.host).header(USER_AGENT, "CQHttp/4.15.0");
    request.header("X-Self-ID", HeaderValue::from(self_id))
}

/// Sends a request on a connection of its own, up to where the response begins. The connection is one of the `tasks`, and
/// ends with them.
async fn send(
    address: &Address,
    request: Request<Full<Bytes>>,
    tasks: &mut JoinSet<()>,
) -> io::Result<Response<Incoming>> {
    let stream = address.connect().await?;
    stream.set_nodelay(true)?;
    let mut http = http1::Builder::new();
    // Go writes the names of headers like this.
    let handshake = http.title_case_headers(true).handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| why(&error))?;
    tasks.spawn(async {
        // What goes wrong hears who waits for the response.
        let _ = connection.with_upgrades().await;
    });
    sender.send_request(request).await.map_err(|error| why(&error))
}

/// An answer of a bot's, for which it has so long.
async fn within<T>(limit: Duration, answer: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| {
        Err(io::Error::new(io::ErrorKind::TimedOut, format!("the bot has not answered within {limit:?}")))
    })
}

/// Why there is no response, in the words of what lies under it.
fn why(error: &hyper::Error) -> io::Error {
    let under = error.source();
    let kind = under.and_then(|under| under.downcast_ref::<io::Error>()).map(io::Error::kind);
    let hung_up = error.is_incomplete_message() || error.is_canceled();
    if hung_up || matches!(kind, Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)) {
        return no_response();
    }
    io::Error::other(under.map_or_else(|| error.to_string(), |under| format!("{error}: {under}")))
}

/// What a bot answers that does not want the stand-in; `proof` is what it may have asked for.
fn refused(status: u16, proof: &str) -> io::Error {
    let why = match status {
        401 => format!("; it asks for its {proof}"),
        403 => format!("; its {proof} is another"),
        _ => String::new(),
    };
    io::Error::other(format!("the bot answers with HTTP status {status}{why}"))
}

fn no_response() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the bot hangs up without an answer")
}

/// Why a bot could not be reached last.
struct Refusals {
    url: String,
    last: Option<String>,
}

impl Refusals {
    fn of(url: &str) -> Self {
        Self { url: url.to_owned(), last: None }
    }

    fn none(&mut self) {
        self.last = None;
    }

    /// Says it once, and not at every retry.
    fn tell(&mut self, state: &State, error: &io::Error) {
        let Some(on_refused) = &state.on_refused else { return };
        let text = error.to_string();
        if self.last.as_ref() != Some(&text) {
            state.calls.catch(format_args!("the closure of `on_refused`"), || on_refused(&self.url, error));
            self.last = Some(text);
        }
    }
}
