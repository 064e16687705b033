//! `consentry register export`: the register of appeals as CSV, PDF, page or JSON.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use cases::contacts::cells::guarded;
use cases::register::Applicants;
use jiff::civil::Date;
use render::document::{Document, Register as Lines, register_document};
use serde_json::{Value, json};

use super::{open_house, told};
use crate::cli::{General, Register, RegisterCommand, RegisterFormat};
use crate::failure::WrongUse;
use crate::{actor, house, print};

/// Excel takes a CSV without it for the code page of the machine.
pub(super) const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Hands the register out.
///
/// # Errors
/// When the house cannot be opened or a file not be written; [`crate::failure::RefusedByRule`].
pub async fn run(general: General, arguments: Register) -> anyhow::Result<ExitCode> {
    let actor = actor::name(general.actor.as_deref())?;
    let (from, to, format, file, bom, clear, json) = match arguments.command {
        RegisterCommand::Processing(asked) => return super::processing::run(general, asked).await,
        RegisterCommand::Export { from, to, format, file, bom, clear, json } => {
            (from, to, format, file, bom, clear, json)
        }
    };
    if format == RegisterFormat::Pdf && file.is_none() && !json {
        return Err(WrongUse("a PDF needs a file; add --file register.pdf".to_owned()).into());
    }
    let house = open_house(&general).await?;
    let zone = house.config.organisation.zone.clone();
    let to = to.unwrap_or_else(|| house::clock().now().to_zoned(zone).date());
    let from = from.or_else(|| Date::new(to.year(), 1, 1).ok()).unwrap_or(to);
    let applicants = if clear { Applicants::Clear } else { Applicants::Code };
    let lines = house.cases.register(from, to, applicants, &actor).await.map_err(told)?;
    let text = match (json, format) {
        (true, _) => format!("{:#}\n", as_json(&lines)).into_bytes(),
        (false, RegisterFormat::Csv) => as_csv(&lines, bom)?,
        (false, RegisterFormat::Pdf) => register_document(&lines).to_pdf()?,
        (false, RegisterFormat::Html) => register_document(&lines).to_html().into_bytes(),
    };
    match &file {
        None => print::exactly(String::from_utf8(text)?.trim_end_matches('\n'))?,
        Some(path) => {
            write_bytes(path, &text)?;
            print::line(&format!("{} requests written to {}", lines.lines.len(), path.display()))?;
        }
    }
    house.close().await;
    Ok(ExitCode::SUCCESS)
}

fn as_csv(lines: &Lines, bom: bool) -> anyhow::Result<Vec<u8>> {
    let mut text = csv::WriterBuilder::new();
    // RFC 4180.
    text.terminator(csv::Terminator::CRLF);
    let begin = if bom { BYTE_ORDER_MARK.as_bytes().to_vec() } else { Vec::new() };
    let mut text = text.from_writer(begin);
    text.write_record(Lines::head())?;
    for row in lines.cells() {
        // A spreadsheet must not run what people wrote.
        text.write_record(row.iter().map(|cell| guarded(cell).into_owned()))?;
    }
    Ok(text.into_inner().map_err(|error| error.into_error())?)
}

fn as_json(register: &Lines) -> Value {
    let lines = register.lines.iter().map(|line| {
        let duties = line.duties.iter().map(|(name, due, done)| {
            json!({ "name": name, "legal_due_on": due.map(|d| d.to_string()), "done_on": done.map(|d| d.to_string()) })
        });
        json!({
            "number": line.number, "ticket": line.ticket, "received_at": line.received_at,
            "applicant": line.applicant, "requester": line.requester.name(),
            "request": line.name.name(), "law": line.law, "duties": duties.collect::<Vec<_>>(),
            "extended_on": line.extended_on.map(|on| on.to_string()),
            "answered_at": line.answered_at, "outcome": line.outcome.map(|outcome| outcome.name()),
            "clause": line.clause, "act": line.act, "decided_by": line.decided_by,
        })
    });
    json!({
        "from": register.from.to_string(), "to": register.to.to_string(),
        "requests": lines.collect::<Vec<_>>(),
    })
}

/// Writes a document into a file that must be free.
///
/// # Errors
/// When it cannot be made or written.
pub fn write_document(
    path: &Path,
    document: &Document,
    written: fn(&Document) -> anyhow::Result<Vec<u8>>,
) -> anyhow::Result<()> {
    write_bytes(path, &written(document)?)
}

/// Writes a file of personal data: nobody else may read it, and none is overwritten.
///
/// # Errors
/// When the name is taken or the disk refuses.
pub fn write_bytes(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let open = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let written = open.and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written
        .with_context(|| format!("cannot write `{}`; choose a name that is free", path.display()))
}

#[cfg(test)]
mod tests {
    use domain::regime::RequestName;
    use domain::request::Requester;
    use render::document::RegisterLine;

    use super::*;

    fn register() -> Lines {
        let line = RegisterLine {
            number: 1,
            ticket: "CT-1".into(),
            received_at: "2026-11-23T09:15:00Z".parse().expect("an instant"),
            applicant: "=cmd|'/c calc'!A1".into(),
            requester: Requester::Subject,
            name: RequestName::Erasure,
            law: "152-ФЗ ст. 21".into(),
            duties: Vec::new(),
            extended_on: None,
            answered_at: None,
            outcome: None,
            clause: String::new(),
            act: String::new(),
            decided_by: "+belova".into(),
        };
        let day = jiff::civil::date(2026, 11, 23);
        let zone = jiff::tz::TimeZone::UTC;
        Lines { operator: "ООО".into(), from: day, to: day, zone, lines: vec![line] }
    }

    #[test]
    fn a_spreadsheet_runs_nothing_and_reads_russian() {
        let text = String::from_utf8(as_csv(&register(), true).expect("made")).expect("UTF-8");
        assert!(text.starts_with("\u{feff}№,"));
        assert!(text.contains("\r\n"));
        assert!(text.contains("'=cmd") && text.contains("'+belova"));
        let plain = as_csv(&register(), false).expect("made");
        assert!(!plain.starts_with(BYTE_ORDER_MARK.as_bytes()));
    }
}
