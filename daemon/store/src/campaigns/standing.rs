//! How people stand to the lists of a campaign: for the preview, and to know that it has anybody.

use domain::{
    address::EmailAddress,
    gate::{Basis, ConsentStanding, ListStanding},
    ids::{AddressId, CampaignId, ContactId, ListId, SubscriptionId},
};

use crate::{
    connect::Dialect,
    error::StoreError,
    row::Row,
    session::{Session, Transaction, query_all, query_one, query_optional},
};

/// A contact's subscription to one of the lists of a campaign.
#[derive(Debug, Clone)]
pub struct OfList {
    /// Its id.
    pub subscription: SubscriptionId,
    /// The list.
    pub list: ListId,
    /// The address.
    pub address: AddressId,
    /// The address in clear, for the digests of the gate.
    pub email: EmailAddress,
    /// What the gate asks of it.
    pub basis: Basis,
}

/// The columns `s` and `l` of which [`basis`] is read.
pub(super) const BASIS: &str = "l.purpose AS purpose, s.state AS standing, s.consent_id AS consent_id, s.opted_in_at AS opted_in_at";

/// What the gate asks of a subscription.
pub(super) fn basis(row: &Row) -> Result<Basis, StoreError> {
    let consent: Option<i64> = row.get("subscription", "consent_id")?;
    Ok(Basis::Subscription {
        purpose: row.parsed("list", "purpose", domain::block::Purpose::from_name)?,
        list: row.parsed("subscription", "standing", |state| match state {
            "pending" => Some(ListStanding::Pending),
            "confirmed" => Some(ListStanding::Confirmed),
            "unsubscribed" => Some(ListStanding::Unsubscribed),
            _ => None,
        })?,
        consent: if consent.is_some() {
            ConsentStanding::Proven
        } else {
            ConsentStanding::NotProven
        },
        opted_in_at: row.instant_option("subscription", "opted_in_at")?,
    })
}

/// The subscriptions of a contact to the lists of a campaign, less the addresses that stand on an
/// excluded one and have not left it, in the order the freeze walks them.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_contact(
    session: &impl Session,
    campaign: CampaignId,
    contact: ContactId,
) -> Result<Vec<OfList>, StoreError> {
    let sql = format!(
        "SELECT s.id AS id, s.list_id AS list_id, s.address_id AS address_id, a.email AS email, {BASIS} \
         FROM subscription s JOIN campaign_list c ON c.list_id = s.list_id AND c.role = 'to' \
         JOIN list l ON l.id = s.list_id JOIN address a ON a.id = s.address_id \
         WHERE c.campaign_id = $1 AND s.contact_id = $2 AND NOT EXISTS (SELECT 1 FROM subscription x \
         JOIN campaign_list e ON e.list_id = x.list_id AND e.role = 'except' AND e.campaign_id = $1 \
         WHERE x.address_id = s.address_id) ORDER BY s.id"
    );
    let rows = query_all(session, &sql, [campaign.0.into(), contact.0.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(OfList {
                subscription: SubscriptionId(row.get("subscription", "id")?),
                list: ListId(row.get("subscription", "list_id")?),
                address: AddressId(row.get("subscription", "address_id")?),
                email: row
                    .parsed("subscription", "email", |text| EmailAddress::parse(text).ok())?,
                basis: basis(row)?,
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

/// Whether the lists of a campaign are all there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressed {
    /// All of them.
    OpenLists,
    /// One of them is archived: no mail goes to it.
    ArchivedList,
}

/// Whether a campaign goes to an archived list. Until this transaction ends none of its lists can
/// be archived; `store::lists::lock` is the other side. SQLite has one writer and needs no lock.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn addresses_archived_list(
    transaction: &Transaction,
    campaign: CampaignId,
) -> Result<Addressed, StoreError> {
    let lock = match transaction.dialect() {
        Dialect::Sqlite => "",
        Dialect::Postgres => " FOR SHARE OF l",
    };
    let sql = format!(
        "SELECT l.archived_at FROM campaign_list c JOIN list l ON l.id = c.list_id \
         WHERE c.campaign_id = $1 AND c.role = 'to' ORDER BY l.id{lock}"
    );
    for row in query_all(transaction, &sql, [campaign.0.into()]).await? {
        if row.get::<Option<i64>>("list", "archived_at")?.is_some() {
            return Ok(Addressed::ArchivedList);
        }
    }
    Ok(Addressed::OpenLists)
}

/// The name of a contact, as it stands in a mail.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn name_of_contact(
    session: &impl Session,
    contact: ContactId,
) -> Result<Option<String>, StoreError> {
    let sql = "SELECT name FROM contact WHERE id = $1";
    let row = query_optional(session, sql, [contact.0.into()]).await?;
    row.map(|row| row.get("contact", "name")).transpose()
}
