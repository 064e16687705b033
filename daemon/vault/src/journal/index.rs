//! What the writer remembers of the journal: intents without a commit, and how far the journal
//! is known to be whole.
//!
//! Numbers of committed stops have no holes (one counter row, raised in the transaction), so the
//! mark moves on by itself while this node makes all stops; with several nodes, or after an
//! outage of the journal, catching up closes the gaps.

use std::collections::{BTreeSet, HashSet};

use domain::ids::{JournalEntryId, StopNumber};

use super::record::Record;

/// The memory of a writer.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Intents without a commit.
    open: HashSet<JournalEntryId>,
    /// Committed numbers above the mark.
    numbers: BTreeSet<i64>,
    /// Every stop up to this number is here.
    mark: i64,
    /// The mark at the last sync that succeeded.
    synced_mark: i64,
    pub(super) intents: usize,
}

impl Index {
    pub(super) fn note(&mut self, record: &Record) {
        match record {
            Record::Intent(intent) => {
                self.intents += 1;
                self.open.insert(intent.id());
            }
            Record::Committed { id, number } => {
                self.open.remove(id);
                if number.0 > self.mark {
                    self.numbers.insert(number.0);
                }
            }
            Record::CaughtUp { through } => {
                self.mark = self.mark.max(through.0);
                self.numbers = self.numbers.split_off(&self.mark.saturating_add(1));
            }
        }
        while self.numbers.first() == Some(&self.mark.saturating_add(1)) {
            self.numbers.pop_first();
            self.mark += 1;
        }
    }

    /// All that was noted so far is durable.
    pub(super) fn synced(&mut self) {
        self.synced_mark = self.mark;
    }

    /// A sync failed: what was noted since the last one may be lost, and is to be offered again.
    pub(super) fn fall_back(&mut self) {
        self.mark = self.synced_mark;
        self.numbers.clear();
        self.open.clear();
    }

    pub(super) fn mark(&self) -> StopNumber {
        StopNumber(self.mark)
    }

    pub(super) fn without_commit(&self) -> usize {
        self.open.len()
    }

    pub(super) fn has_number(&self, number: StopNumber) -> bool {
        number.0 <= self.mark || self.numbers.contains(&number.0)
    }

    pub(super) fn has_open(&self, id: JournalEntryId) -> bool {
        self.open.contains(&id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn committed(number: i64) -> Record {
        let id = JournalEntryId(uuid::Uuid::from_u128(number.unsigned_abs().into()));
        Record::Committed { id, number: StopNumber(number) }
    }

    #[test]
    fn the_mark_stops_at_the_first_hole() {
        let mut index = Index::default();
        for (number, mark) in [(1, 1), (2, 2), (4, 2), (5, 2), (3, 5)] {
            index.note(&committed(number));
            assert_eq!(index.mark(), StopNumber(mark), "after {number}");
        }
        index.note(&committed(9));
        index.note(&Record::CaughtUp { through: StopNumber(8) });
        assert_eq!(index.mark(), StopNumber(9));
    }

    #[test]
    fn after_a_failed_sync_the_unsynced_is_asked_for_again() {
        let mut index = Index::default();
        index.note(&committed(1));
        index.synced();
        index.note(&committed(2));
        index.note(&committed(4));
        index.fall_back();
        assert_eq!(index.mark(), StopNumber(1));
        assert!(!index.has_number(StopNumber(2)) && !index.has_number(StopNumber(4)));
    }
}
