//! Streams of events, of a forward connection and of a server.

pub(crate) mod dedupe;
pub(crate) mod fanout;
mod lanes;
mod missed;
pub(crate) mod queue;

#[cfg(feature = "server")]
use std::collections::BTreeMap;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;

use self::fanout::{Arrived, Fanout};
use self::queue::Queue;
use crate::client::Client;
use crate::connection::handle::Connection;
use crate::error::reason::chain;
use crate::generated::event::Event;
#[cfg(feature = "server")]
use crate::generated::types::UserId;
use crate::received::Received;
use crate::transport::control::ConnectionState;

/// A stream of events. It is a [`Stream`], and [`next`](Self::next) works without the extensions of one.
///
/// The events wait in a queue of this consumer, and are decoded when they are taken.
///
/// `Events` is the stream of a forward connection, and `Events<Bots>` the stream of a server. A function for both takes
/// `Events<H>`, for any `H`.
///
/// - The stream of a forward connection keeps the connection open and goes on through lost connections. It ends when the
///   connection has ended for good: [`state`](Self::state) says why.
/// - The stream of a server does not keep the server open. It ends when the server is closed, its last connection has ended,
///   and all events are taken.
pub struct Events<H = Connection> {
    queue: Arc<Queue<Arrived>>,
    fanout: Fanout,
    /// The client of a forward connection. An event of a server comes with the client of its account.
    client: Option<Client>,
    handle: H,
}

impl<H> Events<H> {
    /// Events of `queue`, which `fanout` fills.
    pub(crate) fn new(queue: Arc<Queue<Arrived>>, fanout: Fanout, client: Option<Client>, handle: H) -> Self {
        Self { queue, fanout, client, handle }
    }

    /// Returns the next event; `None` once the stream has ended.
    ///
    /// The future may be dropped while it waits, as in `tokio::select!`: no event is lost by that.
    pub async fn next(&mut self) -> Option<Received> {
        poll_fn(|cx| self.poll(cx)).await
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Received>> {
        loop {
            let Some(arrived) = ready!(self.queue.poll_next(cx)) else { return Poll::Ready(None) };
            let Arrived { header, raw, sender, response } = arrived;
            let event = match Event::from_arrived(header, &raw) {
                Ok(event) => event,
                Err(error) => {
                    let error = chain(&error);
                    tracing::warn!(bytes = raw.len(), error, "received text looks like an event, but is not one");
                    continue;
                }
            };
            let client = match sender {
                Some(sender) => Some(sender.client),
                None => self.client.clone(),
            };
            if let Some(client) = client {
                return Poll::Ready(Some(Received::new(event, client, raw, response)));
            }
        }
    }

    /// Adds a consumer of the same events, with another queue of the same size and overflow rule. It gets the events that arrive
    /// from now on.
    #[must_use]
    pub fn subscribe(&self) -> Self
    where
        H: Clone,
    {
        Self::new(self.fanout.subscribe(), self.fanout.clone(), self.client.clone(), self.handle.clone())
    }

    /// Returns how many events this consumer has missed so far because it was too slow: see
    /// [`Overflow`](crate::Overflow). On a server they are the events of all accounts.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.queue.missed()
    }

    #[cfg(feature = "server")]
    pub(crate) fn lost_by_account(&self) -> BTreeMap<UserId, u64> {
        self.queue.missed_by_account()
    }

    #[cfg(feature = "server")]
    pub(crate) fn handle(&self) -> &H {
        &self.handle
    }
}

impl Events {
    /// Returns the client of the connection.
    #[must_use]
    pub fn client(&self) -> &Client {
        // A forward connection's events are made with its client.
        self.client.as_ref().unwrap_or_else(|| unreachable!("only a server's events have no client"))
    }

    /// Returns a handle to the connection, to watch and to close it.
    #[must_use]
    pub fn connection(&self) -> Connection {
        self.handle.clone()
    }

    /// Returns the state of the connection.
    #[must_use]
    pub fn state(&self) -> ConnectionState {
        self.handle.state()
    }

    /// Closes the connection: see [`Connection::close`].
    pub async fn close(&self) {
        self.handle.close().await;
    }

    /// Closes the connection: see [`Connection::close_within`].
    pub async fn close_within(&self, limit: Duration) {
        self.handle.close_within(limit).await;
    }
}

impl<H: Unpin> Stream for Events<H> {
    type Item = Received;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Received>> {
        self.get_mut().poll(cx)
    }
}

impl<H> Drop for Events<H> {
    fn drop(&mut self) {
        self.fanout.unsubscribe(&self.queue);
    }
}

impl<H: fmt::Debug> fmt::Debug for Events<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("handle", &self.handle).field("missed", &self.missed()).finish_non_exhaustive()
    }
}
