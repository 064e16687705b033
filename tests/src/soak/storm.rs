//! A storm of stops during a run at full speed: no START later than one second after its commit.
//!
//! A first issue gives every reader a token; the second is the run. While it runs, people whose
//! mail has not left yet stop it in one of four ways, and the campaign is paused and resumed. A
//! mail begins when the relay reads its `MAIL FROM`, and START is before that; a stop is
//! committed after it was asked for, and after the time that stands in its row was taken. So what
//! is measured is never less than the true delay. PostgreSQL tells commits exactly. On SQLite a
//! pause may wait long for the one writer: it is printed from the time in its row, and judged from
//! the end of its command, which is the one thing that is surely behind the commit.

mod clock;
mod commits;
mod delays;
mod stopping;

use std::{fmt, fs, thread, time::Duration};

use anyhow::{Context as _, Result, ensure};
use tokio::time::Instant;

use super::{Database, LIST, Press, address};
use crate::{
    ambient::SeededEntropy,
    daemon::Daemon,
    newsroom::{Draft, Report},
    wait::{wait_for, wait_until},
};
use commits::Commits;
pub use delays::Delays;
use stopping::{Pause, Stop, Stops, Way};

const FIRST: (&str, &str) = ("first", "The first issue");
const RUN: (&str, &str) = ("run", "The run");
/// RULES §1.7 and invariant 7.
const BOUND: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(600);
/// What may be warned of.
const EXPLAINED: [&str; 0] = [];

/// A soak.
#[derive(Debug, Clone, Copy)]
pub struct Storm {
    /// How many stops.
    pub stops: usize,
    /// Of everything random.
    pub seed: u64,
    /// The database.
    pub database: Database,
    /// How many daemons share it.
    pub nodes: usize,
    /// How many readers.
    pub recipients: usize,
    /// How long the relay thinks over each mail; zero is full speed.
    pub thinking: Duration,
}

/// What was measured.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// How many stops of each way, as `(way, stops)`.
    pub ways: Vec<(&'static str, usize)>,
    /// How long the run took, pauses included.
    pub took: Duration,
    /// Mails that left before their person had asked.
    pub before: usize,
    /// Persons who got nothing.
    pub nothing: usize,
    /// Mails that left after their stop: how long after.
    pub after: Delays,
    /// Mails that left while the campaign was being paused: how long after.
    pub paused: Delays,
    /// How long pauses waited for their commit (PostgreSQL).
    pub waited: Delays,
    /// The longest that a mail surely left after the commit of a pause.
    surely_late: Duration,
    accepted: usize,
    withheld: i64,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.took.as_secs_f64();
        writeln!(
            f,
            "run: {} mails accepted, {} withheld, {seconds:.1} s",
            self.accepted, self.withheld
        )?;
        for (way, stops) in &self.ways {
            writeln!(f, "  {stops} by {way}")?;
        }
        writeln!(
            f,
            "of the persons who stopped: {} got their mail before, {} got nothing",
            self.before, self.nothing
        )?;
        writeln!(f, "mails after the stop of their person: {}", self.after)?;
        writeln!(
            f,
            "mails after the time in the row of a pause (SQLite) or its commit: {}",
            self.paused
        )?;
        let late = self.surely_late.as_secs_f64() * 1_000.0;
        writeln!(
            f,
            "the last mail left {late:.1} ms after a pause was surely committed, at the most"
        )?;
        write!(f, "pauses that waited for their commit: {}", self.waited)
    }
}

/// Runs a soak and measures.
///
/// # Errors
/// The first thing that is wrong, a START later than the bound among them.
pub fn run(plan: Storm) -> Result<Outcome> {
    let press = Press::open(plan.database, plan.nodes, plan.recipients)?;
    let place = press.path().display().to_string();
    weather(plan, &press).context(place)
}

fn weather(plan: Storm, press: &Press) -> Result<Outcome> {
    let mut daemons = Vec::new();
    for home in &press.homes {
        daemons.push(home.run()?);
    }
    issue(press, FIRST)?;
    finished(press, FIRST.0)?;
    ensure!(
        press.sink.count(FIRST.1) == plan.recipients,
        "the first issue did not reach everybody"
    );
    println!("the first issue is sent");

    let stops = Stops::new(press, plan, SeededEntropy::new(plan.seed))?;
    press.sink.think(plan.thinking);
    issue(press, RUN)?;
    wait_until("the run has begun", PATIENCE, || Ok(press.sink.count(RUN.1) > 0))?;
    let began = Instant::now();
    stops.rage()?;
    let report = finished(press, RUN.0)?;
    let took = began.elapsed();
    wait_until("every letter is filed", PATIENCE, || {
        Ok(fs::read_dir(press.mailbox.join("new"))?.count() == 0)
    })?;
    stop_all(&mut daemons)?;

    let (stopped, pauses) = stops.all();
    let mut outcome = Outcome { took, ..Outcome::default() };
    outcome.count(press, plan, &stopped, &report)?;
    let commits = Commits::read(press)?;
    outcome.measure(press, &stopped, &commits)?;
    outcome.measure_pauses(press, &pauses, &commits)?;
    println!("{outcome}");
    ensure!(
        outcome.after.largest() <= BOUND,
        "a mail was started later than one second after its stop"
    );
    ensure!(outcome.surely_late <= BOUND, "a mail was started later than one second after a pause");
    press.homes[0].say(&["audit", "verify"])?;
    press.check_logs(&EXPLAINED)?;
    Ok(outcome)
}

fn issue(press: &Press, (name, subject): (&str, &str)) -> Result<()> {
    press.newsroom().send(&Draft { subject, ..Draft::to(name, &[LIST]) })
}

fn stop_all(daemons: &mut [Daemon]) -> Result<()> {
    daemons.iter_mut().try_for_each(Daemon::stop)
}

/// Waits for the end of a campaign; the sums are looked at on the way.
fn finished(press: &Press, name: &str) -> Result<Report> {
    let mut last = None;
    let report = wait_for("the campaign is finished", PATIENCE, || {
        thread::sleep(Duration::from_millis(200));
        let report = press.newsroom().report(name)?;
        let is_finished = report.state() == "finished";
        last = Some(report.clone());
        Ok(is_finished.then_some(report))
    });
    report.with_context(|| format!("the last numbers: {last:#?}"))
}

impl Outcome {
    /// Everybody got the mail once, but those who stopped: they got it once or not at all.
    fn count(
        &mut self,
        press: &Press,
        plan: Storm,
        stopped: &[Stop],
        report: &Report,
    ) -> Result<()> {
        for way in Way::ALL {
            let stops = stopped.iter().filter(|stop| stop.way == way).count();
            self.ways.push((way.name(), stops));
        }
        let taken = press.sink.taken(RUN.1);
        ensure!(taken.values().all(|mails| mails.len() == 1), "somebody got the mail twice");
        self.nothing =
            stopped.iter().filter(|stop| !taken.contains_key(&address(stop.person))).count();
        self.accepted = taken.len();
        self.withheld = report.all_withheld()?;
        let all = self.accepted + self.nothing;
        ensure!(
            all == plan.recipients,
            "somebody who did not stop got no mail: {all} of {}",
            plan.recipients
        );
        ensure!(
            report.count("accepted") == i64::try_from(self.accepted)?,
            "the report counts other mails"
        );
        ensure!(self.withheld == i64::try_from(self.nothing)?, "the report withheld other mails");
        Ok(())
    }

    fn measure(&mut self, press: &Press, stopped: &[Stop], commits: &Commits) -> Result<()> {
        let taken = press.sink.taken(RUN.1);
        for stop in stopped {
            let Some(arrival) = taken.get(&address(stop.person)).and_then(|mails| mails.first())
            else {
                continue;
            };
            let begun_at = arrival.begun_at;
            let after = begun_at.saturating_duration_since(stop.asked_at);
            let is_looked_up = press.postgres.is_some() || stop.way.is_slow() || after > BOUND;
            let from = if after > Duration::ZERO && is_looked_up {
                commits.of(press, stop)?
            } else {
                stop.asked_at
            };
            if begun_at <= from {
                self.before += 1;
            } else {
                self.after.note(begun_at - from);
            }
        }
        Ok(())
    }

    /// What left while the campaign was being paused, and nothing while it stood.
    fn measure_pauses(&mut self, press: &Press, pauses: &[Pause], commits: &Commits) -> Result<()> {
        self.ways.push(("pause and resume", pauses.len()));
        let begun: Vec<Instant> =
            press.sink.taken(RUN.1).values().flatten().map(|arrival| arrival.begun_at).collect();
        for (pause, committed_at) in pauses.iter().zip(commits.of_pauses(press, pauses)?) {
            let stood = committed_at..pause.resumed_at;
            for at in begun.iter().filter(|at| stood.contains(*at)) {
                self.paused.note(*at - committed_at);
            }
            self.waited.note(committed_at - pause.written_at);
            // On SQLite the pause may have waited long for the one writer; what is sure of its
            // commit is that the command had not ended before.
            let sure = if press.postgres.is_some() { committed_at } else { pause.answered_at };
            let last = begun.iter().filter(|at| **at < pause.resumed_at).max();
            let late = last.map(|at| at.saturating_duration_since(sure)).unwrap_or_default();
            self.surely_late = self.surely_late.max(late);
        }
        Ok(())
    }
}
