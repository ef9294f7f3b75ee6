//! Rate limits.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use tokio::time::Instant;
use tower::{Layer, Service, ServiceExt};

use crate::action::Effect;
use crate::sync::lock;
use crate::time::YEAR;
use crate::transport::request::{Request, RequestTarget};

/// Limits how many calls are sent in a period; further calls wait in the order of their arrival. Feature `rate-limit`.
///
/// A call whose time limit ends while it waits is [`Error::NotSent`](crate::Error::NotSent).
///
/// Unused calls are saved, up to the burst. So `per_minute(20)` means twenty calls at once after a pause, and then one every
/// three seconds: up to forty in a minute that begins with a burst. If that is too many, set `.burst(1)`: no two calls are
/// less than three seconds apart.
///
/// Each client with the layer has its own count, which the client's clones share; so has each account of a `cqhttp::server`.
/// [`shared`](Self::shared) gives several clients one count.
///
/// Several limits are several layers. Waits last whole milliseconds, as tokio's timers do.
#[derive(Clone)]
#[must_use = "a layer does nothing until it is put around a client"]
pub struct RateLimit {
    period: Duration,
    burst: u32,
    only: Option<Effect>,
    per_target: bool,
    /// The count of all services; `None` if each service has its own.
    shared: Option<Arc<Turns>>,
}

impl RateLimit {
    /// `calls` a second, and as many at once after a pause. 0 counts as 1.
    pub fn per_second(calls: u32) -> Self {
        Self::new(Duration::from_secs(1) / calls.max(1), calls)
    }

    /// `calls` a minute, and as many at once after a pause. 0 counts as 1.
    pub fn per_minute(calls: u32) -> Self {
        Self::new(Duration::from_secs(60) / calls.max(1), calls)
    }

    /// One call in every `period`. Zero means no limit; more than a year counts as a year.
    pub fn every(period: Duration) -> Self {
        Self::new(period, 1)
    }

    fn new(period: Duration, burst: u32) -> Self {
        Self { period, burst, only: None, per_target: false, shared: None }
    }

    /// Sets how many calls may be sent at once after a pause. 0 counts as 1; a burst that would take more than a century to
    /// save up is cut to a century.
    ///
    /// Default: the number of calls in [`per_second`](Self::per_second) and [`per_minute`](Self::per_minute), 1 in
    /// [`every`](Self::every). A [shared](Self::shared) count starts anew, and is no longer shared with earlier clones.
    pub fn burst(mut self, calls: u32) -> Self {
        self.burst = calls;
        self.shared = self.shared.map(|_| Arc::new(Turns::new(self.period, calls)));
        self
    }

    /// Limits only calls of this effect; other calls pass. Default: all calls are limited.
    pub fn only(mut self, effect: Effect) -> Self {
        self.only = Some(effect);
        self
    }

    /// Counts each group, user and guild channel separately, by [`Request::target`]; calls without a target share one count.
    /// Default: all calls share one count.
    pub fn per_target(mut self) -> Self {
        self.per_target = true;
        self
    }

    /// Shares one count among all clients with this layer or its clones: for several clients of the same account, or for all
    /// accounts of one server. Default: each client and each account has its own count.
    ///
    /// ```
    /// # #[cfg(feature = "http")]
    /// # async fn run() -> Result<(), cqhttp::BuildError> {
    /// use cqhttp::layer::RateLimit;
    /// use cqhttp::{Client, Effect};
    ///
    /// let messages = RateLimit::per_minute(20).only(Effect::Send).per_target().shared();
    /// let one = Client::builder("http://127.0.0.1:3000").layer(messages.clone()).build()?;
    /// let other = Client::builder("http://127.0.0.1:5701").layer(messages).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn shared(mut self) -> Self {
        self.shared = Some(Arc::new(Turns::new(self.period, self.burst)));
        self
    }
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { period, burst, only, per_target, shared } = self;
        f.debug_struct("RateLimit")
            .field("period", period)
            .field("burst", burst)
            .field("only", only)
            .field("per_target", per_target)
            .field("shared", &shared.is_some())
            .finish()
    }
}

impl<S> Layer<S> for RateLimit {
    type Service = RateLimited<S>;

    fn layer(&self, inner: S) -> Self::Service {
        let new = || Arc::new(Turns::new(self.period, self.burst));
        RateLimited { limit: self.clone(), turns: self.shared.clone().unwrap_or_else(new), inner }
    }
}

/// The service that [`RateLimit`] makes. Feature `rate-limit`.
#[derive(Clone)]
pub struct RateLimited<S> {
    limit: RateLimit,
    turns: Arc<Turns>,
    inner: S,
}

impl<S: fmt::Debug> fmt::Debug for RateLimited<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { limit, inner, .. } = self;
        f.debug_struct("RateLimited").field("limit", limit).field("inner", inner).finish_non_exhaustive()
    }
}

impl<S> Service<Request> for RateLimited<S>
where
    S: Service<Request> + Clone + Send + 'static,
    S::Response: 'static,
    S::Error: 'static,
    S::Future: Send,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    /// Always ready. The inner service is polled only once the limit lets the call through: a call that waits must not occupy a
    /// concurrency limit that other calls could use.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let RateLimited { limit, turns, inner } = self.clone();
        Box::pin(async move {
            if limit.only.is_none_or(|effect| effect == request.effect) {
                let key = if limit.per_target { request.target() } else { None };
                turns.next(key).await;
            }
            inner.oneshot(request).await
        })
    }
}

/// A target with its own count; `None` for calls without one, or if all share one count.
type Key = Option<RequestTarget>;

/// The counts, and the calls that wait.
struct Turns(Mutex<Book>);

struct Book {
    limiter: RateLimiter<Key, HashMapStateStore<Key>, TokioClock, NoOpMiddleware<Duration>>,
    /// The calls that wait. A key has a line as long as calls wait in it.
    lines: HashMap<Key, Line>,
    /// The number of keys at which full counts are forgotten.
    forget_at: usize,
}

struct Line {
    calls: usize,
    /// Locked by the first call of the line; tokio's mutex passes it on in the order of arrival.
    head: Arc<tokio::sync::Mutex<()>>,
}

/// Up to this many keys no cleanup runs.
const MAX_KEYS_WITHOUT_CLEANUP: usize = 1024;
const NANOSECOND: Duration = Duration::from_nanos(1);

impl Turns {
    fn new(period: Duration, burst: u32) -> Self {
        // Within these bounds the limiter's sums of nanoseconds stay far below 64 bits.
        let period = period.clamp(NANOSECOND, YEAR);
        let most = u32::try_from((100 * YEAR).as_nanos() / period.as_nanos()).unwrap_or(u32::MAX);
        let burst = NonZeroU32::new(burst.min(most)).unwrap_or(NonZeroU32::MIN);
        // It is `None` only for a period of zero.
        let quota = Quota::with_period(period).unwrap_or(Quota::per_second(burst)).allow_burst(burst);
        let limiter = RateLimiter::hashmap_with_clock(quota, TokioClock(Instant::now()));
        Self(Mutex::new(Book { limiter, lines: HashMap::new(), forget_at: MAX_KEYS_WITHOUT_CLEANUP }))
    }

    /// Waits until the call may be sent.
    async fn next(&self, key: Key) {
        let Some(place) = self.pass_or_stand_in_line(key) else { return };
        let _head = place.head.lock().await;
        loop {
            let checked = self.book().check(key);
            let Err(wait) = checked else { return };
            tracing::debug!(?wait, "waits for the rate limit");
            tokio::time::sleep(wait).await;
        }
    }

    /// Returns `None` if the call may be sent at once.
    fn pass_or_stand_in_line(&self, key: Key) -> Option<Place<'_>> {
        let mut book = self.book();
        if !book.lines.contains_key(&key) && book.check(key).is_ok() {
            return None;
        }
        let line = book.lines.entry(key).or_insert_with(|| Line { calls: 0, head: Arc::default() });
        line.calls += 1;
        Some(Place { turns: self, key, head: line.head.clone() })
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        lock(&self.0)
    }
}

impl Book {
    /// Counts a call, or returns how long to wait before it may be sent.
    fn check(&mut self, key: Key) -> Result<(), Duration> {
        if self.limiter.len() >= self.forget_at {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
            // Twice the rest, so that the cleanup costs each call little.
            self.forget_at = MAX_KEYS_WITHOUT_CLEANUP.max(2 * self.limiter.len());
        }
        self.limiter.check_key(&key).map_err(|not_until| not_until.wait_time_from(self.limiter.clock().now()))
    }
}

/// A place in a line. It is freed when it is dropped: by a call that may be sent, or that was given up.
struct Place<'a> {
    turns: &'a Turns,
    key: Key,
    head: Arc<tokio::sync::Mutex<()>>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut book = self.turns.book();
        if let Some(line) = book.lines.get_mut(&self.key) {
            line.calls -= 1;
            if line.calls == 0 {
                book.lines.remove(&self.key);
            }
        }
    }
}

/// The clock of tokio's timers, so that a test that pauses or advances it affects the limits too.
#[derive(Clone, Debug)]
struct TokioClock(Instant);

impl Clock for TokioClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated::types::GroupId;

    fn group(number: i64) -> Key {
        Some(RequestTarget::Group(GroupId::new(number)))
    }

    #[tokio::test(start_paused = true)]
    async fn targets_that_have_all_their_turns_again_are_forgotten() {
        let turns = Turns::new(Duration::from_secs(1), 2);
        for number in 0..10 * MAX_KEYS_WITHOUT_CLEANUP as i64 {
            turns.next(group(number)).await;
            tokio::time::advance(Duration::from_millis(10)).await;
        }
        let kept = turns.book().limiter.len();
        assert!(kept <= MAX_KEYS_WITHOUT_CLEANUP, "{kept} targets are kept");
    }

    #[tokio::test(start_paused = true)]
    async fn targets_that_have_to_wait_are_not_forgotten() {
        let turns = Turns::new(Duration::from_secs(3600), 1);
        let targets = 3 * MAX_KEYS_WITHOUT_CLEANUP as i64;
        for number in 0..targets {
            turns.next(group(number)).await;
        }
        for number in 0..targets {
            assert!(turns.book().check(group(number)).is_err(), "target {number}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_late_does_not_overtake() {
        let turns = Turns::new(Duration::from_secs(1), 1);
        turns.next(None).await;
        let mut context = Context::from_waker(std::task::Waker::noop());
        let mut first = std::pin::pin!(turns.next(None));
        assert!(first.as_mut().poll(&mut context).is_pending());
        // A call may be sent, and the first in line has not been polled yet.
        tokio::time::advance(Duration::from_secs(2)).await;
        let mut late = std::pin::pin!(turns.next(None));
        assert!(late.as_mut().poll(&mut context).is_pending());
        assert!(first.as_mut().poll(&mut context).is_ready());
        assert!(late.as_mut().poll(&mut context).is_pending());
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_ends_with_the_last_who_stood_in_it() -> Result<(), tokio::task::JoinError> {
        let turns = Arc::new(Turns::new(Duration::from_secs(1), 1));
        let stand = |key| {
            let turns = turns.clone();
            tokio::spawn(async move { turns.next(key).await })
        };
        let mut calls: Vec<_> = (0..4).map(|_| stand(group(1))).collect();
        calls.extend([stand(None), stand(None)]);
        tokio::task::yield_now().await;
        let standing = |key| turns.book().lines.get(&key).map(|line| line.calls);
        assert_eq!((standing(group(1)), standing(None)), (Some(3), Some(1)));
        // One call gives up at the head of the line, one in the middle of it.
        calls.remove(2).abort();
        calls.remove(1).abort();
        for call in calls {
            call.await?;
        }
        assert!(turns.book().lines.is_empty());
        Ok(())
    }
}
