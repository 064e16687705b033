//! When stops were committed: PostgreSQL tells it exactly; where SQLite is, the row's own time,
//! taken before the commit, stands for it.

use std::collections::HashMap;

use anyhow::{Context as _, Result, ensure};
use domain::Timestamp;
use tokio::time::Instant;

use super::{
    clock::instant_of,
    stopping::{Pause, Stop},
};
use crate::soak::{DATABASE, Press, address};

/// The commits that the database tells.
#[derive(Debug, Default)]
pub(super) struct Commits {
    /// The first stop of each person.
    of_people: HashMap<usize, Instant>,
    /// In their order.
    of_pauses: Vec<Instant>,
}

impl Commits {
    pub(super) fn read(press: &Press) -> Result<Self> {
        let mut commits = Self::default();
        let Some(postgres) = &press.postgres else { return Ok(commits) };
        let sql = "SELECT s.act, COALESCE(c.name, ''), \
                   (EXTRACT(EPOCH FROM pg_xact_commit_timestamp(s.xmin)) * 1000000)::bigint \
                   FROM stop AS s LEFT JOIN contact AS c ON c.id = s.contact_id ORDER BY s.number";
        for line in postgres.execute(DATABASE, sql)?.lines() {
            let mut cells = line.split('|');
            let mut cell = || cells.next().context("a stop without a cell");
            let (act, name, micros) = (cell()?, cell()?, cell()?.parse()?);
            let at = instant_of(Timestamp::from_microsecond(micros)?)?;
            if act == "pause" {
                commits.of_pauses.push(at);
            } else if let Some(person) = name.rsplit(' ').next().and_then(|n| n.parse().ok()) {
                commits.of_people.entry(person).or_insert(at);
            }
        }
        Ok(commits)
    }

    /// When a person's stop was committed, or a little before.
    pub(super) fn of(&self, press: &Press, stop: &Stop) -> Result<Instant> {
        if press.postgres.is_none() {
            return written_at(press, stop);
        }
        let at = self.of_people.get(&stop.person);
        at.copied().with_context(|| format!("a stop by {} has no row", stop.way.name()))
    }

    /// When each pause was committed, or a little before.
    pub(super) fn of_pauses(&self, press: &Press, pauses: &[Pause]) -> Result<Vec<Instant>> {
        if press.postgres.is_none() {
            return Ok(pauses.iter().map(|pause| pause.written_at).collect());
        }
        ensure!(self.of_pauses.len() == pauses.len(), "a pause has no row");
        Ok(self.of_pauses.clone())
    }
}

/// When the product wrote a stop down: the time in the row.
fn written_at(press: &Press, stop: &Stop) -> Result<Instant> {
    let mut latest = None;
    for one in press.newsroom().timeline(&address(stop.person))? {
        let is_stop = match one["what"].as_str().unwrap_or_default() {
            "block" | "suppression" => true,
            "consent" => one["words"]["act"] == "withdrawn",
            _ => false,
        };
        if is_stop {
            let at: Timestamp = one["at"].as_str().context("no time")?.parse()?;
            latest = latest.max(Some(at));
        }
    }
    let at = latest.with_context(|| format!("a stop by {} left no trace", stop.way.name()))?;
    instant_of(at)
}
