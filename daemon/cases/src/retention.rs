//! The nightly look: what is over is destroyed or gets its ticket, once for all nodes.
//!
//! Some rows at a time, each time in a transaction that asks again whether it may; a look that is
//! cut off anywhere is taken up by the next one. What a row named in the vault goes after its
//! commit: until then it stands written down as owed.

use std::time::Duration;

use domain::{
    Timestamp,
    ambient::random_bytes,
    clock::Events,
    ids::{AddressId, ContactId, SubmissionId},
    regime::RequestName,
    retention::{Due, Record, RetentionTable, is_look_due},
};
use serde::{Deserialize, Serialize};
use store::retention::{Emptied, OldFiles, Person, PersonRow, Topic};

use crate::{Cases, CasesError, own_matter::OwnMatter, requests::By};

/// Rows that are read, and changed by one transaction.
const AT_ONCE: u32 = 500;
/// One look at a time, among all nodes and commands; renewed as it goes on.
const LEASE: &str = "retention";
const LEASE_FOR: Duration = Duration::from_secs(120);
const RENEW_AFTER: Duration = Duration::from_secs(30);

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
    /// Letters to people of our own that were emptied.
    #[serde(default)]
    pub staff_letters: u64,
    /// Replies of mail servers that were emptied.
    pub delivery_status: u64,
    /// Entries of confirmed subscriptions that were emptied.
    pub web_evidence: u64,
}

/// The lease of a look that is going on.
struct Turn {
    owner: String,
    renewed_at: Timestamp,
}

/// Where the pages of persons begin.
const NOBODY: Person = Person::Contact(ContactId(0));

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
    /// [`CasesError`]; what was done until then stays done. [`CasesError::Refused`]
    /// (`retention_runs`) when another node took over meanwhile.
    pub async fn nightly_look(&self, owner: &str, hour: i8) -> Result<Option<Looked>, CasesError> {
        let (now, zone) = (self.parts.clock.now(), &self.parts.settings.zone);
        let is_due = |last: Option<store::retention::RunRow>| {
            is_look_due(last.map(|run| run.ran_at), now, hour, zone)
        };
        if !is_due(self.last_retention_look().await?) {
            return Ok(None);
        }
        let Some(mut turn) = self.begin_look(owner).await? else { return Ok(None) };
        // Another node may have looked between the question and the lease.
        let done = match is_due(self.last_retention_look().await?) {
            true => self.look_once(&mut turn, owner).await.map(Some),
            false => Ok(None),
        };
        store::leases::release(self.store(), LEASE, &turn.owner).await?;
        done
    }

    /// A look at once, by a person.
    ///
    /// # Errors
    /// [`CasesError::Refused`] (`retention_runs`) while another node looks, or when it took over.
    pub async fn look(&self, look: Look, actor: &str) -> Result<Looked, CasesError> {
        if look == Look::Count {
            return self.count_what_is_over().await;
        }
        // One person may look twice at once.
        let once: [u8; 8] = random_bytes(&*self.parts.entropy);
        let Some(mut turn) = self.begin_look(&format!("command/{}", hex::encode(once))).await?
        else {
            return Err(runs());
        };
        let done = self.look_once(&mut turn, actor).await;
        store::leases::release(self.store(), LEASE, &turn.owner).await?;
        done
    }

    async fn begin_look(&self, owner: &str) -> Result<Option<Turn>, CasesError> {
        let now = self.parts.clock.now();
        let is_ours = store::leases::hold(self.store(), LEASE, owner, LEASE_FOR, now).await?;
        Ok(is_ours.then(|| Turn { owner: owner.to_owned(), renewed_at: now }))
    }

    /// Renews the lease now and then; whoever lost it leaves the rest to the other.
    async fn go_on(&self, turn: &mut Turn) -> Result<(), CasesError> {
        let now = self.parts.clock.now();
        if now.duration_since(turn.renewed_at).unsigned_abs() < RENEW_AFTER {
            return Ok(());
        }
        if !store::leases::hold(self.store(), LEASE, &turn.owner, LEASE_FOR, now).await? {
            return Err(runs());
        }
        turn.renewed_at = now;
        Ok(())
    }

    async fn look_once(&self, turn: &mut Turn, actor: &str) -> Result<Looked, CasesError> {
        let now = self.parts.clock.now();
        // What a look that was cut off left to the vault.
        self.pay_vault(turn).await?;
        let looked = Looked {
            tickets: self.look_at_persons(turn, now).await?,
            raw_mail: self.forget_files(OldFiles::Raw, turn, now).await?,
            noted_mail: self.forget_files(OldFiles::Noted, turn, now).await?,
            letters: self.empty(Emptied::Letters, turn, now).await?,
            staff_letters: self.empty(Emptied::StaffLetters, turn, now).await?,
            delivery_status: self.empty(Emptied::DeliveryStatus, turn, now).await?
                + self.empty(Emptied::AttemptStatus, turn, now).await?,
            web_evidence: self.empty(Emptied::WebEvidence, turn, now).await?,
        };
        self.pay_vault(turn).await?;
        let detail = serde_json::to_value(looked).map_err(|_| CasesError::Content)?;
        let transaction = self.store().begin().await?;
        store::retention::note_run(&transaction, &detail.to_string(), now).await?;
        let act = "looked_through";
        store::audit::append(&transaction, actor, act, "retention", &detail, now).await?;
        transaction.commit().await?;
        Ok(looked)
    }

    async fn count_what_is_over(&self) -> Result<Looked, CasesError> {
        let now = self.parts.clock.now();
        let mut tickets = 0;
        let mut from = NOBODY;
        loop {
            let page = self.page_of_persons(&mut from).await?;
            let Some(page) = page else { break };
            tickets += page.iter().filter(|row| self.is_over(row, now)).count() as u64;
        }
        Ok(Looked {
            tickets,
            raw_mail: self.count_files(OldFiles::Raw, now).await?,
            noted_mail: self.count_files(OldFiles::Noted, now).await?,
            letters: self.count_texts(Emptied::Letters, now).await?,
            staff_letters: self.count_texts(Emptied::StaffLetters, now).await?,
            delivery_status: self.count_texts(Emptied::DeliveryStatus, now).await?
                + self.count_texts(Emptied::AttemptStatus, now).await?,
            web_evidence: self.count_texts(Emptied::WebEvidence, now).await?,
        })
    }

    async fn look_at_persons(&self, turn: &mut Turn, now: Timestamp) -> Result<u64, CasesError> {
        let mut opened = 0;
        let mut from = NOBODY;
        while let Some(page) = self.page_of_persons(&mut from).await? {
            for row in page.iter().filter(|row| self.is_over(row, now)) {
                self.go_on(turn).await?;
                opened += u64::from(self.open_for(row.person, now).await?);
            }
        }
        Ok(opened)
    }

    /// The next page of persons: contacts first, then addresses that no contact has.
    async fn page_of_persons(
        &self,
        from: &mut Person,
    ) -> Result<Option<Vec<PersonRow>>, CasesError> {
        if let Person::Contact(after) = *from {
            let page = store::retention::contacts(self.store(), after, AT_ONCE).await?;
            if let Some(last) = page.last() {
                *from = last.person;
                return Ok(Some(page));
            }
            *from = Person::Address(AddressId(0));
        }
        let Person::Address(after) = *from else { return Ok(None) };
        let page = store::retention::strangers(self.store(), after, AT_ONCE).await?;
        let Some(last) = page.last() else { return Ok(None) };
        *from = last.person;
        Ok(Some(page))
    }

    fn is_over(&self, row: &PersonRow, now: Timestamp) -> bool {
        let due = self.retention.due(&row.facts, now, &self.parts.settings.zone);
        matches!(due, Due::Open { .. })
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

    fn before(&self, record: Record, now: Timestamp) -> Option<Timestamp> {
        self.retention.prune_before(record, now, &self.parts.settings.zone)
    }

    async fn count_files(&self, which: OldFiles, now: Timestamp) -> Result<u64, CasesError> {
        match self.before(record_of_files(which), now) {
            Some(before) => Ok(store::retention::old_files(self.store(), which, before).await?),
            None => Ok(0),
        }
    }

    async fn count_texts(&self, what: Emptied, now: Timestamp) -> Result<u64, CasesError> {
        match self.before(record_of_texts(what), now) {
            Some(before) => Ok(store::retention::to_empty(self.store(), what, before).await?),
            None => Ok(0),
        }
    }

    async fn forget_files(
        &self,
        which: OldFiles,
        turn: &mut Turn,
        now: Timestamp,
    ) -> Result<u64, CasesError> {
        let record = record_of_files(which);
        let Some(before) = self.before(record, now) else { return Ok(0) };
        let (mut forgotten, mut after) = (0, SubmissionId(0));
        loop {
            self.go_on(turn).await?;
            let transaction = self.store().begin().await?;
            let page = (after, AT_ONCE);
            let ids =
                store::retention::forget_files(&transaction, which, before, page, now).await?;
            let Some(last) = ids.last() else { return Ok(forgotten) };
            after = *last;
            let detail = serde_json::json!({ "record": record.name() });
            for id in &ids {
                let subject = format!("submission:{id}");
                let actor = By::daemon().actor;
                store::audit::append(&transaction, actor, "pruned", &subject, &detail, now).await?;
            }
            transaction.commit().await?;
            forgotten += ids.len() as u64;
            self.pay_vault(turn).await?;
        }
    }

    /// Destroys in the vault what no row names any more. A debt stays until that is done.
    async fn pay_vault(&self, turn: &mut Turn) -> Result<(), CasesError> {
        loop {
            let debts = store::retention::vault_debts(self.store(), AT_ONCE).await?;
            if debts.is_empty() {
                return Ok(());
            }
            for debt in &debts {
                self.go_on(turn).await?;
                if let Some(object) = debt.object {
                    self.parts.vault.delete(object).await?;
                }
                if let Some(key) = debt.key {
                    self.parts.vault.destroy_key(key).await?;
                }
            }
            let transaction = self.store().begin().await?;
            store::retention::settle_debts(&transaction, &debts).await?;
            transaction.commit().await?;
        }
    }

    async fn empty(
        &self,
        what: Emptied,
        turn: &mut Turn,
        now: Timestamp,
    ) -> Result<u64, CasesError> {
        let Some(before) = self.before(record_of_texts(what), now) else { return Ok(0) };
        let (mut emptied, mut after) = (0, 0);
        loop {
            self.go_on(turn).await?;
            let transaction = self.store().begin().await?;
            let page = (after, AT_ONCE);
            let done = store::retention::empty(&transaction, what, before, page, now).await?;
            transaction.commit().await?;
            let Some((changed, last)) = done else { return Ok(emptied) };
            emptied += changed;
            after = last;
        }
    }
}

fn record_of_files(which: OldFiles) -> Record {
    match which {
        OldFiles::Raw => Record::RawMail,
        OldFiles::Noted => Record::NotedMail,
    }
}

fn record_of_texts(what: Emptied) -> Record {
    match what {
        Emptied::Letters => Record::Letters,
        Emptied::StaffLetters => Record::StaffLetters,
        Emptied::DeliveryStatus | Emptied::AttemptStatus => Record::DeliveryStatus,
        Emptied::WebEvidence => Record::WebEvidence,
    }
}

fn runs() -> CasesError {
    let reason = "another node looks through what is kept; wait until it has ended";
    crate::requests::refused("retention_runs", reason)
}
