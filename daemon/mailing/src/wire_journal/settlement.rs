//! What the journal of a dead process says about the rows that it had claimed.
//!
//! Read by [`super::open`], asked by dispatch for each claimed row before anything is sent. A
//! pure table: claim, traces, boot id in; verdict out.

use std::collections::{BTreeSet, HashMap};

use super::record::{Attempt, BootId, EpochId, Record};
use crate::outcome::Outcome;

/// What is true of a claimed row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was said to a server: back to the state before the claim, and the attempt counts
    /// as none.
    Unstarted,
    /// It may or may not have been sent.
    Uncertain,
    /// The server answered.
    Ended(Outcome),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Trace {
    Started,
    Ended(Outcome),
}

/// Everything that the segments told.
#[derive(Debug, Default)]
pub struct Settlement {
    epochs: HashMap<EpochId, BootId>,
    /// Under which names these processes claimed.
    nodes: BTreeSet<String>,
    traces: HashMap<(EpochId, Attempt), Trace>,
}

impl Settlement {
    /// Reads one segment; segments are read oldest first. Reading ends at the first record that
    /// is torn or damaged.
    pub(super) fn read_segment(&mut self, mut bytes: &[u8]) {
        let mut epoch = None;
        while let Some((record, length)) = Record::read(bytes) {
            bytes = bytes.get(length..).unwrap_or_default();
            match (record, epoch) {
                (Record::Epoch(begun), _) => {
                    epoch = Some(begun.id);
                    self.epochs.insert(begun.id, begun.boot);
                    self.nodes.insert(begun.node);
                }
                (Record::Start(start), Some(epoch)) => {
                    self.traces.insert((epoch, start.attempt), Trace::Started);
                }
                (Record::End { attempt, outcome }, Some(epoch)) => {
                    self.traces.insert((epoch, attempt), Trace::Ended(outcome));
                }
                // A segment begins with its epoch; what has none proves nothing.
                (Record::Start(_) | Record::End { .. }, None) => {}
            }
        }
    }

    /// What is true of a row that was claimed for `attempt` in the epoch `claimed_in`, asked in
    /// the boot `now_in`.
    ///
    /// An END that can be read is true whatever happened after it. Its absence proves something
    /// only if nothing can be missing: the epoch is known and the machine was not started anew.
    #[must_use]
    pub fn verdict(&self, attempt: Attempt, claimed_in: EpochId, now_in: &BootId) -> Verdict {
        let Some(boot) = self.epochs.get(&claimed_in) else {
            return Verdict::Uncertain;
        };
        let whole = boot == now_in;
        match self.traces.get(&(claimed_in, attempt)) {
            Some(Trace::Ended(Outcome::NotSent)) | None if whole => Verdict::Unstarted,
            // After a crash of the machine a later START of the same attempt may be lost.
            Some(Trace::Ended(Outcome::NotSent)) | None => Verdict::Uncertain,
            Some(Trace::Started) => Verdict::Uncertain,
            Some(Trace::Ended(outcome)) => Verdict::Ended(outcome.clone()),
        }
    }

    /// The attempts that ended, with their outcomes: rows that somebody else settled as
    /// uncertain meanwhile take them over, unless they were sent again.
    pub fn ended(&self) -> impl Iterator<Item = (Attempt, &Outcome)> {
        self.traces.iter().filter_map(|((_, attempt), trace)| match trace {
            Trace::Ended(Outcome::NotSent) | Trace::Started => None,
            Trace::Ended(outcome) => Some((*attempt, outcome)),
        })
    }

    /// The epochs of earlier processes that the journal knows.
    pub fn epochs(&self) -> impl Iterator<Item = EpochId> {
        self.epochs.keys().copied()
    }

    /// The names of the nodes that these processes were: usually one, more when a node got
    /// another name over the same directory.
    pub fn nodes(&self) -> impl Iterator<Item = &str> {
        self.nodes.iter().map(String::as_str)
    }

    /// Whether an earlier process left anything at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.epochs.is_empty()
    }
}
