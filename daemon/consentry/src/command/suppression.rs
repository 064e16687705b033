//! `consentry suppression`: which addresses are not mailed, set and lifted by hand.

use std::process::ExitCode;

use serde_json::{Value, json};
use store::suppressions::SuppressionRow;

use super::{open_house, told};
use crate::cli::{General, Suppression, SuppressionCommand};
use crate::{actor, print};

/// Lists, sets or lifts.
///
/// # Errors
/// When the house cannot be opened; [`crate::failure::RefusedByRule`] when a rule forbids it.
pub async fn run(general: General, arguments: Suppression) -> anyhow::Result<ExitCode> {
    let actor = actor::name(general.actor.as_deref())?;
    let house = open_house(&general).await?;
    match arguments.command {
        SuppressionCommand::List { of, all, limit, before, json } => {
            let found = match of {
                Some(address) => house.cases.suppressions_of(&address, &actor).await,
                None => house.cases.suppressions(before, limit).await,
            };
            let mut rows = found.map_err(told)?;
            rows.retain(|row| all || row.lifted_at.is_none());
            list(&rows, json)?;
        }
        SuppressionCommand::Add { address, reason, json } => {
            let is_new =
                house.cases.suppress_by_hand(&address, &actor, &reason).await.map_err(told)?;
            let words =
                if is_new { "the address is not mailed any more" } else { "it was so already" };
            say(json, &json!({ "suppressed": true, "new": is_new }), words)?;
        }
        SuppressionCommand::Lift { id, reason, json } => {
            house.cases.lift_suppression(id, &actor, &reason).await.map_err(told)?;
            say(json, &json!({ "lifted": id }), &format!("suppression {id} is lifted"))?;
        }
    }
    house.close().await;
    Ok(ExitCode::SUCCESS)
}

fn list(rows: &[SuppressionRow], as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let rows: Vec<Value> = rows.iter().map(row_json).collect();
        print::json_document(&json!({ "suppressions": rows }))?;
        return Ok(());
    }
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let lifted = row.lifted_at.map_or("-".to_owned(), print::minute);
            let since = print::minute(row.since_at);
            vec![
                row.id.to_string(),
                row.reason.name().to_owned(),
                since,
                lifted,
                row.source.clone(),
            ]
        })
        .collect();
    print::table(&["ID", "REASON", "SINCE (UTC)", "LIFTED (UTC)", "BY"], &rows)?;
    Ok(())
}

fn row_json(row: &SuppressionRow) -> Value {
    json!({
        "id": row.id,
        "reason": row.reason.name(),
        "source": row.source,
        "since_at": row.since_at,
        "until_at": row.until_at,
        "lifted_at": row.lifted_at,
        "lifted_by": row.lifted_by,
    })
}

fn say(as_json: bool, document: &Value, words: &str) -> anyhow::Result<()> {
    if as_json {
        print::json_document(document)?
    } else {
        print::line(words)?
    }
    Ok(())
}
