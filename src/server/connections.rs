//! The WebSockets of one account.

use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::OwnedSemaphorePermit;

use crate::error::connection::ConnectionError;
use crate::generated::types::UserId;
use crate::sync::lock;
use crate::transport::ws::control::Control;
use crate::transport::ws::service::Ws;

/// The connections of an account.
pub(super) struct Connections {
    pub(super) account: UserId,
    pub(super) current: Mutex<Current>,
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
}

/// One connection of an account.
#[derive(Clone)]
pub(super) struct AccountConnection {
    pub(super) id: u64,
    pub(super) role: Role,
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

    fn brings_events(self) -> bool {
        self != Self::Api
    }
}

impl Connections {
    pub(super) fn current(&self) -> MutexGuard<'_, Current> {
        lock(&self.current)
    }

    /// Returns the connections that a new one with this role replaces.
    pub(super) fn replaced_by(&self, role: Role) -> Vec<AccountConnection> {
        let mut old = self.all();
        let both = Role::Universal;
        old.retain(|old| old.role == role || old.role == both || role == both);
        old
    }

    /// Adds a connection, and returns the connections that it replaces.
    pub(super) fn connect(&self, connection: &AccountConnection) -> Vec<AccountConnection> {
        let old = self.replaced_by(connection.role);
        let mut current = self.current();
        let is_old = |connection: &mut AccountConnection| old.iter().any(|old| old.id == connection.id);
        current.calls.take_if(is_old);
        current.events.take_if(is_old);
        if connection.role.takes_calls() {
            current.calls = Some(connection.clone());
            current.why = None;
        }
        if connection.role.brings_events() {
            current.events = Some(connection.clone());
        }
        old
    }

    /// Removes a connection, if it has not been replaced.
    pub(super) fn disconnect(&self, id: u64, why: ConnectionError) {
        let mut current = self.current();
        if current.calls.take_if(|connection| connection.id == id).is_some() {
            current.why = Some(why);
        }
        current.events.take_if(|connection| connection.id == id);
    }

    /// Returns every connection once.
    pub(super) fn all(&self) -> Vec<AccountConnection> {
        let current = self.current();
        let mut all: Vec<_> = current.calls.iter().chain(&current.events).cloned().collect();
        all.dedup_by_key(|connection| connection.id);
        all
    }
}
