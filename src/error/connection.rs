//! Failures of a connection that brings events.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::address::{self, AddressError};
use crate::error::reason::{chain, redirects};
use crate::generated::types::UserId;

type Source = Arc<dyn StdError + Send + Sync>;

/// A reason why a connection could not be made, or was lost.
///
/// It is the source of the [`Error`](crate::Error) of a call that failed with the connection. It never contains the access
/// token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ConnectionError {
    /// The address cannot be used. The address itself is not repeated here: it may hold the access token.
    Address(String),
    /// `wss://` needs the feature `tls`.
    Tls,
    /// The access token holds a line break or another character that no header can carry.
    AccessToken,
    /// A root certificate cannot be read.
    Certificate(Source),
    /// This environment variable is not set, or is not valid Unicode.
    Environment(&'static str),
    /// There is no tokio runtime here.
    NoRuntime,
    /// TLS cannot be set up: the system has no certificates, for example.
    Setup(Source),
    /// The server cannot be reached. The source names host and port, or the path of the unix socket.
    Unreachable(Source),
    /// The server's certificate is not trusted.
    Untrusted(Source),
    /// The server did not answer within this time.
    TimedOut(Duration),
    /// The server answered, but did not upgrade the connection to a WebSocket.
    #[non_exhaustive]
    NotUpgraded {
        /// The HTTP status; `None` if the answer was not HTTP.
        status: Option<u16>,
    },
    /// The server answered, but not with server-sent events. Feature `sse`.
    #[non_exhaustive]
    NoEventStream {
        /// The HTTP status; `None` if the answer was not HTTP.
        status: Option<u16>,
        /// The media type of the answer, such as `text/html`; empty if it has none.
        media_type: String,
    },
    /// The server refuses the access token. No further attempt is made.
    #[non_exhaustive]
    TokenRefused {
        /// The HTTP status of the upgrade or of the request for events, 401 or 403; the retcode of a first frame, 1401 or 1403,
        /// as on NapCat; or 1008, the code of a close frame before any other, as on SnowLuma.
        code: i64,
        /// The text of the close frame; mostly empty.
        reason: String,
    },
    /// The server closed the connection.
    #[non_exhaustive]
    ClosedByServer {
        /// The code of its close frame; `None` without one.
        code: Option<u16>,
        /// The text of its close frame; mostly empty.
        reason: String,
    },
    /// The connection broke.
    Lost(Source),
    /// Nothing arrived for so long that the connection counts as lost.
    Silent(Duration),
    /// A frame, or a server-sent event, is longer than this limit, in bytes.
    FrameTooLong(usize),
    /// The server violated the WebSocket protocol.
    Protocol(Source),
    /// The account connected again, and the new connection replaced this one. Feature `server`.
    Replaced,
    /// An event belongs to another account than the connection. Feature `server`.
    #[non_exhaustive]
    WrongAccount {
        /// The account that the connection was made for.
        expected: UserId,
        /// The account that the event happened to.
        found: UserId,
    },
    /// This program closed the connection, or dropped everything that used it.
    Closed,
}

impl From<AddressError> for ConnectionError {
    fn from(error: AddressError) -> Self {
        match error {
            AddressError::Url(why) => Self::Address(why),
            AddressError::Tls => Self::Tls,
            AddressError::AccessToken => Self::AccessToken,
            AddressError::Certificate(error) => Self::Certificate(error.into()),
            AddressError::Setup(error) => Self::Setup(error.into()),
        }
    }
}

impl ConnectionError {
    /// Returns `true` if another attempt may succeed.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Address(_) | Self::Tls | Self::AccessToken | Self::Certificate(_) => false,
            Self::Environment(_) => false,
            Self::NoRuntime | Self::Setup(_) | Self::TokenRefused { .. } | Self::Closed => false,
            Self::Replaced | Self::WrongAccount { .. } => false,
            // A proxy that has just started may show another certificate at first.
            Self::Untrusted(_) => true,
            Self::Unreachable(_) | Self::TimedOut(_) | Self::NotUpgraded { .. } => true,
            Self::NoEventStream { .. } => true,
            Self::ClosedByServer { .. } | Self::Lost(_) | Self::Silent(_) => true,
            Self::FrameTooLong(_) | Self::Protocol(_) => true,
        }
    }

    /// Returns the failure with every cause, on one line: for people who read logs.
    #[must_use]
    pub fn report(&self) -> String {
        chain(self)
    }

    /// Returns the message of a kind that has nothing to fill in.
    fn text(&self) -> &'static str {
        match self {
            Self::AccessToken => address::ACCESS_TOKEN,
            Self::Certificate(_) => address::CERTIFICATE,
            Self::NoRuntime => "a connection is made inside a tokio runtime, and there is none here",
            Self::Setup(_) => {
                "TLS cannot be set up: if the system has no certificates, see `Connect::root_certificate`"
            }
            Self::Unreachable(_) => "the server cannot be reached: is it running, and is this its address?",
            Self::Untrusted(_) => {
                "the server's certificate is not trusted: if an authority of your own has signed it, see \
                 `Connect::root_certificate`"
            }
            Self::Protocol(_) => "the server violated the WebSocket protocol",
            Self::Replaced => "the account connected again, and the new connection replaced this one",
            Self::Closed => "the connection was closed by this program",
            _ => "the connection was lost",
        }
    }
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(why) => f.write_str(&address::unusable(why, "ws://127.0.0.1:3001")),
            Self::Tls => f.write_str(&address::needs_tls("wss")),
            Self::Environment(name) => f.write_str(&address::not_in_environment(name)),
            Self::TimedOut(limit) => {
                write!(f, "the server did not answer within {limit:?}: see `Connect::connect_timeout`")
            }
            Self::NotUpgraded { status } => f.write_str(&not_upgraded(*status)),
            Self::NoEventStream { status, media_type } => f.write_str(&no_event_stream(*status, media_type)),
            Self::TokenRefused { code, reason } => {
                let what = match code {
                    ..1000 => "HTTP status",
                    1008 => "close code",
                    _ => "retcode",
                };
                let comma = if reason.is_empty() { "" } else { ", " };
                write!(
                    f,
                    "the access token is missing or wrong ({what} {code}{comma}{reason}): see `Connect::access_token`"
                )
            }
            Self::ClosedByServer { code, reason } => {
                f.write_str("the server closed the connection")?;
                match (code, reason.is_empty()) {
                    (Some(code), true) => write!(f, " (code {code})"),
                    (Some(code), false) => write!(f, " (code {code}, {reason})"),
                    (None, _) => Ok(()),
                }
            }
            Self::Silent(time) => write!(f, "the server was silent for {time:?}, and the connection counts as lost"),
            Self::FrameTooLong(limit) => {
                write!(f, "the server sent a frame or event of more than {limit} bytes: see `Connect::frame_limit`")
            }
            Self::WrongAccount { expected, found } => write!(
                f,
                "the connection belongs to the account {expected} (`X-Self-ID`), and an event of {found} arrived over it: see \
                 `ServerBuilder::accept_other_accounts`"
            ),
            always_the_same => f.write_str(always_the_same.text()),
        }
    }
}

/// Returns the message for an answer that does not upgrade.
fn not_upgraded(status: Option<u16>) -> String {
    if let Some(redirect) = status.and_then(redirects) {
        return redirect;
    }
    let status = status.map(|status| format!(" (HTTP status {status})")).unwrap_or_default();
    format!("the server did not upgrade the connection to a WebSocket{status}: is this its WebSocket's address?")
}

/// Returns the message for an answer that is not a stream of events.
fn no_event_stream(status: Option<u16>, media_type: &str) -> String {
    const ENABLE: &str = "it has no server-sent events at this address: on NapCat, add an entry *HTTP SSE server*; on LLOneBot, \
                          enable *HTTP*";
    let Some(status) = status else {
        return "the answer is not HTTP: is this the server's HTTP port?".to_owned();
    };
    if let Some(redirect) = redirects(status) {
        return redirect;
    }
    let hint = match (status, media_type) {
        (502..=504, _) => "a proxy in front of the server does not reach it",
        (_, "text/html") => "this is a web page: is this the server's HTTP port?",
        (200 | 404 | 405 | 426, _) => ENABLE,
        _ => "is this the server's HTTP port?",
    };
    let kind = if media_type.is_empty() { String::new() } else { format!(", {media_type}") };
    format!("the server did not answer with events (HTTP status {status}{kind}): {hint}")
}

impl StdError for ConnectionError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Certificate(error) | Self::Setup(error) | Self::Unreachable(error) => Some(&**error),
            Self::Untrusted(error) | Self::Lost(error) | Self::Protocol(error) => Some(&**error),
            _ => None,
        }
    }
}
