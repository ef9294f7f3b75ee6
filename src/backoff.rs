//! Waits between attempts.

use std::time::Duration;

use tower::retry::backoff::{ExponentialBackoff, ExponentialBackoffMaker, MakeBackoff};
use tower::util::rng::HasherRng;

/// Returns a source of waits that double, from `first` to `longest`, with a random share in each. Every source has its own
/// seed: one maker gives the same seed to all its sources, and all of them would wait for the same time.
pub(crate) fn new_backoff(first: Duration, longest: Duration) -> ExponentialBackoff {
    let longest = longest.max(first).max(Duration::from_millis(1));
    // The random share is computed from the whole seconds and from the rest, and each is rounded down: a wait of exactly one
    // second would get none.
    let first = first.saturating_sub(Duration::from_nanos(1));
    ExponentialBackoffMaker::new(first, longest, 1.0, HasherRng::new()).unwrap_or_default().make_backoff()
}
