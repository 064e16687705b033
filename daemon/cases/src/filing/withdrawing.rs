//! A person's words stop all advertising: every consent found is withdrawn, every list ends.
//!
//! A misreading is undone by a person: the block is lifted, and what these words ended is restored
//! by an event of its own that names the one it corrects.

use domain::{
    Timestamp,
    consent::{ConsentAct, Grade},
    ids::{ConsentEventId, SubmissionId},
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
    subscriptions::leaving::{Ended, Ending},
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
        let standing = store::consents::advertising_of(transaction, sender.id, &contacts).await?;
        let subscriptions =
            store::subscriptions::confirmed_advertising_of(transaction, sender.id, &contacts)
                .await?;
        let ending = Ending {
            kind: StopKind::Withdrawal,
            capture_point: match &filing.submission.source {
                Source::Message(_) => "e-mail",
                Source::Form { capture_point, .. } => capture_point,
            },
            evidence: json!({ "method": "words", "submission": submission }),
            submission: Some(submission),
            delivery: None,
            actor: None,
            digests: &sender.digests,
        };
        self.end_standing(transaction, &standing, subscriptions, &ending, stops, now).await?;
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
        let written =
            store::consents::withdrawals_of(transaction, submission, &[address], &contacts).await?;
        for withdrawn in &written {
            self.correct(transaction, withdrawn, actor, reason, now).await?;
        }
        Ok(written.len())
    }

    async fn correct(
        &self,
        transaction: &Transaction,
        withdrawn: &ConsentEventRow,
        actor: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let given = match withdraws(withdrawn) {
            Some(id) => store::consents::by_id(transaction, id).await?,
            None => None,
        };
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
        let mut restored = false;
        if let Some(held) = withdrawn.subscription {
            let proven = given.filter(|given| given.grade == Grade::Proven).map(|given| given.id);
            restored =
                store::subscriptions::restore(transaction, held, withdrawn.at, proven, now).await?;
        }
        let subject = withdrawn
            .subscription
            .map_or_else(|| format!("consent:{id}"), |held| format!("subscription:{held}"));
        let detail = json!({ "event": id, "corrects": withdrawn.id, "restored": restored });
        store::audit::append(transaction, actor, "corrected", &subject, &detail, now).await?;
        Ok(())
    }
}

/// The event that a withdrawal ended.
fn withdraws(withdrawn: &ConsentEventRow) -> Option<ConsentEventId> {
    let evidence: Value = serde_json::from_str(&withdrawn.evidence).ok()?;
    evidence["withdraws"].as_i64().map(ConsentEventId)
}
