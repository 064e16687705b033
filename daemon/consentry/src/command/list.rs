//! `consentry list`: mailing lists and what people consent to when they subscribe.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use cases::lists::{Entrance, Lacking, ListToAdd, ListView, Missing};
use serde_json::{Value, json};

use super::{open_house, told};
use crate::cli::{General, List, ListCommand};
use crate::failure::WrongUse;
use crate::{actor, print};

/// Shows, makes or ends lists.
///
/// # Errors
/// When the house cannot be opened; [`crate::failure::RefusedByRule`] when a rule forbids it.
pub async fn run(general: General, arguments: List) -> anyhow::Result<ExitCode> {
    let actor = actor::name(general.actor.as_deref())?;
    let house = open_house(&general).await?;
    let version = house.config.organisation.policy_version.as_str();
    match arguments.command {
        ListCommand::List(listing) => {
            let lists = house.cases.lists().await.map_err(told)?;
            if listing.json {
                let rows: Vec<Value> = lists.iter().map(list_json).collect();
                print::json_document(&json!({ "lists": rows }))?;
            } else {
                for_people(&lists, version)?;
            }
        }
        ListCommand::Add { name, purpose, title_ru, title_en, advertiser, closed } => {
            let entrance = if closed { Entrance::Closed } else { Entrance::Open };
            let list = ListToAdd { name, purpose, title_ru, title_en, advertiser, entrance };
            house.cases.add_list(&list, &actor).await.map_err(told)?;
            print::line(&format!(
                "list {} is made; write its consent text with `consentry list text`",
                list.name
            ))?;
        }
        ListCommand::Show { name, json } => {
            let view = house.cases.list(&name).await.map_err(told)?;
            if json {
                print::json_document(&list_json(&view))?;
            } else {
                one_for_people(&view, version)?;
            }
        }
        ListCommand::Text { name, locale, file } => {
            let body = words_of(&file)?;
            let added =
                house.cases.add_consent_text(&name, locale, &body, &actor).await.map_err(told)?;
            print::line(&format!(
                "version {} ({}) of list {name}, SHA-256 {}",
                added.version,
                locale.code(),
                hex::encode(added.sha256)
            ))?;
        }
        ListCommand::Archive { name } => {
            house.cases.archive_list(&name, &actor).await.map_err(told)?;
            print::line(&format!("list {name} is archived"))?;
        }
    }
    house.close().await;
    Ok(ExitCode::SUCCESS)
}

/// A file of words, exactly as it is.
///
/// # Errors
/// [`WrongUse`] when it is not UTF-8; else when it cannot be read.
pub(super) fn words_of(file: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let told = format!("`{}` is not plain UTF-8: save it so", file.display());
    Ok(String::from_utf8(bytes).map_err(|_| WrongUse(told))?)
}

fn list_json(view: &ListView) -> Value {
    let ListView { row, counts, texts, .. } = view;
    let texts: Vec<Value> = texts
        .iter()
        .map(|text| {
            json!({
                "id": text.id,
                "version": text.version,
                "locale": text.locale.code(),
                "advertiser": text.advertiser,
                "sha256": hex::encode(text.sha256),
                "body": text.body,
                "created_at": text.created_at,
                "created_by": text.created_by,
            })
        })
        .collect();
    json!({
        "id": row.id,
        "name": row.name,
        "purpose": row.purpose.name(),
        "title_ru": row.title_ru,
        "title_en": row.title_en,
        "advertiser": row.advertiser,
        "is_open": row.is_open,
        "created_at": row.created_at,
        "created_by": row.created_by,
        "archived_at": row.archived_at,
        "open_in": view.open_in().iter().map(|locale| locale.code()).collect::<Vec<_>>(),
        "lacking": view.lacking.iter().map(|lacking| json!({
            "locale": lacking.locale.code(), "what": lacking.what.name(),
        })).collect::<Vec<_>>(),
        "subscriptions": {
            "pending": counts.pending,
            "confirmed_proven": counts.proven,
            "confirmed_claimed": counts.claimed,
            "unsubscribed": counts.unsubscribed,
        },
        "texts": texts,
    })
}

fn state(view: &ListView) -> &'static str {
    match (view.row.archived_at, view.row.is_open) {
        (Some(_), _) => "archived",
        (None, true) if view.open_in().is_empty() => "not open",
        (None, true) => "open",
        (None, false) => "closed",
    }
}

fn for_people(lists: &[ListView], version: &str) -> std::io::Result<()> {
    let rows: Vec<Vec<String>> = lists
        .iter()
        .map(|view| {
            vec![
                view.row.name.clone(),
                view.row.purpose.name().to_owned(),
                state(view).to_owned(),
                view.counts.proven.to_string(),
                view.counts.claimed.to_string(),
                view.counts.pending.to_string(),
                view.counts.unsubscribed.to_string(),
                view.row.title_en.clone(),
            ]
        })
        .collect();
    let heading = ["NAME", "PURPOSE", "STATE", "PROVEN", "CLAIMED", "PENDING", "LEFT", "TITLE"];
    print::table(&heading, &rows)?;
    let why = lists.iter().flat_map(|view| why_not_open(view, version));
    why.into_iter().try_for_each(|why| print::line(&why))
}

/// Why a list that is meant to be open is not, a line for each language and thing.
/// `version` is the configured one, which the feedback form names: for lists it must be written
/// down with its words.
pub(super) fn why_not_open(view: &ListView, version: &str) -> Vec<String> {
    let name = &view.row.name;
    let why = |lacking: &Lacking| {
        let locale = lacking.locale.code();
        let what = match lacking.what {
            Missing::ConsentText => {
                format!("it has no consent text: consentry list text {name} --locale {locale} FILE")
            }
            Missing::Policy => format!(
                "no version of the policy is written down and in force: \
                 consentry policy add {version} --locale {locale} FILE"
            ),
        };
        format!("list {name} is not open in {locale}: {what}")
    };
    view.lacking.iter().map(why).collect()
}

fn one_for_people(view: &ListView, version: &str) -> std::io::Result<()> {
    let ListView { row, counts, texts, .. } = view;
    print::line(&format!("{}  {}  {}", row.name, row.purpose.name(), state(view)))?;
    print::line(&format!("  {} / {}", row.title_ru, row.title_en))?;
    print::line(&format!("  advertiser: {}", row.advertiser))?;
    print::line(&format!(
        "  {} confirmed with proof, {} without, {} pending, {} left",
        counts.proven, counts.claimed, counts.pending, counts.unsubscribed
    ))?;
    for why in why_not_open(view, version) {
        print::line(&format!("  {why}"))?;
    }
    for text in texts {
        print::line(&format!(
            "\n--- consent text, version {} ({}), SHA-256 {}",
            text.version,
            text.locale.code(),
            hex::encode(text.sha256)
        ))?;
        print::line(text.body.trim_end())?;
    }
    Ok(())
}
