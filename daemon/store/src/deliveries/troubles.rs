//! What goes wrong with a campaign's mails while it runs: the facts of its breaker.

use domain::{Timestamp, ids::CampaignId};

use crate::{
    error::StoreError,
    session::{Session, query_one},
};

/// Mails of a campaign that ended badly since an instant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Troubles {
    /// Refused by the relay, or accepted and bounced later.
    pub rejected: i64,
    /// Accepted, and the person complained.
    pub complaints: i64,
}

/// How many mails of a campaign were tried since an instant and ended badly. What expired is none
/// of them: a long pause is nobody's refusal.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn troubles(
    session: &impl Session,
    campaign: CampaignId,
    since: Timestamp,
) -> Result<Troubles, StoreError> {
    // Two questions, two small indexes.
    let sql = format!(
        "SELECT (SELECT COUNT(*) FROM delivery WHERE campaign_id IS NOT NULL AND campaign_id = $1 \
         AND state = 'rejected' AND settled_at > $2 AND {WAS_TRIED}) AS refused, \
         COUNT(CASE feedback WHEN 'bounce' THEN 1 END) AS bounced, \
         COUNT(CASE feedback WHEN 'complaint' THEN 1 END) AS complaints FROM delivery \
         WHERE campaign_id IS NOT NULL AND campaign_id = $1 AND feedback IS NOT NULL \
         AND state <> 'rejected' AND settled_at > $2"
    );
    let row = query_one(session, &sql, [campaign.0.into(), since.as_microsecond().into()]).await?;
    let refused: i64 = row.get("delivery", "refused")?;
    let bounced: i64 = row.get("delivery", "bounced")?;
    Ok(Troubles { rejected: refused + bounced, complaints: row.get("delivery", "complaints")? })
}

/// What ran out of time says nothing of those who were to get it.
const WAS_TRIED: &str =
    "(enhanced_code IS NULL OR enhanced_code <> '5.4.7' OR smtp_code IS NOT NULL)";

/// How many mails of a campaign were tried since an instant and have ended, counted up to
/// `enough`.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn settled_since(
    session: &impl Session,
    campaign: CampaignId,
    since: Timestamp,
    enough: i64,
) -> Result<i64, StoreError> {
    let values = [campaign.0.into(), since.as_microsecond().into(), enough.into()];
    query_one(session, &settled_since_sql(), values).await?.get("delivery", "n")
}

pub(crate) fn settled_since_sql() -> String {
    format!(
        "SELECT COUNT(*) AS n FROM (SELECT id FROM delivery WHERE campaign_id IS NOT NULL AND campaign_id = $1 \
         AND state IN ('accepted', 'rejected', 'uncertain') AND settled_at > $2 AND {WAS_TRIED} \
         LIMIT $3) AS settled"
    )
}
