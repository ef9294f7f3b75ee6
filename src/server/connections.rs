//! The WebSockets of one account.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use crate::error::connection::ConnectionError;
use crate::generated::types::UserId;
use crate::server_kind::KindCell;
use crate::sync::lock;
use crate::transport::control::Control;
use crate::transport::ws::service::{Outgoing, Ws};

/// The longest time between two replacements that belong together.
const REPLACED_AGAIN: Duration = Duration::from_secs(60);
/// The number of the replacement that is told.
const TOLD_REPLACEMENT: u32 = 3;

/// The connections of an account.
pub(super) struct Connections {
    pub(super) account: UserId,
    /// The number of calls that wait while no connection takes calls.
    pub(super) queue_while_down: usize,
    pub(super) current: Mutex<Current>,
    /// The kind of the account's server.
    kind: Arc<KindCell>,
}

/// The connections of an account at the moment.
#[derive(Default)]
pub(super) struct Current {
    pub(super) calls: Option<AccountConnection>,
    pub(super) events: Option<AccountConnection>,
    /// The reason why the last connection that took calls ended.
    pub(super) why: Option<ConnectionError>,
    /// Set once an event of the account has arrived by HTTP POST.
    pub(super) posts: bool,
    /// The calls that wait for a connection.
    pub(super) waiting: VecDeque<Outgoing>,
    /// Set once the server is closed.
    pub(super) closed: bool,
    replacements: Replacements,
}

/// The origin of a connection.
#[derive(Clone, Copy)]
pub(super) struct Origin {
    pub(super) account: UserId,
    pub(super) role: Role,
    /// The address of the other side; `None` if an application's listener accepted it.
    pub(super) peer: Option<SocketAddr>,
}

/// One connection of an account.
#[derive(Clone)]
pub(super) struct AccountConnection {
    pub(super) id: u64,
    pub(super) origin: Origin,
    pub(super) ws: Ws,
    pub(super) control: Arc<Control>,
    pub(super) slot: Slot,
}

/// The permit of a WebSocket, which counts towards `max_connections`; `None` once another connection has taken it over.
pub(super) type Slot = Arc<Mutex<Option<OwnedSemaphorePermit>>>;

/// Takes the permit out of a slot.
pub(super) fn take_permit(slot: &Slot) -> Option<OwnedSemaphorePermit> {
    lock(slot).take()
}

/// The role of a connection: `X-Client-Role`.
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

    pub(super) fn brings_events(self) -> bool {
        self != Self::Api
    }
}

/// Connections that replaced each other in a short time.
#[derive(Default)]
struct Replacements {
    /// Their number, by the role of the new connection: a pair is replaced by a pair.
    counts: [u32; 3],
    last: Option<Instant>,
    told: bool,
}

impl Replacements {
    /// Counts a replacement. Returns `true` for the one that is told.
    fn count(&mut self, role: Role) -> bool {
        let now = Instant::now();
        if self.last.is_none_or(|last| now.saturating_duration_since(last) > REPLACED_AGAIN) {
            *self = Self::default();
        }
        self.last = Some(now);
        let count = &mut self.counts[role as usize];
        *count = count.saturating_add(1);
        *count >= TOLD_REPLACEMENT && !std::mem::replace(&mut self.told, true)
    }
}

impl Connections {
    pub(super) fn new(account: UserId, queue_while_down: usize, kind: Arc<KindCell>) -> Self {
        Self { account, queue_while_down, current: Mutex::default(), kind }
    }

    pub(super) fn current(&self) -> MutexGuard<'_, Current> {
        lock(&self.current)
    }

    /// Returns the connections that a new one with this role replaces.
    pub(super) fn replaced_by(&self, role: Role) -> Vec<AccountConnection> {
        let mut old = self.all();
        let both = Role::Universal;
        old.retain(|old| old.origin.role == role || old.origin.role == both || role == both);
        old
    }

    /// Adds a connection. Returns the connections that it replaces, and the calls that have waited for it.
    pub(super) fn connect(&self, connection: &AccountConnection) -> (Vec<AccountConnection>, VecDeque<Outgoing>) {
        let role = connection.origin.role;
        let old = self.replaced_by(role);
        let mut current = self.current();
        let told = !old.is_empty() && current.replacements.count(role);
        let is_old = |connection: &mut AccountConnection| old.iter().any(|old| old.id == connection.id);
        // Before the new connection takes calls.
        if current.calls.take_if(is_old).is_some() {
            self.kind.forget();
        }
        current.events.take_if(is_old);
        let mut waiting = VecDeque::new();
        if role.takes_calls() {
            current.calls = Some(connection.clone());
            current.why = None;
            waiting = std::mem::take(&mut current.waiting);
        }
        if role.brings_events() {
            current.events = Some(connection.clone());
        }
        drop(current);
        if let Some(old) = old.first().filter(|_| told) {
            warn_of_two_servers(old.origin, connection.origin);
        }
        (old, waiting)
    }

    /// Closes the account for good: calls that wait are rejected.
    pub(super) fn close(&self) {
        let mut current = self.current();
        current.closed = true;
        let waiting = std::mem::take(&mut current.waiting);
        drop(current);
        waiting.into_iter().for_each(|call| call.reject(&ConnectionError::Closed));
    }

    /// Removes a connection, if it has not been replaced.
    pub(super) fn disconnect(&self, id: u64, why: ConnectionError) {
        let mut current = self.current();
        if current.calls.take_if(|connection| connection.id == id).is_some() {
            self.kind.forget();
            current.why = Some(why);
        }
        current.events.take_if(|connection| connection.id == id);
    }

    /// Returns `true` if there is a connection.
    pub(super) fn is_connected(&self) -> bool {
        let current = self.current();
        current.calls.is_some() || current.events.is_some()
    }

    /// Returns every connection once.
    pub(super) fn all(&self) -> Vec<AccountConnection> {
        let current = self.current();
        let mut all: Vec<_> = current.calls.iter().chain(&current.events).cloned().collect();
        all.dedup_by_key(|connection| connection.id);
        all
    }
}

/// Tells that connections of the account replace each other again and again.
fn warn_of_two_servers(old: Origin, new: Origin) {
    let shown = |peer: Option<SocketAddr>| peer.map_or_else(|| "unknown".to_owned(), |peer| peer.to_string());
    tracing::warn!(
        account = new.account.get(),
        replaced = shown(old.peer),
        by = shown(new.peer),
        "connections of the account replace each other again and again: do two servers connect for it? Only one of them may"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_third_replacement_in_a_short_time_is_told_once() {
        let mut replacements = Replacements::default();
        let mut told = |role| replacements.count(role);
        // A server that is restarted twice.
        assert!(!told(Role::Universal) && !told(Role::Universal));
        tokio::time::advance(REPLACED_AGAIN + Duration::from_secs(1)).await;
        // A pair that is replaced by a pair is one server.
        for _ in 0..2 {
            assert!(!told(Role::Api) && !told(Role::Event));
        }
        assert!(told(Role::Event) && !told(Role::Api));
        for _ in 0..100 {
            tokio::time::advance(REPLACED_AGAIN).await;
            assert!(!told(Role::Event) && !told(Role::Universal));
        }
        // After a while it is told again.
        tokio::time::advance(REPLACED_AGAIN + Duration::from_secs(1)).await;
        assert!(!told(Role::Api) && !told(Role::Api) && told(Role::Api));
    }
}
