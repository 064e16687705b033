//! A campaign is written and changed; only what the checker lets through is saved.

use domain::{
    campaign::{AudienceRule, Content, Start, content_hash, rules},
    ids::{CampaignId, ListId},
};
use store::{StoreError, campaigns::Edited};

use super::{Step, audited, find, hash_of, illegal, wording};
use crate::{Cases, CasesError};

/// The longest name, in characters.
const LONGEST_NAME: usize = 100;

/// A campaign to be made.
#[derive(Debug, Clone)]
pub struct NewCampaign<'a> {
    /// Its name: one line that is no number.
    pub name: &'a str,
    /// What its mails say.
    pub content: &'a Content,
    /// Whom to.
    pub audience: &'a AudienceRule,
    /// When, if that is known.
    pub start: Option<&'a Start>,
}

/// What is to be changed; what is not given stays.
#[derive(Debug, Clone, Default)]
pub struct CampaignChange {
    /// What its mails say.
    pub content: Option<Content>,
    /// Whom to.
    pub audience: Option<AudienceRule>,
    /// When.
    pub start: Option<Start>,
    /// The revision that the editor saw; without it the one found now.
    pub revision: Option<i64>,
}

impl Cases {
    /// Makes a draft.
    ///
    /// # Errors
    /// [`CasesError::Refused`] by `template` (with line and reason), `campaign_name`,
    /// `name_taken` or `list`; [`CasesError::Store`].
    pub async fn create_campaign(
        &self,
        new: &NewCampaign<'_>,
        actor: &str,
    ) -> Result<CampaignId, CasesError> {
        let now = self.parts.clock.now();
        let name = checked_name(new.name)?;
        wording::check(new.content)?;
        let transaction = self.store().begin().await?;
        self.check_lists(&transaction, new.audience).await?;
        let written = store::campaigns::NewCampaign {
            name,
            content: new.content,
            audience: new.audience,
            start: new.start,
            author: actor,
        };
        let id = match store::campaigns::create(&transaction, &written, now).await {
            Err(StoreError::Duplicate { .. }) => {
                let reason = "another campaign has this name; choose another".to_owned();
                return Err(CasesError::Refused { rule: "name_taken", reason });
            }
            other => other?,
        };
        let hash = content_hash(new.content, new.audience, new.start);
        audited(&transaction, id, hash, Step { actor, act: "created" }, now).await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// Changes a campaign that is not being sent; an approval is void then (invariant 17).
    /// Returns whether anything changed.
    ///
    /// # Errors
    /// [`CasesError::Refused`] as for [`Cases::create_campaign`], and by `campaign_state`;
    /// [`StoreError::Conflict`] when somebody changed it since the editor looked.
    pub async fn edit_campaign(
        &self,
        campaign: &str,
        change: &CampaignChange,
        actor: &str,
    ) -> Result<bool, CasesError> {
        let now = self.parts.clock.now();
        if let Some(content) = &change.content {
            wording::check(content)?;
        }
        let transaction = self.store().begin().await?;
        let row = find(&transaction, campaign).await?;
        if change.revision.is_some_and(|seen| seen != row.revision) {
            return Err(StoreError::Conflict { what: "campaign" }.into());
        }
        let approved_by = row.approval.as_ref().map(|approval| approval.by.as_str());
        let editors = rules::editors_after(&row.editors, approved_by, actor);
        let edited = Edited {
            content: change.content.as_ref().unwrap_or(&row.content),
            audience: change.audience.as_ref().unwrap_or(&row.audience),
            start: change.start.as_ref().or(row.start.as_ref()),
            editors: &editors,
        };
        let hash = content_hash(edited.content, edited.audience, edited.start);
        if hash == hash_of(&row) {
            return Ok(false);
        }
        row.state.clone().change().map_err(illegal)?;
        self.check_lists(&transaction, edited.audience).await?;
        store::campaigns::edit(&transaction, &row, &edited, now).await?;
        audited(&transaction, row.id, hash, Step { actor, act: "changed" }, now).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// The audience rule that names these lists.
    ///
    /// # Errors
    /// [`CasesError::NotFound`] for a list that is not there; [`CasesError::Store`].
    pub async fn audience_of(
        &self,
        to: &[String],
        except: &[String],
    ) -> Result<AudienceRule, CasesError> {
        let mut rule = AudienceRule::default();
        for (names, lists) in [(to, &mut rule.to), (except, &mut rule.except)] {
            for name in names {
                let list = store::lists::by_name(self.store(), name).await?;
                let list =
                    list.ok_or_else(|| CasesError::NotFound { what: "list", id: name.clone() })?;
                lists.push(list.id);
            }
            lists.sort_unstable();
            lists.dedup();
        }
        Ok(rule)
    }

    /// The names of lists, in the same order.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn list_names(&self, lists: &[ListId]) -> Result<Vec<String>, CasesError> {
        let mut names = Vec::with_capacity(lists.len());
        for list in lists {
            let row = store::lists::by_id(self.store(), *list).await?;
            names.push(row.map_or_else(|| list.to_string(), |row| row.name));
        }
        Ok(names)
    }

    async fn check_lists(
        &self,
        transaction: &store::Transaction,
        audience: &AudienceRule,
    ) -> Result<(), CasesError> {
        let refused = |reason: String| Err(CasesError::Refused { rule: "list", reason });
        for list in audience.to.iter().chain(&audience.except) {
            if store::lists::by_id(transaction, *list).await?.is_none() {
                return Err(CasesError::NotFound { what: "list", id: list.to_string() });
            }
        }
        for list in &audience.to {
            if audience.except.contains(list) {
                return refused("a list is addressed and excluded; take it out of one".to_owned());
            }
            let row = store::lists::by_id(transaction, *list).await?;
            if let Some(row) = row.filter(|row| row.archived_at.is_some()) {
                let name = row.name;
                return refused(format!("the list `{name}` is archived; no mail goes to it"));
            }
        }
        Ok(())
    }
}

fn checked_name(name: &str) -> Result<&str, CasesError> {
    let name = name.trim();
    let fits = (1..=LONGEST_NAME).contains(&name.chars().count())
        && !name.chars().any(|c| c.is_control() || c == '@')
        && name.parse::<i64>().is_err();
    if fits {
        return Ok(name);
    }
    let reason =
        format!("a name is one line of 1 to {LONGEST_NAME} characters, without `@`, and no number");
    Err(CasesError::Refused { rule: "campaign_name", reason })
}
