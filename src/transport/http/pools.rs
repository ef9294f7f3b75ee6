//! Pools of connections, one for each runtime.

use std::sync::Mutex;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use tokio::runtime::{Handle, Id};

use crate::error::address::AddressError;
use crate::error::reason::Reason;
use crate::sync::lock;
use crate::transport::address::{Address, bearer};
use crate::transport::failure::{BoxError, Failure};
use crate::transport::tls::{Roots, Tls};

/// Time limit of connecting; the time limit of the call also applies.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Time after which an idle connection is dropped. Many servers close idle connections after five seconds, and a call that meets such a
/// close ends with its outcome unknown.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// Limit of the runtimes whose connections are kept.
const RUNTIMES: usize = 8;

/// The HTTP clients of one server, one for each runtime: a connection is driven by the runtime that has opened it, and stands
/// still while that runtime is idle.
pub(super) struct Pools {
    /// The URL that the actions' names are appended to.
    base: Url,
    address: Address,
    headers: HeaderMap,
    tls: Tls,
    /// By runtime, the one used last at the end.
    clients: Mutex<Vec<(Id, reqwest::Client)>>,
}

impl Pools {
    /// Pools with a first client, for the current runtime if there is one.
    pub(super) fn new(address: Address, headers: HeaderMap, roots: &Roots) -> Result<Self, AddressError> {
        let base = address_url(&address)?;
        let tls = roots.settings(address.secure)?;
        let pools = Self { base, address, headers, tls, clients: Mutex::default() };
        let client = pools.build()?;
        lock(&pools.clients).extend(Handle::try_current().map(|runtime| (runtime.id(), client)));
        Ok(pools)
    }

    /// The URL that the actions' names are appended to.
    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    /// Returns the client of the current runtime.
    pub(super) fn current(&self) -> Result<reqwest::Client, BoxError> {
        let Ok(runtime) = Handle::try_current() else {
            return Err(Reason("a call is awaited inside a tokio runtime, and there is none here".into()).into());
        };
        let id = runtime.id();
        let mut clients = lock(&self.clients);
        if let Some(at) = clients.iter().position(|(known, _)| *known == id) {
            clients[at..].rotate_left(1);
        } else {
            // The lock is held meanwhile, so that a runtime gets one client.
            let client = self.build().map_err(unusable)?;
            if clients.len() >= RUNTIMES {
                clients.remove(0);
            }
            clients.push((id, client));
        }
        let (_, client) = clients.last().ok_or_else(|| Failure::new("there is no HTTP client"))?;
        Ok(client.clone())
    }

    fn build(&self) -> Result<reqwest::Client, AddressError> {
        let builder = direct_client(self.headers.clone(), &self.tls)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT);
        let builder = match &self.address.socket {
            #[cfg(unix)]
            Some(path) => builder.unix_socket(path.clone()),
            _ => builder,
        };
        builder.build().map_err(|error| AddressError::Setup(error.without_url().into()))
    }
}

/// Returns the URL of an address.
pub(in crate::transport) fn address_url(address: &Address) -> Result<Url, AddressError> {
    let scheme = if address.secure { "https" } else { "http" };
    Url::parse(&format!("{scheme}://{}{}", address.authority(), address.path))
        .map_err(|error| AddressError::Url(error.to_string()))
}

/// Returns the value of the header with the access token.
pub(in crate::transport) fn authorization(token: &str) -> Result<HeaderValue, AddressError> {
    let mut value = HeaderValue::from_str(&bearer(token)?).map_err(|_| AddressError::AccessToken)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Returns the builder of an HTTP client that sends each request once, directly to the server.
pub(in crate::transport) fn direct_client(headers: HeaderMap, tls: &Tls) -> reqwest::ClientBuilder {
    let builder = reqwest::Client::builder()
        .default_headers(headers)
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .tcp_nodelay(true);
    tls.configure(builder)
}

fn unusable(error: AddressError) -> Failure {
    let failure = Failure::new("the HTTP client cannot be set up for this runtime");
    match error {
        AddressError::Certificate(source) | AddressError::Setup(source) => failure.with_source(source),
        AddressError::Url(_) | AddressError::Tls | AddressError::AccessToken => failure,
    }
}
