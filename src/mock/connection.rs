//! The open connections, as seen from outside of their own tasks.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;

use super::frame;
use super::stream_script::StreamFrames;

/// The writing side of a connection.
pub(super) struct ConnectionHandle {
    pub(super) takes_events: bool,
    pub(super) form: EventForm,
    pub(super) writes: mpsc::UnboundedSender<QueuedWrite>,
    pub(super) cut: oneshot::Sender<Cut>,
}

/// The form in which a connection carries events.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum EventForm {
    WebSocket,
    ServerSent,
}

/// The end of a connection, forced from outside.
pub(super) enum Cut {
    /// Closes the socket without a close frame.
    Drop,
    /// Leaves the socket open, and neither reads nor writes any longer.
    Silence,
}

/// An item in the queue of writes.
pub(super) enum QueuedWrite {
    /// Whole frames, or bytes that a test passes off as frames.
    Bytes(Bytes),
    /// The same, byte by byte, with this pause between them.
    Slowly(Bytes, Duration),
    /// An answer in parts, whose frames are made when they are written.
    Stream(Box<StreamFrames>),
    /// A close frame and the end of the stream; nothing follows.
    Close(Bytes),
    /// The end of the connection.
    End,
}

impl ConnectionHandle {
    pub(super) fn close(&self, code: u16, reason: &str) {
        let close = frame::close(Some(CloseFrame { code: code.into(), reason: reason.into() }));
        let _ = self.writes.send(QueuedWrite::Close(close));
    }
}

/// All open connections, by their ids.
#[derive(Default)]
pub(super) struct OpenConnections {
    open: watch::Sender<BTreeMap<u64, ConnectionHandle>>,
    next_id: AtomicU64,
}

impl OpenConnections {
    pub(super) fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn add(&self, id: u64, handle: ConnectionHandle) {
        self.open.send_modify(|open| _ = open.insert(id, handle));
    }

    pub(super) fn remove(&self, id: u64) {
        self.open.send_if_modified(|open| open.remove(&id).is_some());
    }

    /// Takes all of them; they no longer count.
    pub(super) fn take(&self) -> impl Iterator<Item = ConnectionHandle> {
        self.open.send_replace(BTreeMap::new()).into_values()
    }

    pub(super) fn count(&self) -> usize {
        self.open.borrow().len()
    }

    /// The number of connections that take events.
    pub(super) fn listeners(&self) -> usize {
        self.open.borrow().values().filter(|handle| handle.takes_events).count()
    }

    /// Sends a text to every connection that takes events, in its form, and returns their number.
    pub(super) fn push_text(&self, text: String) -> usize {
        let event = frame::server_sent(&text);
        let frame = frame::text(text);
        self.send_all(|form| match form {
            EventForm::WebSocket => frame.clone(),
            EventForm::ServerSent => event.clone(),
        })
    }

    /// Sends bytes to every connection that takes events, as they are, and returns their number.
    pub(super) fn push_raw(&self, bytes: &Bytes) -> usize {
        self.send_all(|_| bytes.clone())
    }

    fn send_all(&self, bytes: impl Fn(EventForm) -> Bytes) -> usize {
        let open = self.open.borrow();
        let takers = open.values().filter(|handle| handle.takes_events);
        takers.filter(|handle| handle.writes.send(QueuedWrite::Bytes(bytes(handle.form))).is_ok()).count()
    }

    /// Waits until at least `n` connections are open; for 0, until none is.
    pub(super) async fn wait_until_open(&self, n: usize) {
        let enough = |open: &BTreeMap<_, _>| if n == 0 { open.is_empty() } else { open.len() >= n };
        if self.open.subscribe().wait_for(enough).await.is_err() {
            // Unreachable: `self` holds the sender.
            std::future::pending().await
        }
    }
}
