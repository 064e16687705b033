//! What each kind of request comes to: outcome, duties and letter.

use domain::{
    regime::{DutyName, RequestName},
    request::Outcome,
};
use render::MailName;

use super::executing::Carried;

/// A withdrawal or an objection ends in destruction for every purpose that ended; only where all
/// go on, each on its base, is nothing to be destroyed.
pub(super) fn plan_is_due(name: RequestName, carried: &Carried) -> bool {
    matches!(name, RequestName::ConsentWithdrawal | RequestName::Objection)
        && !carried.all_continue
        && !carried.not_confirmed
}

pub(super) fn outcome_of(carried: &Carried) -> Outcome {
    if carried.not_confirmed {
        Outcome::NotConfirmed
    } else if carried.continues.is_empty() {
        Outcome::Done
    } else {
        Outcome::PartlyKept
    }
}

/// What is done with the act itself; the answer's own duty is done when the letter has left.
pub(super) fn duties_done(name: RequestName) -> &'static [DutyName] {
    use DutyName as D;
    match name {
        RequestName::Restriction => &[D::Check],
        // All goes on, each on its base; what was unlawful was cured: nothing is left to destroy.
        RequestName::ConsentWithdrawal
        | RequestName::Objection
        | RequestName::UnlawfulProcessing => &[D::Check, D::Stop, D::Destroy],
        RequestName::StopPublication | RequestName::StopMarketing => &[D::Stop],
        RequestName::AuthorityBlock => &[D::Check, D::Stop, D::Correct, D::Destroy],
        RequestName::Unread | RequestName::AutomatedDecision | RequestName::AuthorityRequest => {
            &[D::Check]
        }
        RequestName::Erasure
        | RequestName::Rectification
        | RequestName::Access
        | RequestName::Achieved
        | RequestName::Breach => &[],
    }
}

pub(super) fn mail_of(name: RequestName, carried: &Carried) -> MailName {
    if carried.not_confirmed {
        return MailName::Refusal;
    }
    match name {
        RequestName::Restriction => MailName::AnswerRestricted,
        RequestName::ConsentWithdrawal | RequestName::Objection => MailName::AnswerStopped,
        RequestName::UnlawfulProcessing => MailName::AnswerLawfulness,
        RequestName::StopPublication => MailName::AnswerUnpublished,
        RequestName::AuthorityRequest
        | RequestName::AuthorityBlock
        | RequestName::AutomatedDecision
        | RequestName::Unread
        | RequestName::StopMarketing
        | RequestName::Erasure
        | RequestName::Rectification
        | RequestName::Access
        | RequestName::Achieved
        | RequestName::Breach => MailName::Reply,
    }
}
