//! The handle to a server.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::client::Client;
use crate::error::connection::ConnectionError;
use crate::events::Events;
use crate::generated::types::UserId;
use crate::server::accounts::Accounts;
use crate::server::shared::Shared;

/// A handle to a [`Server`](crate::server::Server) that finds connected accounts and closes the server. It is cheap to clone,
/// and does not keep the server open.
#[derive(Clone)]
pub struct Bots(Arc<Shared>);

impl Bots {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// Returns the client of an account that is connected over a WebSocket that takes calls.
    #[must_use]
    pub fn get(&self, account: impl Into<UserId>) -> Option<Client> {
        self.0.bot(account.into())
    }

    /// Returns the accounts that are connected over a WebSocket that takes calls, in order.
    #[must_use]
    pub fn ids(&self) -> Vec<UserId> {
        self.0.ids()
    }

    /// Watches the list of connected accounts, as [`ids`](Self::ids) returns it: without accounts that only send HTTP POSTs. A
    /// watcher sees the latest list, and may miss lists in between; its `changed` returns an error once the server is closed.
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

    /// Waits until an account is connected, and returns its client; `None` once the server is closed.
    pub async fn wait_for(&self, account: impl Into<UserId>) -> Option<Client> {
        let account = account.into();
        let mut accounts = self.0.accounts.subscribe();
        let found = accounts.wait_for(|accounts: &Accounts| accounts.closed || accounts.bot(account).is_some()).await;
        found.ok()?.bot(account)
    }

    /// Returns the last fault of a connecting server that a setting mends; its text names the setting. `None` as long as there
    /// was none. The faults are [`ConnectionError::WrongAccount`], over a WebSocket and by HTTP POST, and
    /// [`ConnectionError::FrameTooLong`].
    ///
    /// ```no_run
    /// # fn run(server: &cqhttp::server::Server) {
    /// if let Some(fault) = server.bots().last_error() {
    ///     eprintln!("{}", fault.report());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn last_error(&self) -> Option<ConnectionError> {
        self.0.faults.last()
    }

    /// Watches the faults that [`last_error`](Self::last_error) returns. A watcher sees the latest fault, and may miss faults in
    /// between; its `changed` returns an error once the server is closed.
    #[must_use]
    pub fn watch_errors(&self) -> watch::Receiver<Option<ConnectionError>> {
        self.0.faults.watch()
    }

    /// Adds a consumer of the same events, with another queue of the same size and overflow rule. It gets the events that arrive
    /// from now on.
    ///
    /// The first answer to an event that arrived by HTTP POST goes into the response. Without an answer, the response is empty
    /// once all consumers have dropped the event. The [`Server`](crate::server::Server) itself is a consumer too: take its
    /// events, or the response waits for [`answer_within`](crate::server::ServerBuilder::answer_within).
    #[must_use]
    pub fn subscribe(&self) -> Events<Self> {
        let fanout = &self.0.fanout;
        Events::new(fanout.subscribe(), fanout.clone(), None, self.clone())
    }

    /// Closes the server: new connections are rejected, calls in flight have ten seconds to be answered, then close frames are
    /// sent. HTTP POSTs that wait for an answer get an empty response. Returns when all connections have ended, even if events
    /// are still queued; a stream of events ends once they have been taken.
    pub async fn close(&self) {
        self.close_within(Duration::from_secs(10)).await;
    }

    /// Closes the server like [`close`](Self::close), with another limit for the calls in flight. With zero they end at once,
    /// with their outcome unknown.
    pub async fn close_within(&self, limit: Duration) {
        self.0.close(limit);
        self.0.ended().await;
    }

    /// Closes the server at once, unless it is being closed already.
    pub(super) fn abandon(&self) {
        self.0.abandon();
    }
}

impl Events<Bots> {
    /// Returns a handle to the server, to find accounts and to close the server.
    #[must_use]
    pub fn bots(&self) -> Bots {
        self.handle().clone()
    }

    /// Returns how many events of each account this consumer has missed so far because it was too slow. An account that has
    /// missed none is not in it. Of more than 1,024 accounts, those that have missed the most are certain to be in it;
    /// [`missed`](Events::missed) counts the events of all accounts.
    #[must_use]
    pub fn missed_by_account(&self) -> BTreeMap<UserId, u64> {
        self.lost_by_account()
    }
}

impl fmt::Debug for Bots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bots").field(&self.ids()).finish()
    }
}
