//! Addresses of servers.

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{ClientBuilder, Url};

use crate::error::address::AddressError;
use crate::error::reason::Hinted;
use crate::transport::failure::BoxError;

/// The address of a server.
pub(crate) struct Address {
    /// The URL over HTTP, without a query.
    pub(crate) base: Url,
    /// The unix socket to connect to, in place of the host in `base`.
    pub(crate) socket: Option<PathBuf>,
}

/// The transport that an address is for.
#[derive(Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "each transport uses one variant")]
pub(crate) enum Way {
    Http,
    WebSocket,
}

impl Address {
    /// Reads an address. The token that it may contain as `?access_token=` is returned beside it.
    pub(crate) fn parse(text: &str, way: Way) -> Result<(Self, Option<String>), AddressError> {
        let text = text.trim();
        if !text.contains("://") {
            return Err(match way {
                Way::Http => "it has no `http://` in front".into(),
                Way::WebSocket => "it has no `ws://` in front".into(),
            });
        }
        let mut url = Url::parse(text).map_err(|error| AddressError::Url(error.to_string()))?;
        let over_http = match (url.scheme(), way) {
            ("http", Way::Http) | ("ws", Way::WebSocket) => "http",
            ("https", Way::Http) | ("wss", Way::WebSocket) if !has_tls() => return Err(AddressError::Tls),
            ("https", Way::Http) | ("wss", Way::WebSocket) => "https",
            ("unix", _) => "unix",
            ("ws" | "wss", Way::Http) => {
                return Err("it is a WebSocket address; this needs the server's HTTP port".into());
            }
            ("http" | "https", Way::WebSocket) => {
                return Err("it is an HTTP address; this needs the server's WebSocket port".into());
            }
            (other, Way::Http) => {
                return Err(AddressError::Url(format!("`{other}://` is neither `http://` nor `https://`")));
            }
            (other, Way::WebSocket) => {
                return Err(AddressError::Url(format!("`{other}://` is neither `ws://` nor `wss://`")));
            }
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it contains a user name or password, which OneBot servers do not use".into());
        }
        let mut token = None;
        for (key, value) in url.query_pairs() {
            match &*key {
                "access_token" => token = Some(value.into_owned()),
                _ => return Err("its query contains more than `access_token`".into()),
            }
        }
        if url.fragment().is_some() {
            return Err("it contains a `#`, which is written `%23` in a token".into());
        }
        url.set_query(None);
        if over_http == "unix" {
            return Ok((on_unix_socket(&url)?, token));
        }
        url.set_scheme(over_http).map_err(|()| AddressError::from("its scheme cannot be used"))?;
        Ok((Self { base: url, socket: None }, token))
    }

    /// Returns `true` for an address of this machine, or of the container that the program runs in.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.base.host_str().unwrap_or_default();
        let ip: Result<IpAddr, _> = host.trim_matches(['[', ']']).parse();
        let local = ip.map_or(host == "localhost" || host.ends_with(".localhost"), |ip| ip.is_loopback());
        local && self.socket.is_none()
    }

    /// Configures an HTTP client for this address with the settings of both transports: it sends each request once, directly to
    /// the server.
    pub(crate) fn client_builder(&self, headers: HeaderMap) -> ClientBuilder {
        let builder = reqwest::Client::builder()
            .default_headers(headers)
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .tcp_nodelay(true);
        match &self.socket {
            #[cfg(unix)]
            Some(path) => builder.unix_socket(path.clone()),
            _ => builder,
        }
    }
}

/// Returns the cause of a connection that could not be made. A loopback address that refuses gets a hint.
pub(crate) fn unreachable(error: reqwest::Error, loopback: bool) -> BoxError {
    let error = error.without_url();
    let mut cause = std::error::Error::source(&error);
    let refused = loopback
        && loop {
            let Some(found) = cause else { break false };
            match found.downcast_ref::<io::Error>() {
                Some(io) if io.kind() == io::ErrorKind::ConnectionRefused => break true,
                _ => cause = found.source(),
            }
        };
    match refused {
        true => Hinted { hint: IN_A_CONTAINER, cause: error.into() }.into(),
        false => error.into(),
    }
}

const IN_A_CONTAINER: &str = "nothing listens there; in a container, a loopback address is the container itself: use the name of \
                              the server's service, and have the server listen on 0.0.0.0";

/// Returns the header with the access token.
pub(crate) fn bearer(token: &str) -> Result<HeaderValue, AddressError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| AddressError::AccessToken)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Returns the token that was set, else the token in the address; `None` if both are empty.
pub(crate) fn token_of(set: Option<String>, in_url: Option<String>) -> Option<String> {
    [set, in_url].into_iter().flatten().find(|token| !token.is_empty())
}

fn has_tls() -> bool {
    cfg!(any(feature = "rustls", feature = "native-tls"))
}

#[cfg(unix)]
fn on_unix_socket(url: &Url) -> Result<Address, AddressError> {
    use std::os::unix::ffi::OsStringExt;

    if url.has_host() || matches!(url.path(), "" | "/") {
        return Err("a unix socket has three slashes and a path: `unix:///run/cqhttp.sock`".into());
    }
    let path = percent_encoding::percent_decode_str(url.path()).collect();
    let base = Url::parse("http://localhost").map_err(|error| AddressError::Url(error.to_string()))?;
    Ok(Address { base, socket: Some(std::ffi::OsString::from_vec(path).into()) })
}

#[cfg(not(unix))]
fn on_unix_socket(_: &Url) -> Result<Address, AddressError> {
    Err("this platform has no unix sockets".into())
}
