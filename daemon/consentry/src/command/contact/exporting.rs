//! `consentry contact export`: what is handed out, row by row, and what blocks keep back.

use std::io::Write as _;

use cases::contacts::cells::guarded;
use serde_json::Value;
use store::contacts::ExportRow;

use crate::cli::ExportFormat;
use crate::command::told;
use crate::house::House;

pub(super) async fn export(
    house: &House,
    (list, statute): (Option<&str>, Option<&str>),
    format: ExportFormat,
    actor: &str,
) -> anyhow::Result<()> {
    let mut export = house.cases.export_contacts(list, actor).await.map_err(told)?;
    if let Some(statute) = statute {
        export = export.for_statute(statute).await.map_err(told)?;
    }
    let mut is_first = true;
    loop {
        let page = export.next_page().await.map_err(told)?;
        if page.is_empty() && !is_first {
            tell_held(&export);
            return Ok(());
        }
        let text = match format {
            ExportFormat::Csv => {
                let mut text = csv::Writer::from_writer(Vec::new());
                if is_first {
                    text.write_record(EXPORTED)?;
                }
                for row in &page {
                    // A spreadsheet must not run what people wrote.
                    text.write_record(cells(row).iter().map(|cell| guarded(cell).into_owned()))?;
                }
                text.into_inner().map_err(|error| error.into_error())?
            }
            ExportFormat::Json => {
                let lines = page.iter().map(|row| format!("{}\n", row_json(row)));
                lines.collect::<String>().into_bytes()
            }
        };
        if let Taker::Gone = hand_out(&text)? {
            // What was handed out is audited all the same.
            return export.break_off().await.map_err(told);
        }
        if page.is_empty() {
            tell_held(&export);
            return Ok(());
        }
        is_first = false;
    }
}

/// What blocks kept out, beside what is handed out.
fn tell_held(export: &cases::contacts::Export<'_>) {
    let held = export.held();
    if held.left_out > 0 || held.masked > 0 {
        tracing::warn!(
            rows.left_out = held.left_out,
            fields.masked = held.masked,
            "what blocks hold was not handed out; see `block list`"
        );
    }
}

/// Whether somebody still takes what is handed out.
enum Taker {
    There,
    /// It went away (`| head`), which ends the command quietly.
    Gone,
}

fn hand_out(text: &[u8]) -> std::io::Result<Taker> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(Taker::Gone),
        result => result.map(|()| Taker::There),
    }
}

const EXPORTED: [&str; 12] = [
    "contact",
    "email",
    "name",
    "phone",
    "locale",
    "zone",
    "source",
    "created_at",
    "list",
    "state",
    "since_at",
    "consent",
];

fn cells(row: &ExportRow) -> [String; 12] {
    [
        row.contact.to_string(),
        row.email.clone(),
        row.name.clone(),
        row.phone.clone(),
        row.locale.clone(),
        row.zone.clone(),
        row.source.clone(),
        row.created_at.to_string(),
        row.list.clone(),
        row.state.clone(),
        row.since_at.map(|at| at.to_string()).unwrap_or_default(),
        (if row.is_proven { "proven" } else { "not_proven" }).to_owned(),
    ]
}

fn row_json(row: &ExportRow) -> Value {
    let cells = EXPORTED.iter().zip(cells(row));
    Value::Object(cells.map(|(name, cell)| ((*name).to_owned(), cell.into())).collect())
}
