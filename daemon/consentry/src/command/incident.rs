//! `consentry incident`: breaches, their clocks, their notices.

mod form;

use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use cases::incidents::IncidentView;
use domain::ids::{ContactId, IncidentId};
use domain::incident::{IncidentContent, IncidentField, IncidentForm};
use serde_json::{Value, json};
use store::incidents::{AlsoTold, IncidentRow};

use super::{open_house, told};
use crate::cli::General;
use crate::cli::incident::{Incident, IncidentCommand, Texts, Whom};
use crate::failure::WrongUse;
use crate::{actor, print};

/// Longest file of texts that is read, in bytes.
const LONGEST_FILE: u64 = 1 << 20;

/// Works on incidents.
///
/// # Errors
/// When the house cannot be opened; [`crate::failure::RefusedByRule`] when a rule forbids it.
pub async fn run(general: General, arguments: Incident) -> anyhow::Result<ExitCode> {
    let actor = actor::name(general.actor.as_deref())?;
    let house = open_house(&general).await?;
    let cases = &house.cases;
    match arguments.command {
        IncidentCommand::Open { detected, texts, json } => {
            let mut content = IncidentContent::default();
            for (field, text) in read(texts)? {
                content.set(field, text);
            }
            let detected_at = detected.unwrap_or_else(|| crate::house::clock().now());
            let opened = cases.open_incident(detected_at, &content, &actor).await;
            let (id, number) = opened.map_err(told)?;
            if json {
                print::json_document(&json!({ "id": id, "ticket": number }))?;
            } else {
                print::line(&format!("incident {id} is open, ticket {number}"))?;
            }
        }
        IncidentCommand::List { limit, before, json } => {
            let rows = cases.incidents(before.map(IncidentId), limit).await.map_err(told)?;
            if json {
                let rows: Vec<Value> = rows.iter().map(row_json).collect();
                print::json_document(&json!({ "incidents": rows }))?;
            } else {
                let cells = |row: &IncidentRow| {
                    vec![
                        row.id.to_string(),
                        row.state.name().to_owned(),
                        print::minute(row.detected_at),
                        row.notified_at.map_or("-".to_owned(), print::minute),
                        row.reported_at.map_or("-".to_owned(), print::minute),
                    ]
                };
                let rows: Vec<_> = rows.iter().map(cells).collect();
                print::table(
                    &["ID", "STATE", "FOUND (UTC)", "FIRST NOTICE", "SECOND NOTICE"],
                    &rows,
                )?;
            }
        }
        IncidentCommand::Show { id, json } => {
            let view = cases.incident(IncidentId(id), &actor).await.map_err(told)?;
            if json {
                print::json_document(&view_json(&view))?;
            } else {
                for_people(&view)?;
            }
        }
        IncidentCommand::Update { id, texts } => {
            let texts = read(texts)?;
            if texts.is_empty() {
                return Err(WrongUse("name a text with --set or --file".to_owned()).into());
            }
            cases.update_incident(IncidentId(id), &texts, &actor).await.map_err(told)?;
            print::line(&format!("incident {id}: {} text(s) written", texts.len()))?;
        }
        IncidentCommand::Notified { id, whom, at } => {
            let id = IncidentId(id);
            match whom {
                Whom::Roskomnadzor => cases.note_notified(id, at, &actor).await,
                Whom::Authority => cases.note_also_told(id, AlsoTold::Authority, at, &actor).await,
                Whom::Gossopka => cases.note_also_told(id, AlsoTold::Sopka, at, &actor).await,
            }
            .map_err(told)?;
            print::line(&format!("incident {id}: noted"))?;
        }
        IncidentCommand::Reported { id, at } => {
            cases.note_reported(IncidentId(id), at, &actor).await.map_err(told)?;
            print::line(&format!("incident {id}: noted"))?;
        }
        IncidentCommand::PeopleTold { id, contacts, contacts_file, json } => {
            let contacts = match contacts_file {
                Some(file) => numbers(&file)?,
                None => contacts,
            };
            let contacts: Vec<ContactId> = contacts.into_iter().map(ContactId).collect();
            let done = cases.tell_people(IncidentId(id), &contacts, &actor).await.map_err(told)?;
            if json {
                print::json_document(&json!({
                    "letters": done.letters, "before": done.before, "unreached": done.unreached,
                }))?;
            } else {
                print::line(&format!(
                    "{} letter(s) written, {} had theirs before, {} contact(s) without an address",
                    done.letters, done.before, done.unreached
                ))?;
            }
        }
        IncidentCommand::Close { id } => {
            cases.close_incident(IncidentId(id), &actor).await.map_err(told)?;
            print::line(&format!("incident {id} is closed"))?;
        }
        IncidentCommand::Export { id, form, format } => {
            let filled = cases.incident_form(IncidentId(id), form, &actor).await.map_err(told)?;
            form::print(&filled, format)?;
        }
    }
    house.close().await;
    Ok(ExitCode::SUCCESS)
}

/// The texts of file and command line; the latter count.
fn read(texts: Texts) -> anyhow::Result<Vec<(IncidentField, String)>> {
    let mut read = Vec::new();
    if let Some(file) = &texts.file {
        let mut text = String::new();
        if file == Path::new("-") {
            std::io::stdin().take(LONGEST_FILE).read_to_string(&mut text)?;
        } else {
            let opened = std::fs::File::open(file)
                .with_context(|| format!("cannot open `{}`", file.display()))?;
            opened.take(LONGEST_FILE).read_to_string(&mut text)?;
        }
        let content: IncidentContent = serde_json::from_str(&text).map_err(|_| {
            WrongUse("the file is no JSON object of texts; see `incident update --help`".to_owned())
        })?;
        let held = IncidentField::ALL.iter().map(|field| (*field, content.text(*field)));
        let held = held.filter(|(_, text)| !text.is_empty());
        read.extend(held.map(|(field, text)| (field, text.to_owned())));
    }
    read.extend(texts.set);
    Ok(read)
}

fn numbers(file: &Path) -> anyhow::Result<Vec<i64>> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read `{}`", file.display()))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let numbers = lines.map(|line| line.parse::<i64>());
    numbers.collect::<Result<_, _>>().map_err(|_| {
        WrongUse("the file has a line that is no number of a contact".to_owned()).into()
    })
}

fn row_json(row: &IncidentRow) -> Value {
    json!({
        "id": row.id,
        "state": row.state.name(),
        "detected_at": row.detected_at,
        "opened_at": row.opened_at,
        "opened_by": row.opened_by,
        "notified_at": row.notified_at,
        "reported_at": row.reported_at,
        "gossopka_told_at": row.sopka_told_at,
        "authority_told_at": row.dpa_told_at,
        "people_told_at": row.people_told_at,
        "closed_at": row.closed_at,
    })
}

fn missing(view: &IncidentView, form: IncidentForm) -> Vec<&'static str> {
    view.content.missing(form).into_iter().map(IncidentField::name).collect()
}

fn view_json(view: &IncidentView) -> Value {
    let mut document = row_json(&view.incident);
    document["ticket"] = json!(view.ticket.number);
    document["duties"] = view
        .duties
        .iter()
        .map(|duty| {
            json!({
                "name": duty.name, "rule": duty.rule, "legal_due_at": duty.legal_due_at,
                "done_at": duty.done_at,
            })
        })
        .collect();
    document["content"] = json!(view.content);
    document["missing"] = IncidentForm::ALL
        .iter()
        .map(|form| (form.name().to_owned(), json!(missing(view, *form))))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let (planned, taken) = view.letters;
    document["letters"] = json!({ "written": planned, "taken_by_a_relay": taken });
    document
}

fn for_people(view: &IncidentView) -> std::io::Result<()> {
    let row = &view.incident;
    print::line(&format!(
        "incident {}  {}  ticket {}  found {} UTC",
        row.id,
        row.state.name(),
        view.ticket.number,
        print::minute(row.detected_at)
    ))?;
    for duty in &view.duties {
        let due = duty.legal_due_at.map_or("not dated yet".to_owned(), print::minute);
        let done =
            duty.done_at.map_or("OPEN".to_owned(), |at| format!("done {}", print::minute(at)));
        print::line(&format!("  {} by {due} UTC ({}): {done}", duty.name, duty.rule))?;
    }
    for form in IncidentForm::ALL {
        let missing = missing(view, *form);
        let lacks = match missing.is_empty() {
            true => "complete".to_owned(),
            false => format!("lacks {}", missing.join(", ")),
        };
        print::line(&format!("  notice {}: {lacks}", form.name()))?;
    }
    let told = [
        ("GosSOPKA", row.sopka_told_at),
        ("supervisory authority", row.dpa_told_at),
        ("people", row.people_told_at),
    ];
    for (whom, at) in told {
        let at = at.map_or("not told".to_owned(), |at| format!("told {} UTC", print::minute(at)));
        print::line(&format!("  {whom}: {at}"))?;
    }
    let (planned, taken) = view.letters;
    if planned > 0 {
        print::line(&format!("  letters to people: {planned} written, {taken} taken by a relay"))?;
    }
    for field in IncidentField::ALL {
        let text = view.content.text(*field);
        if !text.is_empty() {
            print::line(&format!("\n{}: {text}", field.name()))?;
        }
    }
    Ok(())
}
