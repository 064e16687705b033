//! `consentry block`: what must not be processed, and the lifting of it.

use std::process::ExitCode;

use anyhow::bail;
use cases::blocks::{BlockByHand, LiftGround, Lifted, Whom};
use domain::address::EmailAddress;
use domain::block::{BlockState, Effective, Field, Purpose, Scope};
use domain::ids::{BlockId, ContactId};
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
            let mut words = Vec::new();
            for block in &shown {
                words.push(house.cases.words_of_block(block).await.map_err(told)?);
            }
            let shown: Vec<_> = shown.into_iter().zip(words).collect();
            if json {
                let with_words =
                    |(block, (basis, lift)): &(&BlockRow, (String, Option<String>))| {
                        let mut document = block_json(block);
                        document["basis"] = json!(basis);
                        if let Some(lift) = lift {
                            document["lift_reason"] = json!(lift);
                        }
                        document
                    };
                let rows: Vec<Value> = shown.iter().map(with_words).collect();
                print::json_document(&json!({ "blocks": rows }))?;
            } else {
                let rows: Vec<Vec<String>> = shown
                    .iter()
                    .map(|(block, (basis, _))| {
                        let contact = block.contact.map_or("-".to_owned(), |id| id.to_string());
                        vec![
                            block.id.to_string(),
                            block.scope.name().to_owned(),
                            contact,
                            basis.clone(),
                            state_words(block),
                        ]
                    })
                    .collect();
                print::table(&["ID", "SCOPE", "CONTACT", "BASIS", "STATE"], &rows)?;
            }
        }
        BlockCommand::Lift { id, reason, misread, told_by_hand } => {
            let ground = if misread { LiftGround::Misread } else { LiftGround::Handled };
            let (who, note) = ((actor.as_str(), reason.as_str()), told_by_hand.as_deref());
            let lifting = house.cases.lift_block_telling(BlockId(id), who, ground, note);
            print::line(&match lifting.await.map_err(told)? {
                Lifted::Now => format!("block {id} is lifted"),
                Lifted::OnceTold => {
                    format!("the person is told first; block {id} is lifted when the letter left")
                }
            })?;
        }
        BlockCommand::Set { whom, scope, basis, ticket, exception, authority } => {
            let whom = whom_of(&whom)?;
            let scope = scope_of(&scope)?;
            let by_authority = authority;
            let new = BlockByHand { whom, scope, basis, ticket, exception, by_authority };
            let id = house.cases.set_block(&new, &actor).await.map_err(told)?;
            print::line(&format!("block {id} stands"))?;
        }
        BlockCommand::Show { whom, json } => {
            let held = house.cases.show_effective(&whom_of(&whom)?, &actor).await.map_err(told)?;
            show_effective(&held, json)?;
        }
    }
    house.close().await;
    Ok(ExitCode::SUCCESS)
}

fn whom_of(text: &str) -> anyhow::Result<Whom> {
    if let Ok(id) = text.parse() {
        return Ok(Whom::Contact(ContactId(id)));
    }
    match EmailAddress::parse(text) {
        Ok(address) => Ok(Whom::Address(address)),
        Err(_) => bail!("that is neither an address nor the number of a contact"),
    }
}

/// `full`, `marketing`, `purposes=…`, `fields=…`.
fn scope_of(text: &str) -> anyhow::Result<Scope> {
    let (kind, of) = text.split_once('=').unwrap_or((text, ""));
    let words: Vec<&str> = of.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
    match (kind, words.is_empty()) {
        ("full", true) => Ok(Scope::Full),
        ("marketing", true) => Ok(Scope::Marketing),
        ("purposes", false) => match words.iter().map(|w| Purpose::from_name(w)).collect() {
            Some(purposes) => Ok(Scope::Purposes(purposes)),
            None => bail!("a purpose is one of {}", names(Purpose::ALL.iter().map(|p| p.name()))),
        },
        ("fields", false) => match words.iter().map(|w| Field::from_name(w)).collect() {
            Some(fields) => Ok(Scope::Fields(fields)),
            None => bail!("a field is one of {}", names(Field::ALL.iter().map(|f| f.name()))),
        },
        _ => bail!("--scope is full, marketing, purposes=A,B or fields=A,B"),
    }
}

fn names<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

fn show_effective(held: &Effective, json: bool) -> std::io::Result<()> {
    let purposes: Vec<_> = held.purposes.iter().map(|purpose| purpose.name()).collect();
    let fields: Vec<_> = held.fields.iter().map(|field| field.name()).collect();
    if json {
        return print::json_document(&json!({
            "full": held.full, "marketing": held.marketing, "purposes": purposes, "fields": fields,
        }));
    }
    if held.is_none() {
        return print::line("nothing is blocked");
    }
    if held.full {
        print::line("everything but storage, checking and statutory answers")?;
    }
    if held.marketing {
        print::line("advertising")?;
    }
    for (what, of) in [("purposes", &purposes), ("fields", &fields)] {
        if !of.is_empty() {
            print::line(&format!("{what}: {}", of.join(", ")))?;
        }
    }
    Ok(())
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
