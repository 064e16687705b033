//! `consentry recipient`: whoever gets data from us, and the notices they get.

use std::process::ExitCode;

use domain::disclosure::NoticeState;
use domain::ids::{RecipientNoticeId, RequestId};
use serde_json::{Value, json};
use store::recipients::{NewRecipient, NoticeRow, RecipientRow};

use super::{open_house, told};
use crate::cli::{General, Recipient, RecipientCommand, RecipientNoticeCommand};
use crate::{actor, print};

/// Lists, writes down, ends; settles notices.
///
/// # Errors
/// When the house cannot be opened; [`crate::failure::RefusedByRule`] when a rule forbids it.
pub async fn run(general: General, arguments: Recipient) -> anyhow::Result<ExitCode> {
    let actor = actor::name(general.actor.as_deref())?;
    let house = open_house(&general).await?;
    let cases = &house.cases;
    match arguments.command {
        RecipientCommand::List(listing) => {
            let recipients = cases.recipients().await.map_err(told)?;
            if listing.json {
                let rows: Vec<Value> = recipients.iter().map(recipient_json).collect();
                print::json_document(&json!({ "recipients": rows }))?;
            } else {
                let rows: Vec<Vec<String>> = recipients.iter().map(cells).collect();
                let heading = ["NAME", "ROLE", "COUNTRY", "AGREEMENT", "DATA", "STATE"];
                print::table(&heading, &rows)?;
            }
        }
        RecipientCommand::Add(add) => {
            let recipient = NewRecipient {
                name: add.name,
                role: add.role,
                title: add.title,
                postal_address: add.address,
                email: add.email,
                country: add.country,
                agreement: add.agreement,
                data: add.data.join(" "),
                purpose: add.purpose,
                authority_told_on: add.authority_told_on,
            };
            cases.add_recipient(&recipient, &actor).await.map_err(told)?;
            print::line(&format!("recipient `{}` is written down", recipient.name))?;
        }
        RecipientCommand::End { name } => {
            cases.end_recipient(&name, &actor).await.map_err(told)?;
            print::line(&format!("recipient `{name}` has ended"))?;
        }
        RecipientCommand::Notice(notice) => match notice.command {
            RecipientNoticeCommand::List { request, json } => {
                let notices = cases.notices_of_request(RequestId(request)).await.map_err(told)?;
                if json {
                    let rows: Vec<Value> = notices.iter().map(notice_json).collect();
                    print::json_document(&json!({ "request": request, "notices": rows }))?;
                } else {
                    let rows: Vec<Vec<String>> = notices.iter().map(notice_cells).collect();
                    let heading = ["ID", "RECIPIENT", "ACT", "STATE", "RAISED (UTC)", "NOTE"];
                    print::table(&heading, &rows)?;
                }
            }
            RecipientNoticeCommand::Done { id, note } => {
                let to = NoticeState::Acknowledged;
                let id = RecipientNoticeId(id);
                cases.settle_recipient_notice(id, to, &note, &actor).await.map_err(told)?;
                print::line(&format!("notice {id} is acknowledged"))?;
            }
            RecipientNoticeCommand::Impossible { id, note } => {
                let to = NoticeState::Impossible;
                let id = RecipientNoticeId(id);
                cases.settle_recipient_notice(id, to, &note, &actor).await.map_err(told)?;
                print::line(&format!("notice {id} is written down as impossible"))?;
            }
        },
    }
    house.close().await;
    Ok(ExitCode::SUCCESS)
}

fn recipient_json(recipient: &RecipientRow) -> Value {
    json!({
        "name": recipient.name,
        "role": recipient.role.name(),
        "title": recipient.title,
        "postal_address": recipient.postal_address,
        "email": recipient.email,
        "country": recipient.country,
        "agreement": recipient.agreement,
        "data": recipient.data.split_whitespace().collect::<Vec<_>>(),
        "purpose": recipient.purpose,
        "authority_told_on": recipient.authority_told_on.map(|day| day.to_string()),
        "created_at": recipient.created_at,
        "created_by": recipient.created_by,
        "ended_at": recipient.ended_at,
    })
}

fn cells(recipient: &RecipientRow) -> Vec<String> {
    let state = match recipient.ended_at {
        Some(at) => format!("ended {}", print::minute(at)),
        None => "stands".to_owned(),
    };
    vec![
        recipient.name.clone(),
        recipient.role.name().to_owned(),
        recipient.country.clone(),
        recipient.agreement.clone(),
        recipient.data.clone(),
        state,
    ]
}

/// One notice as JSON.
#[must_use]
pub fn notice_json(notice: &NoticeRow) -> Value {
    json!({
        "id": notice.id,
        "recipient": notice.recipient_name,
        "request": notice.request,
        "act": notice.act.name(),
        "state": notice.state.name(),
        "by_hand": notice.by_hand,
        "delivery": notice.delivery,
        "note": notice.note,
        "raised_at": notice.raised_at,
        "settled_at": notice.settled_at,
        "settled_by": notice.settled_by,
    })
}

fn notice_cells(notice: &NoticeRow) -> Vec<String> {
    let state = match notice.by_hand {
        true => format!("{} (by hand)", notice.state.name()),
        false => notice.state.name().to_owned(),
    };
    vec![
        notice.id.to_string(),
        notice.recipient_name.clone(),
        notice.act.name().to_owned(),
        state,
        print::minute(notice.raised_at),
        notice.note.clone(),
    ]
}
