//! The forward WebSocket, as a bot sees it: a client, and a stream of events.

mod error;
mod events;
pub(crate) mod queue;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tower::{Layer, Service};

pub use self::error::ConnectionError;
pub use self::events::{Events, Received};
pub use self::queue::Overflow;
use self::queue::Queue;
use crate::Client;
use crate::client::{DEFAULT_TIMEOUT, Layers};
use crate::error::chain;
use crate::transport::tls::Roots;
use crate::transport::ws::{self, Endpoint, Settings};
use crate::transport::{BoxError, Reply, Request};

/// The variable that [`Connect::from_env`] takes the address from.
const URL_VARIABLE: &str = "CQHTTP_WS_URL";
/// The variable that [`Connect::from_env`] takes the access token from.
const TOKEN_VARIABLE: &str = "CQHTTP_ACCESS_TOKEN";

/// Connects to the server's WebSocket at `url`, such as `ws://127.0.0.1:6700`. Feature `ws`.
///
/// The client makes calls as one over HTTP does; the events come as they happen. [`Connect`] has the settings.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let (client, mut events) = cqhttp::connect("ws://127.0.0.1:6700").await?;
/// println!("I am {}", client.get_login_info().await?.nickname);
/// while let Some(received) = events.next().await {
///     if let Some(message) = received.event.as_message() {
///         println!("{}: {}", message.display_name(), message.message().plain_text());
///         received.reply("pong").await?;
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub fn connect(url: impl Into<String>) -> Connect {
    Connect::to(url)
}

/// A connection to be made to a server's WebSocket: `.await` makes it. Feature `ws`.
///
/// ```no_run
/// # async fn run() -> Result<(), cqhttp::ConnectionError> {
/// use std::time::Duration;
///
/// let (client, events) = cqhttp::Connect::to("ws://127.0.0.1:6700")
///     .access_token("…")
///     .wait_for_server()
///     .timeout(Duration::from_secs(10))
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// A connection that is lost is made again, for ever, unless [`no_reconnect`](Self::no_reconnect) says otherwise. It counts
/// as lost when it breaks, when the server closes it, and when it is silent for too long: see
/// [`keepalive`](Self::keepalive) and [`no_heartbeat_watch`](Self::no_heartbeat_watch). Every call that is in flight then
/// ends at once: as [`Error::OutcomeUnknown`](crate::Error::OutcomeUnknown) if it had left, else as
/// [`Error::NotSent`](crate::Error::NotSent). Nothing is sent twice. A refused access token ends the connection for good.
///
/// # Errors
///
/// The first attempt failed, or the address or the token cannot be used: see [`ConnectionError`].
#[must_use = "no connection is made until it is awaited"]
pub struct Connect {
    url: String,
    token: Option<String>,
    token_in_query: bool,
    timeout: Option<Duration>,
    layers: Layers,
    roots: Roots,
    wait_for_server: bool,
    event_queue: usize,
    overflow: Overflow,
    settings: Settings,
}

impl Connect {
    /// To the server at `url`.
    ///
    /// - The path is kept as it is. On go-cqhttp `/` takes calls and sends events, `/api` only takes calls, and `/event`
    ///   only sends events.
    /// - `unix:///run/cqhttp.sock` is a server on a unix socket, where the platform has them.
    /// - `?access_token=…` is taken as [`access_token`](Self::access_token), and goes out as a header all the same.
    /// - `wss://` needs the feature `rustls` or `native-tls`.
    pub fn to(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            token: None,
            token_in_query: false,
            timeout: Some(DEFAULT_TIMEOUT),
            layers: Layers::default(),
            roots: Roots::default(),
            wait_for_server: false,
            event_queue: 1024,
            overflow: Overflow::default(),
            settings: Settings::default(),
        }
    }

    /// To the server that the environment names: `CQHTTP_WS_URL`, and `CQHTTP_ACCESS_TOKEN` if the server wants one.
    ///
    /// # Errors
    ///
    /// `CQHTTP_WS_URL` is not set, or one of them is not valid Unicode.
    pub fn from_env() -> Result<Self, ConnectionError> {
        let read = |name| std::env::var(name).map_err(|_| ConnectionError::Environment(name));
        let connect = Self::to(read(URL_VARIABLE)?);
        match std::env::var_os(TOKEN_VARIABLE) {
            Some(_) => Ok(connect.access_token(read(TOKEN_VARIABLE)?)),
            None => Ok(connect),
        }
    }

    /// The server's access token; sent as `Authorization: Bearer`. Default: none, and an empty one is none. It comes
    /// before one in the address.
    ///
    /// It shows in no `Debug`, no error and nothing that this crate logs. tungstenite logs the frames of a connection as
    /// they are: close frames, in which a server might name the token, at `debug`, all others at `trace`.
    pub fn access_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Sends the access token as `?access_token=…` and not as a header: for servers and proxies that read it nowhere
    /// else. Proxies like to log addresses.
    pub fn token_in_query(mut self) -> Self {
        self.token_in_query = true;
        self
    }

    /// How long a call may take in all, as [`ClientBuilder::timeout`](crate::ClientBuilder::timeout). Default: 30 seconds.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Lets calls take as long as they take.
    pub fn no_timeout(mut self) -> Self {
        self.timeout = None;
        self
    }

    /// Puts a tower layer around the client, outside of those added before it: as
    /// [`ClientBuilder::layer`](crate::ClientBuilder::layer), see [`layer`](crate::layer).
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<tower::util::BoxCloneSyncService<Request, Reply, BoxError>> + Send + 'static,
        L::Service: Service<Request, Response = Reply> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Error: Into<BoxError>,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        self.layers.push(layer);
        self
    }

    /// Trusts servers whose certificate is signed by this one, besides those that the system trusts, as
    /// [`ClientBuilder::root_certificate`](crate::ClientBuilder::root_certificate): a text in PEM. Features `rustls` and
    /// `native-tls`.
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots.push(pem.into());
        self
    }

    /// How long one attempt to connect may take. Default: 10 seconds.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.settings.connect_timeout = limit;
        self
    }

    /// Tries until the server is there, where it would fail at once: for a bot that starts together with its server. A
    /// refused access token, and an address that cannot be used, fail all the same. All else is waited for, since it may be
    /// a server that is just starting: a port where something else answers, too, and a certificate that is not trusted.
    /// Every attempt that fails is logged as a warning, with its reason.
    pub fn wait_for_server(mut self) -> Self {
        self.wait_for_server = true;
        self
    }

    /// Ends the connection for good when it is lost.
    pub fn no_reconnect(mut self) -> Self {
        self.settings.reconnect = false;
        self
    }

    /// How long to wait before the first attempt to connect again, and how long at most before later ones. Default: half a
    /// second and 30 seconds. A `longest` below `first` counts as `first`.
    ///
    /// The wait doubles with each attempt, and up to as much again is added by chance, never beyond `longest`. It begins anew
    /// after a connection that held for ten seconds, or for `longest` if that is less.
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.settings.first_wait = first;
        self.settings.longest_wait = longest.max(first);
        self
    }

    /// Lets up to `calls` calls wait, each within its own time limit, while there is no connection. Default: 0, they fail
    /// at once as [`Error::NotSent`](crate::Error::NotSent); so do those beyond `calls`.
    pub fn queue_while_down(mut self, calls: usize) -> Self {
        self.settings.queue_while_down = calls;
        self
    }

    /// How many events the queue of each consumer holds, however long they are: each is at most as long as
    /// [`frame_limit`](Self::frame_limit) lets it be. Default: 1024; 0 counts as 1.
    pub fn event_queue(mut self, events: usize) -> Self {
        self.event_queue = events;
        self
    }

    /// What becomes of events when a queue is full. Default: [`Overflow::DropOldest`].
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// Drops an event that came before, byte for byte, within so long a time: for servers that send the same event more
    /// than once. Heartbeats are exempt. At most the last 65,536 events are remembered. Default: nothing is dropped.
    pub fn dedupe(mut self, window: Duration) -> Self {
        self.settings.dedupe = Some(window);
        self
    }

    /// How often the server is sent a ping, and how long it may stay silent afterwards before the connection counts as
    /// lost. Default: 20 seconds and 10 seconds.
    ///
    /// Whatever the server sends is a sign of life. The `/event` of go-cqhttp answers no pings: a connection over which
    /// something has come, but never an answer to a ping, is not given up for its silence. There the heartbeats alone tell.
    pub fn keepalive(mut self, interval: Duration, patience: Duration) -> Self {
        self.settings.keepalive = Some((interval.max(Duration::from_millis(1)), patience));
        self
    }

    /// Sends no pings.
    pub fn no_keepalive(mut self) -> Self {
        self.settings.keepalive = None;
        self
    }

    /// Goes on after heartbeats that stay away. Otherwise, once the server has sent one, the connection counts as lost
    /// when nothing comes for 2.5 times the interval that it named.
    pub fn no_heartbeat_watch(mut self) -> Self {
        self.settings.heartbeat_watch = false;
        self
    }

    /// The longest frame that is read, in bytes. Default: 64 MiB. The protocol has no way around a longer one: the
    /// connection is closed, and made again.
    pub fn frame_limit(mut self, bytes: usize) -> Self {
        self.settings.frame_limit = bytes;
        self
    }

    async fn run(self) -> Result<(Client, Events), ConnectionError> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(ConnectionError::NoRuntime);
        }
        let Self { url, token, token_in_query, timeout, layers, roots, wait_for_server, .. } = self;
        let Self { event_queue, overflow, settings, .. } = self;
        let endpoint = Endpoint::new(&url, token, token_in_query, &settings, &roots)?;
        let token = endpoint.token().map(str::to_owned);
        let socket = endpoint.first(wait_for_server).await?;
        let queue = Arc::new(Queue::new(event_queue, overflow));
        let (commands, commanded) = mpsc::unbounded_channel();
        let link = Arc::new(Link {
            state: watch::Sender::new(ConnectionState::Connected),
            queues: Mutex::new(vec![queue.clone()]),
            tap: None,
            commands,
        });
        let transport = ws::start(endpoint, socket, link.clone(), commanded);
        let client = Client::new(layers.around(transport), timeout, token);
        Ok((client.clone(), Events::new(client, queue, Connection(link))))
    }
}

impl IntoFuture for Connect {
    type Output = Result<(Client, Events), ConnectionError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { timeout, wait_for_server, event_queue, overflow, settings, .. } = self;
        f.debug_struct("Connect")
            .field("timeout", timeout)
            .field("wait_for_server", wait_for_server)
            .field("event_queue", event_queue)
            .field("overflow", overflow)
            .field("settings", settings)
            .finish_non_exhaustive()
    }
}

/// How a connection stands.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ConnectionState {
    /// It is being made again.
    Connecting,
    /// It stands.
    Connected,
    /// It was lost, or could not be made again.
    #[non_exhaustive]
    Disconnected {
        /// Why.
        why: ConnectionError,
        /// When it is tried again.
        next_try: Instant,
    },
    /// This program closes it: calls in flight may still be answered, and new ones are not sent.
    Closing,
    /// It has ended, and is not made again.
    #[non_exhaustive]
    Closed {
        /// Why; [`ConnectionError::Closed`] where this program closed it.
        why: ConnectionError,
    },
}

impl ConnectionState {
    /// Whether calls can be made.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self, Self::Connected)
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed { .. })
    }
}

/// One line for people: how it stands and, where it does not, why.
impl fmt::Display for ConnectionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connecting => f.write_str("connecting"),
            Self::Connected => f.write_str("connected"),
            Self::Closing => f.write_str("closing"),
            Self::Disconnected { why, .. } => write!(f, "disconnected: {}", chain(why)),
            Self::Closed { why } => write!(f, "closed: {}", chain(why)),
        }
    }
}

/// How long [`Connection::close`] waits for the calls in flight.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);

/// A handle to a connection: it watches and closes it. Cheap to clone; it does not keep the connection open, as clients
/// and [`Events`] do.
#[derive(Clone)]
pub struct Connection(Arc<Link>);

impl Connection {
    /// How it stands now.
    #[must_use]
    pub fn state(&self) -> ConnectionState {
        self.0.state.borrow().clone()
    }

    /// How it stands, and how that changes. A watcher sees the latest state, and may miss those in between.
    ///
    /// ```no_run
    /// # async fn run(events: cqhttp::Events) {
    /// let mut states = events.connection().watch();
    /// tokio::spawn(async move {
    ///     while states.changed().await.is_ok() {
    ///         println!("{}", *states.borrow_and_update());
    ///     }
    /// });
    /// # }
    /// ```
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<ConnectionState> {
        self.0.state.subscribe()
    }

    /// Closes the connection: no new calls go out, those in flight have ten seconds to be answered, then a close frame is
    /// sent. Returns when it has ended. Event streams end once what they hold is taken.
    pub async fn close(&self) {
        self.close_within(CLOSE_LIMIT).await;
    }

    /// Closes as [`close`](Self::close) does, with another limit for the calls in flight. With zero they end at once, with
    /// their outcome unknown.
    pub async fn close_within(&self, limit: Duration) {
        let mut states = self.watch();
        // It fails where the connection has ended already.
        let _ = self.0.commands.send(Stop { limit, why: ConnectionError::Closed });
        let _ = states.wait_for(ConnectionState::is_closed).await;
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connection").field(&*self.0.state.borrow()).finish()
    }
}

/// What the task that owns the socket shares with those who watch it.
pub(crate) struct Link {
    pub(crate) state: watch::Sender<ConnectionState>,
    queues: Mutex<Vec<Arc<Queue<Bytes>>>>,
    /// Takes the events in place of the queues.
    pub(crate) tap: Option<Box<dyn Tap>>,
    commands: mpsc::UnboundedSender<Stop>,
}

/// Where events go that are not for queues of the connection's own.
pub(crate) trait Tap: Send + Sync {
    fn take(&self, event: &[u8]);

    /// Wakes those who wait for events; taking one does not.
    fn wake(&self);
}

/// The end of a connection, from here.
pub(crate) struct Stop {
    /// How long the calls in flight may take.
    pub(crate) limit: Duration,
    pub(crate) why: ConnectionError,
}

impl Link {
    /// Of a connection whose events go to `tap`.
    #[cfg(feature = "server")]
    pub(crate) fn tapped(tap: Box<dyn Tap>, commands: mpsc::UnboundedSender<Stop>) -> Self {
        let state = watch::Sender::new(ConnectionState::Connected);
        Self { state, queues: Mutex::default(), tap: Some(tap), commands }
    }

    /// Ends the connection.
    #[cfg(feature = "server")]
    pub(crate) fn stop(&self, limit: Duration, why: ConnectionError) {
        // It fails where the connection has ended already.
        let _ = self.commands.send(Stop { limit, why });
    }

    /// The queues of all consumers.
    pub(crate) fn queues(&self) -> MutexGuard<'_, Vec<Arc<Queue<Bytes>>>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the consumers, who have events to take.
    pub(crate) fn wake(&self) {
        match &self.tap {
            Some(tap) => tap.wake(),
            None => self.queues().iter().for_each(|queue| queue.wake()),
        }
    }

    /// Why there is no connection, for a call that found none.
    pub(crate) fn why_closed(&self) -> ConnectionError {
        match &*self.state.borrow() {
            ConnectionState::Disconnected { why, .. } | ConnectionState::Closed { why } => why.clone(),
            _ => ConnectionError::Closed,
        }
    }

    /// The end of it all.
    pub(crate) fn end(&self, why: ConnectionError) {
        self.state.send_replace(ConnectionState::Closed { why });
        self.queues().iter().for_each(|queue| queue.close());
    }
}
