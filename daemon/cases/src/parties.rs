//! Third parties: who gets data from us, what was disclosed on which ground, and the notices that
//! those who have data get when these change or go (152-FZ art. 20(3), 21; GDPR art. 19).
//!
//! The letters to recipients are rows of the ledger like all mail; each is sealed under a key of
//! its own, which is destroyed when the letter has left.

mod blocking;
mod changing;
mod disclosing;
mod notifying;
mod registering;
mod wording;

pub use disclosing::{DisclosureToRecord, REGISTER_HEADING};
pub use notifying::PreparedNotices;
