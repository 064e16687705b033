//! kill -9 at random moments of a campaign's run, then count: no mail twice, none lost unseen.
//!
//! The relay thinks over each mail, as long as it takes for the run to outlast the kills. After
//! each kill the sums must hold, and at most as many rows may have become uncertain as
//! connections were open. In the end each reader has the mail once, or the row says uncertain.

use std::{fmt, thread, time::Duration};

use anyhow::{Context as _, Result, ensure};

use super::{CONNECTIONS, Database, Press, address};
use crate::{
    ambient::SeededEntropy,
    daemon::Daemon,
    newsroom::{Draft, Report},
    wait::{wait_for, wait_until},
};

const CAMPAIGN: &str = "issue";
const SUBJECT: &str = "The issue";
/// For the last life: leases of the dead may have to run out, deferred mails have to come due.
const PATIENCE: Duration = Duration::from_secs(900);
/// The longest that a daemon leaves a relay alone that was in trouble.
const RELAY_RESTS: Duration = Duration::from_secs(90);
/// The longest that the relay thinks over one mail, in seconds.
const LONGEST_THOUGHT: f64 = 1.0;
/// What may be warned of, whoever is killed.
const EXPLAINED: [&str; 6] = [
    "uncertain",
    "lease",
    "mail waits: relay",
    "the database cannot be used",
    "wait for the database",
    "connection on-release",
];

/// What is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victim {
    /// One of the daemons.
    Daemon,
    /// PostgreSQL: kill -9, or an administrator's restart.
    Database,
    /// The relay with all its connections.
    Relay,
}

/// A soak.
#[derive(Debug, Clone)]
pub struct Kills {
    /// How many kills.
    pub kills: u64,
    /// Of everything random.
    pub seed: u64,
    /// The database.
    pub database: Database,
    /// How many daemons share it.
    pub nodes: usize,
    /// How many readers.
    pub recipients: usize,
    /// What is killed, each as often as the others.
    pub victims: Vec<Victim>,
    /// The longest time between two kills.
    pub longest_life: Duration,
}

/// What was counted.
#[derive(Debug, Clone, Default)]
pub struct Count {
    kills: [u64; 3],
    /// Kills after which the campaign was not yet finished.
    in_the_run: u64,
    accepted: i64,
    uncertain: i64,
    arrived: usize,
    /// Uncertain ones that never arrived.
    lost: usize,
    /// The most rows that became uncertain between two kills.
    most_uncertain: i64,
    looks: u64,
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [daemons, databases, relays] = self.kills;
        write!(
            f,
            "killed: {daemons} daemons, {databases} databases, {relays} relays, {} of them in the run; \
             {} arrived once, 0 twice; {} accepted, {} uncertain ({} of them never arrived), at most {} \
             by one kill; the sums held in {} looks",
            self.in_the_run,
            self.arrived,
            self.accepted,
            self.uncertain,
            self.lost,
            self.most_uncertain,
            self.looks
        )
    }
}

struct Soak {
    plan: Kills,
    press: Press,
    daemons: Vec<Option<Daemon>>,
    random: SeededEntropy,
    count: Count,
    /// Rows that may be uncertain: the connections that were open at each kill.
    allowed: u64,
    /// How long the relay thinks over one mail, in seconds.
    thought: f64,
    /// Rows that are not settled, as far as is known.
    left: i64,
    /// Mails at the relay before the last life.
    sent_before: usize,
    /// Mails at the relay when it was killed, until the next kill.
    relay_died_at: Option<usize>,
}

/// Runs a soak and counts.
///
/// # Errors
/// The first thing that is wrong.
pub fn run(plan: &Kills) -> Result<Count> {
    let press = Press::open(plan.database, plan.nodes, plan.recipients)?;
    let place = press.path().to_owned();
    press.newsroom().send(&Draft { subject: SUBJECT, ..Draft::to(CAMPAIGN, &[super::LIST]) })?;
    let mut soak = Soak {
        daemons: (0..plan.nodes).map(|_| None).collect(),
        random: SeededEntropy::new(plan.seed),
        count: Count::default(),
        allowed: 0,
        thought: 0.0,
        left: i64::try_from(plan.recipients)?,
        sent_before: 0,
        relay_died_at: None,
        plan: plan.clone(),
        press,
    };
    soak.run().with_context(|| place.display().to_string())
}

impl Soak {
    fn run(&mut self) -> Result<Count> {
        for kill in 1..=self.plan.kills {
            self.pace(kill);
            self.start_all()?;
            self.live()?;
            let victim = self.plan.victims[self.below(self.plan.victims.len() as u64) as usize];
            self.kill(victim)?;
            self.look(victim)?;
            if kill % 20 == 0 {
                println!("{kill} kills, {} mails", self.press.sink.count(SUBJECT));
            }
        }
        self.settle()?;
        self.verify()?;
        Ok(self.count.clone())
    }

    fn below(&self, bound: u64) -> u64 {
        self.random.next() % bound
    }

    /// Lets the relay think so long that the mails that are left outlast the kills that are left:
    /// longer whenever a life sent more than its share.
    fn pace(&mut self, kill: u64) {
        let plan = &self.plan;
        let count = self.press.sink.count(SUBJECT);
        let left = self.left as f64;
        // Less than the share, so that some are left for the last life.
        let share = (left * 0.8 / (plan.kills - kill + 6) as f64).max(1.0);
        self.thought = if kill == 1 {
            let width = (CONNECTIONS * plan.nodes as u64) as f64;
            plan.longest_life.as_secs_f64() / 2.0 * width / share
        } else {
            let sent = (count - self.sent_before) as f64;
            self.thought * (sent / share).clamp(0.6, 2.0)
        };
        self.thought = self.thought.clamp(0.001, LONGEST_THOUGHT);
        self.sent_before = count;
        self.press.sink.think(Duration::from_secs_f64(self.thought));
    }

    fn start_all(&mut self) -> Result<()> {
        for (home, daemon) in self.press.homes.iter().zip(&mut self.daemons) {
            if let Some(running) = daemon
                && !running.is_running()?
            {
                // A database that is gone ends a daemon that has not come up yet; systemd starts
                // it again.
                let may = self.plan.victims.contains(&Victim::Database);
                ensure!(may, "a daemon died by itself:\n{}", running.log());
                *daemon = None;
            }
            if daemon.is_none() {
                *daemon = Some(home.launch(&[])?);
            }
        }
        Ok(())
    }

    /// A life of random length: every fourth is counted from the start of the daemon, so that
    /// some end before it is up, the others from the moment when it is ready.
    fn live(&mut self) -> Result<()> {
        if self.below(4) > 0 {
            for daemon in self.daemons.iter_mut().flatten() {
                daemon.wait_ready()?;
            }
        }
        // A relay in trouble is left alone for a while; the next kill is to find mails under way.
        if let Some(count) = self.relay_died_at.take() {
            let sink = &self.press.sink;
            wait_until("the relay is used again", RELAY_RESTS, || Ok(sink.count(SUBJECT) > count))?;
        }
        let longest = u64::try_from(self.plan.longest_life.as_millis())?;
        thread::sleep(Duration::from_millis(self.below(longest)));
        Ok(())
    }

    fn kill(&mut self, victim: Victim) -> Result<()> {
        let pause = Duration::from_millis(self.below(300));
        match victim {
            Victim::Daemon => {
                let number = self.below(self.plan.nodes as u64) as usize;
                if let Some(mut daemon) = self.daemons[number].take() {
                    daemon.kill()?;
                }
                self.allowed += CONNECTIONS;
                self.count.kills[0] += 1;
            }
            Victim::Database => {
                let is_sudden = self.below(2) == 0;
                let postgres = self.press.postgres.as_mut().context("SQLite is no process")?;
                if is_sudden {
                    postgres.kill()?
                } else {
                    postgres.stop()?
                }
                thread::sleep(pause);
                postgres.resume()?;
                self.count.kills[1] += 1;
            }
            Victim::Relay => {
                self.press.sink.die();
                thread::sleep(pause);
                self.press.sink.rise()?;
                self.relay_died_at = Some(self.press.sink.count(SUBJECT));
                self.allowed += CONNECTIONS * self.plan.nodes as u64;
                self.count.kills[2] += 1;
            }
        }
        Ok(())
    }

    /// The sums hold, and no more rows are uncertain than connections were open.
    fn look(&mut self, victim: Victim) -> Result<()> {
        let report = self.press.newsroom().report(CAMPAIGN)?;
        self.note(&report)?;
        let open = ["planned", "claimed", "deferred"].map(|state| report.count(state));
        if report.state() == "running" {
            self.left = open.iter().sum();
        }
        ensure!(
            report.state() != "finished",
            "the run was over before the last kill ({victim:?}): more readers are needed"
        );
        self.count.in_the_run += 1;
        Ok(())
    }

    fn note(&mut self, report: &Report) -> Result<()> {
        let uncertain = report.count("uncertain");
        let grown = uncertain - self.count.uncertain;
        self.count.uncertain = uncertain;
        self.count.most_uncertain = self.count.most_uncertain.max(grown);
        self.count.looks += 1;
        let allowed = i64::try_from(self.allowed)?;
        ensure!(uncertain <= allowed, "{uncertain} uncertain rows, {allowed} open connections");
        // A node settles its own last life alone; several may do it between two looks.
        let at_once = i64::try_from(CONNECTIONS * self.plan.nodes as u64)?;
        let relays = i64::from(self.plan.victims.contains(&Victim::Relay));
        ensure!(grown <= at_once * (1 + relays), "{grown} rows became uncertain by one kill");
        Ok(())
    }

    /// One last life without a kill: everything that can be sent is sent.
    fn settle(&mut self) -> Result<()> {
        self.press.sink.think(Duration::ZERO);
        self.start_all()?;
        for daemon in self.daemons.iter_mut().flatten() {
            daemon.wait_ready()?;
        }
        let mut last = None;
        let finished = wait_for("the campaign is finished", PATIENCE, || {
            let report = self.press.newsroom().report(CAMPAIGN)?;
            let is_finished = report.state() == "finished";
            last = Some(report.clone());
            thread::sleep(Duration::from_millis(200));
            Ok(is_finished.then_some(report))
        });
        let report = finished.with_context(|| format!("the last numbers: {last:#?}"))?;
        self.note(&report)?;
        self.count.accepted = report.count("accepted");
        for daemon in self.daemons.iter_mut().flatten() {
            daemon.stop()?;
        }
        Ok(())
    }

    fn verify(&mut self) -> Result<()> {
        let readers = self.plan.recipients;
        let taken = self.press.sink.taken(SUBJECT);
        let twice = taken.values().filter(|mails| mails.len() > 1).count();
        ensure!(twice == 0, "{twice} readers got the mail twice");
        ensure!(taken.len() <= readers, "somebody else got the mail");
        self.count.arrived = taken.len();
        let settled = self.count.accepted + self.count.uncertain;
        ensure!(settled == i64::try_from(readers)?, "{settled} of {readers} rows are settled");
        let newsroom = self.press.newsroom();
        let missing = (0..readers).map(address).filter(|reader| !taken.contains_key(reader));
        for reader in missing {
            self.count.lost += 1;
            let rows = newsroom.happened(&reader, "delivery")?;
            let is_uncertain = rows.len() == 1 && rows[0]["state"] == "uncertain";
            ensure!(
                is_uncertain,
                "a mail never arrived and its row does not say uncertain: {rows:?}"
            );
        }
        self.press.newsroom().report(CAMPAIGN)?;
        self.press.homes[0].say(&["audit", "verify"])?;
        self.press.check_logs(&EXPLAINED)
    }
}
