//! The events that a consumer has missed.

use std::collections::BTreeMap;

use crate::generated::types::UserId;

/// The number of accounts whose events are counted one by one. Anybody who may post can name any number of accounts.
const MAX_ACCOUNTS: usize = 1024;

/// The number of lost events, in all and of each account.
#[derive(Debug, Default)]
pub(super) struct Missed {
    total: u64,
    accounts: BTreeMap<UserId, u64>,
}

impl Missed {
    /// Counts lost events of an account. Returns how many it had lost before, and how many it has lost now.
    pub(super) fn add(&mut self, account: UserId, lost: u64) -> (u64, u64) {
        self.total += lost;
        let missed = self.accounts.entry(account).or_default();
        let before = *missed;
        *missed += lost;
        let after = *missed;
        // Not at each new account, since all of them are looked at.
        if self.accounts.len() > 2 * MAX_ACCOUNTS {
            self.forget_the_least();
        }
        (before, after)
    }

    /// Keeps the accounts that have lost the most.
    fn forget_the_least(&mut self) {
        let mut counts: Vec<u64> = self.accounts.values().copied().collect();
        let (more, least, _) = counts.select_nth_unstable_by(MAX_ACCOUNTS - 1, |one, other| other.cmp(one));
        let least = *least;
        let mut equal = MAX_ACCOUNTS - more.iter().filter(|count| **count > least).count();
        self.accounts.retain(|_, count| {
            let is_kept = *count > least || *count == least && equal > 0;
            equal -= usize::from(is_kept && *count == least);
            is_kept
        });
    }

    /// Returns the number of all lost events.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Returns the number of each account's lost events.
    #[cfg(any(feature = "server", test))]
    pub(super) fn by_account(&self) -> BTreeMap<UserId, u64> {
        self.accounts.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accounts_that_lose_the_most_are_kept() {
        let mut missed = Missed::default();
        for round in 0..10 {
            for account in 0..1000 {
                missed.add(UserId::new(1 + round * 1000 + account), 1);
            }
            // Two lose more than all others.
            assert_eq!(missed.add(UserId::new(-1), 5), (5 * round as u64, 5 * (round as u64 + 1)));
            missed.add(UserId::new(-2), 2);
        }
        let accounts = missed.by_account();
        assert!((MAX_ACCOUNTS..=2 * MAX_ACCOUNTS).contains(&accounts.len()), "{}", accounts.len());
        assert_eq!((accounts[&UserId::new(-1)], accounts[&UserId::new(-2)]), (50, 20));
        assert_eq!(missed.total(), 10_070);
    }
}
