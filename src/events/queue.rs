//! The queue of one consumer.

#[cfg(any(feature = "server", test))]
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::Instant;

use crate::events::lanes::Lanes;
use crate::events::missed::Missed;
use crate::generated::types::UserId;
use crate::sync::lock;

/// Default limit of the bytes of an account's events.
const DEFAULT_LIMIT: usize = 64 << 20;

/// The account of the events of a forward connection, which has one queue for them all.
pub(crate) const NO_ACCOUNT: UserId = UserId::new(0);

/// The rule for events that arrive when a consumer's queue is full. The connection keeps reading, answers still reach their
/// calls, [`Events::missed`](crate::Events::missed) counts the dropped events, and the log tells of them at `warn`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overflow {
    /// A new event replaces the oldest events in the queue; on a server, those of its account.
    #[default]
    DropOldest,
    /// A new event waits for room in the queue, and is dropped after this time. As many bytes can wait as the queue holds;
    /// further events are dropped at once.
    Wait(Duration),
}

/// The limits of a queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QueueLimits {
    /// The bytes of one account's events.
    pub(crate) account: usize,
    /// The bytes of all events together, whatever the rule for overflows.
    pub(crate) total: usize,
    /// The bytes that count towards the total for each account that has events.
    pub(crate) each_account: usize,
    pub(crate) overflow: Overflow,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self { account: DEFAULT_LIMIT, total: usize::MAX, each_account: 0, overflow: Overflow::default() }
    }
}

/// A bounded queue. Pushing never waits.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    limits: QueueLimits,
    inside: Mutex<Inside<T>>,
}

#[derive(Debug)]
struct Inside<T> {
    lanes: Lanes<T>,
    missed: Missed,
    closed: bool,
    waker: Option<Waker>,
}

/// Accounts that have lost events, and how many in all, for the log.
type Losses = Vec<(UserId, u64)>;

impl<T> Inside<T> {
    /// Counts lost events of an account. The log tells the first loss of the queue, and of each account when it begins again and
    /// each time the number has doubled. The first loss of each further account is not told: anybody who may post can name any
    /// number of accounts.
    fn lose(&mut self, account: UserId, lost: u64, losses: &mut Losses) {
        if lost == 0 {
            return;
        }
        let is_first = self.missed.total() == 0;
        let (before, missed) = self.missed.add(account, lost);
        let begins = self.lanes.tell(account);
        let told = match before {
            0 => is_first,
            _ => begins || before.ilog2() != missed.ilog2(),
        };
        if told {
            losses.push((account, missed));
        }
    }
}

impl<T> Queue<T> {
    pub(crate) fn new(limits: QueueLimits) -> Self {
        let lanes = Lanes::new(limits.account, limits.each_account);
        Self { limits, inside: Mutex::new(Inside { lanes, missed: Missed::default(), closed: false, waker: None }) }
    }

    /// Adds an event of an account, with the memory that it takes, and drops others of that account if they are too many.
    /// Beyond the limit of all accounts, the account with the largest backlog loses its oldest events.
    pub(crate) fn push(&self, account: UserId, event: T, bytes: usize, now: Instant) {
        let mut losses = Losses::new();
        let mut guard = self.inside();
        let inside = &mut *guard;
        match self.limits.overflow {
            Overflow::DropOldest => {
                inside.lanes.push(account, event, bytes, now);
                let is_too_long = |(bytes, events): (usize, usize)| bytes > self.limits.account && events > 1;
                while is_too_long(inside.lanes.of(account)) {
                    inside.lanes.pop(account);
                    inside.lose(account, 1, &mut losses);
                }
            }
            Overflow::Wait(patience) => {
                let expired = inside.lanes.expire(account, patience, || now);
                let takes = inside.lanes.takes(account, bytes);
                inside.lose(account, expired + u64::from(!takes), &mut losses);
                if takes {
                    inside.lanes.push(account, event, bytes, now);
                }
            }
        }
        while inside.lanes.size() > self.limits.total
            && let Some(largest) = inside.lanes.largest_of_several()
        {
            inside.lanes.pop(largest);
            inside.lose(largest, 1, &mut losses);
        }
        drop(guard);
        tell(&losses);
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
        let mut losses = Losses::new();
        let mut guard = self.inside();
        let inside = &mut *guard;
        let polled = match inside.lanes.oldest() {
            Some(account) => {
                if let Overflow::Wait(patience) = self.limits.overflow {
                    let expired = inside.lanes.expire(account, patience, Instant::now);
                    inside.lose(account, expired, &mut losses);
                }
                Poll::Ready(inside.lanes.pop(account))
            }
            None if inside.closed => Poll::Ready(None),
            None => {
                inside.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        };
        drop(guard);
        tell(&losses);
        polled
    }

    pub(crate) fn close(&self) {
        self.inside().closed = true;
        self.wake();
    }

    /// Returns how many events of all accounts have been lost.
    pub(crate) fn missed(&self) -> u64 {
        self.inside().missed.total()
    }

    /// Returns how many events of each account have been lost.
    #[cfg(any(feature = "server", test))]
    pub(crate) fn missed_by_account(&self) -> BTreeMap<UserId, u64> {
        self.inside().missed.by_account()
    }

    fn inside(&self) -> MutexGuard<'_, Inside<T>> {
        lock(&self.inside)
    }
}

/// Logs losses, without a lock.
fn tell(losses: &[(UserId, u64)]) {
    for (account, missed) in losses {
        let account = Some(account.get()).filter(|account| *account != NO_ACCOUNT.get());
        tracing::warn!(
            account,
            missed,
            "dropped an event: events arrive faster than they are taken, and the queue is full: see `event_queue_limit`, and \
             `total_event_queue_limit` for all accounts of a server"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: UserId = UserId::new(1);
    const BORIS: UserId = UserId::new(2);

    fn queue(account: usize, total: usize, overflow: Overflow) -> Queue<u8> {
        Queue::new(QueueLimits { account, total, overflow, ..QueueLimits::default() })
    }

    fn taken(queue: &Queue<u8>) -> Vec<u8> {
        let mut cx = Context::from_waker(Waker::noop());
        let next = || match queue.poll_next(&mut cx) {
            Poll::Ready(event) => event,
            Poll::Pending => None,
        };
        std::iter::from_fn(next).collect()
    }

    /// Adds an event of ten bytes.
    fn push(queue: &Queue<u8>, account: UserId, number: u8) {
        queue.push(account, number, 10, Instant::now());
    }

    #[test]
    fn the_oldest_goes_when_a_new_one_comes() {
        let queue = queue(35, usize::MAX, Overflow::DropOldest);
        (0..5).for_each(|number| push(&queue, ANNA, number));
        assert_eq!(queue.missed(), 2);
        assert_eq!(taken(&queue), [2, 3, 4]);
        push(&queue, ANNA, 9);
        assert_eq!((taken(&queue), queue.missed()), (vec![9], 2));
        // One that is longer than the limit has the queue for itself.
        push(&queue, ANNA, 1);
        queue.push(ANNA, 2, 1000, Instant::now());
        assert_eq!((taken(&queue), queue.missed()), (vec![2], 3));
    }

    #[test]
    fn a_flood_takes_its_own_account_s_events() {
        let queue = queue(30, 50, Overflow::DropOldest);
        push(&queue, BORIS, 100);
        push(&queue, BORIS, 101);
        (0..20).for_each(|number| push(&queue, ANNA, number));
        assert_eq!(queue.missed_by_account(), BTreeMap::from([(ANNA, 17)]));
        // Beyond the limit of all, the largest backlog loses.
        push(&queue, BORIS, 102);
        push(&queue, UserId::new(3), 200);
        assert_eq!(queue.missed(), 19);
        assert!(queue.inside().lanes.size() <= 50);
        let left = taken(&queue);
        assert!(left.contains(&200) && left.len() == 5, "{left:?}");
        assert!(
            left.is_sorted_by_key(|number| [100, 101, 17, 18, 19, 102, 200].iter().position(|known| known == number))
        );
    }

    #[test]
    fn an_event_longer_than_all_may_have_is_lost_alone() {
        let queue = queue(1000, 50, Overflow::DropOldest);
        push(&queue, BORIS, 100);
        queue.push(ANNA, 1, 60, Instant::now());
        assert_eq!((taken(&queue), queue.missed_by_account()), (vec![100], BTreeMap::from([(ANNA, 1)])));
        // With the queue for itself it is kept.
        queue.push(ANNA, 1, 60, Instant::now());
        assert_eq!((taken(&queue), queue.missed()), (vec![1], 1));
    }

    #[tokio::test(start_paused = true)]
    async fn events_wait_for_room_and_go_when_their_time_has_passed() {
        let second = Duration::from_secs(1);
        let queue = queue(20, usize::MAX, Overflow::Wait(second));
        // Two are in the queue, two wait, the fifth is dropped.
        (0..5).for_each(|number| push(&queue, ANNA, number));
        assert_eq!(queue.missed(), 1);
        // One is taken in time, so that the first that waits moves into the queue, and stays.
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(queue.poll_next(&mut cx), Poll::Ready(Some(0))));
        tokio::time::advance(second).await;
        push(&queue, ANNA, 5);
        assert_eq!(queue.missed(), 2);
        assert_eq!(taken(&queue), [1, 2, 5]);
        assert_eq!(queue.inside().lanes.size(), 0);
    }

    #[test]
    fn all_that_wait_are_bounded_too() {
        let queue = queue(20, 50, Overflow::Wait(Duration::from_secs(600)));
        push(&queue, BORIS, 100);
        push(&queue, UserId::new(3), 200);
        (0..4).for_each(|number| push(&queue, ANNA, number));
        assert_eq!(queue.missed_by_account(), BTreeMap::from([(ANNA, 1)]));
        assert_eq!(taken(&queue), [100, 200, 1, 2, 3]);
    }

    #[test]
    fn what_is_there_is_taken_before_the_end() {
        let queue = queue(20, usize::MAX, Overflow::DropOldest);
        push(&queue, ANNA, 1);
        queue.close();
        assert_eq!(taken(&queue), [1]);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(queue.poll_next(&mut cx), Poll::Ready(None)));
    }
}
