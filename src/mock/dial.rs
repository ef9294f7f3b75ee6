//! The stand-in as the one that connects: to a bot that is a server.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha1::Sha1;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::ws::{Accepted, Kind};
use super::{OnRefused, Server, State, lock};

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
    url: String,
    token: Option<String>,
    role: DialRole,
    retry: Duration,
}

impl Dial {
    /// To the bot at `url`: `ws://`, a host with a port, and maybe a path and a query.
    pub fn to(url: impl Into<String>) -> Self {
        Self { url: url.into(), token: None, role: DialRole::default(), retry: Duration::from_millis(50) }
    }

    /// The access token to show, as `Authorization: Token …`, which is how go-cqhttp does it. Default: none.
    pub fn access_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
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
        let (host, path) = host_and_path(&self.url, "ws://")?;
        let token = self.token.as_ref().map_or(String::new(), |token| format!("Authorization: Token {token}\r\n"));
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: CQHttp/4.15.0\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c3RhbmQtaW4gc3RhbmRzIQ==\r\n\
             X-Client-Role: {role}\r\nX-Self-ID: {}\r\n{token}\r\n",
            state.self_id
        );
        let mut stream = connect(host).await?;
        stream.set_nodelay(true)?;
        stream.write_all(head.as_bytes()).await?;
        let mut read = Vec::new();
        let end = loop {
            if let Some(end) = memchr::memmem::find(&read, b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut read).await? == 0 {
                return Err(no_response());
            }
        };
        let (status, _) = status_of(&read)?;
        if status != 101 {
            return Err(refused(status, "access token"));
        }
        Ok(Accepted::dialled(state, stream, Bytes::copy_from_slice(&read[end..]), kind))
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
    /// [`on_refused`](super::ServerBuilder::on_refused).
    pub fn dial(&self, dial: Dial) {
        let state = self.state.clone();
        lock(&self.state.dialling).spawn(async move {
            let mut refusals = Refusals::new(&state, &dial.url);
            loop {
                match dial.connect(&state).await {
                    Ok(connection) => {
                        refusals.none();
                        connection.serve().await;
                    }
                    Err(error) => refusals.tell(&error),
                }
                tokio::time::sleep(dial.retry).await;
            }
        });
    }

    /// Connects to a bot once, over reverse WebSocket: it fails where the bot does not let the stand-in in, and is not made again when it has ended.
    ///
    /// # Errors
    ///
    /// The bot cannot be reached, or answers with an HTTP status, which the error names.
    pub async fn dial_once(&self, dial: Dial) -> io::Result<()> {
        let connection = dial.connect(&self.state).await?;
        lock(&self.state.dialling).spawn(connection.serve());
        Ok(())
    }
}

impl Server {
    /// Posts every event from now on to a bot, one after the other, and carries out the quick operation that it answers:
    /// the [`calls`](Self::calls) show it, as `.handle_quick_operation` and the actions that it stands for. An event that
    /// gets no response is lost, and logged, and [`on_refused`](super::ServerBuilder::on_refused) hears of it.
    pub fn webhook(&self, webhook: Webhook) {
        let (sender, mut events) = mpsc::unbounded_channel::<String>();
        lock(&self.state.webhooks).push(sender);
        // The state holds the sender, and so must not be held for long.
        let mut refusals = Refusals::new(&self.state, &webhook.url);
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
                            refusals.tell(&refused(status, "secret"));
                        }
                        if let Some(operation) = operation {
                            state.posted(&event, &operation);
                        }
                    }
                    Err(error) => {
                        tracing::warn!(%error, "no response to an event that was posted");
                        refusals.tell(&error);
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
    url: String,
    secret: Option<String>,
    retries: u32,
    pause: Duration,
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
    /// To the bot at `url`: `http://`, a host with a port, and maybe a path and a query.
    #[must_use]
    pub fn to(url: impl Into<String>) -> Self {
        Self { url: url.into(), secret: None, retries: 3, pause: Duration::from_millis(50) }
    }

    /// The secret to sign events with. Default: none, and they are not signed.
    #[must_use]
    pub fn secret(mut self, secret: impl Into<String>) -> Self {
        self.secret = Some(secret.into());
        self
    }

    /// How often an event is sent again where no response comes. Default: 3, with 50 ms between; go-cqhttp waits for 1.5
    /// seconds.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Sends an event, given as JSON, and takes the answer. The account is the event's.
    ///
    /// # Errors
    ///
    /// No response came, however often it was tried.
    pub async fn post(&self, event: &str) -> io::Result<Posted> {
        let body = format!("{event}\n");
        let mut left = self.retries;
        loop {
            match self.attempt(&body).await {
                Err(_) if left > 0 => left -= 1,
                outcome => return outcome,
            }
            tokio::time::sleep(self.pause).await;
        }
    }

    async fn attempt(&self, body: &str) -> io::Result<Posted> {
        let event: Value = serde_json::from_str(body).unwrap_or_default();
        let self_id = event["self_id"].as_i64().unwrap_or_default();
        let (host, path) = host_and_path(&self.url, "http://")?;
        let signature = self.secret.as_deref().and_then(|secret| {
            let mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).ok()?.chain_update(body);
            let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            Some(format!("X-Signature: sha1={hex}\r\n"))
        });
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: CQHttp/4.15.0\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nX-Self-ID: {self_id}\r\n{}\r\n",
            body.len(),
            signature.unwrap_or_default()
        );
        let mut stream = connect(host).await?;
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body.as_bytes()).await?;
        let mut read = Vec::new();
        stream.read_to_end(&mut read).await?;
        let (status, body) = status_of(&read)?;
        Ok(Posted { status, operation: serde_json::from_slice(body).ok() })
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("retries", &self.retries).finish_non_exhaustive()
    }
}

fn host_and_path<'a>(url: &'a str, scheme: &str) -> io::Result<(&'a str, &'a str)> {
    let rest = url.strip_prefix(scheme).ok_or_else(|| io::Error::other(format!("the address has no `{scheme}`")))?;
    Ok(rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash)))
}

async fn connect(host: &str) -> io::Result<TcpStream> {
    TcpStream::connect(host).await.map_err(|error| match error.kind() {
        kind @ io::ErrorKind::ConnectionRefused => io::Error::new(kind, "nothing listens there"),
        _ => error,
    })
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
    on_refused: Option<OnRefused>,
    url: String,
    last: Option<String>,
}

impl Refusals {
    fn new(state: &State, url: &str) -> Self {
        Self { on_refused: state.on_refused.clone(), url: url.to_owned(), last: None }
    }

    fn none(&mut self) {
        self.last = None;
    }

    /// Says it once, and not at every retry.
    fn tell(&mut self, error: &io::Error) {
        let Some(on_refused) = &self.on_refused else { return };
        let text = error.to_string();
        if self.last.as_ref() != Some(&text) {
            on_refused(&self.url, error);
            self.last = Some(text);
        }
    }
}

/// The status of a response, and its body.
fn status_of(response: &[u8]) -> io::Result<(u16, &[u8])> {
    let end = memchr::memmem::find(response, b"\r\n\r\n").ok_or_else(no_response)?;
    let status = response.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    Ok((status.ok_or(io::ErrorKind::InvalidData)?, &response[end + 4..]))
}
