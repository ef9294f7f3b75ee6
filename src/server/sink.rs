//! The events of an account's connection, on their way to the server's consumers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;

use crate::error::connection::ConnectionError;
use crate::event::header::EventHeader;
use crate::events::dedupe::Dedupe;
use crate::events::fanout::{Arrived, Fanout, Sender};
use crate::generated::event::EventKind;
use crate::server::connections::Role;
use crate::server::faults::Faults;
use crate::sync::lock;
use crate::transport::control::{EventSink, Stopper};

/// Returns `true` if an account's event is to be dropped as a repetition, and remembers it. Meta events are exempt: each
/// heartbeat and each new connection counts.
pub(super) fn came_before(recent: Option<&Mutex<Dedupe>>, header: EventHeader, event: &[u8]) -> bool {
    let Some(recent) = recent else { return false };
    let meta = matches!(header.kind, EventKind::Heartbeat | EventKind::Lifecycle);
    // The body of an HTTP POST may end with a line break; a frame does not.
    !meta && lock(recent).is_known(event.trim_ascii())
}

/// Passes the events of an account's connection to the server's consumers. An event of another account ends the connection,
/// since two accounts would be mixed up, unless the server accepts it.
pub(super) struct AccountSink {
    pub(super) sender: Sender,
    pub(super) role: Role,
    pub(super) other_accounts: bool,
    /// The recent events of the account, over any connection; `None` if repetitions are not dropped.
    pub(super) recent: Option<Arc<Mutex<Dedupe>>>,
    pub(super) fanout: Fanout,
    pub(super) faults: Arc<Faults>,
    pub(super) stopper: Stopper,
    /// Set once an event of another account has arrived.
    pub(super) stopped: AtomicBool,
}

impl AccountSink {
    /// Returns `true` if the event is of another account, and is not accepted. The first ends the connection.
    fn is_of_another(&self, header: EventHeader) -> bool {
        let expected = self.sender.account;
        let Some(found) = header.self_id.filter(|found| *found != expected && !self.other_accounts) else {
            return false;
        };
        if !self.stopped.swap(true, Ordering::Relaxed) {
            let why = ConnectionError::WrongAccount { expected, found };
            self.faults.record(&why);
            self.stopper.stop(Duration::ZERO, why);
        }
        true
    }
}

impl EventSink for AccountSink {
    fn push(&self, header: EventHeader, event: &[u8]) {
        let account = self.sender.account.get();
        if !self.role.brings_events() {
            return tracing::debug!(account, bytes = event.len(), "dropped an event: the role API brings none");
        }
        if self.is_of_another(header) {
            return tracing::debug!(account, bytes = event.len(), "dropped an event of another account");
        }
        if came_before(self.recent.as_deref(), header, event) {
            return tracing::debug!(account, bytes = event.len(), "dropped an event that came before");
        }
        let raw = || Bytes::copy_from_slice(event);
        self.fanout.push(|| Arrived { header, raw: raw(), sender: Some(self.sender.clone()), response: None });
    }

    fn wake(&self) {
        self.fanout.wake();
    }

    /// Does nothing: the consumers outlive a connection, and the server closes their queues.
    fn end(&self) {}
}
