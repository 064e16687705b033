//! How people stand to the lists of a campaign: for the preview, and to know that it has anybody.

use domain::{
    Timestamp,
    address::EmailAddress,
    block::Purpose,
    gate::ListStanding,
    ids::{AddressId, CampaignId, ConsentEventId, ContactId, ListId, SubscriptionId},
};

use crate::{
    error::StoreError,
    session::{Session, query_all, query_one},
};

/// A contact's subscription to one of the lists of a campaign.
#[derive(Debug, Clone)]
pub struct OfList {
    /// Its id.
    pub subscription: SubscriptionId,
    /// The list.
    pub list: ListId,
    /// The list's purpose.
    pub purpose: Purpose,
    /// The address.
    pub address: AddressId,
    /// The address in clear, for the digests of the gate.
    pub email: EmailAddress,
    /// How the person stands to the list.
    pub standing: ListStanding,
    /// The consent that can be shown.
    pub consent: Option<ConsentEventId>,
    /// The last double opt-in.
    pub opted_in_at: Option<Timestamp>,
}

/// The subscriptions of a contact to the lists of a campaign, less the addresses that stand on an
/// excluded one, in the order the freeze walks them.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_contact(
    session: &impl Session,
    campaign: CampaignId,
    contact: ContactId,
) -> Result<Vec<OfList>, StoreError> {
    let sql = "SELECT s.id, s.list_id, l.purpose, s.address_id, a.email, s.state, s.consent_id, s.opted_in_at \
               FROM subscription s JOIN campaign_list c ON c.list_id = s.list_id AND c.role = 'to' \
               JOIN list l ON l.id = s.list_id JOIN address a ON a.id = s.address_id \
               WHERE c.campaign_id = $1 AND s.contact_id = $2 AND NOT EXISTS (SELECT 1 FROM subscription x \
               JOIN campaign_list e ON e.list_id = x.list_id AND e.role = 'except' AND e.campaign_id = $1 \
               WHERE x.address_id = s.address_id) ORDER BY s.id";
    let rows = query_all(session, sql, [campaign.0.into(), contact.0.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(OfList {
                subscription: SubscriptionId(row.get("subscription", "id")?),
                list: ListId(row.get("subscription", "list_id")?),
                purpose: row.parsed("subscription", "purpose", Purpose::from_name)?,
                address: AddressId(row.get("subscription", "address_id")?),
                email: row
                    .parsed("subscription", "email", |text| EmailAddress::parse(text).ok())?,
                standing: row.parsed("subscription", "state", |state| match state {
                    "pending" => Some(ListStanding::Pending),
                    "confirmed" => Some(ListStanding::Confirmed),
                    "unsubscribed" => Some(ListStanding::Unsubscribed),
                    _ => None,
                })?,
                consent: row.get::<Option<i64>>("subscription", "consent_id")?.map(ConsentEventId),
                opted_in_at: row.instant_option("subscription", "opted_in_at")?,
            })
        })
        .collect()
}

/// Whether anybody stands on the lists of a campaign at all.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn has_candidates(
    session: &impl Session,
    campaign: CampaignId,
) -> Result<bool, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM (SELECT s.id FROM subscription s JOIN campaign_list c \
               ON c.list_id = s.list_id AND c.role = 'to' WHERE c.campaign_id = $1 LIMIT 1) AS anybody";
    let n: i64 = query_one(session, sql, [campaign.0.into()]).await?.get("subscription", "n")?;
    Ok(n > 0)
}
