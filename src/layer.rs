//! Layers for bots in production: rate limits, time limits, concurrency limits, retries.
//!
//! A client has no layers unless you add them; its only limit is the 30 seconds of a whole call. The layers that are not
//! here come from the crate `tower`: `tower = { version = "0.5", features = ["limit", "load-shed", "timeout"] }`.
//!
//! | goal | code |
//! |---|---|
//! | five calls a second | `.layer(RateLimit::per_second(5))` |
//! | twenty messages a minute, other calls unhindered | `.layer(RateLimit::per_minute(20).only(Effect::Send))` |
//! | one message every two seconds in each group and to each user | `.layer(RateLimit::every(Duration::from_secs(2)).only(Effect::Send).per_target())` |
//! | one count for several clients, or for all accounts of a server | `.layer(limit.clone())`, of a `RateLimit::per_second(5).shared()` |
//! | at most eight calls at the server at once; the others wait | `.layer(ConcurrencyLimitLayer::new(8))` |
//! | the same, and the others fail at once | `.layer(ServiceBuilder::new().load_shed().concurrency_limit(8).into_inner())` |
//! | a time limit for a call, waiting and repeating included | `ClientBuilder::timeout`, or [`Call::within`] for one call |
//! | a time limit for each attempt | `.layer(TimeoutLayer::new(Duration::from_secs(5)))` |
//! | reads that are repeated when they fail on the way | `.layer(RetryReads::new())` |
//! | a limiter of yours that is not `Clone` | `.layer(ServiceBuilder::new().buffer(64).layer(yours).into_inner())` (tower's feature `buffer`) |
//!
//! [`Call::within`]: crate::Call::within
//!
//! # Order
//!
//! Each `.layer(…)` of the builder goes around the layers before it: the **first** is next to the server, the **last** gets a
//! call first. (Inside one `ServiceBuilder` it is the other way round.) A sensible order of all of them:
//!
//! ```
//! # #[cfg(all(feature = "http", feature = "rate-limit"))]
//! # async fn run() -> Result<(), cqhttp::BuildError> {
//! use std::time::Duration;
//!
//! use cqhttp::layer::{RateLimit, RetryReads};
//! use cqhttp::{Client, Effect};
//! use tower::limit::ConcurrencyLimitLayer;
//! use tower::timeout::TimeoutLayer;
//!
//! let client = Client::builder("http://127.0.0.1:3000")
//!     .layer(TimeoutLayer::new(Duration::from_secs(5)))   // each attempt, once the limits let it through
//!     .layer(ConcurrencyLimitLayer::new(8))               // calls that wait for the rate limit do not count here
//!     .layer(RateLimit::per_second(5))                    // attempts count, not calls
//!     .layer(RateLimit::per_minute(20).only(Effect::Send).per_target())
//!     .layer(RetryReads::new())                           // around all of it
//!     .build()?;
//! # Ok(())
//! # }
//! ```
//!
//! # Errors of calls
//!
//! | event | error |
//! |---|---|
//! | its time limit ended while it waited in a layer | [`Error::NotSent`] |
//! | a concurrency limit was reached, and `load_shed` rejected the call | [`Error::NotSent`] |
//! | a buffer was closed, or another layer failed before the call was sent | [`Error::NotSent`] |
//! | an inner `TimeoutLayer` ended an attempt before it was sent | [`Error::NotSent`] |
//! | an inner `TimeoutLayer` ended an attempt that had been sent | [`Error::OutcomeUnknown`] |
//! | every attempt of a read failed | the error of its last attempt; [`Error::OutcomeUnknown`] if any attempt had been sent |
//!
//! The layer's own error is the [`source`](std::error::Error::source). A call that was reported as not sent is never sent later.
//!
//! # Streamed answers
//!
//! The answers of some calls arrive in parts ([`Call::stream`](crate::Call::stream)): their response is [`Response::streamed`].
//! [`RetryReads`] repeats such a call only before its first part. tower's `ConcurrencyLimitLayer` counts it until the first part
//! has arrived. A limit that counts it until the last part attaches its permit to the response with [`Response::hold`]:
//!
//! ```
//! use std::sync::Arc;
//!
//! use cqhttp::transport::{BoxError, Response, Request};
//! use tokio::sync::Semaphore;
//! use tower::ServiceExt;
//! use tower::layer::layer_fn;
//! use tower::util::BoxCloneSyncService;
//!
//! let permits = Arc::new(Semaphore::new(1));
//! let one_at_a_time = layer_fn(move |inner: BoxCloneSyncService<Request, Response, BoxError>| {
//!     let permits = permits.clone();
//!     tower::service_fn(move |request: Request| {
//!         let (permits, inner) = (permits.clone(), inner.clone());
//!         async move {
//!             let permit = permits.acquire_owned().await?;
//!             let mut response = inner.oneshot(request).await?;
//!             response.hold(permit); // dropped with the last part; at once if the answer has no parts
//!             Ok::<_, BoxError>(response)
//!         }
//!     })
//! });
//! # let _ = one_at_a_time;
//! ```
//!
//! [`Error::NotSent`]: crate::Error::NotSent
//! [`Error::OutcomeUnknown`]: crate::Error::OutcomeUnknown

#[cfg(feature = "rate-limit")]
mod rate_limit;

use std::time::Duration;

use tower::Layer;
use tower::load_shed::error::Overloaded;
use tower::retry::backoff::{Backoff, ExponentialBackoff};
use tower::retry::{Policy, Retry};

#[cfg(feature = "rate-limit")]
pub use self::rate_limit::{RateLimit, RateLimited};
use crate::action::Effect;
use crate::backoff::new_backoff;
use crate::envelope;
use crate::error::reason::Reason;
use crate::transport::failure::BoxError;
use crate::transport::request::Request;
use crate::transport::response::Response;

/// Repeats reading calls that fail on the way. A call that writes or sends is never repeated.
///
/// A call is repeated when its connection could not be made or was lost, when an inner layer ended the attempt (such as
/// `TimeoutLayer`), and when a server or proxy answers with HTTP status 429, 502, 503 or 504 and no envelope. A refusal is
/// an answer and is not repeated; nor is a call that `load_shed` rejected.
///
/// The wait between two attempts doubles each time, and a random share of up to the same length is added, so that calls that
/// failed together are not repeated together. It never exceeds the longest wait of [`backoff`](Self::backoff). All attempts
/// and waits share the call's time limit.
///
/// It is a layer, and also a [`tower::retry::Policy`] for a `RetryLayer` of your own.
///
/// ```
/// # #[cfg(feature = "http")]
/// # async fn run() -> Result<(), cqhttp::BuildError> {
/// use std::time::Duration;
///
/// use cqhttp::layer::RetryReads;
/// use tower::timeout::TimeoutLayer;
///
/// let client = cqhttp::Client::builder("http://127.0.0.1:3000")
///     .layer(TimeoutLayer::new(Duration::from_secs(5))) // inside: each attempt
///     .layer(RetryReads::new().attempts(5))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is put around a client"]
pub struct RetryReads {
    /// The number of attempts left.
    left: u32,
    first_wait: Duration,
    longest_wait: Duration,
    /// The waits of one call, once it has failed.
    backoff: Option<ExponentialBackoff>,
}

impl RetryReads {
    /// Three attempts in all, with waits from 200 milliseconds to 5 seconds.
    pub fn new() -> Self {
        Self { left: 2, first_wait: Duration::from_millis(200), longest_wait: Duration::from_secs(5), backoff: None }
    }

    /// Sets the number of attempts, including the first. Default: 3. With 0 or 1 nothing is repeated.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.left = attempts.saturating_sub(1);
        self
    }

    /// Sets the wait after the first failure, and the longest wait after later failures. Default: 200 milliseconds and 5
    /// seconds. A `longest` below `first` counts as `first`.
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.first_wait = first;
        self.longest_wait = longest;
        self
    }
}

impl Default for RetryReads {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for RetryReads {
    type Service = Retry<Self, S>;

    fn layer(&self, inner: S) -> Self::Service {
        Retry::new(self.clone(), inner)
    }
}

impl Policy<Request, Response, BoxError> for RetryReads {
    type Future = <ExponentialBackoff as Backoff>::Future;

    fn retry(&mut self, request: &mut Request, result: &mut Result<Response, BoxError>) -> Option<Self::Future> {
        if self.left == 0 || request.is_given_up() || !may_pass(result) {
            return None;
        }
        self.left -= 1;
        match result {
            Ok(response) => tracing::debug!(http_status = response.http_status, left = self.left, "will be repeated"),
            Err(error) => tracing::debug!(%error, left = self.left, "will be repeated"),
        }
        let fresh = self.backoff.take().unwrap_or_else(|| new_backoff(self.first_wait, self.longest_wait));
        Some(self.backoff.insert(fresh).next_backoff())
    }

    /// Returns `None` for a call that must not be repeated.
    fn clone_request(&mut self, request: &Request) -> Option<Request> {
        (request.effect == Effect::Read).then(|| request.clone())
    }
}

/// Returns `true` if the next attempt may succeed.
fn may_pass(result: &Result<Response, BoxError>) -> bool {
    match result {
        Ok(response) => {
            matches!(response.http_status, Some(429 | 502 | 503 | 504)) && !envelope::is_envelope(&response.body)
        }
        // A `Reason` comes from this crate and concerns the request itself.
        Err(error) => !error.is::<Overloaded>() && !error.is::<Reason>(),
    }
}
