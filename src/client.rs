//! The client: a service, and the settings of its calls.

#[cfg(feature = "http")]
pub(crate) mod builder;
#[cfg(any(feature = "http", feature = "ws"))]
pub(crate) mod options;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};

use crate::server_kind::KindCell;
use crate::transport::BoxedService;
use crate::transport::failure::BoxError;
use crate::transport::request::Request;
use crate::transport::response::Response;

/// A client for one server. Every action is a method. A client is cheap to clone, and its clones share everything.
///
/// ```no_run
/// # #[cfg(feature = "http")]
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let client = cqhttp::Client::builder("http://127.0.0.1:3000").access_token("…").build()?;
/// let me = client.get_login_info().await?;
/// println!("{} ({})", me.user_id, me.nickname.unwrap_or_default());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    service: BoxedService,
    timeout: Option<Duration>,
    token: Option<String>,
    kind: Arc<KindCell>,
}

/// Default time limit of a call.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

impl Client {
    /// A client over a service of your own: another transport, or a test's. Calls have a time limit of 30 seconds.
    ///
    /// The service calls [`Request::mark_sent`] right before it sends a request; otherwise a call that fails counts as not
    /// sent. It reports failures as [`Failure`](crate::transport::Failure).
    pub fn from_service<S>(service: S) -> Self
    where
        S: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        Self::new(BoxCloneSyncService::new(service.map_err(Into::into)), Some(DEFAULT_TIMEOUT), None, Arc::default())
    }

    /// `Client::builder`, for the compiler's hint.
    #[cfg(not(feature = "http"))]
    #[doc(hidden)]
    pub fn builder<U: crate::missing_feature::FeatureHttp>(_: U) -> U {
        unreachable!("nothing satisfies the bound")
    }

    /// `Client::from_env`, for the compiler's hint. A bound for all lifetimes is looked at in calls alone.
    #[cfg(not(feature = "http"))]
    #[doc(hidden)]
    pub fn from_env() -> Result<Self, std::convert::Infallible>
    where
        for<'a> &'a (): crate::missing_feature::FeatureHttp,
    {
        unreachable!("nothing satisfies the bound")
    }

    /// `Client::save_file`, for the compiler's hint.
    #[cfg(not(feature = "files"))]
    #[doc(hidden)]
    pub fn save_file<F: crate::missing_feature::FeatureFiles>(&self, _: F) -> F {
        unreachable!("nothing satisfies the bound")
    }

    pub(crate) fn new(
        service: BoxedService,
        timeout: Option<Duration>,
        token: Option<String>,
        kind: Arc<KindCell>,
    ) -> Self {
        Self { inner: Arc::new(Inner { service, timeout, token, kind }) }
    }

    pub(crate) fn service(&self) -> BoxedService {
        self.inner.service.clone()
    }

    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.inner.timeout
    }

    /// Returns `true` if there are other clones of the client.
    #[cfg(feature = "server")]
    pub(crate) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.inner) > 1
    }

    /// The kind of the server, as far as it is known.
    pub(crate) fn kind_cell(&self) -> &KindCell {
        &self.inner.kind
    }

    /// Returns the client with another service in place of its own, and everything else as it is.
    #[cfg(feature = "sse")]
    pub(crate) fn with_service(&self, service: BoxedService) -> Self {
        Self::new(service, self.timeout(), self.inner.token.clone(), self.inner.kind.clone())
    }

    /// The kind of the server, to share it.
    #[cfg(feature = "sse")]
    pub(crate) fn shared_kind(&self) -> Arc<KindCell> {
        self.inner.kind.clone()
    }

    /// The access token, which errors leave out.
    pub(crate) fn token(&self) -> Option<&str> {
        self.inner.token.as_deref()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("timeout", &self.inner.timeout).finish_non_exhaustive()
    }
}
