//! Connections that are made again when they are lost.
//!
//! ```text
//!                    ┌───────────────────── connected again ─────────────────────┐
//!                    ▼                                                           │
//!   start ───▶ Connected ── lost ──▶ Disconnected ── after a wait ──▶ Connecting ─┘
//!                    │                  │     ▲                          │   │
//!                    │                  │     └──────── failed ──────────┘   │
//!          stopped, or no client left   └───── stopped, or no client left ───┤
//!                    ▼                                                       ▼
//!                 Closing ── calls answered or out of time ───────────────▶ Closed
//! ```
//!
//! A connection that must not be made again goes from *Connected* to *Closed* when it is lost; so does one whose token is
//! refused.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll};

use tokio::time::Instant;
use tower::retry::backoff::{Backoff, ExponentialBackoff};

use crate::backoff::new_backoff;
use crate::error::connection::ConnectionError;
use crate::server_kind::KindCell;
use crate::transport::control::{ConnectionState, Control};
use crate::transport::settings::Settings;

/// A server to connect to.
pub(crate) trait Endpoint: Send + Sync {
    /// An open connection.
    type Stream: Send;

    /// Returns the settings of its connections.
    fn settings(&self) -> &Settings;

    /// Makes one attempt to connect, without a time limit.
    fn open(&self) -> impl Future<Output = Result<Self::Stream, ConnectionError>> + Send;
}

/// A task that serves one connection after the other.
pub(crate) trait Serve<S>: Send {
    /// Returns the part that the task shares with the rest of the program.
    fn control(&self) -> &Control;

    /// Serves a connection until it is lost or closed.
    fn serve(&mut self, stream: S) -> impl Future<Output = ConnectionError> + Send;

    /// Returns `true` once this program closes the connection.
    fn is_stopping(&self) -> bool;

    /// Called when the connection was lost, and when an attempt to make it again failed. The state is published already.
    fn disconnected(&mut self, why: &ConnectionError);

    /// Does the work that arrives while there is no connection. It is ready once this program closes the connection.
    fn poll_disconnected(&mut self, cx: &mut Context<'_>, why: &ConnectionError) -> Poll<()>;
}

/// Makes one attempt to connect, within the time limit.
async fn attempt<E: Endpoint>(endpoint: &E) -> Result<E::Stream, ConnectionError> {
    let limit = endpoint.settings().connect_timeout;
    tokio::time::timeout(limit, endpoint.open()).await.unwrap_or(Err(ConnectionError::TimedOut(limit)))
}

/// Makes the first connection, with one attempt or, if `wait_for_server`, any number of attempts.
pub(crate) async fn first<E: Endpoint>(endpoint: &E, wait_for_server: bool) -> Result<E::Stream, ConnectionError> {
    let settings = endpoint.settings();
    let mut backoff = new_backoff(settings.first_wait, settings.longest_wait);
    loop {
        match attempt(endpoint).await {
            Err(error) if wait_for_server && error.may_pass() => {
                let wait = backoff.next_backoff();
                tracing::warn!(why = error.report(), "no connection yet");
                wait.await;
            }
            outcome => return outcome,
        }
    }
}

/// Serves one connection after the other. Returns the reason why no further one is made. The `kind` of the server is forgotten
/// with each.
pub(crate) async fn serve_all<E: Endpoint, T: Serve<E::Stream>>(
    task: &mut T,
    endpoint: &E,
    mut stream: E::Stream,
    kind: &KindCell,
) -> ConnectionError {
    let settings = endpoint.settings();
    let mut backoff = new_backoff(settings.first_wait, settings.longest_wait);
    tracing::debug!("connected");
    let why = loop {
        let since = Instant::now();
        let why = task.serve(stream).await;
        kind.forget();
        if task.is_stopping() {
            break ConnectionError::Closed;
        }
        if !settings.reconnect || !why.may_pass() {
            break why;
        }
        if since.elapsed() >= settings.stable_after() {
            backoff = new_backoff(settings.first_wait, settings.longest_wait);
        }
        match reconnect(task, endpoint, why, &mut backoff).await {
            Ok(new) => stream = new,
            Err(why) => break why,
        }
    };
    match &why {
        ConnectionError::Closed => tracing::debug!("the connection is closed"),
        why => tracing::error!(why = why.report(), "the connection has ended, and is not made again"),
    }
    why
}

/// Connects again, with any number of attempts.
async fn reconnect<E: Endpoint, T: Serve<E::Stream>>(
    task: &mut T,
    endpoint: &E,
    mut why: ConnectionError,
    backoff: &mut ExponentialBackoff,
) -> Result<E::Stream, ConnectionError> {
    let mut lost = true;
    loop {
        let wait = backoff.next_backoff();
        let next_try = wait.deadline();
        let in_ms = next_try.saturating_duration_since(Instant::now()).as_millis();
        match std::mem::take(&mut lost) {
            true => tracing::warn!(why = why.report(), next_try_in_ms = in_ms, "disconnected"),
            false => tracing::warn!(why = why.report(), next_try_in_ms = in_ms, "still not connected"),
        }
        task.control().state.send_replace(ConnectionState::Disconnected { why: why.clone(), next_try });
        task.disconnected(&why);
        run_while_disconnected(task, &why, wait).await?;
        tracing::debug!("connecting");
        task.control().state.send_replace(ConnectionState::Connecting);
        match run_while_disconnected(task, &why, attempt(endpoint)).await? {
            Ok(stream) => {
                tracing::info!("connected again");
                task.control().state.send_replace(ConnectionState::Connected);
                return Ok(stream);
            }
            Err(error) if !error.may_pass() => return Err(error),
            Err(error) => why = error,
        }
    }
}

/// Runs `work`, and the task's work in the meantime. Returns an error if the connection is closed.
async fn run_while_disconnected<S, T>(
    task: &mut impl Serve<S>,
    why: &ConnectionError,
    work: impl Future<Output = T>,
) -> Result<T, ConnectionError> {
    let mut work = pin!(work);
    poll_fn(|cx| {
        if task.poll_disconnected(cx, why).is_ready() {
            return Poll::Ready(Err(ConnectionError::Closed));
        }
        work.as_mut().poll(cx).map(Ok)
    })
    .await
}
