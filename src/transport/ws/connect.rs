//! Connecting: a TCP connection or a unix socket, TLS over it, and the upgrade to a WebSocket.

use std::io;

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::error::address::AddressError;
use crate::error::connection::ConnectionError;
use crate::transport::address::{Address, Way, bearer, token_of};
use crate::transport::reconnect::Endpoint;
use crate::transport::settings::Settings;
use crate::transport::tls::{Roots, Tls};
use crate::transport::ws::activity::Monitored;
use crate::transport::ws::{dial, handshake};

pub(crate) type Socket = WebSocketStream<Monitored<Box<dyn Stream>>>;

/// A stream of bytes to the server, of any kind.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A server to connect to.
pub(crate) struct SocketEndpoint {
    address: Address,
    tls: Tls,
    /// The head of the request, with the access token.
    request_head: String,
    token: Option<String>,
    settings: Settings,
}

/// Size of the read buffer, in bytes: with a smaller one, reading a burst of events takes longer than decoding it.
const READ_BUFFER: usize = 128 * 1024;

/// The characters of a path that a request cannot carry as they are; `%` is not among them, since a path is encoded already.
const PATH: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'^').add(b'`').add(b'{').add(b'}');

impl SocketEndpoint {
    pub(crate) fn new(
        url: &str,
        token: Option<String>,
        token_in_query: bool,
        settings: &Settings,
        roots: &Roots,
    ) -> Result<Self, AddressError> {
        let (address, token_in_url) = Address::parse(url, Way::WebSocket)?;
        if !address.host.is_ascii() {
            return Err("its host is not ASCII: write it in its ASCII form, which begins with `xn--`".into());
        }
        let token = token_of(token, token_in_url);
        let mut target = utf8_percent_encode(&address.path, PATH).to_string();
        if target.is_empty() {
            target.push('/');
        }
        let mut authorization = None;
        match &token {
            Some(token) if token_in_query => {
                // A blank as `%20`: some servers do not decode `+`.
                target += &format!("?access_token={}", utf8_percent_encode(token, NON_ALPHANUMERIC));
            }
            Some(token) => authorization = Some(bearer(token)?),
            None => {}
        }
        let request_head = handshake::request_head(&target, &address.authority(), authorization.as_deref());
        let tls = roots.settings(address.secure)?;
        Ok(Self { address, tls, request_head, token, settings: settings.clone() })
    }

    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Opens the connection that carries the WebSocket.
    async fn dial(&self) -> Result<Box<dyn Stream>, ConnectionError> {
        let unreachable = |error: io::Error| self.unreachable(error);
        #[cfg(unix)]
        if let Some(path) = &self.address.socket {
            return Ok(Box::new(tokio::net::UnixStream::connect(path).await.map_err(unreachable)?));
        }
        let port = self.address.port_or_default();
        let stream = dial::connect(self.address.host.trim_matches(['[', ']']), port).await.map_err(unreachable)?;
        match self.address.secure {
            true => self.start_tls(stream).await,
            false => Ok(Box::new(stream)),
        }
    }

    fn unreachable(&self, error: io::Error) -> ConnectionError {
        ConnectionError::Unreachable(self.address.place().unreached(error.into()).into())
    }

    #[cfg(feature = "tls")]
    async fn start_tls(&self, stream: TcpStream) -> Result<Box<dyn Stream>, ConnectionError> {
        use std::sync::Arc;

        use crate::transport::tls::is_about_certificate;

        match self.tls.connect(&self.address.host, stream).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) if is_about_certificate(&error) => Err(ConnectionError::Untrusted(Arc::new(error))),
            Err(error) => Err(self.unreachable(error)),
        }
    }

    #[cfg(not(feature = "tls"))]
    async fn start_tls(&self, _: TcpStream) -> Result<Box<dyn Stream>, ConnectionError> {
        let _ = &self.tls;
        Err(ConnectionError::Tls)
    }
}

impl Endpoint for SocketEndpoint {
    type Stream = Socket;

    fn settings(&self) -> &Settings {
        &self.settings
    }

    async fn open(&self) -> Result<Socket, ConnectionError> {
        let mut stream = self.dial().await?;
        let early = handshake::upgrade(&mut stream, &self.request_head).await?;
        let limit = Some(self.settings.frame_limit);
        let config =
            WebSocketConfig::default().read_buffer_size(READ_BUFFER).max_message_size(limit).max_frame_size(limit);
        let stream = Monitored::after(stream, &early);
        Ok(WebSocketStream::from_partially_read(stream, early, Role::Client, Some(config)).await)
    }
}
