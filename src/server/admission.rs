//! Admission of connections before they have authenticated.
//!
//! Lock order: the number of a permit before the state of the admission.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Notify;

use crate::sync::lock;

/// Limits the connections that are not WebSockets yet. When full, a new connection evicts the oldest one that has not
/// authenticated yet. A connection that authenticates promptly is never the oldest, however many others are idle.
pub(super) struct Admission {
    /// Limit of connections.
    room: usize,
    /// Limit of the bytes that pending connections have sent, in all.
    bytes: usize,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    next: u64,
    /// The connections that have not authenticated yet, by number: the oldest first.
    pending: BTreeMap<u64, Pending>,
    /// The number of authenticated connections.
    authenticated: usize,
    /// The bytes that the pending connections have sent.
    bytes: usize,
    /// Set once the log says that the limit is reached.
    warned: bool,
}

/// A connection that has not authenticated yet.
struct Pending {
    bytes: usize,
    evicted: Arc<Notify>,
}

impl Inside {
    fn add(&mut self, evicted: Arc<Notify>) -> u64 {
        self.next += 1;
        self.pending.insert(self.next, Pending { bytes: 0, evicted });
        self.next
    }

    fn remove(&mut self, number: u64) -> Option<Pending> {
        let connection = self.pending.remove(&number)?;
        self.bytes -= connection.bytes;
        Some(connection)
    }

    /// Evicts the oldest pending connection. Returns `false` if there is none.
    fn evict_oldest(&mut self) -> bool {
        let oldest = self.pending.keys().next().copied();
        let oldest = oldest.and_then(|number| self.remove(number));
        oldest.inspect(|connection| connection.evicted.notify_one()).is_some()
    }
}

impl Admission {
    pub(super) fn new(room: usize, bytes: usize) -> Arc<Self> {
        Arc::new(Self { room, bytes, inside: Mutex::default() })
    }

    /// Admits a new connection. Returns `None` if authenticated connections fill the limit.
    pub(super) fn admit(self: &Arc<Self>) -> Option<Permit> {
        let mut inside = self.inside();
        let taken = inside.pending.len() + inside.authenticated;
        if taken >= self.room {
            if !std::mem::replace(&mut inside.warned, true) {
                tracing::warn!("too many connections that have not authenticated: new ones evict the oldest");
            }
            if !inside.evict_oldest() {
                return None;
            }
        } else if taken < self.room / 2 {
            inside.warned = false;
        }
        let evicted = Arc::new(Notify::new());
        let number = Mutex::new(Some(inside.add(evicted.clone())));
        Some(Permit(Arc::new(Inner { admission: self.clone(), evicted, number })))
    }

    /// Evicts an eighth of the pending connections: there are not enough file descriptors.
    pub(super) fn evict_share(&self) {
        let mut inside = self.inside();
        for _ in 0..inside.pending.len().div_ceil(8) {
            inside.evict_oldest();
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        lock(&self.inside)
    }
}

/// The permit of one connection. Dropping the last clone frees it.
#[derive(Clone)]
pub(super) struct Permit(Arc<Inner>);

struct Inner {
    admission: Arc<Admission>,
    evicted: Arc<Notify>,
    /// The number of a pending connection; `None` while it is authenticated.
    number: Mutex<Option<u64>>,
}

impl Permit {
    /// Waits until the connection is evicted.
    pub(super) async fn evicted(&self) {
        self.0.evicted.notified().await;
    }

    /// Counts the bytes of one request of the connection.
    pub(super) fn pending_bytes(&self) -> PendingBytes<'_> {
        PendingBytes(&self.0)
    }

    /// Marks the connection as authenticated, as long as the value lives: it is not evicted. Afterwards it is pending again.
    pub(super) fn authenticated(&self) -> Authenticated<'_> {
        let mut number = self.0.number();
        let mut inside = self.0.admission.inside();
        // Otherwise it has been evicted already.
        if number.is_some_and(|number| inside.remove(number).is_some()) {
            *number = None;
            inside.authenticated += 1;
        }
        Authenticated(&self.0)
    }
}

impl Inner {
    fn number(&self) -> MutexGuard<'_, Option<u64>> {
        lock(&self.number)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let number = *self.number();
        let mut inside = self.admission.inside();
        match number {
            Some(number) => drop(inside.remove(number)),
            None => inside.authenticated -= 1,
        }
    }
}

/// The bytes of a request that has not authenticated yet. They count as long as the value lives, or until the connection is
/// authenticated.
pub(super) struct PendingBytes<'g>(&'g Inner);

impl PendingBytes<'_> {
    /// Counts further bytes, and evicts the oldest connections if all together exceed the limit.
    pub(super) fn add(&self, bytes: usize) {
        let Some(number) = *self.0.number() else { return };
        let mut inside = self.0.admission.inside();
        if let Some(connection) = inside.pending.get_mut(&number) {
            connection.bytes += bytes;
            inside.bytes += bytes;
        }
        while inside.bytes > self.0.admission.bytes && inside.evict_oldest() {}
    }
}

impl Drop for PendingBytes<'_> {
    fn drop(&mut self) {
        let Some(number) = *self.0.number() else { return };
        let mut inside = self.0.admission.inside();
        if let Some(connection) = inside.pending.get_mut(&number) {
            let bytes = std::mem::take(&mut connection.bytes);
            inside.bytes -= bytes;
        }
    }
}

/// The mark of an authenticated connection.
pub(super) struct Authenticated<'g>(&'g Inner);

impl Drop for Authenticated<'_> {
    fn drop(&mut self) {
        let mut number = self.0.number();
        if number.is_none() {
            let mut inside = self.0.admission.inside();
            inside.authenticated -= 1;
            *number = Some(inside.add(self.0.evicted.clone()));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    async fn is_away(permit: &Permit) -> bool {
        tokio::select! {
            biased;
            () = permit.evicted() => true,
            () = std::future::ready(()) => false,
        }
    }

    #[tokio::test]
    async fn the_oldest_connection_makes_room() {
        let admission = Admission::new(3, usize::MAX);
        let [first, second, third] = [(); 3].map(|()| admission.admit().unwrap());
        let authenticated = first.authenticated();
        let fourth = admission.admit().unwrap();
        assert!(is_away(&second).await && !is_away(&first).await && !is_away(&third).await);
        // An evicted connection cannot be authenticated.
        drop(second.authenticated());
        drop(second);
        let fifth = admission.admit().unwrap();
        assert!(is_away(&third).await);
        // A connection that is pending again is the newest.
        drop(authenticated);
        let sixth = admission.admit().unwrap();
        assert!(is_away(&fourth).await && !is_away(&first).await && !is_away(&fifth).await);
        let kept = [&first, &fifth, &sixth].map(Permit::authenticated);
        assert!(admission.admit().is_none(), "nobody must make room who is authenticated");
        drop(kept);
        drop((first, fifth, sixth, third, fourth));
        let inside = admission.inside();
        assert_eq!((inside.pending.len(), inside.authenticated), (0, 0));
    }

    #[tokio::test]
    async fn what_pending_bring_is_bounded_too() {
        let admission = Admission::new(10, 100);
        let [first, second, third] = [(); 3].map(|()| admission.admit().unwrap());
        let pending = [&first, &second, &third].map(Permit::pending_bytes);
        pending[0].add(40);
        pending[1].add(60);
        let authenticated = second.authenticated();
        pending[2].add(60);
        assert!(!is_away(&first).await && !is_away(&second).await && !is_away(&third).await);
        pending[2].add(1);
        assert!(is_away(&first).await && !is_away(&third).await);
        pending[2].add(100);
        assert!(is_away(&third).await && !is_away(&second).await);
        drop(authenticated);
        pending[1].add(100);
        assert!(!is_away(&second).await);
        assert_eq!(admission.inside().bytes, 100);
        drop(pending);
        assert_eq!(admission.inside().bytes, 0);
    }

    #[tokio::test]
    async fn what_is_dropped_counts_no_more() {
        let admission = Admission::new(10, 100);
        let [first, second] = [(); 2].map(|()| admission.admit().unwrap());
        for _ in 0..5 {
            second.pending_bytes().add(60);
            // The bytes of a connection that was authenticated in between do not count twice.
            let pending = second.pending_bytes();
            pending.add(60);
            drop(second.authenticated());
        }
        assert!(!is_away(&first).await && !is_away(&second).await);
        assert_eq!(admission.inside().bytes, 0);
    }

    #[tokio::test]
    async fn an_eighth_is_evicted_at_once() {
        let admission = Admission::new(100, usize::MAX);
        let permits: Vec<_> = (0..20).map(|_| admission.admit().unwrap()).collect();
        admission.evict_share();
        let mut away = 0;
        for permit in &permits {
            away += usize::from(is_away(permit).await);
        }
        assert_eq!(away, 3);
        Admission::new(1, 1).evict_share();
    }
}
