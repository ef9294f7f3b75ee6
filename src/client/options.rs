//! Settings that the clients of all transports have in common.

use std::env;
use std::sync::Arc;
use std::time::Duration;

use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceExt};

use crate::client::{Client, DEFAULT_TIMEOUT};
use crate::generated::server::ServerKind;
use crate::server_kind::KindCell;
use crate::transport::BoxedService;
use crate::transport::failure::BoxError;
use crate::transport::request::Request;
use crate::transport::response::Response;
use crate::transport::tls::Roots;

/// Environment variable with the access token.
const TOKEN_VARIABLE: &str = "CQHTTP_ACCESS_TOKEN";

/// Settings of a client.
pub(crate) struct ClientOptions {
    /// The access token, if one was set; an empty one counts as none.
    pub(crate) token: Option<String>,
    /// The time limit of a call; `None` for no limit.
    pub(crate) timeout: Option<Duration>,
    pub(crate) layers: Layers,
    /// Certificates that are trusted besides the system's.
    pub(crate) roots: Roots,
    /// The kind of the server, if it was set by hand.
    pub(crate) kind: Option<ServerKind>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            token: None,
            timeout: Some(DEFAULT_TIMEOUT),
            layers: Layers::default(),
            roots: Roots::default(),
            kind: None,
        }
    }
}

impl ClientOptions {
    /// Returns the client over `transport`. Errors leave out `token`, the token in use. The client and its connection share
    /// `kind`.
    pub(crate) fn client<S>(self, transport: S, token: Option<String>, kind: Arc<KindCell>) -> Client
    where
        S: Service<Request, Response = Response, Error = BoxError> + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        Client::new(self.layers.around(transport), self.timeout, token, kind)
    }
}

/// Reads the address and the access token from the environment. The error is the variable that is not set, or is not valid
/// Unicode; the token may be missing.
pub(crate) fn from_environment(url_variable: &'static str) -> Result<(String, Option<String>), &'static str> {
    let read = |name| env::var(name).map_err(|_| name);
    let url = read(url_variable)?;
    let token = env::var_os(TOKEN_VARIABLE).map(|_| read(TOKEN_VARIABLE)).transpose()?;
    Ok((url, token))
}

/// The layers of a builder, the innermost first.
#[derive(Default)]
pub(crate) struct Layers(Vec<Box<dyn FnOnce(BoxedService) -> BoxedService + Send>>);

impl Layers {
    pub(crate) fn push<L>(&mut self, layer: L)
    where
        L: Layer<BoxedService> + Send + 'static,
        L::Service: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Error: Into<BoxError>,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        self.0.push(Box::new(move |bottom| BoxCloneSyncService::new(layer.layer(bottom).map_err(Into::into))));
    }

    pub(crate) fn around<S>(self, transport: S) -> BoxedService
    where
        S: Service<Request, Response = Response, Error = BoxError> + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        self.0.into_iter().fold(BoxCloneSyncService::new(transport), |service, layer| layer(service))
    }
}
