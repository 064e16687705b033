//! `consentry block`: what must not be processed, and the lifting of it.

use std::process::ExitCode;

use cases::blocks::LiftGround;
use domain::block::{BlockState, Scope};
use domain::ids::BlockId;
use serde_json::{Value, json};
use store::blocks::BlockRow;

use super::{open_house, told};
use crate::cli::{Block, BlockCommand, General};
use crate::{actor, print};

/// Lists blocks or lifts one.
///
/// # Errors
/// When the house cannot be opened; [`crate::failure::RefusedByRule`] when a rule forbids it.
pub async fn run(general: General, arguments: Block) -> anyhow::Result<ExitCode> {
    let actor = actor::name(general.actor.as_deref())?;
    let house = open_house(&general).await?;
    match arguments.command {
        BlockCommand::List { all, limit, before, json } => {
            let blocks = house.cases.blocks(before.map(BlockId), limit).await.map_err(told)?;
            let shown: Vec<&BlockRow> =
                blocks.iter().filter(|block| all || is_active(block)).collect();
            if json {
                let rows: Vec<Value> = shown.iter().map(|block| block_json(block)).collect();
                print::json_document(&json!({ "blocks": rows }))?;
            } else {
                let rows: Vec<Vec<String>> = shown
                    .iter()
                    .map(|block| {
                        let contact = block.contact.map_or("-".to_owned(), |id| id.to_string());
                        vec![
                            block.id.to_string(),
                            block.scope.name().to_owned(),
                            contact,
                            block.basis.clone(),
                            state_words(block),
                        ]
                    })
                    .collect();
                print::table(&["ID", "SCOPE", "CONTACT", "BASIS", "STATE"], &rows)?;
            }
        }
        BlockCommand::Lift { id, reason, misread } => {
            let ground = if misread { LiftGround::Misread } else { LiftGround::Handled };
            house.cases.lift_block(BlockId(id), &actor, &reason, ground).await.map_err(told)?;
            print::line(&format!("block {id} is lifted"))?;
        }
    }
    house.close().await;
    Ok(ExitCode::SUCCESS)
}

fn is_active(block: &BlockRow) -> bool {
    matches!(block.state, BlockState::Active { .. })
}

/// One block as JSON.
#[must_use]
pub fn block_json(block: &BlockRow) -> Value {
    let details = match &block.scope {
        Scope::Full | Scope::Marketing => Vec::new(),
        Scope::Purposes(purposes) => purposes.iter().map(|purpose| purpose.name()).collect(),
        Scope::Fields(fields) => fields.iter().map(|field| field.name()).collect(),
    };
    let mut document = json!({
        "id": block.id,
        "scope": block.scope.name(),
        "of": details,
        "contact": block.contact,
        "ticket": block.ticket,
        "basis": block.basis,
    });
    match &block.state {
        BlockState::Active { from_at } => {
            document["state"] = json!("active");
            document["from_at"] = json!(from_at);
        }
        BlockState::Lifted { from_at, lifted_at, by, reason } => {
            document["state"] = json!("lifted");
            document["from_at"] = json!(from_at);
            document["lifted_at"] = json!(lifted_at);
            document["lifted_by"] = json!(by);
            document["lift_reason"] = json!(reason);
        }
    }
    document
}

/// Where a block stands, for people.
#[must_use]
pub fn state_words(block: &BlockRow) -> String {
    match &block.state {
        BlockState::Active { from_at } => format!("active since {}", print::minute(*from_at)),
        BlockState::Lifted { lifted_at, by, .. } => {
            format!("lifted {} by {by}", print::minute(*lifted_at))
        }
    }
}
