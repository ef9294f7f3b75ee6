//! The body of a request, and the gate that stops it once a response arrives.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::error::reason::Reason;
use crate::sync::lock;
use crate::transport::failure::BoxError;
use crate::transport::request::Request;

/// The length of a part of a body, in bytes. A shorter body is one part.
const PART: usize = 256 * 1024;

/// The body of a request. Its first part is polled right after the head of the request has been written into the same buffer, and
/// its last part marks the request as sent: until then the server cannot have it whole.
pub(super) struct RequestBody {
    rest: Bytes,
    request: Request,
    gate: Arc<Gate>,
}

impl RequestBody {
    pub(super) fn new(request: Request, gate: Arc<Gate>) -> Self {
        Self { rest: request.params.clone(), request, gate }
    }
}

impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let passes = match self.gate.poll_pass(cx.waker()) {
            Poll::Ready(passes) => passes,
            Poll::Pending => return Poll::Pending,
        };
        let last = self.rest.len() <= PART;
        let given_up = if last { !self.request.mark_sent() } else { self.request.is_given_up() };
        if !passes || given_up {
            return Poll::Ready(Some(Err(Reason("the call was given up".into()).into())));
        }
        let length = self.rest.len().min(PART);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

/// The gate before each part of a request's body except the first. It is shut from the moment at which a response arrives until
/// the call decides about it. So it is known which came first, the last part or the response: the task of the connection reads
/// the response and wakes the call before it polls the body again.
#[derive(Default)]
pub(super) struct Gate(Mutex<State>);

#[derive(Default)]
struct State {
    /// Set once the first part has passed.
    begun: bool,
    /// Set while the call looks for a response, and after it has found one.
    looking: bool,
    /// Set when the connection has woken the call, until the call looks for a response.
    woken: bool,
    /// Set once all may pass.
    open: bool,
    /// Set once nothing may pass.
    closed: bool,
    call: Option<Waker>,
    body: Option<Waker>,
}

impl Gate {
    /// Waits for a response. Afterwards the gate is shut.
    pub(super) async fn watch<T>(self: &Arc<Self>, response: impl Future<Output = T>) -> T {
        let mut response = pin!(response);
        let waker = Waker::from(self.clone());
        std::future::poll_fn(|cx| {
            {
                let mut state = lock(&self.0);
                (state.looking, state.woken) = (true, false);
                state.call = Some(cx.waker().clone());
            }
            let polled = response.as_mut().poll(&mut Context::from_waker(&waker));
            if polled.is_pending() {
                self.go_on(|_| {});
            }
            polled
        })
        .await
    }

    /// Returns `true` if a part of the body has passed.
    pub(super) fn has_begun(&self) -> bool {
        lock(&self.0).begun
    }

    /// Lets the rest of the body pass.
    pub(super) fn open(&self) {
        self.go_on(|state| state.open = true);
    }

    /// Ends the body: its connection is given up.
    pub(super) fn close(&self) {
        self.go_on(|state| (state.closed, state.call) = (true, None));
    }

    /// Changes the state once the call has looked, and wakes the body.
    fn go_on(&self, change: impl FnOnce(&mut State)) {
        let mut state = lock(&self.0);
        state.looking = false;
        change(&mut state);
        let body = state.body.take();
        drop(state);
        if let Some(body) = body {
            body.wake();
        }
    }

    /// Returns whether a part may pass, once that is known.
    fn poll_pass(&self, body: &Waker) -> Poll<bool> {
        let mut state = lock(&self.0);
        let decided = !state.begun || state.open || state.closed;
        if !decided && (state.looking || state.woken) {
            state.body = Some(body.clone());
            return Poll::Pending;
        }
        state.begun = true;
        Poll::Ready(!state.closed)
    }
}

impl Wake for Gate {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut state = lock(&self.0);
        state.woken = true;
        let call = state.call.clone();
        drop(state);
        if let Some(call) = call {
            call.wake();
        }
    }
}

/// Closes a gate when it is dropped: the call is over, and no more of its request is sent.
pub(super) struct CloseOnDrop(pub(super) Arc<Gate>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}
