//! `consentry export`: files without a person in them.

use std::process::ExitCode;

use serde_json::json;

use super::package::write_new;
use super::{open_house, told};
use crate::cli::{Export, ExportCommand, General};
use crate::{actor, print};

/// Writes the file.
///
/// # Errors
/// When the house cannot be opened or the file cannot be written.
pub async fn run(general: General, arguments: Export) -> anyhow::Result<ExitCode> {
    let actor = actor::name(general.actor.as_deref())?;
    let house = open_house(&general).await?;
    let ExportCommand::Research { to, json } = arguments.command;
    let export = house.cases.export_research(&actor).await.map_err(told)?;
    let mut file = csv::Writer::from_writer(Vec::new());
    file.write_record(["locale", "month", "purpose", "state", "people"])?;
    for row in &export.rows {
        let people = row.people.to_string();
        file.write_record([&row.locale, &row.month, &row.purpose, &row.state, &people])?;
    }
    write_new(&to, &file.into_inner().map_err(|error| error.into_error())?)?;
    if json {
        let document = json!({ "written": to, "rows": export.rows, "least": export.least });
        print::json_document(&document)?;
    } else {
        let (rows, least) = (export.rows.len(), export.least);
        print::line(&format!("{rows} groups of at least {least} people written"))?;
    }
    house.close().await;
    Ok(ExitCode::SUCCESS)
}
