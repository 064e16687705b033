//! A person's words stop all advertising: every consent found is withdrawn, every list ends.
//!
//! A misreading is undone by a person: the block is lifted, and what these words ended is restored
//! by an event of its own that names the one it corrects.

use domain::{
    Timestamp,
    consent::{ConsentAct, Grade},
    ids::{AddressId, ConsentEventId, ContactId, SubmissionId},
};
use serde_json::{Value, json};
use store::{
    Transaction,
    blocks::BlockRow,
    consents::{ConsentEventRow, NewConsentEvent, StandingConsent},
    stops::StopKind,
    subscriptions::SubscriptionRow,
};

use super::{apply::Filing, stops::PendingStops};
use crate::{
    Cases, CasesError,
    submission::Source,
    subscriptions::ending::{Ended, Ending, WORDS},
};

impl Cases {
    pub(super) async fn withdraw_advertising(
        &self,
        filing: &Filing<'_>,
        submission: SubmissionId,
        stops: &mut PendingStops,
    ) -> Result<(), CasesError> {
        let Some(sender) = filing.sender.as_ref().filter(|_| filing.plan.withdraw_advertising)
        else {
            return Ok(());
        };
        let (transaction, now) = (filing.transaction, filing.now);
        let contacts: Vec<_> = sender.one_contact().into_iter().collect();
        let mut standing =
            store::consents::advertising_of(transaction, sender.id, &contacts).await?;
        let mut subscriptions =
            store::subscriptions::confirmed_advertising_of(transaction, sender.id, &contacts)
                .await?;
        if let Some(until) = filing.given_until {
            // What the person gave after these words outweighs them.
            let is_later = |at: Option<Timestamp>| at.is_some_and(|at| at > until);
            subscriptions.retain(|held| !is_later(held.opted_in_at));
            standing.retain(|one| !is_later(one.given_at));
        }
        let ending = Ending {
            kind: StopKind::Withdrawal,
            capture_point: match &filing.submission.source {
                Source::Message(_) => "e-mail",
                Source::Form { capture_point, .. } => capture_point,
            },
            evidence: json!({ "method": WORDS, "submission": submission }),
            submission: Some(submission),
            delivery: None,
            actor: None,
            digests: &sender.digests,
        };
        // Other words may have ended a list before: whichever was misread, these stand too.
        let ended =
            store::subscriptions::ended_advertising_of(transaction, sender.id, &contacts).await?;
        self.end_standing(transaction, &standing, subscriptions, &ending, stops, now).await?;
        for held in ended.iter().filter(|held| held.left_at.is_some()) {
            self.repeat_ending(transaction, held, &ending, stops, now).await?;
        }
        Ok(())
    }

    /// Ends consents that stand, each with its subscription, and the subscriptions that rest on
    /// none; returns how many.
    pub(crate) async fn end_standing(
        &self,
        transaction: &Transaction,
        standing: &[StandingConsent],
        mut subscriptions: Vec<SubscriptionRow>,
        ending: &Ending<'_>,
        stops: &mut PendingStops,
        now: Timestamp,
    ) -> Result<usize, CasesError> {
        let lists = store::lists::all(transaction).await?;
        let name_of = |held: &SubscriptionRow| {
            lists.iter().find(|list| list.id == held.list).map(|list| list.name.as_str())
        };
        let mut ended = 0;
        for consent in standing {
            let place = subscriptions.iter().position(|held| {
                held.consent == Some(consent.event)
                    || (held.contact == consent.contact
                        && held.address == consent.address
                        && consent.list.is_some()
                        && name_of(held) == consent.list.as_deref())
            });
            let held = place.map(|place| subscriptions.remove(place));
            let what = Ended {
                contact: consent.contact,
                address: consent.address,
                purpose: consent.purpose,
                list: consent.list.as_deref(),
                consent: Some(consent.event),
                repeats: None,
                subscription: held.as_ref(),
            };
            self.end_consent(transaction, &what, ending, stops, now).await?;
            ended += 1;
        }
        for held in &subscriptions {
            let Some(list) = lists.iter().find(|list| list.id == held.list) else { continue };
            self.end_consent(transaction, &Ended::of(held, list), ending, stops, now).await?;
            ended += 1;
        }
        Ok(ended)
    }

    /// Restores what the words behind a misread block withdrew, as far as nothing happened to it
    /// since; returns how many withdrawals were corrected.
    pub(crate) async fn correct_withdrawals(
        &self,
        transaction: &Transaction,
        block: &BlockRow,
        actor: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<usize, CasesError> {
        let (Some(submission), Some(address)) = (block.submission, block.address) else {
            return Ok(0);
        };
        let contacts: Vec<_> = block.contact.into_iter().collect();
        let of = (&[address][..], contacts.as_slice());
        self.correct_withdrawals_of(transaction, submission, of, actor, reason, now).await
    }

    /// Restores what the words of a submission withdrew of these addresses and contacts, as far as
    /// nothing happened to it since; returns how many withdrawals were corrected.
    pub(crate) async fn correct_withdrawals_of(
        &self,
        transaction: &Transaction,
        submission: SubmissionId,
        (addresses, contacts): (&[AddressId], &[ContactId]),
        actor: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<usize, CasesError> {
        let written =
            store::consents::withdrawals_of(transaction, submission, addresses, contacts).await?;
        let mut corrected = 0;
        for withdrawn in &written {
            corrected += usize::from(
                self.restore_withdrawn(transaction, withdrawn, actor, reason, now).await?,
            );
        }
        Ok(corrected)
    }

    /// Restores what a withdrawal ended and writes that down; returns whether it could.
    async fn restore_withdrawn(
        &self,
        transaction: &Transaction,
        withdrawn: &ConsentEventRow,
        actor: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool, CasesError> {
        let words: Value = serde_json::from_str(&withdrawn.evidence).unwrap_or(Value::Null);
        // Something else had ended it before these words.
        if !words["repeats"].is_null() {
            return Ok(false);
        }
        let given = match words["withdraws"].as_i64() {
            Some(id) => store::consents::by_id(transaction, ConsentEventId(id)).await?,
            None => None,
        };
        if let Some(held) = withdrawn.subscription {
            let proven = given.as_ref().filter(|given| given.grade == Grade::Proven);
            let (left_at, proven) = (withdrawn.at, proven.map(|given| given.id));
            // Left again, or asked for again, since: that is the person's later word.
            if !store::subscriptions::restore(transaction, held, left_at, proven, now).await? {
                return Ok(false);
            }
        }
        let evidence = json!({
            "method": "correction", "corrects": withdrawn.id, "restores": given.as_ref().map(|g| g.id),
            "reason": reason, "at": now,
        })
        .to_string();
        let event = NewConsentEvent {
            contact: withdrawn.contact,
            address: withdrawn.address,
            purpose: withdrawn.purpose,
            list: withdrawn.list.as_deref(),
            act: given.as_ref().map_or(ConsentAct::Granted, |given| given.act),
            // A subscription that rested on nothing rests on nothing still.
            grade: given.as_ref().map_or(Grade::None, |given| given.grade),
            capture_point: "correction",
            evidence: &evidence,
            submission: withdrawn.submission,
            text: given.as_ref().and_then(|given| given.text),
            policy: given.as_ref().and_then(|given| given.policy),
            subscription: withdrawn.subscription,
            delivery: None,
            import: None,
            actor: Some(actor),
        };
        let id = store::consents::append(transaction, &event, now).await?;
        let subject = withdrawn
            .subscription
            .map_or_else(|| format!("consent:{id}"), |held| format!("subscription:{held}"));
        let detail = json!({ "event": id, "corrects": withdrawn.id });
        store::audit::append(transaction, actor, "corrected", &subject, &detail, now).await?;
        Ok(true)
    }
}
