//! `consentry campaign`: the desk where newsletters are written, approved, sent and stopped.

pub mod shown;
pub mod source;
mod writing;

use std::process::ExitCode;

use cases::campaigns::{Begin, PreviewVerdict, Reader, Retried};
use domain::address::EmailAddress;
use domain::campaign::Start;
use domain::ids::{CampaignId, ContactId};
use serde_json::{Value, json};

use super::{open_house, told};
use crate::cli::{Campaign, CampaignCommand, CampaignStart, General, campaign};
use crate::failure::WrongUse;
use crate::house::House;
use crate::{actor, print};

/// Does one thing with one campaign, or lists them.
///
/// # Errors
/// When the house cannot be opened; [`crate::failure::RefusedByRule`] when a rule forbids it.
pub async fn run(general: General, arguments: Campaign) -> anyhow::Result<ExitCode> {
    let actor = actor::name(general.actor.as_deref())?;
    let house = open_house(&general).await?;
    let done = act(&house, arguments.command, &actor).await;
    // Also after a refusal: the stop journal is made durable.
    house.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn act(house: &House, command: CampaignCommand, actor: &str) -> anyhow::Result<()> {
    let cases = &house.cases;
    match command {
        CampaignCommand::Create(create) => writing::create(house, *create, actor).await,
        CampaignCommand::Edit(edit) => writing::edit(house, *edit, actor).await,
        CampaignCommand::List { limit, before, json } => {
            let rows = cases.campaigns(before.map(CampaignId), limit).await.map_err(told)?;
            shown::list(&rows, json)
        }
        CampaignCommand::Show(named) => {
            let row = cases.campaign(&named.name).await.map_err(told)?;
            shown::one(cases, &row, named.json).await
        }
        CampaignCommand::Preview(arguments) => preview(house, arguments, actor).await,
        CampaignCommand::Test(arguments) => test(house, arguments, actor).await,
        CampaignCommand::Approve(named) => {
            let approved = cases.approve_seen_campaign(&named.name, named.hash, actor).await;
            let hash = hex::encode(approved.map_err(told)?);
            let words = format!("campaign {} is approved: {hash}", named.name);
            said(named.json, &words, json!({ "campaign": named.name, "hash": hash }))
        }
        CampaignCommand::Schedule(arguments) => schedule(house, arguments, actor).await,
        CampaignCommand::Pause(named) => {
            cases.pause_campaign(&named.name, actor).await.map_err(told)?;
            stands(&named, "paused")
        }
        CampaignCommand::Resume(named) => {
            cases.resume_campaign(&named.name, actor).await.map_err(told)?;
            stands(&named, "resumed")
        }
        CampaignCommand::Cancel(named) => {
            cases.cancel_campaign(&named.name, actor).await.map_err(told)?;
            stands(&named, "cancelled")
        }
        CampaignCommand::Report(named) => {
            let (row, report) = cases.campaign_report(&named.name).await.map_err(told)?;
            shown::report(&row, &report, named.json)
        }
        CampaignCommand::Retry(arguments) => retry(house, arguments, actor).await,
    }
}

/// Prints words for people or a document for programs.
fn said(json: bool, words: &str, document: Value) -> anyhow::Result<()> {
    if json {
        print::json_document(&document)?;
    } else {
        print::line(words)?;
    }
    Ok(())
}

fn stands(named: &campaign::Named, word: &str) -> anyhow::Result<()> {
    let name = &named.name;
    let document = json!({ "campaign": name, "done": word });
    said(named.json, &format!("campaign {name} is {word}"), document)
}

/// The start that was typed, if one was.
fn start_of(house: &House, typed: &CampaignStart) -> anyhow::Result<Option<Start>> {
    let Some(at) = &typed.at else { return Ok(None) };
    let own = house.config.organisation.zone.iana_name().unwrap_or("UTC");
    let zone = typed.zone.as_deref().unwrap_or(own);
    Ok(Some(Start::parse(at, zone).map_err(|error| WrongUse(error.to_string()))?))
}

async fn preview(house: &House, arguments: campaign::Preview, actor: &str) -> anyhow::Result<()> {
    let reader = reader(arguments.contact.as_deref())?;
    let preview = house.cases.preview_campaign(&arguments.name, reader).await.map_err(told)?;
    if let Reader::Contact(contact) = reader {
        // The name of a person is about to be seen.
        house.cases.note_look(contact, "campaign preview", actor).await.map_err(told)?;
    }
    if let Some(path) = &arguments.html {
        std::fs::write(path, &preview.html)
            .map_err(|error| WrongUse(format!("cannot write `{}`: {error}", path.display())))?;
    }
    let (gate, reason) = match preview.verdict {
        PreviewVerdict::Sample => ("sample", None),
        PreviewVerdict::NotACandidate => ("not_a_candidate", None),
        PreviewVerdict::Send => ("send", None),
        PreviewVerdict::Later(_) => ("later", None),
        PreviewVerdict::Withhold(reason) => ("withhold", Some(reason.name())),
    };
    if arguments.json {
        print::json_document(&json!({
            "hash": hex::encode(preview.hash),
            "subject": preview.subject,
            "html": preview.html,
            "text": preview.text,
            "gate": gate,
            "reason": reason,
        }))?;
        return Ok(());
    }
    let hash = hex::encode(preview.hash);
    let answer = match preview.verdict {
        PreviewVerdict::Sample => "this is what a made-up person would get".to_owned(),
        PreviewVerdict::NotACandidate => {
            "gate: not asked, this contact is on none of the lists (or on an excluded one)".into()
        }
        PreviewVerdict::Send => "gate: send".to_owned(),
        PreviewVerdict::Later(until) => format!("gate: not before {}", print::minute(until)),
        PreviewVerdict::Withhold(reason) => format!("gate: withhold, {}", reason.name()),
    };
    print::line(&format!(
        "{answer}\nhash: {hash}\n\nSubject: {}\n\n{}",
        preview.subject, preview.text
    ))?;
    Ok(())
}

fn reader(typed: Option<&str>) -> Result<Reader, WrongUse> {
    let Some(typed) = typed else { return Ok(Reader::Sample) };
    let contact = typed.trim().parse().map_err(|_| {
        WrongUse("--as takes the number of a contact, as `contact show` tells it".to_owned())
    })?;
    Ok(Reader::Contact(ContactId(contact)))
}

/// The addresses that were typed. An error names the place, not what stands there.
fn addresses(typed: &[String]) -> Result<Vec<EmailAddress>, WrongUse> {
    let read = |(place, text): (usize, &String)| {
        let told = |error| WrongUse(format!("--to number {} is no address: {error}", place + 1));
        EmailAddress::parse(text).map_err(told)
    };
    typed.iter().enumerate().map(read).collect()
}

async fn test(house: &House, arguments: campaign::Test, actor: &str) -> anyhow::Result<()> {
    let to = addresses(&arguments.to)?;
    let planned = house.cases.test_campaign(&arguments.name, &to, actor).await.map_err(told)?;
    let words = format!("{} test mail(s) are planned; the daemon sends them", planned.len());
    said(arguments.json, &words, json!({ "campaign": arguments.name, "deliveries": planned }))
}

async fn schedule(house: &House, arguments: campaign::Schedule, actor: &str) -> anyhow::Result<()> {
    let begin = match start_of(house, &arguments.start)? {
        Some(start) => Begin::At(start),
        None if arguments.now => Begin::AtOnce,
        None => Begin::AsApproved,
    };
    let name = &arguments.name;
    let start = house.cases.schedule_campaign(name, &begin, actor).await.map_err(told)?;
    let words = format!("campaign {name} starts at {} ({})", start.local, start.zone);
    let document = json!({
        "campaign": name,
        "starts_at": start.at,
        "local": start.local,
        "zone": start.zone,
    });
    said(arguments.json, &words, document)
}

async fn retry(house: &House, arguments: campaign::Retry, actor: &str) -> anyhow::Result<()> {
    let which = match arguments.only {
        None => Retried::All,
        Some(campaign::RetryOnly::Rejected) => Retried::Rejected,
        Some(campaign::RetryOnly::Uncertain) => Retried::Uncertain,
    };
    let retry = house.cases.retry_campaign(&arguments.name, which, actor).await.map_err(told)?;
    let left: u64 = retry.left.values().sum();
    let words =
        format!("{} mail(s) are planned once more, {left} are left as they are", retry.planned);
    let document =
        json!({ "campaign": arguments.name, "planned": retry.planned, "left": retry.left });
    said(arguments.json, &words, document)
}
