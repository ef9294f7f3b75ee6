//! How many calls may leave in a time.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use tokio::time::Instant;
use tower::{Layer, Service, ServiceExt};

use crate::Effect;
use crate::time::YEAR;
use crate::transport::{Request, RequestTarget};

/// Lets so many calls leave in a time; the others wait for their turn, in the order in which they came. Feature
/// `rate-limit`.
///
/// A call whose time limit ends while it waits is [`Error::NotSent`](crate::Error::NotSent).
///
/// Turns that nobody takes are saved up to the burst. So `per_minute(20)` means twenty calls at once after a pause, and
/// then one every three seconds: in a minute that begins with such a burst, up to forty. Where that is too many, say
/// `.burst(1)`: no two calls are less than three seconds apart.
///
/// Each client that it is put around has a count of its own, which the client's clones share; so has each account of a
/// `cqhttp::server`. Where clients are to share one, say [`shared`](Self::shared).
///
/// Several limits are several layers. Waits last whole milliseconds, as tokio's timers do.
#[derive(Clone)]
#[must_use = "a layer does nothing until it is put around a client"]
pub struct RateLimit {
    period: Duration,
    burst: u32,
    only: Option<Effect>,
    per_target: bool,
    /// The turns of all services; `None` where each has its own.
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

    /// One call in every `period`. Zero is no limit; more than a year counts as a year.
    pub fn every(period: Duration) -> Self {
        Self::new(period, 1)
    }

    fn new(period: Duration, burst: u32) -> Self {
        Self { period, burst, only: None, per_target: false, shared: None }
    }

    /// How many calls may leave at once after a pause. 0 counts as 1; a burst that would take more than a century to be
    /// saved up is cut there.
    ///
    /// Default: the number of calls in [`per_second`](Self::per_second) and [`per_minute`](Self::per_minute), 1 in
    /// [`every`](Self::every). A [shared](Self::shared) count begins anew, and is no longer shared with clones made before.
    pub fn burst(mut self, calls: u32) -> Self {
        self.burst = calls;
        self.shared = self.shared.map(|_| Arc::new(Turns::new(self.period, calls)));
        self
    }

    /// Counts and holds back only calls of this effect; others pass unhindered. Default: all count.
    pub fn only(mut self, effect: Effect) -> Self {
        self.only = Some(effect);
        self
    }

    /// Counts each group, user and guild channel by itself, as [`Request::target`] names them; calls that name none share
    /// one count. Default: all calls share one count.
    pub fn per_target(mut self) -> Self {
        self.per_target = true;
        self
    }

    /// Lets all clients that it and its clones are put around share one count: several that talk through the same account,
    /// or the accounts of one server together. Default: each client and each account has its own.
    ///
    /// ```
    /// # #[cfg(feature = "http")]
    /// # async fn run() -> Result<(), cqhttp::BuildError> {
    /// use cqhttp::layer::RateLimit;
    /// use cqhttp::{Client, Effect};
    ///
    /// let messages = RateLimit::per_minute(20).only(Effect::Send).per_target().shared();
    /// let one = Client::builder("http://127.0.0.1:5700").layer(messages.clone()).build()?;
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

    /// Always ready. The inner service is asked when it is the call's turn: a call that waits must not hold a place of a
    /// concurrency limit, which others could use.
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

/// What is counted by itself.
type Key = Option<RequestTarget>;

/// Whose turn it is.
struct Turns(Mutex<Book>);

struct Book {
    limiter: RateLimiter<Key, HashMapStateStore<Key>, TokioClock, NoOpMiddleware<Duration>>,
    /// The calls that wait; there is a line as long as somebody stands in it.
    lines: HashMap<Key, Line>,
    /// The number of keys at which those are forgotten that have all their turns again.
    forget_at: usize,
}

struct Line {
    calls: usize,
    /// The head of the line holds it; tokio's mutex hands it on in the order of arrival.
    head: Arc<tokio::sync::Mutex<()>>,
}

/// So many keys are kept without a thought.
const FEW_KEYS: usize = 1024;
const NANOSECOND: Duration = Duration::from_nanos(1);

impl Turns {
    fn new(period: Duration, burst: u32) -> Self {
        // Within these bounds the limiter's sums of nanoseconds stay far below 64 bits.
        let period = period.clamp(NANOSECOND, YEAR);
        let most = u32::try_from((100 * YEAR).as_nanos() / period.as_nanos()).unwrap_or(u32::MAX);
        let burst = NonZeroU32::new(burst.min(most)).unwrap_or(NonZeroU32::MIN);
        // It is `None` for a period of zero alone.
        let quota = Quota::with_period(period).unwrap_or(Quota::per_second(burst)).allow_burst(burst);
        let limiter = RateLimiter::hashmap_with_clock(quota, TokioClock(Instant::now()));
        Self(Mutex::new(Book { limiter, lines: HashMap::new(), forget_at: FEW_KEYS }))
    }

    /// Waits until it is the caller's turn.
    async fn next(&self, key: Key) {
        let Some(place) = self.pass_or_stand_in_line(key) else { return };
        let _head = place.head.lock().await;
        loop {
            let checked = self.book().check(key);
            let Err(wait) = checked else { return };
            tracing::debug!(?wait, "waits for its turn");
            tokio::time::sleep(wait).await;
        }
    }

    /// `None` where it is the caller's turn at once.
    fn pass_or_stand_in_line(&self, key: Key) -> Option<Place<'_>> {
        let mut book = self.book();
        if !book.lines.contains_key(&key) && book.check(key).is_ok() {
            return None;
        }
        let line = book.lines.entry(key).or_insert_with(|| Line { calls: 0, head: Arc::default() });
        line.calls += 1;
        Some(Place { turns: self, key, head: line.head.clone() })
    }

    /// A holder that panicked left good data behind: each change is one step.
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    /// Takes a turn, or says how long to wait for the next.
    fn check(&mut self, key: Key) -> Result<(), Duration> {
        if self.limiter.len() >= self.forget_at {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
            // Twice what is left, so that forgetting costs each call little.
            self.forget_at = FEW_KEYS.max(2 * self.limiter.len());
        }
        self.limiter.check_key(&key).map_err(|not_until| not_until.wait_time_from(self.limiter.clock().now()))
    }
}

/// A place in a line, left when it is dropped: by a call whose turn came, or that was given up.
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

/// The clock that tokio's timers go by, so that a program that pauses or advances it in its tests does so here too.
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
    use crate::GroupId;

    fn group(number: i64) -> Key {
        Some(RequestTarget::Group(GroupId::new(number)))
    }

    #[tokio::test(start_paused = true)]
    async fn targets_that_have_all_their_turns_again_are_forgotten() {
        let turns = Turns::new(Duration::from_secs(1), 2);
        for number in 0..10 * FEW_KEYS as i64 {
            turns.next(group(number)).await;
            tokio::time::advance(Duration::from_millis(10)).await;
        }
        let kept = turns.book().limiter.len();
        assert!(kept <= FEW_KEYS, "{kept} targets are kept");
    }

    #[tokio::test(start_paused = true)]
    async fn targets_that_have_to_wait_are_not_forgotten() {
        let turns = Turns::new(Duration::from_secs(3600), 1);
        let targets = 3 * FEW_KEYS as i64;
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
        // There is a turn, and the first in line has not noticed yet.
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
        // One gives up at the head of the line, one in the middle of it.
        calls.remove(2).abort();
        calls.remove(1).abort();
        for call in calls {
            call.await?;
        }
        assert!(turns.book().lines.is_empty());
        Ok(())
    }
}
