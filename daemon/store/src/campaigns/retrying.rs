//! A person has mails of a campaign tried once more: those refused, and those nobody knows of.

use domain::{
    Timestamp,
    address::EmailAddress,
    ids::{AddressId, CampaignId, DeliveryId, ListId, SubscriptionId},
};
use sea_orm::Value;

use crate::{
    error::StoreError,
    session::{Session, Transaction, execute, placeholders, query_all},
};

/// A row that may be tried once more.
#[derive(Debug, Clone)]
pub struct Retryable {
    /// Its id.
    pub id: DeliveryId,
    /// The recipient's row.
    pub address: AddressId,
    /// The recipient in clear, for the digests of the gate.
    pub recipient: EmailAddress,
    /// What it rests on; gone when it was destroyed meanwhile.
    pub subscription: Option<SubscriptionId>,
    /// The list of that subscription.
    pub list: Option<ListId>,
}

/// One page of the rejected or uncertain rows of a campaign, in the order of their ids.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn retryable(
    session: &impl Session,
    campaign: CampaignId,
    after: DeliveryId,
    limit: u32,
) -> Result<Vec<Retryable>, StoreError> {
    let sql = "SELECT d.id, d.address_id, a.email, s.id AS subscription_id, s.list_id FROM delivery d \
               JOIN address a ON a.id = d.address_id LEFT JOIN subscription s ON s.id = d.subscription_id \
               WHERE d.campaign_id = $1 AND d.id > $2 AND d.state IN ('rejected', 'uncertain') \
               ORDER BY d.id LIMIT $3";
    let values = [campaign.0.into(), after.0.into(), i64::from(limit).into()];
    let rows = query_all(session, sql, values).await?;
    rows.iter()
        .map(|row| {
            Ok(Retryable {
                id: DeliveryId(row.get("delivery", "id")?),
                address: AddressId(row.get("delivery", "address_id")?),
                recipient: row
                    .parsed("delivery", "email", |text| EmailAddress::parse(text).ok())?,
                subscription: row
                    .get::<Option<i64>>("delivery", "subscription_id")?
                    .map(SubscriptionId),
                list: row.get::<Option<i64>>("delivery", "list_id")?.map(ListId),
            })
        })
        .collect()
}

/// Plans rejected or uncertain rows once more, with the same Message-ID, for as long as a mail of
/// this campaign lives at first. They are marked as resent and keep their attempt number: the END
/// of an attempt before never settles the one to come. Returns how many changed.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn retry(
    transaction: &Transaction,
    campaign: CampaignId,
    deliveries: &[DeliveryId],
    now: Timestamp,
) -> Result<u64, StoreError> {
    if deliveries.is_empty() {
        return Ok(0);
    }
    let sql = format!(
        "UPDATE delivery SET state = 'planned', resent = 1, next_try_at = $2, settled_at = NULL, \
         expires_at = $2 + (expires_at - planned_at), smtp_code = NULL, enhanced_code = NULL, reply_text = NULL \
         WHERE campaign_id = $1 AND state IN ('rejected', 'uncertain') AND id IN ({})",
        placeholders(3, deliveries.len())
    );
    let values = [Value::from(campaign.0), now.as_microsecond().into()]
        .into_iter()
        .chain(deliveries.iter().map(|id| Value::from(id.0)));
    execute(transaction, &sql, values).await
}
