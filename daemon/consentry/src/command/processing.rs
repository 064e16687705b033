//! `consentry register processing`: what we process, for the notification to Roskomnadzor (152-FZ
//! art. 22), and what of it is to be told.

use std::path::Path;
use std::process::ExitCode;

use cases::contacts::cells::guarded;
use cases::processing::{HEADS, Sheet};
use domain::language::Locale;
use render::document::{Block, Document, Sheet as Lies, Table};
use serde_json::{Value, json};

use super::register::{BYTE_ORDER_MARK, write_bytes};
use super::{open_house, told};
use crate::cli::proof::ProcessingSheet;
use crate::cli::{General, RegisterFormat};
use crate::failure::WrongUse;
use crate::{actor, print};

/// Hands the sheet out, or records that the authority was told.
///
/// # Errors
/// When the house cannot be opened or a file not be written; [`crate::failure::RefusedByRule`].
pub async fn run(general: General, asked: ProcessingSheet) -> anyhow::Result<ExitCode> {
    let actor = actor::name(general.actor.as_deref())?;
    let ProcessingSheet { format, file, bom, told: on, json } = asked;
    if format == RegisterFormat::Pdf && file.is_none() && !json && on.is_none() {
        return Err(WrongUse("a PDF needs a file; add --file processing.pdf".to_owned()).into());
    }
    let house = open_house(&general).await?;
    if let Some(on) = on {
        let changes = house.cases.processing_told(on, &actor).await.map_err(told)?;
        house.close().await;
        if json {
            print::json_document(&json!({ "told_on": on, "changes": changes }))?;
        } else {
            print::line(&format!("Roskomnadzor was told on {on} of {changes} change(s)"))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let sheet = house.cases.processing_sheet(&actor).await.map_err(told)?;
    house.close().await;
    let bytes = match (json, format) {
        (true, _) => format!("{:#}\n", as_json(&sheet)).into_bytes(),
        (false, RegisterFormat::Csv) => as_csv(&sheet, bom)?,
        (false, RegisterFormat::Pdf) => document(&sheet).to_pdf()?,
        (false, RegisterFormat::Html) => document(&sheet).to_html().into_bytes(),
    };
    write(file.as_deref(), bytes, &sheet)?;
    Ok(ExitCode::SUCCESS)
}

fn write(file: Option<&Path>, bytes: Vec<u8>, sheet: &Sheet) -> anyhow::Result<()> {
    let Some(path) = file else {
        return Ok(print::exactly(String::from_utf8(bytes)?.trim_end_matches('\n'))?);
    };
    write_bytes(path, &bytes)?;
    let (rows, untold) = (sheet.rows.len(), sheet.untold.len());
    print::line(&format!("{rows} lines written to {}", path.display()))?;
    if let Some(first) = sheet.untold.first() {
        let by = first.told_by;
        print::line(&format!(
            "{untold} change(s) are to be told to Roskomnadzor, the first by {by}; then record it with --told"
        ))?;
    }
    Ok(())
}

fn as_csv(sheet: &Sheet, bom: bool) -> anyhow::Result<Vec<u8>> {
    let mut text = csv::WriterBuilder::new();
    // RFC 4180.
    text.terminator(csv::Terminator::CRLF);
    let begin = if bom { BYTE_ORDER_MARK.as_bytes().to_vec() } else { Vec::new() };
    let mut text = text.from_writer(begin);
    text.write_record(HEADS)?;
    for row in &sheet.rows {
        // A spreadsheet must not run what people wrote.
        text.write_record(row.iter().map(|cell| guarded(cell).into_owned()))?;
    }
    Ok(text.into_inner().map_err(|error| error.into_error())?)
}

fn as_json(sheet: &Sheet) -> Value {
    let untold = sheet.untold.iter().map(|one| {
        json!({
            "what": one.word, "change": if one.has_ended { "ended" } else { "began" },
            "on": one.on, "told_by": one.told_by,
        })
    });
    json!({
        "on": sheet.on, "operator": sheet.operator, "data_map": sheet.map_version,
        "heads": HEADS, "rows": sheet.rows, "untold": untold.collect::<Vec<_>>(),
    })
}

fn document(sheet: &Sheet) -> Document {
    let shares = [11, 20, 18, 18, 17, 5, 11];
    let columns = HEADS.into_iter().zip(shares).map(|(name, share)| (name.to_owned(), share));
    let table = Table {
        columns: columns.collect(),
        rows: sheet.rows.iter().map(|row| row.to_vec()).collect(),
    };
    let day = |on: jiff::civil::Date| render::wording::date(on, Locale::Ru);
    let untold = sheet.untold.iter().map(|one| {
        let change = if one.has_ended { "прекращено" } else { "начато" };
        format!("{} — {change} {}, сообщить до {}", one.word, day(one.on), day(one.told_by))
    });
    let untold: Vec<String> = untold.collect();
    let last = match untold.is_empty() {
        true => "Изменений, о которых Роскомнадзору ещё не сообщили, нет.".to_owned(),
        false => format!("Роскомнадзору ещё не сообщили: {}.", untold.join("; ")),
    };
    let title = "Сведения об обработке персональных данных";
    Document {
        locale: Locale::Ru,
        title: title.to_owned(),
        subtitle: vec![
            sheet.operator.clone(),
            format!("для уведомления по ст. 22 152-ФЗ, на {}", day(sheet.on)),
        ],
        foot: title.to_owned(),
        sheet: Lies::Landscape,
        blocks: vec![Block::Table(table), Block::Paragraph(last)],
    }
}

#[cfg(test)]
mod tests {
    use cases::processing::Untold;
    use jiff::civil::date;

    use super::*;

    fn sheet() -> Sheet {
        let row = ["Цель обработки", "=1+1", "152-ФЗ ст. 6", "имя", "запись", "RU", "1 год"];
        Sheet {
            on: date(2026, 11, 23),
            operator: "ООО".into(),
            map_version: "2026-11".into(),
            rows: vec![row.map(str::to_owned)],
            untold: vec![Untold {
                word: "purpose:research".into(),
                has_ended: false,
                on: date(2026, 11, 1),
                told_by: date(2026, 12, 15),
            }],
        }
    }

    #[test]
    fn the_sheet_says_the_same_in_every_form_and_a_spreadsheet_runs_nothing() {
        let csv = String::from_utf8(as_csv(&sheet(), true).expect("made")).expect("UTF-8");
        assert!(csv.starts_with("\u{feff}Раздел,"), "{csv}");
        assert!(csv.contains("'=1+1") && csv.contains("\r\n"), "{csv}");
        let html = document(&sheet()).to_html().replace('\u{a0}', " ");
        assert!(html.contains("152-ФЗ ст. 6"), "{html}");
        assert!(html.contains("сообщить до 15 декабря 2026 г."), "{html}");
        let document = as_json(&sheet());
        assert_eq!(document["untold"][0]["told_by"], "2026-12-15");
        assert_eq!(document["rows"][0][1], "=1+1");
    }
}
