//! `consentry status`: how everything stands, out of the database, whether or not a daemon runs.

use std::process::ExitCode;

use domain::ambient::Clock as _;
use serde_json::{Map, Value, json};
use store::Store;

use super::node::node_json;
use crate::cli::Listing;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::house::{Schema, open_store};
use crate::print;

/// Tells how everything stands.
///
/// # Errors
/// When the database cannot be read.
pub async fn run(config: Config, listing: Listing) -> anyhow::Result<ExitCode> {
    let store = open_store(&config, Schema::Require).await?;
    let document = describe(&config, &store).await?;
    store.close().await;
    if listing.json {
        print::json_document(&document)?;
    } else {
        for_people(&document)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The whole status as JSON.
///
/// # Errors
/// When the database cannot be read.
pub async fn describe(config: &Config, store: &Store) -> anyhow::Result<Value> {
    let now = SystemClock.now();
    let (overdue, next_due_at) = store::requests::overdue(store, now).await?;
    let alarms = store::alarms::standing(store).await?;
    let alarms: Vec<Value> = alarms
        .iter()
        .map(|alarm| {
            json!({ "name": alarm.name, "detail": alarm.detail, "since_at": alarm.since_at })
        })
        .collect();
    let nodes = store::nodes::all(store, now).await?;
    Ok(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "node": config.node.as_str(),
        "alarms": alarms,
        "sending_held": store::restorations::is_sending_held(store).await?,
        "mailboxes": mailboxes(store).await?,
        "deliveries": counted(store::deliveries::counts(store).await?),
        "tickets": counted(store::tickets::counts(store).await?),
        "open_tasks": store::tasks::open_count(store).await?,
        "overdue_duties": overdue,
        "next_due_at": next_due_at,
        "last_stop": store::stops::last_number(store).await?,
        "sealed_batches": store::audit::head(store).await?.batch,
        "nodes": nodes.iter().map(node_json).collect::<Vec<_>>(),
    }))
}

async fn mailboxes(store: &Store) -> anyhow::Result<Vec<Value>> {
    let mut found = Vec::new();
    for mailbox in store::mailboxes::all(store).await? {
        let counts = store::messages::counts(store, mailbox.id).await?;
        let counts: Map<String, Value> =
            counts.into_iter().map(|(state, n)| (state.name().to_owned(), json!(n))).collect();
        found.push(json!({
            "name": mailbox.name,
            "kind": mailbox.kind,
            "polled_at": mailbox.polled_at,
            "failing_since_at": mailbox.failing_since_at,
            "trouble": mailbox.failure,
            "waiting": mailbox.waiting,
            "messages": counts,
        }));
    }
    Ok(found)
}

fn counted(counts: Vec<(String, i64)>) -> Value {
    Value::Object(counts.into_iter().map(|(state, number)| (state, json!(number))).collect())
}

fn for_people(status: &Value) -> std::io::Result<()> {
    let list = |key: &str| status[key].as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or("never").to_owned();
    if list("alarms").is_empty() {
        print::line("no alarms")?;
    }
    for alarm in list("alarms") {
        let since = text(&alarm["since_at"]);
        print::line(&format!(
            "ALARM {} since {since}: {}",
            text(&alarm["name"]),
            text(&alarm["detail"])
        ))?;
    }
    if status["sending_held"] == true {
        print::line("NOTHING LEAVES: the database was restored; `consentry restore --release`")?;
    }
    for mailbox in list("mailboxes") {
        let name = text(&mailbox["name"]);
        print::line(&format!(
            "mailbox {name} ({}): last read {}, {} waiting; {}",
            text(&mailbox["kind"]),
            text(&mailbox["polled_at"]),
            mailbox["waiting"],
            words(&mailbox["messages"])
        ))?;
        if let Some(trouble) = mailbox["trouble"].as_str() {
            let since = text(&mailbox["failing_since_at"]);
            print::line(&format!("  FAILING since {since}: {trouble}"))?;
        }
    }
    print::line(&format!("deliveries: {}", words(&status["deliveries"])))?;
    print::line(&format!(
        "tickets: {}; tasks for people: {}",
        words(&status["tickets"]),
        status["open_tasks"]
    ))?;
    let next = status["next_due_at"].as_str().unwrap_or("none");
    print::line(&format!("duties: {} overdue, next one due {next}", status["overdue_duties"]))?;
    for node in list("nodes") {
        let started = text(&node["started_at"]);
        print::line(&format!(
            "node {}: {}, since {started}",
            text(&node["name"]),
            text(&node["state"])
        ))?;
    }
    Ok(())
}

fn words(counts: &Value) -> String {
    let Some(counts) = counts.as_object().filter(|counts| !counts.is_empty()) else {
        return "none".to_owned();
    };
    let words: Vec<String> = counts.iter().map(|(state, n)| format!("{n} {state}")).collect();
    words.join(", ")
}
