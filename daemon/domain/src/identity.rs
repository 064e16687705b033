//! How sure we are of who asks, and how sure each act needs us to be.
//!
//! Levels are proofs that stand beside a ticket; the highest that was not revoked counts. A
//! protective block needs none; whatever discloses, changes or destroys needs control of the
//! mailbox on file, or an operator who attests (RULES §1.4, X5).

use crate::{regime::RequestName, words::words};

/// How sure we are of who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentityLevel {
    /// The From address alone: anybody can write it.
    From,
    /// The sender's domain vouches for the mail (aligned DMARC pass).
    Aligned,
    /// Whoever has the mailbox on file answered our challenge.
    Challenge,
    /// A person of ours attests it, with a note of what they saw.
    Attested,
}

words!(IdentityLevel {
    From => "from", Aligned => "aligned", Challenge => "challenge", Attested => "attested",
});

impl IdentityLevel {
    /// The level that carrying out a request needs.
    #[must_use]
    pub fn needed_for(request: RequestName) -> Self {
        match request {
            RequestName::Erasure
            | RequestName::Rectification
            | RequestName::Access
            | RequestName::ConsentWithdrawal
            | RequestName::Objection
            | RequestName::UnlawfulProcessing => Self::Challenge,
            // Nothing is disclosed, changed or destroyed by these alone.
            RequestName::Restriction
            | RequestName::StopMarketing
            | RequestName::StopPublication
            | RequestName::AuthorityRequest
            | RequestName::AuthorityBlock
            | RequestName::AutomatedDecision
            | RequestName::Achieved
            | RequestName::Breach
            | RequestName::Unread => Self::From,
        }
    }
}
