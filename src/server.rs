//! Servers that connect to the bot: reverse WebSocket and HTTP POST, for any number of accounts. Feature `server`.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let mut server = cqhttp::server::Server::bind("127.0.0.1:8080").access_token("…").await?;
//! while let Some(received) = server.next().await {
//!     if let Some(message) = received.event.as_message() {
//!         println!("{} hears {}", message.self_id(), message.message().plain_text());
//!         received.reply("pong").await?;
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! On go-cqhttp that is the setting `ws-reverse`, with `universal: ws://127.0.0.1:8080`, or with `api` and `event` as a
//! pair. Any path will do. Each account is told by `X-Self-ID`, and [`Received::client`] makes calls as the account that
//! the event happened to. [`Server::bot`] gives the client of any account.
//!
//! # Accounts
//!
//! - A client is its account's for good: when the account connects again, the client goes on over the new connection. In
//!   between, calls fail at once as [`Error::NotSent`](crate::Error::NotSent).
//! - An account that connects while its old connection stands replaces it. Calls in flight on the old one end as
//!   [`Error::OutcomeUnknown`](crate::Error::OutcomeUnknown).
//! - [`Bots::watch`] says which accounts are connected, and [`Bots::wait_for`] waits for one.
//! - [`Bots::subscribe`] gives the events to several parts of a program.
//! - An event of another account than the connection's is not passed on, and ends the connection when its turn comes
//!   ([`ConnectionError::WrongAccount`]).
//!
//! # HTTP POST
//!
//! On go-cqhttp that is the setting `post`, with the same address as `http://` and a `secret`, which goes into
//! [`Builder::webhook_secret`]. The events come in the same stream. The connection brings no calls; the answer to an event
//! goes into the response:
//!
//! ```no_run
//! # async fn run(mut server: cqhttp::server::Server) -> Result<(), Box<dyn std::error::Error>> {
//! use cqhttp::Event;
//! use cqhttp::event::GroupMessageOperation;
//!
//! while let Some(received) = server.next().await {
//!     if let Event::GroupMessage(message) = &received.event {
//!         received.answer(message, &GroupMessageOperation::new().reply("pong")).await?;
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A reply in the response mentions the sender first, unless the operation has `.at_sender(false)`. NapCat only carries out
//! replies, and Lagrange does not read the response.
//!
//! [`Received::answer`] does the same over a WebSocket, by a call. An event that is not answered gets an empty response
//! when its last [`Received`] is dropped, and after [`Builder::answer_within`] at the latest.
//!
//! # Who may connect
//!
//! | set | a WebSocket needs | an HTTP POST needs |
//! |---|---|---|
//! | nothing | `X-Self-ID` | `X-Self-ID` |
//! | [`access_token`](Builder::access_token) | the token | the token |
//! | [`webhook_secret`](Builder::webhook_secret) | `X-Self-ID` | the signature |
//! | both | the token | the signature |
//!
//! The token counts as `Authorization: Bearer …`, as `Authorization: Token …` and as `?access_token=…`, on every path. An
//! HTTP POST that is signed needs no token beside the signature, since go-cqhttp shows none with it.
//!
//! | what is wrong | HTTP status |
//! |---|---|
//! | the token or the signature is missing; `Authorization` is of another form | 401 |
//! | the token is wrong; the signature is not of the form `sha1=…` | 403 |
//! | `X-Self-ID` is missing, or is no account | 400 |
//! | the signature is not that of the body | 403 |
//!
//! All but the last is told by the head of a request, before a byte of its body is read. Of a body whose signature is wrong
//! nothing is decoded.

mod accounts;
mod door;
mod hall;
mod webhook;

use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceExt};

use self::accounts::{Accounts, Hub};
pub(crate) use self::webhook::Answer;
#[cfg(doc)]
use crate::ConnectionError;
use crate::client::DEFAULT_TIMEOUT;
use crate::connection::queue::Queue;
use crate::error::need_runtime;
use crate::time::YEAR;
use crate::transport::ws::Settings;
use crate::transport::{BoxError, Reply, Request};
use crate::{Client, Event, Overflow, Received, UserId};

type Bottom = BoxCloneSyncService<Request, Reply, BoxError>;
type AnyLayer = Box<dyn Fn(Bottom) -> Bottom + Send + Sync>;

/// How a [`Server`] is to be. It begins with [`Server::bind`], and `.await` starts it; or with [`Server::builder`], and
/// [`router`](Builder::router) makes it a part of an application of yours.
#[must_use = "nothing listens until it is awaited"]
pub struct Builder<To = ()> {
    to: To,
    options: Options,
}

struct Options {
    token: Option<String>,
    secret: Option<String>,
    timeout: Option<Duration>,
    layers: Vec<AnyLayer>,
    event_queue: usize,
    overflow: Overflow,
    connections: usize,
    handshake_timeout: Duration,
    body_limit: usize,
    answer_within: Duration,
    replay_window: Duration,
    settings: Settings,
}

impl<To> Builder<To> {
    fn new(to: To) -> Self {
        let options = Options {
            token: None,
            secret: None,
            timeout: Some(DEFAULT_TIMEOUT),
            layers: Vec::new(),
            event_queue: 1024,
            overflow: Overflow::default(),
            connections: 4096,
            handshake_timeout: Duration::from_secs(10),
            body_limit: 8 << 20,
            answer_within: Duration::from_secs(4),
            replay_window: Duration::from_secs(300),
            settings: Settings::default(),
        };
        Self { to, options }
    }

    /// The access token that servers must show. Default: none, and an empty one is none. Where a
    /// [`webhook_secret`](Self::webhook_secret) is set too, HTTP POSTs show their signature in its place.
    ///
    /// It is compared in constant time, and shows in no log, no `Debug` and no error.
    pub fn access_token(mut self, token: impl Into<String>) -> Self {
        self.options.token = Some(token.into()).filter(|token| !token.is_empty());
        self
    }

    /// The secret that HTTP POSTs are signed with (`X-Signature`, HMAC-SHA1 of the body). Default: none, and an empty one is
    /// none. NapCat signs with its access token. An HTTP POST that is signed needs no [`access_token`](Self::access_token).
    pub fn webhook_secret(mut self, secret: impl Into<String>) -> Self {
        self.options.secret = Some(secret.into()).filter(|secret| !secret.is_empty());
        self
    }

    /// How long a call may take in all, as [`Connect::timeout`](crate::Connect::timeout). Default: 30 seconds.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.options.timeout = Some(limit);
        self
    }

    /// Lets calls take as long as they take.
    pub fn no_timeout(mut self) -> Self {
        self.options.timeout = None;
        self
    }

    /// Puts a tower layer around the client of each account, outside of those added before it: see
    /// [`layer`](crate::layer).
    ///
    /// It is put around each account by itself: what a layer makes anew for each service counts for that account alone, as
    /// `RateLimit` and tower's `ConcurrencyLimitLayer` do. What all accounts are to share, the layer must share:
    /// `RateLimit::shared`, tower's `GlobalConcurrencyLimitLayer`.
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<BoxCloneSyncService<Request, Reply, BoxError>> + Send + Sync + 'static,
        L::Service: Service<Request, Response = Reply> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Error: Into<BoxError>,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        let layer = move |bottom| BoxCloneSyncService::new(layer.layer(bottom).map_err(Into::into));
        self.options.layers.push(Box::new(layer));
        self
    }

    /// How many events the queue of each consumer holds, those of all accounts together and however long they are. Default:
    /// 1024; 0 counts as 1.
    pub fn event_queue(mut self, events: usize) -> Self {
        self.options.event_queue = events;
        self
    }

    /// What becomes of events when a queue is full. Default: [`Overflow::DropOldest`].
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.options.overflow = overflow;
        self
    }

    /// Drops an event that came before from the same account, byte for byte, within so long a time: over whichever of its
    /// WebSockets, and by HTTP POST. Heartbeats, and what tells that a connection has begun, are exempt. At most the last
    /// 65,536 events of an account are remembered. Default: nothing is dropped.
    pub fn dedupe(mut self, window: Duration) -> Self {
        self.options.settings.dedupe = Some(window);
        self
    }

    /// How often an account is sent a ping, and how long it may stay silent afterwards, as
    /// [`Connect::keepalive`](crate::Connect::keepalive). Default: 20 seconds and 10 seconds.
    pub fn keepalive(mut self, interval: Duration, patience: Duration) -> Self {
        self.options.settings.keepalive = Some((interval.max(Duration::from_millis(1)), patience));
        self
    }

    /// Sends no pings.
    pub fn no_keepalive(mut self) -> Self {
        self.options.settings.keepalive = None;
        self
    }

    /// Goes on after heartbeats that stay away, as [`Connect::no_heartbeat_watch`](crate::Connect::no_heartbeat_watch).
    pub fn no_heartbeat_watch(mut self) -> Self {
        self.options.settings.heartbeat_watch = false;
        self
    }

    /// The longest WebSocket frame that is read, in bytes. Default: 64 MiB. A longer one ends its connection.
    pub fn frame_limit(mut self, bytes: usize) -> Self {
        self.options.settings.frame_limit = bytes;
        self
    }

    /// How many WebSockets may stand, and how many accounts are remembered. Default: 4096. Those beyond are turned away, and
    /// those that stand do not notice. An account that connects again gets the place of the connection that it replaces, which
    /// is given a second more for its goodbye. Accounts that are not connected are forgotten to make room for others, unless the
    /// program holds a client of theirs.
    ///
    /// As many further connections may be in the course of their handshake or of an HTTP POST. When one more comes, the
    /// oldest of them that has shown nothing yet is dropped, so that an account gets in while others only hold connections
    /// open. An HTTP POST whose event has been taken keeps its place until it is answered.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.options.connections = connections.clamp(1, tokio::sync::Semaphore::MAX_PERMITS);
        self
    }

    /// How long a connection may take to say what it wants, in at most 16 KiB, and an HTTP POST to send its body. Default:
    /// 10 seconds. More than a year counts as a year.
    pub fn handshake_timeout(mut self, limit: Duration) -> Self {
        self.options.handshake_timeout = limit.min(YEAR);
        self
    }

    /// The longest body of an HTTP POST, in bytes. Default: 8 MiB. A longer one gets HTTP status 413.
    ///
    /// Bodies that are still on their way may hold 64 MiB together, or twice this limit if that is more. Beyond that the
    /// oldest of their connections are dropped.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.options.body_limit = bytes;
        self
    }

    /// How long the answer to an HTTP POST may take; after that its response is empty. Default: 4 seconds, as go-cqhttp may
    /// give up after 5, and sends the event again then.
    pub fn answer_within(mut self, limit: Duration) -> Self {
        self.options.answer_within = limit;
        self
    }

    /// Drops an HTTP POST whose body came before, byte for byte, within so long a time: one that was sent again, or recorded
    /// and replayed. Default: 5 minutes; zero drops none. At most the last 65,536 bodies are remembered.
    ///
    /// A signature holds no time: a body that was recorded can be replayed after the window. The server's own listener has no
    /// TLS: where others can read along, put it behind a proxy that has, or serve its [`router`](Builder::router) over TLS.
    pub fn replay_window(mut self, window: Duration) -> Self {
        self.options.replay_window = window;
        self
    }
}

impl Builder {
    /// The server, and a router to be put into an application of yours: `Router::new().nest_service("/onebot", router)`. It
    /// answers on `/onebot`, on `/onebot/`, which axum's `nest` would leave out, and on every path below. It is a router of
    /// axum 0.8, and the application must have the same: `axum = "0.8"`.
    ///
    /// What the application's own listener lets in is its own to bound: [`max_connections`](Self::max_connections) counts
    /// WebSockets alone, and bodies have no limit together. A server that is dropped or closed answers with HTTP status 503.
    pub fn router(self) -> (Server, axum::Router) {
        let hub = Hub::new(self.options);
        let router = door::router(hub.clone());
        (Server { events: Events::new(hub), address: None }, router)
    }
}

impl IntoFuture for Builder<String> {
    type Output = io::Result<Server>;
    type IntoFuture = Pin<Box<dyn Future<Output = io::Result<Server>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            need_runtime()?;
            let listener = TcpListener::bind(self.to).await?;
            let address = listener.local_addr()?;
            let hub = Hub::new(self.options);
            tokio::spawn(door::listen(listener, hub.clone(), hub.listening()));
            Ok(Server { events: Events::new(hub), address: Some(address) })
        })
    }
}

impl<To> fmt::Debug for Builder<To> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Options { event_queue, overflow, connections, settings, .. } = &self.options;
        f.debug_struct("Builder")
            .field("event_queue", event_queue)
            .field("overflow", overflow)
            .field("max_connections", connections)
            .field("settings", settings)
            .finish_non_exhaustive()
    }
}

/// Servers that connect to the bot, and their events: a [`Stream`], and with [`Server::next`] to be had without its
/// extensions.
///
/// Dropping it closes the listener and all connections, at once unless it is being [closed](Bots::close) already.
pub struct Server {
    events: Events,
    address: Option<SocketAddr>,
}

impl Server {
    /// Listens at `address`, such as `127.0.0.1:8080`, once it is awaited. Port 0 is any free one.
    ///
    /// # Errors
    ///
    /// The address cannot be used, or is taken, or there is no tokio runtime around. The runtime must have its I/O and time
    /// drivers on, as `#[tokio::main]` has them.
    pub fn bind(address: impl Into<String>) -> Builder<String> {
        Builder::new(address.into())
    }

    /// A server without a listener of its own: see [`Builder::router`].
    pub fn builder() -> Builder {
        Builder::new(())
    }

    /// Where it listens; `None` for a [`router`](Builder::router).
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.address
    }

    /// The next event of any account; `None` once the server is closed, its last connection has ended, and all events are
    /// taken.
    ///
    /// It can be given up while it waits, as in `tokio::select!`: no event is lost by that.
    pub async fn next(&mut self) -> Option<Received> {
        self.events.next().await
    }

    /// Another consumer of the same events: see [`Bots::subscribe`].
    #[must_use]
    pub fn subscribe(&self) -> Events {
        self.events.subscribe()
    }

    /// How many events this stream has missed so far, since they were taken too slowly: see [`Overflow`].
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.events.missed()
    }

    /// The client of an account that is connected.
    #[must_use]
    pub fn bot(&self, account: impl Into<UserId>) -> Option<Client> {
        self.events.hub.bot(account.into())
    }

    /// A handle to the server, for other parts of the program.
    #[must_use]
    pub fn bots(&self) -> Bots {
        self.events.bots()
    }

    /// Closes the server: see [`Bots::close`].
    pub async fn close(&self) {
        self.bots().close().await;
    }

    /// Closes the server: see [`Bots::close_within`].
    pub async fn close_within(&self, limit: Duration) {
        self.bots().close_within(limit).await;
    }
}

impl Stream for Server {
    type Item = Received;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Received>> {
        self.get_mut().events.poll(cx)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.events.hub.abandon();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("local_addr", &self.local_addr())
            .field("bots", &self.bots().ids())
            .field("missed", &self.missed())
            .finish_non_exhaustive()
    }
}

/// A handle to a [`Server`]: it finds the accounts that are connected, and closes the server. Cheap to clone; it does not keep the server open.
#[derive(Clone)]
pub struct Bots(Arc<Hub>);

impl Bots {
    /// The client of an account that is connected: over a WebSocket that takes calls.
    #[must_use]
    pub fn get(&self, account: impl Into<UserId>) -> Option<Client> {
        self.0.bot(account.into())
    }

    /// The accounts that are connected, in order.
    #[must_use]
    pub fn ids(&self) -> Vec<UserId> {
        self.0.ids()
    }

    /// The accounts that are connected, in order, and how that changes: as [`ids`](Self::ids), so that one whose events come
    /// by HTTP POST alone is not among them. A watcher sees the latest, and may miss those in between; its `changed` is an
    /// error once the server is closed.
    ///
    /// ```no_run
    /// # async fn run(server: cqhttp::server::Server) {
    /// let mut accounts = server.bots().watch();
    /// tokio::spawn(async move {
    ///     while accounts.changed().await.is_ok() {
    ///         println!("{:?}", *accounts.borrow_and_update());
    ///     }
    /// });
    /// # }
    /// ```
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Vec<UserId>> {
        self.0.watch()
    }

    /// Waits until an account is connected; `None` once the server is closed.
    pub async fn wait_for(&self, account: impl Into<UserId>) -> Option<Client> {
        let account = account.into();
        let mut accounts = self.0.accounts.subscribe();
        let found = accounts.wait_for(|accounts: &Accounts| accounts.closed || accounts.bot(account).is_some()).await;
        found.ok()?.bot(account)
    }

    /// Another consumer of the same events, with a queue of its own of the same size and rule. It gets those that come from now
    /// on.
    ///
    /// The first answer to an event that came by HTTP POST goes into its response. Where none comes, the response is empty when
    /// the last consumer has let go of the event. The [`Server`]'s own stream is a consumer too: take its events, or the
    /// response waits for [`Builder::answer_within`].
    #[must_use]
    pub fn subscribe(&self) -> Events {
        Events::new(self.0.clone())
    }

    /// Closes the server: nobody is let in any more, calls in flight have ten seconds to be answered, then close frames are
    /// sent. HTTP POSTs that wait for an answer get an empty response. Returns when all connections have ended, whether or not
    /// somebody takes the events that come until then; a stream of events ends once those are taken.
    pub async fn close(&self) {
        self.close_within(Duration::from_secs(10)).await;
    }

    /// Closes as [`close`](Self::close) does, with another limit for the calls in flight. With zero they end at once, with
    /// their outcome unknown.
    pub async fn close_within(&self, limit: Duration) {
        self.0.close(limit);
        self.0.ended().await;
    }
}

impl fmt::Debug for Bots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bots").field(&self.ids()).finish()
    }
}

/// The events of a [`Server`] for one more consumer, by [`Server::subscribe`]: a [`Stream`], and with [`Events::next`] to be had
/// without its extensions.
///
/// They wait in a queue of their own, and are decoded when they are taken. The stream does not keep the server open, and ends
/// as the server's own does.
pub struct Events {
    hub: Arc<Hub>,
    queue: Arc<Arrivals>,
}

impl Events {
    fn new(hub: Arc<Hub>) -> Self {
        let queue = hub.new_queue();
        Self { hub, queue }
    }

    /// The next event of any account; `None` once the server is closed, its last connection has ended, and all events are
    /// taken.
    ///
    /// It can be given up while it waits, as in `tokio::select!`: no event is lost by that.
    pub async fn next(&mut self) -> Option<Received> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Received>> {
        loop {
            let Some(arrived) = ready!(self.queue.poll_next(cx)) else { return Poll::Ready(None) };
            let Arrived { line, account, client, raw, answer } = arrived;
            let event = match Event::from_slice(&raw) {
                Ok(event) => event,
                Err(error) => {
                    let error = crate::error::chain(&error);
                    tracing::warn!(bytes = raw.len(), error, "what came looks like an event, and is none");
                    continue;
                }
            };
            let Some(found) = event.self_id().filter(|found| *found != account) else {
                return Poll::Ready(Some(Received { event, client, raw, answer }));
            };
            tracing::warn!(account = account.get(), found = found.get(), "dropped an event of another account");
            if let Some(line) = line {
                self.hub.expel(line, account, found);
            }
        }
    }

    /// Another consumer of the same events: see [`Bots::subscribe`].
    #[must_use]
    pub fn subscribe(&self) -> Self {
        Self::new(self.hub.clone())
    }

    /// How many events this consumer has missed so far, since it was too slow: see [`Overflow`].
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.queue.missed()
    }

    /// A handle to the server, for calls and to close it.
    #[must_use]
    pub fn bots(&self) -> Bots {
        Bots(self.hub.clone())
    }
}

impl Stream for Events {
    type Item = Received;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Received>> {
        self.get_mut().poll(cx)
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.hub.drop_queue(&self.queue);
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("bots", &self.bots().ids())
            .field("missed", &self.missed())
            .finish_non_exhaustive()
    }
}

/// An event that waits to be taken.
#[derive(Clone)]
struct Arrived {
    /// The connection; `None` where it came by HTTP POST.
    line: Option<u64>,
    account: UserId,
    client: Client,
    raw: Bytes,
    answer: Option<Answer>,
}

/// The events that one consumer has not taken yet.
type Arrivals = Queue<Arrived>;
