//! Who is connected.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};

use super::{Arrived, Events, Options};
use crate::connection::{ConnectionError, Link, Tap};
use crate::error::Reason;
use crate::transport::ws::{self, Dedupe, Watched, Ws};
use crate::transport::{BoxError, Reply, Request};
use crate::{Client, UserId, wire};

/// What somebody is told who comes too late.
pub(super) const CLOSING: &str = "the bot is closing";

/// What all connections share.
pub(super) struct Hub {
    pub(super) options: Options,
    settings: Arc<ws::Settings>,
    pub(super) queue: Arc<Events>,
    pub(super) accounts: watch::Sender<Accounts>,
    /// Those who are connected, for others to watch; `None` once the server is closed.
    watched: Mutex<Option<watch::Sender<Vec<UserId>>>>,
    /// The WebSockets that may still come.
    pub(super) room: Arc<Semaphore>,
    bodies: Mutex<Option<Dedupe>>,
}

/// The accounts that are connected, or were.
#[derive(Default)]
pub(super) struct Accounts {
    known: BTreeMap<UserId, Arc<Account>>,
    next_id: u64,
    pub(super) closed: bool,
    /// Somebody still listens for connections.
    pub(super) listening: bool,
}

struct Account {
    client: Client,
    lines: Arc<Lines>,
}

/// The connections of an account.
struct Lines {
    account: UserId,
    now: Mutex<Now>,
}

#[derive(Default)]
struct Now {
    calls: Option<Line>,
    events: Option<Line>,
    /// Why the last one that took calls ended.
    why: Option<ConnectionError>,
    posts: bool,
}

#[derive(Clone)]
struct Line {
    id: u64,
    role: Role,
    ws: Ws,
    link: Arc<Link>,
}

/// What a connection is there for: `X-Client-Role`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Universal,
    Api,
    Event,
}

impl Role {
    fn takes_calls(self) -> bool {
        self != Self::Event
    }

    fn brings_events(self) -> bool {
        self != Self::Api
    }
}

impl Accounts {
    pub(super) fn bot(&self, account: UserId) -> Option<Client> {
        let account = self.known.get(&account)?;
        account.lines.now().calls.as_ref().map(|_| account.client.clone())
    }
}

impl Lines {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a connection in, and gives those that it replaces.
    fn connect(&self, line: &Line) -> Vec<Line> {
        let mut now = self.now();
        let mut old = Vec::new();
        let is_whole = |line: &Line| line.role == Role::Universal;
        if line.role.takes_calls() || now.calls.as_ref().is_some_and(is_whole) {
            old.extend(now.calls.take());
        }
        if line.role.brings_events() || now.events.as_ref().is_some_and(is_whole) {
            old.extend(now.events.take());
        }
        if line.role.takes_calls() {
            now.calls = Some(line.clone());
            now.why = None;
        }
        if line.role.brings_events() {
            now.events = Some(line.clone());
        }
        old.dedup_by_key(|line| line.id);
        old
    }

    fn disconnect(&self, id: u64, why: ConnectionError) {
        let mut now = self.now();
        if now.calls.take_if(|line| line.id == id).is_some() {
            now.why = Some(why);
        }
        now.events.take_if(|line| line.id == id);
    }

    fn all(&self) -> Vec<Line> {
        let now = self.now();
        let mut all: Vec<_> = now.calls.iter().chain(&now.events).cloned().collect();
        all.dedup_by_key(|line| line.id);
        all
    }
}

impl Hub {
    pub(super) fn new(mut options: Options) -> Arc<Self> {
        options.event_queue = options.event_queue.max(1);
        let window = Some(options.replay_window).filter(|window| !window.is_zero());
        Arc::new(Self {
            settings: Arc::new(options.settings.clone()),
            queue: Arc::new(Events::new(options.event_queue, options.overflow)),
            accounts: watch::Sender::default(),
            watched: Mutex::new(Some(watch::Sender::default())),
            room: Arc::new(Semaphore::new(options.connections)),
            bodies: Mutex::new(window.map(Dedupe::new)),
            options,
        })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.accounts.borrow().closed
    }

    pub(super) fn bot(&self, account: UserId) -> Option<Client> {
        self.accounts.borrow().bot(account)
    }

    pub(super) fn ids(&self) -> Vec<UserId> {
        let accounts = self.accounts.borrow();
        accounts.known.iter().filter(|(_, account)| account.lines.now().calls.is_some()).map(|(id, _)| *id).collect()
    }

    pub(super) fn watch(&self) -> watch::Receiver<Vec<UserId>> {
        // Of a server that is closed: its sender is dropped at once.
        let mut watch = self.watched().unwrap_or_default().subscribe();
        self.tell_watchers();
        watch.mark_unchanged();
        watch
    }

    fn watched(&self) -> Option<watch::Sender<Vec<UserId>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says who is connected, to those who watch. `accounts` must not be locked: a watcher that holds what it is told may
    /// look there.
    fn tell_watchers(&self) {
        let Some(watched) = self.watched().filter(|watched| watched.receiver_count() > 0) else { return };
        watched.send_if_modified(|known| {
            let before = std::mem::replace(known, self.ids());
            before != *known
        });
    }

    /// Lets nobody in any more, and ends what stands.
    pub(super) fn close(&self, limit: Duration) {
        self.accounts.send_modify(|accounts| {
            accounts.closed = true;
            for line in accounts.known.values().flat_map(|account| account.lines.all()) {
                line.link.stop(limit, ConnectionError::Closed);
            }
        });
        self.queue.close();
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Waits until no connection stands, and nobody listens for new ones.
    pub(super) async fn ended(&self) {
        let none = |accounts: &Accounts| {
            !accounts.listening && accounts.known.values().all(|account| account.lines.all().is_empty())
        };
        let _ = self.accounts.subscribe().wait_for(none).await;
    }

    /// The account, known from now on; or why it is not let in.
    fn account(&self, accounts: &mut Accounts, id: UserId) -> Result<Arc<Account>, &'static str> {
        if accounts.closed {
            return Err(CLOSING);
        }
        if let Some(known) = accounts.known.get(&id) {
            return Ok(known.clone());
        }
        if accounts.known.len() >= self.options.connections {
            accounts.known.retain(|_, account| !account.lines.all().is_empty());
        }
        if accounts.known.len() >= self.options.connections {
            return Err("there is no room for another account");
        }
        let lines = Arc::new(Lines { account: id, now: Mutex::default() });
        let calls = BoxCloneSyncService::new(Calls(lines.clone()));
        let service = self.options.layers.iter().fold(calls, |service, layer| layer(service));
        let client = Client::new(service, self.options.timeout, self.options.token.clone());
        let account = Arc::new(Account { client, lines });
        accounts.known.insert(id, account.clone());
        Ok(account)
    }

    /// Whether the body of an HTTP POST came before; from now on it has.
    pub(super) fn came_before(&self, body: &[u8]) -> bool {
        let mut bodies = self.bodies.lock().unwrap_or_else(PoisonError::into_inner);
        bodies.as_mut().is_some_and(|bodies| bodies.is_known(body))
    }

    /// The client of an account whose events come by HTTP POST; or why it is not let in.
    pub(super) fn posting(&self, id: UserId) -> Result<Client, &'static str> {
        let mut client = Err(CLOSING);
        self.accounts.send_if_modified(|accounts| {
            client = self.account(accounts, id).map(|account| {
                account.lines.now().posts = true;
                account.client.clone()
            });
            false
        });
        client
    }

    /// Ends a connection of `account` over which an event of `found` came.
    pub(super) fn expel(&self, line: u64, account: UserId, found: UserId) {
        let accounts = self.accounts.borrow();
        let lines = accounts.known.get(&account).map(|account| account.lines.all()).unwrap_or_default();
        for line in lines.iter().filter(|known| known.id == line) {
            line.link.stop(Duration::ZERO, ConnectionError::WrongAccount { expected: account, found });
        }
    }

    /// Takes a WebSocket in: the work of its task, and its end; or why it is not let in.
    fn join<S>(
        self: &Arc<Self>,
        accounts: &mut Accounts,
        socket: WebSocketStream<Watched<S>>,
        id: UserId,
        role: Role,
    ) -> Result<(impl Future<Output = ConnectionError> + Send + use<S>, Leaving), &'static str>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let account = self.account(accounts, id)?;
        let (commands, commanded) = mpsc::unbounded_channel();
        accounts.next_id += 1;
        let line = accounts.next_id;
        let tap = EventsOf { line, account: id, client: account.client.clone(), queue: self.queue.clone() };
        let link = Arc::new(Link::tapped(Box::new(tap), commands));
        let token = self.options.token.clone();
        let (ws, work) = ws::accepted(socket, self.settings.clone(), token, link.clone(), commanded);
        let line = Line { id: line, role, ws, link };
        for old in account.lines.connect(&line) {
            tracing::info!(account = id.get(), role = ?old.role, "replaced by a new connection of the same account");
            old.link.stop(Duration::ZERO, ConnectionError::Replaced);
        }
        Ok((work, Leaving { hub: self.clone(), account, id: line.id, why: ConnectionError::Closed }))
    }

    /// Serves a WebSocket until it ends.
    pub(super) async fn serve<S>(self: &Arc<Self>, socket: WebSocketStream<Watched<S>>, id: UserId, role: Role)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let mut joined = Err(CLOSING);
        self.accounts.send_if_modified(|accounts| {
            joined = self.join(accounts, socket, id, role);
            joined.is_ok()
        });
        let (work, mut leaving) = match joined {
            Ok(joined) => joined,
            Err(why) => return tracing::warn!(account = id.get(), why, "turned away"),
        };
        self.tell_watchers();
        tracing::info!(account = id.get(), ?role, "connected");
        leaving.why = work.await;
        match &leaving.why {
            why @ ConnectionError::WrongAccount { .. } => {
                tracing::error!(account = id.get(), why = why.report(), "dropped");
            }
            why => tracing::info!(account = id.get(), ?role, why = why.report(), "disconnected"),
        }
    }
}

/// However a connection ends, by the end of its runtime too, its account is without it.
struct Leaving {
    hub: Arc<Hub>,
    account: Arc<Account>,
    id: u64,
    why: ConnectionError,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        let why = self.why.clone();
        self.hub.accounts.send_modify(|_| self.account.lines.disconnect(self.id, why));
        self.hub.tell_watchers();
    }
}

/// Takes the events of a connection. Whether they are its account's shows when they are decoded.
struct EventsOf {
    line: u64,
    account: UserId,
    client: Client,
    queue: Arc<Events>,
}

impl Tap for EventsOf {
    fn take(&self, event: &[u8]) {
        let Self { line, account, client, queue } = self;
        // A copy of its own: the frame is a part of a large buffer, which it would keep.
        let raw = Bytes::copy_from_slice(event);
        let arrived = Arrived { line: Some(*line), account: *account, client: client.clone(), raw, answer: None };
        queue.push(arrived, Instant::now());
    }

    fn wake(&self) {
        self.queue.wake();
    }
}

/// What an event tells about itself before it is decoded.
#[derive(Deserialize)]
pub(super) struct Peeked<'a> {
    #[serde(borrow)]
    self_id: Option<&'a RawValue>,
    #[serde(borrow)]
    post_type: Option<&'a RawValue>,
}

impl<'a> Peeked<'a> {
    pub(super) fn read(json: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }

    pub(super) fn is_event(&self) -> bool {
        self.post_type.is_some_and(|tag| tag.get().starts_with('"'))
    }

    pub(super) fn account(&self) -> Option<UserId> {
        wire::opt_int(&mut serde_json::Deserializer::from_str(self.self_id?.get())).ok()?
    }
}

/// The calls of an account, over whichever connection it has.
#[derive(Clone)]
struct Calls(Arc<Lines>);

impl Service<Request> for Calls {
    type Response = Reply;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Reply, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let now = self.0.now();
        let account = self.0.account;
        let reason = match &*now {
            Now { calls: Some(line), .. } => return Box::pin(line.ws.clone().oneshot(request)),
            Now { why: Some(why), .. } => Box::new(Away { account, why: why.clone() }) as BoxError,
            Now { posts: true, .. } => Reason(
                format!(
                    "the events of {account} come by HTTP POST, which takes no calls: answer them with \
                     `Received::answer`, or call over a `Client` of your own"
                )
                .into(),
            )
            .into(),
            Now { events: Some(_), .. } => Reason(
                format!("{account} has connected for its events alone: its server's role `API` is not connected")
                    .into(),
            )
            .into(),
            _ => Reason(format!("{account} is not connected").into()).into(),
        };
        Box::pin(std::future::ready(Err(reason)))
    }
}

/// The account of a call has disconnected.
#[derive(Debug)]
struct Away {
    account: UserId,
    why: ConnectionError,
}

impl std::fmt::Display for Away {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is not connected any more", self.account)
    }
}

impl std::error::Error for Away {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.why)
    }
}
