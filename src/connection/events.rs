use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;

use super::queue::Queue;
use super::{Connection, ConnectionState};
#[cfg(feature = "server")]
use crate::KnownAction;
use crate::action::HandleQuickOperation;
use crate::event::QuickOperable;
#[cfg(feature = "server")]
use crate::transport::BoxError;
use crate::{Client, Error, Event, Message, ReplyCall};

/// The events of a connection: a [`Stream`], and with [`Events::next`] to be had without its extensions.
///
/// They wait in a queue of their own, and are decoded when they are taken. The stream goes on through lost connections,
/// and ends when the connection has ended for good: [`state`](Self::state) says why.
pub struct Events {
    client: Client,
    queue: Arc<Queue<Bytes>>,
    connection: Connection,
}

impl Events {
    pub(super) fn new(client: Client, queue: Arc<Queue<Bytes>>, connection: Connection) -> Self {
        Self { client, queue, connection }
    }

    /// The next event; `None` once the connection has ended for good and all are taken.
    ///
    /// It can be given up while it waits, as in `tokio::select!`: no event is lost by that.
    #[inline]
    pub async fn next(&mut self) -> Option<Received> {
        poll_fn(|cx| self.poll(cx)).await
    }

    #[inline]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Received>> {
        loop {
            let Some(raw) = ready!(self.queue.poll_next(cx)) else { return Poll::Ready(None) };
            match Event::from_slice(&raw) {
                Ok(event) => return Poll::Ready(Some(Received::new(event, self.client.clone(), raw))),
                Err(error) => {
                    tracing::warn!(
                        bytes = raw.len(),
                        error = crate::error::chain(&error),
                        "a frame looks like an event, and is none"
                    );
                }
            }
        }
    }

    /// Another consumer of the same events, with a queue of its own. It gets those that come from now on.
    #[must_use]
    pub fn subscribe(&self) -> Self {
        let mut queues = self.connection.0.queues();
        let queue = Arc::new(self.queue.another());
        queues.push(queue.clone());
        drop(queues);
        Self { client: self.client.clone(), queue, connection: self.connection.clone() }
    }

    /// How many events this consumer has missed so far, since it was too slow: see [`Overflow`](crate::Overflow).
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.queue.missed()
    }

    /// The client of the same connection.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// A handle to the connection, to watch and to close it from elsewhere.
    #[must_use]
    pub fn connection(&self) -> Connection {
        self.connection.clone()
    }

    /// How the connection stands now.
    #[must_use]
    pub fn state(&self) -> ConnectionState {
        self.connection.state()
    }

    /// Closes the connection: see [`Connection::close`].
    pub async fn close(&self) {
        self.connection.close().await;
    }

    /// Closes the connection: see [`Connection::close_within`].
    pub async fn close_within(&self, limit: Duration) {
        self.connection.close_within(limit).await;
    }
}

impl Stream for Events {
    type Item = Received;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Received>> {
        self.get_mut().poll(cx)
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.connection.0.queues().retain(|queue| !Arc::ptr_eq(queue, &self.queue));
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("connection", &self.connection)
            .field("missed", &self.missed())
            .finish_non_exhaustive()
    }
}

/// An event, and the client to answer it with.
#[derive(Clone)]
#[non_exhaustive]
pub struct Received {
    /// The event.
    pub event: Event,
    /// The client of the connection that it came over. Of an event that came by HTTP POST it is the account's, and its calls
    /// are [`Error::NotSent`](crate::Error::NotSent) unless the account has a WebSocket too: [`answer`](Self::answer) needs
    /// none.
    pub client: Client,
    /// The event as it came, for fields that no schema knows.
    pub raw: Bytes,
    /// Where the answer to an HTTP POST goes.
    #[cfg(feature = "server")]
    pub(crate) answer: Option<crate::server::Answer>,
}

impl Received {
    fn new(event: Event, client: Client, raw: Bytes) -> Self {
        Self {
            event,
            client,
            raw,
            #[cfg(feature = "server")]
            answer: None,
        }
    }

    /// Answers the event where it happened: see [`Client::reply`].
    pub fn reply(&self, message: impl Into<Message>) -> ReplyCall {
        self.client.reply(&self.event, message)
    }

    /// Answers the event with a quick operation: over a WebSocket by a call, and where it came by HTTP POST by its response.
    ///
    /// ```no_run
    /// # async fn run(received: cqhttp::Received) -> Result<(), cqhttp::Error> {
    /// use cqhttp::Event;
    /// use cqhttp::event::FriendRequestOperation;
    ///
    /// if let Event::FriendRequest(request) = &received.event {
    ///     received.answer(request, &FriendRequestOperation::new().approve(true)).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// What the call says. A response takes one answer, and only as long as the request waits for it; beyond that it is
    /// [`Error::NotSent`](crate::Error::NotSent). What the server makes of a response, it does not say.
    pub async fn answer<E: QuickOperable>(&self, event: &E, operation: &E::Operation) -> Result<(), Error> {
        #[cfg(feature = "server")]
        if let Some(answer) = &self.answer {
            let given = serde_json::to_vec(operation).map_err(BoxError::from);
            let given = given.and_then(|operation| answer.give(operation.into()).map_err(BoxError::from));
            return given.map_err(|reason| crate::call::not_sent(HandleQuickOperation::NAME, reason));
        }
        self.client.call(HandleQuickOperation::on(event, operation)).await.map(drop)
    }

    /// The event as it came, as text.
    #[must_use]
    pub fn text(&self) -> &str {
        // Text frames are UTF-8, as the protocol has it, and so is JSON.
        std::str::from_utf8(&self.raw).unwrap_or_default()
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { event, raw, .. } = self;
        f.debug_struct("Received")
            .field("event", event)
            .field("raw", &format_args!("{} bytes", raw.len()))
            .finish_non_exhaustive()
    }
}
