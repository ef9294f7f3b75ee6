//! The builder of a client over HTTP.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tower::util::BoxCloneSyncService;
use tower::{Layer, Service};

use crate::client::Client;
use crate::client::options::{self, ClientOptions};
use crate::error::build::BuildError;
use crate::generated::server::ServerKind;
use crate::server_kind::KindCell;
use crate::transport::address::{Address, Way, token_of};
use crate::transport::failure::BoxError;
use crate::transport::http::Http;
use crate::transport::request::Request;
use crate::transport::response::Response;

/// Environment variable with the address.
const URL_VARIABLE: &str = "CQHTTP_URL";
/// Default limit of an answer, in bytes.
pub(crate) const DEFAULT_BODY_LIMIT: usize = 32 * 1024 * 1024;

impl Client {
    /// Configures a client over HTTP for the server at `url`, such as `http://127.0.0.1:3000`. Feature `http`.
    ///
    /// - A path goes before the name of every action, for a server behind a proxy: with `http://example.com/bot` calls
    ///   go to `http://example.com/bot/get_login_info`. The name of an action does not belong there.
    /// - `unix:///run/cqhttp.sock` is a server on a unix socket, if the platform has them.
    /// - `?access_token=…` is taken as [`ClientBuilder::access_token`], and is not sent as a part of the address.
    /// - `https://` needs the feature `tls`.
    ///
    /// Connections are kept for a few seconds, and a further call takes one that is idle. A client may be used from several
    /// tokio runtimes: each has connections of its own, since a connection stands still while its runtime is idle. Those of the
    /// eight runtimes that used the client last are kept.
    ///
    /// # Responses to nothing
    ///
    /// A response over HTTP does not say which request it answers. If a server, or a proxy before it, sends one response too many,
    /// the next call on that connection takes it for its own:
    ///
    /// - A response that arrives while the connection is idle answers no call: the connection is given up.
    /// - A call is [`Error::NotSent`](crate::Error::NotSent) if a response arrives while parts of the request are still held
    ///   back: they are not sent, and the connection is given up. This shows in requests that are longer than the
    ///   system's buffers, such as uploads. An early refusal by HTTP status, such as 401 or 413, is a refusal.
    /// - A response that arrives between a short request and its answer cannot be told from the answer.
    ///
    /// Measured with a server that sends each response once more after 1 ms, and 400 calls: of calls one right after the other,
    /// 120 to 210 get another's answer; with pauses of 1 ms, none on a runtime of one thread and up to 8 on one of two; with
    /// pauses of 5 ms, none. The repository's test `client stray::` with `--ignored --nocapture` measures it. A WebSocket does not
    /// have this fault: its answers name their calls.
    pub fn builder(url: impl Into<String>) -> ClientBuilder {
        ClientBuilder { url: url.into(), body_limit: DEFAULT_BODY_LIMIT, options: ClientOptions::default() }
    }

    /// Creates a client over HTTP for the server in the environment: `CQHTTP_URL`, and `CQHTTP_ACCESS_TOKEN` if the server
    /// requires a token. [`ClientBuilder::from_env`] takes further settings. Feature `http`.
    ///
    /// # Errors
    ///
    /// One of the variables cannot be read, or [`ClientBuilder::build`] fails.
    pub fn from_env() -> Result<Self, BuildError> {
        ClientBuilder::from_env()?.build()
    }
}

/// Configures a [`Client`] over HTTP.
#[must_use = "a builder does nothing until `build`"]
pub struct ClientBuilder {
    url: String,
    body_limit: usize,
    options: ClientOptions,
}

impl ClientBuilder {
    /// Configures a client for the server in the environment: `CQHTTP_URL`, and `CQHTTP_ACCESS_TOKEN` if the server requires
    /// a token.
    ///
    /// # Errors
    ///
    /// `CQHTTP_URL` is not set, or one of the variables is not valid Unicode.
    pub fn from_env() -> Result<Self, BuildError> {
        let (url, token) = options::from_environment(URL_VARIABLE).map_err(BuildError::Environment)?;
        let mut builder = Client::builder(url);
        builder.options.token = token;
        Ok(builder)
    }

    /// Sets the server's access token, which is sent as `Authorization: Bearer`. Default: none; an empty token counts as none.
    /// It takes precedence over a token in the address.
    ///
    /// It does not appear in logs, `Debug` output or errors: if the server repeats it in a refusal, the error has `…` instead.
    pub fn access_token(mut self, token: impl Into<String>) -> Self {
        self.options.token = Some(token.into());
        self
    }

    /// Limits the time of a call, including the time that it waits in layers. Default: 30 seconds.
    /// [`Call::within`](crate::Call::within) sets the limit of one call.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.options.timeout = Some(limit);
        self
    }

    /// Removes the time limit of calls.
    pub fn no_timeout(mut self) -> Self {
        self.options.timeout = None;
        self
    }

    /// Limits the length of an answer, in bytes. Default: 32 MiB. A longer answer is
    /// [`Error::Undecodable`](crate::Error::Undecodable).
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Says which program the server is, for [`Client::server_kind`]. Default: unknown until
    /// [`Client::detect_server`] has asked. A kind set here is never forgotten, and comes before a detected one.
    pub fn server_kind(mut self, kind: ServerKind) -> Self {
        self.options.kind = Some(kind);
        self
    }

    /// Trusts a root certificate besides the system's: of an authority of your own, or a self-signed one. `pem` is a text in
    /// PEM with one or more certificates. May be called more than once. Feature `tls`.
    ///
    /// ```no_run
    /// # fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// let pem = std::fs::read("ca.pem")?;
    /// let client = cqhttp::Client::builder("https://qq.example.com").root_certificate(pem).build()?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "tls")]
    pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.options.roots.push(pem.into());
        self
    }

    /// `root_certificate`, for the compiler's hint.
    #[cfg(not(feature = "tls"))]
    #[doc(hidden)]
    pub fn root_certificate<P: crate::missing_feature::FeatureTls>(self, _: P) -> Self {
        self
    }

    /// Puts a tower layer around the client, outside the layers added before it.
    ///
    /// [`layer`](crate::layer) lists the layers and a sensible order.
    ///
    /// ```
    /// # async fn run() -> Result<(), cqhttp::BuildError> {
    /// use cqhttp::layer::RetryReads;
    ///
    /// let client = cqhttp::Client::builder("http://127.0.0.1:3000").layer(RetryReads::new()).build()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The layered service must be `Clone`. Put a service that is not `Clone` behind a buffer:
    /// `ServiceBuilder::new().buffer(64).layer(yours).into_inner()`.
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<BoxCloneSyncService<Request, Response, BoxError>> + Send + 'static,
        L::Service: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Error: Into<BoxError>,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        self.options.layers.push(layer);
        self
    }

    /// Builds the client. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// The address or the token cannot be used, a feature is missing, or there is no current tokio runtime (layers may need
    /// one). The runtime must have its I/O and time drivers enabled, as with `#[tokio::main]`.
    pub fn build(self) -> Result<Client, BuildError> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(BuildError::NoRuntime);
        }
        let (address, token_in_url) = Address::parse(&self.url, Way::Http)?;
        let token = token_of(self.options.token.clone(), token_in_url);
        let http = Http::new(address, token.as_deref(), self.body_limit, &self.options.roots)?;
        let kind = Arc::new(KindCell::new(self.options.kind.clone()));
        Ok(self.options.client(http, token, kind))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { body_limit, options, .. } = self;
        f.debug_struct("ClientBuilder")
            .field("timeout", &options.timeout)
            .field("body_limit", body_limit)
            .finish_non_exhaustive()
    }
}
