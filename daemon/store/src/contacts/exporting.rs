//! Contacts as they are handed out: one row for each contact, address and list, by pages.

use domain::{
    Timestamp,
    ids::{ContactId, ListId},
};

use crate::{
    error::StoreError,
    row::Row,
    session::{Session, query_all},
};

/// One contact under one address on one list.
#[derive(Clone)]
pub struct ExportRow {
    /// The contact.
    pub contact: ContactId,
    /// The address in clear; empty when the contact has none.
    pub email: String,
    /// First and last name.
    pub name: String,
    /// Telephone number.
    pub phone: String,
    /// `ru` or `en`.
    pub locale: String,
    /// IANA zone.
    pub zone: String,
    /// Where the data came from.
    pub source: String,
    /// When the contact was written down.
    pub created_at: Timestamp,
    /// The list; empty when there is no subscription.
    pub list: String,
    /// The state of the subscription.
    pub state: String,
    /// Since when.
    pub since_at: Option<Timestamp>,
    /// Whether a proven consent can be shown.
    pub is_proven: bool,
}

impl std::fmt::Debug for ExportRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExportRow").field("contact", &self.contact).finish_non_exhaustive()
    }
}

/// The rows of up to `limit` contacts after `after`, in the order of their ids: all contacts, or
/// those who are or were on a list.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn export_page(
    session: &impl Session,
    list: Option<ListId>,
    after: ContactId,
    limit: u32,
) -> Result<Vec<ExportRow>, StoreError> {
    let (chosen, joined) = match list {
        None => (
            "SELECT id FROM contact WHERE id > $1 ORDER BY id LIMIT $2",
            "LEFT JOIN subscription AS s ON s.contact_id = c.id AND s.address_id = a.id",
        ),
        Some(_) => (
            "SELECT DISTINCT contact_id AS id FROM subscription WHERE list_id = $3 AND contact_id > $1 \
             ORDER BY contact_id LIMIT $2",
            "JOIN subscription AS s ON s.contact_id = c.id AND s.address_id = a.id AND s.list_id = $3",
        ),
    };
    let sql = format!(
        "SELECT c.id, c.name, c.phone, c.locale, c.zone, c.source, c.created_at, a.email, l.name AS list, \
         s.state, s.since_at, s.consent_id FROM ({chosen}) AS page JOIN contact AS c ON c.id = page.id \
         LEFT JOIN contact_address AS ca ON ca.contact_id = c.id LEFT JOIN address AS a ON a.id = ca.address_id AND a.erased_at IS NULL \
         {joined} LEFT JOIN list AS l ON l.id = s.list_id WHERE c.anonymised_at IS NULL ORDER BY c.id, a.id, l.id"
    );
    let mut values = vec![after.0.into(), i64::from(limit).into()];
    values.extend(list.map(|list| list.0.into()));
    query_all(session, &sql, values).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<ExportRow, StoreError> {
    let text =
        |table, column| row.get::<Option<String>>(table, column).map(Option::unwrap_or_default);
    Ok(ExportRow {
        contact: ContactId(row.get("contact", "id")?),
        email: text("address", "email")?,
        name: row.get("contact", "name")?,
        phone: row.get("contact", "phone")?,
        locale: row.get("contact", "locale")?,
        zone: row.get("contact", "zone")?,
        source: row.get("contact", "source")?,
        created_at: row.instant("contact", "created_at")?,
        list: text("list", "list")?,
        state: text("subscription", "state")?,
        since_at: row.instant_option("subscription", "since_at")?,
        is_proven: row.get::<Option<i64>>("subscription", "consent_id")?.is_some(),
    })
}
