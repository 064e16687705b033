//! `consentry request plan`, `execute` of a destruction, `postpone`, and `consentry contact erase`.

use std::process::ExitCode;

use cases::Cases;
use cases::destruction::{PlanOrder, Progress};
use domain::ids::{ContactId, RequestId};
use domain::plan::{Draft, Method, Step};
use serde_json::{Value, json};
use store::plans::{PlanRow, StepResult};

use super::told;
use crate::cli::destruction::{ContactErase, PlanMethod, RequestPlan};
use crate::print;

/// Makes, shows or tries a plan.
///
/// # Errors
/// [`crate::failure::RefusedByRule`] when a rule forbids it.
pub async fn plan(cases: &Cases, asked: RequestPlan, actor: &str) -> anyhow::Result<ExitCode> {
    let id = RequestId(asked.id);
    if asked.show || asked.verify {
        let missing =
            || anyhow::anyhow!("request {id} has no plan; make one: `consentry request plan {id}`");
        let row = cases.plan_of(id).await.map_err(told)?.ok_or_else(missing)?;
        if asked.verify {
            return verify(cases, &row, asked.json).await;
        }
        show(&row, asked.json)?;
        return Ok(ExitCode::SUCCESS);
    }
    let order = PlanOrder {
        method: match asked.method {
            PlanMethod::Destroy => Method::Destroy,
            PlanMethod::Anonymise => Method::Anonymise,
        },
        contact: asked.contact.map(ContactId),
        keeps: asked.keep,
    };
    if asked.dry_run {
        let draft = cases.draft_destruction(id, &order).await.map_err(told)?;
        if asked.json {
            print::json_document(&draft_json(&draft, &[]))?;
        } else {
            print::line(&format!(
                "request {id}: this is what a plan would be; nothing is written"
            ))?;
            steps(&draft, &[])?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let row = cases.plan_destruction(id, &order, actor).await.map_err(told)?;
    show(&row, asked.json)?;
    Ok(ExitCode::SUCCESS)
}

async fn verify(cases: &Cases, row: &PlanRow, json: bool) -> anyhow::Result<ExitCode> {
    let left = cases.verify_destruction(row).await.map_err(told)?;
    if json {
        let left: Vec<Value> =
            left.iter().map(|one| json!({ "part": one.part.name(), "count": one.count })).collect();
        print::json_document(&json!({
            "plan": row.id, "left": left, "wiped": row.wiped_at.is_some(), "wiped_at": row.wiped_at,
        }))?;
    } else if left.is_empty() {
        print::line(&format!("plan {}: nothing is left but what it keeps", row.id))?;
    } else {
        for one in &left {
            print::line(&format!("left: {} {}", one.count, one.part.name()))?;
        }
    }
    if let (Some(words), false) = (wiped(row), json) {
        print::line(&words)?;
    }
    Ok(if left.is_empty() && !owes_wipe(row) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Carries the plan of a request as far as it goes now; what it waits for is the daemon's.
///
/// # Errors
/// [`crate::failure::RefusedByRule`] when a rule forbids it.
pub async fn execute(cases: &Cases, id: RequestId) -> anyhow::Result<String> {
    let node = format!("command/{}", std::process::id());
    let (plan, progress) = cases.execute_destruction(id, &node).await.map_err(told)?;
    let stage = plan.stage.name();
    Ok(match progress {
        Progress::Closed => format!("request {id}: the destruction is proven and closed"),
        Progress::Waiting(what) => {
            format!(
                "request {id}: at the stage `{stage}`, waiting for: {what}; the daemon goes on with it"
            )
        }
        Progress::Void(why) => format!(
            "request {id}: what is there is not what was approved ({why}); make another plan and have it approved"
        ),
        Progress::Failed(why) => {
            anyhow::bail!("request {id}: the stage `{stage}` failed ({why}); it is tried again")
        }
    })
}

/// Opens an erasure by hand.
///
/// # Errors
/// [`crate::failure::RefusedByRule`] when a rule forbids it.
pub async fn erase(cases: &Cases, asked: ContactErase, actor: &str) -> anyhow::Result<()> {
    let received_at = asked.received_at.unwrap_or_else(|| crate::house::clock().now());
    let contact = ContactId(asked.contact);
    let opened = cases.erase_contact(contact, received_at, actor).await.map_err(told)?;
    if asked.json {
        let document = json!({
            "contact": contact, "ticket": opened.number, "request": opened.request,
        });
        return Ok(print::json_document(&document)?);
    }
    Ok(print::line(&format!(
        "contact {contact}: ticket {}, request {}; go on with `consentry request plan {}`",
        opened.number, opened.request, opened.request
    ))?)
}

/// Whether the plan ended and the database has not let go of what it emptied.
fn owes_wipe(row: &PlanRow) -> bool {
    row.closed_at.is_some() && row.wiped_at.is_none()
}

/// What became of the last traces in the files of the database; none before the end.
fn wiped(row: &PlanRow) -> Option<String> {
    match row.wiped_at {
        Some(at) => Some(format!("wiped: {}", print::minute(at))),
        None if owes_wipe(row) => Some(
            "wiped: not yet; the database still holds what was emptied (its log, dead rows), the daemon tries again"
                .to_owned(),
        ),
        None => None,
    }
}

fn show(row: &PlanRow, json: bool) -> anyhow::Result<()> {
    if json {
        let mut document = draft_json(&row.draft, &row.results);
        let more = json!({
            "id": row.id, "request": row.request, "state": row.state.name(), "stage": row.stage.name(),
            "made_by": row.made_by, "made_at": row.made_at, "started_at": row.started_at,
            "executed_at": row.executed_at, "verified_at": row.verified_at, "closed_at": row.closed_at,
            "wiped_at": row.wiped_at,
            "failures": row.failures, "failure": row.failure, "next_try_at": row.next_try_at,
            "postponed_to": row.postponed_to, "postponed_by": row.postponed_by,
        });
        if let (Some(all), Some(more)) = (document.as_object_mut(), more.as_object()) {
            all.extend(more.clone());
        }
        return Ok(print::json_document(&document)?);
    }
    print::line(&format!(
        "plan {} of request {}: {}, {} ({})",
        row.id,
        row.request,
        row.draft.method.name(),
        row.state.name(),
        row.draft.finding.name()
    ))?;
    if let Some(failure) = &row.failure {
        print::line(&format!("at the stage `{}`: {failure}", row.stage.name()))?;
    }
    if let Some(words) = wiped(row) {
        print::line(&words)?;
    }
    steps(&row.draft, &row.results)
}

fn steps(draft: &Draft, results: &[StepResult]) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for (place, step) in draft.steps.iter().enumerate() {
        let result = results.get(place).cloned().unwrap_or_default();
        rows.push(vec![
            step.part.name().to_owned(),
            step.action.name().to_owned(),
            found(step, &result).to_string(),
            result.done.to_string(),
            result.kept.to_string(),
            why(step),
        ]);
    }
    Ok(print::table(&["PART", "ACTION", "FOUND", "DONE", "KEPT", "WHY"], &rows)?)
}

/// How many there were: what came in after the plan was made went with the rest.
fn found(step: &Step, result: &StepResult) -> i64 {
    step.found.max(result.done + result.kept)
}

fn why(step: &Step) -> String {
    let Some(basis) = step.basis else { return String::new() };
    let until = step.until.map(|day| format!(", until {day}")).unwrap_or_default();
    format!("{} ({}{until})", basis.name(), step.law)
}

fn draft_json(draft: &Draft, results: &[StepResult]) -> Value {
    let steps: Vec<Value> = draft
        .steps
        .iter()
        .enumerate()
        .map(|(place, step)| {
            let mut one = json!({
                "part": step.part.name(), "action": step.action.name(), "found": step.found,
                "basis": step.basis.map(domain::plan::Basis::name), "law": step.law,
                "until": step.until.map(|day| day.to_string()),
            });
            if let Some(result) = results.get(place) {
                one["found"] = json!(found(step, result));
                one["done"] = json!(result.done);
                one["kept"] = json!(result.kept);
                one["state"] = json!(result.state);
                one["failure"] = json!(result.failure);
                one["done_at"] = json!(result.done_at);
            }
            one
        })
        .collect();
    json!({
        "method": draft.method.name(), "finding": draft.finding.name(),
        "contact": draft.whose.contact, "addresses": draft.whose.addresses.len(),
        "tickets": draft.whose.tickets, "hash": hex::encode(draft.hash()), "steps": steps,
    })
}
