//! `consentry act`: acts of destruction, listed, shown, written into files to be signed.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cases::acts::ActListing;
use domain::act::{Act as Record, ActKind, ActNumber};
use render::document::{Document, act_document, erasure_record};
use serde_json::json;

use super::consent::write_new;
use super::{open_house, told};
use crate::cli::{Act, ActCommand, ActFormat, General};
use crate::failure::WrongUse;
use crate::house::House;
use crate::{actor, print};

/// Lists, shows or hands out.
///
/// # Errors
/// When the house cannot be opened; [`crate::failure::RefusedByRule`] when a rule forbids it.
pub async fn run(general: General, arguments: Act) -> anyhow::Result<ExitCode> {
    let actor = actor::name(general.actor.as_deref())?;
    let house = open_house(&general).await?;
    match arguments.command {
        ActCommand::List { limit, before, json } => {
            let before = before
                .map(|number| ActNumber::parse(&number))
                .transpose()
                .map_err(|error| WrongUse(error.to_string()))?;
            list(&house.cases.acts(before, limit).await.map_err(told)?, json)?;
        }
        ActCommand::Show { number, json } => {
            let act = house.cases.act(&number, "read", &actor).await.map_err(told)?;
            show(&act, json)?;
        }
        ActCommand::Export { number, format, to } => {
            let act = house.cases.act(&number, "export", &actor).await.map_err(told)?;
            for file in export(&house, &act, format, &to)? {
                print::line(&format!("written to {}", file.display()))?;
            }
        }
    }
    house.close().await;
    Ok(ExitCode::SUCCESS)
}

fn list(acts: &[ActListing], as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let rows: Vec<_> = acts
            .iter()
            .map(|act| {
                json!({
                    "number": act.number.to_string(), "made_at": act.made_at,
                    "supplement": act.number.supplement(),
                    "destroy_on": act.destroy_on.to_string(), "destroyed_at": act.destroyed_at,
                })
            })
            .collect();
        print::json_document(&json!({ "acts": rows }))?;
        return Ok(());
    }
    let rows: Vec<Vec<String>> = acts
        .iter()
        .map(|act| {
            let state = act.destroyed_at.map_or("kept", |_| "destroyed");
            let day = act.destroy_on.to_string();
            vec![act.number.to_string(), print::minute(act.made_at), day, state.to_owned()]
        })
        .collect();
    Ok(print::table(&["NUMBER", "DRAWN UP (UTC)", "DESTROYED ON", "STATE"], &rows)?)
}

fn show(act: &Record, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return Ok(print::json_document(&serde_json::to_value(act)?)?);
    }
    print::line(&format!("{}, ticket {}", act.number, act.ticket))?;
    match &act.kind {
        ActKind::Act => {}
        ActKind::Supplement { to } => print::line(&format!("supplement to {to}"))?,
        ActKind::Late { after } => print::line(&format!(
            "of what a law kept until its day{}",
            after.as_ref().map(|after| format!(", after {after}")).unwrap_or_default()
        ))?,
    }
    print::line(&format!("about: {}", act.subject.name.as_deref().unwrap_or(&act.subject.code)))?;
    print::line(&format!(
        "{} on {}: {} ({})",
        act.method.name(),
        act.destroyed_on,
        act.reason,
        act.law
    ))?;
    print::line(&format!("log extract, SHA-256: {}", act.extract_sha256))?;
    print::line(&format!("kept until {}", act.kept_until))?;
    match act.wiped_at {
        Some(at) => {
            print::line(&format!("no trace in the database since {} UTC", print::minute(at)))?
        }
        None => print::line(
            "when it was drawn up the database held traces; a supplement tells of their end",
        )?,
    }
    for one in &act.informed {
        print::line(&format!("told: {} ({}): {}", one.name, one.role, one.state))?;
    }
    let rows: Vec<Vec<String>> = act
        .parts
        .iter()
        .map(|part| {
            let number = |number: i64| number.to_string();
            let why = format!("{} {}", part.basis, part.law);
            let counts = [number(part.found), number(part.done), number(part.kept)];
            let cells = [vec![part.part.clone()], counts.to_vec(), vec![why.trim().to_owned()]];
            cells.concat()
        })
        .collect();
    Ok(print::table(&["RECORDS", "FOUND", "DESTROYED", "KEPT", "WHY"], &rows)?)
}

/// Writes the act, and where the GDPR applies the English record beside it.
fn export(
    house: &House,
    act: &Record,
    format: ActFormat,
    to: &Path,
) -> anyhow::Result<Vec<PathBuf>> {
    let zone = &house.config.organisation.zone;
    if format == ActFormat::Json {
        write_new(to, &format!("{}\n", serde_json::to_string_pretty(act)?))?;
        return Ok(vec![to.to_owned()]);
    }
    let mut files = vec![(to.to_owned(), act_document(act, zone))];
    if act.has_english_record() {
        files.push((beside(to), erasure_record(act, zone)));
    }
    for (path, document) in &files {
        super::register::write_document(path, document, written_as(format))?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

fn written_as(format: ActFormat) -> fn(&Document) -> anyhow::Result<Vec<u8>> {
    match format {
        ActFormat::Pdf => |document| Ok(document.to_pdf()?),
        ActFormat::Html | ActFormat::Json => |document| Ok(document.to_html().into_bytes()),
    }
}

/// `act.pdf` → `act-en.pdf`.
fn beside(path: &Path) -> PathBuf {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let ending = path.extension().map(|ending| format!(".{}", ending.to_string_lossy()));
    path.with_file_name(format!("{stem}-en{}", ending.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_english_record_stands_beside_the_act() {
        assert_eq!(beside(Path::new("/tmp/act.pdf")), Path::new("/tmp/act-en.pdf"));
        assert_eq!(beside(Path::new("act")), Path::new("act-en"));
    }
}
