//! How sure we are of who asks, and how sure each act needs us to be.
//!
//! Levels are proofs that stand beside a ticket; the highest that was not revoked counts. A
//! protective block needs none; whatever discloses, changes or destroys needs control of the
//! mailbox on file, or an operator who attests (RULES §1.4, X5).

use jiff::Timestamp;

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

/// A proof of who asks, as far as the level needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// How sure it makes us.
    pub level: IdentityLevel,
    /// What was received later it does not cover: the instant of the question for a challenge,
    /// of the attestation for a person's word. A verified ticket must not vouch for a letter that
    /// somebody forges into it afterwards.
    pub covers_until: Timestamp,
    /// Whether it was revoked.
    pub is_revoked: bool,
}

/// The level that holds for what was received at `received_at`: the highest proof that was not
/// revoked and covers it.
#[must_use]
pub fn level_for(proofs: &[Proof], received_at: Timestamp) -> Option<IdentityLevel> {
    let covering = proofs.iter().filter(|proof| {
        let mail_alone = proof.level < IdentityLevel::Challenge;
        !proof.is_revoked && (mail_alone || received_at <= proof.covers_until)
    });
    covering.map(|proof| proof.level).max()
}

/// By what right somebody acts for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RepresentationKind {
    /// A power of attorney.
    PowerOfAttorney,
    /// A parent of a child.
    Parent,
    /// A guardian by decision of a court or authority.
    Guardian,
    /// An advocate with a warrant.
    Advocate,
    /// Another paper.
    Other,
}

words!(RepresentationKind {
    PowerOfAttorney => "power_of_attorney", Parent => "parent", Guardian => "guardian",
    Advocate => "advocate", Other => "other",
});

#[cfg(test)]
mod tests {
    use jiff::ToSpan;

    use super::*;

    #[test]
    fn a_proof_covers_what_came_before_it_and_not_what_is_forged_later() {
        let asked: Timestamp = "2026-12-04T09:00:00Z".parse().expect("an instant");
        let from = Proof { level: IdentityLevel::From, covers_until: asked, is_revoked: false };
        let challenge = Proof { level: IdentityLevel::Challenge, ..from };
        let proofs = [from, challenge];
        assert_eq!(level_for(&proofs, asked), Some(IdentityLevel::Challenge));
        let later = asked + 1.second();
        assert_eq!(level_for(&proofs, later), Some(IdentityLevel::From));
        let revoked = [from, Proof { is_revoked: true, ..challenge }];
        assert_eq!(level_for(&revoked, asked), Some(IdentityLevel::From));
        assert_eq!(level_for(&[], asked), None);
    }
}
