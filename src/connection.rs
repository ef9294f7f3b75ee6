//! Connections that this program makes, over a WebSocket or by server-sent events: a client, and a stream of events.

pub(crate) mod handle;
mod open;
mod sink;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use tower::util::BoxCloneSyncService;
use tower::{Layer, Service};

use self::handle::Connection;
use self::open::Opening;
use self::sink::ForwardSink;
use crate::client::Client;
use crate::client::options::{self, ClientOptions};
use crate::error::connection::ConnectionError;
use crate::events::Events;
use crate::events::fanout::Fanout;
use crate::events::queue::{Overflow, QueueLimits};
use crate::generated::server::ServerKind;
use crate::transport::control::{Control, Stopper};
use crate::transport::failure::BoxError;
use crate::transport::request::Request;
use crate::transport::response::Response;
use crate::transport::settings::Settings;

/// Environment variable with the address.
const URL_VARIABLE: &str = "CQHTTP_WS_URL";

/// Connects to the server at `url`: to its WebSocket, such as `ws://127.0.0.1:3001`, or to its events by HTTP, such as
/// `http://127.0.0.1:3000`. Feature `ws`, or `sse` for HTTP.
///
/// The client makes calls like one over HTTP. [`Connect`] has the settings, and says how the two differ.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let (client, mut events) = cqhttp::connect("ws://127.0.0.1:3001").await?;
/// println!("I am {}", client.get_login_info().await?.user_id);
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

/// Configures a connection to a server's WebSocket, or to its events by HTTP; `.await` makes it. Feature `ws`, or `sse` for HTTP.
///
/// ```no_run
/// # async fn run() -> Result<(), cqhttp::ConnectionError> {
/// use std::time::Duration;
///
/// let (client, events) = cqhttp::Connect::to("ws://127.0.0.1:3001")
///     .access_token("…")
///     .wait_for_server()
///     .timeout(Duration::from_secs(10))
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// After a connection is lost, it is made again with any number of attempts, unless [`no_reconnect`](Self::no_reconnect) is
/// set. A connection counts as lost when it breaks, when the server closes it, and when the server is silent for too long: see
/// [`keepalive`](Self::keepalive) and [`no_heartbeat_watch`](Self::no_heartbeat_watch). The calls in flight then end at once:
/// as [`Error::OutcomeUnknown`](crate::Error::OutcomeUnknown) if they had been sent, else as
/// [`Error::NotSent`](crate::Error::NotSent). No call is sent twice. A refused access token ends the connection for good.
///
/// # Events by HTTP
///
/// NapCat's *HTTP SSE server* and LLOneBot's *HTTP* send events by server-sent events (SSE), as the response to
/// `GET /_events`. With an `http://` address and the feature `sse`, the connection reads them:
///
/// ```no_run
/// # #[cfg(feature = "sse")]
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let (client, mut events) = cqhttp::connect("http://127.0.0.1:3000").access_token("…").await?;
/// while let Some(received) = events.next().await {
///     println!("{}", received.text());
/// }
/// # Ok(())
/// # }
/// ```
///
/// Events, states, waits between attempts, [`dedupe`](Self::dedupe) and [`overflow`](Self::overflow) work as over a WebSocket.
/// The differences:
///
/// - Calls go over HTTP to the same server, by connections of their own, or through a client of their own:
///   [`calls`](Self::calls). They are also made while the events are disconnected, and calls in flight do not end with
///   the events. Calls are rejected once the connection is [closed](crate::Connection::close) or has ended for good.
/// - Heartbeats are watched if the server sends them; LLOneBot does, every five seconds. NapCat sends none, and a server
///   without heartbeats may be silent for ever. [`keepalive`](Self::keepalive) finds out if its machine is gone.
/// - The server sends no event again: an event that happens while there is no connection is lost, as over a WebSocket.
///   `id:` and `retry:` in the stream have no effect.
///
/// # Errors
///
/// The first attempt failed, or the address or the token cannot be used: see [`ConnectionError`].
#[must_use = "no connection is made until it is awaited"]
pub struct Connect {
    url: String,
    options: ClientOptions,
    token_in_query: bool,
    wait_for_server: bool,
    queue: QueueLimits,
    dedupe: Option<Duration>,
    settings: Settings,
    /// The client that makes the calls beside events by HTTP.
    #[cfg(feature = "sse")]
    calls: Option<Client>,
}

impl Connect {
    /// Configures a connection to the server at `url`.
    ///
    /// - The path of a WebSocket is kept as it is. On go-cqhttp `/` takes calls and sends events, `/api` only takes calls, and
    ///   `/event` only sends events.
    /// - `http://` and `https://` lead to events by HTTP; feature `sse`. `/_events` is added unless the path ends with it. Calls
    ///   go to the path without it, followed by the name of the action.
    /// - `unix:///run/cqhttp.sock` is a server on a unix socket, if the platform has them.
    /// - `?access_token=…` is taken as [`access_token`](Self::access_token), and is sent as a header.
    /// - A host name that is not ASCII is written in its ASCII form, `xn--…`.
    /// - `wss://` and `https://` need the feature `tls`.
    #[doc(alias = "SSE")]
    #[doc(alias = "server-sent events")]
    #[doc(alias = "服务器推送事件")]
    pub fn to(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            options: ClientOptions::default(),
            token_in_query: false,
            wait_for_server: false,
            queue: QueueLimits::default(),
            dedupe: None,
            settings: Settings::default(),
            #[cfg(feature = "sse")]
            calls: None,
        }
    }

    /// Configures a connection to the server in the environment: `CQHTTP_WS_URL`, and `CQHTTP_ACCESS_TOKEN` if the server
    /// requires a token. The address may also be an `http://` address, as in [`to`](Self::to).
    ///
    /// # Errors
    ///
    /// `CQHTTP_WS_URL` is not set, or one of the variables is not valid Unicode.
    pub fn from_env() -> Result<Self, ConnectionError> {
        let (url, token) = options::from_environment(URL_VARIABLE).map_err(ConnectionError::Environment)?;
        let mut connect = Self::to(url);
        connect.options.token = token;
        Ok(connect)
    }

    /// Sets the server's access token, which is sent as `Authorization: Bearer`. Default: none; an empty token counts as none.
    /// It takes precedence over a token in the address.
    ///
    /// It does not appear in `Debug` output, errors or the logs of this crate. tungstenite logs frames unchanged: close frames,
    /// which may contain the token, at `debug`, and all others at `trace`.
    pub fn access_token(mut self, token: impl Into<String>) -> Self {
        self.options.token = Some(token.into());
        self
    }

    /// Sends the access token as `?access_token=…` in place of a header: for servers and proxies that require it. Proxies often
    /// log addresses. Calls beside events by HTTP always have the header.
    pub fn token_in_query(mut self) -> Self {
        self.token_in_query = true;
        self
    }

    /// Makes the calls beside events by HTTP through `client`, with its address, token, time limit, layers and server kind.
    /// The address and the token of the events, [`timeout`](Self::timeout), [`layer`](Self::layer) and
    /// [`server_kind`](Self::server_kind) then have no effect on calls. Default: a client for the server of the events.
    /// Feature `sse`.
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// let calls = cqhttp::Client::builder("http://127.0.0.1:3001").access_token("of the calls").build()?;
    /// let (client, events) = cqhttp::connect("http://127.0.0.1:3000").access_token("of the events").calls(calls).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A WebSocket takes calls itself: with the address of a WebSocket, connecting fails with [`ConnectionError::Address`].
    #[cfg(feature = "sse")]
    pub fn calls(mut self, client: Client) -> Self {
        self.calls = Some(client);
        self
    }

    /// `calls`, for the compiler's hint.
    #[cfg(not(feature = "sse"))]
    #[doc(hidden)]
    pub fn calls<C: crate::missing_feature::FeatureSse>(self, _: C) -> Self {
        self
    }

    /// Limits the time of a call, like [`ClientBuilder::timeout`](crate::ClientBuilder::timeout). Default: 30 seconds.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.options.timeout = Some(limit);
        self
    }

    /// Removes the time limit of calls.
    pub fn no_timeout(mut self) -> Self {
        self.options.timeout = None;
        self
    }

    /// Puts a tower layer around the client, outside the layers added before it, like
    /// [`ClientBuilder::layer`](crate::ClientBuilder::layer). See [`layer`](crate::layer).
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

    /// Trusts a root certificate besides the system's, like
    /// [`ClientBuilder::root_certificate`](crate::ClientBuilder::root_certificate). Feature `tls`.
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

    /// Limits the time of one attempt to connect. Default: 10 seconds.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.settings.connect_timeout = limit;
        self
    }

    /// Repeats the first attempt until it succeeds: for a bot that starts together with its server.
    ///
    /// A refused access token and an address that cannot be used still fail at once. Any other failure is followed by another
    /// attempt, since the server may be starting: also an unexpected answer, and a certificate that is not trusted. Every
    /// failed attempt is logged as a warning, with its reason.
    pub fn wait_for_server(mut self) -> Self {
        self.wait_for_server = true;
        self
    }

    /// Says which program the server is, for [`Client::server_kind`]. Default: unknown until
    /// [`Client::detect_server`] has asked. A kind set here is never forgotten, and comes before a detected one.
    pub fn server_kind(mut self, kind: ServerKind) -> Self {
        self.options.kind = Some(kind);
        self
    }

    /// Ends the connection for good when it is lost, in place of connecting again.
    pub fn no_reconnect(mut self) -> Self {
        self.settings.reconnect = false;
        self
    }

    /// Sets the wait before the first attempt to connect again, and the longest wait before later attempts. Default: half a
    /// second and 30 seconds. A `longest` below `first` counts as `first`.
    ///
    /// The wait doubles with each attempt, and a random share of up to the same length is added, never beyond `longest`. It
    /// starts at `first` again after a connection that lasted ten seconds, or `longest` if that is less.
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.settings.first_wait = first;
        self.settings.longest_wait = longest.max(first);
        self
    }

    /// Keeps up to `calls` calls, each within its time limit, while there is no connection. Default: 0. Further calls fail at
    /// once as [`Error::NotSent`](crate::Error::NotSent). It has no effect on calls beside events by HTTP, which do not need the
    /// connection of the events.
    pub fn queue_while_down(mut self, calls: usize) -> Self {
        self.settings.queue_while_down = calls;
        self
    }

    /// Limits the events in the queue of each consumer, in bytes. Default: 64 MiB. An event counts with its text and 256 bytes
    /// more; a single event may be longer.
    ///
    /// Consumers share the memory of an event that waits in several queues. A program that only makes calls drops its [`Events`]:
    /// the client keeps the connection open, and no event is kept.
    pub fn event_queue_limit(mut self, bytes: usize) -> Self {
        self.queue.account = bytes;
        self
    }

    /// Sets the rule for events that arrive when a queue is full. Default: [`Overflow::DropOldest`].
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.queue.overflow = overflow;
        self
    }

    /// Drops an event if the same bytes arrived before within this window: for servers that send events more than once.
    /// Heartbeats are exempt. At most the last 65,536 events are remembered. Default: nothing is dropped.
    pub fn dedupe(mut self, window: Duration) -> Self {
        self.dedupe = Some(window);
        self
    }

    /// Sets the interval between pings, and the longest silence after a ping before the connection counts as lost. Default: 20
    /// seconds and 10 seconds.
    ///
    /// Everything that the server sends ends its silence. The `/event` of go-cqhttp does not answer pings: a connection over
    /// which frames have arrived, but never an answer to a ping, does not count as lost for its silence. Only heartbeats count
    /// there.
    ///
    /// HTTP has no pings. For events by HTTP, TCP sends probes after this interval, in whole seconds, and the connection is lost
    /// if three of them get no answer within the longest silence. The operating system of the server's machine answers them,
    /// even if the server itself hangs.
    pub fn keepalive(mut self, interval: Duration, patience: Duration) -> Self {
        self.settings.keepalive = Some((interval.max(Duration::from_millis(1)), patience));
        self
    }

    /// Disables pings and, for events by HTTP, the probes of TCP.
    pub fn no_keepalive(mut self) -> Self {
        self.settings.keepalive = None;
        self
    }

    /// Does not treat missing heartbeats as a lost connection. Otherwise, after the first heartbeat, the connection counts as
    /// lost when nothing arrives for 2.5 times the interval in it.
    pub fn no_heartbeat_watch(mut self) -> Self {
        self.settings.heartbeat_watch = false;
        self
    }

    /// Limits the length of a frame, or of an event by HTTP, in bytes. Default: 64 MiB. The protocol cannot skip a longer frame:
    /// the connection is closed, and made again.
    pub fn frame_limit(mut self, bytes: usize) -> Self {
        self.settings.frame_limit = bytes;
        self
    }

    /// Limits the parts of a [streamed answer](crate::Call::stream) that wait to be read, in bytes. Default: 4 MiB for each
    /// answer. Over HTTP it has no effect.
    ///
    /// When the limit is exceeded, nothing is read from the connection until the program has taken some parts: for at most a
    /// quarter of a second, and again as long as the program takes at least 4 MiB a second. A call whose parts are taken more
    /// slowly, or not at all, ends as [`Error::OutcomeUnknown`](crate::Error::OutcomeUnknown); other calls and events go on.
    pub fn stream_buffer(mut self, bytes: usize) -> Self {
        self.settings.stream_buffer = bytes;
        self
    }

    async fn run(self) -> Result<(Client, Events), ConnectionError> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(ConnectionError::NoRuntime);
        }
        let fanout = Fanout::new(self.queue);
        // Before the task starts, which may read an event at once.
        let queue = fanout.subscribe();
        let (stopper, stops) = Stopper::new();
        let control = Control::new(ForwardSink::new(fanout.clone(), self.dedupe), stopper);
        let connection = Connection::new(control.clone());
        let opening = Opening {
            url: self.url,
            options: self.options,
            token_in_query: self.token_in_query,
            wait_for_server: self.wait_for_server,
            settings: self.settings,
            #[cfg(feature = "sse")]
            calls: self.calls,
        };
        let client = opening.connect(control, stops).await?;
        Ok((client.clone(), Events::new(queue, fanout, Some(client), connection)))
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
        let Self { options, wait_for_server, queue, dedupe, settings, .. } = self;
        f.debug_struct("Connect")
            .field("timeout", &options.timeout)
            .field("wait_for_server", wait_for_server)
            .field("queue", queue)
            .field("dedupe", dedupe)
            .field("settings", settings)
            .finish_non_exhaustive()
    }
}
