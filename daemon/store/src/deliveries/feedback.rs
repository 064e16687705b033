//! What came back of mails that were accepted: bounces and complaints.

use domain::{
    Timestamp,
    delivery::Class,
    digest::Digest,
    ids::{AddressId, CampaignId, DeliveryId, SubscriptionId, TicketId},
};
use sea_orm::Value;

use crate::{
    error::StoreError,
    session::{Session, Transaction, placeholders, query_all, query_optional},
};

/// A delivery of which something came back now, for the first time.
#[derive(Debug, Clone)]
pub struct Told {
    /// Its row.
    pub id: DeliveryId,
    /// The ticket it belongs to.
    pub ticket: Option<TicketId>,
    /// Whether it was owed.
    pub statutory: bool,
    /// Whom it went to.
    pub address: AddressId,
    /// The campaign it belongs to.
    pub campaign: Option<CampaignId>,
    /// The subscription it rested on.
    pub subscription: Option<SubscriptionId>,
}

/// By what a report names mails of ours.
#[derive(Debug, Clone, Default)]
pub struct Named<'a> {
    /// Rows, by tokens that were opened.
    pub deliveries: &'a [DeliveryId],
    /// Message-IDs in clear, without angle brackets: a campaign's are found by them.
    pub mail_ids: &'a [String],
    /// Their digests under every key: all others are found by them.
    pub mail_id_digests: &'a [Digest],
}

/// Writes feedback onto the named deliveries that left, or may have, and have none yet; a complaint
/// also onto one that bounced. A row that waits for its second copy, or for a relay that may have
/// taken it after all, is told of as well: the gate then withholds what is still to come.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn take_feedback(
    transaction: &Transaction,
    named: &Named<'_>,
    feedback: &str,
) -> Result<Vec<Told>, StoreError> {
    let ids = all_named(transaction, named).await?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "UPDATE delivery SET feedback = $1 WHERE id IN ({}) \
         AND (feedback IS NULL OR (feedback = 'bounce' AND $1 = 'complaint')) \
         AND (state IN ('accepted', 'uncertain', 'claimed') OR resent = 1 \
         OR (state IN ('planned', 'deferred') AND attempt > 0)) \
         RETURNING id, ticket_id, class, address_id, campaign_id, subscription_id",
        placeholders(2, ids.len())
    );
    let values = std::iter::once(feedback.into()).chain(ids.iter().map(|id| (*id).into()));
    let rows = query_all(transaction, &sql, values).await?;
    rows.iter()
        .map(|row| {
            let class = row.parsed("delivery", "class", Class::from_name)?;
            let subscription = row.get::<Option<i64>>("delivery", "subscription_id")?;
            Ok(Told {
                id: DeliveryId(row.get("delivery", "id")?),
                ticket: row.get::<Option<i64>>("delivery", "ticket_id")?.map(TicketId),
                statutory: class == Class::Statutory,
                address: AddressId(row.get("delivery", "address_id")?),
                campaign: row.get::<Option<i64>>("delivery", "campaign_id")?.map(CampaignId),
                subscription: subscription.map(SubscriptionId),
            })
        })
        .collect()
}

/// The addresses to which the named deliveries went or go; each once.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn addresses_of(
    session: &impl Session,
    named: &Named<'_>,
) -> Result<Vec<AddressId>, StoreError> {
    let ids = all_named(session, named).await?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let list = placeholders(1, ids.len());
    let sql = format!(
        "SELECT DISTINCT address_id FROM delivery WHERE id IN ({list}) ORDER BY address_id"
    );
    let rows = query_all(session, &sql, ids.iter().map(|id| (*id).into())).await?;
    rows.iter().map(|row| Ok(AddressId(row.get("delivery", "address_id")?))).collect()
}

/// The rows of the named deliveries.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn named(
    session: &impl Session,
    named: &Named<'_>,
) -> Result<Vec<DeliveryId>, StoreError> {
    Ok(all_named(session, named).await?.into_iter().map(DeliveryId).collect())
}

async fn all_named(session: &impl Session, named: &Named<'_>) -> Result<Vec<i64>, StoreError> {
    let mut ids = named.deliveries.iter().map(|id| id.0).collect::<Vec<_>>();
    // One question for each index.
    let digests = named.mail_id_digests.iter().map(|digest| digest.bytes.to_vec().into());
    let by_digest = "campaign_id IS NULL AND mail_id_digest IN";
    ids.extend(ids_of(session, by_digest, digests.collect()).await?);
    let mail_ids = named.mail_ids.iter().map(|id| id.as_str().into()).collect();
    ids.extend(ids_of(session, "campaign_id IS NOT NULL AND mail_id IN", mail_ids).await?);
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

async fn ids_of(
    session: &impl Session,
    narrowed: &str,
    values: Vec<Value>,
) -> Result<Vec<i64>, StoreError> {
    if values.is_empty() {
        return Ok(Vec::new());
    }
    let sql =
        format!("SELECT id FROM delivery WHERE {narrowed} ({})", placeholders(1, values.len()));
    let rows = query_all(session, &sql, values).await?;
    rows.iter().map(|row| row.get("delivery", "id")).collect()
}

/// Whether a mail with this topic was planned for a stop key since an instant.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn told_since(
    session: &impl Session,
    stop_digests: &[Digest],
    topic: &str,
    since: Timestamp,
) -> Result<bool, StoreError> {
    let list = placeholders(3, stop_digests.len());
    let sql = format!(
        "SELECT id FROM delivery WHERE campaign_id IS NULL AND topic = $1 AND planned_at > $2 AND stop_digest IN ({list}) LIMIT 1"
    );
    let values = [topic.into(), since.as_microsecond().into()]
        .into_iter()
        .chain(stop_digests.iter().map(|digest| digest.bytes.to_vec().into()));
    Ok(query_optional(session, &sql, values).await?.is_some())
}
