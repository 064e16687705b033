//! `consentry audit`: proves the chain of sealed batches and its anchor, hands out what the log
//! says of one person, and checks such an export without the database.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use cases::audits::About;
use domain::address::EmailAddress;
use domain::audit::proof::{ProofLine, check};
use domain::ids::ContactId;
use serde_json::json;
use store::audit::verify;

use super::register::write_bytes;
use super::{load_config, open_house, told};
use crate::cli::{Audit, AuditCommand, AuditFormat, General, Listing};
use crate::daemon::sealing::{Anchor, AnchorState};
use crate::failure::WrongUse;
use crate::house::{self, Schema, open_store};
use crate::{actor, print};

/// Sealing takes seconds; an event that waits for longer (in minutes) was kept from it.
const SEALED_WITHIN_MINUTES: i64 = 10;

/// Verifies, hands out or checks; ends with 1 when something does not hold.
///
/// # Errors
/// When database, anchor or file cannot be read.
pub async fn run(general: General, arguments: Audit) -> anyhow::Result<ExitCode> {
    match arguments.command {
        AuditCommand::Verify(listing) => prove(&general, listing).await,
        AuditCommand::Export { contact, ticket, address_stdin, format, file } => {
            let about = match (contact, ticket, address_stdin) {
                (Some(contact), ..) => About::Contact(ContactId(contact)),
                (None, Some(ticket), _) => About::Ticket(ticket),
                (None, None, _) => About::Address(address_from_stdin()?),
            };
            export(&general, &about, format, file.as_deref()).await
        }
        AuditCommand::Check { file, json } => check_file(&file, json),
    }
}

async fn prove(general: &General, listing: Listing) -> anyhow::Result<ExitCode> {
    let config = load_config(general)?;
    let store = open_store(&config, Schema::Require).await?;
    let found = verify(&store).await?;
    let anchor = Anchor::in_directory(&config.data_directory);
    let anchored = anchor.compare(&store, &found).await?;
    store.close().await;
    let holds = found.broken.is_none() && anchored != AnchorState::Contradicts;
    let waits = found.unsealed_since.map(|since| house::clock().now().duration_since(since));
    let late = waits.is_some_and(|waits| waits.as_mins() >= SEALED_WITHIN_MINUTES);
    if listing.json {
        print::json_document(&json!({
            "holds": holds,
            "batches": found.batches,
            "events": found.events,
            "unsealed": found.unsealed,
            "unsealed_since": found.unsealed_since,
            "broken_batch": found.broken,
            "anchor": anchored.name(),
            "head": hex::encode(found.head),
        }))?;
    } else {
        let (batches, events) = (found.batches, found.events);
        print::line(&format!("{batches} sealed batches with {events} events hold"))?;
        print::line(&format!("{} events are not sealed yet", found.unsealed))?;
        if late {
            print::line(
                "the oldest of them waits for long: is the daemon running? Nothing proves them yet",
            )?;
        }
        print::line(&format!("the anchor outside the database: {}", anchored.words()))?;
        if let Some(broken) = found.broken {
            print::line(&format!("batch {broken} does NOT hold: something was changed since"))?;
        }
    }
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn address_from_stdin() -> anyhow::Result<EmailAddress> {
    let mut text = String::new();
    std::io::stdin().lock().take(1024).read_to_string(&mut text)?;
    let wrong = "standard input holds no address; write one, such as anna@shop.example";
    EmailAddress::parse(text.trim()).map_err(|_| WrongUse(wrong.to_owned()).into())
}

async fn export(
    general: &General,
    about: &About,
    format: AuditFormat,
    file: Option<&Path>,
) -> anyhow::Result<ExitCode> {
    let actor = actor::name(general.actor.as_deref())?;
    let house = open_house(general).await?;
    let lines = house.cases.export_audit(about, &actor).await.map_err(told)?;
    // Looks at the log, such as this one, are events, too.
    let is_event = |line: &ProofLine| match line {
        ProofLine::Event { event, .. } | ProofLine::Unsealed { event } => event.act != "export",
        ProofLine::Header { .. } | ProofLine::Batch { .. } | ProofLine::Link { .. } => false,
    };
    if !lines.iter().any(is_event) {
        let words = "the log holds no event about this person: nothing was ever written down under this \
                     contact, ticket or address";
        writeln!(std::io::stderr(), "{words}")?;
    }
    let text = match format {
        AuditFormat::Jsonl => {
            let lines = lines.iter().map(serde_json::to_string);
            let mut text = lines.collect::<Result<Vec<_>, _>>()?.join("\n");
            text.push('\n');
            text.into_bytes()
        }
        AuditFormat::Csv => as_csv(&lines)?,
    };
    match file {
        Some(path) => {
            write_bytes(path, &text)?;
            print::line(&format!("written to {}", path.display()))?;
        }
        None => print::exactly(String::from_utf8(text)?.trim_end_matches('\n'))?,
    }
    house.close().await;
    Ok(ExitCode::SUCCESS)
}

fn as_csv(lines: &[ProofLine]) -> anyhow::Result<Vec<u8>> {
    let mut text = csv::Writer::from_writer(Vec::new());
    text.write_record(["event", "at", "actor", "act", "subject", "detail", "batch", "position"])?;
    for line in lines {
        let (event, place) = match line {
            ProofLine::Event { batch, position, event } => {
                (event, [batch.to_string(), position.to_string()])
            }
            ProofLine::Unsealed { event } => (event, [String::new(), String::new()]),
            ProofLine::Header { .. } | ProofLine::Batch { .. } | ProofLine::Link { .. } => continue,
        };
        let cells = [
            event.id.to_string(),
            event.at.to_string(),
            event.actor.clone(),
            event.act.clone(),
            event.subject.clone(),
            event.detail.clone(),
        ];
        let cells = cells.iter().chain(&place);
        text.write_record(cells.map(|cell| cases::contacts::cells::guarded(cell).into_owned()))?;
    }
    Ok(text.into_inner().map_err(|error| error.into_error())?)
}

fn check_file(file: &Path, as_json: bool) -> anyhow::Result<ExitCode> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read `{}` as text", file.display()))?;
    let found = check(&text);
    let holds = found.misfits.is_empty();
    if as_json {
        let head = found.head.as_ref();
        print::json_document(&json!({
            "holds": holds, "events": found.events, "unsealed": found.unsealed,
            "batches": found.batches, "head_batch": head.map(|(batch, _)| batch),
            "head": head.map(|(_, hash)| hash), "misfits": found.misfits,
        }))?;
    } else {
        print::line(&format!("{} events are proven by {} batches", found.events, found.batches))?;
        print::line(&format!(
            "{} events were not sealed yet: nothing proves them",
            found.unsealed
        ))?;
        if let Some((batch, hash)) = &found.head {
            print::line(&format!(
                "it ends at batch {batch}, {hash}: the file `audit-head` of the data directory, or a copy of it \
                 from that day, must say the same or a later batch"
            ))?;
        }
        for misfit in &found.misfits {
            print::line(&format!("does NOT hold: {misfit}"))?;
        }
    }
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
