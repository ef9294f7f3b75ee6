//! Addresses of servers.

use std::borrow::Cow;
use std::error::Error;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;

use crate::error::address::AddressError;
use crate::error::reason::Hinted;
use crate::transport::failure::BoxError;
use crate::transport::tls::is_not_tls;

/// The address of a server.
pub(crate) struct Address {
    /// Set for TLS.
    pub(crate) secure: bool,
    /// The host in lower case; an IPv6 address is in brackets.
    pub(crate) host: String,
    /// The port, unless it is the scheme's default.
    pub(crate) port: Option<u16>,
    /// The path as it was written: empty, or with a slash in front.
    pub(crate) path: String,
    /// The unix socket to connect to, in place of host and port.
    pub(crate) socket: Option<PathBuf>,
}

/// The transport that an address is for.
#[derive(Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "each transport uses one variant")]
pub(crate) enum Way {
    Http,
    WebSocket,
}

/// The protocol that a scheme stands for.
enum Protocol {
    Plain,
    Tls,
    UnixSocket,
}

impl Address {
    /// Reads an address. The token that it may contain as `?access_token=` is returned beside it.
    pub(crate) fn parse(text: &str, way: Way) -> Result<(Self, Option<String>), AddressError> {
        let Some((protocol, rest)) = text.trim().split_once("://").filter(|(scheme, _)| is_scheme(scheme)) else {
            return Err(match way {
                Way::Http => "it has no `http://` in front".into(),
                Way::WebSocket => "it has no `ws://` in front".into(),
            });
        };
        let protocol = protocol_of(&protocol.to_ascii_lowercase(), way)?;
        let (rest, fragment) = split_before(rest, &['#']);
        let (rest, query) = split_before(rest, &['?']);
        let (authority, path) = split_before(rest, &['/']);
        if authority.contains('@') {
            return Err("it contains a user name or password, which OneBot servers do not use".into());
        }
        let mut token = None;
        for (key, value) in form_urlencoded::parse(query.trim_start_matches('?').as_bytes()) {
            match &*key {
                "access_token" => token = Some(value.into_owned()),
                _ => return Err("its query contains more than `access_token`".into()),
            }
        }
        if !fragment.is_empty() {
            return Err("it contains a `#`, which is written `%23` in a token".into());
        }
        let address = match protocol {
            Protocol::UnixSocket => on_unix_socket(authority, path)?,
            Protocol::Plain => Self::at(authority, path, false)?,
            Protocol::Tls => Self::at(authority, path, true)?,
        };
        Ok((address, token))
    }

    fn at(authority: &str, path: &str, secure: bool) -> Result<Self, AddressError> {
        let (host, port) = host_and_port(authority)?;
        let default = if secure { 443 } else { 80 };
        let port = port.filter(|port| *port != default);
        Ok(Self { secure, host, port, path: path.to_owned(), socket: None })
    }

    /// Returns host and port, as in a URL and in the header `Host`.
    pub(crate) fn authority(&self) -> Cow<'_, str> {
        self.port.map_or(Cow::Borrowed(&self.host), |port| format!("{}:{port}", self.host).into())
    }

    /// Returns the place that the address leads to.
    pub(crate) fn place(&self) -> Place {
        let shown = match &self.socket {
            Some(path) => path.display().to_string(),
            None => format!("{}:{}", self.host, self.port_or_default()),
        };
        Place { shown, loopback: self.is_loopback() }
    }

    /// Returns the port, which the scheme has a default for.
    pub(crate) fn port_or_default(&self) -> u16 {
        self.port.unwrap_or(if self.secure { 443 } else { 80 })
    }

    /// Returns `true` for an address of this machine, or of the container that the program runs in.
    pub(crate) fn is_loopback(&self) -> bool {
        let ip: Result<IpAddr, _> = self.host.trim_matches(['[', ']']).parse();
        let named = || self.host == "localhost" || self.host.ends_with(".localhost");
        self.socket.is_none() && ip.map_or_else(|_| named(), |ip| ip.is_loopback())
    }
}

fn is_scheme(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

fn protocol_of(scheme: &str, way: Way) -> Result<Protocol, AddressError> {
    match (scheme, way) {
        ("http", Way::Http) | ("ws", Way::WebSocket) => Ok(Protocol::Plain),
        ("https", Way::Http) | ("wss", Way::WebSocket) if !cfg!(feature = "tls") => Err(AddressError::Tls),
        ("https", Way::Http) | ("wss", Way::WebSocket) => Ok(Protocol::Tls),
        ("unix", _) => Ok(Protocol::UnixSocket),
        ("ws" | "wss", Way::Http) => Err("it is a WebSocket address; this needs the server's HTTP port".into()),
        (other, Way::Http) => Err(AddressError::Url(format!("`{other}://` is neither `http://` nor `https://`"))),
        (other, Way::WebSocket) => Err(AddressError::Url(format!("`{other}://` is neither `ws://` nor `wss://`"))),
    }
}

/// Splits a text before the first of these characters.
fn split_before<'a>(text: &'a str, at: &[char]) -> (&'a str, &'a str) {
    text.split_at(text.find(at).unwrap_or(text.len()))
}

fn host_and_port(authority: &str) -> Result<(String, Option<u16>), AddressError> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (ip, port) = rest.split_once(']').ok_or("invalid IPv6 address")?;
            let ip: Ipv6Addr = ip.parse().map_err(|_| "invalid IPv6 address")?;
            (format!("[{ip}]"), port)
        }
        None => {
            let (host, port) = split_before(authority, &[':']);
            (host.to_lowercase(), port)
        }
    };
    if host.is_empty() {
        return Err("empty host".into());
    }
    let forbidden =
        |c: char| c.is_control() || matches!(c, ' ' | '%' | '<' | '>' | '\\' | '^' | '|' | '"' | '`' | '{' | '}');
    if host.contains(forbidden) || (host.contains(['[', ']']) && !host.starts_with('[')) {
        return Err("invalid host".into());
    }
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => None,
        Some("") => None,
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(digits.parse().map_err(|_| "invalid port number")?)
        }
        _ => return Err("invalid port number".into()),
    };
    Ok((host, port))
}

/// The place that an address leads to, as errors tell it: host and port, or the path of a unix socket.
pub(crate) struct Place {
    shown: String,
    loopback: bool,
}

impl Place {
    /// Returns the cause of a connection that could not be made: with the place, and with a hint for a known cause.
    pub(crate) fn unreached(&self, error: BoxError) -> BoxError {
        let mut told = format!("no connection to {}", self.shown);
        let hint = if self.loopback && is_refused(&*error) {
            IN_A_CONTAINER
        } else if is_not_tls(&*error) {
            NOT_TLS
        } else {
            ""
        };
        if !hint.is_empty() {
            told = format!("{told}: {hint}");
        }
        Hinted { hint: told, cause: error }.into()
    }
}

/// Returns `true` if nothing listens at the address.
fn is_refused(error: &(dyn Error + 'static)) -> bool {
    let io: Option<&io::Error> = error.downcast_ref();
    let refused = io.is_some_and(|io| io.kind() == io::ErrorKind::ConnectionRefused);
    refused || error.source().is_some_and(is_refused)
}

const IN_A_CONTAINER: &str = "nothing listens there; in a container, a loopback address is the container itself: use the name of \
                              the server's service, and have the server listen on 0.0.0.0";

const NOT_TLS: &str =
    "this port does not answer TLS; the address of a server without TLS begins with `ws://` or `http://`";

/// Returns the value of the header with the access token.
pub(crate) fn bearer(token: &str) -> Result<String, AddressError> {
    match token.chars().any(|c| c.is_ascii_control() && c != '\t') {
        true => Err(AddressError::AccessToken),
        false => Ok(format!("Bearer {token}")),
    }
}

/// Returns the token that was set, else the token in the address; `None` if both are empty.
pub(crate) fn token_of(set: Option<String>, in_url: Option<String>) -> Option<String> {
    [set, in_url].into_iter().flatten().find(|token| !token.is_empty())
}

#[cfg(unix)]
fn on_unix_socket(authority: &str, path: &str) -> Result<Address, AddressError> {
    use std::os::unix::ffi::OsStringExt;

    if !authority.is_empty() || matches!(path, "" | "/") {
        return Err("a unix socket has three slashes and a path: `unix:///run/cqhttp.sock`".into());
    }
    let path = percent_encoding::percent_decode_str(path).collect();
    let socket = std::ffi::OsString::from_vec(path).into();
    Ok(Address { secure: false, host: "localhost".into(), port: None, path: String::new(), socket: Some(socket) })
}

#[cfg(not(unix))]
fn on_unix_socket(_: &str, _: &str) -> Result<Address, AddressError> {
    Err("this platform has no unix sockets".into())
}

#[cfg(all(test, feature = "ws"))]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Address, String> {
        let address = Address::parse(text, Way::WebSocket);
        address.map(|(address, _)| address).map_err(|error| match error {
            AddressError::Url(why) => why,
            _ => "another kind".into(),
        })
    }

    #[test]
    fn hosts_and_ports_are_read_as_in_urls() {
        for (text, authority, port, path) in [
            ("ws://127.0.0.1:3001", "127.0.0.1:3001", Some(3001), ""),
            (" WS://LocalHost:80/ ", "localhost", None, "/"),
            ("ws://example.com:/a//b/", "example.com", None, "/a//b/"),
            ("ws://[::1]:443?access_token=/:@", "[::1]:443", Some(443), ""),
            ("ws://[0:0:0:0:0:0:0:1]", "[::1]", None, ""),
            ("ws://napcat_1:3001/@:x", "napcat_1:3001", Some(3001), "/@:x"),
        ] {
            let address = read(text);
            let address = address.as_ref().map(|found| (found.authority().into_owned(), found.port, &*found.path));
            assert_eq!(address, Ok((authority.to_owned(), port, path)), "{text}");
        }
    }

    #[test]
    fn an_address_that_cannot_be_read_says_why() {
        for (text, why) in [
            ("ws://", "empty host"),
            ("ws:///x", "empty host"),
            ("ws://:3001", "empty host"),
            ("ws://[::1", "invalid IPv6 address"),
            ("ws://[::g]", "invalid IPv6 address"),
            ("ws://[::1]x", "invalid port number"),
            ("ws://a:+80", "invalid port number"),
            ("ws://a:65536", "invalid port number"),
            ("ws://a:1:2", "invalid port number"),
            ("ws://a b", "invalid host"),
            ("ws://a]", "invalid host"),
            ("ws://a%20b", "invalid host"),
            ("ws://a\r\nx: y", "invalid host"),
            ("x/ws://a", "it has no `ws://` in front"),
        ] {
            assert_eq!(read(text).err().as_deref(), Some(why), "{text}");
        }
    }

    #[test]
    fn an_address_of_this_machine_is_recognised() {
        for (text, expected) in [
            ("ws://127.0.0.1:1", true),
            ("ws://127.8.0.1", true),
            ("ws://[::1]", true),
            ("ws://localhost", true),
            ("ws://bot.localhost", true),
            ("ws://10.0.0.1", false),
            ("ws://example.com", false),
        ] {
            assert_eq!(read(text).map(|address| address.is_loopback()), Ok(expected), "{text}");
        }
    }
}
