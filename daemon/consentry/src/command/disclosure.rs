//! `consentry disclosure`: the register of what was given to whom, and on which ground.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::ExitCode;

use anyhow::Context as _;
use cases::parties::{DisclosureToRecord, REGISTER_HEADING};
use domain::ids::{ConsentEventId, ContactId, DisclosureId, RequestId};
use serde_json::{Value, json};
use store::disclosures::DisclosureRow;
use store::recipients::RecipientRow;

use super::{open_house, told};
use crate::cli::{Disclosure, DisclosureCommand, DisclosureFormat, General};
use crate::{actor, print};

/// Writes down, lists and hands out.
///
/// # Errors
/// When the house cannot be opened; [`crate::failure::RefusedByRule`] when a rule forbids it.
pub async fn run(general: General, arguments: Disclosure) -> anyhow::Result<ExitCode> {
    let actor = actor::name(general.actor.as_deref())?;
    let house = open_house(&general).await?;
    let cases = &house.cases;
    match arguments.command {
        DisclosureCommand::Add(add) => {
            let wanted = DisclosureToRecord {
                recipient: add.recipient,
                contact: ContactId(add.contact),
                ground: add.ground,
                reference: add.reference,
                consent: add.consent.map(ConsentEventId),
                data: add.data,
                until_on: add.until,
                approved_by: add.approved_by,
                request: add.request.map(RequestId),
            };
            let id = cases.record_disclosure(&wanted, &actor).await.map_err(told)?;
            print::line(&format!("disclosure {id} is written down; hand the data over now"))?;
        }
        DisclosureCommand::List { contact, limit, before, json } => {
            let (contact, before) = (contact.map(ContactId), before.map(DisclosureId));
            let rows = cases.disclosures(contact, before, limit, &actor).await.map_err(told)?;
            if json {
                let rows: Vec<Value> = rows.iter().map(disclosure_json).collect();
                print::json_document(&json!({ "disclosures": rows }))?;
            } else {
                let rows: Vec<Vec<String>> = rows.iter().map(cells).collect();
                let heading = ["ID", "AT (UTC)", "RECIPIENT", "CONTACT", "GROUND", "DATA"];
                print::table(&heading, &rows)?;
            }
        }
        DisclosureCommand::Export { format, out } => {
            let rows = cases.export_disclosures(&actor).await.map_err(told)?;
            let text = match format {
                DisclosureFormat::Csv => csv_text(&rows)?,
                DisclosureFormat::Json => {
                    let rows: Vec<Value> = rows.iter().map(register_json).collect();
                    serde_json::to_string_pretty(&json!({ "disclosures": rows }))?
                }
            };
            match out {
                Some(path) => {
                    let open = std::fs::File::options()
                        .write(true)
                        .create_new(true)
                        .mode(0o600)
                        .open(&path);
                    let mut file = open.with_context(|| {
                        format!("cannot make `{}`; choose a file that is not there", path.display())
                    })?;
                    file.write_all(text.as_bytes())?;
                    file.sync_all()?;
                    print::line(&format!("{} disclosure(s) written", rows.len()))?;
                }
                None => print::exactly(text.trim_end())?,
            }
        }
    }
    house.close().await;
    Ok(ExitCode::SUCCESS)
}

fn csv_text(rows: &[(DisclosureRow, RecipientRow)]) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(REGISTER_HEADING)?;
    for (row, to) in rows {
        let number = |id: Option<i64>| id.map(|id| id.to_string()).unwrap_or_default();
        writer.write_record([
            row.id.to_string(),
            row.disclosed_at.to_string(),
            // A spreadsheet must not take the words of people for formulas.
            harmless(&to.title),
            to.role.name().to_owned(),
            to.country.clone(),
            number(row.contact.map(|id| id.0)),
            row.ground.name().to_owned(),
            harmless(&row.reference),
            number(row.consent.map(|id| id.0)),
            row.data.clone(),
            row.until_on.map(|day| day.to_string()).unwrap_or_default(),
            harmless(&row.recorded_by),
            harmless(row.approved_by.as_deref().unwrap_or_default()),
        ])?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8(bytes)?)
}

fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        return format!("'{text}");
    }
    text.to_owned()
}

fn register_json((row, to): &(DisclosureRow, RecipientRow)) -> Value {
    let mut told = disclosure_json(row);
    told["recipient_title"] = json!(to.title);
    told["role"] = json!(to.role.name());
    told["country"] = json!(to.country);
    told
}

fn disclosure_json(row: &DisclosureRow) -> Value {
    json!({
        "id": row.id,
        "disclosed_at": row.disclosed_at,
        "recipient": row.recipient_name,
        "contact": row.contact,
        "ground": row.ground.name(),
        "reference": row.reference,
        "consent": row.consent,
        "data": row.data.split_whitespace().collect::<Vec<_>>(),
        "until_on": row.until_on.map(|day| day.to_string()),
        "recorded_by": row.recorded_by,
        "approved_by": row.approved_by,
        "request": row.request,
    })
}

fn cells(row: &DisclosureRow) -> Vec<String> {
    vec![
        row.id.to_string(),
        print::minute(row.disclosed_at),
        row.recipient_name.clone(),
        row.contact.map_or("-".to_owned(), |id| id.to_string()),
        row.ground.name().to_owned(),
        row.data.clone(),
    ]
}
