//! What became of a campaign, in one statement: the sum holds in every snapshot (DESIGN §3).

use std::collections::BTreeMap;

use domain::{
    delivery::{DeliveryStateName, WithholdReason},
    ids::CampaignId,
};

use crate::{
    error::StoreError,
    session::{Session, query_all, query_one},
};

/// How many rows stand in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Never tried.
    pub planned: i64,
    /// Being sent.
    pub claimed: i64,
    /// Taken by the relay.
    pub accepted: i64,
    /// To be tried again.
    pub deferred: i64,
    /// Refused for good, or expired.
    pub rejected: i64,
    /// Nobody knows.
    pub uncertain: i64,
}

/// A campaign in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Subscriptions looked at.
    pub candidates: i64,
    /// Left out at the freeze, by the first reason that held.
    pub excluded: BTreeMap<String, i64>,
    /// Rows written into the ledger.
    pub audience: i64,
    /// Where they stand, save the withheld ones.
    pub states: Counts,
    /// Kept back after the freeze, by reason.
    pub withheld: BTreeMap<String, i64>,
    /// What came back of accepted mails: bounces and complaints.
    pub feedback: BTreeMap<String, i64>,
    /// Mails whose recipients left by them.
    pub unsubscribed: i64,
    /// The refused ones by code: enhanced where the relay gave one, else the reply code.
    pub rejected_by_code: BTreeMap<String, i64>,
}

impl Report {
    /// Whether candidates = excluded + audience, and audience = all rows of the ledger.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        self.candidates == self.excluded.values().sum::<i64>() + self.audience
            && self.audience == self.rows()
    }

    /// All rows of the ledger.
    #[must_use]
    pub fn rows(&self) -> i64 {
        let Counts { planned, claimed, accepted, deferred, rejected, uncertain } = self.states;
        planned
            + claimed
            + accepted
            + deferred
            + rejected
            + uncertain
            + self.withheld.values().sum::<i64>()
    }
}

/// The numbers of a campaign, of one snapshot.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn report(session: &impl Session, campaign: CampaignId) -> Result<Report, StoreError> {
    // One statement is one snapshot on both databases.
    let sql = "SELECT 'candidates' AS kind, '' AS word, candidates AS n FROM campaign WHERE id = $1 \
         UNION ALL SELECT 'audience', '', audience_size FROM campaign WHERE id = $1 \
         UNION ALL SELECT 'excluded', reason, count FROM campaign_exclusion WHERE campaign_id = $1 \
         UNION ALL SELECT state, COALESCE(withheld_reason, ''), COUNT(*) FROM delivery WHERE campaign_id = $1 \
         GROUP BY state, withheld_reason \
         UNION ALL SELECT 'feedback', feedback, COUNT(*) FROM delivery \
         WHERE campaign_id = $1 AND feedback IS NOT NULL GROUP BY feedback \
         UNION ALL SELECT 'code', COALESCE(enhanced_code, CAST(smtp_code AS TEXT), 'expired'), COUNT(*) \
         FROM delivery WHERE campaign_id = $1 AND state = 'rejected' GROUP BY 2 \
         UNION ALL SELECT 'unsubscribed', '', COUNT(DISTINCT d.id) FROM delivery d \
         JOIN consent_event e ON e.delivery_id = d.id AND e.act = 'withdrawn' WHERE d.campaign_id = $1";
    let rows = query_all(session, sql, [campaign.0.into()]).await?;
    let mut report = Report::default();
    for row in &rows {
        let kind: String = row.get("campaign", "kind")?;
        let word: String = row.get("campaign", "word")?;
        let n: i64 = row.get("campaign", "n")?;
        match kind.as_str() {
            "candidates" => report.candidates = n,
            "audience" => report.audience = n,
            "excluded" => {
                report.excluded.insert(reason(campaign, &word)?, n);
            }
            "feedback" => {
                report.feedback.insert(word, n);
            }
            "code" => {
                report.rejected_by_code.insert(word, n);
            }
            "unsubscribed" => report.unsubscribed = n,
            state => count(&mut report, campaign, state, &word, n)?,
        }
    }
    Ok(report)
}

fn count(
    report: &mut Report,
    campaign: CampaignId,
    state: &str,
    word: &str,
    n: i64,
) -> Result<(), StoreError> {
    let states = &mut report.states;
    // A row keeps the reason it was once withheld for only while it is withheld.
    match DeliveryStateName::from_name(state) {
        Some(DeliveryStateName::Planned) => states.planned += n,
        Some(DeliveryStateName::Claimed) => states.claimed += n,
        Some(DeliveryStateName::Accepted) => states.accepted += n,
        Some(DeliveryStateName::Deferred) => states.deferred += n,
        Some(DeliveryStateName::Rejected) => states.rejected += n,
        Some(DeliveryStateName::Uncertain) => states.uncertain += n,
        Some(DeliveryStateName::Withheld) => {
            *report.withheld.entry(reason(campaign, word)?).or_default() += n;
        }
        None => return Err(misfit(campaign, "state")),
    }
    Ok(())
}

fn reason(campaign: CampaignId, word: &str) -> Result<String, StoreError> {
    WithholdReason::from_name(word)
        .map(|reason| reason.name().to_owned())
        .ok_or_else(|| misfit(campaign, "reason"))
}

fn misfit(campaign: CampaignId, column: &str) -> StoreError {
    StoreError::Inconsistent {
        table: "campaign",
        row: campaign.to_string(),
        what: format!("the {column} of a row of its report does not fit"),
    }
}

/// Whether the sum of a campaign holds, as the view `campaign_sum` says it.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn sum_holds(session: &impl Session, campaign: CampaignId) -> Result<bool, StoreError> {
    let sql = "SELECT holds FROM campaign_sum WHERE campaign_id = $1";
    let row = query_one(session, sql, [campaign.0.into()]).await?;
    Ok(row.get::<i64>("campaign_sum", "holds")? == 1)
}
