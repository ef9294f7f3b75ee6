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
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};

use super::{Answer, Arrivals, Arrived, Options};
use crate::connection::{ConnectionError, Link, Tap};
use crate::error::Reason;
use crate::transport::ws::{self, Dedupe, Watched, Ws};
use crate::transport::{BoxError, Reply, Request};
use crate::{Client, EventKind, UserId, lenient};

/// What somebody is told who comes too late.
pub(super) const CLOSING: &str = "the bot is closing";
/// What somebody is told for whom there is no room.
const TOO_MANY: &str = "too many connections";

/// What all connections share.
pub(super) struct Hub {
    pub(super) options: Options,
    settings: Arc<ws::Settings>,
    queues: Queues,
    pub(super) accounts: watch::Sender<Accounts>,
    /// Those who are connected, for others to watch; `None` once the server is closed.
    watched: Mutex<Option<watch::Sender<Vec<UserId>>>>,
    /// The WebSockets that may still come.
    room: Arc<Semaphore>,
    bodies: Mutex<Option<Dedupe>>,
    /// Whether the server is closed, for those who wait for nothing else.
    closing: watch::Sender<bool>,
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
    /// Its events of late, however they came.
    came: Option<Arc<Mutex<Dedupe>>>,
}

/// Whether an account's event came before, where that is asked for; from now on it has. Meta events are exempt: that a
/// connection has begun, or stands, is news each time.
fn came_before(came: Option<&Mutex<Dedupe>>, event: &[u8]) -> bool {
    let Some(came) = came else { return false };
    let meta = matches!(EventKind::peek(event), EventKind::Heartbeat | EventKind::Lifecycle);
    // A body may end in a line's end, and a frame without.
    !meta && came.lock().unwrap_or_else(PoisonError::into_inner).is_known(event.trim_ascii())
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
    seat: Seat,
}

/// The place of a WebSocket among those that may stand; `None` once it has given it to another.
type Seat = Arc<Mutex<Option<OwnedSemaphorePermit>>>;

fn leave(seat: &Seat) -> Option<OwnedSemaphorePermit> {
    seat.lock().unwrap_or_else(PoisonError::into_inner).take()
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

    fn close(&mut self, limit: Duration) {
        self.closed = true;
        for line in self.known.values().flat_map(|account| account.lines.all()) {
            line.link.stop(limit, ConnectionError::Closed);
        }
    }

    /// The server is closed, no connection stands, and nobody listens for new ones.
    fn ended(&self) -> bool {
        self.closed && !self.listening && self.known.values().all(|account| account.lines.all().is_empty())
    }
}

impl Lines {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those that a connection of this role replaces.
    fn replaced_by(&self, role: Role) -> Vec<Line> {
        let mut old = self.all();
        let both = Role::Universal;
        old.retain(|old| old.role == role || old.role == both || role == both);
        old
    }

    /// Takes a connection in, and gives those that it replaces.
    fn connect(&self, line: &Line) -> Vec<Line> {
        let old = self.replaced_by(line.role);
        let mut now = self.now();
        let is_old = |line: &mut Line| old.iter().any(|old| old.id == line.id);
        now.calls.take_if(is_old);
        now.events.take_if(is_old);
        if line.role.takes_calls() {
            now.calls = Some(line.clone());
            now.why = None;
        }
        if line.role.brings_events() {
            now.events = Some(line.clone());
        }
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
        // An account has one window for all its connections.
        let settings = ws::Settings { dedupe: None, ..options.settings.clone() };
        Arc::new(Self {
            settings: Arc::new(settings),
            queues: Queues::default(),
            accounts: watch::Sender::default(),
            watched: Mutex::new(Some(watch::Sender::default())),
            room: Arc::new(Semaphore::new(options.connections)),
            bodies: Mutex::new(window.map(Dedupe::new)),
            closing: watch::Sender::default(),
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

    /// A queue for one more consumer.
    pub(super) fn new_queue(&self) -> Arc<Arrivals> {
        let queue = Arc::new(Arrivals::new(self.options.event_queue, self.options.overflow));
        // As long as this is held nobody closes the queues.
        let accounts = self.accounts.borrow();
        if accounts.ended() {
            queue.close();
        } else {
            self.queues.all().push(queue.clone());
        }
        queue
    }

    /// Its consumer is gone.
    pub(super) fn drop_queue(&self, queue: &Arc<Arrivals>) {
        self.queues.all().retain(|known| !Arc::ptr_eq(known, queue));
    }

    /// Changes who is there. The last one closes the queues behind them: until then events may come.
    fn change(&self, change: impl FnOnce(&mut Accounts)) {
        self.accounts.send_modify(|accounts| {
            change(accounts);
            if accounts.ended() {
                self.queues.all().iter().for_each(|queue| queue.close());
            }
        });
    }

    /// Lets nobody in any more, and ends what stands.
    pub(super) fn close(&self, limit: Duration) {
        self.change(|accounts| accounts.close(limit));
        self.tell_closing();
    }

    /// The server is dropped. One that is being closed has its time for that.
    pub(super) fn abandon(&self) {
        self.change(|accounts| {
            if !accounts.closed {
                accounts.close(Duration::ZERO);
            }
        });
        self.tell_closing();
    }

    fn tell_closing(&self) {
        self.closing.send_replace(true);
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Waits until the server is closed. Connections may still stand.
    pub(super) async fn closing(&self) {
        // It does not fail: the sender is here.
        let _ = self.closing.subscribe().wait_for(|closing| *closing).await;
    }

    /// Waits until it is closed, no connection stands, and nobody listens for new ones.
    pub(super) async fn ended(&self) {
        let _ = self.accounts.subscribe().wait_for(Accounts::ended).await;
    }

    /// Somebody listens for connections, as long as the value lives.
    pub(super) fn listening(self: &Arc<Self>) -> Listening {
        self.change(|accounts| accounts.listening = true);
        Listening(self.clone())
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
            let mut connected = 0;
            accounts.known.retain(|_, account| {
                let stands = !account.lines.all().is_empty();
                connected += usize::from(stands);
                stands || account.client.is_shared()
            });
            if connected >= self.options.connections {
                return Err("there is no room for another account");
            }
        }
        let lines = Arc::new(Lines { account: id, now: Mutex::default() });
        let calls = BoxCloneSyncService::new(Calls(lines.clone()));
        let service = self.options.layers.iter().fold(calls, |service, layer| layer(service));
        let client = Client::new(service, self.options.timeout, self.options.token.clone());
        let came = self.options.settings.dedupe.map(|window| Arc::new(Mutex::new(Dedupe::new(window))));
        let account = Arc::new(Account { client, lines, came });
        accounts.known.insert(id, account.clone());
        Ok(account)
    }

    /// Whether the body of an HTTP POST came before; from now on it has.
    fn came_before(&self, body: &[u8]) -> bool {
        let mut bodies = self.bodies.lock().unwrap_or_else(PoisonError::into_inner);
        bodies.as_mut().is_some_and(|bodies| bodies.is_known(body))
    }

    /// An account whose events come by HTTP POST; or why it is not let in.
    fn posting(&self, id: UserId) -> Result<Arc<Account>, &'static str> {
        let mut account = Err(CLOSING);
        self.accounts.send_if_modified(|accounts| {
            account = self.account(accounts, id).inspect(|account| account.lines.now().posts = true);
            false
        });
        account
    }

    /// Takes an event that came by HTTP POST, and gives where its answer comes; `None` where the event came before. Or why
    /// it is not let in.
    pub(super) fn post(&self, id: UserId, raw: Bytes) -> Result<Option<oneshot::Receiver<Bytes>>, &'static str> {
        let account = self.posting(id)?;
        let client = account.client.clone();
        if self.came_before(&raw) || came_before(account.came.as_deref(), &raw) {
            return Ok(None);
        }
        let (answer, answered) = Answer::new();
        let arrived = Arrived { line: None, account: id, client, raw, answer: Some(answer) };
        // As long as this is held the server is not closed, nor are its queues.
        let accounts = self.accounts.borrow();
        if accounts.closed {
            return Err(CLOSING);
        }
        self.queues.push(arrived);
        drop(accounts);
        self.queues.wake();
        Ok(Some(answered))
    }

    /// Ends a connection of `account` over which an event of `found` came.
    pub(super) fn expel(&self, line: u64, account: UserId, found: UserId) {
        let accounts = self.accounts.borrow();
        let lines = accounts.known.get(&account).map(|account| account.lines.all()).unwrap_or_default();
        for line in lines.iter().filter(|known| known.id == line) {
            line.link.stop(Duration::ZERO, ConnectionError::WrongAccount { expected: account, found });
        }
    }

    /// A place for a WebSocket that is about to come. Where there is none, one that replaces another needs none: it gets that
    /// one's when it comes.
    pub(super) fn seat(&self, id: UserId, role: Role) -> Result<Option<OwnedSemaphorePermit>, &'static str> {
        let permit = self.room.clone().try_acquire_owned().ok();
        let replaces = |account: &Arc<Account>| !account.lines.replaced_by(role).is_empty();
        if permit.is_none() && !self.accounts.borrow().known.get(&id).is_some_and(replaces) {
            return Err(TOO_MANY);
        }
        Ok(permit)
    }

    /// Takes a WebSocket in: the work of its task, and its end; or why it is not let in.
    fn join<S>(
        self: &Arc<Self>,
        accounts: &mut Accounts,
        socket: WebSocketStream<Watched<S>>,
        id: UserId,
        role: Role,
        seat: Option<OwnedSemaphorePermit>,
    ) -> Result<(impl Future<Output = ConnectionError> + Send + use<S>, Leaving), &'static str>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let account = self.account(accounts, id)?;
        let inherited = || account.lines.replaced_by(role).iter().find_map(|old| leave(&old.seat));
        let seat = seat.or_else(inherited).or_else(|| self.room.clone().try_acquire_owned().ok());
        let seat: Seat = Arc::new(Mutex::new(Some(seat.ok_or(TOO_MANY)?)));
        let (commands, commanded) = mpsc::unbounded_channel();
        accounts.next_id += 1;
        let line = accounts.next_id;
        let (client, came) = (account.client.clone(), account.came.clone());
        let tap = EventsOf { line, account: id, client, came, queues: self.queues.clone() };
        let link = Arc::new(Link::tapped(Box::new(tap), commands));
        let token = self.options.token.clone();
        let (ws, work) = ws::accepted(socket, self.settings.clone(), token, link.clone(), commanded);
        let line = Line { id: line, role, ws, link, seat: seat.clone() };
        for old in account.lines.connect(&line) {
            tracing::info!(account = id.get(), role = ?old.role, "replaced by a new connection of the same account");
            old.link.stop(Duration::ZERO, ConnectionError::Replaced);
        }
        Ok((work, Leaving { hub: self.clone(), account, id: line.id, seat, why: ConnectionError::Closed }))
    }

    /// Serves a WebSocket until it ends.
    pub(super) async fn serve<S>(
        self: &Arc<Self>,
        socket: WebSocketStream<Watched<S>>,
        id: UserId,
        role: Role,
        seat: Option<OwnedSemaphorePermit>,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let mut joined = Err(CLOSING);
        self.accounts.send_if_modified(|accounts| {
            joined = self.join(accounts, socket, id, role, seat);
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

/// However it ends, by the end of its runtime too, nobody listens any more.
pub(super) struct Listening(Arc<Hub>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.change(|accounts| accounts.listening = false);
    }
}

/// However a connection ends, by the end of its runtime too, its account is without it.
struct Leaving {
    hub: Arc<Hub>,
    account: Arc<Account>,
    id: u64,
    seat: Seat,
    why: ConnectionError,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        let why = self.why.clone();
        self.hub.change(|_| {
            self.account.lines.disconnect(self.id, why);
            drop(leave(&self.seat));
        });
        self.hub.tell_watchers();
    }
}

/// Takes the events of a connection. Whether they are its account's shows when they are decoded.
struct EventsOf {
    line: u64,
    account: UserId,
    client: Client,
    came: Option<Arc<Mutex<Dedupe>>>,
    queues: Queues,
}

impl Tap for EventsOf {
    fn take(&self, event: &[u8]) {
        let Self { line, account, client, came, queues } = self;
        if came_before(came.as_deref(), event) {
            return tracing::debug!(account = account.get(), bytes = event.len(), "dropped an event that came before");
        }
        // A copy of its own: the frame is a part of a large buffer, which it would keep.
        let raw = Bytes::copy_from_slice(event);
        queues.push(Arrived { line: Some(*line), account: *account, client: client.clone(), raw, answer: None });
    }

    fn wake(&self) {
        self.queues.wake();
    }
}

/// The queues of all consumers.
#[derive(Clone, Default)]
struct Queues(Arc<Mutex<Vec<Arc<Arrivals>>>>);

impl Queues {
    fn all(&self) -> MutexGuard<'_, Vec<Arc<Arrivals>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, arrived: Arrived) {
        let now = Instant::now();
        if let [others @ .., last] = &**self.all() {
            others.iter().for_each(|queue| queue.push(arrived.clone(), now));
            last.push(arrived, now);
        }
    }

    fn wake(&self) {
        self.all().iter().for_each(|queue| queue.wake());
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
        lenient::opt_int(&mut serde_json::Deserializer::from_str(self.self_id?.get())).ok()?
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
