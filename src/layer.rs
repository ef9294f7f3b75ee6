//! What a bot in production puts around its client: rate limits, time limits, concurrency limits, retries.
//!
//! A client has none of them unless you add them; its only limit is the 30 seconds that a call may take in all. What is
//! not here comes from the crate `tower`: `tower = { version = "0.5", features = ["limit", "load-shed", "timeout"] }`.
//!
//! | what you want | what to write |
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
//! # In which order
//!
//! Each `.layer(…)` of the builder goes around those before it: the **first** is next to the server, the **last** sees a
//! call first. (Inside one `ServiceBuilder` it is the other way round.) This order makes sense for all of them:
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
//! let client = Client::builder("http://127.0.0.1:5700")
//!     .layer(TimeoutLayer::new(Duration::from_secs(5)))   // each attempt, once it is its turn
//!     .layer(ConcurrencyLimitLayer::new(8))               // a call that waits for its turn takes no place here
//!     .layer(RateLimit::per_second(5))                    // attempts count, not calls
//!     .layer(RateLimit::per_minute(20).only(Effect::Send).per_target())
//!     .layer(RetryReads::new())                           // around all of it
//!     .build()?;
//! # Ok(())
//! # }
//! ```
//!
//! # What a call is told
//!
//! | what happened | error |
//! |---|---|
//! | its time was over while it waited for its turn or a place | [`Error::NotSent`] |
//! | there was no place, and `load_shed` turned it away | [`Error::NotSent`] |
//! | a buffer was closed, or another layer failed before the call left | [`Error::NotSent`] |
//! | an inner `TimeoutLayer` ended an attempt before it left | [`Error::NotSent`] |
//! | an inner `TimeoutLayer` ended an attempt that had left | [`Error::OutcomeUnknown`] |
//! | every attempt of a read failed | what its last attempt says; [`Error::OutcomeUnknown`] if any of them had left |
//!
//! The layer's own error is the [`source`](std::error::Error::source). What was reported as not sent never leaves later.
//!
//! [`Error::NotSent`]: crate::Error::NotSent
//! [`Error::OutcomeUnknown`]: crate::Error::OutcomeUnknown

#[cfg(feature = "rate-limit")]
mod rate_limit;

use std::time::Duration;

use tower::Layer;
use tower::load_shed::error::Overloaded;
use tower::retry::backoff::{Backoff, ExponentialBackoff, ExponentialBackoffMaker, MakeBackoff};
use tower::retry::{Policy, Retry};
use tower::util::rng::HasherRng;

#[cfg(feature = "rate-limit")]
pub use self::rate_limit::{RateLimit, RateLimited};
use crate::error::Reason;
use crate::transport::{BoxError, Reply, Request};
use crate::{Effect, envelope};

/// Repeats calls that read when they fail on the way. What writes or sends is never repeated.
///
/// A call is repeated when its connection could not be made or was lost, when an inner layer ended the attempt (such as
/// `TimeoutLayer`), and when a server or proxy answers with HTTP status 429, 502, 503 or 504 and no envelope. A refusal is
/// an answer, and stands; so does what `load_shed` turned away.
///
/// Between two attempts it waits, twice as long each time, and up to as much again by chance, so that calls that failed
/// together do not come back together; with chance too, never longer than [`backoff`](Self::backoff) says. All attempts and
/// waits share the call's time limit.
///
/// It is a layer, and a [`tower::retry::Policy`] for those who build a `RetryLayer` themselves.
///
/// ```
/// # #[cfg(feature = "http")]
/// # async fn run() -> Result<(), cqhttp::BuildError> {
/// use std::time::Duration;
///
/// use cqhttp::layer::RetryReads;
/// use tower::timeout::TimeoutLayer;
///
/// let client = cqhttp::Client::builder("http://127.0.0.1:5700")
///     .layer(TimeoutLayer::new(Duration::from_secs(5))) // inside: each attempt
///     .layer(RetryReads::new().attempts(5))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is put around a client"]
pub struct RetryReads {
    /// How often the call may still be repeated.
    left: u32,
    first_wait: Duration,
    longest_wait: Duration,
    /// That of one call, once it has failed.
    backoff: Option<ExponentialBackoff>,
}

impl RetryReads {
    /// Three attempts in all; waits that begin at 200 milliseconds and end at 5 seconds.
    pub fn new() -> Self {
        Self { left: 2, first_wait: Duration::from_millis(200), longest_wait: Duration::from_secs(5), backoff: None }
    }

    /// How many attempts a call has in all, the first included. Default: 3. With 1, and with 0, nothing is repeated.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.left = attempts.saturating_sub(1);
        self
    }

    /// How long to wait after the first failure, and how long at most after later ones. Default: 200 milliseconds and 5
    /// seconds. A `longest` below `first` counts as `first`.
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.first_wait = first;
        self.longest_wait = longest;
        self
    }

    /// A source of waits for one call, with a seed of its own: one maker hands the same seed to every call, and all would
    /// wait for the same time.
    fn new_backoff(&self) -> ExponentialBackoff {
        new_backoff(self.first_wait, self.longest_wait)
    }
}

/// Waits that double, from `first` to `longest`, with a share of chance in each.
pub(crate) fn new_backoff(first: Duration, longest: Duration) -> ExponentialBackoff {
    let longest = longest.max(first).max(Duration::from_millis(1));
    // The share that chance adds is taken of the whole seconds and of the rest, and each is rounded down: of a wait of one
    // second sharp nothing would be left.
    let first = first.saturating_sub(Duration::from_nanos(1));
    ExponentialBackoffMaker::new(first, longest, 1.0, HasherRng::new()).unwrap_or_default().make_backoff()
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

impl Policy<Request, Reply, BoxError> for RetryReads {
    type Future = <ExponentialBackoff as Backoff>::Future;

    fn retry(&mut self, request: &mut Request, result: &mut Result<Reply, BoxError>) -> Option<Self::Future> {
        if self.left == 0 || request.is_given_up() || !may_pass(result) {
            return None;
        }
        self.left -= 1;
        match result {
            Ok(reply) => tracing::debug!(http_status = reply.http_status, left = self.left, "will be repeated"),
            Err(error) => tracing::debug!(%error, left = self.left, "will be repeated"),
        }
        let fresh = self.backoff.take().unwrap_or_else(|| self.new_backoff());
        Some(self.backoff.insert(fresh).next_backoff())
    }

    /// What is not cloned is not repeated.
    fn clone_request(&mut self, request: &Request) -> Option<Request> {
        (request.effect == Effect::Read).then(|| request.clone())
    }
}

/// Whether the next attempt may fare better.
fn may_pass(result: &Result<Reply, BoxError>) -> bool {
    match result {
        Ok(reply) => matches!(reply.http_status, Some(429 | 502 | 503 | 504)) && !envelope::is_envelope(&reply.body),
        // A `Reason` is this crate's own, about the request itself.
        Err(error) => !error.is::<Overloaded>() && !error.is::<Reason>(),
    }
}
