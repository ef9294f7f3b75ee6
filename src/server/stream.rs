//! The server, as a stream of events.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;

use crate::client::Client;
use crate::error::connection::ConnectionError;
use crate::events::Events;
use crate::generated::types::UserId;
use crate::received::Received;
use crate::server::bots::Bots;

/// A server that OneBot servers connect to, and a stream of their events. It is a [`Stream`], and [`next`](Self::next) works
/// without the extensions of one.
///
/// Dropping it closes the listener and all connections, at once unless it is being [closed](Bots::close) already.
pub struct Server {
    events: Events<Bots>,
    address: Option<SocketAddr>,
}

impl Server {
    pub(super) fn new(bots: Bots, address: Option<SocketAddr>) -> Self {
        Self { events: bots.subscribe(), address }
    }

    /// Returns the address of the listener; `None` for a [`router`](crate::server::ServerBuilder::router).
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Returns the next event of any account; `None` once the server is closed, its last connection has ended, and all events
    /// are taken.
    ///
    /// The future may be dropped while it waits, as in `tokio::select!`: no event is lost by that.
    pub async fn next(&mut self) -> Option<Received> {
        self.events.next().await
    }

    /// Adds a consumer of the same events: see [`Bots::subscribe`].
    #[must_use]
    pub fn subscribe(&self) -> Events<Bots> {
        self.events.subscribe()
    }

    /// Returns how many events this stream has missed so far because it was too slow: see [`Overflow`](crate::Overflow).
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.events.missed()
    }

    /// Returns how many events of each account this stream has missed: see [`Events::missed_by_account`].
    #[must_use]
    pub fn missed_by_account(&self) -> BTreeMap<UserId, u64> {
        self.events.missed_by_account()
    }

    /// Returns the last fault of a connecting server that a setting mends: see [`Bots::last_error`].
    #[must_use]
    pub fn last_error(&self) -> Option<ConnectionError> {
        self.events.handle().last_error()
    }

    /// Returns the client of an account that is connected: see [`Bots::get`].
    #[must_use]
    pub fn bot(&self, account: impl Into<UserId>) -> Option<Client> {
        self.events.handle().get(account)
    }

    /// Returns a handle to the server, for other parts of the program.
    #[must_use]
    pub fn bots(&self) -> Bots {
        self.events.bots()
    }

    /// Closes the server: see [`Bots::close`].
    pub async fn close(&self) {
        self.bots().close().await;
    }

    /// Closes the server: see [`Bots::close_within`].
    pub async fn close_within(&self, limit: Duration) {
        self.bots().close_within(limit).await;
    }
}

impl Stream for Server {
    type Item = Received;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Received>> {
        self.get_mut().events.poll(cx)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.events.handle().abandon();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("local_addr", &self.local_addr())
            .field("bots", &self.bots().ids())
            .field("missed", &self.missed())
            .finish_non_exhaustive()
    }
}
