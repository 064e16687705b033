//! What must outlive, or stay outside, the database: raw mail and packages as encrypted objects,
//! their keys, the keyed digests by which addresses are remembered, and the stop journal.
//!
//! `intake`, `cases`, `mailing` and `web` call it; it knows no tables and decides nothing about
//! people. Three roots: [`Vault`] (objects and keys), [`Digests`], [`StopJournal`]. Destroying a
//! key destroys every copy of what was encrypted under it, backups of the objects included.

mod config;
mod digests;
mod durable;
mod envelope;
mod error;
mod journal;
mod keys;
mod mount;
mod objects;
mod origin;
mod proof_key;
mod proofs;
#[cfg(test)]
mod scripted;
mod shard;
pub mod tokens;
mod vault;

pub use config::{Addressing, ObjectsLocation, S3Location, VaultConfig};
pub use digests::{Digests, Purpose, RawDigest};
pub use domain::journal::{CommittedStop, InvalidScopeWords, ScopeWords, StopAct, StopIntent};
pub use error::VaultError;
pub use journal::{CaughtUp, JournalError, JournalReport, Replayed, StopJournal, replay};
pub use origin::Origin;
pub use proof_key::{ProofKey, proof_key_fingerprint, proof_key_pem, verify_proof};
pub use proofs::ProofFiles;
pub use tokens::{MailToken, TokenKind};
pub use vault::{NewObject, Rekeyed, Vault};
