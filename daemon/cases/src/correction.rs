//! Correcting what is held about a person: proposed with its proof, decided by another, applied
//! while the old value stands, told to whoever got it (152-ФЗ ст. 20 ч. 3, 21 ч. 2; GDPR art. 16, 19).
//!
//! Called by the command line. Old, new and proof are sealed under the key of the matter and are in no
//! log and no letter.

mod applying;
mod editing;
mod mailbox;
mod proposing;
mod unconfirmed;

pub use applying::AppliedCorrections;
pub use editing::{ContactEdit, EditedField};
pub use proposing::{NewCorrection, OpenedCorrection};
