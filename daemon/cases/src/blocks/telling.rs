//! Under GDPR the person is told before a restriction ends (art. 18(3)): the notice first, the
//! lifting once it was accepted. And the daily reminder of blocks that wait for a decision.

use domain::{Timestamp, block::BlockState, block::Scope, delivery::Occasion, ids::BlockId};
use jiff::ToSpan;
use render::MailName;
use store::blocks::BlockRow;

use super::{LiftGround, NOTICE};
use crate::{Cases, CasesError, letters::CaseMail};

/// Blocks lifted or reminded of in one go.
const AT_ONCE: u32 = 100;

/// What became of a wish to lift a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifted {
    /// It is lifted.
    Now,
    /// The person is being told; it is lifted when that letter was accepted.
    OnceTold,
}

impl Cases {
    /// Lifts a block, or tells the person first where GDPR asks it. `told_by_hand` says how a
    /// person of ours told them.
    ///
    /// # Errors
    /// As [`Cases::lift_block`]; [`CasesError::Refused`] by `notice_under_way`, or
    /// `nobody_to_tell` where no letter can be written: tell by hand.
    pub async fn lift_block_telling(
        &self,
        block: BlockId,
        (actor, reason): (&str, &str),
        ground: LiftGround,
        told_by_hand: Option<&str>,
    ) -> Result<Lifted, CasesError> {
        let missing = || CasesError::NotFound { what: "block", id: block.to_string() };
        let row = store::blocks::by_id(self.store(), block).await?.ok_or_else(missing)?;
        if !self.tells_first(&row, ground).await? || self.was_told(block).await? {
            self.lift_block(block, actor, reason, ground).await?;
            return Ok(Lifted::Now);
        }
        // Refuses what could not be lifted anyway, before anybody is told.
        row.state.clone().lift(actor, reason, self.parts.clock.now())?;
        if let Some(notice) = store::blocks::notice_of(self.store(), block).await?
            && !notice.has_failed
            && told_by_hand.is_none()
        {
            return Err(CasesError::Refused {
                rule: "notice_under_way",
                reason: "the notice is on its way; the block is lifted when it was accepted"
                    .to_owned(),
            });
        }
        let words = self.seal_lifting(block, reason).await?;
        let said = (actor, ground.name(), words.as_deref());
        self.tell_of_lifting(&row, said, told_by_hand).await?;
        if told_by_hand.is_some() {
            self.lift_block(block, actor, reason, ground).await?;
            return Ok(Lifted::Now);
        }
        Ok(Lifted::OnceTold)
    }

    /// Lifts the blocks whose notices were accepted; returns how many.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn lift_told_blocks(&self) -> Result<usize, CasesError> {
        let mut lifted = 0;
        for notice in store::blocks::notices_that_arrived(self.store(), AT_ONCE).await? {
            let said = (notice.reason.as_str(), notice.words.as_deref());
            let (block, actor) = (notice.block, notice.actor.as_str());
            match self.lift_with_words(block, actor, said, LiftGround::Handled).await {
                Ok(()) => lifted += 1,
                // Somebody else was first.
                Err(CasesError::Refused { .. } | CasesError::Store(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(lifted)
    }

    /// Opens today's task for each block of a rectification or restriction that stands: its end
    /// is a decision, and nobody may forget it (RULES §1.1, BLOCK). Returns how many.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn remind_of_blocks(&self) -> Result<usize, CasesError> {
        let now = self.parts.clock.now();
        let due = store::blocks::to_be_reminded_of(self.store(), now - 24.hours(), AT_ONCE).await?;
        for (block, ticket) in &due {
            let transaction = self.store().begin().await?;
            store::blocks::remind(&transaction, *block, *ticket, now).await?;
            transaction.commit().await?;
        }
        Ok(due.len())
    }

    async fn tells_first(&self, block: &BlockRow, ground: LiftGround) -> Result<bool, CasesError> {
        // An advertising stop is no restriction of art. 18; what was never asked for ends at once.
        if ground != LiftGround::Handled
            || block.scope == Scope::Marketing
            || !matches!(block.state, BlockState::Active { .. })
        {
            return Ok(false);
        }
        self.is_told_before_lifting(self.store(), block.contact, block.address).await
    }

    async fn was_told(&self, block: BlockId) -> Result<bool, CasesError> {
        let notice = store::blocks::notice_of(self.store(), block).await?;
        Ok(notice.is_some_and(|notice| notice.has_arrived))
    }

    async fn tell_of_lifting(
        &self,
        block: &BlockRow,
        said: (&str, &str, Option<&[u8]>),
        told_by_hand: Option<&str>,
    ) -> Result<(), CasesError> {
        let actor = said.0;
        let ticket = match block.ticket {
            Some(id) => store::tickets::by_id(self.store(), id).await?,
            None => None,
        };
        let Some(ticket) = ticket else {
            return match told_by_hand {
                // No matter, no key to seal a note under: the audit log says that it was told.
                Some(_) => self.write_told(block.id, None, said).await,
                None => Err(nobody()),
            };
        };
        let key = self.key_of_matter(&ticket).await?;
        if let Some(note) = told_by_hand {
            let entropy = &*self.parts.entropy;
            let sealed =
                self.parts.vault.seal(key, NOTICE, note.trim().as_bytes(), entropy).await?;
            return self.write_told(block.id, Some(&sealed), said).await;
        }
        let to = ticket.address.or(block.address).ok_or_else(nobody)?;
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        let requests = store::requests::of_ticket(&transaction, ticket.id).await?;
        let mail = CaseMail {
            ticket: &ticket,
            to,
            occasion: Occasion::Notice,
            name: MailName::UnblockNotice,
            letter: self.case_letter(&ticket, requests.first()),
            key,
        };
        let delivery = self.plan_case_letter(&transaction, mail, now).await?;
        let told = (Some(delivery), None);
        store::blocks::write_notice(&transaction, block.id, told, said, now).await?;
        let detail = serde_json::json!({ "delivery": delivery });
        self.audit_telling(&transaction, block.id, actor, &detail, now).await?;
        transaction.commit().await?;
        self.parts.store.deliveries_planned().notify_waiters();
        Ok(())
    }

    async fn write_told(
        &self,
        block: BlockId,
        note: Option<&[u8]>,
        who: (&str, &str, Option<&[u8]>),
    ) -> Result<(), CasesError> {
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        store::blocks::write_notice(&transaction, block, (None, note), who, now).await?;
        let detail = serde_json::json!({ "by_hand": true });
        self.audit_telling(&transaction, block, who.0, &detail, now).await?;
        Ok(transaction.commit().await?)
    }

    async fn audit_telling(
        &self,
        transaction: &store::Transaction,
        block: BlockId,
        actor: &str,
        detail: &serde_json::Value,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let subject = format!("block:{block}");
        let act = "told_of_lifting";
        Ok(store::audit::append(transaction, actor, act, &subject, detail, now).await?)
    }
}

fn nobody() -> CasesError {
    CasesError::Refused {
        rule: "nobody_to_tell",
        reason: "the person must be told before the block is lifted (GDPR 18(3)), and no letter \
                 can be written; tell them and give --told-by-hand"
            .to_owned(),
    }
}
