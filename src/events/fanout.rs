//! The fan-out of events: every consumer has a queue.
//!
//! - Lock order: the list of consumers before a queue.
//! - Only [`Fanout::close`] closes queues. A forward connection calls it when its task ends; a server calls it when it is
//!   closed and its last connection has ended.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::time::Instant;

use crate::client::Client;
use crate::event::header::EventHeader;
use crate::events::queue::{NO_ACCOUNT, Queue, QueueLimits};
use crate::generated::types::UserId;
use crate::received::ResponseSlot;
use crate::sync::lock;

/// An event that waits to be taken.
#[derive(Clone)]
pub(crate) struct Arrived {
    pub(crate) header: EventHeader,
    pub(crate) raw: Bytes,
    /// The account that a server received it for; `None` on a forward connection.
    pub(crate) sender: Option<Sender>,
    /// The response that takes the answer, if it came by HTTP POST.
    pub(crate) response: Option<ResponseSlot>,
}

/// The account whose connection, or HTTP POST, brought an event.
#[derive(Clone)]
pub(crate) struct Sender {
    pub(crate) account: UserId,
    pub(crate) client: Client,
}

/// The bytes that an event takes beside its text, in a queue and in the allocator.
pub(crate) const EVENT_OVERHEAD: usize = 256;

/// The bytes that an account takes which has events in a queue: its place in the queue, its client, and what a server remembers of
/// it. Measured with a hundred thousand accounts that have an event each.
#[cfg(feature = "server")]
pub(crate) const ACCOUNT_OVERHEAD: usize = 1536;

/// The queues of all consumers.
#[derive(Clone)]
pub(crate) struct Fanout(Arc<Inner>);

struct Inner {
    limits: QueueLimits,
    consumers: Mutex<Consumers>,
}

#[derive(Default)]
struct Consumers {
    queues: Vec<Arc<Queue<Arrived>>>,
    closed: bool,
}

impl Fanout {
    pub(crate) fn new(limits: QueueLimits) -> Self {
        Self(Arc::new(Inner { limits, consumers: Mutex::default() }))
    }

    /// Adds a consumer and returns its queue, which is closed already if no event will come.
    pub(crate) fn subscribe(&self) -> Arc<Queue<Arrived>> {
        let queue = Arc::new(Queue::new(self.0.limits));
        let mut consumers = lock(&self.0.consumers);
        if consumers.closed {
            queue.close();
        } else {
            consumers.queues.push(queue.clone());
        }
        queue
    }

    /// Removes a consumer.
    pub(crate) fn unsubscribe(&self, queue: &Arc<Queue<Arrived>>) {
        lock(&self.0.consumers).queues.retain(|known| !Arc::ptr_eq(known, queue));
    }

    /// Adds an event to every queue, without waking the consumers. `arrived` is not called if there are no consumers.
    pub(crate) fn push(&self, arrived: impl FnOnce() -> Arrived) {
        let consumers = lock(&self.0.consumers);
        let [others @ .., last] = &*consumers.queues else { return };
        let (arrived, now) = (arrived(), Instant::now());
        let account = arrived.sender.as_ref().map_or(NO_ACCOUNT, |sender| sender.account);
        let bytes = arrived.raw.len() + EVENT_OVERHEAD;
        others.iter().for_each(|queue| queue.push(account, arrived.clone(), bytes, now));
        last.push(account, arrived, bytes, now);
    }

    /// Wakes the consumers.
    pub(crate) fn wake(&self) {
        lock(&self.0.consumers).queues.iter().for_each(|queue| queue.wake());
    }

    /// Closes all queues, and those of later consumers: no event will come. Events in the queues can still be taken.
    pub(crate) fn close(&self) {
        let mut consumers = lock(&self.0.consumers);
        consumers.closed = true;
        consumers.queues.iter().for_each(|queue| queue.close());
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;
    use crate::generated::event::EventKind;

    #[test]
    fn every_consumer_gets_what_comes_while_it_is_there() {
        let fanout = Fanout::new(QueueLimits::default());
        let mut made = 0;
        let mut push = |text: &'static str| {
            fanout.push(|| {
                made += 1;
                let header = EventHeader { kind: EventKind::Unknown, self_id: None };
                Arrived { header, raw: Bytes::from_static(text.as_bytes()), sender: None, response: None }
            });
        };
        push("of no consumer");
        let first = fanout.subscribe();
        push("one");
        let second = fanout.subscribe();
        push("two");
        fanout.unsubscribe(&first);
        push("three");
        fanout.close();
        assert_eq!(made, 3);
        let taken = |queue: &Queue<Arrived>| {
            let mut cx = Context::from_waker(Waker::noop());
            let next = || match queue.poll_next(&mut cx) {
                Poll::Ready(Some(arrived)) => Some(arrived.raw),
                _ => None,
            };
            std::iter::from_fn(next).collect::<Vec<_>>()
        };
        assert_eq!(taken(&first), ["one", "two"]);
        assert_eq!(taken(&second), ["two", "three"]);
        let mut cx = Context::from_waker(Waker::noop());
        let late = fanout.subscribe();
        assert!([second, late].iter().all(|queue| matches!(queue.poll_next(&mut cx), Poll::Ready(None))));
    }
}
