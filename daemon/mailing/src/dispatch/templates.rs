//! The compiled mails of campaigns: made once for each approved content and list.
//!
//! A campaign that runs is not changed, so what was compiled under the approved hash stays true.
//! Only few campaigns run at once; the oldest of many is forgotten. A campaign without mails is
//! held for a person, its rows wait: an upgrade or a wrong setting costs nobody the mail.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::campaign::{CampaignState, ContentHash, content_hash};
use domain::ids::CampaignId;
use domain::language::Locale;
use render::campaign::{CampaignTemplate, Frame};
use store::campaigns::{self, CampaignRow};
use store::deliveries::{CampaignPart, ListPart};
use store::{StoreError, alarms};

use super::{BulkIdentity, Engine, halting};
use crate::letter::campaign::{CampaignConstants, CampaignEnvelope};

/// Most kept at once.
const KEPT: usize = 64;

/// The mails of one campaign to one list, before a recipient is put in.
pub(super) struct CampaignMails {
    pub(super) template: CampaignTemplate,
    pub(super) envelope: CampaignEnvelope,
}

struct Entry {
    campaign: CampaignId,
    content: ContentHash,
    list: String,
    mails: Arc<CampaignMails>,
}

#[derive(Default)]
pub(super) struct Templates {
    ready: Mutex<VecDeque<Entry>>,
    /// One compiles, the others wait for what it makes.
    making: tokio::sync::Mutex<()>,
    /// Campaigns of which an alarm was raised by this process.
    alarmed: Mutex<HashSet<CampaignId>>,
}

impl Templates {
    /// The mails of a row's campaign and list; none while the campaign is held for want of them.
    pub(super) async fn of(
        &self,
        engine: &Engine,
        bulk: &BulkIdentity,
        part: &CampaignPart,
        list: &ListPart,
    ) -> Result<Option<Arc<CampaignMails>>, StoreError> {
        if let Some(mails) = self.known(part, list) {
            return Ok(Some(mails));
        }
        let _making = self.making.lock().await;
        if let Some(mails) = self.known(part, list) {
            return Ok(Some(mails));
        }
        let row = campaigns::by_id(&engine.parts.store, part.campaign).await?;
        // One row in hand finds what is wrong and holds the campaign, the others find it held.
        let Some(row) = row.filter(|row| row.state == CampaignState::Running) else {
            return Ok(None);
        };
        if !is_approved(&row, &part.content) {
            let why = "it is not what was approved: restore its row and resume it, or cancel it";
            halting::hold(engine, part.campaign, why).await?;
            return Ok(None);
        }
        let mails = match make(engine, bulk, row, list).await {
            Ok(mails) => mails,
            Err(why) => {
                let why = format!(
                    "its mails cannot be made: {why}; mend the setting or the template, start the \
                     daemon anew and resume it, or cancel it"
                );
                halting::hold(engine, part.campaign, &why).await?;
                return Ok(None);
            }
        };
        let mut ready = self.ready();
        if ready.len() >= KEPT {
            ready.pop_front();
        }
        ready.push_back(Entry {
            campaign: part.campaign,
            content: part.content,
            list: list.name.clone(),
            mails: Arc::clone(&mails),
        });
        Ok(Some(mails))
    }

    /// Raises the alarm of a campaign, once in the life of this process; the runner clears it.
    pub(super) async fn alarm(&self, engine: &Engine, campaign: CampaignId, detail: &str) {
        let is_new = {
            let mut alarmed = self.alarmed.lock().unwrap_or_else(PoisonError::into_inner);
            alarmed.insert(campaign)
        };
        if !is_new {
            return;
        }
        let parts = &engine.parts;
        let raised = async {
            let transaction = parts.store.begin().await?;
            let name = format!("campaign_trouble/{campaign}");
            alarms::raise(&transaction, &name, detail, parts.clock.now()).await?;
            transaction.commit().await
        };
        if let Err(error) = raised.await {
            tracing::warn!(campaign.id = %campaign, "an alarm cannot be raised: {error}");
            self.alarmed.lock().unwrap_or_else(PoisonError::into_inner).remove(&campaign);
        }
    }

    fn known(&self, part: &CampaignPart, list: &ListPart) -> Option<Arc<CampaignMails>> {
        let ready = self.ready();
        let fits = |entry: &&Entry| {
            entry.campaign == part.campaign
                && entry.content == part.content
                && entry.list == list.name
        };
        ready.iter().rev().find(fits).map(|entry| Arc::clone(&entry.mails))
    }

    fn ready(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_approved(row: &CampaignRow, approved: &ContentHash) -> bool {
    content_hash(&row.content, &row.audience, row.start.as_ref()) == *approved
}

/// Compiles off the reactor: a long content takes its time.
async fn make(
    engine: &Engine,
    bulk: &BulkIdentity,
    row: CampaignRow,
    list: &ListPart,
) -> Result<Arc<CampaignMails>, String> {
    let list_title = match row.content.locale {
        Locale::Ru => list.title_ru.clone(),
        Locale::En => list.title_en.clone(),
    };
    let constants = CampaignConstants {
        from: bulk.from.clone(),
        reply_to: Some(bulk.reply_to.clone()),
        public_url: bulk.public_url.clone(),
        unsubscribe_address: bulk.unsubscribe_address.clone(),
        list_title: list_title.clone(),
        list_name: list.name.clone(),
        list_domain: bulk.list_domain.clone(),
        campaign: row.id,
        sender_id: bulk.sender_id.clone(),
        loop_mark: engine.parts.identity.loop_mark.clone(),
        language: row.content.locale.code(),
    };
    let envelope = CampaignEnvelope::prepare(&constants).map_err(|e| e.to_string())?;
    let frame = Frame {
        organisation: bulk.organisation.clone(),
        contact: bulk.contact.clone(),
        advertiser: list.advertiser.clone(),
        list_title,
        policy_url: bulk.policy_url.clone(),
    };
    let renderer = Arc::clone(&engine.parts.renderer);
    let compiling = tokio::task::spawn_blocking(move || {
        CampaignTemplate::compile(&renderer, &row.content, &frame)
    });
    let template = match compiling.await {
        Ok(Ok(template)) => template,
        Ok(Err(findings)) => {
            let first = findings.first().map(ToString::to_string).unwrap_or_default();
            return Err(format!("its content is refused: {first}"));
        }
        Err(_) => return Err("its compilation broke off".to_owned()),
    };
    Ok(Arc::new(CampaignMails { template, envelope }))
}
