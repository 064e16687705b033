//! One entry of a journal made true again, in one transaction with the row that says so.

use domain::{
    Timestamp,
    authentication::SenderAuthentication,
    block::{BlockState, Purpose, Scope},
    consent::{ConsentAct, Grade},
    digest::Digest,
    gate::SuppressionReason,
    journal::StopIntent,
    subscription::SubscriptionState,
};
use serde_json::json;
use store::{
    Transaction, blocks::NewBlock, consents::NewConsentEvent, restorations, stops::StopKind,
    subscriptions::SubscriptionRow,
};
use vault::Replayed;

use super::{
    LOOK, Made,
    settling::ProvenSince,
    words::{Meaning, by_address, meaning},
};
use crate::{Cases, CasesError, filing::scope_words};

/// The basis of what was set again.
const RESTORED: &str = "restored";

impl Cases {
    /// Makes one entry true again.
    pub(super) async fn replay_one(
        &self,
        entry: &Replayed,
        proven: &ProvenSince,
        actor: &str,
    ) -> Result<Made, CasesError> {
        let now = self.parts.clock.now();
        let intent = &entry.intent;
        let mut meaning = meaning(intent);
        let mut unsure = entry.number.is_none();
        if let (Meaning::Erase(erased), false) = (&meaning, unsure) {
            return self.erase_again(entry, *erased, proven, actor).await;
        }
        if meaning == Meaning::Unknown {
            unsure = true;
        }
        if unsure {
            meaning = careful(meaning);
        }
        let transaction = self.store().begin().await?;
        let stops: Vec<Digest> = intent.digests.iter().map(|pair| pair.stop).collect();
        store::stops::lock(&transaction, &stops).await?;
        let (kind, mut made) = self.make(&transaction, intent, &meaning, actor, now).await?;
        if unsure {
            made.unsure = 1;
            let detail = format!(
                "the stop journal holds an entry that may never have been committed \
                 (`{}`); look at the block that was set for it",
                intent.scope
            );
            store::tasks::open(&transaction, LOOK, None, None, &detail, now).await?;
        }
        self.note_entry(&transaction, entry, kind, made, actor, now).await?;
        transaction.commit().await?;
        Ok(made)
    }

    /// The row of the entry as a stop, and the audit.
    pub(super) async fn note_entry(
        &self,
        transaction: &Transaction,
        entry: &Replayed,
        kind: StopKind,
        made: Made,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let word = made.word();
        restorations::record(transaction, &entry.intent, entry.number, kind, word, now).await?;
        let subject = format!("stop:{}", entry.intent.id);
        let detail = json!({ "made": word, "scope": entry.intent.scope.as_str() });
        Ok(store::audit::append(transaction, actor, "replayed", &subject, &detail, now).await?)
    }

    async fn make(
        &self,
        transaction: &Transaction,
        intent: &StopIntent,
        meaning: &Meaning,
        actor: &str,
        now: Timestamp,
    ) -> Result<(StopKind, Made), CasesError> {
        Ok(match meaning {
            Meaning::Block(scope) => {
                let blocks = self.block_again(transaction, intent, scope).await?;
                (StopKind::Block, Made { blocks, ..Made::default() })
            }
            Meaning::Suppress(reason) => {
                let suppressions = self.suppress_again(transaction, intent, *reason).await?;
                (StopKind::Suppression, Made { suppressions, ..Made::default() })
            }
            Meaning::Leave(list) => {
                let is_meant = |of: &str, _| list.as_deref().is_none_or(|list| list == of);
                let left = self.leave_again(transaction, intent, is_meant, now).await?;
                (StopKind::Unsubscribe, Made { left, ..Made::default() })
            }
            Meaning::Withdraw(purpose) => {
                let is_meant = |_: &str, of| of == *purpose;
                let left = self.leave_again(transaction, intent, is_meant, now).await?;
                (StopKind::Withdrawal, Made { left, ..Made::default() })
            }
            Meaning::Campaign(id) => {
                let detail = format!("campaign {id} was paused or cancelled after the backup");
                store::tasks::open(transaction, LOOK, None, None, &detail, now).await?;
                (StopKind::Pause, Made::default())
            }
            Meaning::LiftBlock(scope) => {
                let lifted = self.lift_again(transaction, intent, scope, actor, now).await?;
                (StopKind::Lift, Made { lifted, ..Made::default() })
            }
            Meaning::LiftSuppression(reason) => {
                let stops: Vec<Digest> = intent.digests.iter().map(|pair| pair.stop).collect();
                let lifted = store::suppressions::lift(
                    transaction,
                    &stops,
                    *reason,
                    (actor, RESTORED),
                    intent.at,
                )
                .await?;
                (StopKind::Lift, Made { lifted, ..Made::default() })
            }
            // What was not lifted for sure goes on.
            Meaning::Nothing => (StopKind::Lift, Made::default()),
            // `careful` has made blocks of them, or they came another way.
            Meaning::Erase(_) | Meaning::Unknown => (StopKind::Block, Made::default()),
        })
    }

    /// Blocks each address of the entry, from the time it says.
    async fn block_again(
        &self,
        transaction: &Transaction,
        intent: &StopIntent,
        scope: &Scope,
    ) -> Result<u64, CasesError> {
        let mut blocks = 0;
        for digests in by_address(&intent.digests) {
            let exact: Vec<Digest> = digests.iter().map(|pair| pair.exact).collect();
            let found = restorations::addresses_of(transaction, &exact).await?;
            let address = found.first().map(|(address, _)| *address);
            let contact = match found.as_slice() {
                [(_, contacts)] if contacts.len() == 1 => contacts.first().copied(),
                _ => None,
            };
            let block = NewBlock {
                scope,
                address,
                stop_digest: digests.first().map(|pair| pair.stop),
                contact,
                ticket: None,
                submission: None,
                basis: RESTORED,
                authentication: SenderAuthentication::Unknown,
            };
            store::blocks::set(transaction, &block, intent.at).await?;
            blocks += 1;
        }
        Ok(blocks)
    }

    pub(super) async fn suppress_again(
        &self,
        transaction: &Transaction,
        intent: &StopIntent,
        reason: SuppressionReason,
    ) -> Result<u64, CasesError> {
        let mut written = 0;
        for digests in by_address(&intent.digests) {
            let is_new =
                store::suppressions::record(transaction, &digests, reason, RESTORED, intent.at)
                    .await?;
            written += u64::from(is_new);
        }
        Ok(written)
    }

    /// Ends the subscriptions of the addresses that are meant, with an event that shows it.
    async fn leave_again(
        &self,
        transaction: &Transaction,
        intent: &StopIntent,
        is_meant: impl Fn(&str, Purpose) -> bool,
        now: Timestamp,
    ) -> Result<u64, CasesError> {
        let exact: Vec<Digest> = intent.digests.iter().map(|pair| pair.exact).collect();
        let mut left = 0;
        for (address, _) in restorations::addresses_of(transaction, &exact).await? {
            for held in store::subscriptions::of_address(transaction, address).await? {
                let list = store::lists::by_id(transaction, held.list).await?;
                let list = list.ok_or(CasesError::Content)?;
                let is_over = matches!(held.state, SubscriptionState::Unsubscribed { .. });
                if is_over || !is_meant(&list.name, list.purpose) {
                    continue;
                }
                write_leaving(transaction, &held, &list, intent).await?;
                store::subscriptions::leave(transaction, &held, now).await?;
                left += 1;
            }
        }
        Ok(left)
    }

    /// Lifts the oldest block of this scope that the entry can mean.
    async fn lift_again(
        &self,
        transaction: &Transaction,
        intent: &StopIntent,
        scope: &Scope,
        actor: &str,
        now: Timestamp,
    ) -> Result<u64, CasesError> {
        let stops: Vec<Digest> = intent.digests.iter().map(|pair| pair.stop).collect();
        let active = store::blocks::active_for(transaction, &stops, &[]).await?;
        let words = scope_words(scope);
        let meant = active.iter().find(|block| {
            scope_words(&block.scope) == words
                && matches!(block.state, BlockState::Active { from_at } if from_at <= intent.at)
        });
        let Some(block) = meant else { return Ok(0) };
        let reason = "lifted after the backup was made";
        store::blocks::lift(transaction, block.id, actor, (reason, None), now).await?;
        Ok(1)
    }
}

async fn write_leaving(
    transaction: &Transaction,
    held: &SubscriptionRow,
    list: &store::lists::ListRow,
    intent: &StopIntent,
) -> Result<(), CasesError> {
    let evidence = json!({
        "method": RESTORED, "journal": intent.id.to_string(), "withdraws": held.consent,
        "subscription": held.id,
    });
    let event = NewConsentEvent {
        contact: held.contact,
        address: held.address,
        purpose: list.purpose,
        list: Some(&list.name),
        act: ConsentAct::Withdrawn,
        grade: Grade::None,
        capture_point: RESTORED,
        evidence: &evidence.to_string(),
        submission: None,
        text: None,
        policy: None,
        subscription: Some(held.id),
        delivery: None,
        import: None,
        actor: None,
    };
    store::consents::append(transaction, &event, intent.at).await?;
    Ok(())
}

/// What an entry without a commit becomes: a block that a person looks at; never the end of one,
/// and never a destruction.
fn careful(meaning: Meaning) -> Meaning {
    match meaning {
        Meaning::Suppress(_) | Meaning::Leave(_) | Meaning::Withdraw(_) => {
            Meaning::Block(Scope::Marketing)
        }
        Meaning::Erase(_) | Meaning::Unknown => Meaning::Block(Scope::Full),
        Meaning::LiftBlock(_) | Meaning::LiftSuppression(_) | Meaning::Nothing => Meaning::Nothing,
        kept @ (Meaning::Block(_) | Meaning::Campaign(_)) => kept,
    }
}
