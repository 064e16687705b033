//! `consentry correction`: proposed with proof, shown, carried out.

use std::io::Read as _;
use std::process::ExitCode;

use anyhow::Context as _;
use cases::Cases;
use cases::correction::{AppliedCorrections, NewCorrection, OpenedCorrection};
use domain::ids::{AddressId, RequestId};
use serde_json::{Value, json};

use super::{open_house, told};
use crate::cli::{Correction, CorrectionCommand, General};
use crate::{actor, print};

/// Most that is read from standard input, in bytes.
const MOST_INPUT: u64 = 64 * 1024;

/// Proposes, shows, applies, or ends what was not confirmed.
///
/// # Errors
/// When the house cannot be opened; [`crate::failure::RefusedByRule`] when a rule forbids it.
pub async fn run(general: General, arguments: Correction) -> anyhow::Result<ExitCode> {
    let actor = actor::name(general.actor.as_deref())?;
    let house = open_house(&general).await?;
    let cases = &house.cases;
    match arguments.command {
        CorrectionCommand::Propose { request, field, of, new, proof, json } => {
            let (new, proof) = typed(new, proof)?;
            let correction = NewCorrection { field, of: of.map(AddressId), new, proof };
            let id = cases.propose_correction(RequestId(request), &correction, &actor).await;
            let id = id.map_err(told)?;
            if json {
                print::json_document(&json!({ "correction": id, "request": request }))?;
            } else {
                print::line(&format!("correction {id} is proposed; have it approved by another"))?;
            }
        }
        CorrectionCommand::Show { request, json } => {
            let rows =
                cases.proposed_corrections(RequestId(request), &actor).await.map_err(told)?;
            if json {
                let rows: Vec<Value> = rows.iter().map(row_json).collect();
                print::json_document(&json!({ "corrections": rows }))?;
            } else {
                let rows: Vec<Vec<String>> = rows.iter().map(cells).collect();
                print::table(&["ID", "FIELD", "STATE", "BY", "OLD", "NEW", "PROOF"], &rows)?;
            }
        }
        CorrectionCommand::Apply { request, json } => {
            let applied =
                cases.apply_corrections(RequestId(request), &actor).await.map_err(told)?;
            if json {
                print::json_document(&json!({
                    "applied": applied.applied, "blocks_lifted": applied.blocks_lifted,
                    "lists_asked": applied.lists_asked,
                }))?;
            } else {
                print::line(&applied_words(&applied))?;
            }
        }
        CorrectionCommand::Unconfirmed { request, json } => {
            let lifted = cases.end_unconfirmed(RequestId(request), &actor).await.map_err(told)?;
            if json {
                print::json_document(&json!({ "blocks_lifted": lifted }))?;
            } else {
                print::line(&format!("not confirmed; {lifted} blocks lifted"))?;
            }
        }
    }
    house.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Carries out the corrections of an approved request, as `request execute` asks; says what came
/// of it.
///
/// # Errors
/// [`crate::failure::RefusedByRule`] when a rule forbids it.
pub(super) async fn apply(cases: &Cases, id: RequestId, actor: &str) -> anyhow::Result<String> {
    let applied = cases.apply_corrections(id, actor).await.map_err(told)?;
    Ok(applied_words(&applied))
}

fn applied_words(applied: &AppliedCorrections) -> String {
    format!(
        "{} corrected, {} blocks lifted, {} lists ask the new mailbox",
        applied.applied.len(),
        applied.blocks_lifted,
        applied.lists_asked
    )
}

/// Value and proof, read from standard input where `-` says so: the value is its first line.
fn typed(new: String, proof: String) -> anyhow::Result<(String, String)> {
    if new != "-" && proof != "-" {
        return Ok((new, proof));
    }
    let mut input = String::new();
    let read = std::io::stdin().take(MOST_INPUT).read_to_string(&mut input);
    read.context("cannot read standard input; give it as UTF-8 text")?;
    Ok(match (new == "-", proof == "-") {
        (true, true) => {
            let (first, rest) = input.split_once('\n').unwrap_or((&input, ""));
            (first.to_owned(), rest.to_owned())
        }
        (true, false) => (input, proof),
        (false, _) => (new, input),
    })
}

fn row_json(one: &OpenedCorrection) -> Value {
    let row = &one.row;
    json!({
        "id": row.id, "field": row.field.name(), "contact": row.contact,
        "state": row.state.name(), "made_by": row.made_by, "made_at": row.made_at,
        "applied_at": row.applied_at,
        "old": one.content.as_ref().map(|content| &content.old),
        "new": one.content.as_ref().map(|content| &content.new),
        "proof": one.content.as_ref().map(|content| &content.proof),
    })
}

fn cells(one: &OpenedCorrection) -> Vec<String> {
    let row = &one.row;
    let (old, new, proof) = match &one.content {
        Some(content) => (content.old.clone(), content.new.clone(), content.proof.clone()),
        None => Default::default(),
    };
    let (id, field, state) = (row.id.to_string(), row.field.name(), row.state.name());
    vec![id, field.to_owned(), state.to_owned(), row.made_by.clone(), old, new, proof]
}
