//! `contact import`: a file becomes contacts, in chunks of one transaction each.
//!
//! A killed import is run again: the run of the same person over the same file goes on behind
//! its last chunk, and rows that were done by another run are found and not doubled.

mod run;

use std::{collections::BTreeMap, io, path::PathBuf, sync::Arc};

use domain::ids::ImportId;
use jiff::tz::TimeZone;
use store::{StoreError, imports::ImportList};
use tokio::sync::mpsc;

use super::{
    attesting,
    counts::Counts,
    encoding,
    mapping::Column,
    papers::Papers,
    reading::{Chunk, Opened, Reading, open, read_all},
    row::RowError,
};
use crate::{Cases, CasesError};
use run::Run;

/// Rows in a chunk: large enough for speed, small enough that others may write in between.
pub const CHUNK_ROWS: usize = 8000;

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
    /// The version of the consent text of papers whose rows name none.
    pub text_version: Option<i64>,
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
            text_version: None,
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

impl ImportReport {
    fn of(opened: &Opened) -> Self {
        Self {
            import: None,
            counts: Counts::default(),
            encoding: opened.survey.encoding.name(),
            delimiter: char::from(opened.delimiter),
            unknown_columns: opened.mapping.unknown(),
        }
    }
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
        let mut report = ImportReport::of(&opened);
        news(ImportNews::Opened {
            encoding: report.encoding,
            delimiter: report.delimiter,
            unknown_columns: &report.unknown_columns,
        });
        let zone = order.zone.clone().unwrap_or_else(|| self.settings().zone.clone());
        let papers = self.papers(order).await?;
        let mut run = Run::new(self, actor, Arc::clone(&lists));
        if order.mode == Mode::Write {
            report.counts = run.begin(order, &opened, &zone).await?;
            report.import = Some(run.import);
        }
        let reading = Reading {
            lists,
            list: order.list.clone(),
            zone,
            papers,
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

    /// What papers refer to. A version that is said for all of them must be there.
    async fn papers(&self, order: &ImportOrder) -> Result<Papers, ImportError> {
        let papers = Papers::read(self.store(), self.settings().locale, order.text_version).await?;
        if let (Some(list), Some(version)) = (&order.list, order.text_version)
            && !papers.has(list, version)
        {
            return Err(attesting::no_text(list, Some(version)).into());
        }
        Ok(papers)
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
        if order.list.is_none() && opened.mapping.place(Column::List).is_none() {
            let text = "no list is named: say --list NAME, or map a column with --map list=HEADER";
            return Err(ImportError::WrongUse(text.to_owned()));
        }
        Ok(opened)
    }
}
