//! The nightly look: what is over is destroyed or gets its ticket, once for all nodes.
//!
//! Each act is a transaction of its own that asks again whether it may; a look that is cut off
//! anywhere is taken up by the next one. Of an original mail the file goes first, then its row.

use std::time::Duration;

use domain::{
    Timestamp,
    clock::Events,
    ids::{AddressId, ContactId, SubmissionId},
    regime::RequestName,
    retention::{Due, Record, RetentionTable, is_look_due},
};
use serde::{Deserialize, Serialize};
use store::retention::{Emptied, OldFile, Person, PersonRow, Topic};

use crate::{Cases, CasesError, own_matter::OwnMatter, requests::By};

/// Rows that are read at once.
const AT_ONCE: u32 = 200;
/// One look at a time, among all nodes and commands.
const LEASE: &str = "retention";
const LEASE_FOR: Duration = Duration::from_secs(120);

/// What a look did, or would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Looked {
    /// Tickets of destruction that were opened.
    pub tickets: u64,
    /// Original mails that were destroyed.
    pub raw_mail: u64,
    /// Mails without a ticket that were destroyed.
    pub noted_mail: u64,
    /// Letters of ours that were emptied.
    pub letters: u64,
    /// Replies of mail servers that were emptied.
    pub delivery_status: u64,
    /// Entries of confirmed subscriptions that were emptied.
    pub web_evidence: u64,
}

/// Whether a look changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// It does.
    Act,
    /// It only counts.
    Count,
}

impl Cases {
    /// The table in force.
    #[must_use]
    pub fn retention(&self) -> &RetentionTable {
        &self.retention
    }

    /// The last look, if there was one.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn last_retention_look(
        &self,
    ) -> Result<Option<store::retention::RunRow>, CasesError> {
        Ok(store::retention::last_run(self.store()).await?)
    }

    /// The look of the night, if its hour has come and no other node looks; `None` when not.
    ///
    /// # Errors
    /// [`CasesError`]; what was done until then stays done.
    pub async fn nightly_look(&self, owner: &str, hour: i8) -> Result<Option<Looked>, CasesError> {
        let (now, zone) = (self.parts.clock.now(), &self.parts.settings.zone);
        let is_due = |last: Option<store::retention::RunRow>| {
            is_look_due(last.map(|run| run.ran_at), now, hour, zone)
        };
        if !is_due(self.last_retention_look().await?) || !self.hold_look(owner).await? {
            return Ok(None);
        }
        // Another node may have looked between the question and the lease.
        let done = match is_due(self.last_retention_look().await?) {
            true => self.look_once(Look::Act, owner).await.map(Some),
            false => Ok(None),
        };
        store::leases::release(self.store(), LEASE, owner).await?;
        done
    }

    /// A look at once, by a person.
    ///
    /// # Errors
    /// [`CasesError::Refused`] (`retention_runs`) while another node looks.
    pub async fn look(&self, look: Look, actor: &str) -> Result<Looked, CasesError> {
        if look == Look::Count {
            return self.look_once(look, actor).await;
        }
        let owner = format!("command/{actor}");
        if !self.hold_look(&owner).await? {
            let reason = "another node looks through what is kept; wait until it has ended";
            return Err(crate::requests::refused("retention_runs", reason));
        }
        let done = self.look_once(look, actor).await;
        store::leases::release(self.store(), LEASE, &owner).await?;
        done
    }

    async fn hold_look(&self, owner: &str) -> Result<bool, CasesError> {
        let now = self.parts.clock.now();
        Ok(store::leases::hold(self.store(), LEASE, owner, LEASE_FOR, now).await?)
    }

    async fn look_once(&self, look: Look, actor: &str) -> Result<Looked, CasesError> {
        let now = self.parts.clock.now();
        let looked = Looked {
            tickets: self.look_at_persons(look, now).await?,
            raw_mail: self.look_at_files(Record::RawMail, look, now).await?,
            noted_mail: self.look_at_files(Record::NotedMail, look, now).await?,
            letters: self.look_at_texts(Record::Letters, look, now).await?,
            delivery_status: self.look_at_texts(Record::DeliveryStatus, look, now).await?,
            web_evidence: self.look_at_texts(Record::WebEvidence, look, now).await?,
        };
        if look == Look::Act {
            let detail = serde_json::to_value(looked).map_err(|_| CasesError::Content)?;
            let transaction = self.store().begin().await?;
            store::retention::note_run(&transaction, &detail.to_string(), now).await?;
            let act = "looked_through";
            store::audit::append(&transaction, actor, act, "retention", &detail, now).await?;
            transaction.commit().await?;
        }
        Ok(looked)
    }

    async fn look_at_persons(&self, look: Look, now: Timestamp) -> Result<u64, CasesError> {
        let mut opened = 0;
        let mut after = ContactId(0);
        loop {
            let page = store::retention::contacts(self.store(), after, AT_ONCE).await?;
            let Some(PersonRow { person: Person::Contact(last), .. }) = page.last() else { break };
            after = *last;
            opened += self.look_at_page(&page, look, now).await?;
        }
        let mut after = AddressId(0);
        loop {
            let page = store::retention::strangers(self.store(), after, AT_ONCE).await?;
            let Some(PersonRow { person: Person::Address(last), .. }) = page.last() else { break };
            after = *last;
            opened += self.look_at_page(&page, look, now).await?;
        }
        Ok(opened)
    }

    async fn look_at_page(
        &self,
        page: &[PersonRow],
        look: Look,
        now: Timestamp,
    ) -> Result<u64, CasesError> {
        let mut opened = 0;
        let zone = &self.parts.settings.zone;
        for row in page {
            if matches!(self.retention.due(&row.facts, now, zone), Due::Nothing(_)) {
                continue;
            }
            opened += match look {
                Look::Count => 1,
                Look::Act => u64::from(self.open_for(row.person, now).await?),
            };
        }
        Ok(opened)
    }

    /// Opens the ticket of one person, if they are still due.
    async fn open_for(&self, person: Person, now: Timestamp) -> Result<bool, CasesError> {
        let transaction = self.store().begin().await?;
        let Some(row) = store::retention::person(&transaction, person).await? else {
            return Ok(false);
        };
        let due = self.retention.due(&row.facts, now, &self.parts.settings.zone);
        let Due::Open { record, achieved_at } = due else { return Ok(false) };
        let contact = match person {
            Person::Contact(contact) => Some(contact),
            Person::Address(_) => None,
        };
        let regimes = self.regimes_for(&transaction, contact, None).await?;
        let events = Events { achieved_at: Some(achieved_at), ..Events::received(now) };
        let matter = OwnMatter {
            topic: Topic::Retention,
            contact,
            address: row.address,
            locale: row.locale.unwrap_or(self.parts.settings.locale),
            linked: row.last_ticket,
            request: RequestName::Achieved,
            events,
            regimes: &regimes,
            by: By::daemon(),
        };
        let opened = self.open_own_matter(&transaction, &matter, now).await?;
        let task = "plan_destruction";
        store::tasks::open(&transaction, task, Some(opened.ticket), None, record.name(), now)
            .await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn look_at_files(
        &self,
        record: Record,
        look: Look,
        now: Timestamp,
    ) -> Result<u64, CasesError> {
        let zone = &self.parts.settings.zone;
        let Some(before) = self.retention.prune_before(record, now, zone) else { return Ok(0) };
        let (mut pruned, mut after) = (0, SubmissionId(0));
        loop {
            let store = self.store();
            let page = match record {
                Record::RawMail => store::retention::raw_mail(store, before, after, AT_ONCE).await,
                _ => store::retention::noted_mail(store, before, after, AT_ONCE).await,
            }?;
            let Some(last) = page.last() else { return Ok(pruned) };
            after = last.submission;
            for file in &page {
                pruned += match (look, record) {
                    (Look::Count, _) => 1,
                    (Look::Act, Record::RawMail) => {
                        u64::from(self.prune_raw(file, before, now).await?)
                    }
                    (Look::Act, _) => u64::from(self.prune_noted(file, now).await?),
                };
            }
        }
    }

    /// The file goes first: a row that names a file which is gone is found again by the next look,
    /// a file that no row names by nobody.
    async fn prune_raw(
        &self,
        file: &OldFile,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<bool, CasesError> {
        if !store::retention::is_still_over(self.store(), file, before).await? {
            return Ok(false);
        }
        self.parts.vault.delete(file.object).await?;
        let transaction = self.store().begin().await?;
        let forgot = store::retention::forget_raw(&transaction, file).await?;
        self.note_pruned(transaction, Record::RawMail, file, now).await?;
        Ok(forgot)
    }

    async fn prune_noted(&self, file: &OldFile, now: Timestamp) -> Result<bool, CasesError> {
        self.parts.vault.delete(file.object).await?;
        if let Some(key) = file.vault_key {
            self.parts.vault.destroy_key(key).await?;
        }
        let transaction = self.store().begin().await?;
        let forgot = store::retention::forget_noted(&transaction, file).await?;
        self.note_pruned(transaction, Record::NotedMail, file, now).await?;
        Ok(forgot)
    }

    async fn note_pruned(
        &self,
        transaction: store::Transaction,
        record: Record,
        file: &OldFile,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let detail = serde_json::json!({ "record": record.name() });
        let subject = format!("submission:{}", file.submission);
        let actor = By::daemon().actor;
        store::audit::append(&transaction, actor, "pruned", &subject, &detail, now).await?;
        Ok(transaction.commit().await?)
    }

    async fn look_at_texts(
        &self,
        record: Record,
        look: Look,
        now: Timestamp,
    ) -> Result<u64, CasesError> {
        let what = match record {
            Record::Letters => Emptied::Letters,
            Record::DeliveryStatus => Emptied::DeliveryStatus,
            _ => Emptied::WebEvidence,
        };
        let zone = &self.parts.settings.zone;
        let Some(before) = self.retention.prune_before(record, now, zone) else { return Ok(0) };
        if look == Look::Count {
            return Ok(store::retention::to_empty(self.store(), what, before).await?);
        }
        let mut emptied = 0;
        loop {
            let transaction = self.store().begin().await?;
            let changed = store::retention::empty(&transaction, what, before, AT_ONCE).await?;
            transaction.commit().await?;
            emptied += changed;
            if changed == 0 {
                return Ok(emptied);
            }
        }
    }
}
