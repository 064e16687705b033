//! Legal holds: what no plan destroys until a person lifts the hold.

use domain::{
    Timestamp,
    ids::{ContactId, TicketId},
};

use crate::{
    error::StoreError,
    session::{Session, Transaction, change_one, query_all, query_optional},
};

/// A hold as it stands.
#[derive(Debug, Clone)]
pub struct HoldRow {
    /// Its id.
    pub id: i64,
    /// Whose data, if a contact is known.
    pub contact: Option<ContactId>,
    /// The matter for which it was set.
    pub ticket: TicketId,
    /// Since when.
    pub from_at: Timestamp,
    /// Why, in a word.
    pub reason: String,
    /// When and by whom it was lifted.
    pub lifted: Option<(Timestamp, String)>,
}

/// All holds that stand, oldest first; those that were lifted too, if asked.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn all(session: &impl Session, which: Which) -> Result<Vec<HoldRow>, StoreError> {
    let condition = match which {
        Which::Standing => "WHERE lifted_at IS NULL",
        Which::All => "",
    };
    let sql = format!(
        "SELECT id, contact_id, ticket_id, from_at, reason, lifted_at, lifted_by FROM legal_hold \
         {condition} ORDER BY id"
    );
    let rows = query_all(session, &sql, []).await?;
    rows.iter()
        .map(|row| {
            let lifted_at = row.instant_option("legal_hold", "lifted_at")?;
            let by: Option<String> = row.get("legal_hold", "lifted_by")?;
            Ok(HoldRow {
                id: row.get("legal_hold", "id")?,
                contact: row.get::<Option<i64>>("legal_hold", "contact_id")?.map(ContactId),
                ticket: TicketId(row.get("legal_hold", "ticket_id")?),
                from_at: row.instant("legal_hold", "from_at")?,
                reason: row.get("legal_hold", "reason")?,
                lifted: lifted_at.map(|at| (at, by.unwrap_or_default())),
            })
        })
        .collect()
}

/// Which holds are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that stand.
    Standing,
    /// Lifted ones too.
    All,
}

/// The matter of a hold.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn ticket_of(session: &impl Session, hold: i64) -> Result<Option<TicketId>, StoreError> {
    let sql = "SELECT ticket_id FROM legal_hold WHERE id = $1";
    let row = query_optional(session, sql, [hold.into()]).await?;
    row.map(|row| Ok(TicketId(row.get("legal_hold", "ticket_id")?))).transpose()
}

/// Lifts a hold; `words` are sealed.
///
/// # Errors
/// [`StoreError::Conflict`] when it does not stand.
pub async fn lift(
    transaction: &Transaction,
    hold: i64,
    by: &str,
    words: &[u8],
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE legal_hold SET lifted_at = $2, lifted_by = $3, lift_reason = 'over', lift_words = $4 \
               WHERE id = $1 AND lifted_at IS NULL";
    let values = [hold.into(), now.as_microsecond().into(), by.into(), words.to_vec().into()];
    change_one(transaction, "legal_hold", sql, values).await
}
