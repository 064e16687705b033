//! Reading everything back after a restore.
//!
//! Takes the segments of every node in a directory. An entry in several journals, or caught up
//! twice, is one. Nothing is changed, so it can run beside a daemon.

use std::collections::HashMap;
use std::path::Path;

use domain::ids::{JournalEntryId, StopNumber};
use domain::journal::StopIntent;

use super::error::JournalError;
use super::record::Record;
use super::{JournalReport, segment};

/// A stop as the journal knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// What was intended.
    pub intent: StopIntent,
    /// The number it got; none: nobody noted a commit, so it is a stop to be looked at.
    pub number: Option<StopNumber>,
}

/// Reads the journals of all nodes in `directory`: the committed stops by number, then those
/// without a commit by time. Blocks; meant for `restore`.
///
/// # Errors
/// When a segment cannot be read or is of a newer version. Torn and damaged bytes are no error
/// but counted in the report.
pub fn replay(directory: &Path) -> Result<(Vec<Replayed>, JournalReport), JournalError> {
    let mut report = JournalReport::default();
    let mut intents: HashMap<JournalEntryId, StopIntent> = HashMap::new();
    let mut numbers: HashMap<JournalEntryId, StopNumber> = HashMap::new();
    for (_, _, path) in segment::all(directory)? {
        let (scan, torn) = segment::read_only(&path)?;
        report.segments += 1;
        report.torn_bytes += torn;
        report.damaged_bytes += scan.damaged as u64;
        for record in scan.records {
            match record {
                Record::Intent(intent) => {
                    report.intents += 1;
                    intents.insert(intent.id(), intent.into_intent());
                }
                Record::Committed { id, number } => {
                    numbers.insert(id, number);
                }
                Record::CaughtUp { .. } => {}
            }
        }
    }
    let mut stops: Vec<Replayed> = intents
        .into_values()
        .map(|intent| Replayed { number: numbers.get(&intent.id).copied(), intent })
        .collect();
    stops.sort_by_key(|stop| (stop.number.is_none(), stop.number, stop.intent.at, stop.intent.id));
    report.without_commit = stops.iter().filter(|stop| stop.number.is_none()).count();
    Ok((stops, report))
}
