//! Where a server is.

use std::path::PathBuf;

use reqwest::Url;

/// Where the server is.
pub(crate) struct Address {
    /// Its URL over HTTP, without a query.
    pub(crate) base: Url,
    /// The unix socket to connect to, in place of the host in `base`.
    pub(crate) socket: Option<PathBuf>,
}

/// What an address is for.
#[derive(Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "each transport has one")]
pub(crate) enum Way {
    Http,
    WebSocket,
}

/// What is wrong with an address; the address itself may hold the access token.
pub(crate) enum Fault {
    Url(String),
    Tls,
}

impl From<&str> for Fault {
    fn from(why: &str) -> Self {
        Self::Url(why.to_owned())
    }
}

impl Address {
    /// The address without what does not belong to it, and the token that it may carry as `?access_token=`.
    pub(crate) fn parse(text: &str, way: Way) -> Result<(Self, Option<String>), Fault> {
        let text = text.trim();
        if !text.contains("://") {
            return Err(match way {
                Way::Http => "it has no `http://` in front".into(),
                Way::WebSocket => "it has no `ws://` in front".into(),
            });
        }
        let mut url = Url::parse(text).map_err(|error| Fault::Url(error.to_string()))?;
        let over_http = match (url.scheme(), way) {
            ("http", Way::Http) | ("ws", Way::WebSocket) => "http",
            ("https", Way::Http) | ("wss", Way::WebSocket) if !has_tls() => return Err(Fault::Tls),
            ("https", Way::Http) | ("wss", Way::WebSocket) => "https",
            ("unix", _) => "unix",
            ("ws" | "wss", Way::Http) => {
                return Err("it is a WebSocket's; this needs the server's HTTP port".into());
            }
            ("http" | "https", Way::WebSocket) => {
                return Err("it is one for HTTP; this needs the server's WebSocket port".into());
            }
            (other, Way::Http) => {
                return Err(Fault::Url(format!("`{other}://` is neither `http://` nor `https://`")));
            }
            (other, Way::WebSocket) => {
                return Err(Fault::Url(format!("`{other}://` is neither `ws://` nor `wss://`")));
            }
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it holds a user name or password, which OneBot servers do not know".into());
        }
        let mut token = None;
        for (key, value) in url.query_pairs() {
            match &*key {
                "access_token" => token = Some(value.into_owned()),
                _ => return Err("its query holds more than `access_token`".into()),
            }
        }
        if url.fragment().is_some() {
            return Err("it holds a `#`, which is written `%23` in a token".into());
        }
        url.set_query(None);
        if over_http == "unix" {
            return Ok((on_unix_socket(&url)?, token));
        }
        url.set_scheme(over_http).map_err(|()| Fault::from("its scheme cannot be used"))?;
        Ok((Self { base: url, socket: None }, token))
    }
}

fn has_tls() -> bool {
    cfg!(any(feature = "rustls", feature = "native-tls"))
}

#[cfg(unix)]
fn on_unix_socket(url: &Url) -> Result<Address, Fault> {
    use std::os::unix::ffi::OsStringExt;

    if url.has_host() || matches!(url.path(), "" | "/") {
        return Err("a unix socket has three slashes and a path: `unix:///run/cqhttp.sock`".into());
    }
    let path = percent_encoding::percent_decode_str(url.path()).collect();
    let base = Url::parse("http://localhost").map_err(|error| Fault::Url(error.to_string()))?;
    Ok(Address { base, socket: Some(std::ffi::OsString::from_vec(path).into()) })
}

#[cfg(not(unix))]
fn on_unix_socket(_: &Url) -> Result<Address, Fault> {
    Err("this platform has no unix sockets".into())
}
