//! The events of a forward connection, on their way to its consumers.

use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;

use crate::event::header::EventHeader;
use crate::events::dedupe::Dedupe;
use crate::events::fanout::{Arrived, Fanout};
use crate::generated::event::EventKind;
use crate::sync::lock;
use crate::transport::control::EventSink;

/// Passes the events of a forward connection to its consumers, and drops repeated events if `Connect::dedupe` is set.
pub(super) struct ForwardSink {
    fanout: Fanout,
    recent: Option<Mutex<Dedupe>>,
}

impl ForwardSink {
    pub(super) fn new(fanout: Fanout, dedupe: Option<Duration>) -> Self {
        Self { fanout, recent: dedupe.map(|window| Mutex::new(Dedupe::new(window))) }
    }

    /// Returns `true` if the event is to be dropped as a repetition. Heartbeats are exempt.
    fn came_before(&self, header: EventHeader, event: &[u8]) -> bool {
        let Some(recent) = self.recent.as_ref().filter(|_| header.kind != EventKind::Heartbeat) else { return false };
        lock(recent).is_known(event)
    }
}

impl EventSink for ForwardSink {
    fn push(&self, header: EventHeader, event: &[u8]) {
        if self.came_before(header, event) {
            return tracing::debug!(bytes = event.len(), "dropped an event that came before");
        }
        let raw = || Bytes::copy_from_slice(event);
        self.fanout.push(|| Arrived { header, raw: raw(), sender: None, response: None });
    }

    fn wake(&self) {
        self.fanout.wake();
    }

    fn end(&self) {
        self.fanout.close();
    }
}
