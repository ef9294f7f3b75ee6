//! Connecting: an HTTP request that is upgraded to a WebSocket.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{AUTHORIZATION, CONNECTION, HeaderMap, HeaderName, HeaderValue, UPGRADE};
use reqwest::{Upgraded, Url};
use sha1_smol::Sha1;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tower::retry::backoff::Backoff;

use crate::backoff::new_backoff;
use crate::error::address::AddressError;
use crate::error::connection::ConnectionError;
use crate::transport::address::{Address, Way, bearer, token_of, unreachable};
use crate::transport::tls::{Roots, is_about_certificates};
use crate::transport::ws::activity::Monitored;
use crate::transport::ws::settings::Settings;

pub(crate) type Socket = WebSocketStream<Monitored<Upgraded>>;

/// A server to connect to.
pub(crate) struct Endpoint {
    client: reqwest::Client,
    url: Url,
    /// Set if the address is one of this machine.
    loopback: bool,
    token: Option<String>,
    settings: Settings,
}

const KEY: HeaderName = HeaderName::from_static("sec-websocket-key");
const ACCEPT: HeaderName = HeaderName::from_static("sec-websocket-accept");
const VERSION: HeaderName = HeaderName::from_static("sec-websocket-version");

/// Size of the read buffer, in bytes: with a smaller one, reading a burst of events takes longer than decoding it.
const READ_BUFFER: usize = 128 * 1024;

impl Endpoint {
    pub(crate) fn new(
        url: &str,
        token: Option<String>,
        token_in_query: bool,
        settings: &Settings,
        roots: &Roots,
    ) -> Result<Self, AddressError> {
        let (mut address, token_in_url) = Address::parse(url, Way::WebSocket)?;
        let token = token_of(token, token_in_url);
        let mut headers = HeaderMap::new();
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(VERSION, HeaderValue::from_static("13"));
        match &token {
            Some(token) if token_in_query => {
                // A blank as `%20`: some servers do not decode `+`.
                let token = utf8_percent_encode(token, NON_ALPHANUMERIC);
                address.base.set_query(Some(&format!("access_token={token}")));
            }
            Some(token) => drop(headers.insert(AUTHORIZATION, bearer(token)?)),
            None => {}
        }
        let builder = address.client_builder(headers).http1_only().http1_title_case_headers().pool_max_idle_per_host(0);
        let client = roots.build(builder, &address.base)?;
        let loopback = address.is_loopback();
        Ok(Self { client, url: address.base, loopback, token, settings: settings.clone() })
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Makes the first connection, with one attempt or, if `wait_for_server`, any number of attempts.
    pub(crate) async fn first(&self, wait_for_server: bool) -> Result<Socket, ConnectionError> {
        let mut backoff = new_backoff(self.settings.first_wait, self.settings.longest_wait);
        loop {
            match self.connect().await {
                Err(error) if wait_for_server && error.may_pass() => {
                    let wait = backoff.next_backoff();
                    tracing::warn!(why = error.report(), "no connection yet");
                    wait.await;
                }
                outcome => return outcome,
            }
        }
    }

    /// Makes one attempt to connect.
    pub(super) async fn connect(&self) -> Result<Socket, ConnectionError> {
        let limit = self.settings.connect_timeout;
        tokio::time::timeout(limit, self.upgrade()).await.unwrap_or(Err(ConnectionError::TimedOut(limit)))
    }

    async fn upgrade(&self) -> Result<Socket, ConnectionError> {
        let key = BASE64_STANDARD.encode(rand::random::<[u8; 16]>());
        let request = self.client.get(self.url.clone()).header(KEY, &key);
        let response = request.send().await.map_err(|error| no_answer(error, self.loopback))?;
        match response.status().as_u16() {
            101 => {}
            code @ (401 | 403) => {
                return Err(ConnectionError::TokenRefused { code: code.into(), reason: String::new() });
            }
            status => return Err(ConnectionError::NotUpgraded { status: Some(status) }),
        }
        let accepted = response.headers().get(ACCEPT);
        if accepted.is_none_or(|accepted| accepted != &*accept_key(key.as_bytes())) {
            return Err(ConnectionError::NotUpgraded { status: Some(101) });
        }
        let socket = response.upgrade().await.map_err(|error| no_answer(error, self.loopback))?;
        let limit = Some(self.settings.frame_limit);
        let config =
            WebSocketConfig::default().read_buffer_size(READ_BUFFER).max_message_size(limit).max_frame_size(limit);
        Ok(WebSocketStream::from_raw_socket(Monitored::new(socket), Role::Client, Some(config)).await)
    }
}

/// Returns the server's answer to the key of a handshake (RFC 6455, 4.2.2). tungstenite's own function would add an HTTP parser
/// and a family of hashes to the first build of every bot.
pub(crate) fn accept_key(key: &[u8]) -> String {
    let mut hash = Sha1::from(key);
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    BASE64_STANDARD.encode(hash.digest().bytes())
}

/// Returns the reason why the request has no answer.
fn no_answer(error: reqwest::Error, loopback: bool) -> ConnectionError {
    let error = error.without_url();
    if error.is_connect() && is_about_certificates(&error) {
        return ConnectionError::Untrusted(Arc::new(error));
    }
    if error.is_connect() {
        return ConnectionError::Unreachable(unreachable(error, loopback).into());
    }
    let mut cause = std::error::Error::source(&error);
    while let Some(found) = cause {
        if found.downcast_ref().is_some_and(hyper::Error::is_parse) {
            return ConnectionError::NotUpgraded { status: None };
        }
        cause = found.source();
    }
    ConnectionError::Lost(Arc::new(error))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_key_of_the_standard_is_answered_as_there() {
        assert_eq!(super::accept_key(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
