//! Failures to build a client.

use std::error::Error as StdError;
use std::fmt;

use crate::error::address::{self, AddressError};

type Source = Box<dyn StdError + Send + Sync>;

/// A reason why a [`Client`](crate::Client) cannot be built.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// The address cannot be used. The address itself is not repeated here: it may hold the access token.
    Url(String),
    /// `https://` needs the feature `tls`.
    Tls,
    /// The access token holds a line break or another character that no header can carry.
    AccessToken,
    /// A root certificate cannot be read.
    Certificate(Source),
    /// This environment variable is not set, or is not valid Unicode.
    Environment(&'static str),
    /// There is no tokio runtime here.
    NoRuntime,
    /// The HTTP client cannot be set up.
    Http(Source),
}

impl From<AddressError> for BuildError {
    fn from(error: AddressError) -> Self {
        match error {
            AddressError::Url(why) => Self::Url(why),
            AddressError::Tls => Self::Tls,
            AddressError::AccessToken => Self::AccessToken,
            AddressError::Certificate(error) => Self::Certificate(error),
            AddressError::Setup(error) => Self::Http(error),
        }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(why) => f.write_str(&address::unusable(why, "http://127.0.0.1:3000")),
            Self::Tls => f.write_str(&address::needs_tls("https")),
            Self::AccessToken => f.write_str(address::ACCESS_TOKEN),
            Self::Certificate(_) => f.write_str(address::CERTIFICATE),
            Self::Environment(name) => f.write_str(&address::not_in_environment(name)),
            Self::NoRuntime => f.write_str("a client is built inside a tokio runtime, and there is none here"),
            Self::Http(_) => f.write_str("the HTTP client cannot be set up"),
        }
    }
}

impl StdError for BuildError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Certificate(error) | Self::Http(error) => Some(&**error),
            _ => None,
        }
    }
}
