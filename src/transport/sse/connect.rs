//! Connecting: the request for events, and every kind of response to it.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{StatusCode, Url};
use sse_stream::SseByteStream;

use crate::error::address::AddressError;
use crate::error::connection::ConnectionError;
use crate::transport::address::{Address, Place, Way, token_of};
use crate::transport::http::hyper_error;
use crate::transport::http::pools::{address_url, authorization, direct_client};
use crate::transport::reconnect::Endpoint;
use crate::transport::settings::Settings;
use crate::transport::sse::body::Chunks;
use crate::transport::tls::{Roots, is_about_certificate};

/// The path of the events on the servers that have them.
const PATH: &str = "/_events";
/// The media type of the events.
const MEDIA_TYPE: &str = "text/event-stream";
/// The number of probes without an answer after which the peer's machine counts as gone.
const PROBES: u32 = 3;

/// A response that brings events.
pub(crate) struct EventStream {
    pub(super) events: SseByteStream<Chunks>,
    /// Set when bytes have arrived.
    pub(super) active: Arc<AtomicBool>,
}

/// An HTTP server that has events.
pub(crate) struct StreamEndpoint {
    http: reqwest::Client,
    url: Url,
    place: Place,
    /// Removed from what the server says.
    token: Option<String>,
    settings: Settings,
}

/// The addresses of a server's events and of its calls, which have one token.
pub(crate) struct HttpServer {
    events: Address,
    /// The address of the calls.
    pub(crate) calls: Address,
    pub(crate) token: Option<String>,
}

impl HttpServer {
    /// Reads the address of a server, or of its events. A token that was set takes precedence over that of the address.
    pub(crate) fn parse(url: &str, token: Option<String>) -> Result<Self, AddressError> {
        let (mut calls, token_in_url) = Address::parse(url, Way::Http)?;
        let (mut events, _) = Address::parse(url, Way::Http)?;
        let path = calls.path.trim_end_matches('/');
        let base = path.strip_suffix(PATH).unwrap_or(path).to_owned();
        events.path = format!("{base}{PATH}");
        calls.path = base;
        Ok(Self { events, calls, token: token_of(token, token_in_url) })
    }
}

impl StreamEndpoint {
    pub(crate) fn new(
        server: &HttpServer,
        token_in_query: bool,
        settings: &Settings,
        roots: &Roots,
    ) -> Result<Self, AddressError> {
        let address = &server.events;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        let mut url = address_url(address)?;
        match &server.token {
            Some(token) if token_in_query => {
                // A blank as `%20`: some servers do not decode `+`.
                url.set_query(Some(&format!("access_token={}", utf8_percent_encode(token, NON_ALPHANUMERIC))));
            }
            Some(token) => _ = headers.insert(AUTHORIZATION, authorization(token)?),
            None => {}
        }
        let builder = direct_client(headers, &roots.settings(address.secure)?).pool_max_idle_per_host(0);
        let http = with_probes(builder, settings).build();
        let http = http.map_err(|error| AddressError::Setup(error.without_url().into()))?;
        Ok(Self { http, url, place: address.place(), token: server.token.clone(), settings: settings.clone() })
    }

    /// Returns the failure of a request without an answer.
    fn unanswered(&self, error: reqwest::Error) -> ConnectionError {
        let certificate = is_about_certificate(&error);
        let not_http = hyper_error(&error).is_some_and(hyper::Error::is_parse);
        let (is_connect, error) = (error.is_connect(), error.without_url());
        match is_connect {
            true if certificate => ConnectionError::Untrusted(Arc::new(error)),
            true => ConnectionError::Unreachable(self.place.unreached(error.into()).into()),
            false if not_http => ConnectionError::NoEventStream { status: None, media_type: String::new() },
            false => ConnectionError::Lost(Arc::new(error)),
        }
    }
}

/// Sets the probes that find out whether the peer's machine is still there. Its system answers them, however silent the server
/// is.
fn with_probes(builder: reqwest::ClientBuilder, settings: &Settings) -> reqwest::ClientBuilder {
    let Some((interval, patience)) = settings.keepalive else { return builder.tcp_keepalive(None) };
    // In whole seconds, up to the limits of the systems.
    let seconds = |time: Duration| Duration::from_secs(time.as_secs().clamp(1, 32_767));
    builder
        .tcp_keepalive(seconds(interval))
        .tcp_keepalive_interval(seconds(patience / PROBES))
        .tcp_keepalive_retries(PROBES)
}

impl Endpoint for StreamEndpoint {
    type Stream = EventStream;

    fn settings(&self) -> &Settings {
        &self.settings
    }

    async fn open(&self) -> Result<EventStream, ConnectionError> {
        let response = self.http.get(self.url.clone()).send().await.map_err(|error| self.unanswered(error))?;
        let status = response.status().as_u16();
        if let 401 | 403 = status {
            return Err(ConnectionError::TokenRefused { code: status.into(), reason: String::new() });
        }
        let media_type = media_type(response.headers(), self.token.as_deref());
        if response.status() != StatusCode::OK || media_type != MEDIA_TYPE {
            return Err(ConnectionError::NoEventStream { status: Some(status), media_type });
        }
        let active = Arc::new(AtomicBool::new(false));
        let chunks = Chunks::new(response.into(), self.settings.frame_limit, active.clone());
        Ok(EventStream { events: SseByteStream::new(chunks), active })
    }
}

/// Returns the media type of a response, without its parameters; empty if it has none, or none that is plausible.
fn media_type(headers: &HeaderMap, token: Option<&str>) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = value.split(';').next().unwrap_or_default().trim().to_lowercase();
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"/+.-".contains(&byte);
    let is_plausible =
        media_type.len() <= 64 && media_type.matches('/').count() == 1 && media_type.bytes().all(is_token);
    let is_secret = token.is_some_and(|token| media_type.contains(&token.to_lowercase()));
    if is_plausible && !is_secret { media_type } else { String::new() }
}
