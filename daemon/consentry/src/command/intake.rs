//! `consentry intake run --once`: polls every mailbox once, by hand or in a test.

use std::process::ExitCode;

use intake::{Ending, Outcome};
use serde_json::{Value, json};

use crate::cli::{Intake, IntakeCommand};
use crate::config::Config;
use crate::daemon::reading::Reading;
use crate::house::{House, Schema};
use crate::print;

/// Polls once and prints one line for each message.
///
/// # Errors
/// When the house cannot be opened.
pub async fn run(config: Config, arguments: Intake) -> anyhow::Result<ExitCode> {
    let IntakeCommand::Run { json, .. } = arguments.command;
    let house = House::open(config, Schema::Migrate).await?;
    super::restore::check_replayed(&house).await?;
    let reading = Reading::prepare(&house)?;
    let mut code = ExitCode::SUCCESS;
    for task in &reading.tasks {
        let name = &task.mailbox.name;
        match intake::poll_once(task).await {
            Ok(outcomes) => {
                for outcome in &outcomes {
                    if json {
                        print::json_line(&outcome_json(name, outcome))?;
                    } else {
                        print::line(&format!("{name}\t{outcome}"))?;
                    }
                }
            }
            Err(error) => {
                tracing::error!(mailbox.name = name, %error, "the mailbox could not be read");
                code = ExitCode::FAILURE;
            }
        }
    }
    house.close().await;
    Ok(code)
}

fn outcome_json(mailbox: &str, outcome: &Outcome) -> Value {
    let mut document = json!({
        "mailbox": mailbox,
        "message": outcome.message,
        "key": outcome.key,
    });
    match &outcome.ending {
        Ending::Copy => document["ending"] = json!("copy"),
        Ending::Vanished => document["ending"] = json!("vanished"),
        Ending::Filed { kind, filed } => {
            let labels: Vec<Value> = filed
                .labels
                .iter()
                .map(|(label, band)| json!({ "label": label, "band": band }))
                .collect();
            document["ending"] = json!("filed");
            document["kind"] = json!(kind);
            document["labels"] = json!(labels);
            document["ticket"] =
                json!(filed.ticket.as_ref().map(|ticket| ticket.number.to_string()));
            document["block"] = json!(filed.blocked);
            document["reply"] = json!(filed.replied);
        }
    }
    document
}
