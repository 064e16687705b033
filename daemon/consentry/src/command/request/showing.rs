//! Requests printed: the list by what is due first, one whole, holds.

use cases::requests::showing::{Listed, RequestView};
use serde_json::{Value, json};
use store::holds::HoldRow;
use store::requests::{DutyRow, RequestRow};

use super::document;
use crate::print;

/// The list by what is due first.
pub fn list(rows: &[Listed], as_json: bool) -> std::io::Result<()> {
    if as_json {
        return print::json_document(&document("requests", rows.iter().map(listed_json).collect()));
    }
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|one| {
            let owed = &one.owed;
            let left = if one.is_overdue {
                format!("OVERDUE {}", -one.days_left)
            } else {
                one.days_left.to_string()
            };
            vec![
                owed.duty.request.to_string(),
                owed.number.clone(),
                owed.name.name().to_owned(),
                owed.state.name().to_owned(),
                owed.duty.name.clone(),
                owed.duty.safe_due_on.clone().unwrap_or_default(),
                owed.duty.legal_due_on.clone().unwrap_or_default(),
                left,
            ]
        })
        .collect();
    let heading = ["ID", "TICKET", "REQUEST", "STATE", "OWED", "BY", "LAW", "DAYS LEFT"];
    print::table(&heading, &cells)
}

fn listed_json(one: &Listed) -> Value {
    let owed = &one.owed;
    json!({
        "id": owed.duty.request,
        "ticket": owed.number,
        "name": owed.name.name(),
        "state": owed.state.name(),
        "received_at": owed.received_at,
        "paused_at": owed.paused_at,
        "due": duty_json(&owed.duty),
        "days_left": one.days_left,
        "is_overdue": one.is_overdue,
        "penalty": one.penalty,
    })
}

/// One page of all requests.
pub fn page(rows: &[(RequestRow, String)], as_json: bool) -> std::io::Result<()> {
    if as_json {
        let with_number = |(row, number): &(RequestRow, String)| {
            let mut document = row_json(row);
            document["ticket"] = json!(number);
            document
        };
        return print::json_document(&document("requests", rows.iter().map(with_number).collect()));
    }
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|(row, number)| {
            vec![
                row.id.to_string(),
                number.clone(),
                row.name.name().to_owned(),
                row.state.name().to_owned(),
                print::minute(row.received_at),
                row.outcome.map_or("-", |outcome| outcome.name()).to_owned(),
            ]
        })
        .collect();
    print::table(&["ID", "TICKET", "REQUEST", "STATE", "RECEIVED (UTC)", "OUTCOME"], &cells)
}

fn row_json(row: &RequestRow) -> Value {
    json!({
        "id": row.id,
        "ticket_id": row.ticket,
        "name": row.name.name(),
        "state": row.state.name(),
        "regime": row.regime,
        "regime_version": row.regime_version,
        "law": row.law,
        "requester": row.requester.name(),
        "received_at": row.received_at,
        "facts_received_at": row.facts_received_at,
        "detected_at": row.detected_at,
        "achieved_at": row.achieved_at,
        "paused_at": row.paused_at,
        "outcome": row.outcome.map(|outcome| outcome.name()),
        "joined_to": row.joined_to,
        "changed_at": row.changed_at,
        "answer": row.answer,
    })
}

fn duty_json(duty: &DutyRow) -> Value {
    json!({
        "id": duty.id,
        "name": duty.name,
        "rule": duty.rule,
        "counts_from": duty.counts_from,
        "started_at": duty.started_at,
        "legal_due_on": duty.legal_due_on,
        "safe_due_on": duty.safe_due_on,
        "legal_due_at": duty.legal_due_at,
        "safe_due_at": duty.safe_due_at,
        "is_provisional": duty.provisional,
        "is_extended": duty.extended,
        "reminded_percent": duty.reminded,
        "done_at": duty.done_at,
    })
}

/// One request, whole.
pub fn view_json(view: &RequestView) -> Value {
    let mut document = row_json(&view.request);
    let in_both = |(ru, en): &(String, String)| json!({ "ru": ru, "en": en });
    document["ticket"] = json!(view.ticket.number);
    document["duties"] = view.duties.iter().map(duty_json).collect();
    document["penalties"] = view.penalties.iter().map(in_both).collect();
    document["may_be_refused_by"] = view.exceptions.iter().map(in_both).collect();
    document["identity"] = json!({
        "proven": view.identity.0.map(|level| level.name()),
        "needed": view.identity.1.name(),
    });
    document["holds"] = json!(view.holds);
    document["hints"] = json!(view.hints);
    document["repeats"] = view.repeat.as_ref().map_or(Value::Null, |repeat| {
        json!({
            "request": repeat.found.earlier, "received_on": repeat.found.earlier_on,
            "due_from": repeat.found.from_on, "clause": repeat.refusal.clause,
            "reasons": repeat.refusal.reasons,
        })
    });
    let decisions = view.decisions.iter().map(|one| {
        let row = &one.row;
        json!({
            "id": row.id,
            "verdict": row.verdict.name(),
            "state": row.state.name(),
            "subject": row.subject.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
            "four_eyes": row.four_eyes,
            "proposed_by": row.proposed_by,
            "proposed_at": row.proposed_at,
            "decided_by": row.decided_by,
            "decided_at": row.decided_at,
            "clause": row.clause,
            "reasons": one.refusal.as_ref().map(|refusal| refusal.reasons.as_str()),
        })
    });
    document["decisions"] = decisions.collect();
    let extensions = view.extensions.iter().map(|one| {
        json!({
            "id": one.id, "duty": one.duty, "state": one.state.name(),
            "asked_by": one.asked_by, "asked_at": one.asked_at,
            "notice": one.notice.map(|(state, _)| state.name()),
        })
    });
    document["extensions"] = extensions.collect();
    let notes = view.notes.iter().map(
        |note| json!({ "kind": note.kind, "at": note.at, "actor": note.actor, "text": note.text }),
    );
    document["notes"] = notes.collect();
    document
}

/// One request for people.
pub fn for_people(view: &RequestView) -> std::io::Result<()> {
    let request = &view.request;
    print::line(&format!(
        "request {} of {}: {}, {}  received {} UTC",
        request.id,
        view.ticket.number,
        request.name.name(),
        request.state.name(),
        print::minute(request.received_at),
    ))?;
    print::line(&format!("  {} ({}@{})", request.law, request.regime, request.regime_version))?;
    if let Some(outcome) = request.outcome {
        print::line(&format!("  outcome: {}", outcome.name()))?;
    }
    let proven = view.identity.0.map_or("nothing", |level| level.name());
    print::line(&format!("  who asks: {proven} (needed: {})", view.identity.1.name()))?;
    if view.holds > 0 {
        print::line(&format!("  held: {} hold(s); nothing is destroyed", view.holds))?;
    }
    for hint in &view.hints {
        print::line(&format!("  note: {hint}"))?;
    }
    for duty in &view.duties {
        let due = duty.safe_due_on.as_deref().unwrap_or("not dated yet");
        let legal = duty.legal_due_on.as_deref().unwrap_or("-");
        let words = [
            (duty.provisional, ", provisional"),
            (duty.extended, ", extended"),
            (duty.done_at.is_some(), ", done"),
            (duty.done_at.is_none() && duty.reminded == 100, ", OVERDUE"),
        ];
        let more: String = words.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
        print::line(&format!("  {} by {due} (law: {legal}, {}){more}", duty.name, duty.rule))?;
    }
    for (_, en) in &view.penalties {
        print::line(&format!("  late costs: {en}"))?;
    }
    for (_, en) in &view.exceptions {
        print::line(&format!("  may be refused by: {en}"))?;
    }
    for one in &view.decisions {
        let (row, clause) = (&one.row, &one.row.clause);
        let by = row.decided_by.as_deref().unwrap_or("nobody yet");
        print::line(&format!(
            "  decision: {} {clause} ({}), proposed by {}, decided by {by}",
            row.verdict.name(),
            row.state.name(),
            row.proposed_by,
        ))?;
        if let Some(refusal) = &one.refusal {
            print::line(&format!("    {}", refusal.reasons))?;
        }
    }
    for one in &view.extensions {
        let asked = print::minute(one.asked_at);
        print::line(&format!(
            "  extension of duty {}: {} (asked {asked})",
            one.duty,
            one.state.name()
        ))?;
    }
    for note in &view.notes {
        let text = note.text.as_deref().unwrap_or("(its key was destroyed)");
        print::line(&format!("  {} by {}: {text}", note.kind, note.actor))?;
    }
    Ok(())
}

/// Legal holds.
pub fn holds(rows: &[HoldRow], as_json: bool) -> std::io::Result<()> {
    if as_json {
        let rows = rows.iter().map(|hold| {
            json!({
                "id": hold.id, "contact": hold.contact, "ticket": hold.ticket, "from_at": hold.from_at,
                "reason": hold.reason,
                "lifted_at": hold.lifted.as_ref().map(|(at, _)| at),
                "lifted_by": hold.lifted.as_ref().map(|(_, by)| by),
            })
        });
        return print::json_document(&document("holds", rows.collect()));
    }
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|hold| {
            let contact = hold.contact.map_or("-".to_owned(), |id| id.to_string());
            let lifted = hold
                .lifted
                .as_ref()
                .map(|(at, by)| format!("lifted {} by {by}", print::minute(*at)));
            vec![
                hold.id.to_string(),
                hold.ticket.to_string(),
                contact,
                print::minute(hold.from_at),
                hold.reason.clone(),
                lifted.unwrap_or_else(|| "stands".to_owned()),
            ]
        })
        .collect();
    print::table(&["ID", "TICKET", "CONTACT", "FROM (UTC)", "REASON", "STATE"], &cells)
}
