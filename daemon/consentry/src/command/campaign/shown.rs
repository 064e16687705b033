//! Campaigns on the screen and as JSON: the list, one of them, and its report with its sums.

use cases::Cases;
use cases::campaigns::hash_of;
use domain::campaign::{BodyFormat, CampaignState};
use serde_json::{Value, json};
use store::campaigns::{CampaignRow, Report};

use crate::command::told;
use crate::print;

/// The list.
///
/// # Errors
/// When standard output cannot be written.
pub fn list(rows: &[CampaignRow], json: bool) -> anyhow::Result<()> {
    if json {
        let rows: Vec<Value> = rows.iter().map(row_json).collect();
        print::json_document(&json!({ "campaigns": rows }))?;
        return Ok(());
    }
    let lines: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            vec![
                row.id.to_string(),
                row.name.clone(),
                state_words(row),
                row.start
                    .as_ref()
                    .map_or("-".to_owned(), |start| format!("{} {}", start.local, start.zone)),
                row.author.clone(),
            ]
        })
        .collect();
    print::table(&["ID", "NAME", "STATE", "STARTS", "AUTHOR"], &lines)?;
    Ok(())
}

/// One campaign.
///
/// # Errors
/// When its lists cannot be read or standard output cannot be written.
pub async fn one(cases: &Cases, row: &CampaignRow, json: bool) -> anyhow::Result<()> {
    let to = cases.list_names(&row.audience.to).await.map_err(told)?;
    let except = cases.list_names(&row.audience.except).await.map_err(told)?;
    if json {
        let mut document = row_json(row);
        document["to"] = json!(to);
        document["except"] = json!(except);
        document["content"] = json!(row.content);
        print::json_document(&document)?;
        return Ok(());
    }
    let names = |names: &[String]| {
        if names.is_empty() { "-".to_owned() } else { names.join(", ") }
    };
    print::line(&format!("campaign {} (id {}, revision {})", row.name, row.id, row.revision))?;
    print::line(&format!("  state     {}", state_words(row)))?;
    print::line(&format!("  to        {}", names(&to)))?;
    print::line(&format!("  except    {}", names(&except)))?;
    if let Some(start) = &row.start {
        let at = print::minute(start.at);
        print::line(&format!("  starts    {} {} ({at} UTC)", start.local, start.zone))?;
    }
    print::line(&format!("  author    {}", row.author))?;
    if row.editors != [row.author.as_str()] {
        print::line(&format!("  written   by {}", row.editors.join(", ")))?;
    }
    if let Some(approval) = &row.approval {
        let at = print::minute(approval.at);
        print::line(&format!("  approved  by {} at {at} UTC", approval.by))?;
    }
    print::line(&format!("  hash      {}", hex::encode(hash_of(row))))?;
    let format = format_word(row.content.format);
    print::line(&format!("  content   {}, {format}", row.content.locale.code()))?;
    print::line(&format!("\nSubject: {}\n\n{}", row.content.subject, row.content.body))?;
    Ok(())
}

fn format_word(format: BodyFormat) -> &'static str {
    match format {
        BodyFormat::Html => "html",
        BodyFormat::Markdown => "markdown",
    }
}

fn row_json(row: &CampaignRow) -> Value {
    let held = match &row.state {
        CampaignState::Held { reason } => Some(reason.name()),
        _ => None,
    };
    json!({
        "id": row.id,
        "name": row.name,
        "state": row.state.name(),
        "hold_reason": held,
        "revision": row.revision,
        "author": row.author,
        "editors": row.editors,
        "approved_by": row.approval.as_ref().map(|approval| &approval.by),
        "approved_at": row.approval.as_ref().map(|approval| approval.at),
        "hash": hex::encode(hash_of(row)),
        "starts_at": row.start.as_ref().map(|start| start.at),
        "local_start": row.start.as_ref().map(|start| &start.local),
        "zone": row.start.as_ref().map(|start| &start.zone),
        "subject": row.content.subject,
        "created_at": row.created_at,
        "changed_at": row.changed_at,
        "ended_at": row.ended_at,
    })
}

fn state_words(row: &CampaignRow) -> String {
    match &row.state {
        CampaignState::Held { reason } => format!("held ({})", reason.name()),
        state => state.name().to_owned(),
    }
}

/// The report as programs read it; the names are a contract.
#[must_use]
pub fn report_json(row: &CampaignRow, report: &Report) -> Value {
    let states = &report.states;
    json!({
        "name": row.name,
        "state": row.state.name(),
        "candidates": report.candidates,
        "excluded": report.excluded,
        "audience": report.audience,
        "planned": states.planned,
        "claimed": states.claimed,
        "accepted": states.accepted,
        "deferred": states.deferred,
        "rejected": states.rejected,
        "uncertain": states.uncertain,
        "withheld": report.withheld,
        "feedback": report.feedback,
        "unsubscribed": report.unsubscribed,
        "rejected_by_code": report.rejected_by_code,
        "adds_up": report.adds_up(),
    })
}

/// The report with its sums.
///
/// # Errors
/// When standard output cannot be written.
pub fn report(row: &CampaignRow, report: &Report, json: bool) -> anyhow::Result<()> {
    if json {
        print::json_document(&report_json(row, report))?;
        return Ok(());
    }
    let amount = |indent: &str, word: &str, n: i64| {
        print::line(&format!("{:<24}{n:>9}", format!("{indent}{word}")))
    };
    print::line(&format!("campaign {}: {}", row.name, state_words(row)))?;
    amount("", "candidates", report.candidates)?;
    amount("", "- excluded", report.excluded.values().sum())?;
    for (reason, n) in &report.excluded {
        amount("      ", reason, *n)?;
    }
    amount("", "= audience", report.audience)?;
    let states = &report.states;
    for (word, n) in [
        ("planned", states.planned),
        ("claimed", states.claimed),
        ("accepted", states.accepted),
        ("deferred", states.deferred),
        ("rejected", states.rejected),
    ] {
        amount("  ", word, n)?;
    }
    for (code, n) in &report.rejected_by_code {
        amount("      ", code, *n)?;
    }
    amount("  ", "uncertain", states.uncertain)?;
    amount("  ", "withheld", report.withheld.values().sum())?;
    for (reason, n) in &report.withheld {
        amount("      ", reason, *n)?;
    }
    amount("", "= in the ledger", report.rows())?;
    print::line("\nby their recipients")?;
    for (word, n) in &report.feedback {
        amount("  ", word, *n)?;
    }
    amount("  ", "unsubscribed", report.unsubscribed)?;
    if !report.adds_up() {
        print::line("\nthe sums do not hold: please report this")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::campaign::{AudienceRule, Content};
    use domain::ids::{CampaignId, SubscriptionId};
    use jiff::Timestamp;
    use store::campaigns::Counts;

    use super::*;

    /// Programs read these names.
    #[test]
    fn the_report_has_every_name_of_the_contract() {
        let row = CampaignRow {
            id: CampaignId(1),
            name: "december".to_owned(),
            state: CampaignState::Running,
            content: Content {
                locale: domain::language::Locale::Ru,
                subject: String::new(),
                preheader: String::new(),
                format: BodyFormat::Html,
                body: String::new(),
                text: None,
            },
            audience: AudienceRule::default(),
            start: None,
            approval: None,
            author: "olga".to_owned(),
            editors: vec!["olga".to_owned()],
            created_at: Timestamp::UNIX_EPOCH,
            changed_at: Timestamp::UNIX_EPOCH,
            revision: 1,
            since_at: Timestamp::UNIX_EPOCH,
            frozen_after: SubscriptionId(0),
            frozen_to: None,
            candidates: 5,
            audience_size: 3,
            ended_at: None,
        };
        let report = Report {
            candidates: 5,
            excluded: [("unsubscribed".to_owned(), 2)].into(),
            audience: 3,
            states: Counts { accepted: 2, ..Counts::default() },
            withheld: [("full_block".to_owned(), 1)].into(),
            ..Report::default()
        };
        let document = report_json(&row, &report);
        for (name, value) in [
            ("candidates", json!(5)),
            ("excluded", json!({ "unsubscribed": 2 })),
            ("audience", json!(3)),
            ("planned", json!(0)),
            ("claimed", json!(0)),
            ("accepted", json!(2)),
            ("deferred", json!(0)),
            ("rejected", json!(0)),
            ("uncertain", json!(0)),
            ("withheld", json!({ "full_block": 1 })),
            ("feedback", json!({})),
            ("adds_up", json!(true)),
        ] {
            assert_eq!(document.get(name), Some(&value), "{name}");
        }
    }
}
