//! Reverse WebSocket: the simulated server connects to a bot.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::header::{AUTHORIZATION, CONNECTION, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::outbound::{BotAddress, RefusalReporter, head, no_address, no_answer, no_response, refused, send, within};
use super::server::MockServer;
use super::state::State;
use super::sync::lock;
use super::ws::{BotConnection, ConnectionKind};

/// The time limit of a handshake, which is that of Go's library.
const HANDSHAKE: Duration = Duration::from_secs(45);

/// The purpose of a connection to the bot: `X-Client-Role`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DialRole {
    /// It takes calls and sends events.
    #[default]
    Universal,
    /// It only takes calls.
    Api,
    /// It only sends events.
    Event,
}

/// The settings of a reverse WebSocket: [`MockServer::dial`].
#[derive(Clone)]
#[must_use = "nothing is dialled until `MockServer::dial`"]
pub struct Dial {
    address: BotAddress,
    token: Option<String>,
    role: DialRole,
    retry: Duration,
}

impl Dial {
    /// Sets the address of the bot: `ws://`, a host, and optionally a port (80 by default), a path and a query. A
    /// program that takes the address from its user parses it: `url.parse::<Dial>()`.
    ///
    /// # Panics
    ///
    /// `url` is not such an address.
    #[track_caller]
    pub fn to(url: impl Into<String>) -> Self {
        Self::new(BotAddress::parse(url.into(), "ws").unwrap_or_else(|error| no_address(&error)))
    }

    fn new(address: BotAddress) -> Self {
        Self { address, token: None, role: DialRole::default(), retry: Duration::from_millis(50) }
    }

    /// Sends an access token, as `Authorization: Token …`, in go-cqhttp's form. Default: none; an empty token counts as none.
    pub fn access_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into()).filter(|token| !token.is_empty());
        self
    }

    /// Sets the purpose of the connection. Default: Universal.
    pub fn role(mut self, role: DialRole) -> Self {
        self.role = role;
        self
    }

    /// Sets the pause before the next attempt, after a failure and after the end of the connection. Default: 50 ms;
    /// go-cqhttp waits for 3 seconds.
    pub fn retry(mut self, pause: Duration) -> Self {
        self.retry = pause;
        self
    }

    async fn connect(&self, state: &Arc<State>) -> io::Result<BotConnection> {
        let (role, kind) = match self.role {
            DialRole::Universal => ("Universal", ConnectionKind::Both),
            DialRole::Api => ("API", ConnectionKind::Calls),
            DialRole::Event => ("Event", ConnectionKind::Events),
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
        let upgraded = hyper::upgrade::on(response).await.map_err(|error| no_answer(&error))?;
        let parts = upgraded.downcast::<TokioIo<TcpStream>>().map_err(|_| no_response())?;
        Ok(BotConnection::dialled(state, parts.io.into_inner(), parts.read_buf, kind))
    }
}

/// The same as [`Dial::to`], with an error of the kind `InvalidInput` in place of the panic.
impl FromStr for Dial {
    type Err = io::Error;

    fn from_str(url: &str) -> io::Result<Self> {
        BotAddress::parse(url.to_owned(), "ws").map(Self::new)
    }
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dial").field("role", &self.role).field("retry", &self.retry).finish_non_exhaustive()
    }
}

impl MockServer {
    /// Connects to a bot over reverse WebSocket, with go-cqhttp's headers and lifecycle frame, and again whenever the
    /// connection has ended, until the simulated server is stopped. The connection is one of the
    /// [`connections`](Self::connections), and all that applies to them applies to it.
    /// [`on_refused`](super::MockServerBuilder::on_refused) reports why the connection fails; an attempt fails if the
    /// bot does not answer within 45 seconds.
    ///
    /// This returns before the connection is made. What people say until then reaches nobody: wait for
    /// [`connected(1)`](Self::connected), or use [`dial_once`](Self::dial_once).
    pub fn dial(&self, dial: Dial) {
        let state = self.state.clone();
        lock(&self.state.dialling).spawn(async move {
            let mut refusals = RefusalReporter::of(&dial.address.url);
            loop {
                match within(HANDSHAKE, dial.connect(&state)).await {
                    Ok(connection) => {
                        refusals.reset();
                        connection.serve().await;
                    }
                    Err(error) => refusals.report(&state, &error),
                }
                tokio::time::sleep(dial.retry).await;
            }
        });
    }

    /// Connects to a bot once, over reverse WebSocket: it fails if the bot refuses the connection, and does not connect
    /// again after its end.
    ///
    /// # Errors
    ///
    /// The bot cannot be reached, answers with an HTTP status, which the error names, or does not answer within 45
    /// seconds.
    pub async fn dial_once(&self, dial: Dial) -> io::Result<()> {
        let connection = within(HANDSHAKE, dial.connect(&self.state)).await?;
        lock(&self.state.dialling).spawn(connection.serve());
        Ok(())
    }
}
