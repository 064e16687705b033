//! What came back of mails that were accepted: bounces and complaints.

use domain::{
    Timestamp,
    delivery::Class,
    digest::Digest,
    ids::{DeliveryId, TicketId},
};

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
}

/// Writes feedback onto the deliveries with these Message-IDs that have none yet.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn take_feedback(
    transaction: &Transaction,
    mail_ids: &[Digest],
    feedback: &str,
) -> Result<Vec<Told>, StoreError> {
    if mail_ids.is_empty() {
        return Ok(Vec::new());
    }
    let list = placeholders(2, mail_ids.len());
    let sql = format!(
        "UPDATE delivery SET feedback = $1 WHERE campaign_id IS NULL AND mail_id_digest IN ({list}) AND feedback IS NULL \
         AND state IN ('accepted', 'uncertain', 'claimed') RETURNING id, ticket_id, class"
    );
    let values = std::iter::once(feedback.into())
        .chain(mail_ids.iter().map(|digest| digest.bytes.to_vec().into()));
    let rows = query_all(transaction, &sql, values).await?;
    rows.iter()
        .map(|row| {
            let class = row.parsed("delivery", "class", Class::from_name)?;
            Ok(Told {
                id: DeliveryId(row.get("delivery", "id")?),
                ticket: row.get::<Option<i64>>("delivery", "ticket_id")?.map(TicketId),
                statutory: class == Class::Statutory,
            })
        })
        .collect()
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
