//! The mails of a ticket, as people of ours see them.

use domain::{
    Timestamp,
    delivery::{DeliveryStateName, Occasion},
    ids::{DeliveryId, TicketId},
};

use crate::{
    error::StoreError,
    session::{Session, query_all},
};

/// One mail of a ticket.
#[derive(Debug, Clone)]
pub struct LetterRow {
    /// Its row.
    pub id: DeliveryId,
    /// What it is.
    pub occasion: Occasion,
    /// Where it stands.
    pub state: DeliveryStateName,
    /// When it was planned.
    pub planned_at: Timestamp,
    /// When it was settled.
    pub settled_at: Option<Timestamp>,
    /// The last reply code of the relay.
    pub smtp_code: Option<i64>,
}

/// All mails of a ticket, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn letters_of(
    session: &impl Session,
    ticket: TicketId,
) -> Result<Vec<LetterRow>, StoreError> {
    let sql = "SELECT id, purpose_of_mail, state, planned_at, settled_at, smtp_code FROM delivery \
               WHERE ticket_id = $1 ORDER BY id";
    let rows = query_all(session, sql, [ticket.0.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(LetterRow {
                id: DeliveryId(row.get("delivery", "id")?),
                occasion: row.parsed("delivery", "purpose_of_mail", Occasion::from_name)?,
                state: row.parsed("delivery", "state", DeliveryStateName::from_name)?,
                planned_at: row.instant("delivery", "planned_at")?,
                settled_at: row.instant_option("delivery", "settled_at")?,
                smtp_code: row.get("delivery", "smtp_code")?,
            })
        })
        .collect()
}
