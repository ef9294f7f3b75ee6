//! The service under the client of an account.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower::{Service, ServiceExt};

use crate::error::connection::ConnectionError;
use crate::error::reason::Reason;
use crate::generated::types::UserId;
use crate::server::connections::{Connections, Current};
use crate::transport::failure::BoxError;
use crate::transport::request::Request;
use crate::transport::response::Response;

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
        let current = self.0.current();
        let account = self.0.account;
        let reason = match &*current {
            Current { calls: Some(connection), .. } => return Box::pin(connection.ws.clone().oneshot(request)),
            Current { why: Some(why), .. } => Box::new(Disconnected { account, why: why.clone() }) as BoxError,
            Current { posts: true, .. } => Reason(
                format!(
                    "the events of {account} come by HTTP POST, which takes no calls: answer them with \
                     `Received::answer`, or call over a `Client` of your own"
                )
                .into(),
            )
            .into(),
            Current { events: Some(_), .. } => Reason(
                format!("{account} has connected for its events alone: its server's role `API` is not connected")
                    .into(),
            )
            .into(),
            _ => Reason(format!("{account} is not connected").into()).into(),
        };
        Box::pin(std::future::ready(Err(reason)))
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
