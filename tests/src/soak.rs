//! Soaks of campaigns: the same small press, long and by hand in `src/bin`, short in the flows.
//!
//! `kills` ends daemons, the database and the relay at random moments of a run and counts every
//! mail; `storm` stops people at random moments of a run at full speed and times every mail that
//! left after its person had stopped.
#![allow(clippy::print_stdout, reason = "a soak prints how far it is")]

pub mod kills;
pub mod storm;

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::{
    daemon::{CampaignSettings, Home, OutletSettings, Settings},
    dkim::DkimKeys,
    maildir,
    newsroom::{Newsroom, Reader},
    place::Place,
    scripted::CountingSmtp,
    servers::Postgres,
};

/// The mailbox that people write to.
const HELLO: &str = "hello@clinic.example";
/// Where campaigns come from.
const NEWS: &str = "news@news.clinic.example";
const LIST: &str = "news";
/// The first database of a server, as the harness names it.
const DATABASE: &str = "test_0";
/// The connections that a daemon opens to a relay, when nothing else is configured.
pub const CONNECTIONS: u64 = 4;
/// What no log may hold: names, the beginning of every link with a token, words of the letters.
const SECRETS: [&str; 5] = ["Читатель", "/u/", "unsub+", "bounce+", "Прошу"];

/// On which database a soak runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// A file in the home of the only node.
    Sqlite,
    /// A server that all nodes share.
    Postgres,
}

impl Database {
    /// Reads `sqlite` or `postgres`.
    ///
    /// # Errors
    /// When it is neither.
    pub fn parse(word: &str) -> Result<Self> {
        match word {
            "sqlite" => Ok(Self::Sqlite),
            "postgres" => Ok(Self::Postgres),
            _ => anyhow::bail!("`{word}` is no database: say sqlite or postgres"),
        }
    }
}

/// An organisation with readers, its daemons not yet started.
#[derive(Debug)]
struct Press {
    homes: Vec<Home>,
    mailbox: PathBuf,
    sink: CountingSmtp,
    postgres: Option<Postgres>,
    place: Place,
}

impl Press {
    /// Makes homes, one for each node, and a list that so many readers have subscribed to on
    /// paper.
    fn open(database: Database, nodes: usize, readers: usize) -> Result<Self> {
        anyhow::ensure!(
            nodes == 1 || database == Database::Postgres,
            "several nodes share a PostgreSQL; SQLite has one"
        );
        let place = Place::new()?;
        let mailbox = place.path().join("hello");
        maildir::make(&mailbox)?;
        let sink = CountingSmtp::start()?;
        let postgres = match database {
            Database::Sqlite => None,
            Database::Postgres => Some(Postgres::start()?),
        };
        let url = postgres.as_ref().map(Postgres::database).transpose()?;
        let keys = DkimKeys::make(&place, "clinic.example")?;
        let mut homes = Vec::new();
        for node in 0..nodes {
            let name = format!("node-{node}");
            let mut settings = settings(&mailbox, &sink, &keys);
            settings.node.clone_from(&name);
            if url.is_some() {
                settings.postgres.clone_from(&url);
                settings.vault = Some(place.path().join("vault"));
            }
            homes.push(Home::make(&place, &name, &settings)?);
        }
        homes[0].say(&["migrate"])?;
        let newsroom = Newsroom::of(&homes[0]);
        newsroom.publish_policy("2026-03-01")?;
        newsroom.open_list(LIST)?;
        let readers: Vec<Reader> = (0..readers)
            .map(|number| Reader::on_paper(&address(number), &format!("Читатель {number}")))
            .collect();
        newsroom.bring_in(LIST, &readers)?;
        Ok(Self { homes, mailbox, sink, postgres, place })
    }

    fn newsroom(&self) -> Newsroom<'_> {
        Newsroom::of(&self.homes[0])
    }

    /// The logs of all nodes hold no address, no token, no name, and no warning but these.
    fn check_logs(&self, explained: &[&str]) -> Result<()> {
        for home in &self.homes {
            home.check_log(&SECRETS, explained)?;
        }
        Ok(())
    }

    /// Where everything lies.
    fn path(&self) -> &Path {
        self.place.path()
    }
}

fn settings(mailbox: &Path, sink: &CountingSmtp, keys: &DkimKeys) -> Settings {
    let mut settings = Settings::embedded(HELLO, mailbox, mailbox);
    settings.outlet = OutletSettings::Smtp { port: sink.port(), tls: "none", authority: None };
    settings.with_campaigns(CampaignSettings::from(NEWS)).signed(keys).without_breakers()
}

/// The address of a reader.
fn address(number: usize) -> String {
    format!("reader{number}@letterbox.example")
}
