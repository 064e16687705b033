//! `consentry policy`: the versions of the privacy policy that consents refer to.

use std::process::ExitCode;

use cases::policies::PolicyToAdd;
use serde_json::{Value, json};
use store::policies::PolicyRow;

use super::list::words_of;
use super::{open_house, told};
use crate::cli::{General, Policy, PolicyCommand};
use crate::{actor, house, print};

/// Shows or writes down versions.
///
/// # Errors
/// When the house cannot be opened; [`crate::failure::RefusedByRule`] when a rule forbids it.
pub async fn run(general: General, arguments: Policy) -> anyhow::Result<ExitCode> {
    let actor = actor::name(general.actor.as_deref())?;
    let house = open_house(&general).await?;
    match arguments.command {
        PolicyCommand::List(listing) => {
            let policies = house.cases.policies().await.map_err(told)?;
            if listing.json {
                let rows: Vec<Value> = policies.iter().map(policy_json).collect();
                print::json_document(&json!({ "policies": rows }))?;
            } else {
                let rows: Vec<Vec<String>> = policies.iter().map(cells).collect();
                print::table(&["VERSION", "LOCALE", "HOLDS FROM (UTC)", "SHA-256"], &rows)?;
            }
        }
        PolicyCommand::Add { version, locale, file, url, effective_from } => {
            let body = words_of(&file)?;
            let effective_from_at = effective_from.unwrap_or_else(|| house::clock().now());
            let policy = PolicyToAdd { version, locale, url, body, effective_from_at };
            let (_, sha256) = house.cases.add_policy(&policy, &actor).await.map_err(told)?;
            print::line(&format!(
                "policy {} ({}), SHA-256 {}",
                policy.version,
                locale.code(),
                hex::encode(sha256)
            ))?;
        }
    }
    house.close().await;
    Ok(ExitCode::SUCCESS)
}

fn policy_json(policy: &PolicyRow) -> Value {
    json!({
        "id": policy.id,
        "version": policy.version,
        "locale": policy.locale.code(),
        "url": policy.url,
        "sha256": hex::encode(policy.sha256),
        "effective_from_at": policy.effective_from_at,
        "created_at": policy.created_at,
        "created_by": policy.created_by,
    })
}

fn cells(policy: &PolicyRow) -> Vec<String> {
    vec![
        policy.version.clone(),
        policy.locale.code().to_owned(),
        print::minute(policy.effective_from_at),
        hex::encode(policy.sha256),
    ]
}
