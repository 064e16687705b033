//! `consentry audit verify`: proves the chain of sealed batches and its anchor.

use std::process::ExitCode;

use serde_json::json;
use store::audit::verify;

use super::load_config;
use crate::cli::{Audit, AuditCommand, General};
use crate::daemon::sealing::{Anchor, AnchorState};
use crate::house::{Schema, open_store};
use crate::print;

/// Verifies; ends with 1 when the chain does not hold.
///
/// # Errors
/// When database or anchor cannot be read.
pub async fn run(general: General, arguments: Audit) -> anyhow::Result<ExitCode> {
    let AuditCommand::Verify(listing) = arguments.command;
    let config = load_config(&general)?;
    let store = open_store(&config, Schema::Require).await?;
    let found = verify(&store).await?;
    let anchor = Anchor::in_directory(&config.data_directory);
    let anchored = anchor.compare(&store, &found).await?;
    store.close().await;
    let holds = found.broken.is_none() && anchored != AnchorState::Contradicts;
    if listing.json {
        print::json_document(&json!({
            "holds": holds,
            "batches": found.batches,
            "events": found.events,
            "unsealed": found.unsealed,
            "broken_batch": found.broken,
            "anchor": anchored.name(),
            "head": hex::encode(found.head),
        }))?;
    } else {
        let (batches, events) = (found.batches, found.events);
        print::line(&format!("{batches} sealed batches with {events} events hold"))?;
        print::line(&format!("{} events are not sealed yet", found.unsealed))?;
        print::line(&format!("the anchor outside the database: {}", anchored.words()))?;
        if let Some(broken) = found.broken {
            print::line(&format!("batch {broken} does NOT hold: something was changed since"))?;
        }
    }
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
