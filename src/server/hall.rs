//! Connections that have not come through the door yet.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Room for so many connections. When it is full, a newcomer takes the place of the stranger who has been there longest:
/// who says what they want is through the door long before it is their turn, however many others say nothing.
pub(super) struct Hall {
    room: usize,
    /// So many bytes strangers may have brought together.
    bytes: usize,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    next: u64,
    /// Those who have shown nothing yet, by number: the oldest first.
    strangers: BTreeMap<u64, Stranger>,
    /// How many have shown what they must.
    known: usize,
    /// What the strangers have brought.
    bytes: usize,
    /// There was no room any more, and it has been said.
    crowded: bool,
}

struct Stranger {
    bytes: usize,
    leave: Arc<Notify>,
}

impl Inside {
    fn add(&mut self, leave: Arc<Notify>) -> u64 {
        self.next += 1;
        self.strangers.insert(self.next, Stranger { bytes: 0, leave });
        self.next
    }

    fn remove(&mut self, number: u64) -> Option<Stranger> {
        let stranger = self.strangers.remove(&number)?;
        self.bytes -= stranger.bytes;
        Some(stranger)
    }

    /// Sends the oldest stranger away; `false` where there is none.
    fn make_room(&mut self) -> bool {
        let oldest = self.strangers.keys().next().copied();
        let oldest = oldest.and_then(|number| self.remove(number));
        oldest.inspect(|stranger| stranger.leave.notify_one()).is_some()
    }
}

impl Hall {
    pub(super) fn new(room: usize, bytes: usize) -> Arc<Self> {
        Arc::new(Self { room, bytes, inside: Mutex::default() })
    }

    /// A place for a newcomer; `None` where those who are known have taken them all.
    pub(super) fn enter(self: &Arc<Self>) -> Option<Guest> {
        let mut inside = self.inside();
        let people = inside.strangers.len() + inside.known;
        if people >= self.room {
            if !std::mem::replace(&mut inside.crowded, true) {
                tracing::warn!("too many connections that say nothing: the oldest make room for new ones");
            }
            if !inside.make_room() {
                return None;
            }
        } else if people < self.room / 2 {
            inside.crowded = false;
        }
        let leave = Arc::new(Notify::new());
        let number = Mutex::new(Some(inside.add(leave.clone())));
        Some(Guest(Arc::new(Place { hall: self.clone(), leave, number })))
    }

    /// Sends an eighth of the strangers away: there are no files for them all.
    pub(super) fn thin_out(&self) {
        let mut inside = self.inside();
        for _ in 0..inside.strangers.len().div_ceil(8) {
            inside.make_room();
        }
    }

    /// A holder that panicked left good data behind: each change is one step.
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection of the hall. The last clone frees its place.
#[derive(Clone)]
pub(super) struct Guest(Arc<Place>);

struct Place {
    hall: Arc<Hall>,
    leave: Arc<Notify>,
    /// The number of a stranger; `None` of one who is known. It is locked before the hall.
    number: Mutex<Option<u64>>,
}

impl Guest {
    /// Waits until it must make room.
    pub(super) async fn sent_away(&self) {
        self.0.leave.notified().await;
    }

    /// What it brings with one request.
    pub(super) fn luggage(&self) -> Luggage<'_> {
        Luggage(&self.0)
    }

    /// It has shown what it must, and keeps its place as long as the value lives. Then it is a stranger again.
    pub(super) fn known(&self) -> Known<'_> {
        let mut number = self.0.number();
        let mut inside = self.0.hall.inside();
        // Otherwise it has been sent away already.
        if number.is_some_and(|number| inside.remove(number).is_some()) {
            *number = None;
            inside.known += 1;
        }
        Known(&self.0)
    }
}

impl Place {
    fn number(&self) -> MutexGuard<'_, Option<u64>> {
        self.number.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let number = *self.number();
        let mut inside = self.hall.inside();
        match number {
            Some(number) => drop(inside.remove(number)),
            None => inside.known -= 1,
        }
    }
}

/// What nobody has vouched for yet. It counts as long as the value lives, or until its guest is known.
pub(super) struct Luggage<'g>(&'g Place);

impl Luggage<'_> {
    /// So much more has come.
    pub(super) fn grows(&self, bytes: usize) {
        let Some(number) = *self.0.number() else { return };
        let mut inside = self.0.hall.inside();
        if let Some(stranger) = inside.strangers.get_mut(&number) {
            stranger.bytes += bytes;
            inside.bytes += bytes;
        }
        while inside.bytes > self.0.hall.bytes && inside.make_room() {}
    }
}

impl Drop for Luggage<'_> {
    fn drop(&mut self) {
        let Some(number) = *self.0.number() else { return };
        let mut inside = self.0.hall.inside();
        if let Some(stranger) = inside.strangers.get_mut(&number) {
            let bytes = std::mem::take(&mut stranger.bytes);
            inside.bytes -= bytes;
        }
    }
}

pub(super) struct Known<'g>(&'g Place);

impl Drop for Known<'_> {
    fn drop(&mut self) {
        let mut number = self.0.number();
        if number.is_none() {
            let mut inside = self.0.hall.inside();
            inside.known -= 1;
            *number = Some(inside.add(self.0.leave.clone()));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    async fn is_away(guest: &Guest) -> bool {
        tokio::select! {
            biased;
            () = guest.sent_away() => true,
            () = std::future::ready(()) => false,
        }
    }

    #[tokio::test]
    async fn the_oldest_stranger_makes_room() {
        let hall = Hall::new(3, usize::MAX);
        let [first, second, third] = [(); 3].map(|()| hall.enter().unwrap());
        let known = first.known();
        let fourth = hall.enter().unwrap();
        assert!(is_away(&second).await && !is_away(&first).await && !is_away(&third).await);
        // The one that was sent away has no place to be known in.
        drop(second.known());
        drop(second);
        let fifth = hall.enter().unwrap();
        assert!(is_away(&third).await);
        // Who is a stranger again is the newest of them.
        drop(known);
        let sixth = hall.enter().unwrap();
        assert!(is_away(&fourth).await && !is_away(&first).await && !is_away(&fifth).await);
        let kept = [&first, &fifth, &sixth].map(Guest::known);
        assert!(hall.enter().is_none(), "nobody must make room who is known");
        drop(kept);
        drop((first, fifth, sixth, third, fourth));
        let inside = hall.inside();
        assert_eq!((inside.strangers.len(), inside.known), (0, 0));
    }

    #[tokio::test]
    async fn what_strangers_bring_is_bounded_too() {
        let hall = Hall::new(10, 100);
        let [first, second, third] = [(); 3].map(|()| hall.enter().unwrap());
        let luggage = [&first, &second, &third].map(Guest::luggage);
        luggage[0].grows(40);
        luggage[1].grows(60);
        let known = second.known();
        luggage[2].grows(60);
        assert!(!is_away(&first).await && !is_away(&second).await && !is_away(&third).await);
        luggage[2].grows(1);
        assert!(is_away(&first).await && !is_away(&third).await);
        luggage[2].grows(100);
        assert!(is_away(&third).await && !is_away(&second).await);
        drop(known);
        luggage[1].grows(100);
        assert!(!is_away(&second).await);
        assert_eq!(hall.inside().bytes, 100);
        drop(luggage);
        assert_eq!(hall.inside().bytes, 0);
    }

    #[tokio::test]
    async fn what_is_dropped_counts_no_more() {
        let hall = Hall::new(10, 100);
        let [first, second] = [(); 2].map(|()| hall.enter().unwrap());
        for _ in 0..5 {
            second.luggage().grows(60);
            // Of one that was known meanwhile, it does not count twice.
            let luggage = second.luggage();
            luggage.grows(60);
            drop(second.known());
        }
        assert!(!is_away(&first).await && !is_away(&second).await);
        assert_eq!(hall.inside().bytes, 0);
    }

    #[tokio::test]
    async fn an_eighth_is_sent_away_at_once() {
        let hall = Hall::new(100, usize::MAX);
        let guests: Vec<_> = (0..20).map(|_| hall.enter().unwrap()).collect();
        hall.thin_out();
        let mut away = 0;
        for guest in &guests {
            away += usize::from(is_away(guest).await);
        }
        assert_eq!(away, 3);
        Hall::new(1, 1).thin_out();
    }
}
