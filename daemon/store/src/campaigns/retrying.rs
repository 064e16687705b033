//! A person has mails of a campaign tried once more: those refused, and those nobody knows of.

use domain::{
    Timestamp,
    address::EmailAddress,
    gate::Basis,
    ids::{AddressId, CampaignId, DeliveryId},
};
use sea_orm::Value;

use crate::{
    campaigns::standing::{BASIS, basis},
    error::StoreError,
    session::{Session, Transaction, execute, placeholders, query_all},
};

/// Which rows are tried once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retried {
    /// Those the relay refused, or that expired.
    Rejected,
    /// Those that may have arrived: they may arrive twice.
    Uncertain,
    /// Both.
    All,
}

impl Retried {
    fn narrowed(self) -> &'static str {
        match self {
            Self::Rejected => "AND d.state = 'rejected'",
            Self::Uncertain => "AND d.state = 'uncertain'",
            Self::All => "",
        }
    }
}

/// A row that may be tried once more.
#[derive(Debug, Clone)]
pub struct Retryable {
    /// Its id.
    pub id: DeliveryId,
    /// The recipient's row.
    pub address: AddressId,
    /// The recipient in clear, for the digests of the gate.
    pub recipient: EmailAddress,
    /// What the gate asks of it; none when the subscription was destroyed meanwhile.
    pub basis: Option<Basis>,
}

/// One page of the rejected or uncertain rows of a campaign, in the order of their ids.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn retryable(
    session: &impl Session,
    campaign: CampaignId,
    which: Retried,
    after: DeliveryId,
    limit: u32,
) -> Result<Vec<Retryable>, StoreError> {
    let sql = retryable_sql(which);
    let values = [campaign.0.into(), after.0.into(), i64::from(limit).into()];
    let rows = query_all(session, &sql, values).await?;
    rows.iter()
        .map(|row| {
            let subscription: Option<i64> = row.get("delivery", "subscription_id")?;
            Ok(Retryable {
                id: DeliveryId(row.get("delivery", "id")?),
                address: AddressId(row.get("delivery", "address_id")?),
                recipient: row
                    .parsed("delivery", "email", |text| EmailAddress::parse(text).ok())?,
                basis: subscription.map(|_| basis(row)).transpose()?,
            })
        })
        .collect()
}

/// Says all that the index says, so that both databases read a page of it in its order.
pub(crate) fn retryable_sql(which: Retried) -> String {
    format!(
        "SELECT d.id AS id, d.address_id AS address_id, a.email AS email, s.id AS subscription_id, {BASIS} \
         FROM delivery d JOIN address a ON a.id = d.address_id \
         LEFT JOIN subscription s ON s.id = d.subscription_id LEFT JOIN list l ON l.id = s.list_id \
         WHERE d.campaign_id IS NOT NULL AND d.campaign_id = $1 AND d.id > $2 \
         AND d.state IN ('rejected', 'uncertain') {} ORDER BY d.id LIMIT $3",
        which.narrowed()
    )
}

/// Plans rejected or uncertain rows once more, with the same Message-ID, for as long as a mail of
/// this campaign lives at first: `planned_at` moves with the end of its life, else each retry would
/// make it longer. They are marked as resent, keep their attempt number and forget who made it:
/// the END of an attempt before never settles the one to come. Returns how many changed.
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
        "UPDATE delivery SET state = 'planned', resent = 1, next_try_at = $2, planned_at = $2, settled_at = NULL, \
         expires_at = $2 + (expires_at - planned_at), smtp_code = NULL, enhanced_code = NULL, reply_text = NULL, \
         node = NULL, epoch = NULL \
         WHERE campaign_id = $1 AND state IN ('rejected', 'uncertain') AND id IN ({})",
        placeholders(3, deliveries.len())
    );
    let values = [Value::from(campaign.0), now.as_microsecond().into()]
        .into_iter()
        .chain(deliveries.iter().map(|id| Value::from(id.0)));
    execute(transaction, &sql, values).await
}
