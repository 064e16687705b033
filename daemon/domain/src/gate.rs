//! May this mail leave, now? One pure function, asked at preview, at the freeze, in the claim
//! and again before START whenever the stop sequence moved (DESIGN §3, "The gate").

use jiff::Timestamp;

use crate::{
    block::{Field, Purpose, Scope},
    delivery::{Class, WithholdReason},
    words::words,
};

/// Why an address is not mailed, whoever has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SuppressionReason {
    /// The person was erased.
    Erased,
    /// The address does not exist.
    HardBounce,
    /// The person complained.
    Complaint,
    /// By hand.
    Manual,
    /// The button "leave everything".
    UnsubscribedAll,
}

words!(SuppressionReason {
    Erased => "erased", HardBounce => "hard_bounce", Complaint => "complaint",
    Manual => "manual", UnsubscribedAll => "unsubscribed_all",
});

/// A suppression that holds for an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Suppressed {
    /// Why.
    pub reason: SuppressionReason,
    /// Since when.
    pub since_at: Timestamp,
}

impl Suppressed {
    /// Whether a later double opt-in from that very mailbox outweighs it, for the list that was
    /// opted into: the person's own later word (DESIGN invariant 8). A complaint, a mailbox that
    /// does not exist and an entry by hand are outweighed by nothing a page can do.
    #[must_use]
    pub fn is_outweighed_by(self, opted_in_at: Option<Timestamp>) -> bool {
        match self.reason {
            SuppressionReason::Erased | SuppressionReason::UnsubscribedAll => {
                opted_in_at.is_some_and(|opted_in_at| opted_in_at > self.since_at)
            }
            SuppressionReason::HardBounce
            | SuppressionReason::Complaint
            | SuppressionReason::Manual => false,
        }
    }
}

/// How a recipient stands to a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListStanding {
    /// Confirmed.
    Confirmed,
    /// Not confirmed yet.
    Pending,
    /// Left.
    Unsubscribed,
    /// Never there.
    Absent,
}

/// Whether a consent for the purpose can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConsentStanding {
    /// Double opt-in or signed paper.
    Proven,
    /// Claimed, withdrawn, or none.
    NotProven,
}

/// What a mail rests on; each class has its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Basis {
    /// Advertising: consent for the purpose and a confirmed subscription.
    Subscription {
        /// The purpose of the list.
        purpose: Purpose,
        /// How the recipient stands to the list.
        list: ListStanding,
        /// What can be shown.
        consent: ConsentStanding,
        /// The last double opt-in from this mailbox for this list.
        opted_in_at: Option<Timestamp>,
    },
    /// Training: an enrolment.
    Enrolment {
        /// Whether it runs.
        enrolled: bool,
        /// Whether the person left this series.
        list: ListStanding,
    },
    /// Transactional: a relation for a purpose.
    Relation {
        /// Which.
        purpose: Purpose,
    },
    /// Confirmation: the person's own act.
    Act,
    /// Statutory and staff mail.
    Duty,
}

impl Basis {
    fn opted_in_at(self) -> Option<Timestamp> {
        match self {
            Self::Subscription { opted_in_at, .. } => opted_in_at,
            Self::Enrolment { .. } | Self::Relation { .. } | Self::Act | Self::Duty => None,
        }
    }

    /// The purpose whose block stops the mail.
    fn purpose(self) -> Option<Purpose> {
        match self {
            Self::Subscription { purpose, .. } | Self::Relation { purpose } => Some(purpose),
            Self::Enrolment { .. } => Some(Purpose::TrainingMail),
            Self::Act | Self::Duty => None,
        }
    }
}

/// Facts about one mail and its recipient.
#[derive(Debug, Clone)]
pub struct GateFacts<'a> {
    /// Its class.
    pub class: Class,
    /// Its basis.
    pub basis: Basis,
    /// Scopes of all blocks that hold for the address (by stop key) or its contact.
    pub blocks: &'a [Scope],
    /// All suppressions that hold for the address.
    pub suppressions: &'a [Suppressed],
    /// Over the cap or outside the window: not before this instant.
    pub later: Option<Timestamp>,
}

/// The gate's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may leave, on this basis.
    Send(Basis),
    /// Not before an instant (cap or window).
    Later {
        /// The instant.
        until: Timestamp,
    },
    /// It may not leave.
    Withhold(WithholdReason),
}

/// The gate.
#[must_use]
pub fn gate(facts: &GateFacts<'_>, now: Timestamp) -> Verdict {
    if let Some(reason) = withheld_by(facts) {
        return Verdict::Withhold(reason);
    }
    match (facts.class, facts.later) {
        (Class::Advertising | Class::Training, Some(until)) if until > now => {
            Verdict::Later { until }
        }
        _ => Verdict::Send(facts.basis),
    }
}

/// The first reason that holds, in the order of [`WithholdReason`].
fn withheld_by(facts: &GateFacts<'_>) -> Option<WithholdReason> {
    let mut reasons: Vec<WithholdReason> = facts
        .suppressions
        .iter()
        .filter(|suppressed| !suppressed.is_outweighed_by(facts.basis.opted_in_at()))
        .filter_map(|suppressed| suppression_holds(suppressed.reason, facts.class))
        .chain(facts.blocks.iter().filter_map(|scope| block_holds(scope, facts)))
        .chain(basis_lacks(facts))
        .collect();
    reasons.sort_unstable();
    reasons.first().copied()
}

fn suppression_holds(reason: SuppressionReason, class: Class) -> Option<WithholdReason> {
    use Class::{Advertising, Confirmation, Staff, Statutory, Training, Transactional};
    match (reason, class) {
        (_, Statutory | Staff) => None,
        (SuppressionReason::UnsubscribedAll, Advertising) => Some(WithholdReason::UnsubscribedAll),
        (SuppressionReason::UnsubscribedAll, Training | Transactional | Confirmation) => None,
        // Only a fresh double opt-in from that mailbox lifts an erasure: its mail may go out.
        (SuppressionReason::Erased, Confirmation) => None,
        (SuppressionReason::Erased, Advertising | Training | Transactional) => {
            Some(WithholdReason::Erased)
        }
        (SuppressionReason::HardBounce, _) => Some(WithholdReason::HardBounce),
        (SuppressionReason::Complaint, _) => Some(WithholdReason::Complaint),
        (SuppressionReason::Manual, _) => Some(WithholdReason::Manual),
    }
}

fn block_holds(scope: &Scope, facts: &GateFacts<'_>) -> Option<WithholdReason> {
    match (scope, facts.class) {
        (_, Class::Statutory | Class::Staff) => None,
        (Scope::Full, _) => Some(WithholdReason::FullBlock),
        (Scope::Marketing, Class::Advertising) => Some(WithholdReason::MarketingBlock),
        (Scope::Marketing, Class::Training | Class::Transactional | Class::Confirmation) => None,
        (Scope::Purposes(_) | Scope::Fields(_), Class::Transactional | Class::Confirmation) => None,
        (Scope::Purposes(purposes), Class::Advertising | Class::Training) => facts
            .basis
            .purpose()
            .filter(|purpose| purposes.contains(purpose))
            .map(|_| WithholdReason::PurposeBlock),
        (Scope::Fields(fields), Class::Advertising | Class::Training) => {
            fields.contains(&Field::Email).then_some(WithholdReason::PurposeBlock)
        }
    }
}

/// What the class needs and the basis does not have.
fn basis_lacks(facts: &GateFacts<'_>) -> Vec<WithholdReason> {
    let mut lacks = Vec::new();
    match (facts.class, facts.basis) {
        (Class::Advertising, Basis::Subscription { list, consent, .. }) => {
            match list {
                ListStanding::Confirmed => {}
                ListStanding::Pending | ListStanding::Absent => {
                    lacks.push(WithholdReason::NotConfirmed);
                }
                ListStanding::Unsubscribed => lacks.push(WithholdReason::Unsubscribed),
            }
            if consent == ConsentStanding::NotProven {
                lacks.push(WithholdReason::NoProvenConsent);
            }
        }
        (Class::Advertising, _) => lacks.push(WithholdReason::NoProvenConsent),
        (Class::Training, Basis::Enrolment { enrolled, list }) => {
            if list == ListStanding::Unsubscribed {
                lacks.push(WithholdReason::Unsubscribed);
            }
            if !enrolled {
                lacks.push(WithholdReason::NotEnrolled);
            }
        }
        (Class::Training, _) => lacks.push(WithholdReason::NotEnrolled),
        (
            Class::Transactional | Class::Confirmation | Class::Statutory | Class::Staff,
            Basis::Subscription { .. }
            | Basis::Enrolment { .. }
            | Basis::Relation { .. }
            | Basis::Act
            | Basis::Duty,
        ) => {}
    }
    lacks
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn basis(class: Class) -> Basis {
        match class {
            Class::Advertising => Basis::Subscription {
                purpose: Purpose::Newsletter,
                list: ListStanding::Confirmed,
                consent: ConsentStanding::Proven,
                opted_in_at: None,
            },
            Class::Training => Basis::Enrolment { enrolled: true, list: ListStanding::Confirmed },
            Class::Transactional => Basis::Relation { purpose: Purpose::TrainingAccess },
            Class::Confirmation => Basis::Act,
            Class::Statutory | Class::Staff => Basis::Duty,
        }
    }

    fn suppressed(reason: SuppressionReason, since_at: Timestamp) -> Suppressed {
        Suppressed { reason, since_at }
    }

    fn leaves(class: Class, blocks: &[Scope], suppressions: &[SuppressionReason]) -> bool {
        let suppressions: Vec<Suppressed> =
            suppressions.iter().map(|reason| suppressed(*reason, NOW)).collect();
        let suppressions = suppressions.as_slice();
        let facts = GateFacts { class, basis: basis(class), blocks, suppressions, later: None };
        matches!(gate(&facts, NOW), Verdict::Send(_))
    }

    /// The table of DESIGN §3, a row a line: which classes leave.
    #[test]
    fn the_gate_answers_as_its_table_says() {
        use SuppressionReason as S;
        let classes = Class::ALL;
        let rows: [(&[Scope], &[S], [bool; 6]); 9] = [
            (&[], &[], [true; 6]),
            (&[Scope::Marketing], &[], [false, true, true, true, true, true]),
            (&[Scope::Full], &[], [false, false, false, false, true, true]),
            (
                &[Scope::Purposes(vec![Purpose::Newsletter, Purpose::TrainingMail])],
                &[],
                [false, false, true, true, true, true],
            ),
            (&[Scope::Fields(vec![Field::Email])], &[], [false, false, true, true, true, true]),
            (&[], &[S::UnsubscribedAll], [false, true, true, true, true, true]),
            (&[], &[S::Complaint], [false, false, false, false, true, true]),
            (&[], &[S::Manual], [false, false, false, false, true, true]),
            (&[], &[S::Erased], [false, false, false, true, true, true]),
        ];
        for (blocks, suppressions, expected) in rows {
            let answers: Vec<bool> =
                classes.iter().map(|class| leaves(*class, blocks, suppressions)).collect();
            assert_eq!(answers, expected, "{blocks:?} {suppressions:?}");
        }
    }

    #[test]
    fn advertising_needs_a_consent_that_can_be_shown_and_a_confirmed_subscription() {
        let reason = |list, consent| {
            let purpose = Purpose::Newsletter;
            let facts = GateFacts {
                class: Class::Advertising,
                basis: Basis::Subscription { purpose, list, consent, opted_in_at: None },
                blocks: &[],
                suppressions: &[],
                later: None,
            };
            gate(&facts, NOW)
        };
        use WithholdReason as W;
        for (list, consent, expected) in [
            (ListStanding::Confirmed, ConsentStanding::NotProven, W::NoProvenConsent),
            (ListStanding::Pending, ConsentStanding::Proven, W::NotConfirmed),
            (ListStanding::Unsubscribed, ConsentStanding::NotProven, W::Unsubscribed),
        ] {
            assert_eq!(reason(list, consent), Verdict::Withhold(expected));
        }
    }

    #[test]
    fn the_first_reason_that_holds_counts() {
        let facts = GateFacts {
            class: Class::Advertising,
            basis: basis(Class::Advertising),
            blocks: &[Scope::Marketing, Scope::Full],
            suppressions: &[
                suppressed(SuppressionReason::UnsubscribedAll, NOW),
                suppressed(SuppressionReason::Complaint, NOW),
            ],
            later: None,
        };
        assert_eq!(gate(&facts, NOW), Verdict::Withhold(WithholdReason::Complaint));
    }

    #[test]
    fn a_cap_delays_bulk_and_never_a_statutory_mail() {
        let until = NOW + jiff::SignedDuration::from_hours(1);
        for class in Class::ALL {
            let facts = GateFacts {
                class: *class,
                basis: basis(*class),
                blocks: &[],
                suppressions: &[],
                later: Some(until),
            };
            let waits = gate(&facts, NOW) == Verdict::Later { until };
            assert_eq!(waits, matches!(class, Class::Advertising | Class::Training), "{class:?}");
        }
    }
    /// Erased stays erased until the person opts in again from that mailbox (invariant 8).
    #[test]
    fn a_later_double_opt_in_outweighs_an_erasure_and_leaving_everything_and_nothing_else() {
        use SuppressionReason as S;
        let leaves = |reason, opted_in_at| {
            let basis = Basis::Subscription {
                purpose: Purpose::Newsletter,
                list: ListStanding::Confirmed,
                consent: ConsentStanding::Proven,
                opted_in_at,
            };
            let suppressions = &[suppressed(reason, NOW)];
            let class = Class::Advertising;
            let facts = GateFacts { class, basis, blocks: &[], suppressions, later: None };
            matches!(gate(&facts, NOW), Verdict::Send(_))
        };
        let later = NOW + jiff::SignedDuration::from_hours(1);
        for reason in S::ALL {
            assert!(!leaves(*reason, None) && !leaves(*reason, Some(NOW)), "{reason:?}");
            let outweighed = matches!(reason, S::Erased | S::UnsubscribedAll);
            assert_eq!(leaves(*reason, Some(later)), outweighed, "{reason:?}");
        }
    }
}
