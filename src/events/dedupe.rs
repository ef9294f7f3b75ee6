//! Repeated events.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use tokio::time::Instant;

/// Number of events that are remembered.
const MAX_REMEMBERED: usize = 65_536;

/// The hashes of the events within a window of time.
pub(crate) struct Dedupe {
    window: Duration,
    hasher: RandomState,
    known: HashSet<u64>,
    order: VecDeque<(Instant, u64)>,
}

impl Dedupe {
    pub(crate) fn new(window: Duration) -> Self {
        Self { window, hasher: RandomState::new(), known: HashSet::new(), order: VecDeque::new() }
    }

    /// Returns `true` if the event arrived before, and remembers it.
    pub(crate) fn is_known(&mut self, event: &[u8]) -> bool {
        let now = Instant::now();
        while let Some((since, hash)) = self.order.front()
            && (now.saturating_duration_since(*since) >= self.window || self.order.len() >= MAX_REMEMBERED)
        {
            self.known.remove(hash);
            self.order.pop_front();
        }
        let hash = self.hasher.hash_one(event);
        let is_new = self.known.insert(hash);
        if is_new {
            self.order.push_back((now, hash));
        }
        !is_new
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

    #[test]
    fn so_many_events_are_remembered_and_no_more() {
        let mut dedupe = Dedupe::new(Duration::from_secs(3600));
        for number in 0..3 * MAX_REMEMBERED {
            assert!(!dedupe.is_known(&number.to_le_bytes()));
        }
        assert_eq!((dedupe.known.len(), dedupe.order.len()), (MAX_REMEMBERED, MAX_REMEMBERED));
    }
}
