//! Whoever gets data from us: processors, third parties, authorities; and the notices they get
//! when the data change or go.

mod notices;

use domain::{Timestamp, disclosure::Role, ids::RecipientId};
use jiff::civil::Date;

use crate::{
    error::StoreError,
    row::Row,
    session::{Session, Transaction, change_one, query_all, query_one, query_optional},
};

pub use notices::{
    NewNotice, NoticeRow, add_notice, by_hand, forget_letter, letters_open, mark_sent, notice,
    notices_of_request, settle_notice, unsettled_of_plan,
};

/// A recipient as it stands.
#[derive(Debug, Clone)]
pub struct RecipientRow {
    /// Its id.
    pub id: RecipientId,
    /// Its short name in the register.
    pub name: String,
    /// What it is to us.
    pub role: Role,
    /// Its full name.
    pub title: String,
    /// Its postal address.
    pub postal_address: String,
    /// Where notices go; empty: told by hand.
    pub email: String,
    /// ISO 3166-1 country.
    pub country: String,
    /// Contract or order.
    pub agreement: String,
    /// Of a processor: the categories of everybody's data that it has, as words.
    pub data: String,
    /// For what.
    pub purpose: String,
    /// When Roskomnadzor was told of transfers there.
    pub authority_told_on: Option<Date>,
    /// When it was written down.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
    /// When the relation ended.
    pub ended_at: Option<Timestamp>,
}

/// A recipient to be written down.
#[derive(Debug, Clone)]
pub struct NewRecipient {
    /// Its short name in the register.
    pub name: String,
    /// What it is to us.
    pub role: Role,
    /// Its full name.
    pub title: String,
    /// Its postal address; may be empty.
    pub postal_address: String,
    /// Where notices go; may be empty.
    pub email: String,
    /// ISO 3166-1 country, upper case.
    pub country: String,
    /// Contract or order; may be empty.
    pub agreement: String,
    /// Categories, as words.
    pub data: String,
    /// For what; may be empty.
    pub purpose: String,
    /// When Roskomnadzor was told of transfers there.
    pub authority_told_on: Option<Date>,
}

const TABLE: &str = "recipient";
const COLUMNS: &str = "id, name, role, title, postal_address, email, country, agreement, data, purpose, \
                       authority_told_on, created_at, created_by, ended_at";

fn read(row: &Row) -> Result<RecipientRow, StoreError> {
    Ok(RecipientRow {
        id: RecipientId(row.get(TABLE, "id")?),
        name: row.get(TABLE, "name")?,
        role: row.parsed(TABLE, "role", Role::from_name)?,
        title: row.get(TABLE, "title")?,
        postal_address: row.get(TABLE, "postal_address")?,
        email: row.get(TABLE, "email")?,
        country: row.get(TABLE, "country")?,
        agreement: row.get(TABLE, "agreement")?,
        data: row.get(TABLE, "data")?,
        purpose: row.get(TABLE, "purpose")?,
        authority_told_on: row.parsed_option(TABLE, "authority_told_on", |day| day.parse().ok())?,
        created_at: row.instant(TABLE, "created_at")?,
        created_by: row.get(TABLE, "created_by")?,
        ended_at: row.instant_option(TABLE, "ended_at")?,
    })
}

/// Writes a recipient down.
///
/// # Errors
/// [`StoreError::Duplicate`] when there is one of this name; [`StoreError::Unavailable`].
pub async fn add(
    transaction: &Transaction,
    recipient: &NewRecipient,
    by: &str,
    now: Timestamp,
) -> Result<RecipientId, StoreError> {
    let sql = "INSERT INTO recipient (name, role, title, postal_address, email, country, agreement, data, purpose, \
               authority_told_on, created_at, created_by) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id";
    let values = [
        recipient.name.as_str().into(),
        recipient.role.name().into(),
        recipient.title.as_str().into(),
        recipient.postal_address.as_str().into(),
        recipient.email.as_str().into(),
        recipient.country.as_str().into(),
        recipient.agreement.as_str().into(),
        recipient.data.as_str().into(),
        recipient.purpose.as_str().into(),
        recipient.authority_told_on.map(|day| day.to_string()).into(),
        now.as_microsecond().into(),
        by.into(),
    ];
    Ok(RecipientId(query_one(transaction, sql, values).await?.get(TABLE, "id")?))
}

/// All recipients, by name.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn all(session: &impl Session) -> Result<Vec<RecipientRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM recipient ORDER BY name");
    query_all(session, &sql, []).await?.iter().map(read).collect()
}

/// The recipient of this name.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn by_name(
    session: &impl Session,
    name: &str,
) -> Result<Option<RecipientRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM recipient WHERE name = $1");
    query_optional(session, &sql, [name.into()]).await?.as_ref().map(read).transpose()
}

/// Ends the relation: nothing more is disclosed to it.
///
/// # Errors
/// [`StoreError::Conflict`] when it ended already.
pub async fn end(
    transaction: &Transaction,
    recipient: RecipientId,
    by: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql =
        "UPDATE recipient SET ended_at = $2, ended_by = $3 WHERE id = $1 AND ended_at IS NULL";
    let values = [recipient.0.into(), now.as_microsecond().into(), by.into()];
    change_one(transaction, "recipient", sql, values).await
}
