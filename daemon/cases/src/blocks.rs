//! Blocks as people of ours handle them: listed, and lifted with a name and a reason.

use domain::ids::BlockId;
use store::{blocks::BlockRow, stops::StopKind};

use crate::{
    Cases, CasesError,
    filing::{PendingStops, Stopped, scope_words},
};

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

    /// Lifts a block that was set by a misreading (invariant 4, first exception). The end of a
    /// stop has its own number in the sequence, so that every sender sees it.
    ///
    /// # Errors
    /// [`CasesError::NotFound`]; [`CasesError::Refused`] without a reason or when it is lifted
    /// already; [`store::StoreError::Conflict`] when somebody else was first.
    pub async fn lift_block(
        &self,
        block: BlockId,
        actor: &str,
        reason: &str,
    ) -> Result<(), CasesError> {
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let row = store::blocks::by_id(&transaction, block)
            .await?
            .ok_or_else(|| CasesError::NotFound { what: "block", id: block.to_string() })?;
        row.state.clone().lift(actor, reason, now)?;
        store::blocks::lift(&transaction, block, actor, reason.trim(), now).await?;
        let mut digests = Vec::new();
        if let Some(address) = row.address
            && let Some(clear) = store::addresses::clear(&transaction, address).await?
        {
            digests = self.parts.digests.address_all(&clear);
        }
        let scope = scope_words(&row.scope);
        let mut stops = PendingStops::default();
        let stopped = Stopped {
            kind: StopKind::Lift,
            scope: &scope,
            digests,
            contact: row.contact,
            block: Some(block),
            submission: None,
        };
        self.record_stop(&transaction, stopped, &mut stops, now).await?;
        store::tasks::tell_systems(&transaction, "unblock", row.ticket, Some(block), now).await?;
        let detail = serde_json::json!({ "scope": row.scope.name(), "reason_given": true });
        let subject = format!("block:{block}");
        store::audit::append(&transaction, actor, "lifted", &subject, &detail, now).await?;
        self.commit(transaction, stops, now).await
    }
}
