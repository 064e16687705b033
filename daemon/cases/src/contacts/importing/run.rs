//! The chunks of one import: each held against what is known and written in one transaction; or,
//! in a dry run, only counted.

use std::{
    collections::{BTreeMap, HashSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
};

use domain::{
    Timestamp,
    ids::{ContactId, ImportId, SubscriptionId},
};
use jiff::tz::TimeZone;
use serde_json::json;
use store::{
    StoreError, Transaction,
    imports::{AddressFacts, Asked, ContactFacts, ImportList, NewImport, Pace, StandingFacts},
};

use super::{ImportError, ImportOrder};
use crate::{
    Cases, CasesError,
    contacts::{
        counts::Counts,
        planning::{Defaults, addresses_of, plan},
        reading::Opened,
        row::ImportRow,
    },
};

/// How often a chunk is tried that others disturb.
const TRIES: u32 = 6;

/// Addresses that a dry run remembers, to know them when they come again.
const REMEMBERED: usize = 2_000_000;

/// One import at work.
pub(super) struct Run<'a> {
    cases: &'a Cases,
    actor: &'a str,
    lists: Arc<BTreeMap<String, ImportList>>,
    pub(super) import: ImportId,
    /// The counts as its row has them.
    said: String,
    /// Of a dry run: the addresses that came by, as hashes.
    seen: HashSet<u64>,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        cases: &'a Cases,
        actor: &'a str,
        lists: Arc<BTreeMap<String, ImportList>>,
    ) -> Self {
        Self { cases, actor, lists, import: ImportId(0), said: String::new(), seen: HashSet::new() }
    }
}

impl Run<'_> {
    /// Takes up an unfinished run of the same kind, or begins one.
    pub(super) async fn begin(
        &mut self,
        order: &ImportOrder,
        opened: &Opened,
        zone: &TimeZone,
    ) -> Result<Counts, ImportError> {
        let mapping = json!({
            "columns": opened.mapping.to_json(),
            "encoding": opened.survey.encoding.name(),
            "delimiter": char::from(opened.delimiter).to_string(),
            "list": order.list,
            "zone": zone.iana_name(),
            "text_version": order.text_version,
        });
        let mapping = mapping.to_string();
        let list = order.list.as_ref().and_then(|list| self.lists.get(list)).map(|list| list.id);
        let file_sha256 = opened.survey.sha256;
        let import = NewImport { actor: self.actor, file_sha256, mapping: &mapping, list };
        let store = self.cases.store();
        let now = self.cases.parts.clock.now();
        let transaction = store.begin().await?;
        store::imports::set_pace(&transaction, Pace::Bulk).await?;
        if let Some(row) = store::imports::unfinished(&transaction, &import).await? {
            self.import = row.id;
            let counts = serde_json::from_str(&row.counts).map_err(|_| CasesError::Content)?;
            self.said = row.counts;
            transaction.rollback().await?;
            return Ok(counts);
        }
        self.import = store::imports::begin(&transaction, &import, now).await?;
        self.said = "{}".to_owned();
        let detail = json!({ "file_sha256": hex::encode(file_sha256), "list": list });
        self.audit(&transaction, "import_started", &detail, now).await?;
        transaction.commit().await?;
        Ok(Counts::default())
    }

    async fn audit(
        &self,
        transaction: &Transaction,
        act: &str,
        detail: &serde_json::Value,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let subject = format!("import:{}", self.import);
        store::audit::append(transaction, self.actor, act, &subject, detail, now).await
    }

    /// Writes a chunk; tries again when another transaction came between.
    pub(super) async fn write(
        &mut self,
        rows: Vec<ImportRow>,
        counts: Counts,
    ) -> Result<Counts, ImportError> {
        let asked = addresses_of(&rows);
        let mut tries = 0;
        loop {
            tries += 1;
            let again = match self.try_write(&rows, &asked, counts.clone()).await {
                Ok(Some(counts)) => return Ok(counts),
                Ok(None) => None,
                Err(error @ StoreError::Duplicate { .. }) => Some(error),
                Err(error) if error.is_passing() => Some(error),
                Err(error) => return Err(error.into()),
            };
            if tries >= TRIES {
                let conflict = StoreError::Conflict { what: "the chunk" };
                return Err(again.unwrap_or(conflict).into());
            }
        }
    }

    /// One try; `None` when a stop for one of its addresses came between facts and commit.
    async fn try_write(
        &mut self,
        rows: &[ImportRow],
        asked: &[Asked],
        counts: Counts,
    ) -> Result<Option<Counts>, StoreError> {
        let now = self.cases.parts.clock.now();
        // A power cut may take the last chunks back: each takes its cursor with it, so they are
        // simply imported again. What ends the run is durable, and with it all before.
        let transaction = self.cases.store().begin_repeatable().await?;
        let stop = store::imports::last_stop(&transaction).await?;
        store::imports::lock(&transaction, asked).await?;
        let facts = store::imports::facts(&transaction, asked, now).await?;
        let stops: Vec<Stops> = facts.iter().map(Stops::of).collect();
        let (writes, counts) = plan(rows, asked, facts, &self.lists, &self.defaults(), counts);
        store::imports::write(&transaction, writes, self.import, self.actor, now).await?;
        let said = serde_json::to_string(&counts)
            .map_err(|_| StoreError::Defect("counts cannot be written".into()))?;
        store::imports::advance(&transaction, self.import, &self.said, &said).await?;
        // No stop can commit from here on until this chunk has.
        if store::imports::last_stop_held(&transaction).await? != stop {
            let facts = store::imports::facts(&transaction, asked, now).await?;
            if facts.iter().map(Stops::of).ne(stops) {
                transaction.rollback().await?;
                return Ok(None);
            }
        }
        transaction.commit().await?;
        self.said = said;
        Ok(Some(counts))
    }

    fn defaults(&self) -> Defaults {
        let settings = self.cases.settings();
        Defaults {
            locale: settings.locale.code().to_owned(),
            zone: settings.zone.iana_name().unwrap_or("UTC").to_owned(),
        }
    }

    /// What a chunk would do. Addresses that came by before count as found, though nothing was
    /// written; of the first two million.
    pub(super) async fn rehearse(
        &mut self,
        rows: Vec<ImportRow>,
        counts: Counts,
    ) -> Result<Counts, ImportError> {
        let now = self.cases.parts.clock.now();
        let asked = addresses_of(&rows);
        let mut facts = store::imports::facts(self.cases.store(), &asked, now).await?;
        for (one, facts) in asked.iter().zip(&mut facts) {
            let mut hasher = DefaultHasher::new();
            one.exact_key.hash(&mut hasher);
            let hash = hasher.finish();
            let came_by = self.seen.contains(&hash);
            if !came_by && self.seen.len() < REMEMBERED {
                self.seen.insert(hash);
            }
            if came_by && facts.contacts.is_empty() {
                pretend_found(facts, &self.lists);
            }
        }
        let (_, counts) = plan(&rows, &asked, facts, &self.lists, &self.defaults(), counts);
        Ok(counts)
    }

    pub(super) async fn finish(&self, counts: &Counts) -> Result<(), ImportError> {
        let now = self.cases.parts.clock.now();
        let transaction = self.cases.store().begin().await?;
        store::imports::finish(&transaction, self.import, now).await?;
        store::imports::set_pace(&transaction, Pace::Usual).await?;
        let detail = serde_json::to_value(counts).map_err(|_| CasesError::Content)?;
        self.audit(&transaction, "imported", &detail, now).await?;
        transaction.commit().await?;
        if counts.contacts_made > 10_000 {
            let transaction = self.cases.store().begin().await?;
            store::imports::refresh_statistics(&transaction).await?;
            transaction.commit().await?;
        }
        Ok(())
    }
}

/// The stops that hold for one address, to see whether one came.
#[derive(PartialEq)]
struct Stops {
    suppressions: usize,
    blocks: usize,
    withdrawals: usize,
    left: usize,
}

impl Stops {
    fn of(facts: &AddressFacts) -> Self {
        let left = facts.standings.iter().filter(|standing| standing.state == "unsubscribed");
        Self {
            suppressions: facts.suppressions.len(),
            blocks: facts.blocks.len(),
            withdrawals: facts.events.iter().filter(|event| event.is_withdrawal).count(),
            left: left.count(),
        }
    }
}

fn pretend_found(facts: &mut AddressFacts, lists: &BTreeMap<String, ImportList>) {
    let contact = ContactId(0);
    facts.contacts.push(ContactFacts { id: contact, name: "?".to_owned(), phone: "?".to_owned() });
    facts.standings.extend(lists.values().map(|list| StandingFacts {
        id: SubscriptionId(0),
        list: list.id,
        contact: Some(contact),
        state: "confirmed".to_owned(),
    }));
}
