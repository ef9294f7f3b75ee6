use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};

use crate::transport::{BoxError, Reply, Request};
use crate::{Action, Call};

type Bottom = BoxCloneSyncService<Request, Reply, BoxError>;

/// A client for one server. Every action is a method; cheap to clone, and made to be shared.
///
/// ```no_run
/// # #[cfg(feature = "http")]
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let client = cqhttp::Client::builder("http://127.0.0.1:5700").access_token("…").build()?;
/// let me = client.get_login_info().await?;
/// println!("{} ({})", me.nickname, me.user_id);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    service: Bottom,
    timeout: Option<Duration>,
    token: Option<String>,
}

/// The time limit of a call, unless the client or the call has another.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

impl Client {
    /// A client over a service of your own: another transport, or a test's. Calls have a time limit of 30 seconds.
    ///
    /// The service calls [`Request::mark_sent`] right before a request leaves; without it a call that fails counts as not
    /// sent.
    pub fn from_service<S>(service: S) -> Self
    where
        S: Service<Request, Response = Reply> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        Self::new(BoxCloneSyncService::new(service.map_err(Into::into)), Some(DEFAULT_TIMEOUT), None)
    }

    pub(crate) fn new(service: Bottom, timeout: Option<Duration>, token: Option<String>) -> Self {
        Self { inner: Arc::new(Inner { service, timeout, token }) }
    }

    /// Calls any action: one built beforehand, one of an extension, or [`Raw`](crate::Raw).
    pub fn call<A: Action>(&self, request: A) -> Call<A> {
        Call::new(self.clone(), request)
    }

    pub(crate) fn service(&self) -> Bottom {
        self.inner.service.clone()
    }

    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.inner.timeout
    }

    /// Whether there are other clones of it.
    #[cfg(feature = "server")]
    pub(crate) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.inner) > 1
    }

    /// The access token, for errors to leave out.
    pub(crate) fn token(&self) -> Option<&str> {
        self.inner.token.as_deref()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("timeout", &self.inner.timeout).finish_non_exhaustive()
    }
}

/// The layers that a builder was given, the innermost first.
#[cfg(any(feature = "http", feature = "ws"))]
#[derive(Default)]
pub(crate) struct Layers(Vec<Box<dyn FnOnce(Bottom) -> Bottom + Send>>);

#[cfg(any(feature = "http", feature = "ws"))]
impl Layers {
    pub(crate) fn push<L>(&mut self, layer: L)
    where
        L: tower::Layer<Bottom> + Send + 'static,
        L::Service: Service<Request, Response = Reply> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Error: Into<BoxError>,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        self.0.push(Box::new(move |bottom| BoxCloneSyncService::new(layer.layer(bottom).map_err(Into::into))));
    }

    pub(crate) fn around<S>(self, transport: S) -> Bottom
    where
        S: Service<Request, Response = Reply, Error = BoxError> + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        self.0.into_iter().fold(BoxCloneSyncService::new(transport), |service, layer| layer(service))
    }
}

#[cfg(feature = "http")]
pub use over_http::{BuildError, ClientBuilder};

#[cfg(feature = "http")]
mod over_http {
    use std::{env, fmt};

    use tower::Layer;

    use super::*;
    use crate::transport::address::{Address, Fault, Way};
    use crate::transport::http::Http;
    use crate::transport::tls::{self, Roots};

    /// The variable that [`Client::from_env`] takes the address from.
    const URL_VARIABLE: &str = "CQHTTP_URL";
    /// The variable that [`Client::from_env`] takes the access token from.
    const TOKEN_VARIABLE: &str = "CQHTTP_ACCESS_TOKEN";
    /// The longest answer that is read, in bytes, unless the client has another limit.
    const DEFAULT_BODY_LIMIT: usize = 32 * 1024 * 1024;

    impl Client {
        /// A client over HTTP, for the server at `url`, such as `http://127.0.0.1:5700`. Feature `http`.
        ///
        /// - A path goes before the name of every action, for a server behind a proxy: with `http://example.com/bot` calls
        ///   go to `http://example.com/bot/get_login_info`. The name of an action does not belong there.
        /// - `unix:///run/cqhttp.sock` is a server on a unix socket, where the platform has them.
        /// - `?access_token=…` is taken as [`ClientBuilder::access_token`], and is not sent as a part of the address.
        /// - `https://` needs the feature `rustls` or `native-tls`.
        pub fn builder(url: impl Into<String>) -> ClientBuilder {
            ClientBuilder {
                url: url.into(),
                token: None,
                timeout: Some(DEFAULT_TIMEOUT),
                body_limit: DEFAULT_BODY_LIMIT,
                layers: Layers::default(),
                roots: Roots::default(),
            }
        }

        /// A client over HTTP, for the server that the environment names: `CQHTTP_URL`, and `CQHTTP_ACCESS_TOKEN` if the
        /// server wants one. [`ClientBuilder::from_env`] is the same before it is built. Feature `http`.
        ///
        /// # Errors
        ///
        /// `CQHTTP_URL` is not set or not valid Unicode, or what [`ClientBuilder::build`] says.
        pub fn from_env() -> Result<Self, BuildError> {
            ClientBuilder::from_env()?.build()
        }
    }

    /// What a [`Client`] over HTTP is made of.
    #[must_use = "a builder does nothing until `build`"]
    pub struct ClientBuilder {
        url: String,
        token: Option<String>,
        timeout: Option<Duration>,
        body_limit: usize,
        layers: Layers,
        roots: Roots,
    }

    impl ClientBuilder {
        /// For the server that the environment names: `CQHTTP_URL`, and `CQHTTP_ACCESS_TOKEN` if the server wants one.
        ///
        /// # Errors
        ///
        /// `CQHTTP_URL` is not set, or one of them is not valid Unicode.
        pub fn from_env() -> Result<Self, BuildError> {
            let read = |name| env::var(name).map_err(|_| BuildError::Environment(name));
            let builder = Client::builder(read(URL_VARIABLE)?);
            match env::var_os(TOKEN_VARIABLE) {
                Some(_) => Ok(builder.access_token(read(TOKEN_VARIABLE)?)),
                None => Ok(builder),
            }
        }

        /// The server's access token; sent as `Authorization: Bearer`. Default: none, and an empty one is none. It comes
        /// before one in the address.
        ///
        /// It shows in no log, no `Debug` and no error: where the server names it in a refusal, errors have `…` instead.
        pub fn access_token(mut self, token: impl Into<String>) -> Self {
            self.token = Some(token.into());
            self
        }

        /// How long a call may take in all, waiting in layers included. Default: 30 seconds. [`Call::within`] sets it for
        /// one call.
        pub fn timeout(mut self, limit: Duration) -> Self {
            self.timeout = Some(limit);
            self
        }

        /// Lets calls take as long as they take.
        pub fn no_timeout(mut self) -> Self {
            self.timeout = None;
            self
        }

        /// The longest answer that is read, in bytes. Default: 32 MiB. A longer one is
        /// [`Error::Undecodable`](crate::Error::Undecodable).
        pub fn body_limit(mut self, bytes: usize) -> Self {
            self.body_limit = bytes;
            self
        }

        /// Trusts servers whose certificate is signed by this one, besides those that the system trusts: for an authority
        /// of your own, or a certificate that has signed itself. A text in PEM, with one certificate or several; it may be
        /// called more than once. Features `rustls` and `native-tls`.
        ///
        /// ```no_run
        /// # fn run() -> Result<(), Box<dyn std::error::Error>> {
        /// let pem = std::fs::read("ca.pem")?;
        /// let client = cqhttp::Client::builder("https://qq.example.com").root_certificate(pem).build()?;
        /// # Ok(())
        /// # }
        /// ```
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
        pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
            self.roots.push(pem.into());
            self
        }

        /// Puts a tower layer around the client, outside of those added before it.
        ///
        /// Which there are, and in which order they make sense: see [`layer`](crate::layer).
        ///
        /// ```
        /// # async fn run() -> Result<(), cqhttp::BuildError> {
        /// use cqhttp::layer::RetryReads;
        ///
        /// let client = cqhttp::Client::builder("http://127.0.0.1:5700").layer(RetryReads::new()).build()?;
        /// # Ok(())
        /// # }
        /// ```
        ///
        /// The layered service must be `Clone`. Put one that is not behind a buffer:
        /// `ServiceBuilder::new().buffer(64).layer(yours).into_inner()`.
        pub fn layer<L>(mut self, layer: L) -> Self
        where
            L: Layer<BoxCloneSyncService<Request, Reply, BoxError>> + Send + 'static,
            L::Service: Service<Request, Response = Reply> + Clone + Send + Sync + 'static,
            <L::Service as Service<Request>>::Error: Into<BoxError>,
            <L::Service as Service<Request>>::Future: Send + 'static,
        {
            self.layers.push(layer);
            self
        }

        /// The client. Nothing is sent yet.
        ///
        /// # Errors
        ///
        /// The address or the token cannot be used, a feature is missing, or there is no tokio runtime around (layers may
        /// need one). The runtime must have its I/O and time drivers on, as `#[tokio::main]` has them.
        pub fn build(self) -> Result<Client, BuildError> {
            if tokio::runtime::Handle::try_current().is_err() {
                return Err(BuildError::NoRuntime);
            }
            let (address, token_in_url) = Address::parse(&self.url, Way::Http).map_err(|fault| match fault {
                Fault::Url(why) => BuildError::Url(why),
                Fault::Tls => BuildError::Tls,
            })?;
            let token = [self.token, token_in_url].into_iter().flatten().find(|token| !token.is_empty());
            let http = Http::new(address, token.as_deref(), self.body_limit, &self.roots)?;
            Ok(Client::new(self.layers.around(http), self.timeout, token))
        }
    }

    impl fmt::Debug for ClientBuilder {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let Self { timeout, body_limit, .. } = self;
            f.debug_struct("ClientBuilder")
                .field("timeout", timeout)
                .field("body_limit", body_limit)
                .finish_non_exhaustive()
        }
    }

    /// Why a [`Client`] cannot be built.
    #[derive(Debug)]
    #[non_exhaustive]
    pub enum BuildError {
        /// The address cannot be used. The address itself is not repeated here: it may hold the access token.
        Url(String),
        /// `https://` needs the feature `rustls` or `native-tls`.
        Tls,
        /// The access token holds a line break or another character that no header can carry.
        AccessToken,
        /// A root certificate cannot be read.
        Certificate(BoxError),
        /// This environment variable is not set, or is not valid Unicode.
        Environment(&'static str),
        /// There is no tokio runtime here.
        NoRuntime,
        /// The HTTP client cannot be set up.
        Http(BoxError),
    }

    impl fmt::Display for BuildError {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            match self {
                Self::Url(why) => {
                    write!(f, "the server address cannot be used: {why}; write it like `http://127.0.0.1:5700`")
                }
                Self::Tls => f.write_str("`https://` needs the feature `rustls` or `native-tls` of the crate `cqhttp`"),
                Self::AccessToken => f.write_str(
                    "the access token holds a line break, or another character that no HTTP header can carry",
                ),
                Self::Certificate(_) => f.write_str(tls::UNREADABLE),
                Self::Environment(name) => {
                    write!(f, "the environment variable `{name}` is not set, or is not valid Unicode")
                }
                Self::NoRuntime => f.write_str("a client is built inside a tokio runtime, and there is none here"),
                Self::Http(_) => f.write_str("the HTTP client cannot be set up"),
            }
        }
    }

    impl std::error::Error for BuildError {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            match self {
                Self::Certificate(error) | Self::Http(error) => Some(&**error),
                _ => None,
            }
        }
    }
}
