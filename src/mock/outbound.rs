//! Requests to bots: their addresses, and the reasons why a bot is not reached.

use std::error::Error;
use std::io;
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue, USER_AGENT};
use hyper::http::request;
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::state::State;

/// The address of a bot that listens.
#[derive(Clone)]
pub(super) struct BotAddress {
    /// The address as the test wrote it.
    pub(super) url: String,
    /// The host, and the port if the address has one.
    host: String,
    /// The host and the port.
    socket: String,
    /// The path with the query.
    pub(super) path: String,
}

impl BotAddress {
    pub(super) fn parse(url: String, scheme: &str) -> io::Result<Self> {
        let wrong = |why: String| io::Error::new(io::ErrorKind::InvalidInput, why);
        let uri = Uri::from_str(&url).map_err(|error| wrong(format!("the address cannot be read: {error}")))?;
        let (Some(host), true) = (uri.host(), uri.scheme_str() == Some(scheme)) else {
            return Err(wrong(format!("an address that begins with `{scheme}://` is expected")));
        };
        let given = uri.authority().map_or(host, |authority| authority.as_str());
        let given = given.rsplit_once('@').map_or(given, |(_, given)| given);
        let port = match given.strip_prefix(host).and_then(|port| port.strip_prefix(':')) {
            None | Some("") => 80,
            Some(port) => port
                .parse::<u16>()
                .map_err(|_| wrong("the port of the address is not a number up to 65535".to_owned()))?,
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
#[allow(clippy::panic, reason = "the test is wrong, and fails at its own line")]
pub(super) fn no_address(error: &io::Error) -> ! {
    panic!("{error}")
}

/// Adds the headers that all requests of go-cqhttp have.
pub(super) fn head(request: request::Builder, address: &BotAddress, self_id: i64) -> request::Builder {
    let request = request.header(HOST, &*address.host).header(USER_AGENT, "CQHttp/4.15.0");
    request.header("X-Self-ID", HeaderValue::from(self_id))
}

/// Sends a request on a new connection, and waits for the head of the response. The connection runs in `tasks`, and
/// ends with them.
pub(super) async fn send(
    address: &BotAddress,
    request: Request<Full<Bytes>>,
    tasks: &mut JoinSet<()>,
) -> io::Result<Response<Incoming>> {
    let stream = address.connect().await?;
    stream.set_nodelay(true)?;
    let mut http = http1::Builder::new();
    // Go capitalizes the names of headers.
    let handshake = http.title_case_headers(true).handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| no_answer(&error))?;
    tasks.spawn(async {
        // `send_request` returns the error too.
        let _ = connection.with_upgrades().await;
    });
    sender.send_request(request).await.map_err(|error| no_answer(&error))
}

/// Limits the time that a bot has for its answer.
pub(super) async fn within<T>(limit: Duration, answer: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| {
        Err(io::Error::new(io::ErrorKind::TimedOut, format!("the bot has not answered within {limit:?}")))
    })
}

/// Converts the error of a request without response, with its cause in the text.
pub(super) fn no_answer(error: &hyper::Error) -> io::Error {
    let under = error.source();
    let kind = under.and_then(|under| under.downcast_ref::<io::Error>()).map(io::Error::kind);
    let hung_up = error.is_incomplete_message() || error.is_canceled();
    if hung_up || matches!(kind, Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)) {
        return no_response();
    }
    io::Error::other(under.map_or_else(|| error.to_string(), |under| format!("{error}: {under}")))
}

/// Returns the error of a bot that refuses the simulated server; `proof` names the credential that it may require.
pub(super) fn refused(status: u16, proof: &str) -> io::Error {
    let why = match status {
        401 => format!("; it asks for its {proof}"),
        403 => format!("; its {proof} is a different one"),
        _ => String::new(),
    };
    io::Error::other(format!("the bot answers with HTTP status {status}{why}"))
}

pub(super) fn no_response() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the bot hangs up without an answer")
}

/// Reports why a bot is not reached, once for each reason.
pub(super) struct RefusalReporter {
    url: String,
    last: Option<String>,
}

impl RefusalReporter {
    pub(super) fn of(url: &str) -> Self {
        Self { url: url.to_owned(), last: None }
    }

    pub(super) fn reset(&mut self) {
        self.last = None;
    }

    /// Reports the error, unless it is the same as the last one.
    pub(super) fn report(&mut self, state: &State, error: &io::Error) {
        let Some(on_refused) = &state.on_refused else { return };
        let text = error.to_string();
        if self.last.as_ref() != Some(&text) {
            state.calls.catch(format_args!("the closure of `on_refused`"), || on_refused(&self.url, error));
            self.last = Some(text);
        }
    }
}
