//! One outgoing mail to one recipient: planned → claimed → accepted, deferred, rejected,
//! uncertain or withheld.
//!
//! The ledger row of every mail that leaves. Attempt and lease are checked by the store when it
//! writes a state; what follows from what is decided here.

use jiff::Timestamp;

use crate::words::{InvalidTransition, words};

/// What law and basis a mail goes out under; the gate asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// A campaign, or a step marked so.
    Advertising,
    /// A step of a series.
    Training,
    /// Access mail and the like: a relation exists.
    Transactional,
    /// The person's own act asks for it: double opt-in.
    Confirmation,
    /// Owed by law or answering a person's letter.
    Statutory,
    /// To our own people.
    Staff,
}

words!(Class {
    Advertising => "advertising", Training => "training", Transactional => "transactional",
    Confirmation => "confirmation", Statutory => "statutory", Staff => "staff",
});

impl Class {
    /// The order in which due mail leaves; smaller goes first.
    #[must_use]
    pub fn rank(self) -> i64 {
        match self {
            Self::Statutory | Self::Staff => 0,
            Self::Confirmation | Self::Transactional => 1,
            Self::Training => 2,
            Self::Advertising => 3,
        }
    }
}

/// What a mail is, inside its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Occasion {
    /// An issue of a newsletter.
    Campaign,
    /// A step of a series.
    Step,
    /// "We received your letter".
    Acknowledgement,
    /// "Was it you?"
    Challenge,
    /// The answer to a request.
    Answer,
    /// Anything else owed inside a ticket.
    Notice,
    /// Access to the training space.
    Access,
    /// The one mail of a double opt-in.
    Confirmation,
    /// To our own people.
    Alarm,
}

words!(Occasion {
    Campaign => "campaign", Step => "step", Acknowledgement => "acknowledgement",
    Challenge => "challenge", Answer => "answer", Notice => "notice", Access => "access",
    Confirmation => "confirmation", Alarm => "alarm",
});

/// The states without what they carry, as in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryStateName {
    /// See [`DeliveryState::Planned`].
    Planned,
    /// See [`DeliveryState::Claimed`].
    Claimed,
    /// See [`DeliveryState::Accepted`].
    Accepted,
    /// See [`DeliveryState::Deferred`].
    Deferred,
    /// See [`DeliveryState::Rejected`].
    Rejected,
    /// See [`DeliveryState::Uncertain`].
    Uncertain,
    /// See [`DeliveryState::Withheld`].
    Withheld,
}

words!(DeliveryStateName {
    Planned => "planned", Claimed => "claimed", Accepted => "accepted", Deferred => "deferred",
    Rejected => "rejected", Uncertain => "uncertain", Withheld => "withheld",
});

/// Where a delivery stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryState {
    /// Never tried.
    Planned,
    /// A node is about to send attempt `attempt`.
    Claimed {
        /// Counted from 1.
        attempt: u32,
        /// The node's epoch.
        epoch: String,
        /// Until when, by the database's clock.
        leased_until_at: Timestamp,
    },
    /// The relay took it.
    Accepted {
        /// When.
        at: Timestamp,
    },
    /// To be tried again after so many attempts.
    Deferred {
        /// Attempts made, at least 1.
        attempts: u32,
        /// Not before.
        next_try_at: Timestamp,
    },
    /// The relay refused it for good, or it expired.
    Rejected {
        /// When.
        at: Timestamp,
    },
    /// The bytes may have been taken: nobody knows.
    Uncertain {
        /// Since when.
        at: Timestamp,
    },
    /// Not to be sent.
    Withheld {
        /// Why.
        reason: WithholdReason,
    },
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutcomeKind {
    /// 2xx after the final dot.
    Accepted,
    /// 4xx, or the connection was lost before the final dot.
    Deferred,
    /// 5xx.
    Rejected,
    /// The connection was lost from the dot on.
    Uncertain,
}

words!(OutcomeKind {
    Accepted => "accepted", Deferred => "deferred", Rejected => "rejected",
    Uncertain => "uncertain",
});

/// Why a recipient is excluded or a mail withheld; the first that holds counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WithholdReason {
    /// No address to mail.
    NoAddress,
    /// The address is in the audience already.
    DuplicateAddress,
    /// The person was erased.
    Erased,
    /// The address does not exist.
    HardBounce,
    /// The person complained.
    Complaint,
    /// Suppressed by hand.
    Manual,
    /// All processing is blocked.
    FullBlock,
    /// The purpose of this mail, or the e-mail field, is blocked.
    PurposeBlock,
    /// Advertising is blocked.
    MarketingBlock,
    /// The person left everything.
    UnsubscribedAll,
    /// The person left this list.
    Unsubscribed,
    /// The subscription was never confirmed.
    NotConfirmed,
    /// There is no consent that can be shown.
    NoProvenConsent,
    /// The person is not enrolled.
    NotEnrolled,
    /// Over the cap.
    Cap,
    /// The campaign was cancelled.
    Cancelled,
    /// The content could not be made.
    RenderFailed,
}

words!(WithholdReason {
    NoAddress => "no_address", DuplicateAddress => "duplicate_address", Erased => "erased",
    HardBounce => "hard_bounce", Complaint => "complaint", Manual => "manual",
    FullBlock => "full_block", PurposeBlock => "purpose_block",
    MarketingBlock => "marketing_block", UnsubscribedAll => "unsubscribed_all",
    Unsubscribed => "unsubscribed", NotConfirmed => "not_confirmed",
    NoProvenConsent => "no_proven_consent", NotEnrolled => "not_enrolled", Cap => "cap",
    Cancelled => "cancelled", RenderFailed => "render_failed",
});

impl DeliveryState {
    /// The word of the state.
    #[must_use]
    pub fn name(&self) -> DeliveryStateName {
        match self {
            Self::Planned => DeliveryStateName::Planned,
            Self::Claimed { .. } => DeliveryStateName::Claimed,
            Self::Accepted { .. } => DeliveryStateName::Accepted,
            Self::Deferred { .. } => DeliveryStateName::Deferred,
            Self::Rejected { .. } => DeliveryStateName::Rejected,
            Self::Uncertain { .. } => DeliveryStateName::Uncertain,
            Self::Withheld { .. } => DeliveryStateName::Withheld,
        }
    }

    /// A node takes it to send it.
    ///
    /// # Errors
    /// [`InvalidTransition`] unless planned or deferred.
    pub fn claim(self, epoch: &str, leased_until_at: Timestamp) -> Result<Self, InvalidTransition> {
        let claimed = |attempt| Self::Claimed { attempt, epoch: epoch.to_owned(), leased_until_at };
        match self {
            Self::Planned => Ok(claimed(1)),
            Self::Deferred { attempts, .. } => Ok(claimed(attempts.saturating_add(1))),
            other => Err(other.refuse("be claimed")),
        }
    }

    /// No byte of this attempt left: back to what it was before the claim.
    ///
    /// # Errors
    /// [`InvalidTransition`] unless claimed.
    pub fn give_back(self, now: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Claimed { attempt: 0 | 1, .. } => Ok(Self::Planned),
            Self::Claimed { attempt, .. } => {
                Ok(Self::Deferred { attempts: attempt - 1, next_try_at: now })
            }
            other => Err(other.refuse("be given back")),
        }
    }

    /// The outcome of the claimed attempt. A deferral past `expires_at` is a rejection.
    ///
    /// # Errors
    /// [`InvalidTransition`] unless claimed; a late outcome also settles an uncertain row.
    pub fn settle(
        self,
        outcome: OutcomeKind,
        now: Timestamp,
        next_try_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Self, InvalidTransition> {
        let attempts = match &self {
            Self::Claimed { attempt, .. } => (*attempt).max(1),
            Self::Uncertain { .. } => 1,
            _ => return Err(self.refuse("be settled")),
        };
        Ok(match outcome {
            OutcomeKind::Accepted => Self::Accepted { at: now },
            OutcomeKind::Rejected => Self::Rejected { at: now },
            OutcomeKind::Uncertain => Self::Uncertain { at: now },
            OutcomeKind::Deferred if next_try_at > expires_at => Self::Rejected { at: now },
            OutcomeKind::Deferred => Self::Deferred { attempts, next_try_at },
        })
    }

    /// A person has it tried once more, with the same Message-ID: what was refused, or what nobody
    /// knows of.
    ///
    /// # Errors
    /// [`InvalidTransition`] unless rejected or uncertain.
    pub fn retry(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Rejected { .. } | Self::Uncertain { .. } => Ok(Self::Planned),
            other => Err(other.refuse("be tried again")),
        }
    }

    /// The gate, a cancel or a failed rendering keeps it back.
    ///
    /// # Errors
    /// [`InvalidTransition`] when it left or ended already.
    pub fn withhold(self, reason: WithholdReason) -> Result<Self, InvalidTransition> {
        match self {
            Self::Planned | Self::Deferred { .. } | Self::Claimed { .. } => {
                Ok(Self::Withheld { reason })
            }
            other => Err(other.refuse("be withheld")),
        }
    }

    fn refuse(&self, step: &'static str) -> InvalidTransition {
        InvalidTransition { machine: "delivery", from: self.name().name(), step }
    }
}

/// What becomes of a row whose attempt is uncertain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UncertainFate {
    /// Sent once more with the same Message-ID.
    ResendOnce,
    /// A person decides.
    Task,
    /// Shown; a person may resend it by hand.
    Leave,
}

/// A statutory mail is resent once, then becomes a task; an acknowledgement becomes a task at
/// once; everything else is left.
#[must_use]
pub fn uncertain_fate(class: Class, occasion: Occasion, resent: Resent) -> UncertainFate {
    match (class, occasion, resent) {
        (Class::Statutory, Occasion::Acknowledgement, _) | (Class::Statutory, _, Resent::Once) => {
            UncertainFate::Task
        }
        (Class::Statutory, _, Resent::Never) => UncertainFate::ResendOnce,
        (
            Class::Advertising
            | Class::Training
            | Class::Transactional
            | Class::Confirmation
            | Class::Staff,
            ..,
        ) => UncertainFate::Leave,
    }
}

/// Whether a mail went out a second time after an uncertain attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resent {
    /// Not yet.
    Never,
    /// Once.
    Once,
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn claimed() -> DeliveryState {
        DeliveryState::Planned.claim("epoch", NOW + 60.seconds()).expect("planned")
    }

    #[test]
    fn what_was_not_started_goes_back_to_what_it_was() {
        assert_eq!(claimed().give_back(NOW), Ok(DeliveryState::Planned));
        let second = DeliveryState::Deferred { attempts: 1, next_try_at: NOW }
            .claim("epoch", NOW)
            .and_then(|state| state.give_back(NOW));
        assert_eq!(second, Ok(DeliveryState::Deferred { attempts: 1, next_try_at: NOW }));
    }

    #[test]
    fn an_accepted_mail_is_never_claimed_again() {
        for end in [
            DeliveryState::Accepted { at: NOW },
            DeliveryState::Rejected { at: NOW },
            DeliveryState::Uncertain { at: NOW },
            DeliveryState::Withheld { reason: WithholdReason::FullBlock },
        ] {
            assert!(end.clone().claim("epoch", NOW).is_err(), "{end:?}");
        }
    }

    #[test]
    fn a_deferral_past_the_end_is_a_rejection() {
        let next = NOW + 2.hours();
        let settled = claimed().settle(OutcomeKind::Deferred, NOW, next, NOW + 1.hour());
        assert_eq!(settled, Ok(DeliveryState::Rejected { at: NOW }));
    }

    #[test]
    fn an_acknowledgement_is_never_resent_by_itself() {
        let fate = |occasion, resent| uncertain_fate(Class::Statutory, occasion, resent);
        assert_eq!(fate(Occasion::Acknowledgement, Resent::Never), UncertainFate::Task);
        assert_eq!(fate(Occasion::Answer, Resent::Never), UncertainFate::ResendOnce);
        assert_eq!(fate(Occasion::Answer, Resent::Once), UncertainFate::Task);
        let campaign = uncertain_fate(Class::Advertising, Occasion::Campaign, Resent::Never);
        assert_eq!(campaign, UncertainFate::Leave);
    }
}
