//! Repeated events.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use tokio::time::Instant;

/// Number of events that are remembered.
const MAX_REMEMBERED: usize = 65_536;

/// The hashes of the events within a window of time.
pub(crate) struct Dedupe {
    window: Duration,
    hasher: RandomState,
    known: HashMap<u64, Instant>,
    order: VecDeque<(Instant, u64)>,
}

impl Dedupe {
    pub(crate) fn new(window: Duration) -> Self {
        Self { window, hasher: RandomState::new(), known: HashMap::new(), order: VecDeque::new() }
    }

    /// Returns `true` if the event arrived before, and remembers it.
    pub(crate) fn is_known(&mut self, event: &[u8]) -> bool {
        self.remember(self.hash(event))
    }

    /// Returns the hash that stands for an event.
    pub(crate) fn hash(&self, event: &[u8]) -> u64 {
        self.hasher.hash_one(event)
    }

    /// Remembers the event with this hash. Returns `true` if it was known.
    pub(crate) fn remember(&mut self, hash: u64) -> bool {
        let now = Instant::now();
        self.expire(now, MAX_REMEMBERED - 1);
        let is_known = self.known.contains_key(&hash);
        if !is_known {
            self.known.insert(hash, now);
            self.order.push_back((now, hash));
        }
        is_known
    }

    /// Forgets an event. Returns `true` if it was known.
    #[cfg(feature = "server")]
    pub(crate) fn forget(&mut self, event: &[u8]) -> bool {
        self.expire(Instant::now(), MAX_REMEMBERED);
        self.known.remove(&self.hash(event)).is_some()
    }

    /// Forgets the events that came before the window, and the oldest beyond the limit.
    fn expire(&mut self, now: Instant, limit: usize) {
        while let Some((since, hash)) = self.order.front()
            && (now.saturating_duration_since(*since) >= self.window || self.order.len() > limit)
        {
            // An event that was forgotten may be known anew.
            if self.known.get(hash) == Some(since) {
                self.known.remove(hash);
            }
            self.order.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_event_is_known_for_the_length_of_the_window() {
        let mut dedupe = Dedupe::new(Duration::from_secs(2));
        assert!(!dedupe.is_known(b"one"));
        assert!(!dedupe.is_known(b"two"));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(dedupe.is_known(b"one"));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!dedupe.is_known(b"one"), "it counts from when it came first");
        assert!(dedupe.is_known(b"one"));
    }

    #[cfg(feature = "server")]
    #[tokio::test(start_paused = true)]
    async fn an_event_that_is_forgotten_is_new_and_its_window_begins_anew() {
        let mut dedupe = Dedupe::new(Duration::from_secs(2));
        assert!(!dedupe.forget(b"one"));
        dedupe.is_known(b"one");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(dedupe.forget(b"one") && !dedupe.forget(b"one"));
        assert!(!dedupe.is_known(b"one"));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(dedupe.forget(b"one"), "the first window has ended, and not the second");
        dedupe.is_known(b"one");
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(!dedupe.forget(b"one"));
    }

    #[test]
    fn so_many_events_are_remembered_and_no_more() {
        let mut dedupe = Dedupe::new(Duration::from_secs(3600));
        for number in 0..3 * MAX_REMEMBERED {
            assert!(!dedupe.is_known(&number.to_le_bytes()));
        }
        assert_eq!((dedupe.known.len(), dedupe.order.len()), (MAX_REMEMBERED, MAX_REMEMBERED));
    }
}
