//! Calls over HTTP beside a stream of events, as long as the connection is not closed.
//!
//! A call counts as in flight before it reads the state, and the task publishes that it closes before it reads the number of calls
//! in flight: so the task misses no call.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::watch;
use tower::ServiceExt;

use crate::error::connection::ConnectionError;
use crate::transport::BoxedService;
use crate::transport::control::{ConnectionState, Control};
use crate::transport::failure::{BoxError, Failure};
use crate::transport::request::Request;
use crate::transport::response::Response;

/// The number of calls in flight.
#[derive(Clone, Default)]
pub(crate) struct InFlight(Arc<watch::Sender<usize>>);

impl InFlight {
    fn begin(&self) -> CallInFlight {
        self.0.send_modify(|calls| *calls += 1);
        CallInFlight(self.clone())
    }

    /// Waits until no call is in flight.
    pub(super) fn ended(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut calls = self.0.subscribe();
        async move {
            // An error means that no client is left.
            let _ = calls.wait_for(|calls| *calls == 0).await;
        }
    }
}

/// A call in flight, until it is dropped.
struct CallInFlight(InFlight);

impl Drop for CallInFlight {
    fn drop(&mut self) {
        self.0.0.send_modify(|calls| *calls -= 1);
    }
}

/// The service of a connection's client. The connection is closed when the last clone is dropped.
#[derive(Clone)]
pub(crate) struct Calls(Arc<Inner>);

struct Inner {
    http: BoxedService,
    control: Arc<Control>,
    in_flight: InFlight,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.control.stopper.stop(Duration::ZERO, ConnectionError::Closed);
    }
}

impl Calls {
    /// Creates the service that makes calls through `http`.
    pub(crate) fn new(http: BoxedService, control: Arc<Control>, in_flight: InFlight) -> Self {
        Self(Arc::new(Inner { http, control, in_flight }))
    }

    async fn send(self, request: Request) -> Result<Response, BoxError> {
        let Inner { http, control, in_flight } = &*self.0;
        let _in_flight = in_flight.begin();
        let closes = matches!(*control.state.borrow(), ConnectionState::Closing | ConnectionState::Closed { .. });
        if closes {
            let reason = Failure::new("there is no connection to the server");
            return Err(reason.with_source(control.why_closed()).into());
        }
        let mut states = control.state.subscribe();
        let mut closed = pin!(states.wait_for(is_closed_by_program));
        let mut answer = pin!(http.clone().oneshot(request.clone()));
        poll_fn(|cx| match answer.as_mut().poll(cx) {
            Poll::Pending => closed.as_mut().poll(cx).map(|_| {
                request.give_up();
                Err(ConnectionError::Closed.into())
            }),
            ready => ready,
        })
        .await
    }
}

/// Returns `true` if the connection was closed by this program, and the calls in flight have timed out. When the events have
/// ended for another reason, calls in flight go on.
fn is_closed_by_program(state: &ConnectionState) -> bool {
    matches!(state, ConnectionState::Closed { why: ConnectionError::Closed })
}

impl tower::Service<Request> for Calls {
    type Response = Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Box::pin(self.clone().send(request))
    }
}
