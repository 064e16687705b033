//! `contact import`: a file becomes contacts, in chunks of one transaction each.
//!
//! A killed import is run again: the run of the same person over the same file goes on behind
//! its last chunk, and rows that were done by another run are found and not doubled.

use std::{
    collections::{BTreeMap, HashSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io,
    path::PathBuf,
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
    imports::{AddressFacts, Asked, ContactFacts, ImportList, NewImport, StandingFacts},
};
use tokio::sync::mpsc;

use super::{
    counts::Counts,
    encoding,
    planning::{Defaults, addresses_of, plan},
    reading::{Chunk, Opened, Reading, open, read_all},
    row::{ImportRow, RowError},
};
use crate::{Cases, CasesError};

/// Rows in a chunk: large enough for speed, small enough that others may write in between.
pub const CHUNK_ROWS: usize = 4000;

/// How often a chunk is tried that others disturb.
const TRIES: u32 = 6;

/// Addresses that a dry run remembers, to know them when they come again.
const REMEMBERED: usize = 2_000_000;

/// Whether anything is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Everything.
    Write,
    /// Nothing: the counts tell what would be.
    DryRun,
}

/// What is to be imported, and how it is read.
#[derive(Debug, Clone)]
pub struct ImportOrder {
    /// The file.
    pub file: PathBuf,
    /// The list of rows that name none.
    pub list: Option<String>,
    /// Field to header, where the header does not tell by itself.
    pub map: Vec<(String, String)>,
    /// The encoding; guessed when not said.
    pub encoding: Option<String>,
    /// What separates fields; sniffed when not said.
    pub delimiter: Option<u8>,
    /// The zone of times that name none; the organisation's when not said.
    pub zone: Option<TimeZone>,
    /// Whether anything is written.
    pub mode: Mode,
    /// Rows in a chunk, at least 1.
    pub chunk_rows: usize,
}

impl ImportOrder {
    /// A file read and written in the usual way.
    #[must_use]
    pub fn new(file: impl Into<PathBuf>, list: Option<&str>) -> Self {
        Self {
            file: file.into(),
            list: list.map(str::to_owned),
            map: Vec::new(),
            encoding: None,
            delimiter: None,
            zone: None,
            mode: Mode::Write,
            chunk_rows: CHUNK_ROWS,
        }
    }
}

/// What is told on the way.
#[derive(Debug)]
pub enum ImportNews<'a> {
    /// How the file is read.
    Opened {
        /// Its encoding.
        encoding: &'static str,
        /// What separates its fields.
        delimiter: char,
        /// The headers that mean nothing to us.
        unknown_columns: &'a [String],
    },
    /// A row is refused.
    Refused(&'a RowError),
    /// A chunk is done.
    Chunk(&'a Counts),
}

/// How an import ended.
#[derive(Debug, Clone)]
pub struct ImportReport {
    /// Its number; none for a dry run.
    pub import: Option<ImportId>,
    /// What became of the rows.
    pub counts: Counts,
    /// The encoding it was read in.
    pub encoding: &'static str,
    /// What separates its fields.
    pub delimiter: char,
    /// The headers that mean nothing to us; their values stand in the evidence alone.
    pub unknown_columns: Vec<String>,
}

/// Why an import cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The order or the header is wrong.
    #[error("{0}")]
    WrongUse(String),
    /// The file cannot be read.
    #[error("cannot read the file: {0}; check its name and rights")]
    Unreadable(#[from] io::Error),
    /// The database or a rule said no.
    #[error(transparent)]
    Cases(#[from] CasesError),
}

impl From<StoreError> for ImportError {
    fn from(error: StoreError) -> Self {
        Self::Cases(error.into())
    }
}

impl Cases {
    /// Imports a file on behalf of `actor`; may be dropped at any await and run again.
    ///
    /// # Errors
    /// [`ImportError`]; what was committed stays, and the same call goes on behind it.
    pub async fn import_contacts(
        &self,
        order: &ImportOrder,
        actor: &str,
        news: &mut (dyn FnMut(ImportNews<'_>) + Send),
    ) -> Result<ImportReport, ImportError> {
        let lists = Arc::new(store::imports::lists(self.store()).await?);
        let opened = self.open_file(order, &lists).await?;
        let mut report = ImportReport {
            import: None,
            counts: Counts::default(),
            encoding: opened.survey.encoding.name(),
            delimiter: char::from(opened.delimiter),
            unknown_columns: opened.mapping.unknown(),
        };
        news(ImportNews::Opened {
            encoding: report.encoding,
            delimiter: report.delimiter,
            unknown_columns: &report.unknown_columns,
        });
        let zone = order.zone.clone().unwrap_or_else(|| self.settings().zone.clone());
        let mut run = Run {
            cases: self,
            actor,
            lists: Arc::clone(&lists),
            import: ImportId(0),
            said: String::new(),
            seen: HashSet::new(),
        };
        if order.mode == Mode::Write {
            report.counts = run.begin(order, &opened, &zone).await?;
            report.import = Some(run.import);
        }
        let reading = Reading {
            lists,
            list: order.list.clone(),
            zone,
            digests: Arc::clone(&self.parts.digests),
            import: run.import.0,
            now: self.parts.clock.now(),
            chunk_rows: order.chunk_rows.max(1),
            done: report.counts.rows,
        };
        let (sender, mut chunks) = mpsc::channel(1);
        let reader = tokio::task::spawn_blocking(move || read_all(opened, &reading, &sender));
        while let Some(chunk) = chunks.recv().await {
            let Chunk { rows, errors } = chunk?;
            for error in &errors {
                news(ImportNews::Refused(error));
                report.counts.refuse(error.fault.name());
            }
            report.counts = match order.mode {
                Mode::Write => run.write(rows, report.counts).await?,
                Mode::DryRun => run.rehearse(rows, report.counts).await?,
            };
            news(ImportNews::Chunk(&report.counts));
        }
        if reader.await.is_err() {
            return Err(ImportError::Unreadable(io::Error::other("the reading thread broke")));
        }
        if order.mode == Mode::Write {
            run.finish(&report.counts).await?;
        }
        Ok(report)
    }

    async fn open_file(
        &self,
        order: &ImportOrder,
        lists: &BTreeMap<String, ImportList>,
    ) -> Result<Opened, ImportError> {
        if let Some(list) = order.list.as_ref().filter(|list| !lists.contains_key(*list)) {
            return Err(CasesError::NotFound { what: "list", id: list.clone() }.into());
        }
        let encoding = match &order.encoding {
            None => None,
            Some(name) => Some(encoding::by_name(name).ok_or_else(|| {
                let known = "utf-8, utf-16le, windows-1251, koi8-r, ibm866";
                ImportError::WrongUse(format!("unknown encoding; known are {known} and the like"))
            })?),
        };
        let (path, delimiter, map) = (order.file.clone(), order.delimiter, order.map.clone());
        let opening = move || open(&path, encoding, delimiter, &map);
        let opened = tokio::task::spawn_blocking(opening)
            .await
            .map_err(|_| io::Error::other("the reading thread broke"))??;
        if order.list.is_none() && opened.mapping.place(super::mapping::Column::List).is_none() {
            let text = "no list is named: say --list NAME, or map a column with --map list=HEADER";
            return Err(ImportError::WrongUse(text.to_owned()));
        }
        Ok(opened)
    }
}

/// One import at work.
struct Run<'a> {
    cases: &'a Cases,
    actor: &'a str,
    lists: Arc<BTreeMap<String, ImportList>>,
    import: ImportId,
    /// The counts as its row has them.
    said: String,
    /// Of a dry run: the addresses that came by, as hashes.
    seen: HashSet<u64>,
}

impl Run<'_> {
    /// Takes up an unfinished run of the same kind, or begins one.
    async fn begin(
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
        });
        let mapping = mapping.to_string();
        let list = order.list.as_ref().and_then(|list| self.lists.get(list)).map(|list| list.id);
        let file_sha256 = opened.survey.sha256;
        let import = NewImport { actor: self.actor, file_sha256, mapping: &mapping, list };
        let store = self.cases.store();
        let now = self.cases.parts.clock.now();
        let transaction = store.begin().await?;
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
    async fn write(&mut self, rows: Vec<ImportRow>, counts: Counts) -> Result<Counts, ImportError> {
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
        let transaction = self.cases.store().begin().await?;
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
    async fn rehearse(
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

    async fn finish(&self, counts: &Counts) -> Result<(), ImportError> {
        let now = self.cases.parts.clock.now();
        let transaction = self.cases.store().begin().await?;
        store::imports::finish(&transaction, self.import, now).await?;
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
