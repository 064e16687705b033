//! One record: magic, length, CRC-32, and a small JSON text.
//!
//! JSON, because a journal must be readable years later, by newer versions and, in need, by a
//! person. The magic lets a reader find the next whole record behind damaged bytes, which tells
//! damage in the middle from a tail that a crash cut short.

use domain::Timestamp;
use domain::digest::{AddressDigests, Digest, DigestKeyId};
use domain::ids::{JournalEntryId, StopNumber};
use domain::journal::{ScopeWords, StopAct, StopIntent};
use serde::{Deserialize, Serialize};

const MAGIC: [u8; 4] = [0xC5, b'S', b'J', 0x1E];
const HEAD: usize = 12;
/// Longer is no record; thousands of digests fit.
const MAX_PAYLOAD: usize = 4 * 1024 * 1024;

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Record {
    /// A stop is about to be committed.
    Intent(Intent),
    /// It was, and got this number.
    Committed { id: JournalEntryId, number: StopNumber },
    /// All stops up to this number are in the journal.
    CaughtUp { through: StopNumber },
}

/// A [`StopIntent`] as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Intent {
    id: JournalEntryId,
    at: Timestamp,
    act: StopAct,
    digests: Vec<WrittenDigests>,
    scope: ScopeWords,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct WrittenDigests {
    exact: WrittenDigest,
    stop: WrittenDigest,
}

/// Key number, colon, 64 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct WrittenDigest(Digest);

impl Record {
    pub(crate) fn intent(intent: &StopIntent) -> Self {
        let digests = intent.digests.iter().map(|pair| WrittenDigests {
            exact: WrittenDigest(pair.exact),
            stop: WrittenDigest(pair.stop),
        });
        Self::Intent(Intent {
            id: intent.id,
            at: intent.at,
            act: intent.act,
            digests: digests.collect(),
            scope: intent.scope.clone(),
        })
    }

    /// Appends the record's bytes.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let payload = serde_json::to_vec(self).expect("a record has no map and no foreign type");
        let length = u32::try_from(payload.len()).expect("a record is far below 4 GiB");
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&checksum(length, &payload).to_le_bytes());
        out.extend_from_slice(&payload);
    }
}

impl Intent {
    pub(crate) fn id(&self) -> JournalEntryId {
        self.id
    }

    pub(crate) fn into_intent(self) -> StopIntent {
        let digests = self
            .digests
            .into_iter()
            .map(|pair| AddressDigests { exact: pair.exact.0, stop: pair.stop.0 });
        StopIntent {
            id: self.id,
            at: self.at,
            act: self.act,
            digests: digests.collect(),
            scope: self.scope,
        }
    }
}

impl From<WrittenDigest> for String {
    fn from(digest: WrittenDigest) -> Self {
        format!("{}:{}", digest.0.key.0, hex::encode(digest.0.bytes))
    }
}

impl TryFrom<String> for WrittenDigest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let (key, digits) = text.split_once(':').ok_or("a digest is key:hex")?;
        let key = key.parse().map(DigestKeyId).map_err(|_| "a digest key is a number")?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| "a digest has 64 hex digits")?;
        Ok(Self(Digest { key, bytes }))
    }
}

fn checksum(length: u32, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length.to_le_bytes());
    hasher.update(payload);
    hasher.finalize()
}

/// What a run of bytes holds.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// Whole records.
    pub(crate) records: Vec<Record>,
    /// Where the last whole record ends: what follows is torn.
    pub(crate) end: usize,
    /// Bytes between whole records that cannot be read.
    pub(crate) damaged: usize,
    /// Where whole records begin that are not understood.
    pub(crate) unreadable: Option<usize>,
}

/// Reads all whole records.
pub(crate) fn scan(bytes: &[u8]) -> Scan {
    let mut scan = Scan::default();
    let mut at = 0;
    while at < bytes.len() {
        let Some(payload) = whole_record(&bytes[at..]) else {
            match next_whole(bytes, at + 1) {
                Some(next) => at = next,
                None => break,
            }
            continue;
        };
        scan.damaged += at - scan.end;
        match serde_json::from_slice(payload) {
            Ok(record) => scan.records.push(record),
            Err(_) => scan.unreadable = scan.unreadable.or(Some(at)),
        }
        at += HEAD + payload.len();
        scan.end = at;
    }
    scan
}

/// The payload of the record that begins here, if it is whole.
fn whole_record(bytes: &[u8]) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(&MAGIC)?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length);
    let size = usize::try_from(length).ok().filter(|size| *size <= MAX_PAYLOAD)?;
    let payload = rest.get(..size)?;
    (checksum(length, payload) == u32::from_le_bytes(*sum)).then_some(payload)
}

fn next_whole(bytes: &[u8], from: usize) -> Option<usize> {
    (from..bytes.len()).find(|at| whole_record(&bytes[*at..]).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn numbers(through: &[i64]) -> Vec<Record> {
        through.iter().map(|n| Record::CaughtUp { through: StopNumber(*n) }).collect()
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let scan = scan(&bytes);
            prop_assert!(scan.end <= bytes.len() && scan.damaged <= scan.end);
        }

        #[test]
        fn one_damaged_byte_costs_at_most_its_own_record(at in 0_usize..300, flip in 1_u8..) {
            let records = numbers(&[1, 2, 3, 4, 5, 6]);
            let mut bytes = Vec::new();
            records.iter().for_each(|record| record.write(&mut bytes));
            let at = at % bytes.len();
            let size = bytes.len() / records.len();
            bytes[at] ^= flip;
            let scan = scan(&bytes);
            let mut rest = records.clone();
            rest.remove(at / size);
            prop_assert_eq!(&scan.records, &rest);
            // In the last record it looks like a torn tail, before it like damage.
            if at / size == records.len() - 1 {
                prop_assert_eq!((scan.end, scan.damaged), (bytes.len() - size, 0));
            } else {
                prop_assert_eq!((scan.end, scan.damaged), (bytes.len(), size));
            }
        }
    }
}
