//! `consentry node`: the daemons that share the database.

use std::process::ExitCode;
use std::time::Duration;

use domain::ambient::Clock as _;
use jiff::Timestamp;
use serde_json::{Value, json};
use store::StoreError;
use store::nodes::NodeRow;

use super::load_config;
use crate::cli::{General, Node, NodeCommand};
use crate::clock::SystemClock;
use crate::failure::RefusedByRule;
use crate::house::{Schema, open_store};
use crate::{actor, print};

/// When a statutory mail that became uncertain is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Lists nodes or retires one.
///
/// # Errors
/// When the database cannot be used; [`RefusedByRule`] when the node still lives.
pub async fn run(general: General, arguments: Node) -> anyhow::Result<ExitCode> {
    let actor = actor::name(general.actor.as_deref())?;
    let config = load_config(&general)?;
    let store = open_store(&config, Schema::Require).await?;
    let now = SystemClock.now();
    match arguments.command {
        NodeCommand::List(listing) => {
            let nodes = store::nodes::all(&store, now).await?;
            if listing.json {
                let rows: Vec<Value> = nodes.iter().map(node_json).collect();
                print::json_document(&json!({ "nodes": rows }))?;
            } else {
                let rows: Vec<Vec<String>> = nodes.iter().map(node_cells).collect();
                print::table(&["NAME", "STATE", "VERSION", "STARTED (UTC)"], &rows)?;
            }
        }
        NodeCommand::Retire { name } => retire(&store, &name, &actor, now).await?,
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn retire(
    store: &store::Store,
    name: &str,
    actor: &str,
    now: Timestamp,
) -> anyhow::Result<()> {
    let Some(node) = store::nodes::by_name(store, name, now).await? else {
        anyhow::bail!("there is no node `{name}`; see `consentry node list`");
    };
    if node.is_alive {
        let until = print::minute(node.leased_until_at);
        let reason = format!("`{name}` holds its lease until {until} UTC; stop it first");
        return Err(RefusedByRule { rule: "node_is_alive", reason }.into());
    }
    let again_at = now.saturating_add(AGAIN_AFTER)?;
    let transaction = store.begin().await?;
    let settled = match store::nodes::retire(&transaction, name, actor, now, again_at).await {
        Ok(settled) => settled,
        Err(StoreError::Conflict { .. }) => {
            let reason = format!("`{name}` was retired before, or has just come back");
            return Err(RefusedByRule { rule: "node_is_retired", reason }.into());
        }
        Err(error) => return Err(error.into()),
    };
    let detail = json!({ "uncertain": settled });
    let subject = format!("node:{name}");
    store::audit::append(&transaction, actor, "retired", &subject, &detail, now).await?;
    transaction.commit().await?;
    print::line(&format!("node {name} is retired; {settled} deliveries became uncertain"))?;
    Ok(())
}

/// One node as JSON.
#[must_use]
pub fn node_json(node: &NodeRow) -> Value {
    json!({
        "name": node.name,
        "state": state(node),
        "version": node.version,
        "started_at": node.started_at,
        "leased_until_at": node.leased_until_at,
        "retired_at": node.retired_at,
    })
}

fn node_cells(node: &NodeRow) -> Vec<String> {
    let started = print::minute(node.started_at);
    vec![node.name.clone(), state(node).to_owned(), node.version.clone(), started]
}

fn state(node: &NodeRow) -> &'static str {
    match (node.retired_at, node.is_alive) {
        (Some(_), _) => "retired",
        (None, true) => "alive",
        (None, false) => "not_running",
    }
}
