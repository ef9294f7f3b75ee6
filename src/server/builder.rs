//! The builder of a server.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::io;
use std::pin::Pin;
use std::time::Duration;

use tokio::net::TcpListener;
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceExt};

use crate::error::need_runtime;
use crate::events::queue::Overflow;
use crate::generated::server::ServerKind;
use crate::generated::types::UserId;
use crate::server::bots::Bots;
use crate::server::listener;
use crate::server::options::ServerOptions;
use crate::server::shared::Shared;
use crate::server::stream::Server;
use crate::time::YEAR;
use crate::transport::failure::BoxError;
use crate::transport::request::Request;
use crate::transport::response::Response;

/// Configures a [`Server`]. After [`Server::bind`], `.await` starts the server; after [`Server::builder`],
/// [`router`](ServerBuilder::router) makes it a part of your own application.
#[must_use = "nothing listens until it is awaited"]
pub struct ServerBuilder<To = ()> {
    to: To,
    options: ServerOptions,
}

impl<To> ServerBuilder<To> {
    fn new(to: To) -> Self {
        Self { to, options: ServerOptions::default() }
    }

    /// Sets the access token that is required of connecting servers. Default: none; an empty token counts as none. If a
    /// [`webhook_secret`](Self::webhook_secret) is set too, HTTP POSTs need a signature in its place.
    ///
    /// It is compared in constant time, without the blanks at its ends, which headers lose on the way. It does not appear in logs,
    /// `Debug` output or errors.
    pub fn access_token(mut self, token: impl Into<String>) -> Self {
        self.options.token = Some(token.into()).filter(|token| !token.is_empty());
        self
    }

    /// Sets the secret that HTTP POSTs are signed with (`X-Signature`, HMAC-SHA1 of the body). Default: none; an empty secret
    /// counts as none. NapCat signs with its access token. A signed HTTP POST does not need the
    /// [`access_token`](Self::access_token).
    ///
    /// A signature does not contain a time, so a recorded HTTP POST keeps its valid signature. Within the
    /// [`replay_window`](Self::replay_window), messages and requests are known by their ids. Other events, such as a poke or a
    /// new member, have no id: whoever can record them can replay them at any time, and messages and requests after the window
    /// or a restart of the bot. If others can read the traffic, put the server behind a proxy with TLS, or serve its
    /// [`router`](ServerBuilder::router) over TLS: the server's own listener does not support it.
    pub fn webhook_secret(mut self, secret: impl Into<String>) -> Self {
        self.options.secret = Some(secret.into()).filter(|secret| !secret.is_empty());
        self
    }

    /// Limits the time of a call, like [`Connect::timeout`](crate::Connect::timeout). Default: 30 seconds.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.options.timeout = Some(limit);
        self
    }

    /// Removes the time limit of calls.
    pub fn no_timeout(mut self) -> Self {
        self.options.timeout = None;
        self
    }

    /// Says which program an account's server is, for [`Client::server_kind`](crate::Client::server_kind). Default: unknown until
    /// [`Client::detect_server`](crate::Client::detect_server) has asked. A kind set here is never forgotten, and comes before a
    /// detected one.
    pub fn server_kind(mut self, account: impl Into<UserId>, kind: ServerKind) -> Self {
        self.options.kinds.insert(account.into(), kind);
        self
    }

    /// Puts a tower layer around the client of each account, outside the layers added before it: see [`layer`](crate::layer).
    ///
    /// Each account gets its own layered service. A layer with state for each service, such as `RateLimit` or tower's
    /// `ConcurrencyLimitLayer`, limits each account separately. `RateLimit::shared` and tower's `GlobalConcurrencyLimitLayer`
    /// limit all accounts together.
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<BoxCloneSyncService<Request, Response, BoxError>> + Send + Sync + 'static,
        L::Service: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Error: Into<BoxError>,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        let layer = move |bottom| BoxCloneSyncService::new(layer.layer(bottom).map_err(Into::into));
        self.options.layers.push(Box::new(layer));
        self
    }

    /// Limits the events of one account in the queue of each consumer, in bytes. Default: 64 MiB. An event counts with its text
    /// and 256 bytes more; a single event may be longer.
    ///
    /// One account's flood takes only its own events: see [`Server::missed_by_account`]. Consumers share the memory of an event
    /// that waits in several queues. The [`Server`] itself is a consumer: take its events, even if others do the work.
    pub fn event_queue_limit(mut self, bytes: usize) -> Self {
        self.options.queue.account = bytes;
        self
    }

    /// Limits the events of all accounts together in the queue of each consumer, in bytes. Default: 256 MiB. Each account that has
    /// events there counts with 1,536 bytes more. Beyond the limit, the account with the largest backlog loses its oldest events,
    /// whatever [`overflow`](Self::overflow) says. A single event may be longer.
    pub fn total_event_queue_limit(mut self, bytes: usize) -> Self {
        self.options.queue.total = bytes;
        self
    }

    /// Sets the rule for events that arrive when an account has filled its part of a queue. Default: [`Overflow::DropOldest`].
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.options.queue.overflow = overflow;
        self
    }

    /// Accepts events of other accounts than `X-Self-ID` names: for servers such as onebots, whose events have a `self_id` of
    /// their own. The client of such an event is that of the connection. Otherwise such an event ends its connection, or is
    /// rejected if it arrived by HTTP POST: see [`Bots::last_error`].
    ///
    /// The connection belongs to the account in `X-Self-ID`: [`Bots::get`] and [`Server::missed_by_account`] know it by that
    /// account.
    pub fn accept_other_accounts(mut self) -> Self {
        self.options.other_accounts = true;
        self
    }

    /// Keeps up to `calls` calls of each account, each within its time limit, while no WebSocket of the account takes calls,
    /// like [`Connect::queue_while_down`](crate::Connect::queue_while_down). Default: 0. Further calls fail at once as
    /// [`Error::NotSent`](crate::Error::NotSent). So do calls of an account that has only sent HTTP POSTs.
    pub fn queue_while_down(mut self, calls: usize) -> Self {
        self.options.settings.queue_while_down = calls;
        self
    }

    /// Drops an event if the same bytes arrived before from the same account within this window, over any of its WebSockets or
    /// by HTTP POST. Heartbeats and lifecycle events are exempt. At most the last 65,536 events of an account are remembered.
    /// Default: nothing is dropped.
    pub fn dedupe(mut self, window: Duration) -> Self {
        self.options.dedupe = Some(window);
        self
    }

    /// Sets the interval between pings, and the longest silence after a ping, like
    /// [`Connect::keepalive`](crate::Connect::keepalive). Default: 20 seconds and 10 seconds.
    pub fn keepalive(mut self, interval: Duration, patience: Duration) -> Self {
        self.options.settings.keepalive = Some((interval.max(Duration::from_millis(1)), patience));
        self
    }

    /// Disables pings.
    pub fn no_keepalive(mut self) -> Self {
        self.options.settings.keepalive = None;
        self
    }

    /// Does not treat missing heartbeats as a lost connection, like
    /// [`Connect::no_heartbeat_watch`](crate::Connect::no_heartbeat_watch).
    pub fn no_heartbeat_watch(mut self) -> Self {
        self.options.settings.heartbeat_watch = false;
        self
    }

    /// Limits the length of a WebSocket frame, in bytes. Default: 64 MiB. A longer frame ends its connection.
    pub fn frame_limit(mut self, bytes: usize) -> Self {
        self.options.settings.frame_limit = bytes;
        self
    }

    /// Limits the parts of a streamed answer that wait to be read, like
    /// [`Connect::stream_buffer`](crate::Connect::stream_buffer). Default: 4 MiB for each answer.
    pub fn stream_buffer(mut self, bytes: usize) -> Self {
        self.options.settings.stream_buffer = bytes;
        self
    }

    /// Limits the number of WebSockets, and the number of accounts that are remembered. Default: 4096. Further WebSockets are
    /// rejected. An account that connects again takes over the place of the connection that it replaces, which has one more
    /// second for its close frame. Accounts that are not connected are forgotten when their places are needed, unless the
    /// program holds a client of theirs.
    ///
    /// The same number of further connections may be in a handshake or an HTTP POST. When that limit is reached, a new
    /// connection evicts the oldest one that has not authenticated yet, so that idle connections cannot lock accounts out. An
    /// HTTP POST whose event has been accepted keeps its place until it is answered.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.options.connections = connections.clamp(1, tokio::sync::Semaphore::MAX_PERMITS);
        self
    }

    /// Limits the time in which a connection must send the head of its request, of at most 16 KiB, and an HTTP POST its body.
    /// Default: 10 seconds. More than a year counts as a year.
    pub fn handshake_timeout(mut self, limit: Duration) -> Self {
        self.options.handshake_timeout = limit.min(YEAR);
        self
    }

    /// Limits the body of an HTTP POST, in bytes. Default: 8 MiB. A longer body gets HTTP status 413.
    ///
    /// All unfinished bodies together may hold 64 MiB, or twice this limit if that is more. Beyond that their oldest
    /// connections are dropped.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.options.body_limit = bytes;
        self
    }

    /// Limits the time in which an HTTP POST can be answered; after it the response is empty. Default: 4 seconds, since
    /// go-cqhttp may give up after 5, and sends the event again.
    pub fn answer_within(mut self, limit: Duration) -> Self {
        self.options.answer_within = limit;
        self
    }

    /// Drops an HTTP POST that repeats another one of the account within this window. Default: 5 minutes; zero drops nothing.
    /// At most the last 65,536 of an account are remembered.
    ///
    /// A message or a request is a repetition if its `message_id` or `flag` arrived before, from the same user in the same chat.
    /// Any event is a repetition if the HTTP POST with the same bytes before it got no answer, since servers then send it again.
    /// Other events pass: two pokes within a second are equal to the byte. See [`webhook_secret`](Self::webhook_secret) for
    /// what can be replayed.
    pub fn replay_window(mut self, window: Duration) -> Self {
        self.options.replay_window = window;
        self
    }
}

impl ServerBuilder {
    /// Returns the server, and a router for your own application: `Router::new().nest_service("/onebot", router)`. The router
    /// answers on `/onebot`, on `/onebot/`, which axum's `nest` would omit, and on every path below. It is a router of axum 0.8;
    /// the application needs `axum = "0.8"` too.
    ///
    /// The application limits the connections of its listener: here [`max_connections`](Self::max_connections) counts only
    /// WebSockets, and bodies have no common limit. A server that is dropped or closed answers with HTTP status 503.
    pub fn router(self) -> (Server, axum::Router) {
        let shared = Shared::new(self.options);
        let router = listener::router(shared.clone());
        (Server::new(Bots::new(shared), None), router)
    }
}

impl IntoFuture for ServerBuilder<String> {
    type Output = io::Result<Server>;
    type IntoFuture = Pin<Box<dyn Future<Output = io::Result<Server>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            need_runtime()?;
            let address = self.to;
            let unusable =
                |error: io::Error| io::Error::new(error.kind(), format!("cannot listen on `{address}`: {error}"));
            let listener = TcpListener::bind(&address).await.map_err(unusable)?;
            let address = listener.local_addr()?;
            let shared = Shared::new(self.options);
            tokio::spawn(listener::listen(listener, shared.clone(), shared.listening()));
            Ok(Server::new(Bots::new(shared), Some(address)))
        })
    }
}

impl<To> fmt::Debug for ServerBuilder<To> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ServerOptions { queue, dedupe, connections, settings, .. } = &self.options;
        f.debug_struct("ServerBuilder")
            .field("queue", queue)
            .field("dedupe", dedupe)
            .field("max_connections", connections)
            .field("settings", settings)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Configures a server that listens at `address`, such as `127.0.0.1:8080`, once it is awaited. Port 0 stands for any free
    /// port.
    ///
    /// # Errors
    ///
    /// The address cannot be used or is taken, or there is no current tokio runtime. The runtime must have its I/O and time
    /// drivers enabled, as with `#[tokio::main]`.
    pub fn bind(address: impl Into<String>) -> ServerBuilder<String> {
        ServerBuilder::new(address.into())
    }

    /// Configures a server without a listener: see [`ServerBuilder::router`].
    pub fn builder() -> ServerBuilder {
        ServerBuilder::new(())
    }
}
