//! Where a mail came from and when, kept inside its object: a restore files again what its
//! database does not know, with the time of its receipt.
//!
//! It is a skippable frame (RFC 8878 §3.1.2) behind the frame of the content, encrypted with it:
//! whoever reads the content passes it over, earlier versions too, and it dies with the key.

use domain::Timestamp;
use serde::{Deserialize, Serialize};

/// One of the magic numbers that the format leaves to its users.
const MAGIC: u32 = 0x184D_2A5C;
/// Magic and length.
const HEAD: usize = 8;

/// Where an object came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The configured name of the mailbox.
    pub mailbox: String,
    /// The server's receipt.
    pub received_at: Timestamp,
}

impl Origin {
    /// The frame that says it; nothing where it cannot be said.
    pub(crate) fn frame(&self) -> Vec<u8> {
        let text = serde_json::to_vec(self).unwrap_or_default();
        let Ok(length) = u32::try_from(text.len()) else { return Vec::new() };
        let mut frame = Vec::with_capacity(HEAD + text.len());
        frame.extend_from_slice(&MAGIC.to_le_bytes());
        frame.extend_from_slice(&length.to_le_bytes());
        frame.extend_from_slice(&text);
        frame
    }

    /// What stands behind the first frame, if it is one of these.
    pub(crate) fn behind(packed: &[u8]) -> Option<Self> {
        let content = zstd::zstd_safe::find_frame_compressed_size(packed).ok()?;
        let rest = packed.get(content..)?.strip_prefix(&MAGIC.to_le_bytes())?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        serde_json::from_slice(rest.get(..length)?).ok()
    }
}
