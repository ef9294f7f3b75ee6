//! Calls on their way to the task that owns the socket.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};

#[cfg(feature = "server")]
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::error::connection::ConnectionError;
use crate::error::reason::Reason;
use crate::transport::control::Control;
use crate::transport::failure::BoxError;
use crate::transport::frame;
use crate::transport::request::Request;
use crate::transport::response::Response;

/// The echo of the next call. All connections of a process share it, and each process starts at a random number: a server
/// sends a late answer over whichever connection the account has by then.
static NEXT_ECHO: LazyLock<AtomicU64> = LazyLock::new(|| AtomicU64::new(rand::random::<u32>().into()));

/// The transport over a WebSocket.
#[derive(Clone)]
pub(crate) struct Ws(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) calls: mpsc::Sender<Outgoing>,
    pub(super) control: Arc<Control>,
}

/// The outcome of a call.
pub(crate) type CallResult = Result<Response, BoxError>;

/// A call for the task to send.
pub(crate) struct Outgoing {
    pub(super) echo: u64,
    pub(super) message: Message,
    pub(super) request: Request,
    pub(super) answer: oneshot::Sender<CallResult>,
}

impl Outgoing {
    /// Returns the call, with an echo of its own, and the receiver of its outcome.
    pub(crate) fn new(request: Request) -> Result<(Self, oneshot::Receiver<CallResult>), BoxError> {
        let echo = NEXT_ECHO.fetch_add(1, Ordering::Relaxed);
        let message = Message::Text(call_frame(&request, echo)?);
        let (answer, answered) = oneshot::channel();
        Ok((Self { echo, message, request, answer }, answered))
    }

    /// Fails the call because there is no connection.
    pub(crate) fn reject(self, why: &ConnectionError) {
        self.fail(NotConnected(why.clone()).into());
    }

    /// Fails the call for this reason.
    pub(crate) fn fail(self, reason: BoxError) {
        // A call that has been given up has no receiver.
        let _ = self.answer.send(Err(reason));
    }

    /// Returns `true` if no caller waits for the outcome.
    pub(crate) fn is_given_up(&self) -> bool {
        self.answer.is_closed()
    }
}

/// Takes the calls that a connection has not sent by its end.
#[cfg(feature = "server")]
pub(crate) trait UnsentCalls: Send + Sync {
    /// Takes one call, and the reason why the connection ends.
    fn take_back(&self, call: Outgoing, why: &ConnectionError);
}

impl Ws {
    /// Hands a call to the task, once it has room. Returns the call if the task takes none.
    pub(crate) async fn queue(&self, call: Outgoing) -> Option<Outgoing> {
        tracing::debug!(echo = call.echo, bytes = call.message.len(), "leaves over the WebSocket");
        self.0.calls.send(call).await.err().map(|error| error.0)
    }

    /// Hands a call to the task. Returns the call if the task has no room, or takes none.
    #[cfg(feature = "server")]
    pub(crate) fn try_queue(&self, call: Outgoing) -> Option<Outgoing> {
        self.0.calls.try_send(call).err().map(TrySendError::into_inner)
    }

    /// Returns `true` if the task takes calls.
    #[cfg(feature = "server")]
    pub(crate) fn is_open(&self) -> bool {
        !self.0.calls.is_closed()
    }

    pub(super) async fn send(self, request: Request) -> CallResult {
        let (call, answered) = Outgoing::new(request)?;
        if self.queue(call).await.is_some() {
            return Err(NotConnected(self.0.control.why_closed()).into());
        }
        match answered.await {
            Ok(outcome) => outcome,
            // The task has ended.
            Err(_) => Err(self.0.control.why_closed().into()),
        }
    }
}

impl tower::Service<Request> for Ws {
    type Response = Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = CallResult> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Box::pin(self.clone().send(request))
    }
}

/// `{"action":…,"params":…,"echo":…}`
fn call_frame(request: &Request, echo: u64) -> Result<Utf8Bytes, BoxError> {
    let mut frame = Vec::with_capacity(request.action.len() + request.params.len() + 64);
    frame.extend_from_slice(b"{\"action\":");
    serde_json::to_writer(&mut frame, &*request.action)?;
    frame.extend_from_slice(b",\"params\":");
    frame.extend_from_slice(&request.params);
    frame.extend_from_slice(b",\"echo\":\"");
    frame.extend_from_slice(frame::echo(echo).as_bytes());
    frame.extend_from_slice(b"\"}");
    Ok(String::from_utf8(frame).map_err(|_| Reason("its parameters are not UTF-8".into()))?.into())
}

/// The failure of a call that found no connection.
#[derive(Debug)]
pub(super) struct NotConnected(ConnectionError);

impl fmt::Display for NotConnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no connection to the server")
    }
}

impl std::error::Error for NotConnected {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}
