//! `consentry consent`: what a person gave and took back, and the proof of it.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use cases::consents::{ConsentTimeline, Who, checking::check_proof, proving::event_json};
use domain::address::EmailAddress;
use serde_json::{Value, json};
use vault::{ProofKey, proof_key_fingerprint, proof_key_pem};

use super::{load_config, open_house, told};
use crate::cli::{Consent, ConsentCommand, General, Listing};
use crate::clock::SystemEntropy;
use crate::config::Config;
use crate::failure::WrongUse;
use crate::house::House;
use crate::{actor, print};

/// Shows, proves, checks or withdraws.
///
/// # Errors
/// When the house cannot be opened; [`crate::failure::RefusedByRule`] when a rule forbids it.
pub async fn run(general: General, arguments: Consent) -> anyhow::Result<ExitCode> {
    let command = match arguments.command {
        ConsentCommand::Check { file, key, json } => return check(&file, key.as_deref(), json),
        ConsentCommand::Key(listing) => return show_key(load_config(&general)?, listing),
        other => other,
    };
    let actor = actor::name(general.actor.as_deref())?;
    // What was typed is judged before anything is opened.
    let asked = match &command {
        ConsentCommand::Show { who, .. } | ConsentCommand::Proof { who, .. } => Some(whom(who)?),
        _ => None,
    };
    let house = open_house(&general).await?;
    match (command, asked) {
        (ConsentCommand::Show { json, .. }, Some(who)) => {
            let timeline = house.cases.show_consents(&who, &actor).await.map_err(told)?;
            if json {
                print::json_document(&timeline_json(&timeline))?;
            } else {
                for_people(&timeline)?;
            }
        }
        (ConsentCommand::Proof { out, json, .. }, Some(who)) => {
            prove(&house, &who, out.as_deref(), json, &actor).await?;
        }
        (ConsentCommand::Withdraw { address, list, reason }, _) => {
            let address = EmailAddress::parse(&address)
                .map_err(|error| WrongUse(format!("this is no address: {error}")))?;
            let ended = house
                .cases
                .withdraw_consent(&address, list.as_deref(), &actor, &reason)
                .await
                .map_err(told)?;
            print::line(&format!("{ended} consents are withdrawn"))?;
        }
        _ => {}
    }
    house.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Of whom something is asked.
///
/// # Errors
/// [`WrongUse`], which does not repeat what was typed.
pub(super) fn whom(typed: &str) -> Result<Who, WrongUse> {
    Who::parse(typed).map_err(|error| WrongUse(error.to_string()))
}

fn show_key(config: Config, listing: Listing) -> anyhow::Result<ExitCode> {
    let key = ProofKey::open(&config.vault.keys_directory, &SystemEntropy)?;
    let public = key.public();
    let (hexadecimal, fingerprint) = (hex::encode(public), proof_key_fingerprint(&public));
    let pem = proof_key_pem(&public);
    if listing.json {
        print::json_document(&json!({
            "public_key": hexadecimal, "fingerprint": fingerprint, "public_key_pem": pem,
        }))?;
    } else {
        print::line(&format!("public key:  {hexadecimal}"))?;
        print::line(&format!("fingerprint: {fingerprint}"))?;
        print::line(pem.trim_end())?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn prove(
    house: &House,
    who: &Who,
    out: Option<&Path>,
    json: bool,
    actor: &str,
) -> anyhow::Result<()> {
    let key = ProofKey::open(&house.config.vault.keys_directory, &SystemEntropy)?;
    let proof = house.cases.consent_proof(who, &key, actor).await.map_err(told)?;
    match out {
        Some(out) => {
            let text = out.with_extension("txt");
            if text == out {
                return Err(WrongUse("--out must not end in .txt".to_owned()).into());
            }
            write_new(out, &proof.file)?;
            write_new(&text, &proof.readable)?;
            print::line(&format!("written to {} and {}", out.display(), text.display()))?;
            print::line(&format!("SHA-256 of what is signed: {}", proof.sha256))?;
            print::line(&format!("public key: {}", proof.public_key))?;
        }
        None if json => print::exactly(proof.file.trim_end_matches('\n'))?,
        None => {
            print::line(&proof.readable)?;
            print::line(&format!("public key: {}", proof.public_key))?;
        }
    }
    Ok(())
}

/// Writes a file of personal data: nobody else may read it, and none is overwritten.
///
/// # Errors
/// When the name is taken or the disk refuses.
pub fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    let open = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let written = open.and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written
        .with_context(|| format!("cannot write `{}`; choose a name that is free", path.display()))
}

fn check(file: &Path, key: Option<&str>, json: bool) -> anyhow::Result<ExitCode> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read `{}` as text", file.display()))?;
    let checked = check_proof(&text, key);
    let (fits, holds) = (checked.misfits.is_empty(), checked.holds());
    if json {
        print::json_document(&json!({
            "holds": holds,
            "fits": fits,
            "authenticated": checked.is_authenticated,
            "public_key": checked.public_key,
            "made_at": checked.made_at,
            "events": checked.events,
            "misfits": checked.misfits,
        }))?;
    } else {
        for misfit in &checked.misfits {
            print::line(&format!("does NOT fit: {misfit}"))?;
        }
        if fits {
            print::line(&format!(
                "{} events, made at {}: all fits together",
                checked.events, checked.made_at
            ))?;
            print::line(&format!("signed with {}", checked.public_key))?;
            if key.is_none() {
                print::line(
                    "NOT authenticated: the signature fits the key inside the file only; give \
                     --key with the public key of whoever must have made it",
                )?;
            }
        }
    }
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn timeline_json(timeline: &ConsentTimeline) -> Value {
    let addresses: Vec<_> = timeline.addresses.iter().map(|(_, clear)| clear.expose()).collect();
    let subscriptions: Vec<Value> = timeline
        .subscriptions
        .iter()
        .map(|(held, list)| {
            json!({
                "id": held.id,
                "list": list,
                "contact": held.contact,
                "state": held.state.name(),
                "consent": held.consent,
                "opted_in_at": held.opted_in_at,
                "left_at": held.left_at,
            })
        })
        .collect();
    json!({
        "addresses": addresses,
        "contacts": timeline.contacts,
        "events": timeline.events.iter().map(event_json).collect::<Vec<_>>(),
        "subscriptions": subscriptions,
    })
}

fn for_people(timeline: &ConsentTimeline) -> std::io::Result<()> {
    for (_, address) in &timeline.addresses {
        print::line(address.expose())?;
    }
    let rows: Vec<Vec<String>> = timeline
        .events
        .iter()
        .map(|event| {
            vec![
                event.id.to_string(),
                print::minute(event.at),
                event.act.name().to_owned(),
                event.grade.name().to_owned(),
                event.purpose.name().to_owned(),
                event.list.clone().unwrap_or_else(|| "-".to_owned()),
                event.capture_point.clone(),
                event.actor.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let heading = ["ID", "AT (UTC)", "ACT", "GRADE", "PURPOSE", "LIST", "CAPTURED", "BY"];
    print::table(&heading, &rows)?;
    for (held, list) in &timeline.subscriptions {
        let rests = held
            .consent
            .map_or("no consent can be shown".to_owned(), |id| format!("rests on event {id}"));
        print::line(&format!("list {list}: {}, {rests}", held.state.name()))?;
    }
    Ok(())
}
