//! Events in the order of arrival, and of each account on its own.
//!
//! Every account has a lane, as long as events of it are there. A lane that is too long loses its own events, so that one
//! account's flood takes no events of other accounts.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use crate::generated::types::UserId;

/// The largest capacity, in events, of a buffer that is used again for another lane.
const MAX_SPARE: usize = 64;

/// The lanes of all accounts.
#[derive(Debug)]
pub(super) struct Lanes<T> {
    /// The size of an account's events that do not wait for room.
    limit: usize,
    /// The size of a lane beside that of its events.
    each: usize,
    lanes: BTreeMap<UserId, Lane<T>>,
    /// The account of each lane's oldest event, by the event's number; empty if there is only one lane.
    heads: BTreeMap<u64, UserId>,
    /// The number of the next event.
    next: u64,
    /// The size of all events.
    size: usize,
    /// The lanes by their sizes, once the largest has been asked for.
    by_size: Option<BySize>,
    /// A buffer for the next lane: accounts whose events are taken at once have a new lane for each.
    spare: VecDeque<Entry<T>>,
}

/// The sizes of all lanes, as long as there is much.
#[derive(Debug)]
struct BySize {
    sizes: BTreeSet<(usize, UserId)>,
    /// The size of all events at the beginning.
    begun: usize,
}

/// The events of an account: those that fit, then those that wait for room.
#[derive(Debug)]
struct Lane<T> {
    entries: VecDeque<Entry<T>>,
    size: usize,
    /// The number of events that do not wait for room, and their size.
    fitting: usize,
    fitting_size: usize,
    /// Set once the log says that the lane loses events.
    told: bool,
}

#[derive(Debug)]
struct Entry<T> {
    number: u64,
    since: Instant,
    size: usize,
    event: T,
}

impl<T> Lane<T> {
    fn new(mut entries: VecDeque<Entry<T>>) -> Self {
        // Most accounts have a single event, and a buffer begins with room for four.
        if entries.capacity() == 0 {
            entries.reserve_exact(1);
        }
        Self { entries, size: 0, fitting: 0, fitting_size: 0, told: false }
    }

    /// Returns the number of a lane's oldest event, and the account.
    fn head((account, lane): (&UserId, &Self)) -> Option<(u64, UserId)> {
        Some((lane.entries.front()?.number, *account))
    }

    /// Moves waiting events into the room that is there. The oldest event always has room.
    fn admit(&mut self, limit: usize) {
        while let Some(entry) = self.entries.get(self.fitting)
            && (self.fitting == 0 || self.fitting_size.saturating_add(entry.size) <= limit)
        {
            self.fitting += 1;
            self.fitting_size += entry.size;
        }
    }

    /// Removes the oldest event.
    fn pop(&mut self) -> Option<Entry<T>> {
        let entry = self.entries.pop_front()?;
        self.size -= entry.size;
        if self.fitting > 0 {
            self.fitting -= 1;
            self.fitting_size -= entry.size;
        }
        Some(entry)
    }

    /// Returns `true` if an event of this size fits, or may wait: as much may wait as the lane holds.
    fn takes(&self, size: usize, limit: usize) -> bool {
        let waiting = self.size - self.fitting_size;
        self.entries.len() == self.fitting || waiting.saturating_add(size) <= limit
    }

    /// Removes the events that have waited for room too long, and returns their number and size. They are in the order of
    /// arrival, the oldest in front.
    fn expire(&mut self, patience: Duration, now: Instant) -> (u64, usize) {
        let waiting = self.entries.iter().skip(self.fitting);
        let expired = waiting.take_while(|entry| now.saturating_duration_since(entry.since) >= patience).count();
        let size = self.entries.drain(self.fitting..self.fitting + expired).map(|entry| entry.size).sum();
        self.size -= size;
        (expired as u64, size)
    }
}

impl<T> Lanes<T> {
    pub(super) fn new(limit: usize, each: usize) -> Self {
        let (lanes, heads, spare) = (BTreeMap::new(), BTreeMap::new(), VecDeque::new());
        Self { limit, each, lanes, heads, next: 0, size: 0, by_size: None, spare }
    }

    /// Returns the size of all events and lanes.
    pub(super) fn size(&self) -> usize {
        self.size + self.each * self.lanes.len()
    }

    /// Returns the account whose events have the largest size; `None` if there is at most one event.
    pub(super) fn largest_of_several(&mut self) -> Option<UserId> {
        let mut lanes = self.lanes.values();
        if lanes.next().is_none_or(|lane| lane.entries.len() == 1) && lanes.next().is_none() {
            return None;
        }
        let (lanes, begun) = (&self.lanes, self.size);
        let by_size = self.by_size.get_or_insert_with(|| BySize {
            sizes: lanes.iter().map(|(account, lane)| (lane.size, *account)).collect(),
            begun,
        });
        by_size.sizes.last().map(|(_, account)| *account)
    }

    /// Notes that a lane had a size before, and has another one now; `None` without the lane.
    fn resized(&mut self, account: UserId, before: Option<usize>, now: Option<usize>) {
        let Some(by_size) = &mut self.by_size else { return };
        if let Some(before) = before {
            by_size.sizes.remove(&(before, account));
        }
        by_size.sizes.extend(now.map(|now| (now, account)));
        // Sorting all lanes anew takes less than what has been taken since.
        if self.size < by_size.begun / 2 {
            self.by_size = None;
        }
    }

    /// Returns the account of the oldest event.
    pub(super) fn oldest(&self) -> Option<UserId> {
        let first = self.heads.first_key_value().map(|(_, account)| account);
        first.or_else(|| self.lanes.first_key_value().map(|(account, _)| account)).copied()
    }

    /// Returns the size of an account's events, and their number.
    pub(super) fn of(&self, account: UserId) -> (usize, usize) {
        self.lanes.get(&account).map_or((0, 0), |lane| (lane.size, lane.entries.len()))
    }

    /// Adds an event.
    pub(super) fn push(&mut self, account: UserId, event: T, size: usize, since: Instant) {
        let number = self.next;
        self.next += 1;
        let lane = self.lanes.entry(account).or_insert_with(|| Lane::new(std::mem::take(&mut self.spare)));
        let is_new = lane.entries.is_empty();
        lane.entries.push_back(Entry { number, since, size, event });
        lane.size += size;
        lane.admit(self.limit);
        self.size += size;
        let now = lane.size;
        self.resized(account, (!is_new).then_some(now - size), Some(now));
        match self.lanes.len() {
            2 if is_new => self.heads.extend(self.lanes.iter().filter_map(Lane::head)),
            3.. if is_new => drop(self.heads.insert(number, account)),
            _ => {}
        }
    }

    /// Returns `true` if a further event of this size fits, or may wait for room.
    pub(super) fn takes(&self, account: UserId, size: usize) -> bool {
        self.lanes.get(&account).is_none_or(|lane| lane.takes(size, self.limit))
    }

    /// Removes the events of an account that have waited for room too long, and returns their number.
    pub(super) fn expire(&mut self, account: UserId, patience: Duration, now: impl FnOnce() -> Instant) -> u64 {
        let lane = self.lanes.get_mut(&account).filter(|lane| lane.entries.len() > lane.fitting);
        let Some(lane) = lane else { return 0 };
        let before = lane.size;
        let (expired, size) = lane.expire(patience, now());
        let after = lane.size;
        self.size -= size;
        self.resized(account, Some(before), Some(after));
        expired
    }

    /// Removes the oldest event of an account.
    pub(super) fn pop(&mut self, account: UserId) -> Option<T> {
        let lane = self.lanes.get_mut(&account)?;
        let entry = lane.pop()?;
        lane.admit(self.limit);
        self.size -= entry.size;
        let next = lane.entries.front().map(|next| next.number);
        let left = lane.size;
        if self.lanes.len() > 1 {
            self.heads.remove(&entry.number);
            self.heads.extend(next.map(|next| (next, account)));
        }
        if next.is_none() {
            let spare = self.lanes.remove(&account).map(|lane| lane.entries);
            self.spare = spare.filter(|spare| spare.capacity() <= MAX_SPARE).unwrap_or_default();
            if self.lanes.len() == 1 {
                self.heads.clear();
            }
        }
        self.resized(account, Some(left + entry.size), next.map(|_| left));
        Some(entry.event)
    }

    /// Returns `true` if the log has not said yet that an account with events here loses others. It is told anew once its events
    /// have been taken.
    pub(super) fn tell(&mut self, account: UserId) -> bool {
        self.lanes.get_mut(&account).is_some_and(|lane| !std::mem::replace(&mut lane.told, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: UserId = UserId::new(1);
    const BORIS: UserId = UserId::new(2);

    #[test]
    fn events_are_in_the_order_of_arrival_whatever_is_dropped_in_between() {
        let mut lanes = Lanes::new(usize::MAX, 0);
        for (number, account) in [ANNA, BORIS, ANNA, ANNA, BORIS].into_iter().enumerate() {
            lanes.push(account, number, 10, Instant::now());
        }
        assert_eq!((lanes.size(), lanes.largest_of_several(), lanes.of(BORIS)), (50, Some(ANNA), (20, 2)));
        assert_eq!(lanes.pop(ANNA), Some(0));
        assert_eq!(lanes.pop(ANNA), Some(2));
        let taken: Vec<_> = std::iter::from_fn(|| lanes.oldest().and_then(|account| lanes.pop(account))).collect();
        assert_eq!(taken, [1, 3, 4]);
        assert_eq!((lanes.size(), lanes.largest_of_several(), lanes.of(BORIS)), (0, None, (0, 0)));
        assert!(lanes.heads.is_empty() && lanes.lanes.is_empty() && lanes.by_size.is_none());
    }

    /// Compares the lanes with a plain list, over random operations.
    #[test]
    fn they_hold_what_a_list_would_hold() {
        let mut random = 1_u64;
        let mut next = |below: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % below
        };
        let mut lanes = Lanes::new(50, 7);
        let mut list: Vec<(UserId, u64, usize)> = Vec::new();
        for number in 0..20_000 {
            let account = UserId::new(1 + i64::try_from(next(4)).unwrap_or_default());
            // The number of accounts and of events goes up and down.
            match next(if number % 200 < 50 { 4 } else { 12 }) {
                0 => {
                    let first = list.iter().position(|known| known.0 == account);
                    assert_eq!(lanes.pop(account), first.map(|first| list.remove(first).1));
                }
                1..4 => {
                    let size = usize::try_from(next(30)).unwrap_or_default();
                    lanes.push(account, number, size, Instant::now());
                    list.push((account, number, size));
                }
                _ => {
                    let first = lanes.oldest().and_then(|account| lanes.pop(account));
                    assert_eq!(first, (!list.is_empty()).then(|| list.remove(0).1));
                }
            }
            let of = |account| list.iter().filter(move |known| known.0 == account).map(|known| known.2);
            assert_eq!(lanes.of(account), (of(account).sum(), of(account).count()));
            let accounts: BTreeSet<_> = list.iter().map(|known| known.0).collect();
            assert_eq!(lanes.size(), list.iter().map(|known| known.2).sum::<usize>() + 7 * accounts.len());
            let largest = lanes.largest_of_several().map_or(usize::MAX, |account| lanes.of(account).0);
            assert_eq!(largest == usize::MAX, list.len() < 2);
            assert!((1..=4).all(|account| of(UserId::new(account)).sum::<usize>() <= largest));
        }
    }

    #[test]
    fn a_burst_leaves_no_buffer_behind() {
        let mut lanes = Lanes::new(usize::MAX, 0);
        for round in 0..1000 {
            lanes.push(ANNA, round, 1, Instant::now());
        }
        while lanes.pop(ANNA).is_some() {}
        assert_eq!(lanes.spare.capacity(), 0);
        lanes.push(ANNA, 0, 1, Instant::now());
        lanes.pop(ANNA);
        assert!((1..=MAX_SPARE).contains(&lanes.spare.capacity()));
    }
}
