//! The soak of the inbound flow: kill -9 at random moments, then count.
//!
//!     random-kills [KILLS] [SEED] [NODES]      (default 200 kills, seed 1, one node on SQLite)
//!
//! With two nodes or more they share one PostgreSQL, one vault and one mailbox, and each kill hits
//! one of them. In the end every letter has exactly one ticket and at most one answer, and an
//! answer that is missing stands as uncertain in the ledger: nothing lost, nothing twice.
#![allow(clippy::print_stdout, reason = "a soak prints its count")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use mail_parser::MessageParser;
use tests::{
    ambient::SeededEntropy,
    daemon::{Daemon, Home, OutletSettings, Settings},
    letter::Letter,
    maildir,
    place::Place,
    scripted::ScriptedSmtp,
    servers::Postgres,
    wait::wait_until,
};

const HELLO: &str = "hello@clinic.example";
/// The longest life of a daemon before its kill: start, filing and answering lie within.
const LONGEST_LIFE_MS: u64 = 1_200;

/// For the last life, in which a dead node's leases may have to run out first.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long the relay thinks over each mail, so that kills find answers on the wire.
const THINKING: Duration = Duration::from_millis(25);
/// What a daemon may warn of after the death of another.
const EXPLAINED: [&str; 3] = ["a daemon died while it read", "uncertain", "lease"];

struct Soak {
    place: Place,
    mailbox: PathBuf,
    relay: ScriptedSmtp,
    homes: Vec<Home>,
    random: SeededEntropy,
    sent: BTreeSet<String>,
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let kills: u64 = arguments.next().map_or(Ok(200), |text| text.parse())?;
    let seed: u64 = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let nodes: usize = arguments.next().map_or(Ok(1), |text| text.parse())?;

    let postgres = if nodes > 1 { Some(Postgres::start()?) } else { None };
    let url = postgres.as_ref().map(Postgres::database).transpose()?;
    let mut soak = Soak::open(seed, nodes, url)?;
    let mut daemons: Vec<Option<Daemon>> = (0..nodes).map(|_| None).collect();
    for kill in 1..=kills {
        let letters = soak.random.next() % 10;
        for _ in 0..letters {
            soak.write()?;
        }
        for (home, daemon) in soak.homes.iter().zip(&mut daemons) {
            if daemon.is_none() {
                *daemon = Some(home.launch(&[])?);
            }
        }
        thread::sleep(Duration::from_millis(soak.random.next() % LONGEST_LIFE_MS));
        let victim = (soak.random.next() % nodes as u64) as usize;
        if let Some(mut daemon) = daemons[victim].take() {
            ensure!(daemon.is_running()?, "a daemon died by itself:\n{}", daemon.log());
            daemon.kill()?;
        }
        if kill % 20 == 0 {
            println!("{kill} kills, {} letters", soak.sent.len());
        }
    }
    drop(daemons);
    soak.settle()?;
    soak.count(kills)
}

impl Soak {
    fn open(seed: u64, nodes: usize, url: Option<String>) -> Result<Self> {
        let place = Place::new()?;
        let mailbox = place.path().join("hello");
        maildir::make(&mailbox)?;
        let relay = ScriptedSmtp::start(&["PIPELINING", "8BITMIME"])?;
        relay.think(THINKING);
        let mut homes = Vec::new();
        for node in 0..nodes {
            let mut settings = Settings::embedded(HELLO, &mailbox, &mailbox);
            settings.outlet =
                OutletSettings::Smtp { port: relay.port(), tls: "none", authority: None };
            settings.node = format!("node-{node}");
            settings = settings.without_breakers();
            if url.is_some() {
                settings.postgres.clone_from(&url);
                settings.vault = Some(place.path().join("vault"));
            }
            homes.push(Home::make(&place, &format!("node-{node}"), &settings)?);
        }
        homes[0].say(&["migrate"])?;
        let random = SeededEntropy::new(seed);
        Ok(Self { place, mailbox, relay, homes, random, sent: BTreeSet::new() })
    }

    /// A person who writes for the first time asks for erasure.
    fn write(&mut self) -> Result<()> {
        let number = self.sent.len() + 1;
        let id = format!("letter-{number}@post.example");
        let letter = Letter::new("", &format!("person{number}@post.example"), HELLO)
            .subject("Удаление данных")
            .message_id(&id)
            .text("Прошу удалить все мои персональные данные.\n")
            .bytes();
        maildir::deliver(&self.mailbox, &letter, 1_793_600_000)?;
        self.sent.insert(id);
        Ok(())
    }

    /// One last life without a kill: everything that can be done is done.
    fn settle(&self) -> Result<()> {
        let mut daemons = Vec::new();
        for home in &self.homes {
            daemons.push(home.run()?);
        }
        wait_until("the mailbox is filed and every answer settled", PATIENCE, || {
            let waiting = std::fs::read_dir(self.mailbox.join("new"))?.count();
            let status = self.homes[0].json(&["status"])?;
            let open = ["planned", "claimed", "deferred"]
                .map(|state| status["deliveries"][state].as_u64().unwrap_or(0));
            Ok(waiting == 0 && open.iter().sum::<u64>() == 0)
        })?;
        for mut daemon in daemons {
            daemon.stop()?;
        }
        Ok(())
    }

    fn count(&self, kills: u64) -> Result<()> {
        let answers = answers_by_letter(&self.relay)?;
        let twice: Vec<_> = answers.iter().filter(|(_, count)| **count > 1).collect();
        let tickets = self.homes[0].tickets()?.len();
        let unanswered = self.sent.iter().filter(|id| !answers.contains_key(*id)).count();
        let status = self.homes[0].json(&["status"])?;
        let uncertain = status["deliveries"]["uncertain"].as_u64().unwrap_or(0);
        println!(
            "{kills} kills, {} letters, {tickets} tickets, {} answered once, {} twice, \
             {unanswered} unanswered, {uncertain} uncertain",
            self.sent.len(),
            answers.len() - twice.len(),
            twice.len()
        );
        ensure!(tickets == self.sent.len(), "a letter was lost or filed twice");
        ensure!(twice.is_empty(), "answered twice: {twice:?}");
        ensure!(unanswered as u64 <= uncertain, "an answer is lost without a trace");
        for home in &self.homes {
            home.check_log(&["Удаление", "Прошу"], &EXPLAINED)
                .with_context(|| self.place.path().display().to_string())?;
        }
        Ok(())
    }
}

/// How many answers each letter got, by In-Reply-To.
fn answers_by_letter(relay: &ScriptedSmtp) -> Result<BTreeMap<String, usize>> {
    let mut answers = BTreeMap::new();
    for taken in relay.taken() {
        let mail = MessageParser::default().parse(&taken.raw).context("an answer is no mail")?;
        let id = mail.in_reply_to().as_text().context("an answer without In-Reply-To")?;
        *answers.entry(id.to_owned()).or_insert(0) += 1;
    }
    Ok(answers)
}
