//! `consentry system`: the connected systems, and the calls that they were made.

use std::process::ExitCode;

use domain::ids::SystemCallId;
use domain::webhook::CallState;
use serde_json::{Value, json};
use store::systems::{CallRow, Counts};

use super::{open_house, told};
use crate::cli::{General, System, SystemCommand};
use crate::failure::RefusedByRule;
use crate::{actor, print};

/// Lists systems and calls, makes calls again or gives them up.
///
/// # Errors
/// When the house cannot be opened; [`RefusedByRule`] when a rule forbids it.
pub async fn run(general: General, arguments: System) -> anyhow::Result<ExitCode> {
    let actor = actor::name(general.actor.as_deref())?;
    let house = open_house(&general).await?;
    let cases = &house.cases;
    match arguments.command {
        SystemCommand::List(listing) => {
            let counts = cases.system_counts().await.map_err(told)?;
            let mut names: Vec<&str> =
                cases.systems().iter().map(|system| system.name.as_str()).collect();
            let gone: Vec<&str> = counts.iter().map(|count| count.system.as_str()).collect();
            names.extend(gone);
            names.sort_unstable();
            names.dedup();
            let rows: Vec<Value> =
                names.iter().map(|name| system_json(cases, name, &counts)).collect();
            if listing.json {
                print::json_document(&json!({ "systems": rows }))?;
            } else {
                let rows: Vec<Vec<String>> = names
                    .iter()
                    .map(|name| {
                        let of = |state| number(&counts, name, state).to_string();
                        vec![
                            (*name).to_owned(),
                            if is_configured(cases, name) { "yes" } else { "no" }.to_owned(),
                            of(CallState::Planned),
                            of(CallState::Accepted),
                            of(CallState::Refused),
                            of(CallState::Acknowledged),
                        ]
                    })
                    .collect();
                let heading =
                    ["SYSTEM", "CONFIGURED", "TO TELL", "ACCEPTED", "REFUSED", "ACKNOWLEDGED"];
                print::table(&heading, &rows)?;
            }
        }
        SystemCommand::Show { name, limit, before, json } => {
            let before = before.map(SystemCallId);
            let calls = cases.system_calls(Some(&name), before, limit).await.map_err(told)?;
            if json {
                let rows: Vec<Value> = calls.iter().map(call_json).collect();
                print::json_document(&json!({ "system": name, "calls": rows }))?;
            } else {
                let rows: Vec<Vec<String>> = calls.iter().map(cells).collect();
                let heading =
                    ["ID", "ACT", "WHOSE", "STATE", "TRIES", "RAISED (UTC)", "LAST ANSWER"];
                print::table(&heading, &rows)?;
            }
        }
        SystemCommand::Retry { id } => {
            cases.retry_call(SystemCallId(id), &actor).await.map_err(told)?;
            print::line(&format!("call {id} is made again"))?;
        }
        SystemCommand::Drop { id, reason } => {
            cases.drop_call(SystemCallId(id), &actor, &reason).await.map_err(told)?;
            print::line(&format!("call {id} is given up"))?;
        }
        SystemCommand::Test { name, json } => {
            let (status, counts) = cases.test_system(&name).await.map_err(told)?;
            if json {
                print::json_document(
                    &json!({ "system": name, "status": status, "counts": counts }),
                )?;
            } else {
                print::line(&format!("`{name}` answered {status}"))?;
            }
            if !counts {
                let reason = format!(
                    "`{name}` answered {status}, and not {{\"status\":\"done\"}} or \"accepted\"; \
                     see docs/connected-systems.md"
                );
                return Err(RefusedByRule { rule: "system_answers", reason }.into());
            }
        }
    }
    house.close().await;
    Ok(ExitCode::SUCCESS)
}

fn is_configured(cases: &cases::Cases, name: &str) -> bool {
    cases.systems().iter().any(|system| system.name == name)
}

fn number(counts: &[Counts], name: &str, state: CallState) -> i64 {
    let of = counts.iter().filter(|count| count.system == name && count.state == state);
    of.map(|count| count.calls).sum()
}

fn system_json(cases: &cases::Cases, name: &str, counts: &[Counts]) -> Value {
    let configured = cases.systems().iter().find(|system| system.name == name);
    let calls: serde_json::Map<String, Value> = CallState::ALL
        .iter()
        .map(|state| (state.name().to_owned(), json!(number(counts, name, *state))))
        .collect();
    json!({
        "name": name,
        "configured": configured.is_some(),
        "url": configured.map(|system| &system.url),
        "acts": configured.map(|system| {
            system.acts.iter().map(|act| act.name()).collect::<Vec<_>>()
        }),
        "calls": calls,
    })
}

/// One call as JSON; nothing of the person is in it.
#[must_use]
pub fn call_json(call: &CallRow) -> Value {
    json!({
        "id": call.id,
        "webhook_id": call.webhook_id,
        "system": call.system,
        "act": call.act.name(),
        "whose": call.subject,
        "ticket": call.ticket,
        "block": call.block,
        "plan": call.plan,
        "state": call.state.name(),
        "tries": call.attempts,
        "next_try_at": (call.state == CallState::Planned).then_some(call.next_try_at),
        "raised_at": call.raised_at,
        "due_at": call.due_at,
        "told_at": call.told_at,
        "settled_at": call.settled_at,
        "settled_by": call.settled_by,
        "note": call.note,
        "http_status": call.status,
        "failure": call.failure,
    })
}

fn cells(call: &CallRow) -> Vec<String> {
    let status = call.status.map(|status| status.to_string());
    let last = [status, call.failure.clone()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    vec![
        call.id.to_string(),
        call.act.name().to_owned(),
        call.subject.clone(),
        call.state.name().to_owned(),
        call.attempts.to_string(),
        print::minute(call.raised_at),
        last,
    ]
}
