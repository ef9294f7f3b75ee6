//! The part of a connection that the task that owns the socket shares with the rest of the program.
//!
//! - A call without a connection gets its reason from [`Control::why_closed`]. So the task publishes its state first, and fails
//!   the calls in flight afterwards.
//! - Only the task ends a connection ([`Control::end`]). Other parts of the program send it a request, by a [`Stopper`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::error::connection::ConnectionError;
use crate::error::reason::chain;
use crate::event::header::EventHeader;

/// Takes the events of one connection, in the order in which they arrive.
pub(crate) trait EventSink: Send + Sync {
    /// Takes one event. The bytes are a part of a large buffer: a sink that keeps them makes a copy.
    fn push(&self, header: EventHeader, event: &[u8]);

    /// Wakes the consumers, after any number of pushes. A push does not wake them.
    fn wake(&self);

    /// Called once the connection has ended for good.
    fn end(&self);
}

/// The state of a connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ConnectionState {
    /// An attempt to connect again is under way.
    Connecting,
    /// The connection is established.
    Connected,
    /// The connection was lost, or an attempt to connect again failed.
    #[non_exhaustive]
    Disconnected {
        /// The reason.
        why: ConnectionError,
        /// The time of the next attempt.
        next_try: Instant,
    },
    /// This program closes the connection: calls in flight may still be answered, and new calls are not sent.
    Closing,
    /// The connection has ended for good.
    #[non_exhaustive]
    Closed {
        /// The reason; [`ConnectionError::Closed`] if this program closed it.
        why: ConnectionError,
    },
}

impl ConnectionState {
    /// Returns `true` if events arrive and, over a WebSocket, calls can be made.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self, Self::Connected)
    }

    /// Returns the reason why a connection was lost or has ended, for a `main` that fails when the events end. It is `None` in every
    /// other state, and if this program closed the connection.
    ///
    /// ```no_run
    /// # async fn run(mut events: cqhttp::Events) -> Result<(), cqhttp::Report> {
    /// while let Some(received) = events.next().await {
    ///     println!("{}", received.text());
    /// }
    /// match events.state().error() {
    ///     Some(why) => Err(why.into()),
    ///     None => Ok(()),
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn error(&self) -> Option<ConnectionError> {
        match self {
            Self::Disconnected { why, .. } | Self::Closed { why } if !matches!(why, ConnectionError::Closed) => {
                Some(why.clone())
            }
            _ => None,
        }
    }

    /// Returns `true` if the connection has ended for good.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed { .. })
    }
}

/// Formats the state on one line, with the reason if there is no connection.
impl fmt::Display for ConnectionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connecting => f.write_str("connecting"),
            Self::Connected => f.write_str("connected"),
            Self::Closing => f.write_str("closing"),
            Self::Disconnected { why, .. } => write!(f, "disconnected: {}", chain(why)),
            Self::Closed { why } => write!(f, "closed: {}", chain(why)),
        }
    }
}

/// A request to end a connection.
pub(crate) struct Stop {
    /// Time limit of the calls in flight.
    pub(crate) limit: Duration,
    #[cfg_attr(not(feature = "ws"), allow(dead_code, reason = "events by HTTP end for this reason alone"))]
    pub(crate) why: ConnectionError,
}

/// A handle that ends a connection. It does not keep the connection open.
#[derive(Clone)]
pub(crate) struct Stopper(mpsc::UnboundedSender<Stop>);

impl Stopper {
    /// Returns the handle, and the receiver for the task of the connection.
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<Stop>) {
        let (stops, stopped) = mpsc::unbounded_channel();
        (Self(stops), stopped)
    }

    /// Asks the task to end the connection. The first reason counts.
    pub(crate) fn stop(&self, limit: Duration, why: ConnectionError) {
        // It fails if the connection has ended already.
        let _ = self.0.send(Stop { limit, why });
    }
}

/// The state of a connection, the sink of its events, and the handle that ends it.
pub(crate) struct Control {
    pub(crate) state: watch::Sender<ConnectionState>,
    pub(crate) sink: Box<dyn EventSink>,
    pub(crate) stopper: Stopper,
}

impl Control {
    /// The control of a connection that is established.
    pub(crate) fn new(sink: impl EventSink + 'static, stopper: Stopper) -> Arc<Self> {
        Arc::new(Self { state: watch::Sender::new(ConnectionState::Connected), sink: Box::new(sink), stopper })
    }

    /// Returns the reason why there is no connection, for a call that found none.
    pub(crate) fn why_closed(&self) -> ConnectionError {
        match &*self.state.borrow() {
            ConnectionState::Disconnected { why, .. } | ConnectionState::Closed { why } => why.clone(),
            _ => ConnectionError::Closed,
        }
    }

    /// Publishes that the connection has ended for good.
    pub(crate) fn end(&self, why: ConnectionError) {
        self.state.send_replace(ConnectionState::Closed { why });
        self.sink.end();
    }
}
