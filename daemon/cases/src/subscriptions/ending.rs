//! How a consent ends, by whatever way: its event, the end of its subscription, its stop and its
//! audit event, together in the caller's transaction.
//!
//! Called for tokens, for the words of a letter and for people of ours. What words ended can be
//! restored by a person who misread them. So another way to leave is written down even where words
//! had ended everything: nothing restores what it ended.

use domain::{
    Timestamp,
    block::Purpose,
    consent::{ConsentAct, Grade},
    digest::AddressDigests,
    ids::{AddressId, ConsentEventId, ContactId, DeliveryId, SubmissionId},
    subscription::SubscriptionState,
};
use serde_json::{Value, json};
use store::{
    Transaction,
    consents::{ConsentEventRow, NewConsentEvent},
    lists::ListRow,
    stops::StopKind,
    subscriptions::SubscriptionRow,
};

use crate::{
    Cases, CasesError,
    filing::{PendingStops, Stopped},
};

/// The method of a withdrawal in the words of a letter, in its evidence.
pub(crate) const WORDS: &str = "words";

/// Why a consent ends, and what shows it.
pub(crate) struct Ending<'a> {
    /// What sort of stop it is.
    pub(crate) kind: StopKind,
    /// Where it was captured.
    pub(crate) capture_point: &'a str,
    /// What shows it; what ended is added.
    pub(crate) evidence: Value,
    /// The submission whose words it is.
    pub(crate) submission: Option<SubmissionId>,
    /// The mail that was answered.
    pub(crate) delivery: Option<DeliveryId>,
    /// Who did it, where that was not the person.
    pub(crate) actor: Option<&'a str>,
    /// The addresses it holds for, under every digest key.
    pub(crate) digests: &'a [AddressDigests],
}

/// What ends: a subscription, the consent it rests on, or a consent without a subscription.
pub(crate) struct Ended<'a> {
    pub(crate) contact: Option<ContactId>,
    pub(crate) address: Option<AddressId>,
    pub(crate) purpose: Purpose,
    pub(crate) list: Option<&'a str>,
    /// The event that stood.
    pub(crate) consent: Option<ConsentEventId>,
    /// The withdrawal in words that had ended it already.
    pub(crate) repeats: Option<ConsentEventId>,
    pub(crate) subscription: Option<&'a SubscriptionRow>,
}

impl<'a> Ended<'a> {
    /// A subscription with what it rests on.
    pub(crate) fn of(subscription: &'a SubscriptionRow, list: &'a ListRow) -> Self {
        Self {
            contact: subscription.contact,
            address: subscription.address,
            purpose: list.purpose,
            list: Some(&list.name),
            consent: subscription.consent,
            repeats: None,
            subscription: Some(subscription),
        }
    }
}

impl Cases {
    /// Ends subscriptions, each as it stands; returns how many this act ended.
    pub(crate) async fn end_all(
        &self,
        transaction: &Transaction,
        subscriptions: &[SubscriptionRow],
        ending: &Ending<'_>,
        stops: &mut PendingStops,
        now: Timestamp,
    ) -> Result<usize, CasesError> {
        let mut ended = 0;
        for held in subscriptions {
            // Nothing was ever confirmed: there is no consent to withdraw. The link leads nowhere
            // from now on, and what was typed is destroyed with the next expiry.
            let was_never = held.left_at.is_none() && held.consent.is_none();
            let is_ended = match held.state {
                SubscriptionState::Pending { .. } if was_never => {
                    store::opt_ins::let_expire(transaction, held.id, now).await?
                }
                SubscriptionState::Unsubscribed { .. } => {
                    self.repeat_ending(transaction, held, ending, stops, now).await?
                }
                SubscriptionState::Pending { .. } | SubscriptionState::Confirmed { .. } => {
                    let list = list_of(transaction, held).await?;
                    let what = Ended::of(held, &list);
                    self.end_consent(transaction, &what, ending, stops, now).await?;
                    true
                }
            };
            ended += usize::from(is_ended);
        }
        Ok(ended)
    }

    /// The person ends once more what nothing but words had ended: that is written down, and holds
    /// even when the words turn out to have been misread. Returns whether it was written.
    pub(crate) async fn repeat_ending(
        &self,
        transaction: &Transaction,
        held: &SubscriptionRow,
        ending: &Ending<'_>,
        stops: &mut PendingStops,
        now: Timestamp,
    ) -> Result<bool, CasesError> {
        let Some(address) = held.address else { return Ok(false) };
        let mut events = store::consents::of_person(transaction, &[address], &[]).await?;
        events.retain(|event| event.subscription == Some(held.id));
        let given = events.iter().rposition(|event| event.act.stands());
        let withdrawals = &events[given.map_or(0, |place| place + 1)..];
        if !withdrawals.iter().all(is_in_words) {
            return Ok(false);
        }
        let list = list_of(transaction, held).await?;
        let repeats = withdrawals.last().map(|event| event.id);
        let what = Ended { repeats, ..Ended::of(held, &list) };
        self.end_consent(transaction, &what, ending, stops, now).await?;
        Ok(true)
    }

    /// Writes one withdrawal: its event, the end of the subscription, its stop, its audit event.
    pub(crate) async fn end_consent(
        &self,
        transaction: &Transaction,
        ended: &Ended<'_>,
        ending: &Ending<'_>,
        stops: &mut PendingStops,
        now: Timestamp,
    ) -> Result<ConsentEventId, CasesError> {
        let subscription = ended.subscription.map(|held| held.id);
        let mut evidence = ending.evidence.clone();
        evidence["withdraws"] = json!(ended.consent);
        evidence["subscription"] = json!(subscription);
        if let Some(repeated) = ended.repeats {
            evidence["repeats"] = json!(repeated);
        }
        let evidence = evidence.to_string();
        let event = NewConsentEvent {
            contact: ended.contact,
            address: ended.address,
            purpose: ended.purpose,
            list: ended.list,
            act: ConsentAct::Withdrawn,
            grade: Grade::None,
            capture_point: ending.capture_point,
            evidence: &evidence,
            submission: ending.submission,
            text: None,
            policy: None,
            subscription,
            delivery: ending.delivery,
            import: None,
            actor: ending.actor,
        };
        let id = store::consents::append(transaction, &event, now).await?;
        if let Some(held) = ended.subscription {
            store::subscriptions::leave(transaction, held, now).await?;
        }
        let scope = match ending.kind {
            StopKind::Unsubscribe => format!("unsubscribe:{}", ended.list.unwrap_or("all")),
            _ => format!("withdrawal:{}", ended.purpose.name()),
        };
        let stopped = Stopped {
            kind: ending.kind,
            scope: &scope,
            digests: self.digests_of(transaction, ended, ending).await?,
            contact: ended.contact,
            block: None,
            submission: ending.submission,
        };
        self.record_stop(transaction, stopped, stops, now).await?;
        let subject = subscription
            .map_or_else(|| format!("consent:{id}"), |held| format!("subscription:{held}"));
        let detail = json!({
            "event": id, "withdraws": ended.consent, "method": ending.capture_point,
            "submission": ending.submission, "delivery": ending.delivery,
        });
        let actor = ending.actor.unwrap_or("subject");
        store::audit::append(transaction, actor, "withdrawn", &subject, &detail, now).await?;
        Ok(id)
    }

    /// The addresses a withdrawal holds for: those of the whole act, and the one that it ends.
    async fn digests_of(
        &self,
        transaction: &Transaction,
        ended: &Ended<'_>,
        ending: &Ending<'_>,
    ) -> Result<Vec<AddressDigests>, CasesError> {
        let mut digests = ending.digests.to_vec();
        let clear = match ended.address {
            Some(address) => store::addresses::clear(transaction, address).await?,
            None => None,
        };
        if let Some(clear) = clear {
            let own = self.parts.digests.address_all(&clear);
            digests.extend(own.into_iter().filter(|own| !ending.digests.contains(own)));
        }
        Ok(digests)
    }
}

async fn list_of(transaction: &Transaction, held: &SubscriptionRow) -> Result<ListRow, CasesError> {
    store::lists::by_id(transaction, held.list).await?.ok_or(CasesError::Content)
}

/// Whether a withdrawal was read in the words of a letter.
fn is_in_words(withdrawal: &ConsentEventRow) -> bool {
    let evidence: Value = serde_json::from_str(&withdrawal.evidence).unwrap_or(Value::Null);
    evidence["method"] == WORDS
}
