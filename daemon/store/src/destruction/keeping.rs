//! What shows that consent was given, read whole before its rows are emptied.

use domain::{
    Timestamp,
    ids::{AddressId, ConsentEventId},
    plan::Whose,
};
use serde::Serialize;

use super::{spell, values};
use crate::{
    error::StoreError,
    session::{Session, query_all},
};

/// An event of consent, whole, as it goes into the proof.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct ConsentRow {
    /// Its id: the row stays, and counts.
    pub id: ConsentEventId,
    /// The address for which it was given.
    pub address: Option<AddressId>,
    /// The purpose.
    pub purpose: String,
    /// The list.
    pub list: Option<String>,
    /// granted, confirmed, withdrawn.
    pub act: String,
    /// proven, claimed, none.
    pub grade: String,
    /// Where it was captured.
    pub capture_point: String,
    /// When.
    pub at: Timestamp,
    /// What shows it, as JSON.
    pub evidence: String,
    /// The text that was consented to.
    pub text: Option<i64>,
    /// The policy in force.
    pub policy: Option<i64>,
}

impl std::fmt::Debug for ConsentRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConsentRow").field("id", &self.id).finish_non_exhaustive()
    }
}

/// All events of consent of a person, in their order.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn consents_of(
    session: &impl Session,
    whose: &Whose,
) -> Result<Vec<ConsentRow>, StoreError> {
    let dialect = session.dialect();
    let sql = "SELECT id, address_id, purpose, list, act, grade, capture_point, at, evidence, text_id, policy_id \
               FROM consent_event WHERE id IN (SELECT id FROM consent_event WHERE contact_id = $1 \
               UNION SELECT id FROM consent_event WHERE address_id {addresses}) ORDER BY id";
    let rows = query_all(session, &spell(sql, dialect), values(whose, 0, dialect)).await?;
    rows.iter()
        .map(|row| {
            Ok(ConsentRow {
                id: ConsentEventId(row.get("consent_event", "id")?),
                address: row.get::<Option<i64>>("consent_event", "address_id")?.map(AddressId),
                purpose: row.get("consent_event", "purpose")?,
                list: row.get("consent_event", "list")?,
                act: row.get("consent_event", "act")?,
                grade: row.get("consent_event", "grade")?,
                capture_point: row.get("consent_event", "capture_point")?,
                at: row.instant("consent_event", "at")?,
                evidence: row.get("consent_event", "evidence")?,
                text: row.get("consent_event", "text_id")?,
                policy: row.get("consent_event", "policy_id")?,
            })
        })
        .collect()
}
