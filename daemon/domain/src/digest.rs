//! Keyed digests: how an address is remembered without being kept.
//!
//! The keys live in the vault, outside the database; each has a number, and old ones are kept
//! so that what was digested under them still matches. This file only knows the shape.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The number of a digest key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DigestKeyId(pub i32);

/// An HMAC-SHA-256 under a digest key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest {
    /// The key under which it was made.
    pub key: DigestKeyId,
    /// The 32 bytes.
    pub bytes: [u8; 32],
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({}:{:02x}{:02x}…)", self.key.0, self.bytes[0], self.bytes[1])
    }
}

/// The two digests by which an address is known: itself, and its stop key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AddressDigests {
    /// Digest of [`crate::address::EmailAddress::exact_key`].
    pub exact: Digest,
    /// Digest of [`crate::address::EmailAddress::stop_key`].
    pub stop: Digest,
}
