//! The end of a campaign's rows: what a cancel keeps back, and whether anything is still to come.

use domain::{
    delivery::{DeliveryStateName, WithholdReason},
    ids::CampaignId,
};

use crate::{
    connect::Dialect,
    error::StoreError,
    session::{Session, Transaction, execute, query_one},
};

/// Withholds up to `limit` rows of a cancelled campaign that wait to be sent; returns how many.
/// Claimed rows end by themselves: their START is refused, since the cancel moved the stops.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn sweep_cancelled(
    transaction: &Transaction,
    campaign: CampaignId,
    limit: u32,
) -> Result<u64, StoreError> {
    let chosen = "SELECT id FROM delivery WHERE campaign_id IS NOT NULL AND campaign_id = $1 \
                  AND state IN ('planned', 'deferred') ORDER BY next_try_at, id LIMIT $2";
    let chosen = match transaction.dialect() {
        Dialect::Sqlite => format!("id IN ({chosen})"),
        // A row that is being claimed just now is left to the claim.
        Dialect::Postgres => format!("id = ANY(ARRAY({chosen} FOR UPDATE SKIP LOCKED))"),
    };
    let sql = format!(
        "UPDATE delivery SET state = $3, withheld_reason = $4, leased_until_at = NULL \
         WHERE {chosen} AND state IN ('planned', 'deferred') \
         AND EXISTS (SELECT 1 FROM campaign WHERE id = $1 AND state = 'cancelled')"
    );
    let values = [
        campaign.0.into(),
        i64::from(limit).into(),
        DeliveryStateName::Withheld.name().into(),
        WithholdReason::Cancelled.name().into(),
    ];
    execute(transaction, &sql, values).await
}

/// Whether a row of the campaign is still to be sent, or is being sent.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn is_any_open(session: &impl Session, campaign: CampaignId) -> Result<bool, StoreError> {
    let open = query_one(session, IS_ANY_OPEN, [campaign.0.into()]).await?;
    Ok(open.get::<i64>("delivery", "open")? > 0)
}

/// The first row of each index in its order: with EXISTS alone both databases choose the index of
/// the campaign's addresses, and walk all of them.
pub(crate) const IS_ANY_OPEN: &str = "SELECT CAST(CASE WHEN (SELECT id FROM delivery WHERE campaign_id IS NOT NULL \
     AND campaign_id = $1 AND state IN ('planned', 'deferred') ORDER BY next_try_at, id LIMIT 1) IS NOT NULL \
     OR (SELECT id FROM delivery WHERE campaign_id IS NOT NULL AND campaign_id = $1 \
     AND state = 'claimed' ORDER BY id LIMIT 1) IS NOT NULL THEN 1 ELSE 0 END AS BIGINT) AS open";
