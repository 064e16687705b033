//! Counts for research: no ids, no addresses, no row of a few people.

use serde::Serialize;

use crate::{
    connect::Dialect,
    error::StoreError,
    session::{Session, query_all},
};

/// How many people of one language came to one purpose in one month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResearchRow {
    /// `ru` or `en`.
    pub locale: String,
    /// Such as `2026-11`.
    pub month: String,
    /// For what.
    pub purpose: String,
    /// Where the subscription stands.
    pub state: String,
    /// How many people; never fewer than asked for.
    pub people: i64,
}

/// The groups of at least `least` people; whoever is blocked in any way is in none.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn research_rows(
    session: &impl Session,
    least: i64,
) -> Result<Vec<ResearchRow>, StoreError> {
    const TABLE: &str = "subscription";
    let month = match session.dialect() {
        Dialect::Sqlite => "strftime('%Y-%m', s.created_at / 1000000, 'unixepoch')",
        Dialect::Postgres => {
            "to_char(to_timestamp(s.created_at / 1000000) AT TIME ZONE 'UTC', 'YYYY-MM')"
        }
    };
    let sql = format!(
        "SELECT c.locale, {month} AS month, l.purpose, s.state, COUNT(DISTINCT c.id) AS people \
         FROM subscription AS s JOIN contact AS c ON c.id = s.contact_id JOIN list AS l ON l.id = s.list_id \
         WHERE NOT EXISTS (SELECT 1 FROM block AS b WHERE b.state = 'active' AND b.contact_id = c.id) \
         AND NOT EXISTS (SELECT 1 FROM contact_address AS ca JOIN address AS a ON a.id = ca.address_id \
             JOIN block AS b ON b.state = 'active' AND (b.stop_digest = a.stop_digest OR b.address_id = a.id) \
             WHERE ca.contact_id = c.id) \
         GROUP BY c.locale, {month}, l.purpose, s.state HAVING COUNT(DISTINCT c.id) >= $1 \
         ORDER BY c.locale, month, l.purpose, s.state"
    );
    let rows = query_all(session, &sql, [least.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(ResearchRow {
                locale: row.get(TABLE, "locale")?,
                month: row.get(TABLE, "month")?,
                purpose: row.get(TABLE, "purpose")?,
                state: row.get(TABLE, "state")?,
                people: row.get(TABLE, "people")?,
            })
        })
        .collect()
}
