//! `consentry ticket`: the conversations with people, for operators and programs.

mod answering;
mod correcting;

use std::process::ExitCode;

use cases::corrections::Judgement;
use cases::tickets::{OpenedCorrection, OpenedSubmission, TicketView};
use domain::ids::TicketId;
use serde_json::{Value, json};
use store::deliveries::LetterRow;
use store::requests::{DutyRow, RequestRow};
use store::tasks::TaskRow;
use store::tickets::TicketRow;

use super::{block, cut, open_house, told};
use crate::cli::{General, Ticket, TicketCommand};
use crate::{actor, print};

/// Lists or shows tickets.
///
/// # Errors
/// When the house cannot be opened, or there is no such ticket.
pub async fn run(general: General, arguments: Ticket) -> anyhow::Result<ExitCode> {
    let actor = actor::name(general.actor.as_deref())?;
    let house = open_house(&general).await?;
    match arguments.command {
        TicketCommand::List { lane, limit, before, json } => {
            let before = before.map(TicketId);
            let tickets = match lane {
                Some(lane) => house.cases.tickets_of_lane(lane, before, limit).await,
                None => house.cases.tickets(before, limit).await,
            };
            let tickets = tickets.map_err(told)?;
            if json {
                let rows: Vec<Value> = tickets.iter().map(ticket_json).collect();
                print::json_document(&json!({ "tickets": rows }))?;
            } else {
                let rows: Vec<Vec<String>> = tickets.iter().map(ticket_cells).collect();
                print::table(
                    &["NUMBER", "STATE", "LANE", "OPENED (UTC)", "LANGUAGE", "REVIEW"],
                    &rows,
                )?;
            }
        }
        TicketCommand::Reply(arguments) => {
            answering::run(&house.cases, arguments, &actor).await?;
        }
        TicketCommand::Close { number } => {
            house.cases.close_ticket(&number, &actor).await.map_err(told)?;
            print::line(&format!("ticket {number} is closed"))?;
        }
        TicketCommand::Reopen { number } => {
            house.cases.open_ticket_again(&number, &actor).await.map_err(told)?;
            print::line(&format!("ticket {number} is open again"))?;
        }
        TicketCommand::Correct(arguments) => {
            correcting::run(&house.cases, arguments, &actor).await?;
        }
        TicketCommand::Show { number, full, reason, json } => {
            let view = match reason {
                Some(reason) => house.cases.ticket_in_full(&number, &reason, &actor).await,
                None => house.cases.ticket(&number, &actor).await,
            };
            let view = view.map_err(told)?;
            let document = view_json(&view);
            if json {
                print::json_document(&document)?;
            } else {
                for_people(&view, full)?;
            }
        }
    }
    house.close().await;
    Ok(ExitCode::SUCCESS)
}

fn ticket_json(ticket: &TicketRow) -> Value {
    json!({
        "id": ticket.id,
        "number": ticket.number,
        "state": ticket.state.name(),
        "lane": ticket.lane.name(),
        "locale": ticket.locale.code(),
        "review": ticket.review.split_whitespace().collect::<Vec<_>>(),
        "special": ticket.special.split_whitespace().collect::<Vec<_>>(),
        "contact": ticket.contact,
        "linked": ticket.linked,
        "opened_at": ticket.opened_at,
    })
}

fn ticket_cells(ticket: &TicketRow) -> Vec<String> {
    vec![
        ticket.number.clone(),
        ticket.state.name().to_owned(),
        ticket.lane.name().to_owned(),
        print::minute(ticket.opened_at),
        ticket.locale.code().to_owned(),
        ticket.review.clone(),
    ]
}

fn view_json(view: &TicketView) -> Value {
    let mut document = ticket_json(&view.ticket);
    document["address"] = json!(view.address.as_ref().map(|address| address.expose()));
    document["holds"] = json!(view.holds);
    document["hidden"] = json!(view.hidden.split_whitespace().collect::<Vec<_>>());
    document["requests"] = requests_json(view);
    document["blocks"] = view.blocks.iter().map(block::block_json).collect();
    document["tasks"] = view.tasks.iter().map(task_json).collect();
    document["submissions"] = view.submissions.iter().map(submission_json).collect();
    document["letters"] = view.letters.iter().map(letter_json).collect();
    document
}

fn requests_json(view: &TicketView) -> Value {
    let with_duties = |request: &RequestRow| {
        let duties = view.duties.iter().filter(|duty| duty.request == request.id);
        json!({
            "id": request.id,
            "name": request.name.name(),
            "state": request.state.name(),
            "regime": request.regime,
            "regime_version": request.regime_version,
            "law": request.law,
            "requester": request.requester.name(),
            "received_at": request.received_at,
            "duties": duties.map(duty_json).collect::<Vec<_>>(),
        })
    };
    view.requests.iter().map(with_duties).collect()
}

fn duty_json(duty: &DutyRow) -> Value {
    json!({
        "name": duty.name,
        "rule": duty.rule,
        "counts_from": duty.counts_from,
        "legal_due_on": duty.legal_due_on,
        "safe_due_on": duty.safe_due_on,
        "legal_due_at": duty.legal_due_at,
        "safe_due_at": duty.safe_due_at,
        "is_provisional": duty.provisional,
        "done_at": duty.done_at,
    })
}

fn task_json(task: &TaskRow) -> Value {
    json!({
        "id": task.id,
        "name": task.name,
        "detail": task.detail,
        "opened_at": task.opened_at,
        "done_at": task.done_at,
    })
}

fn letter_json(letter: &LetterRow) -> Value {
    json!({
        "id": letter.id,
        "occasion": letter.occasion.name(),
        "state": letter.state.name(),
        "planned_at": letter.planned_at,
        "settled_at": letter.settled_at,
        "smtp_code": letter.smtp_code,
    })
}

fn submission_json(submission: &OpenedSubmission) -> Value {
    let row = &submission.row;
    let content = submission.content.as_ref().map(|content| {
        json!({
            "from": content.from.iter().map(|from| from.address.as_str()).collect::<Vec<_>>(),
            "subject": content.subject,
            "text": content.text,
            "attachments": content.attachments,
            "oddities": content.oddities,
            "classification": content.classification,
            "cut": content.classification.as_ref().map(|found| cut::cuts_json(&content.text, &found.cut)),
        })
    });
    json!({
        "id": row.id,
        "channel": row.channel,
        "kind": row.kind,
        "language": row.language,
        "authentication": row.authentication.name(),
        "received_at": row.received_at,
        "labels": serde_json::from_str::<Value>(&row.labels).unwrap_or(Value::Null),
        "content": content,
        "corrections": submission.corrections.iter().map(correction_json).collect::<Vec<_>>(),
    })
}

fn correction_json(correction: &OpenedCorrection) -> Value {
    let row = &correction.row;
    let names = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
    json!({
        "id": row.id,
        "corrected_at": row.corrected_at,
        "actor": row.actor,
        "before": names(&row.before),
        "after": names(&row.after),
        "note": correction.note,
    })
}

fn for_people(view: &TicketView, full: bool) -> std::io::Result<()> {
    let ticket = &view.ticket;
    print::line(&format!(
        "{}  {}  opened {} UTC{}",
        ticket.number,
        ticket.state.name(),
        print::minute(ticket.opened_at),
        view.address.as_ref().map_or_else(String::new, |a| format!("  with {}", a.expose()))
    ))?;
    if !ticket.review.is_empty() {
        print::line(&format!("  a person must look: {}", ticket.review))?;
    }
    if view.holds > 0 {
        print::line(&format!("  held: {} hold(s); nothing is destroyed", view.holds))?;
    }
    for request in &view.requests {
        let (name, state) = (request.name.name(), request.state.name());
        print::line(&format!("  request {name}: {state} ({})", request.law))?;
        for duty in view.duties.iter().filter(|duty| duty.request == request.id) {
            let due = duty.safe_due_on.as_deref().unwrap_or("not dated yet");
            let legal = duty.legal_due_on.as_deref().unwrap_or("-");
            let done = if duty.done_at.is_some() { ", done" } else { "" };
            let provisional = if duty.provisional { ", provisional" } else { "" };
            print::line(&format!("    {} by {due} (law: {legal}){provisional}{done}", duty.name))?;
        }
    }
    for block in &view.blocks {
        print::line(&format!(
            "  block {} {}: {}",
            block.id,
            block.scope.name(),
            block::state_words(block)
        ))?;
    }
    for task in view.tasks.iter().filter(|task| task.done_at.is_none()) {
        print::line(&format!("  to do: {} {}", task.name, task.detail))?;
    }
    for letter in &view.letters {
        print::line(&format!(
            "  sent {}: {} ({})",
            print::minute(letter.planned_at),
            letter.occasion.name(),
            letter.state.name()
        ))?;
    }
    if !view.hidden.is_empty() {
        let shows = "--full --reason WORDS shows it";
        print::line(&format!("  special, hidden or masked: {} ({shows})", view.hidden))?;
    }
    for submission in &view.submissions {
        submission_for_people(submission, full)?;
    }
    Ok(())
}

fn submission_for_people(submission: &OpenedSubmission, full: bool) -> std::io::Result<()> {
    let row = &submission.row;
    let received = print::minute(row.received_at);
    print::line(&format!("\n--- {} {} of {received} UTC ({})", row.channel, row.id, row.kind))?;
    for correction in &submission.corrections {
        let row = &correction.row;
        let after = serde_json::from_str::<Judgement>(&row.after);
        let after = after.map_or_else(|_| "?".to_owned(), |after| correcting::words(&after));
        let (at, actor) = (print::minute(row.corrected_at), &row.actor);
        print::line(&format!("corrected {at} by {actor}: {after}"))?;
        if let Some(note) = &correction.note {
            print::line(&format!("  {note}"))?;
        }
    }
    let Some(content) = &submission.content else {
        return print::line("(cannot be shown: never read, or its key was destroyed)");
    };
    let text = content.text.as_str();
    let Some(found) = content.classification.as_ref().filter(|found| !found.cut.is_empty()) else {
        return print::line(&format!("{}\n\n{}", content.subject, text.trim_end()));
    };
    if full {
        let whole = cut::whole(text, &found.cut);
        return print::line(&format!("{}\n\n{}", content.subject, whole.trim_end()));
    }
    print::line(&format!("{}\n\n{}", content.subject, found.new_text.trim_end()))?;
    match cut::summary(text, &found.cut) {
        Some(left_out) => print::line(&format!("\n(left out: {left_out}; --full shows it)")),
        None => Ok(()),
    }
}
