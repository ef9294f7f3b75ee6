//! The service under the client of an account.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower::Service;

use crate::error::connection::ConnectionError;
use crate::error::reason::Reason;
use crate::generated::types::UserId;
use crate::server::connections::{Connections, Current};
use crate::transport::failure::{BoxError, Failure};
use crate::transport::request::Request;
use crate::transport::response::Response;
use crate::transport::ws::service::{CallResult, Outgoing, UnsentCalls, Ws};

/// The service of an account: it makes calls over the account's current connection.
#[derive(Clone)]
pub(super) struct AccountService(pub(super) Arc<Connections>);

impl Service<Request> for AccountService {
    type Response = Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Box::pin(send(self.0.clone(), request))
    }
}

/// Makes a call over the account's connection, or once it has a connection.
async fn send(connections: Arc<Connections>, request: Request) -> CallResult {
    let (mut call, answered) = Outgoing::new(request)?;
    while let Some((ws, given)) = connections.route(call) {
        match ws.queue(given).await {
            None => break,
            // The connection has ended meanwhile.
            Some(back) => call = back,
        }
    }
    match answered.await {
        Ok(outcome) => outcome,
        // The task of the connection was dropped.
        Err(_) => Err(connections.current().why.clone().unwrap_or(ConnectionError::Closed).into()),
    }
}

impl Connections {
    /// Returns the connection for a call, with the call. Without a connection the call waits for the next one, or fails.
    fn route(&self, call: Outgoing) -> Option<(Ws, Outgoing)> {
        let mut current = self.current();
        if let Some(connection) = current.calls.as_ref().filter(|connection| connection.ws.is_open()) {
            return Some((connection.ws.clone(), call));
        }
        let queued = current.may_wait().then_some(self.queue_while_down).filter(|calls| *calls > 0);
        if let Some(calls) = queued {
            if current.waiting.len() >= calls {
                current.waiting.retain(|call| !call.is_given_up());
            }
            if current.waiting.len() < calls {
                current.waiting.push_back(call);
                return None;
            }
        }
        let reason = current.reason(self.account);
        drop(current);
        let reason = match queued {
            Some(calls) => {
                let full =
                    format!("{calls} calls wait for a connection already: see `ServerBuilder::queue_while_down`");
                Failure::new(full).with_source(reason).into()
            }
            None => reason,
        };
        call.fail(reason);
        None
    }
}

impl UnsentCalls for Connections {
    fn take_back(&self, call: Outgoing, why: &ConnectionError) {
        if matches!(why, ConnectionError::Closed) {
            return call.reject(why);
        }
        if let Some((ws, call)) = self.route(call) {
            // The task cannot wait for room in that of the next connection.
            if let Some(call) = ws.try_queue(call) {
                call.reject(why);
            }
        }
    }
}

impl Current {
    /// Returns `true` if a connection that takes calls may come: not if the server is closed, and not if the account has only
    /// sent HTTP POSTs.
    fn may_wait(&self) -> bool {
        let only_posts = self.posts && self.calls.is_none() && self.events.is_none() && self.why.is_none();
        !self.closed && !only_posts
    }

    /// Returns the reason why no connection takes calls.
    fn reason(&self, account: UserId) -> BoxError {
        match self {
            Self { calls: Some(connection), .. } => {
                Disconnected { account, why: connection.control.why_closed() }.into()
            }
            Self { why: Some(why), .. } => Disconnected { account, why: why.clone() }.into(),
            Self { posts: true, .. } => Reason(
                format!(
                    "the events of {account} come by HTTP POST, which takes no calls: answer them with \
                     `Received::answer`, or call over a `Client` of your own"
                )
                .into(),
            )
            .into(),
            Self { events: Some(_), .. } => Failure::new(format!(
                "{account} has connected for its events alone: its server's role `API` is not connected"
            ))
            .into(),
            _ => Failure::new(format!("{account} is not connected")).into(),
        }
    }
}

/// The failure of a call whose account has disconnected.
#[derive(Debug)]
struct Disconnected {
    account: UserId,
    why: ConnectionError,
}

impl fmt::Display for Disconnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is no longer connected", self.account)
    }
}

impl std::error::Error for Disconnected {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.why)
    }
}
