//! The state that all connections of a server share.
//!
//! Lock order: the accounts, then the connections of one account, then the consumers of events. Watchers of accounts are
//! notified without any of these locks, since a watcher may look at the accounts.
//!
//! [`Shared::change`] changes the accounts, and closes the queues of the consumers once no event can arrive:
//! [`Accounts::ended`].

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tokio_tungstenite::WebSocketStream;
use tower::util::BoxCloneSyncService;

use crate::client::Client;
use crate::error::connection::ConnectionError;
use crate::event::header::EventHeader;
use crate::events::dedupe::Dedupe;
use crate::events::fanout::{Arrived, Fanout, Sender};
use crate::generated::types::UserId;
use crate::received::ResponseSlot;
use crate::server::accounts::{Account, Accounts};
use crate::server::connections::{AccountConnection, Connections, Origin, Role, Slot, take_permit};
use crate::server::faults::Faults;
use crate::server::options::ServerOptions;
use crate::server::posts::{RecentPosts, Unanswered};
use crate::server::service::AccountService;
use crate::server::sink::{AccountSink, came_before};
use crate::server_kind::KindCell;
use crate::sync::lock;
use crate::transport::control::{Control, Stopper};
use crate::transport::settings::Settings;
use crate::transport::ws;
use crate::transport::ws::activity::Monitored;
use crate::transport::ws::service::UnsentCalls;

/// Error sent once shutdown has begun.
pub(super) const CLOSING: &str = "the bot is closing";
/// Error sent when the limit of connections is reached.
const TOO_MANY: &str = "too many connections";

/// The state that all connections share.
pub(super) struct Shared {
    pub(super) options: ServerOptions,
    settings: Arc<Settings>,
    pub(super) fanout: Fanout,
    pub(super) accounts: watch::Sender<Accounts>,
    /// The connected accounts, for watchers; `None` once the server is closed.
    watched: Mutex<Option<watch::Sender<Vec<UserId>>>>,
    /// Permits for WebSockets.
    room: Arc<Semaphore>,
    pub(super) faults: Arc<Faults>,
    /// Set once the server is closed, for tasks that wait only for that.
    closing: watch::Sender<bool>,
}

impl Shared {
    pub(super) fn new(options: ServerOptions) -> Arc<Self> {
        Arc::new(Self {
            settings: Arc::new(options.settings.clone()),
            fanout: Fanout::new(options.queue),
            accounts: watch::Sender::default(),
            watched: Mutex::new(Some(watch::Sender::default())),
            room: Arc::new(Semaphore::new(options.connections)),
            faults: Arc::new(Faults::new()),
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
        accounts
            .known
            .iter()
            .filter(|(_, account)| account.connections.current().calls.is_some())
            .map(|(id, _)| *id)
            .collect()
    }

    pub(super) fn watch(&self) -> watch::Receiver<Vec<UserId>> {
        // If the server is closed, the sender is dropped at once.
        let mut watch = self.watched().unwrap_or_default().subscribe();
        self.tell_watchers();
        watch.mark_unchanged();
        watch
    }

    fn watched(&self) -> Option<watch::Sender<Vec<UserId>>> {
        lock(&self.watched).clone()
    }

    /// Notifies the watchers of the connected accounts.
    fn tell_watchers(&self) {
        let Some(watched) = self.watched().filter(|watched| watched.receiver_count() > 0) else { return };
        watched.send_if_modified(|known| {
            let before = std::mem::replace(known, self.ids());
            before != *known
        });
    }

    /// Changes the accounts, and closes the queues of the consumers once no event can arrive.
    fn change(&self, change: impl FnOnce(&mut Accounts)) {
        self.accounts.send_modify(|accounts| {
            change(accounts);
            if accounts.ended() {
                self.fanout.close();
            }
        });
    }

    /// Closes the server: rejects new connections, and ends all others.
    pub(super) fn close(&self, limit: Duration) {
        self.change(|accounts| accounts.close(limit));
        self.tell_closing();
    }

    /// Closes the server at once because it has been dropped. If it is being closed already, its time limit stands.
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
        lock(&self.watched).take();
        self.faults.close();
    }

    /// Waits until the server is closed. Connections may still be open.
    pub(super) async fn closing(&self) {
        // It does not fail: `self` has the sender.
        let _ = self.closing.subscribe().wait_for(|closing| *closing).await;
    }

    /// Waits until the server has ended: see [`Accounts::ended`].
    pub(super) async fn ended(&self) {
        let _ = self.accounts.subscribe().wait_for(Accounts::ended).await;
    }

    /// Marks the server as listening, as long as the value lives.
    pub(super) fn listening(self: &Arc<Self>) -> Listening {
        self.change(|accounts| accounts.listening = true);
        Listening(self.clone())
    }

    /// Returns an account, which is added if it is new; or the reason why it is rejected.
    fn account(&self, accounts: &mut Accounts, id: UserId) -> Result<Arc<Account>, &'static str> {
        if accounts.closed {
            return Err(CLOSING);
        }
        if let Some(known) = accounts.known.get(&id) {
            return Ok(known.clone());
        }
        if !accounts.make_room(self.options.connections) {
            return Err("there is no room for another account");
        }
        let kind = Arc::new(KindCell::new(self.options.kinds.get(&id).cloned()));
        let connections = Arc::new(Connections::new(id, self.options.settings.queue_while_down, kind.clone()));
        let calls = BoxCloneSyncService::new(AccountService(connections.clone()));
        let service = self.options.layers.iter().fold(calls, |service, layer| layer(service));
        let client = Client::new(service, self.options.timeout, self.options.token.clone(), kind);
        let recent = self.options.dedupe.map(|window| Arc::new(Mutex::new(Dedupe::new(window))));
        let posts = RecentPosts::new(self.options.replay_window);
        let account = Arc::new(Account { client, connections, recent, posts });
        accounts.known.insert(id, account.clone());
        Ok(account)
    }

    /// Returns the account of an HTTP POST; or the reason why it is rejected.
    fn posting(&self, id: UserId) -> Result<Arc<Account>, &'static str> {
        let mut account = Err(CLOSING);
        self.accounts.send_if_modified(|accounts| {
            account = self.account(accounts, id).inspect(|account| account.connections.current().posts = true);
            false
        });
        account
    }

    /// Takes an event that arrived by HTTP POST. Returns `None` if the event is a repetition, or the reason why it is rejected.
    pub(super) fn post(
        &self,
        id: UserId,
        header: EventHeader,
        body: &[u8],
    ) -> Result<Option<AcceptedPost>, &'static str> {
        let account = self.posting(id)?;
        let client = account.client.clone();
        let Some(unanswered) = account.posts.take(body) else { return Ok(None) };
        if came_before(account.recent.as_deref(), header, body) {
            unanswered.answered();
            return Ok(None);
        }
        let (response, answered) = ResponseSlot::new();
        let sender = Some(Sender { account: id, client });
        // A copy, since the body may be a part of a large buffer.
        let raw = Bytes::copy_from_slice(body);
        // As long as this is borrowed, neither the server nor its queues can be closed.
        let accounts = self.accounts.borrow();
        if accounts.closed {
            unanswered.answered();
            return Err(CLOSING);
        }
        self.fanout.push(|| Arrived { header, raw, sender, response: Some(response) });
        drop(accounts);
        self.fanout.wake();
        Ok(Some(AcceptedPost { answered, unanswered }))
    }

    /// Reserves a permit for a WebSocket. A connection that replaces another one needs none: it takes over the other's permit.
    pub(super) fn slot(&self, id: UserId, role: Role) -> Result<Option<OwnedSemaphorePermit>, &'static str> {
        let permit = self.room.clone().try_acquire_owned().ok();
        let replaces = |account: &Arc<Account>| !account.connections.replaced_by(role).is_empty();
        if permit.is_none() && !self.accounts.borrow().known.get(&id).is_some_and(replaces) {
            return Err(TOO_MANY);
        }
        Ok(permit)
    }

    /// Adds a WebSocket. Returns the work of its task and the guard of its end; or the reason why it is rejected.
    fn join<S>(
        self: &Arc<Self>,
        accounts: &mut Accounts,
        socket: WebSocketStream<Monitored<S>>,
        origin: Origin,
        slot: Option<OwnedSemaphorePermit>,
    ) -> Result<(impl Future<Output = ConnectionError> + Send + use<S>, DisconnectGuard), &'static str>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let Origin { account: id, role, .. } = origin;
        let account = self.account(accounts, id)?;
        let inherited = || account.connections.replaced_by(role).iter().find_map(|old| take_permit(&old.slot));
        let slot = slot.or_else(inherited).or_else(|| self.room.clone().try_acquire_owned().ok());
        let slot: Slot = Arc::new(Mutex::new(Some(slot.ok_or(TOO_MANY)?)));
        accounts.next_id += 1;
        let (stopper, stops) = Stopper::new();
        let control = Control::new(self.sink(&account, origin, stopper.clone()), stopper);
        let token = self.options.token.clone();
        let (ws, task) = ws::accepted(self.settings.clone(), token, control.clone(), stops);
        let new = AccountConnection { id: accounts.next_id, origin, ws, control, slot: slot.clone() };
        accounts.connected += usize::from(!account.connections.is_connected());
        let (old, waiting) = account.connections.connect(&new);
        for old in old {
            tracing::info!(account = id.get(), ?role, "replaced by a new connection of the same account");
            old.control.stopper.stop(Duration::ZERO, ConnectionError::Replaced);
        }
        let unsent: Option<Arc<dyn UnsentCalls>> = match self.settings.queue_while_down {
            0 => None,
            _ => Some(account.connections.clone()),
        };
        let work = task.run(socket, waiting, unsent);
        Ok((work, DisconnectGuard { shared: self.clone(), account, id: new.id, slot, why: ConnectionError::Closed }))
    }

    /// Returns the sink of the events of a new connection.
    fn sink(&self, account: &Account, origin: Origin, stopper: Stopper) -> AccountSink {
        AccountSink {
            sender: Sender { account: origin.account, client: account.client.clone() },
            role: origin.role,
            other_accounts: self.options.other_accounts,
            recent: account.recent.clone(),
            fanout: self.fanout.clone(),
            faults: self.faults.clone(),
            stopper,
            stopped: AtomicBool::new(false),
        }
    }

    /// Serves a WebSocket until it ends.
    pub(super) async fn serve<S>(
        self: &Arc<Self>,
        socket: WebSocketStream<Monitored<S>>,
        origin: Origin,
        slot: Option<OwnedSemaphorePermit>,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let Origin { account: id, role, .. } = origin;
        let mut joined = Err(CLOSING);
        self.accounts.send_if_modified(|accounts| {
            joined = self.join(accounts, socket, origin, slot);
            joined.is_ok()
        });
        let (work, mut guard) = match joined {
            Ok(joined) => joined,
            Err(why) => return tracing::warn!(account = id.get(), why, "rejected"),
        };
        self.tell_watchers();
        tracing::info!(account = id.get(), ?role, "connected");
        guard.why = work.await;
        match &guard.why {
            why @ ConnectionError::WrongAccount { .. } => {
                tracing::error!(account = id.get(), why = why.report(), "dropped");
            }
            why @ ConnectionError::FrameTooLong(_) => {
                self.faults.record(why);
                tracing::warn!(account = id.get(), ?role, why = why.report(), "disconnected");
            }
            why => tracing::info!(account = id.get(), ?role, why = why.report(), "disconnected"),
        }
    }
}

/// An event that was accepted by HTTP POST.
pub(super) struct AcceptedPost {
    /// Receives the answer.
    pub(super) answered: oneshot::Receiver<Bytes>,
    pub(super) unanswered: Unanswered,
}

/// Marks the server as no longer listening when it is dropped, also by the end of the runtime.
pub(super) struct Listening(Arc<Shared>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.change(|accounts| accounts.listening = false);
    }
}

/// Removes a connection from its account when it is dropped, also by the end of the runtime.
struct DisconnectGuard {
    shared: Arc<Shared>,
    account: Arc<Account>,
    id: u64,
    slot: Slot,
    why: ConnectionError,
}

impl Drop for DisconnectGuard {
    fn drop(&mut self) {
        let why = self.why.clone();
        self.shared.change(|accounts| {
            let connections = &self.account.connections;
            let before = connections.is_connected();
            connections.disconnect(self.id, why);
            accounts.connected -= usize::from(before && !connections.is_connected());
            drop(take_permit(&self.slot));
        });
        self.shared.tell_watchers();
    }
}
