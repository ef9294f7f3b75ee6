use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::UserId;

type Source = Arc<dyn StdError + Send + Sync>;

/// Why a connection could not be made, or was lost.
///
/// It is the source of an [`Error`](crate::Error) where a call failed for it. The access token is in none of them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ConnectionError {
    /// The address cannot be used. The address itself is not repeated here: it may hold the access token.
    Address(String),
    /// `wss://` needs the feature `rustls` or `native-tls`.
    Tls,
    /// The access token holds a line break or another character that no header can carry.
    AccessToken,
    /// A root certificate cannot be read.
    Certificate(Source),
    /// This environment variable is not set, or is not valid Unicode.
    Environment(&'static str),
    /// There is no tokio runtime here.
    NoRuntime,
    /// The HTTP client that makes the upgrade cannot be set up.
    Setup(Source),
    /// The server cannot be reached.
    Unreachable(Source),
    /// The server's certificate is not trusted.
    Untrusted(Source),
    /// The server did not answer within this time.
    TimedOut(Duration),
    /// The server is there, and what it answers is no upgrade to a WebSocket.
    #[non_exhaustive]
    NotUpgraded {
        /// The HTTP status; `None` where there is none.
        status: Option<u16>,
    },
    /// The server refuses the access token. It is not tried again.
    #[non_exhaustive]
    TokenRefused {
        /// 401 or 403 where it was the HTTP status of the upgrade; 1401 or 1403 where it was the retcode of a frame, as on
        /// NapCat.
        code: i64,
    },
    /// The server closed the connection.
    #[non_exhaustive]
    ClosedByServer {
        /// The code of its close frame; `None` where it has none.
        code: Option<u16>,
        /// The text of its close frame; mostly empty.
        reason: String,
    },
    /// The connection broke.
    Lost(Source),
    /// Nothing came for so long that the connection counts as lost.
    Silent(Duration),
    /// A frame is longer than this limit, in bytes.
    FrameTooLong(usize),
    /// The server does not keep to the protocol of WebSockets.
    Protocol(Source),
    /// The account connected again, and this connection made room for the new one. Feature `server`.
    Replaced,
    /// An event is not of the account that the connection was made for: two accounts would be mixed up. Feature `server`.
    #[non_exhaustive]
    WrongAccount {
        /// The account that the connection was made for.
        expected: UserId,
        /// The account that the event happened to.
        found: UserId,
    },
    /// This program closed the connection, or dropped all that used it.
    Closed,
}

impl ConnectionError {
    /// Whether another attempt may fare better.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Address(_) | Self::Tls | Self::AccessToken | Self::Certificate(_) => false,
            Self::Environment(_) => false,
            Self::NoRuntime | Self::Setup(_) | Self::TokenRefused { .. } | Self::Closed => false,
            Self::Replaced | Self::WrongAccount { .. } => false,
            // A proxy that has only just started may show another one at first.
            Self::Untrusted(_) => true,
            Self::Unreachable(_) | Self::TimedOut(_) | Self::NotUpgraded { .. } => true,
            Self::ClosedByServer { .. } | Self::Lost(_) | Self::Silent(_) => true,
            Self::FrameTooLong(_) | Self::Protocol(_) => true,
        }
    }

    /// What failed and why, with every cause, on one line: for people who read logs.
    #[must_use]
    pub fn report(&self) -> String {
        crate::error::chain(self)
    }

    /// What is said of a kind of which there is nothing more to say.
    fn text(&self) -> &'static str {
        match self {
            Self::Tls => "`wss://` needs the feature `rustls` or `native-tls` of the crate `cqhttp`",
            Self::AccessToken => {
                "the access token holds a line break, or another character that no HTTP header can carry"
            }
            Self::Certificate(_) => crate::transport::tls::UNREADABLE,
            Self::NoRuntime => "a connection is made inside a tokio runtime, and there is none here",
            Self::Setup(_) => "the HTTP client cannot be set up",
            Self::Unreachable(_) => "the server cannot be reached: is it running, and is this its address?",
            Self::Untrusted(_) => {
                "the server's certificate is not trusted: if an authority of your own has signed it, see \
                 `Connect::root_certificate`"
            }
            Self::Protocol(_) => "the server does not keep to the protocol of WebSockets",
            Self::Replaced => "the account connected again, and the new connection takes the place of this one",
            Self::Closed => "the connection was closed by this program",
            _ => "the connection was lost",
        }
    }
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(why) => {
                write!(f, "the server address cannot be used: {why}; write it like `ws://127.0.0.1:6700`")
            }
            Self::Environment(name) => {
                write!(f, "the environment variable `{name}` is not set, or is not valid Unicode")
            }
            Self::TimedOut(limit) => {
                write!(f, "the server did not answer within {limit:?}: see `Connect::connect_timeout`")
            }
            Self::NotUpgraded { status } => {
                f.write_str("the server makes no WebSocket of it")?;
                status.map_or(Ok(()), |status| write!(f, " (HTTP status {status})"))?;
                f.write_str(": is this its WebSocket's address?")
            }
            Self::TokenRefused { code } => {
                let what = if *code < 1000 { "HTTP status" } else { "retcode" };
                write!(f, "the access token is missing or wrong ({what} {code}): see `Connect::access_token`")
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
                write!(f, "the server sent a frame of more than {limit} bytes: see `Connect::frame_limit`")
            }
            Self::WrongAccount { expected, found } => write!(
                f,
                "the connection is the account {expected}'s (`X-Self-ID`), and an event of {found} came over it"
            ),
            always_the_same => f.write_str(always_the_same.text()),
        }
    }
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
