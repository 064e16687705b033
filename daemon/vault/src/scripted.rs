//! Randomness and ids for the tests of this crate: the same in every run.

use std::sync::atomic::{AtomicU64, Ordering};

use domain::ambient::Entropy;
use domain::ids::{JournalEntryId, ObjectId, VaultKeyId};
use uuid::Uuid;

/// A generator that gives other bytes at each call, and the same ones in each run (splitmix64).
#[derive(Default)]
pub(crate) struct Scripted(AtomicU64);

impl Entropy for Scripted {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let seed = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
            let mut z = (seed ^ (seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

pub(crate) fn object(n: u128) -> ObjectId {
    ObjectId(Uuid::from_u128((0x0195_a000_0000_7000_8000 << 48) + n))
}

pub(crate) fn key(n: u128) -> VaultKeyId {
    VaultKeyId(Uuid::from_u128((0x0195_a000_0000_7000_9000 << 48) + n))
}

pub(crate) fn entry(n: u128) -> JournalEntryId {
    JournalEntryId(Uuid::from_u128((0x0195_a000_0000_7000_a000 << 48) + n))
}
