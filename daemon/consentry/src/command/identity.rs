//! `consentry identity`: who asks, how sure we are, and who acts for whom.

use std::io::Read;
use std::process::ExitCode;

use anyhow::Context as _;
use cases::identity::{IdentityView, NewRepresentative};
use domain::address::EmailAddress;
use domain::identity::RepresentationKind;
use domain::ids::{ContactId, IdentityProofId, RepresentationId, RequestId};
use serde_json::{Value, json};

use super::{open_house, told};
use crate::cli::{General, Identity, IdentityCommand, RepresentativeKind};
use crate::failure::WrongUse;
use crate::house::House;
use crate::{actor, print};

/// Longest paper that is read, in bytes.
const LONGEST_PAPER: u64 = 16 * 1024;

/// Shows who asks, asks them, attests, represents.
///
/// # Errors
/// When the house cannot be opened; [`crate::failure::RefusedByRule`] when a rule forbids it.
pub async fn run(general: General, arguments: Identity) -> anyhow::Result<ExitCode> {
    let actor = actor::name(general.actor.as_deref())?;
    let house = open_house(&general).await?;
    let cases = &house.cases;
    match arguments.command {
        IdentityCommand::Show { ticket, json } => {
            let view = cases.identity(&ticket, &actor).await.map_err(told)?;
            show(&view, json)?;
        }
        IdentityCommand::Challenge { ticket, to } => {
            let to = address(to.as_deref())?;
            cases.ask_challenge(&ticket, to.as_ref(), &actor).await.map_err(told)?;
            print::line("the question is on its way to the address on file")?;
        }
        IdentityCommand::Attest { ticket, note, contact } => {
            let contact = contact.map(ContactId);
            let id = cases.attest_identity_as(&ticket, contact, &note, &actor).await;
            let id = id.map_err(told)?;
            print::line(&format!("proof {id} is written down"))?;
        }
        IdentityCommand::Revoke { ticket, id, reason, representation } => {
            if representation {
                let id = RepresentationId(id);
                cases.revoke_representation(&ticket, id, &actor).await.map_err(told)?;
            } else {
                let id = IdentityProofId(id);
                cases.revoke_identity(&ticket, id, &reason, &actor).await.map_err(told)?;
            }
            print::line(&format!("{id} counts no more"))?;
        }
        IdentityCommand::Ask { request, missing, list, json } => {
            let request = RequestId(request);
            if list {
                list_items(&house, request, json).await?;
            } else {
                cases.ask_missing(request, &missing, &actor).await.map_err(told)?;
                print::line("the letter is on its way; the clock runs on")?;
            }
        }
        IdentityCommand::Represent { ticket, kind, paper, until, subject, tell } => {
            let valid_until = until
                .map(|text| text.parse().context("--until is no date; write YYYY-MM-DD"))
                .transpose()?;
            let new = NewRepresentative {
                subject: subject.map(ContactId),
                tell: address(tell.as_deref())?,
                kind: kind_of(kind),
                paper: paper_of(paper, std::io::stdin())?,
                valid_until,
            };
            let id = cases.represent(&ticket, &new, &actor).await.map_err(told)?;
            print::line(&format!("representation {id} is written down"))?;
        }
        IdentityCommand::AskPaper { ticket } => {
            cases.ask_for_paper(&ticket, &actor).await.map_err(told)?;
            print::line("the letter is on its way")?;
        }
    }
    house.close().await;
    Ok(ExitCode::SUCCESS)
}

fn address(text: Option<&str>) -> anyhow::Result<Option<EmailAddress>> {
    text.map(|text| EmailAddress::parse(text).context("that is no address")).transpose()
}

/// The paper as typed, or from standard input where `-` stands for it (others on the machine see
/// arguments).
fn paper_of(typed: String, input: impl Read) -> anyhow::Result<String> {
    if typed != "-" {
        return Ok(typed);
    }
    let mut paper = String::new();
    let read = input.take(LONGEST_PAPER).read_to_string(&mut paper);
    read.context("cannot read the paper from standard input; give it as UTF-8 text")?;
    if paper.trim().is_empty() {
        let why = "standard input holds no paper; write number, date and issuer to it";
        return Err(WrongUse(why.to_owned()).into());
    }
    Ok(paper)
}

fn kind_of(kind: RepresentativeKind) -> RepresentationKind {
    match kind {
        RepresentativeKind::PowerOfAttorney => RepresentationKind::PowerOfAttorney,
        RepresentativeKind::Parent => RepresentationKind::Parent,
        RepresentativeKind::Guardian => RepresentationKind::Guardian,
        RepresentativeKind::Advocate => RepresentationKind::Advocate,
        RepresentativeKind::Other => RepresentationKind::Other,
    }
}

async fn list_items(house: &House, request: RequestId, json: bool) -> anyhow::Result<()> {
    let row = store::requests::by_id(&house.store, request).await?;
    let row = row.with_context(|| format!("there is no request {request}; see `ticket list`"))?;
    let locale = house.config.organisation.locale;
    let items = house.cases.must_contain(&row, locale);
    if json {
        return Ok(print::json_document(&json!({ "request": request, "may_be_asked": items }))?);
    }
    if items.is_empty() {
        return Ok(print::line("nothing: the request is valid as it stands")?);
    }
    for (number, item) in items.iter().enumerate() {
        print::line(&format!("{} {item}", number + 1))?;
    }
    Ok(())
}

fn show(view: &IdentityView, json: bool) -> std::io::Result<()> {
    if json {
        return print::json_document(&view_json(view));
    }
    print::line(&view.ticket.number)?;
    if view.is_disowned {
        print::line("the person on file says that this was not they: nothing is carried out")?;
    }
    let rows: Vec<Vec<String>> = view
        .requests
        .iter()
        .map(|(id, name, needed, held)| {
            let held = held.map_or("-", |level| level.name());
            vec![id.to_string(), name.name().into(), needed.name().into(), held.into()]
        })
        .collect();
    print::table(&["REQUEST", "NAME", "NEEDS", "HAS"], &rows)?;
    let rows: Vec<Vec<String>> = view
        .proofs
        .iter()
        .map(|proof| {
            let state = match &proof.row.revoked {
                Some((_, by)) => format!("revoked by {by}"),
                None => "counts".to_owned(),
            };
            vec![
                proof.row.id.to_string(),
                proof.row.proof.level.name().to_owned(),
                print::minute(proof.row.at),
                proof.row.actor.clone(),
                state,
                proof.note.clone().unwrap_or_default(),
            ]
        })
        .collect();
    print::table(&["PROOF", "LEVEL", "AT", "BY", "STATE", "NOTE"], &rows)?;
    let rows: Vec<Vec<String>> = view
        .challenges
        .iter()
        .map(|row| {
            vec![
                row.id.to_string(),
                row.challenge.word(view.at).to_owned(),
                print::minute(row.asked_at),
                row.asked_by.clone(),
                print::minute(row.challenge.expires_at),
                row.challenge.tries_left.to_string(),
            ]
        })
        .collect();
    print::table(&["CHALLENGE", "STATE", "ASKED", "BY", "UNTIL", "TRIES"], &rows)?;
    let rows: Vec<Vec<String>> = view
        .representations
        .iter()
        .map(|shown| {
            vec![
                shown.row.id.to_string(),
                shown.row.kind.name().to_owned(),
                if shown.in_force { "in force" } else { "over" }.to_owned(),
                shown.row.valid_until.map_or("-".to_owned(), |date| date.to_string()),
                shown.row.attested_by.clone(),
                shown.paper.clone().unwrap_or_default(),
            ]
        })
        .collect();
    print::table(&["REPRESENTATION", "KIND", "STATE", "UNTIL", "BY", "PAPER"], &rows)
}

fn view_json(view: &IdentityView) -> Value {
    json!({
        "ticket": view.ticket.number,
        "disowned": view.is_disowned,
        "requests": view.requests.iter().map(|(id, name, needed, held)| json!({
            "id": id, "name": name.name(), "needs": needed.name(),
            "has": held.map(|level| level.name()),
        })).collect::<Vec<_>>(),
        "proofs": view.proofs.iter().map(|proof| json!({
            "id": proof.row.id, "level": proof.row.proof.level.name(), "at": proof.row.at,
            "by": proof.row.actor, "covers_requests_until": proof.row.proof.newest,
            "note": proof.note, "contact": proof.row.contact,
            "revoked_at": proof.row.revoked.as_ref().map(|(at, _)| at),
            "revoked_by": proof.row.revoked.as_ref().map(|(_, by)| by),
        })).collect::<Vec<_>>(),
        "challenges": view.challenges.iter().map(|row| json!({
            "id": row.id, "state": row.challenge.word(view.at), "asked_at": row.asked_at,
            "asked_by": row.asked_by, "expires_at": row.challenge.expires_at,
            "tries_left": row.challenge.tries_left, "settled_at": row.settled_at,
        })).collect::<Vec<_>>(),
        "representations": view.representations.iter().map(|shown| json!({
            "id": shown.row.id, "kind": shown.row.kind.name(), "contact": shown.row.contact,
            "in_force": shown.in_force, "valid_until": shown.row.valid_until,
            "attested_by": shown.row.attested_by, "attested_at": shown.row.attested_at,
            "paper": shown.paper,
        })).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paper_is_read_from_standard_input_when_a_dash_stands_for_it() {
        let read = |typed: &str, input: &[u8]| paper_of(typed.to_owned(), input);
        assert_eq!(read("No 7", b"other").expect("as typed"), "No 7");
        assert_eq!(read("-", b"No 7 of 2026\n").expect("read"), "No 7 of 2026\n");
        assert!(read("-", b" \n").is_err() && read("-", b"").is_err());
        assert!(read("-", b"\xff").is_err());
    }
}
