//! What is held about one person, question by question; every one leaves out what is another's.
//!
//! An address may be shared: what is known of it alone, and not of the contact, counts as the
//! person's only where nobody else has the address.

use domain::{
    Timestamp,
    ids::{AddressId, ContactId},
};
use serde::Serialize;

use crate::{
    error::StoreError,
    session::{
        Session, blobs, is_one_of_blobs, is_one_of_numbers, numbers, query_all, query_optional,
    },
};

/// About whom it is asked.
#[derive(Debug, Clone, Default)]
pub struct Whose {
    /// The contact, if one is known.
    pub contact: Option<ContactId>,
    /// The addresses.
    pub addresses: Vec<AddressId>,
    /// Those of them that nobody else has.
    pub own: Vec<AddressId>,
    /// The stop digests of those that nobody else has, under every key.
    pub stop_digests: Vec<[u8; 32]>,
}

impl Whose {
    pub(super) fn contact_number(&self) -> i64 {
        self.contact.map_or(0, |id| id.0)
    }
}

/// A contact with its sources.
#[derive(Clone, Serialize)]
pub struct HeldContact {
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
    /// When they were written down.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for HeldContact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HeldContact(***)")
    }
}

/// The contact of an id.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn contact(
    session: &impl Session,
    contact: ContactId,
) -> Result<Option<HeldContact>, StoreError> {
    const TABLE: &str = "contact";
    let sql = "SELECT name, phone, locale, zone, source, created_at FROM contact WHERE id = $1";
    let row = query_optional(session, sql, [contact.0.into()]).await?;
    row.map(|row| {
        Ok(HeldContact {
            name: row.get(TABLE, "name")?,
            phone: row.get(TABLE, "phone")?,
            locale: row.get(TABLE, "locale")?,
            zone: row.get(TABLE, "zone")?,
            source: row.get(TABLE, "source")?,
            created_at: row.instant(TABLE, "created_at")?,
        })
    })
    .transpose()
}

/// Since when a contact has each of its addresses.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn addresses(
    session: &impl Session,
    contact: ContactId,
) -> Result<Vec<(AddressId, Timestamp)>, StoreError> {
    let sql = "SELECT address_id AS id, since_at FROM contact_address WHERE contact_id = $1 ORDER BY address_id";
    let rows = query_all(session, sql, [contact.0.into()]).await?;
    rows.iter()
        .map(|row| {
            let id = AddressId(row.get("contact_address", "id")?);
            Ok((id, row.instant("contact_address", "since_at")?))
        })
        .collect()
}

/// Which of some addresses no contact has but this one.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn own_addresses(
    session: &impl Session,
    contact: Option<ContactId>,
    addresses: &[AddressId],
) -> Result<Vec<AddressId>, StoreError> {
    let mut own = Vec::new();
    for address in addresses {
        let holders = crate::contacts::of_address(session, *address).await?;
        if holders.iter().all(|holder| Some(*holder) == contact) {
            own.push(*address);
        }
    }
    Ok(own)
}

/// Names and telephone numbers of the others who share an address: to be masked.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn sharers(session: &impl Session, whose: &Whose) -> Result<Vec<String>, StoreError> {
    let sql = format!(
        "SELECT DISTINCT name, phone FROM contact JOIN contact_address ON contact_id = contact.id \
         WHERE address_id {} AND contact.id <> $2 ORDER BY name, phone",
        is_one_of_numbers(1, session.dialect())
    );
    let addresses = numbers(whose.addresses.iter().map(|id| id.0), session.dialect());
    let rows = query_all(session, &sql, [addresses, whose.contact_number().into()]).await?;
    let mut words = Vec::new();
    for row in &rows {
        words.push(row.get::<String>("contact", "name")?);
        words.push(row.get::<String>("contact", "phone")?);
    }
    words.retain(|word| !word.trim().is_empty());
    Ok(words)
}

/// A subscription of the person.
#[derive(Debug, Clone, Serialize)]
pub struct HeldSubscription {
    /// The list.
    pub list: String,
    /// Its title in Russian.
    pub title_ru: String,
    /// Its title in English.
    pub title_en: String,
    /// For what.
    pub purpose: String,
    /// Where it stands.
    pub state: String,
    /// Since when.
    pub since_at: Timestamp,
    /// When the mailbox last confirmed.
    pub opted_in_at: Option<Timestamp>,
    /// When the person last left.
    pub left_at: Option<Timestamp>,
    /// Which address it mails.
    pub address: Option<i64>,
}

/// The person's subscriptions.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn subscriptions(
    session: &impl Session,
    whose: &Whose,
) -> Result<Vec<HeldSubscription>, StoreError> {
    let sql = format!(
        "SELECT l.name AS list, l.title_ru, l.title_en, l.purpose, s.state, s.since_at, s.opted_in_at, s.left_at, \
         s.address_id FROM subscription AS s JOIN list AS l ON l.id = s.list_id \
         WHERE s.contact_id = $2 OR (s.contact_id IS NULL AND s.address_id {}) ORDER BY s.id",
        is_one_of_numbers(1, session.dialect())
    );
    let own = numbers(whose.own.iter().map(|id| id.0), session.dialect());
    let rows = query_all(session, &sql, [own, whose.contact_number().into()]).await?;
    const TABLE: &str = "subscription";
    rows.iter()
        .map(|row| {
            Ok(HeldSubscription {
                list: row.get(TABLE, "list")?,
                title_ru: row.get(TABLE, "title_ru")?,
                title_en: row.get(TABLE, "title_en")?,
                purpose: row.get(TABLE, "purpose")?,
                state: row.get(TABLE, "state")?,
                since_at: row.instant(TABLE, "since_at")?,
                opted_in_at: row.instant_option(TABLE, "opted_in_at")?,
                left_at: row.instant_option(TABLE, "left_at")?,
                address: row.get(TABLE, "address_id")?,
            })
        })
        .collect()
}

/// A block of the person's data.
#[derive(Debug, Clone, Serialize)]
pub struct HeldBlock {
    /// What it covers.
    pub scope: String,
    /// For what it was set.
    pub basis: String,
    /// Active or lifted.
    pub state: String,
    /// Since when.
    pub from_at: Timestamp,
    /// Until when.
    pub lifted_at: Option<Timestamp>,
}

/// The person's blocks.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn block_rows(
    session: &impl Session,
    whose: &Whose,
) -> Result<Vec<HeldBlock>, StoreError> {
    const TABLE: &str = "block";
    let dialect = session.dialect();
    let sql = format!(
        "SELECT scope, basis, state, from_at, lifted_at FROM block WHERE contact_id = $2 OR stop_digest {} ORDER BY id",
        is_one_of_blobs(1, dialect)
    );
    let digests = blobs(whose.stop_digests.iter().map(<[u8; 32]>::as_slice), dialect);
    let rows = query_all(session, &sql, [digests, whose.contact_number().into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(HeldBlock {
                scope: row.get(TABLE, "scope")?,
                basis: row.get(TABLE, "basis")?,
                state: row.get(TABLE, "state")?,
                from_at: row.instant(TABLE, "from_at")?,
                lifted_at: row.instant_option(TABLE, "lifted_at")?,
            })
        })
        .collect()
}

/// That an address of the person is not mailed, and why.
#[derive(Debug, Clone, Serialize)]
pub struct HeldSuppression {
    /// Why.
    pub reason: String,
    /// Since when.
    pub since_at: Timestamp,
    /// Until when, if it was lifted.
    pub lifted_at: Option<Timestamp>,
}

/// The suppressions of the person's own addresses.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn suppressions(
    session: &impl Session,
    whose: &Whose,
) -> Result<Vec<HeldSuppression>, StoreError> {
    const TABLE: &str = "suppression";
    let dialect = session.dialect();
    let sql = format!(
        "SELECT reason, since_at, lifted_at FROM suppression WHERE stop_digest {} ORDER BY id",
        is_one_of_blobs(1, dialect)
    );
    let digests = blobs(whose.stop_digests.iter().map(<[u8; 32]>::as_slice), dialect);
    let rows = query_all(session, &sql, [digests]).await?;
    rows.iter()
        .map(|row| {
            Ok(HeldSuppression {
                reason: row.get(TABLE, "reason")?,
                since_at: row.instant(TABLE, "since_at")?,
                lifted_at: row.instant_option(TABLE, "lifted_at")?,
            })
        })
        .collect()
}
