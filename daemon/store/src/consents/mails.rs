//! The mails of consents: the one that brought it, and those that rested on it.

use domain::{
    Timestamp,
    ids::{AddressId, ConsentEventId, DeliveryId},
};

use crate::{
    error::StoreError,
    row::Row,
    session::{Session, placeholders, query_all},
};

/// A mail that rested on a consent, or brought it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentMail {
    /// Its row.
    pub id: DeliveryId,
    /// The consent it rested on; none for a confirmation mail.
    pub consent: Option<ConsentEventId>,
    /// The campaign it belongs to.
    pub campaign: Option<i64>,
    /// What it is, in the word of the table.
    pub occasion: String,
    /// Its Message-ID.
    pub mail_id: String,
    /// Where it stands, in the word of the table.
    pub state: String,
    /// When it was planned.
    pub planned_at: Timestamp,
    /// When it was settled.
    pub settled_at: Option<Timestamp>,
}

const MAIL_COLUMNS: &str = "delivery.id AS id, consent_id, campaign_id, purpose_of_mail, mail_id, delivery.state AS state, \
                            planned_at, settled_at";

fn read_mail(row: &Row) -> Result<ConsentMail, StoreError> {
    Ok(ConsentMail {
        id: DeliveryId(row.get("delivery", "id")?),
        consent: row.get::<Option<i64>>("delivery", "consent_id")?.map(ConsentEventId),
        campaign: row.get("delivery", "campaign_id")?,
        occasion: row.get("delivery", "purpose_of_mail")?,
        mail_id: row.get("delivery", "mail_id")?,
        state: row.get("delivery", "state")?,
        planned_at: row.instant("delivery", "planned_at")?,
        settled_at: row.instant_option("delivery", "settled_at")?,
    })
}

/// The campaign mails to some addresses that rested on one of these consents, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn mails_on(
    session: &impl Session,
    addresses: &[AddressId],
    consents: &[ConsentEventId],
) -> Result<Vec<ConsentMail>, StoreError> {
    // By campaign and address, which is an index; there are few campaigns.
    let places = placeholders(1, addresses.len());
    let events = placeholders(1 + addresses.len(), consents.len());
    let sql = format!(
        "SELECT {MAIL_COLUMNS} FROM campaign CROSS JOIN delivery \
         WHERE delivery.campaign_id = campaign.id AND delivery.campaign_id IS NOT NULL \
         AND delivery.address_id IN ({places}) AND delivery.consent_id IN ({events}) ORDER BY delivery.id"
    );
    let values = addresses
        .iter()
        .map(|address| address.0.into())
        .chain(consents.iter().map(|event| event.0.into()));
    query_all(session, &sql, values).await?.iter().map(read_mail).collect()
}

/// Some mails by their rows, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn mails(
    session: &impl Session,
    deliveries: &[DeliveryId],
) -> Result<Vec<ConsentMail>, StoreError> {
    let list = placeholders(1, deliveries.len());
    let sql = format!("SELECT {MAIL_COLUMNS} FROM delivery WHERE id IN ({list}) ORDER BY id");
    let values = deliveries.iter().map(|id| id.0.into());
    query_all(session, &sql, values).await?.iter().map(read_mail).collect()
}
