//! Calls on their way to the task that owns the socket.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};

use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::error::connection::ConnectionError;
use crate::error::reason::Reason;
use crate::transport::failure::BoxError;
use crate::transport::request::Request;
use crate::transport::response::Response;
use crate::transport::ws::control::Control;
use crate::transport::ws::frame;

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
pub(super) type CallResult = Result<Response, BoxError>;

/// A call for the task to send.
pub(super) struct Outgoing {
    pub(super) echo: u64,
    pub(super) message: Message,
    pub(super) request: Request,
    pub(super) answer: oneshot::Sender<CallResult>,
}

impl Outgoing {
    /// Fails the call because there is no connection.
    pub(super) fn reject(self, why: &ConnectionError) {
        let _ = self.answer.send(Err(NotConnected(why.clone()).into()));
    }
}

impl Ws {
    pub(super) async fn send(self, request: Request) -> CallResult {
        let echo = NEXT_ECHO.fetch_add(1, Ordering::Relaxed);
        let message = Message::Text(call_frame(&request, echo)?);
        tracing::debug!(echo, bytes = message.len(), "leaves over the WebSocket");
        let (answer, answered) = oneshot::channel();
        let call = Outgoing { echo, message, request, answer };
        if self.0.calls.send(call).await.is_err() {
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
