//! `consentry package`: what is held about a person, for that person.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use cases::Cases;
use cases::access::{HeldBack, SentPackage};
use domain::ids::{ContactId, RequestId};
use serde_json::{Value, json};
use store::packages::PackageRow;

use super::{open_house, told};
use crate::cli::{General, Package, PackageCommand};
use crate::{actor, print};

/// Makes, shows or sends.
///
/// # Errors
/// When the house cannot be opened; [`crate::failure::RefusedByRule`] when a rule forbids it.
pub async fn run(general: General, arguments: Package) -> anyhow::Result<ExitCode> {
    let actor = actor::name(general.actor.as_deref())?;
    let house = open_house(&general).await?;
    match arguments.command {
        PackageCommand::Make { request, contact, with_held_back, incomplete, json } => {
            let held_back = if with_held_back { HeldBack::Included } else { HeldBack::LeftOut };
            let (request, contact) = (RequestId(request), contact.map(ContactId));
            let cases = &house.cases;
            let made = if incomplete {
                cases.make_incomplete_package(request, contact, held_back, &actor).await
            } else {
                cases.make_package(request, contact, held_back, &actor).await
            };
            let row = made.map_err(told)?.row;
            if json {
                print::json_document(&row_json(&row))?;
            } else {
                print::line(&format!("package {}, {} bytes", row.id, row.size_bytes))?;
                if !row.silent.is_empty() {
                    print::line(&format!(
                        "not in it is what these systems hold, which have not answered: {}; the letter says so",
                        row.silent.join(", ")
                    ))?;
                }
                print::line(&format!(
                    "look at it: consentry package show {request} --to FILE; then have it approved by another"
                ))?;
            }
        }
        PackageCommand::Show { request, to, json } => {
            let request = RequestId(request);
            let rows = house.cases.packages(request).await.map_err(told)?;
            if let Some(to) = &to {
                let (_, file) = house.cases.open_package(request, &actor).await.map_err(told)?;
                write_new(to, &file)?;
            }
            if json {
                let rows: Vec<Value> = rows.iter().map(row_json).collect();
                print::json_document(&json!({ "packages": rows, "written": to }))?;
            } else {
                let rows: Vec<Vec<String>> = rows.iter().map(cells).collect();
                print::table(&["ID", "STATE", "BYTES", "MADE BY", "UNTIL", "SHA256"], &rows)?;
            }
        }
        PackageCommand::Revoke { request, reason } => {
            let revoked = house.cases.revoke_package(RequestId(request), &reason, &actor).await;
            let package = revoked.map_err(told)?;
            print::line(&format!(
                "package {package} is destroyed, its link is dead; request {request} is under review"
            ))?;
        }
        PackageCommand::Send { request, json } => {
            let sent = house.cases.send_package(RequestId(request), &actor).await.map_err(told)?;
            if json {
                print::json_document(&json!({
                    "package": sent.package, "delivery": sent.delivery,
                    "expires_at": sent.expires_at,
                }))?;
            } else {
                print::line(&sent_words(&sent))?;
            }
        }
    }
    house.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Sends the package of an approved request, as `request execute` asks; says what came of it.
///
/// # Errors
/// [`crate::failure::RefusedByRule`] when a rule forbids it.
pub(super) async fn send(cases: &Cases, id: RequestId, actor: &str) -> anyhow::Result<String> {
    let sent = cases.send_package(id, actor).await.map_err(told)?;
    Ok(sent_words(&sent))
}

fn sent_words(sent: &SentPackage) -> String {
    let until = match sent.expires_at {
        Some(at) => format!("its link holds until {} (UTC)", print::minute(at)),
        None => "nothing is held, and the letter says so".to_owned(),
    };
    format!("letter {} is planned; {until}", sent.delivery)
}

/// Writes a file that only its owner reads; one that is there is left alone.
///
/// # Errors
/// When it is there or cannot be written.
pub fn write_new(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| {
            format!("cannot write `{}`; name a file that is not there yet", path.display())
        })?;
    file.write_all(bytes)?;
    Ok(file.sync_all()?)
}

fn row_json(row: &PackageRow) -> Value {
    json!({
        "id": row.id, "request": row.request, "state": row.state.name(),
        "size_bytes": row.size_bytes, "sha256": hex::encode(row.sha256),
        "nothing_held": row.nothing_held, "systems_silent": row.silent, "made_by": row.made_by, "made_at": row.made_at,
        "expires_at": row.expires_at, "fetched_at": row.fetched_at,
        "destroyed_at": row.destroyed_at,
    })
}

fn cells(row: &PackageRow) -> Vec<String> {
    vec![
        row.id.to_string(),
        row.state.name().to_owned(),
        row.size_bytes.to_string(),
        row.made_by.clone(),
        row.expires_at.map(print::minute).unwrap_or_default(),
        hex::encode(row.sha256),
    ]
}
