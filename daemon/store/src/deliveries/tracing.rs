//! One row of a campaign followed: which it is, and what left of it after an instant.

use domain::{
    Timestamp,
    ids::{AddressId, CampaignId, DeliveryId, SubscriptionId},
};

use crate::{
    error::StoreError,
    session::{Session, query_one, query_optional},
};

/// The row of an address in a campaign, with the subscription it rests on.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_campaign(
    session: &impl Session,
    campaign: CampaignId,
    address: AddressId,
) -> Result<Option<(DeliveryId, Option<SubscriptionId>)>, StoreError> {
    let sql = "SELECT id, subscription_id FROM delivery WHERE campaign_id = $1 AND address_id = $2";
    let Some(row) = query_optional(session, sql, [campaign.0.into(), address.0.into()]).await?
    else {
        return Ok(None);
    };
    let subscription: Option<i64> = row.get("delivery", "subscription_id")?;
    Ok(Some((DeliveryId(row.get("delivery", "id")?), subscription.map(SubscriptionId))))
}

/// How many attempts at a mail ended after an instant with the mail gone, or maybe gone.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn gone_after(
    session: &impl Session,
    delivery: DeliveryId,
    at: Timestamp,
) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM delivery_attempt WHERE delivery_id = $1 \
               AND outcome IN ('accepted', 'uncertain') AND ended_at > $2";
    query_one(session, sql, [delivery.0.into(), at.as_microsecond().into()])
        .await?
        .get("delivery_attempt", "n")
}
