//! A person has refused or uncertain mails of a campaign tried once more, with the same
//! Message-ID; never those whom the gate would not let pass now.

use std::collections::BTreeMap;

use domain::{
    Timestamp,
    campaign::ContentHash,
    delivery::{Class, WithholdReason},
    gate::{GateFacts, Verdict, gate},
    ids::DeliveryId,
};
use store::{
    StoreError, Transaction,
    campaigns::{Retried, Retryable},
    deliveries::Recipient,
};

use super::{STEP_TRIES, Step, find, hash_of, illegal, moved};
use crate::{Cases, CasesError};

/// Rows looked at in one transaction.
const CHUNK: u32 = 500;

/// What became of a retry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retry {
    /// Rows that are planned once more.
    pub planned: u64,
    /// Rows left as they were, by the reason of the gate.
    pub left: BTreeMap<&'static str, u64>,
}

impl Cases {
    /// Plans rejected or uncertain mails once more. A finished campaign runs again. Chunk by
    /// chunk, each with the step of the campaign in one transaction: if this dies half-way, what
    /// was planned goes out and the rest can be asked for again.
    ///
    /// # Errors
    /// [`CasesError::Refused`] by `campaign_state`, or by a rule that the campaign no longer
    /// keeps; [`CasesError::Store`].
    pub async fn retry_campaign(
        &self,
        campaign: &str,
        which: Retried,
        actor: &str,
    ) -> Result<Retry, CasesError> {
        let (mut retry, mut tries) = (Retry::default(), 1);
        let mut page = Page { after: DeliveryId(0), checked: None };
        loop {
            match self.retry_chunk(campaign, which, page, actor).await {
                Ok(Chunk { planned, left, next }) => {
                    retry.planned += planned;
                    for (reason, n) in left {
                        *retry.left.entry(reason).or_default() += n;
                    }
                    match next {
                        Some(next) => page = next,
                        None => return Ok(retry),
                    }
                }
                // The runner moved the campaign at the same moment: look again.
                Err(CasesError::Store(StoreError::Conflict { .. })) if tries < STEP_TRIES => {
                    tries += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn retry_chunk(
        &self,
        campaign: &str,
        which: Retried,
        page: Page,
        actor: &str,
    ) -> Result<Chunk, CasesError> {
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let row = find(&transaction, campaign).await?;
        let to = row.state.clone().retry().map_err(illegal)?;
        self.check_approval(&row)?;
        // It is compiled for each list: once is enough for what says the same.
        let checked = hash_of(&row);
        if page.checked != Some(checked) {
            self.check_issue(&transaction, &row).await?;
        }
        let rows =
            store::campaigns::retryable(&transaction, row.id, which, page.after, CHUNK).await?;
        let next = rows.last().map(|row| Page { after: row.id, checked: Some(checked) });
        let (ids, left) = self.passing(&transaction, &rows, now).await?;
        let planned = store::campaigns::retry(&transaction, row.id, &ids, now).await?;
        if planned > 0 {
            // Also when it runs on: a runner that is about to finish it must see the change.
            moved(&transaction, &row, &to, Step { actor, act: "retried" }, now).await?;
        }
        transaction.commit().await?;
        self.store().deliveries_planned().notify_waiters();
        Ok(Chunk { planned, left, next })
    }

    /// The rows that the gate lets pass now, and how many it does not, by reason.
    async fn passing(
        &self,
        transaction: &Transaction,
        rows: &[Retryable],
        now: Timestamp,
    ) -> Result<(Vec<DeliveryId>, BTreeMap<&'static str, u64>), CasesError> {
        let recipients: Vec<Recipient> = rows
            .iter()
            .map(|row| Recipient {
                address: row.address,
                stop_digests: self.stop_digests(&row.recipient),
            })
            .collect();
        let standings = store::deliveries::standings(transaction, &recipients, now).await?;
        let (mut ids, mut left) = (Vec::new(), BTreeMap::new());
        for row in rows {
            let standing = standings.get(&row.address).cloned().unwrap_or_default();
            let verdict = match row.basis {
                None => Verdict::Withhold(WithholdReason::NotConfirmed),
                Some(basis) => {
                    let facts = GateFacts {
                        class: Class::Advertising,
                        basis,
                        blocks: &standing.blocks,
                        suppressions: &standing.suppressions,
                        later: None,
                    };
                    gate(&facts, now)
                }
            };
            match verdict {
                Verdict::Send(_) | Verdict::Later { .. } => ids.push(row.id),
                Verdict::Withhold(reason) => *left.entry(reason.name()).or_default() += 1,
            }
        }
        Ok((ids, left))
    }

    pub(super) fn stop_digests(
        &self,
        address: &domain::address::EmailAddress,
    ) -> Vec<domain::digest::Digest> {
        self.parts.digests.address_all(address).iter().map(|digests| digests.stop).collect()
    }
}

/// Where a chunk begins, and the hash of the issue that was checked for those before.
#[derive(Clone, Copy)]
struct Page {
    after: DeliveryId,
    checked: Option<ContentHash>,
}

/// What became of one chunk, and where the next one begins.
struct Chunk {
    planned: u64,
    left: BTreeMap<&'static str, u64>,
    next: Option<Page>,
}
