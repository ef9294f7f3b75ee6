//! The accounts that a server knows.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::client::Client;
use crate::error::connection::ConnectionError;
use crate::events::dedupe::Dedupe;
use crate::generated::types::UserId;
use crate::server::connections::Connections;
use crate::server::posts::RecentPosts;

/// The accounts that are or were connected.
#[derive(Default)]
pub(super) struct Accounts {
    pub(super) known: BTreeMap<UserId, Arc<Account>>,
    pub(super) next_id: u64,
    /// The number of accounts that have a connection.
    pub(super) connected: usize,
    /// The number of known accounts at which those that are not in use are forgotten.
    pub(super) forget_at: usize,
    pub(super) closed: bool,
    /// Set as long as the server's own listener runs.
    pub(super) listening: bool,
}

/// An account that is or was connected.
pub(super) struct Account {
    pub(super) client: Client,
    pub(super) connections: Arc<Connections>,
    /// The recent events of the account, over any connection and by HTTP POST; `None` if repetitions are not dropped.
    pub(super) recent: Option<Arc<Mutex<Dedupe>>>,
    /// The recent HTTP POSTs of the account.
    pub(super) posts: RecentPosts,
}

impl Accounts {
    /// Returns the client of an account that can take calls.
    pub(super) fn bot(&self, account: UserId) -> Option<Client> {
        let account = self.known.get(&account)?;
        account.connections.current().calls.as_ref().map(|_| account.client.clone())
    }

    /// Makes room for another account: forgets those that are neither connected nor in use, once there are many. Returns `false` if
    /// as many are connected as there may be.
    ///
    /// Accounts that only post events are in use as long as an event of theirs waits. All accounts are looked at each time, hence
    /// not before their number has grown by a quarter.
    pub(super) fn make_room(&mut self, limit: usize) -> bool {
        if self.connected >= limit {
            return false;
        }
        if self.known.len() >= self.forget_at.max(limit) {
            self.known.retain(|_, account| account.connections.is_connected() || account.client.is_shared());
            self.forget_at = self.known.len() + self.known.len() / 4;
        }
        true
    }

    /// Closes the server, and asks all connections to end.
    pub(super) fn close(&mut self, limit: Duration) {
        self.closed = true;
        self.known.values().for_each(|account| account.connections.close());
        for connection in self.known.values().flat_map(|account| account.connections.all()) {
            connection.control.stopper.stop(limit, ConnectionError::Closed);
        }
    }

    /// Returns `true` if no event can arrive: the server is closed, has no connections, and its listener has ended.
    pub(super) fn ended(&self) -> bool {
        self.closed && !self.listening && self.connected == 0
    }
}
