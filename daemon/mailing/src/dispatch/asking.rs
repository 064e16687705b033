//! What a person must be asked about a mail: nothing that is owed ends in silence.
//!
//! One rule for every place in which a row changes: the claim, the settling of outcomes, and the
//! settling of what a dead process left. The task opens in the transaction of the change.

use domain::Timestamp;
use domain::delivery::{Class, DeliveryState, OutcomeKind, UncertainFate};
use domain::ids::{DeliveryId, TicketId};
use store::deliveries::{self, Change, Tried};
use store::{StoreError, Transaction, tasks};

use crate::outcome::Answer;

/// RFC 3463: the delivery time expired.
const EXPIRED: &str = "5.4.7";

/// What a person must be asked to do about a row.
pub(super) struct Ask {
    delivery: DeliveryId,
    ticket: Option<TicketId>,
    task: &'static str,
    detail: &'static str,
}

impl Ask {
    /// What this change of a row asks of a person, if anything.
    pub(super) fn about(change: &Change, class: Class, ticket: Option<TicketId>) -> Option<Self> {
        let detail = match &change.to {
            DeliveryState::Withheld { .. } => {
                "this mail could not be made or may not be sent; answer by hand"
            }
            DeliveryState::Rejected { .. } if is_expired(change) => deliveries::UNDELIVERED_DETAIL,
            DeliveryState::Rejected { .. } => {
                "the recipient's server refused this mail; reach the person another way"
            }
            DeliveryState::Planned
            | DeliveryState::Claimed { .. }
            | DeliveryState::Accepted { .. }
            | DeliveryState::Deferred { .. }
            | DeliveryState::Uncertain { .. } => return None,
        };
        (class == Class::Statutory).then_some(Self {
            delivery: change.id,
            ticket,
            task: deliveries::UNDELIVERED_TASK,
            detail,
        })
    }

    /// What an uncertain attempt asks of a person.
    pub(super) fn about_uncertain(
        delivery: DeliveryId,
        fate: UncertainFate,
        ticket: Option<TicketId>,
    ) -> Option<Self> {
        (fate == UncertainFate::Task).then_some(Self {
            delivery,
            ticket,
            task: deliveries::UNCERTAIN_TASK,
            detail: deliveries::UNCERTAIN_DETAIL,
        })
    }
}

/// Opens the tasks about the rows that did change.
pub(super) async fn ask(
    transaction: &Transaction,
    asks: &[Ask],
    changed: &[DeliveryId],
    now: Timestamp,
) -> Result<(), StoreError> {
    for ask in asks.iter().filter(|ask| changed.contains(&ask.delivery)) {
        tasks::open(transaction, ask.task, ask.ticket, Some(ask.delivery), ask.detail, now).await?;
    }
    Ok(())
}

/// The attempt as the history tells it; a deferral that ends the row is its expiry.
pub(super) fn tried(
    relay: &str,
    outcome: OutcomeKind,
    answer: &Answer,
    to: &DeliveryState,
) -> Tried {
    if outcome == OutcomeKind::Deferred && matches!(to, DeliveryState::Rejected { .. }) {
        return expired(relay, &format!("expired; the last answer was: {}", answer.text));
    }
    Tried {
        outcome,
        relay: relay.to_owned(),
        code: answer.code,
        enhanced: answer.enhanced.map(|enhanced| enhanced.to_string()),
        text: answer.text.clone(),
    }
}

/// A mail that was not delivered in its time.
pub(super) fn expired(relay: &str, text: &str) -> Tried {
    Tried {
        outcome: OutcomeKind::Rejected,
        relay: relay.to_owned(),
        code: None,
        enhanced: Some(EXPIRED.to_owned()),
        text: text.to_owned(),
    }
}

fn is_expired(change: &Change) -> bool {
    // A server that says so itself means the same.
    change.tried.as_ref().is_some_and(|tried| tried.enhanced.as_deref() == Some(EXPIRED))
}
