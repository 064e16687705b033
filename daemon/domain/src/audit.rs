//! The seal of the audit log: a hash over the previous hash and a run of events.
//!
//! Whoever changes, drops or adds a sealed event changes every later hash; the last one is
//! anchored outside the database (invariant 13).

pub mod proof;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::ids::AuditEventId;

/// The hash before the first batch.
pub const GENESIS: [u8; 32] = [0; 32];

/// One event: who did what to what, when. Ids and digests, never addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// Its row.
    pub id: AuditEventId,
    /// When.
    pub at: Timestamp,
    /// Who: `filing`, `dispatch`, or a person of ours.
    pub actor: String,
    /// What was done.
    pub act: String,
    /// To what, as `thing:id`.
    pub subject: String,
    /// More, as JSON.
    pub detail: String,
}

/// The hash of a batch: SHA-256 over the previous hash and, for each event in order, its fields,
/// each with its length in front so that none can flow into the next.
#[must_use]
pub fn seal_hash(previous: &[u8; 32], events: &[AuditEvent]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(previous);
    for event in events {
        hasher.update(event.id.0.to_be_bytes());
        hasher.update(event.at.as_microsecond().to_be_bytes());
        for field in [&event.actor, &event.act, &event.subject, &event.detail] {
            hasher.update((field.len() as u64).to_be_bytes());
            hasher.update(field.as_bytes());
        }
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(actor: &str, act: &str) -> AuditEvent {
        AuditEvent {
            id: AuditEventId(1),
            at: Timestamp::UNIX_EPOCH,
            actor: actor.into(),
            act: act.into(),
            subject: "ticket:1".into(),
            detail: "{}".into(),
        }
    }

    #[test]
    fn any_change_of_an_event_changes_the_seal() {
        let sealed = seal_hash(&GENESIS, &[event("a", "bc")]);
        assert_ne!(sealed, seal_hash(&GENESIS, &[event("ab", "c")]));
        assert_ne!(sealed, seal_hash(&[1; 32], &[event("a", "bc")]));
        assert_ne!(sealed, seal_hash(&GENESIS, &[]));
    }
}
