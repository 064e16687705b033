//! The register of disclosures: what of whom was given to whom, when and on which ground.

use domain::{
    Timestamp,
    disclosure::Ground,
    ids::{ConsentEventId, ContactId, DisclosureId, RecipientId, RequestId},
};
use jiff::civil::Date;

use crate::{
    error::StoreError,
    row::Row,
    session::{Session, Transaction, query_all, query_one},
};

/// A disclosure as it was written down.
#[derive(Debug, Clone)]
pub struct DisclosureRow {
    /// Its id.
    pub id: DisclosureId,
    /// To whom.
    pub recipient: RecipientId,
    /// Its name in the register.
    pub recipient_name: String,
    /// Whose data; none after the person was destroyed.
    pub contact: Option<ContactId>,
    /// On what it rests.
    pub ground: Ground,
    /// Number and date of request, contract or legal approval.
    pub reference: String,
    /// The consent.
    pub consent: Option<ConsentEventId>,
    /// Categories, as words.
    pub data: String,
    /// When.
    pub disclosed_at: Timestamp,
    /// The last day.
    pub until_on: Option<Date>,
    /// Who wrote it down.
    pub recorded_by: String,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// The request it belongs to.
    pub request: Option<RequestId>,
}

/// A disclosure to be written down.
#[derive(Debug, Clone)]
pub struct NewDisclosure<'a> {
    /// To whom.
    pub recipient: RecipientId,
    /// Whose data.
    pub contact: ContactId,
    /// On what it rests.
    pub ground: Ground,
    /// Number and date of request, contract or legal approval.
    pub reference: &'a str,
    /// The consent.
    pub consent: Option<ConsentEventId>,
    /// Categories, as words.
    pub data: &'a str,
    /// The last day.
    pub until_on: Option<Date>,
    /// Who writes it down.
    pub recorded_by: &'a str,
    /// Who approved it.
    pub approved_by: Option<&'a str>,
    /// The request it belongs to.
    pub request: Option<RequestId>,
}

const TABLE: &str = "disclosure";
const SELECT: &str = "SELECT disclosure.id AS id, recipient_id, recipient.name AS recipient_name, contact_id, ground, \
                      reference, consent_id, disclosure.data AS data, disclosed_at, until_on, recorded_by, approved_by, \
                      request_id FROM disclosure JOIN recipient ON recipient.id = recipient_id";

fn read(row: &Row) -> Result<DisclosureRow, StoreError> {
    Ok(DisclosureRow {
        id: DisclosureId(row.get(TABLE, "id")?),
        recipient: RecipientId(row.get(TABLE, "recipient_id")?),
        recipient_name: row.get(TABLE, "recipient_name")?,
        contact: row.get::<Option<i64>>(TABLE, "contact_id")?.map(ContactId),
        ground: row.parsed(TABLE, "ground", Ground::from_name)?,
        reference: row.get(TABLE, "reference")?,
        consent: row.get::<Option<i64>>(TABLE, "consent_id")?.map(ConsentEventId),
        data: row.get(TABLE, "data")?,
        disclosed_at: row.instant(TABLE, "disclosed_at")?,
        until_on: row.parsed_option(TABLE, "until_on", |day| day.parse().ok())?,
        recorded_by: row.get(TABLE, "recorded_by")?,
        approved_by: row.get(TABLE, "approved_by")?,
        request: row.get::<Option<i64>>(TABLE, "request_id")?.map(RequestId),
    })
}

/// Writes a disclosure down.
///
/// # Errors
/// [`StoreError::Defect`] when the database knows no such ground with this evidence;
/// [`StoreError::Unavailable`].
pub async fn add(
    transaction: &Transaction,
    disclosure: &NewDisclosure<'_>,
    now: Timestamp,
) -> Result<DisclosureId, StoreError> {
    let sql = "INSERT INTO disclosure (recipient_id, contact_id, ground, reference, consent_id, data, disclosed_at, \
               until_on, recorded_by, approved_by, request_id) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id";
    let values = [
        disclosure.recipient.0.into(),
        disclosure.contact.0.into(),
        disclosure.ground.name().into(),
        disclosure.reference.into(),
        disclosure.consent.map(|id| id.0).into(),
        disclosure.data.into(),
        now.as_microsecond().into(),
        disclosure.until_on.map(|day| day.to_string()).into(),
        disclosure.recorded_by.into(),
        disclosure.approved_by.map(str::to_owned).into(),
        disclosure.request.map(|id| id.0).into(),
    ];
    Ok(DisclosureId(query_one(transaction, sql, values).await?.get(TABLE, "id")?))
}

/// One page of the register, newest first, below `before`; of one contact, or of all.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn page(
    session: &impl Session,
    contact: Option<ContactId>,
    before: Option<DisclosureId>,
    limit: u32,
) -> Result<Vec<DisclosureRow>, StoreError> {
    let sql = format!(
        "{SELECT} WHERE disclosure.id < $1 AND ($2 = 0 OR contact_id = $2) \
         ORDER BY disclosure.id DESC LIMIT $3"
    );
    let values = [
        before.map_or(i64::MAX, |id| id.0).into(),
        contact.map_or(0, |id| id.0).into(),
        i64::from(limit).into(),
    ];
    query_all(session, &sql, values).await?.iter().map(read).collect()
}

/// Everything of a contact that was disclosed, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_contact(
    session: &impl Session,
    contact: ContactId,
) -> Result<Vec<DisclosureRow>, StoreError> {
    let sql = format!("{SELECT} WHERE contact_id = $1 ORDER BY disclosure.id");
    query_all(session, &sql, [contact.0.into()]).await?.iter().map(read).collect()
}
