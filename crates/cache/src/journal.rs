//! What has happened lately: the changes, numbered without gaps.
//!
//! The database gives the numbers. An entry knows the number that it was computed at, and the journal tells everything since:
//! so an entry is checked when it is about to be given, and a message that nobody heard cannot make it wrong.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// The latest changes.
#[derive(Debug)]
pub struct Journal<C> {
    /// One more than the number of the last change, and 0 as long as nobody has said where the numbers stand. Written under the
    /// lock, read without it.
    next: AtomicU64,
    kept: RwLock<Kept<C>>,
    most_changes: usize,
    most_bytes: u64,
    bytes_of: fn(&C) -> usize,
}

#[derive(Debug)]
struct Kept<C> {
    /// The latest change is the last.
    changes: VecDeque<(Arc<C>, u64)>,
    bytes: u64,
}

/// Changes that do not begin where the journal ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the journal goes on with change {next}, not {given}: give it those between, or begin it anew")]
pub struct Gap {
    /// The number that would fit.
    pub next: u64,
    /// The number that was given.
    pub given: u64,
}

impl<C> Journal<C> {
    /// A journal that knows nothing yet, not even where the numbers stand. It keeps so many changes at most, and so many
    /// bytes of them by `bytes_of`.
    pub(crate) fn new(most_changes: usize, most_bytes: u64, bytes_of: fn(&C) -> usize) -> Self {
        let kept = Kept { changes: VecDeque::new(), bytes: 0 };
        Self { next: AtomicU64::new(0), kept: RwLock::new(kept), most_changes, most_bytes, bytes_of }
    }

    /// The number of the last change that it was told; 0 before the first.
    #[must_use]
    pub fn present(&self) -> u64 {
        self.known().unwrap_or_default()
    }

    /// The same, and `None` as long as nobody has said where the numbers stand.
    #[must_use]
    pub fn known(&self) -> Option<u64> {
        self.next.load(Ordering::Acquire).checked_sub(1)
    }

    /// Adds changes that are numbered from `first_number` on, and ignores those that it has. The first call may begin
    /// anywhere from 1 on: what is older than its first change is unknown then. Without changes, it says that `first_number`
    /// is the next one.
    pub fn extend(&self, first_number: u64, changes: Vec<Arc<C>>) -> Result<(), Gap> {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        let before_first = first_number.saturating_sub(1);
        let present = self.known().unwrap_or(before_first);
        if before_first > present {
            return Err(Gap { next: present + 1, given: first_number });
        }
        let known = usize::try_from(present - before_first).unwrap_or(usize::MAX);
        let mut number = present;
        for change in changes.into_iter().skip(known) {
            let bytes = u64::try_from((self.bytes_of)(&change)).unwrap_or(u64::MAX);
            kept.bytes = kept.bytes.saturating_add(bytes);
            kept.changes.push_back((change, bytes));
            number += 1;
        }
        while kept.changes.len() > self.most_changes || kept.bytes > self.most_bytes {
            let Some((_, bytes)) = kept.changes.pop_front() else { break };
            kept.bytes = kept.bytes.saturating_sub(bytes);
        }
        self.next.store(number.saturating_add(1), Ordering::Release);
        Ok(())
    }

    /// Forgets everything, so that the next [`Journal::extend`] may begin anywhere: for a caller who cannot give the changes
    /// between. Entries that are older than what comes next are not given any more. A database that was put back to an
    /// earlier state counts its numbers a second time: clear the cache as well.
    pub fn begin_anew(&self) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        *kept = Kept { changes: VecDeque::new(), bytes: 0 };
        self.next.store(0, Ordering::Release);
    }

    /// The changes after `as_of`, oldest first; `None` when it does not know all of them.
    #[must_use]
    pub fn since(&self, as_of: u64) -> Option<Vec<Arc<C>>> {
        self.until_present(as_of).map(|(changes, _)| changes)
    }

    /// The changes after `as_of`, and the number of the last one; `None` when it does not know all of them.
    pub(crate) fn until_present(&self, as_of: u64) -> Option<(Vec<Arc<C>>, u64)> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let present = self.known()?;
        // What was computed later than this process knows has seen every change that it knows.
        let wanted = usize::try_from(present.saturating_sub(as_of)).ok()?;
        let known = kept.changes.len().checked_sub(wanted)?;
        Some((kept.changes.range(known..).map(|(change, _)| Arc::clone(change)).collect(), present))
    }

    /// What the kept changes take, in bytes by the weight that they were given.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).bytes
    }

    /// How many changes are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).changes.len()
    }

    /// Whether no change is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn journal(most_changes: usize) -> Journal<u64> {
        Journal::new(most_changes, 1_000, |_| 10)
    }

    fn numbered(from: u64, to: u64) -> Vec<Arc<u64>> {
        (from..to).map(Arc::new).collect()
    }

    fn since(journal: &Journal<u64>, as_of: u64) -> Option<Vec<u64>> {
        journal.since(as_of).map(|changes| changes.iter().map(|change| **change).collect())
    }

    #[test]
    fn it_knows_nothing_before_it_was_told() {
        let journal = journal(3);
        assert_eq!((journal.present(), journal.since(0)), (0, None));
        journal.extend(1, Vec::new()).unwrap();
        assert_eq!((journal.present(), journal.since(0)), (0, Some(Vec::new())));
    }

    #[test]
    fn it_may_begin_anywhere_and_refuses_a_gap() {
        let journal = journal(10);
        journal.extend(100, numbered(100, 103)).unwrap();
        assert_eq!(journal.present(), 102);
        assert_eq!([since(&journal, 98), since(&journal, 99)], [None, Some(vec![100, 101, 102])]);
        assert_eq!(journal.extend(104, numbered(104, 105)), Err(Gap { next: 103, given: 104 }));
        journal.extend(101, numbered(101, 105)).unwrap();
        assert_eq!(since(&journal, 101), Some(vec![102, 103, 104]));
        // What is known already changes nothing.
        journal.extend(1, numbered(1, 50)).unwrap();
        assert_eq!((journal.present(), journal.len()), (104, 5));
        // Later than the present.
        assert_eq!(since(&journal, 200), Some(Vec::new()));
    }

    #[test]
    fn it_is_bounded_by_bytes() {
        let journal = Journal::new(100, 35, |change: &u64| if *change == 9 { 36 } else { 10 });
        journal.extend(1, numbered(1, 6)).unwrap();
        assert_eq!((journal.bytes(), since(&journal, 2)), (30, Some(vec![3, 4, 5])));
        assert_eq!(journal.since(1), None);
        journal.extend(6, numbered(9, 10)).unwrap();
        // Not even the last one fits: whatever is older than it is unknown.
        assert_eq!(
            (journal.bytes(), journal.present(), journal.since(5), since(&journal, 6)),
            (0, 6, None, Some(vec![]))
        );
    }

    #[test]
    fn it_can_begin_anew() {
        let journal = journal(10);
        journal.extend(1, numbered(1, 5)).unwrap();
        journal.begin_anew();
        assert_eq!((journal.present(), journal.since(4)), (0, None));
        journal.extend(50, numbered(50, 51)).unwrap();
        assert_eq!([since(&journal, 4), since(&journal, 49)], [None, Some(vec![50])]);
    }

    proptest! {
        #[test]
        fn it_tells_all_changes_since_or_nothing(
            begin in 1_u64..5, told in proptest::collection::vec((0_u64..30, 0_u64..8), 1..20), most in 1_usize..20,
        ) {
            let journal = journal(most);
            let mut present = None;
            for (first, count) in told {
                let first = first + begin;
                let fits = present.is_none_or(|present| first <= present + 1);
                prop_assert_eq!(journal.extend(first, numbered(first, first + count)).is_ok(), fits);
                if fits {
                    present = Some(present.unwrap_or(0).max(first + count - 1));
                }
            }
            let present = present.unwrap();
            prop_assert_eq!(journal.present(), present);
            prop_assert!(journal.len() <= most);
            for as_of in 0..present + 2 {
                let expected: Vec<u64> = (as_of + 1..=present).collect();
                if let Some(changes) = since(&journal, as_of) {
                    prop_assert_eq!(&changes, &expected);
                }
                prop_assert!(journal.since(present.saturating_sub(journal.len() as u64)).is_some());
            }
        }
    }
}
