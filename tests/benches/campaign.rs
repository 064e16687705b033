//! The benchmark of a campaign: frozen rows to accepted mails, against Postfix's `smtp-source`.
//!
//!     cargo bench -p mailing --bench campaign -- [MAILS] [PAIRS] [WORD…]
//!
//! (default 20,000 mails, 5 pairs). Words: `sqlite` (default) or `postgres`, `size=30000` (bytes
//! on the wire, default 6000), `connections=20`, `nodes=2` (PostgreSQL), `dkim` (RSA-2048 by us).
//! Ours is the dispatch as the daemon runs it: claim with the gate, START and END in the wire
//! journal, rendering for each recipient, outcomes durable. The yardstick sends the same number of
//! mails of the same size to the same `smtp-sink` over as many kept connections. Both run in
//! turn; the figure is the median of the pairs.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "campaign/newsletter.rs"]
mod newsletter;
#[path = "campaign/people.rs"]
mod people;

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use domain::{
    Timestamp,
    address::EmailAddress,
    ambient::Clock,
    campaign::{AudienceRule, Content, Start, content_hash},
    ids::ListId,
};
use mailing::{
    BulkIdentity, Dispatch, Identity, Outlet, Stream,
    dispatch::Failpoints,
    dkim::{DkimKeyConfig, Signer},
    letter::Correspondent,
    run_until_idle,
    smtp::{Relay, RelayConfig, TlsMode},
    wire_journal::BootId,
};
use newsletter::content_of;
use people::prepare;
use render::Renderer;
use store::{Dialect, Store, StoreConfig, probe};
use tests::{
    ambient::SeededEntropy,
    dkim::DkimKeys,
    place::Place,
    servers::{Postgres, SmtpSink, smtp_tools::send_with_source},
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use vault::{Digests, StopJournal, Vault, VaultConfig};

const NOON: i64 = 1_795_348_800;

/// Real time, counted from a fixed instant.
struct BenchClock(Instant);

impl Clock for BenchClock {
    fn now(&self) -> Timestamp {
        let began = Timestamp::from_second(NOON).expect("in range");
        began.saturating_add(self.0.elapsed()).expect("in range")
    }

    fn boot_time(&self) -> Duration {
        Duration::from_secs(1000) + self.0.elapsed()
    }
}

struct Arguments {
    mails: u64,
    pairs: u64,
    postgres: bool,
    size: usize,
    connections: usize,
    nodes: usize,
    dkim: bool,
}

impl Arguments {
    fn read() -> Result<Self> {
        let mut read = Self {
            mails: 20_000,
            pairs: 5,
            postgres: false,
            size: 6000,
            connections: 20,
            nodes: 1,
            dkim: false,
        };
        let mut numbers = 0;
        // cargo passes `--bench` of its own.
        for word in std::env::args().skip(1).filter(|word| !word.starts_with("--")) {
            match word.split_once('=') {
                Some(("size", n)) => read.size = n.parse()?,
                Some(("connections", n)) => read.connections = n.parse()?,
                Some(("nodes", n)) => read.nodes = n.parse()?,
                Some(_) => bail!("unknown word {word}"),
                None => match word.as_str() {
                    "sqlite" => read.postgres = false,
                    "postgres" => read.postgres = true,
                    "dkim" => read.dkim = true,
                    number if numbers == 0 => (read.mails, numbers) = (number.parse()?, 1),
                    number => read.pairs = number.parse()?,
                },
            }
        }
        ensure!(read.nodes == 1 || read.postgres, "several nodes need `postgres`");
        Ok(read)
    }

    /// LIBRARIES, "Targets"; none is set for our own signatures.
    fn target(&self) -> Option<f64> {
        match (self.dkim, self.postgres, self.nodes, self.size) {
            (true, ..) => None,
            (false, true, 1, _) => Some(0.5),
            (false, true, _, _) => Some(0.6),
            (false, false, _, ..10_000) => Some(0.75),
            (false, false, ..) => Some(0.5),
        }
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::read()?;
    let place = Place::new()?;
    let postgres = if arguments.postgres { Some(Postgres::start()?) } else { None };
    let config = match &postgres {
        Some(postgres) => StoreConfig::Postgres { url: postgres.database()?, connections: 8 },
        None => StoreConfig::Sqlite { path: place.path().join("house.db") },
    };
    let house = House::open(&place, config, &arguments).await?;
    let bytes = u32::try_from(house.content.1)?;
    prepare(&house.store, arguments.mails).await?;
    let sink = SmtpSink::start(&place, &[])?;
    println!(
        "{} mails of {bytes} bytes, {} connections, {} node(s), {}{}",
        arguments.mails,
        arguments.connections,
        arguments.nodes,
        if arguments.postgres { "PostgreSQL" } else { "SQLite FULL" },
        if arguments.dkim { ", signed" } else { "" },
    );
    let mut ratios = Vec::new();
    for pair in 1..=arguments.pairs {
        house.plan(pair, arguments.mails).await?;
        let began = Instant::now();
        let sessions = u32::try_from(arguments.connections)?;
        let count = u32::try_from(arguments.mails)?;
        let port = sink.port();
        tokio::task::spawn_blocking(move || send_with_source(port, sessions, count, bytes))
            .await??;
        let yardstick = began.elapsed();
        let ours = house.send(&arguments, port, pair).await?;
        let ratio = yardstick.as_secs_f64() / ours.as_secs_f64();
        ratios.push(ratio);
        #[expect(clippy::cast_precision_loss, reason = "counts of a benchmark")]
        let rate = |time: Duration| arguments.mails as f64 / time.as_secs_f64();
        println!(
            "pair {pair}: smtp-source {:.0} mails/s, campaign {:.0} mails/s, ratio {ratio:.3}",
            rate(yardstick),
            rate(ours)
        );
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios.get(ratios.len() / 2).context("no pair")?;
    match arguments.target() {
        Some(target) => {
            let word = if *median >= target { "met" } else { "missed" };
            println!("campaign: ratio {median:.3} (median), target {target}: {word}");
        }
        None => println!("campaign: ratio {median:.3} (median), no target is set"),
    }
    Ok(())
}

/// What the daemon would have open.
struct House {
    store: Store,
    config: StoreConfig,
    vault: Vault,
    digests: Arc<Digests>,
    entropy: Arc<SeededEntropy>,
    renderer: Arc<Renderer>,
    clock: Arc<BenchClock>,
    signer: Option<Signer>,
    /// The content and how long its mails are.
    content: (Content, usize),
    place: std::path::PathBuf,
}

fn address(text: &str) -> Result<EmailAddress> {
    EmailAddress::parse(text).map_err(|error| anyhow::anyhow!("{error}"))
}

fn bulk() -> Result<BulkIdentity> {
    Ok(BulkIdentity {
        from: Correspondent {
            name: "Клиника «Модель»".into(),
            address: address("news@news.clinic.example")?,
        },
        reply_to: address("hello@clinic.example")?,
        list_domain: "news.clinic.example".into(),
        public_url: "https://hello.clinic.example".into(),
        unsubscribe_address: address("unsub@news.clinic.example")?,
        bounce_address: address("bounce@news.clinic.example")?,
        organisation: "ООО «Модель»".into(),
        contact: "А. Б. Орлова, +7 495 000-00-00".into(),
        policy_url: "https://clinic.example/privacy".into(),
        sender_id: "newsclinic".into(),
    })
}

impl House {
    async fn open(place: &Place, config: StoreConfig, arguments: &Arguments) -> Result<Self> {
        let store = Store::open(&config).await?;
        store.migrate().await?;
        let path = place.path().to_owned();
        let entropy = Arc::new(SeededEntropy::new(7));
        let keys = path.join("keys");
        let vault = Vault::open(VaultConfig::local(path.join("objects"), &keys)).await?;
        let digests = Arc::new(Digests::open(&keys, entropy.as_ref())?);
        let renderer = Arc::new(Renderer::new(&[])?);
        let signer = if arguments.dkim {
            let keys = DkimKeys::make(place, "clinic.example")?;
            let rsa = DkimKeyConfig { selector: "rsa".into(), key_file: keys.rsa.clone() };
            Some(Signer::load("clinic.example", &[rsa])?)
        } else {
            None
        };
        let content = content_of(arguments.size, &renderer)?;
        let clock = Arc::new(BenchClock(Instant::now()));
        Ok(Self {
            store,
            config,
            vault,
            digests,
            entropy,
            renderer,
            clock,
            signer,
            content,
            place: path,
        })
    }

    /// A running campaign whose audience is everybody.
    async fn plan(&self, pair: u64, mails: u64) -> Result<()> {
        let audience = AudienceRule { to: vec![ListId(1)], except: vec![] };
        let at = Timestamp::from_second(NOON)?;
        let start = Start { at, local: "2026-11-22T15:00".into(), zone: "Europe/Moscow".into() };
        let hash = hex(&content_hash(&self.content.0, &audience, Some(&start)));
        let (hash, random) = match self.store.dialect() {
            Dialect::Sqlite => (format!("x'{hash}'"), "lower(hex(randomblob(16)))"),
            Dialect::Postgres => (
                format!("decode('{hash}', 'hex')"),
                "replace(CAST(gen_random_uuid() AS TEXT), '-', '')",
            ),
        };
        let now = self.clock.now().as_microsecond();
        let sql = format!(
            "INSERT INTO campaign (id, name, state, content, audience, starts_at, local_start, zone, author, \
             created_at, changed_at, since_at, approved_hash, approved_by, approved_at, audience_size, candidates) \
             VALUES ({pair}, 'c{pair}', 'running', '{}', '{}', {}, '{}', '{}', 'bench', 1, 1, 1, {hash}, 'bench', 1, \
             {mails}, {mails})",
            serde_json::to_string(&self.content.0)?.replace('\'', "''"),
            serde_json::to_string(&audience)?,
            start.at.as_microsecond(),
            start.local,
            start.zone,
        );
        probe::write(&self.store, &sql).await?;
        let sql = format!(
            "INSERT INTO delivery (class, purpose_of_mail, address_id, stop_digest, mail_id, digest_key, \
             mail_id_digest, rank, state, planned_at, next_try_at, expires_at, campaign_id, subscription_id, \
             consent_id) SELECT 'advertising', 'campaign', a.id, a.stop_digest, \
             {random} || '@news.clinic.example', 0, a.stop_digest, 3, 'planned', {now}, {now}, {}, {pair}, s.id, \
             s.consent_id FROM subscription s JOIN address a ON a.id = s.address_id ORDER BY s.id",
            now + 3_600_000_000_000,
        );
        let rows = probe::write(&self.store, &sql).await?;
        ensure!(rows == mails, "{rows} rows were planned");
        if self.store.dialect() == Dialect::Postgres {
            // What its own housekeeping has done by the time of a campaign.
            probe::write(&self.store, "ANALYZE delivery").await?;
        }
        Ok(())
    }

    /// Sends the campaign; how long it took from the first claim to the last outcome.
    async fn send(&self, arguments: &Arguments, port: u16, pair: u64) -> Result<Duration> {
        let mut dispatches = Vec::new();
        for node in 0..arguments.nodes {
            dispatches.push(self.dispatch(arguments, port, &format!("node-{node}")).await?);
        }
        let began = Instant::now();
        let mut running = tokio::task::JoinSet::new();
        for dispatch in dispatches {
            running.spawn(run_until_idle(dispatch, CancellationToken::new()));
        }
        let mut accepted = 0;
        while let Some(summary) = running.join_next().await {
            accepted += summary??.accepted;
        }
        let took = began.elapsed();
        ensure!(accepted == arguments.mails, "{accepted} mails were accepted");
        let sql = format!(
            "SELECT COUNT(*) FROM delivery WHERE campaign_id = {pair} AND state = 'accepted'"
        );
        let durable = probe::number(&self.store, &sql).await?;
        ensure!(u64::try_from(durable)? == arguments.mails, "{durable} outcomes are durable");
        Ok(took)
    }

    async fn dispatch(&self, arguments: &Arguments, port: u16, node: &str) -> Result<Dispatch> {
        let relay = RelayConfig {
            tls: TlsMode::NoneToLoopback,
            connections: arguments.connections / arguments.nodes,
            mails_per_connection: u32::MAX,
            ..RelayConfig::new("main", "127.0.0.1", port)
        };
        let (stop_journal, _) =
            StopJournal::open(&self.place.join(format!("stops-{node}")), node).await?;
        Ok(Dispatch {
            store: match arguments.nodes {
                1 => self.store.clone(),
                _ => Store::open(&self.config).await?,
            },
            vault: self.vault.clone(),
            renderer: Arc::clone(&self.renderer),
            digests: Arc::clone(&self.digests),
            outlet: Outlet::Relay(Relay::new(relay)?),
            identity: Identity {
                from: Correspondent {
                    name: "Клиника".into(),
                    address: address("hello@clinic.example")?,
                },
                reply_to: None,
                envelope_sender: None,
                loop_mark: "0123456789abcdef".into(),
            },
            bulk: Some(bulk()?),
            stream: Stream::All,
            throttle: None,
            stop_journal,
            signer: self.signer.clone(),
            journal_directory: self.place.join(format!("wire-{node}")),
            node: node.to_owned(),
            boot: BootId("bench".to_owned()),
            version: "bench".to_owned(),
            drain: Duration::from_secs(5),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            failpoints: Failpoints::default(),
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
