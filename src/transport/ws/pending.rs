//! The calls in flight.
//!
//! An echo is freed when the answer to its call arrives or when the connection is lost. The echo of a call that was given up is
//! freed by the next cleanup, which runs once many calls are pending, or when the connection is being closed.

use std::collections::HashMap;
use std::task::Context;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::error::connection::ConnectionError;
use crate::transport::failure::Failure;
use crate::transport::response::Response;
use crate::transport::ws::service::CallResult;

/// Below this many pending calls no cleanup runs.
const MAX_WITHOUT_CLEANUP: usize = 1024;

/// The calls in flight, by echo.
#[derive(Default)]
pub(super) struct PendingCalls {
    waiting: HashMap<u64, oneshot::Sender<CallResult>>,
    /// The number of calls at which the next cleanup runs.
    sweep_at: usize,
}

impl PendingCalls {
    pub(super) fn insert(&mut self, echo: u64, answer: oneshot::Sender<CallResult>) {
        if self.waiting.len() >= self.sweep_at.max(MAX_WITHOUT_CLEANUP) {
            self.sweep();
        }
        self.waiting.insert(echo, answer);
    }

    /// Forgets calls that have been given up, and has the task woken when another one is.
    pub(super) fn forget_given_up(&mut self, cx: &mut Context<'_>) {
        self.waiting.retain(|_, answer| answer.poll_closed(cx).is_pending());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    fn sweep(&mut self) {
        self.waiting.retain(|_, answer| !answer.is_closed());
        self.sweep_at = 2 * self.waiting.len();
        self.waiting.shrink_to(self.sweep_at.max(MAX_WITHOUT_CLEANUP));
    }

    pub(super) fn answer(&mut self, echo: u64, body: Utf8Bytes) {
        match self.waiting.remove(&echo) {
            Some(answer) => {
                if answer.send(Ok(Response::new(Bytes::from(body)))).is_err() {
                    tracing::debug!(echo, "an answer arrived too late: its call had been given up");
                }
            }
            None => tracing::debug!(echo, "dropped an answer that no call waits for"),
        }
        if self.waiting.is_empty() && self.waiting.capacity() > 4 * MAX_WITHOUT_CLEANUP {
            self.waiting.shrink_to(MAX_WITHOUT_CLEANUP);
        }
    }

    /// Fails all calls. A server that refuses the token has run none of them.
    pub(super) fn fail_all(&mut self, why: &ConnectionError) {
        let refused = matches!(why, ConnectionError::TokenRefused { .. });
        for (_, answer) in std::mem::take(self).waiting {
            let reason = match refused {
                true => Failure::new("the server refused the connection, and ran none of its calls")
                    .with_source(why.clone())
                    .not_run()
                    .into(),
                false => why.clone().into(),
            };
            // A call that has been given up has no receiver.
            let _ = answer.send(Err(reason));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_were_given_up_are_not_kept() {
        let mut calls = PendingCalls::default();
        let (answer, waiting) = oneshot::channel();
        calls.insert(0, answer);
        for echo in 1..100_000 {
            calls.insert(echo, oneshot::channel().0);
        }
        assert!(calls.waiting.len() <= MAX_WITHOUT_CLEANUP && calls.waiting.capacity() < 4 * MAX_WITHOUT_CLEANUP);
        // Calls that still wait are all kept, and free their memory afterwards.
        let many = |from: u64, calls: &mut PendingCalls| -> Vec<_> {
            let insert = |echo| {
                let (answer, waiting) = oneshot::channel();
                calls.insert(echo, answer);
                waiting
            };
            (from..from + 10_000).map(insert).collect()
        };
        let first = many(100_000, &mut calls);
        (0..200_000).for_each(|echo| calls.answer(echo, "{}".into()));
        assert!(first.into_iter().chain([waiting]).all(|mut told| matches!(told.try_recv(), Ok(Ok(_)))));
        assert!(calls.waiting.is_empty() && calls.waiting.capacity() < 4 * MAX_WITHOUT_CLEANUP);
        let second = many(300_000, &mut calls);
        calls.fail_all(&ConnectionError::Closed);
        assert!(second.into_iter().all(|mut told| matches!(told.try_recv(), Ok(Err(_)))));
        assert_eq!(calls.waiting.capacity(), 0);
    }
}
