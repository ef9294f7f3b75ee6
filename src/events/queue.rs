//! The queue of one consumer.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::Instant;

use crate::sync::lock;

/// The rule for events that arrive when a consumer's queue is full. The connection keeps reading, answers still reach their
/// calls, and [`Events::missed`](crate::Events::missed) counts the dropped events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overflow {
    /// A new event replaces the oldest one in the queue.
    #[default]
    DropOldest,
    /// A new event waits for room in the queue, and is dropped after this time. As many events can wait as the queue holds;
    /// further events are dropped at once.
    Wait(Duration),
}

/// A bounded queue. Pushing never waits.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    limit: usize,
    overflow: Overflow,
    inside: Mutex<Inside<T>>,
}

#[derive(Debug)]
struct Inside<T> {
    /// The frames beyond the limit wait for room.
    frames: VecDeque<(Instant, T)>,
    missed: u64,
    closed: bool,
    waker: Option<Waker>,
}

impl<T> Default for Inside<T> {
    fn default() -> Self {
        Self { frames: VecDeque::new(), missed: 0, closed: false, waker: None }
    }
}

impl<T> Queue<T> {
    pub(crate) fn new(limit: usize, overflow: Overflow) -> Self {
        Self { limit: limit.max(1), overflow, inside: Mutex::default() }
    }

    pub(crate) fn push(&self, frame: T, now: Instant) {
        let mut inside = self.inside();
        let inside = &mut *inside;
        match self.overflow {
            Overflow::DropOldest if inside.frames.len() >= self.limit => {
                inside.frames.pop_front();
                inside.missed += 1;
            }
            Overflow::DropOldest => {}
            Overflow::Wait(patience) => {
                self.expire(inside, patience, now);
                if inside.frames.len() >= self.limit.saturating_mul(2) {
                    inside.missed += 1;
                    return;
                }
            }
        }
        inside.frames.push_back((now, frame));
    }

    /// Wakes the consumer. [`push`](Self::push) does not wake it.
    pub(crate) fn wake(&self) {
        let waker = self.inside().waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Returns the next event; `None` if the queue is closed and empty.
    pub(crate) fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut inside = self.inside();
        if let Overflow::Wait(patience) = self.overflow
            && inside.frames.len() > self.limit
        {
            self.expire(&mut inside, patience, Instant::now());
        }
        match inside.frames.pop_front() {
            Some((_, frame)) => Poll::Ready(Some(frame)),
            None if inside.closed => Poll::Ready(None),
            None => {
                inside.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Drops the events that have waited for room too long. They are in the order of arrival, the oldest in front.
    fn expire(&self, inside: &mut Inside<T>, patience: Duration, now: Instant) {
        let waiting = inside.frames.iter().skip(self.limit);
        let expired = waiting.take_while(|(since, _)| now.saturating_duration_since(*since) >= patience).count();
        if expired > 0 {
            inside.frames.drain(self.limit..self.limit + expired);
            inside.missed += expired as u64;
        }
    }

    pub(crate) fn close(&self) {
        self.inside().closed = true;
        self.wake();
    }

    pub(crate) fn missed(&self) -> u64 {
        self.inside().missed
    }

    fn inside(&self) -> MutexGuard<'_, Inside<T>> {
        lock(&self.inside)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn taken(queue: &Queue<Bytes>) -> Vec<u8> {
        let mut cx = Context::from_waker(Waker::noop());
        let next = || match queue.poll_next(&mut cx) {
            Poll::Ready(Some(frame)) => Some(frame[0]),
            _ => None,
        };
        std::iter::from_fn(next).collect()
    }

    fn push(queue: &Queue<Bytes>, number: u8) {
        queue.push(Bytes::copy_from_slice(&[number]), Instant::now());
    }

    #[test]
    fn the_oldest_goes_when_a_new_one_comes() {
        let queue = Queue::new(3, Overflow::DropOldest);
        (0..5).for_each(|number| push(&queue, number));
        assert_eq!(queue.missed(), 2);
        assert_eq!(taken(&queue), [2, 3, 4]);
        push(&queue, 9);
        assert_eq!((taken(&queue), queue.missed()), (vec![9], 2));
    }

    #[tokio::test(start_paused = true)]
    async fn events_wait_for_room_and_go_when_their_time_is_over() {
        let second = Duration::from_secs(1);
        let queue = Queue::new(2, Overflow::Wait(second));
        // Two are in the queue, two wait, the fifth is dropped.
        (0..5).for_each(|number| push(&queue, number));
        assert_eq!(queue.missed(), 1);
        // One is taken in time, so that the first that waits moves into the queue, and stays.
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(queue.poll_next(&mut cx), Poll::Ready(Some(frame)) if frame[0] == 0));
        tokio::time::advance(second).await;
        push(&queue, 5);
        assert_eq!(queue.missed(), 2);
        assert_eq!(taken(&queue), [1, 2, 5]);
    }

    #[test]
    fn what_is_there_is_taken_before_the_end() {
        let queue = Queue::new(2, Overflow::DropOldest);
        push(&queue, 1);
        queue.close();
        assert_eq!(taken(&queue), [1]);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(queue.poll_next(&mut cx), Poll::Ready(None)));
    }
}
