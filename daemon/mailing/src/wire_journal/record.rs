//! The records of the wire journal and their frame.
//!
//! A frame is length, CRC-32 of the payload, payload (JSON, so that a person can read it with a
//! pager after an accident). A frame that is cut or does not check ends the reading: what stands
//! behind it was never acknowledged. Records hold numbers and codes, never an address or a text.

use std::fmt;
use std::time::Duration;

use domain::ids::{DeliveryId, StopNumber};
use serde::{Deserialize, Serialize};

use crate::outcome::Outcome;

/// No record comes near this; a longer one is damage.
const MAX_PAYLOAD: usize = 16 * 1024;
const FRAME_HEAD: usize = 8;

/// One boot of the machine, as the kernel names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BootId(pub String);

impl BootId {
    /// The present boot of this machine.
    ///
    /// # Errors
    /// When the kernel does not tell (no `/proc`).
    pub fn of_this_machine() -> std::io::Result<Self> {
        let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
        Ok(Self(text.trim().to_owned()))
    }
}

/// One start of the daemon on a node: 16 random bytes, recorded by each claim.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EpochId(pub [u8; 16]);

impl EpochId {
    /// Reads the 32 hexadecimal digits that [`fmt::Display`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).ok().map(|()| Self(bytes))
    }
}

impl fmt::Display for EpochId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for EpochId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EpochId({self})")
    }
}

impl Serialize for EpochId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EpochId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not 32 hexadecimal digits"))
    }
}

/// The epoch record: who writes what follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Epoch {
    /// The node's name in the database.
    pub node: String,
    /// The boot of the machine it runs in.
    pub boot: BootId,
    /// Its random number.
    pub id: EpochId,
}

/// One attempt of one delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Attempt {
    /// The row of the ledger.
    pub delivery: DeliveryId,
    /// 1 for the first claim that counts.
    pub number: u32,
}

/// The record before `MAIL FROM`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// What is started.
    #[serde(flatten)]
    pub attempt: Attempt,
    /// The stop sequence as the sender saw it.
    pub stop_number: StopNumber,
    /// When it saw it, on the boot clock.
    pub view_at: Duration,
}

/// A record of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    /// The first record of each segment.
    Epoch(Epoch),
    /// Before the first byte of the envelope.
    Start(Start),
    /// After the final reply, or when there will be none.
    End {
        /// What ended.
        #[serde(flatten)]
        attempt: Attempt,
        /// How.
        outcome: Outcome,
    },
}

impl Record {
    /// The whole frame, for one write call.
    ///
    /// # Errors
    /// Only if the record cannot be expressed, which no value of these types is.
    pub fn frame(&self) -> std::io::Result<Vec<u8>> {
        let payload = serde_json::to_vec(self)?;
        let length = u32::try_from(payload.len()).map_err(std::io::Error::other)?;
        let mut frame = Vec::with_capacity(FRAME_HEAD + payload.len());
        frame.extend_from_slice(&length.to_le_bytes());
        frame.extend_from_slice(&crc32fast::hash(&payload).to_le_bytes());
        frame.extend_from_slice(&payload);
        Ok(frame)
    }

    /// The record at the start of `bytes` and its frame's length; `None` when it is torn or
    /// damaged.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<(Self, usize)> {
        let head: &[u8; FRAME_HEAD] = bytes.first_chunk()?;
        let [l0, l1, l2, l3, c0, c1, c2, c3] = *head;
        let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).ok()?;
        if length > MAX_PAYLOAD {
            return None;
        }
        let payload = bytes.get(FRAME_HEAD..FRAME_HEAD + length)?;
        if crc32fast::hash(payload) != u32::from_le_bytes([c0, c1, c2, c3]) {
            return None;
        }
        let record = serde_json::from_slice(payload).ok()?;
        Some((record, FRAME_HEAD + length))
    }
}
