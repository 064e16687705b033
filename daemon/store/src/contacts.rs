//! Contacts: people, and the addresses they have.

mod exporting;
mod timeline;

use domain::{
    Timestamp,
    ids::{AddressId, ContactId},
    language::Locale,
};

use crate::{
    error::StoreError,
    session::{Session, Transaction, execute, query_all, query_one, query_optional},
};

pub use exporting::{ExportRow, export_page};
pub use timeline::{Happening, Person, SearchedFor, people, timeline};

/// All contacts that have an address.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn of_address(
    session: &impl Session,
    address: AddressId,
) -> Result<Vec<ContactId>, StoreError> {
    let sql =
        "SELECT contact_id AS id FROM contact_address WHERE address_id = $1 ORDER BY contact_id";
    let rows = query_all(session, sql, [address.0.into()]).await?;
    rows.iter().map(|row| Ok(ContactId(row.get("contact_address", "id")?))).collect()
}

/// All addresses of a contact.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn addresses_of(
    session: &impl Session,
    contact: ContactId,
) -> Result<Vec<AddressId>, StoreError> {
    let sql =
        "SELECT address_id AS id FROM contact_address WHERE contact_id = $1 ORDER BY address_id";
    let rows = query_all(session, sql, [contact.0.into()]).await?;
    rows.iter().map(|row| Ok(AddressId(row.get("contact_address", "id")?))).collect()
}

/// A new contact, as typed or imported by a person of ours.
#[derive(Clone)]
pub struct NewContact {
    /// First and last name; may be empty.
    pub name: String,
    /// Telephone number; may be empty.
    pub phone: String,
    /// `ru` or `en`.
    pub locale: String,
    /// IANA zone.
    pub zone: String,
    /// Where the data came from.
    pub source: String,
}

impl std::fmt::Debug for NewContact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewContact").field("source", &self.source).finish_non_exhaustive()
    }
}

/// Writes a contact down. Never called for a mail alone.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn add(
    transaction: &Transaction,
    contact: &NewContact,
    now: Timestamp,
) -> Result<ContactId, StoreError> {
    let sql = "INSERT INTO contact (name, phone, locale, zone, source, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6) RETURNING id";
    let values = [
        contact.name.as_str().into(),
        contact.phone.as_str().into(),
        contact.locale.as_str().into(),
        contact.zone.as_str().into(),
        contact.source.as_str().into(),
        now.as_microsecond().into(),
    ];
    Ok(ContactId(query_one(transaction, sql, values).await?.get("contact", "id")?))
}

/// Gives a contact an address; having it already is fine.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn give_address(
    transaction: &Transaction,
    contact: ContactId,
    address: AddressId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO contact_address (contact_id, address_id, since_at) VALUES ($1, $2, $3) \
               ON CONFLICT (contact_id, address_id) DO NOTHING";
    execute(transaction, sql, [contact.0.into(), address.0.into(), now.as_microsecond().into()])
        .await?;
    Ok(())
}

/// Whether there is such a contact.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn exists(session: &impl Session, contact: ContactId) -> Result<bool, StoreError> {
    let sql = "SELECT id FROM contact WHERE id = $1";
    Ok(query_optional(session, sql, [contact.0.into()]).await?.is_some())
}

/// The language of a contact; `None` when there is no such contact, or it is none that we write.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn locale_of(
    session: &impl Session,
    contact: ContactId,
) -> Result<Option<Locale>, StoreError> {
    let sql = "SELECT id, locale FROM contact WHERE id = $1";
    let row = query_optional(session, sql, [contact.0.into()]).await?;
    let code = row.map(|row| row.get::<String>("contact", "locale")).transpose()?;
    Ok(code.and_then(|code| Locale::from_code(&code)))
}
