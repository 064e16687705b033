//! Blocks as people of ours handle them: set, listed, and lifted with a name and a reason.

mod setting;
mod telling;

use domain::{
    Timestamp,
    block::{BlockState, LiftError},
    ids::BlockId,
};
use store::{Transaction, blocks::BlockRow, stops::StopKind};

use crate::{
    Cases, CasesError,
    filing::{PendingStops, Stopped, scope_words},
};

pub use setting::{BlockByHand, Whom};
pub use telling::Lifted;

/// The context under which the reasons of exceptions are sealed.
const EXCEPTION: &str = "block.exception";
/// The context under which it is sealed for what a block was set.
const BASIS: &str = "block.basis";
/// The context under which it is sealed why a block was lifted.
const LIFT: &str = "block.lift_reason";
/// The context under which it is sealed how a person was told by hand.
const NOTICE: &str = "unblock_notice.note";

/// Why a block is lifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiftGround {
    /// What was asked for is done, or was settled with the person: what their words withdrew stays
    /// withdrawn.
    Handled,
    /// The words never meant what the block was set for: what they withdrew is restored.
    Misread,
    /// The person on file says that the words were not theirs: what they withdrew is restored.
    Disowned,
}

impl LiftGround {
    /// The word in the audit log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Handled => "handled",
            Self::Misread => "misread",
            Self::Disowned => "disowned",
        }
    }
}

/// The lifting of a block, as it is written down.
pub(crate) struct Lifting<'a> {
    pub(crate) actor: &'a str,
    /// A word of ours.
    pub(crate) reason: &'a str,
    /// What a person of ours said, sealed.
    pub(crate) words: Option<&'a [u8]>,
    pub(crate) ground: LiftGround,
    /// How many withdrawals of the same words were corrected with it.
    pub(crate) withdrawals_corrected: usize,
}

impl Cases {
    /// One page of blocks, newest first.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn blocks(
        &self,
        before: Option<BlockId>,
        limit: u32,
    ) -> Result<Vec<BlockRow>, CasesError> {
        Ok(store::blocks::page(self.store(), before, limit).await?)
    }

    /// Lifts a block; one that was set by a misreading with what the same words withdrew
    /// (invariant 4, first exception). The end of a stop has its own number in the sequence, so
    /// that every sender sees it.
    ///
    /// # Errors
    /// [`CasesError::NotFound`]; [`CasesError::Refused`] without a reason or when it is lifted
    /// already; [`store::StoreError::Conflict`] when somebody else was first.
    pub async fn lift_block(
        &self,
        block: BlockId,
        actor: &str,
        reason: &str,
        ground: LiftGround,
    ) -> Result<(), CasesError> {
        let words = self.seal_lifting(block, reason).await?;
        self.lift_with_words(block, actor, (reason.trim(), words.as_deref()), ground).await
    }

    /// Seals why a block is lifted under the key of its matter; one of no matter keeps the ground
    /// alone.
    async fn seal_lifting(
        &self,
        block: BlockId,
        reason: &str,
    ) -> Result<Option<Vec<u8>>, CasesError> {
        let row = store::blocks::by_id(self.store(), block).await?;
        let Some(ticket) = row.and_then(|row| row.ticket) else { return Ok(None) };
        let Some(ticket) = store::tickets::by_id(self.store(), ticket).await? else {
            return Ok(None);
        };
        let key = self.key_of_matter(&ticket).await?;
        let (plain, entropy) = (reason.trim().as_bytes(), &*self.parts.entropy);
        Ok(Some(self.parts.vault.seal(key, LIFT, plain, entropy).await?))
    }

    /// For what a block was set and why it was lifted, in the words of people of ours; a word of
    /// ours where there are none, or they were destroyed.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn words_of_block(
        &self,
        row: &BlockRow,
    ) -> Result<(String, Option<String>), CasesError> {
        let sealed = store::blocks::words_of(self.store(), row.id).await?;
        let lift = match &row.state {
            BlockState::Active { .. } => None,
            BlockState::Lifted { reason, .. } => {
                Some(self.opened(LIFT, sealed.lift.as_deref()).await.unwrap_or(reason.clone()))
            }
        };
        let basis = self.opened(BASIS, sealed.basis.as_deref()).await;
        Ok((basis.unwrap_or_else(|| row.basis.clone()), lift))
    }

    async fn opened(&self, context: &str, sealed: Option<&[u8]>) -> Option<String> {
        let plain = self.parts.vault.open_sealed(context, sealed?).await.ok()?;
        String::from_utf8(plain).ok()
    }

    async fn lift_with_words(
        &self,
        block: BlockId,
        actor: &str,
        (reason, words): (&str, Option<&[u8]>),
        ground: LiftGround,
    ) -> Result<(), CasesError> {
        if reason.is_empty() {
            return Err(LiftError::NoReason.into());
        }
        let transaction = self.store().begin().await?;
        if let Some(held) = store::blocks::by_id(self.store(), block).await?
            && let Some(digest) = held.stop_digest
        {
            // A filing of the same person that looks whether something is blocked waits for us.
            store::stops::lock(&transaction, &[digest]).await?;
        }
        let now = self.parts.clock.now();
        let row = store::blocks::by_id(&transaction, block)
            .await?
            .ok_or_else(|| CasesError::NotFound { what: "block", id: block.to_string() })?;
        let mut stops = PendingStops::default();
        let corrected = match ground {
            LiftGround::Misread | LiftGround::Disowned => {
                self.correct_withdrawals(&transaction, &row, actor, reason, now).await?
            }
            LiftGround::Handled => 0,
        };
        let word = ground.name();
        let lifting =
            Lifting { actor, reason: word, words, ground, withdrawals_corrected: corrected };
        self.lift_held(&transaction, &row, &lifting, &mut stops, now).await?;
        self.commit(transaction, stops, now).await
    }

    /// Lifts a block in the transaction, with its number among the stops.
    pub(crate) async fn lift_held(
        &self,
        transaction: &Transaction,
        row: &BlockRow,
        lifting: &Lifting<'_>,
        stops: &mut PendingStops,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let (block, actor, reason) = (row.id, lifting.actor, lifting.reason);
        row.state.clone().lift(actor, reason, now)?;
        let said = (reason, lifting.words);
        store::blocks::lift(transaction, block, actor, said, now).await?;
        store::blocks::close_reminder(transaction, block, actor, now).await?;
        store::tasks::close_of_block(transaction, "narrow_or_lift_block", block, actor, now)
            .await?;
        // The end holds for the same addresses as the block did.
        let mut addresses: Vec<_> = row.address.into_iter().collect();
        if let Some(contact) = row.contact {
            addresses.extend(store::contacts::addresses_of(transaction, contact).await?);
        }
        addresses.sort_unstable();
        addresses.dedup();
        let mut digests = Vec::new();
        for address in addresses {
            if let Some(clear) = store::addresses::clear(transaction, address).await? {
                digests.extend(self.parts.digests.address_all(&clear));
            }
        }
        let scope = scope_words(&row.scope);
        let stopped = Stopped {
            kind: StopKind::Lift,
            scope: &scope,
            digests,
            contact: row.contact,
            block: Some(block),
            submission: None,
        };
        self.record_stop(transaction, stopped, stops, now).await?;
        store::tasks::tell_systems(transaction, "unblock", row.ticket, Some(block), now).await?;
        let detail = serde_json::json!({
            "scope": row.scope.name(), "reason_given": true, "ground": lifting.ground.name(),
            "withdrawals_corrected": lifting.withdrawals_corrected,
        });
        let subject = format!("block:{block}");
        Ok(store::audit::append(transaction, actor, "lifted", &subject, &detail, now).await?)
    }
}
