//! Campaigns are written of files: created and changed.

use anyhow::bail;
use cases::CasesError;
use cases::campaigns::{CampaignChange, NewCampaign};
use domain::campaign::{AudienceRule, Content};
use serde_json::json;
use store::StoreError;

use super::source::{body_of, text_of};
use super::{said, start_of};
use crate::cli::campaign::{Create, Edit};
use crate::command::told;
use crate::failure::WrongUse;
use crate::house::House;

pub(super) async fn create(house: &House, create: Create, actor: &str) -> anyhow::Result<()> {
    let Some((format, body)) =
        body_of(create.body.html.as_deref(), create.body.markdown.as_deref())?
    else {
        return Err(WrongUse("give the body with --html or --markdown".to_owned()).into());
    };
    let content = Content {
        locale: create.locale.unwrap_or(house.config.organisation.locale),
        subject: create.subject,
        preheader: create.preheader,
        format,
        body,
        text: create.text.as_deref().map(text_of).transpose()?,
    };
    let start = start_of(house, &create.start)?;
    let audience = house.cases.audience_of(&create.to, &create.except).await.map_err(told)?;
    let new = NewCampaign {
        name: &create.name,
        content: &content,
        audience: &audience,
        start: start.as_ref(),
    };
    let id = house.cases.create_campaign(&new, actor).await.map_err(told)?;
    let words = format!("campaign {} is a draft (id {id})", create.name);
    said(create.json, &words, json!({ "campaign": create.name, "id": id, "state": "draft" }))
}

pub(super) async fn edit(house: &House, edit: Edit, actor: &str) -> anyhow::Result<()> {
    let row = house.cases.campaign(&edit.name).await.map_err(told)?;
    let mut content = row.content.clone();
    if let Some(subject) = &edit.subject {
        content.subject.clone_from(subject);
    }
    if let Some(preheader) = &edit.preheader {
        content.preheader.clone_from(preheader);
    }
    if let Some((format, body)) = body_of(edit.html.as_deref(), edit.markdown.as_deref())? {
        (content.format, content.body) = (format, body);
    }
    if let Some(path) = &edit.text {
        content.text = Some(text_of(path)?);
    } else if edit.no_text {
        content.text = None;
    }
    if let Some(locale) = edit.locale {
        content.locale = locale;
    }
    let change = CampaignChange {
        content: Some(content),
        audience: audience(house, &edit, &row.audience).await?,
        start: start_of(house, &edit.start)?,
        // What is not given stays as it was read: so nobody may have changed it since.
        revision: Some(edit.revision.unwrap_or(row.revision)),
    };
    let changed = match house.cases.edit_campaign(&edit.name, &change, actor).await {
        Err(CasesError::Store(StoreError::Conflict { .. })) => bail!(
            "somebody else changed campaign {} meanwhile, nothing is written: look at it with \
             `consentry campaign show`, then edit again",
            edit.name
        ),
        other => other.map_err(told)?,
    };
    let words = if changed {
        format!("campaign {} is changed and a draft: have it approved", edit.name)
    } else {
        format!("campaign {} says all that already; nothing is changed", edit.name)
    };
    said(edit.json, &words, json!({ "campaign": edit.name, "changed": changed }))
}

async fn audience(
    house: &House,
    edit: &Edit,
    before: &AudienceRule,
) -> anyhow::Result<Option<AudienceRule>> {
    if edit.to.is_empty() && edit.except.is_empty() {
        return Ok(None);
    }
    let mut rule = house.cases.audience_of(&edit.to, &edit.except).await.map_err(told)?;
    if edit.to.is_empty() {
        rule.to.clone_from(&before.to);
    }
    if edit.except.is_empty() {
        rule.except.clone_from(&before.except);
    }
    Ok(Some(rule))
}
