//! Which regimes protect a person, and the events of a matter that people of ours open.

use domain::{
    clock::Events,
    ids::{ContactId, RequestId},
    regime::RegimeId,
};

use crate::{
    error::StoreError,
    session::{Session, Transaction, change_one, query_optional},
};

/// The regimes of a contact as somebody set them, and who did; none were set: empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RegimesOfContact {
    /// In order.
    pub regimes: Vec<RegimeId>,
    /// Who set them.
    pub by: String,
    /// The contact's language.
    pub locale: String,
    /// The contact's zone.
    pub zone: String,
}

/// The regimes that were set for a contact; `None` when there is no such contact.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn regimes_of(
    session: &impl Session,
    contact: ContactId,
) -> Result<Option<RegimesOfContact>, StoreError> {
    let sql = "SELECT regimes, regimes_by, locale, zone FROM contact WHERE id = $1";
    let Some(row) = query_optional(session, sql, [contact.0.into()]).await? else {
        return Ok(None);
    };
    let words: String = row.get("contact", "regimes")?;
    let regimes = words.split_whitespace().map(|word| {
        RegimeId::parse(word).ok_or_else(|| StoreError::Inconsistent {
            table: "contact",
            row: contact.to_string(),
            what: "column regimes does not fit".to_owned(),
        })
    });
    Ok(Some(RegimesOfContact {
        regimes: regimes.collect::<Result<_, _>>()?,
        by: row.get("contact", "regimes_by")?,
        locale: row.get("contact", "locale")?,
        zone: row.get("contact", "zone")?,
    }))
}

/// Sets the regimes of a contact; an empty list leaves it to the rules again.
///
/// # Errors
/// [`StoreError::Conflict`] when there is no such contact.
pub async fn set_regimes(
    transaction: &Transaction,
    contact: ContactId,
    regimes: &[RegimeId],
    by: &str,
) -> Result<(), StoreError> {
    let words: Vec<&str> = regimes.iter().map(RegimeId::as_str).collect();
    let sql = "UPDATE contact SET regimes = $2, regimes_by = $3 WHERE id = $1";
    let values = [contact.0.into(), words.join(" ").into(), by.into()];
    change_one(transaction, "contact", sql, values).await
}

/// Writes the events down from which a request of our own counts.
///
/// # Errors
/// [`StoreError::Conflict`] when it is gone.
pub async fn date_request(
    transaction: &Transaction,
    request: RequestId,
    events: &Events,
) -> Result<(), StoreError> {
    let sql = "UPDATE request SET facts_received_at = $2, detected_at = $3, achieved_at = $4 WHERE id = $1";
    let micros = |at: Option<domain::Timestamp>| at.map(|at| at.as_microsecond());
    let values = [
        request.0.into(),
        micros(events.facts_received_at).into(),
        micros(events.detected_at).into(),
        micros(events.achieved_at).into(),
    ];
    change_one(transaction, "request", sql, values).await
}
