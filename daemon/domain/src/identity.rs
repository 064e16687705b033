//! How sure we are of who asks, and how sure each act needs us to be.
//!
//! Levels are proofs that stand beside a ticket; the highest that was not revoked counts. A
//! protective block needs none; whatever discloses, changes or destroys needs control of the
//! mailbox on file, or an operator who attests (RULES §1.4, X5).

use crate::{
    authentication::SenderAuthentication, ids::RequestId, regime::RequestName, words::words,
};

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
    /// What a mail itself shows: its domain vouches for it, or nothing but the From address does.
    #[must_use]
    pub fn of_mail(authentication: SenderAuthentication) -> Self {
        match authentication {
            SenderAuthentication::Pass => Self::Aligned,
            SenderAuthentication::Fail
            | SenderAuthentication::Unknown
            | SenderAuthentication::None => Self::From,
        }
    }

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
    /// The newest request that it covers: the last one there was when the question was asked, or
    /// when the operator attested. A verified ticket must not vouch for a letter that somebody
    /// forges into it afterwards. None for what a mail itself shows: that covers all.
    pub newest: Option<RequestId>,
    /// Whether it was revoked.
    pub is_revoked: bool,
}

/// The level that holds for a request: the highest proof that was not revoked and covers it.
#[must_use]
pub fn level_for(proofs: &[Proof], request: RequestId) -> Option<IdentityLevel> {
    let covers = |proof: &&Proof| match (proof.level, proof.newest) {
        (IdentityLevel::From | IdentityLevel::Aligned, _) => true,
        (IdentityLevel::Challenge | IdentityLevel::Attested, newest) => newest >= Some(request),
    };
    let holding = proofs.iter().filter(|proof| !proof.is_revoked).filter(covers);
    holding.map(|proof| proof.level).max()
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
    use super::*;

    #[test]
    fn a_proof_covers_what_came_before_it_and_not_what_is_forged_later() {
        let from = Proof { level: IdentityLevel::From, newest: None, is_revoked: false };
        let challenge =
            Proof { level: IdentityLevel::Challenge, newest: Some(RequestId(7)), ..from };
        let proofs = [from, challenge];
        assert_eq!(level_for(&proofs, RequestId(7)), Some(IdentityLevel::Challenge));
        assert_eq!(level_for(&proofs, RequestId(8)), Some(IdentityLevel::From));
        let revoked = [from, Proof { is_revoked: true, ..challenge }];
        assert_eq!(level_for(&revoked, RequestId(7)), Some(IdentityLevel::From));
        // A ticket without a request at that time covers none.
        let early = Proof { newest: None, ..challenge };
        assert_eq!(level_for(&[early], RequestId(1)), None);
    }
}
