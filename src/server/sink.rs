//! The events of an account's connection, on their way to the server's consumers.

use std::sync::{Arc, Mutex};

use bytes::Bytes;

use crate::event::header::EventHeader;
use crate::events::dedupe::Dedupe;
use crate::events::fanout::{Arrived, Fanout, Sender};
use crate::generated::event::EventKind;
use crate::sync::lock;
use crate::transport::ws::control::EventSink;

/// Returns `true` if an account's event is to be dropped as a repetition, and remembers it. Meta events are exempt: each
/// heartbeat and each new connection counts.
pub(super) fn came_before(recent: Option<&Mutex<Dedupe>>, header: EventHeader, event: &[u8]) -> bool {
    let Some(recent) = recent else { return false };
    let meta = matches!(header.kind, EventKind::Heartbeat | EventKind::Lifecycle);
    // The body of an HTTP POST may end with a line break; a frame does not.
    !meta && lock(recent).is_known(event.trim_ascii())
}

/// Passes the events of an account's connection to the server's consumers. An event of another account is found when it is
/// taken.
pub(super) struct AccountSink {
    pub(super) sender: Sender,
    /// The recent events of the account, over any connection; `None` if repetitions are not dropped.
    pub(super) recent: Option<Arc<Mutex<Dedupe>>>,
    pub(super) fanout: Fanout,
}

impl EventSink for AccountSink {
    fn push(&self, header: EventHeader, event: &[u8]) {
        if came_before(self.recent.as_deref(), header, event) {
            let account = self.sender.account.get();
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
