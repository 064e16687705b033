//! `consentry retention`: what is kept how long, and the look through what is over.

use std::process::ExitCode;

use cases::retention::Look;
use domain::retention::{Period, RetentionRule};
use serde_json::{Value, json};

use super::{open_house, told};
use crate::cli::{General, Retention, RetentionCommand};
use crate::{actor, print};

/// Shows the table, or looks.
///
/// # Errors
/// When the house cannot be opened; [`crate::failure::RefusedByRule`] while another node looks.
pub async fn run(general: General, arguments: Retention) -> anyhow::Result<ExitCode> {
    let actor = actor::name(general.actor.as_deref())?;
    let house = open_house(&general).await?;
    match arguments.command {
        RetentionCommand::Show { json } => {
            let rules = house.cases.retention().rules();
            let last = house.cases.last_retention_look().await.map_err(told)?;
            let locale = house.config.organisation.locale;
            if json {
                let rows: Vec<Value> = rules.iter().map(rule_json).collect();
                let last = last.map(|run| {
                    json!({
                        "at": run.ran_at,
                        "did": serde_json::from_str::<Value>(&run.counts).unwrap_or(Value::Null),
                    })
                });
                print::json_document(&json!({ "rules": rows, "last_look": last }))?;
            } else {
                let rows: Vec<Vec<String>> = rules
                    .iter()
                    .map(|rule| {
                        vec![
                            rule.record.name().to_owned(),
                            rule.period.in_words(locale),
                            rule.then.name().to_owned(),
                            rule.law.in_locale(locale).to_owned(),
                        ]
                    })
                    .collect();
                print::table(&["RECORD", "KEPT", "THEN", "LAW"], &rows)?;
                if let Some(run) = last {
                    print::line(&format!("last look: {} UTC", print::minute(run.ran_at)))?;
                }
            }
        }
        RetentionCommand::Run { dry_run, json } => {
            let look = if dry_run { Look::Count } else { Look::Act };
            let looked = house.cases.look(look, &actor).await.map_err(told)?;
            let counts = serde_json::to_value(looked)?;
            if json {
                print::json_document(&json!({ "dry_run": dry_run, "counts": counts }))?;
            } else {
                let rows: Vec<Vec<String>> = counts
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(name, n)| vec![name.clone(), n.to_string()])
                    .collect();
                let heading = if dry_run { "WOULD BE OVER" } else { "WAS OVER" };
                print::table(&[heading, "HOW MANY"], &rows)?;
            }
        }
    }
    house.close().await;
    Ok(ExitCode::SUCCESS)
}

fn rule_json(rule: &RetentionRule) -> Value {
    let (n, unit) = match rule.period {
        Period::Days(n) => (Some(n), "days"),
        Period::Months(n) => (Some(n), "months"),
        Period::Years(n) => (Some(n), "years"),
        Period::Forever => (None, "forever"),
    };
    json!({
        "record": rule.record.name(),
        "purpose": rule.purpose.map(domain::block::Purpose::name),
        "title": rule.title,
        "n": n,
        "unit": unit,
        "counts_from": rule.counts_from,
        "then": rule.then.name(),
        "law": rule.law,
        "why": rule.why,
    })
}
