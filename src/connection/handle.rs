//! The handle to a forward connection.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::error::connection::ConnectionError;
use crate::transport::control::{ConnectionState, Control};

/// Time limit of the calls in flight when the connection is closed.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);

/// A handle that watches and closes a connection. It is cheap to clone, and does not keep the connection open: clients and
/// [`Events`](crate::Events) do that.
#[derive(Clone)]
pub struct Connection(Arc<Control>);

impl Connection {
    pub(crate) fn new(control: Arc<Control>) -> Self {
        Self(control)
    }

    /// Returns the current state.
    #[must_use]
    pub fn state(&self) -> ConnectionState {
        self.0.state.borrow().clone()
    }

    /// Watches the state. A watcher sees the latest state, and may miss states in between.
    ///
    /// ```no_run
    /// # async fn run(events: cqhttp::Events) {
    /// let mut states = events.connection().watch();
    /// tokio::spawn(async move {
    ///     while states.changed().await.is_ok() {
    ///         println!("{}", *states.borrow_and_update());
    ///     }
    /// });
    /// # }
    /// ```
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<ConnectionState> {
        self.0.state.subscribe()
    }

    /// Closes the connection: new calls are rejected, calls in flight have ten seconds to be answered, then a close frame is
    /// sent. Returns when the connection has ended. Event streams end once their queued events have been taken. For events by
    /// HTTP no close frame is sent: their request ends at once.
    pub async fn close(&self) {
        self.close_within(CLOSE_LIMIT).await;
    }

    /// Closes the connection like [`close`](Self::close), with another limit for the calls in flight. With zero they end at
    /// once, with their outcome unknown.
    pub async fn close_within(&self, limit: Duration) {
        let mut states = self.watch();
        self.0.stopper.stop(limit, ConnectionError::Closed);
        let _ = states.wait_for(ConnectionState::is_closed).await;
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connection").field(&*self.0.state.borrow()).finish()
    }
}
