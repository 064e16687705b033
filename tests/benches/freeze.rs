//! The benchmark of the freeze: an audience through the gate, against a bare INSERT of its rows.
//!
//!     cargo bench -p mailing --bench freeze -- [CANDIDATES] [PAIRS] [sqlite|postgres]
//!
//! (default 1,000,000 candidates, 5 pairs, both databases). Ours is the campaign runner from
//! "freezing" to "running", in its chunks. The yardstick is one `INSERT .. SELECT` of the very
//! same rows into the same table. Both run in turn; the figure is the median of the pairs. A
//! second writer knocks every 20 ms while we freeze: its longest wait is what a chunk costs others.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use domain::{Timestamp, ambient::Clock};
use mailing::campaigns::{CampaignSettings, Campaigns, run_until_idle};
use store::{Dialect, Store, StoreConfig, probe};
use tests::{ambient::SeededEntropy, servers::Postgres};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use vault::StopJournal;

/// LIBRARIES: at least two fifths of the yardstick.
const TARGET: f64 = 0.4;
/// Rows that one statement of the preparation writes.
const AT_ONCE: u64 = 100_000;
/// Everything of a row but its id and its campaign.
const COLUMNS: &str = "class, purpose_of_mail, address_id, stop_digest, mail_id, digest_key, mail_id_digest, rank, \
                       state, planned_at, next_try_at, expires_at, subscription_id, consent_id";

/// Real time, counted from a fixed instant.
struct BenchClock(Instant);

impl Clock for BenchClock {
    fn now(&self) -> Timestamp {
        let began = Timestamp::from_second(1_795_348_800).expect("in range");
        began.saturating_add(self.0.elapsed()).expect("in range")
    }

    fn boot_time(&self) -> Duration {
        self.0.elapsed()
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    // cargo passes `--bench` of its own.
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let candidates: u64 = arguments.first().map_or(Ok(1_000_000), |text| text.parse())?;
    let pairs: usize = arguments.get(1).map_or(Ok(5), |text| text.parse())?;
    let only = arguments.get(2).map(String::as_str);
    let directory = tempfile::tempdir()?;
    if only != Some("postgres") {
        let config = StoreConfig::Sqlite { path: directory.path().join("house.db") };
        measure("SQLite", &config, directory.path(), candidates, pairs).await?;
    }
    if only != Some("sqlite") {
        let postgres = Postgres::start()?;
        let config = StoreConfig::Postgres { url: postgres.database()?, connections: 4 };
        measure("PostgreSQL", &config, directory.path(), candidates, pairs).await?;
    }
    Ok(())
}

async fn measure(
    name: &str,
    config: &StoreConfig,
    directory: &std::path::Path,
    candidates: u64,
    pairs: usize,
) -> Result<()> {
    let store = Store::open(config).await?;
    store.migrate().await?;
    prepare(&store, candidates).await?;
    println!("{name}: {candidates} candidates");
    let (journal, _) = StopJournal::open(&directory.join(name), "bench").await?;
    let mut ratios = Vec::new();
    for pair in 1..=pairs {
        let (ours, waited) = freeze(&store, &journal).await?;
        let rows = keep_rows(&store).await?;
        empty_ledger(&store).await?;
        let began = Instant::now();
        let sql = format!(
            "INSERT INTO delivery ({COLUMNS}, campaign_id) SELECT {COLUMNS}, 2 FROM bench_rows"
        );
        ensure!(probe::write(&store, &sql).await? == rows, "the yardstick wrote other rows");
        let bare = began.elapsed();
        empty_ledger(&store).await?;
        let ratio = bare.as_secs_f64() / ours.as_secs_f64();
        ratios.push(ratio);
        println!(
            "{name} pair {pair}: {rows} rows, bare INSERT {:.2} s, freeze {:.2} s, ratio {ratio:.3}; \
             another writer waited {} ms at the most",
            bare.as_secs_f64(),
            ours.as_secs_f64(),
            waited.as_millis()
        );
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios.get(ratios.len() / 2).context("no pair")?;
    let word = if *median >= TARGET { "met" } else { "missed" };
    println!("{name}: ratio {median:.3} (median of {pairs}), target {TARGET}: {word}");
    store.close().await;
    Ok(())
}

/// One campaign from the beginning of its freeze until it runs, and the longest wait of another
/// writer meanwhile.
async fn freeze(store: &Store, journal: &StopJournal) -> Result<(Duration, Duration)> {
    let sql = "UPDATE campaign SET state = 'freezing', frozen_after = 0, frozen_to = NULL, candidates = 0, \
               audience_size = 0 WHERE id = 1";
    probe::write(store, sql).await?;
    probe::write(store, "DELETE FROM campaign_exclusion").await?;
    let runner = Campaigns {
        store: store.clone(),
        journal: journal.clone(),
        settings: CampaignSettings::new("clinic.example"),
        owner: "bench/1".to_owned(),
        clock: Arc::new(BenchClock(Instant::now())),
        entropy: Arc::new(SeededEntropy::new(7)),
    };
    let (done, longest) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let knocking = tokio::spawn(knock(store.clone(), Arc::clone(&done), Arc::clone(&longest)));
    let began = Instant::now();
    run_until_idle(runner, CancellationToken::new()).await?;
    let took = began.elapsed();
    done.store(true, Ordering::SeqCst);
    knocking.await??;
    let running = "SELECT COUNT(*) FROM campaign WHERE id = 1 AND state = 'running'";
    ensure!(probe::number(store, running).await? == 1, "the campaign does not run");
    Ok((took, Duration::from_micros(longest.load(Ordering::SeqCst))))
}

async fn knock(store: Store, done: Arc<AtomicBool>, longest: Arc<AtomicU64>) -> Result<()> {
    while !done.load(Ordering::SeqCst) {
        let began = Instant::now();
        probe::write(&store, "UPDATE campaign SET changed_at = changed_at WHERE id = 2").await?;
        let waited = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        longest.fetch_max(waited, Ordering::SeqCst);
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Copies what the freeze wrote; returns how many rows.
async fn keep_rows(store: &Store) -> Result<u64> {
    probe::write(store, "DROP TABLE IF EXISTS bench_rows").await?;
    let sql = format!(
        "CREATE TABLE bench_rows AS SELECT {COLUMNS} FROM delivery WHERE campaign_id = 1 ORDER BY id"
    );
    probe::write(store, &sql).await?;
    Ok(u64::try_from(probe::number(store, "SELECT COUNT(*) FROM bench_rows").await?)?)
}

async fn empty_ledger(store: &Store) -> Result<()> {
    let sql = match store.dialect() {
        Dialect::Sqlite => "DELETE FROM delivery",
        Dialect::Postgres => "TRUNCATE delivery CASCADE",
    };
    probe::write(store, sql).await?;
    Ok(())
}

/// People with an address each, confirmed to one list; one in twenty without a consent that can
/// be shown, one in fifty suppressed, one in a hundred blocked.
async fn prepare(store: &Store, candidates: u64) -> Result<()> {
    probe::write(
        store,
        "INSERT INTO list (id, name, purpose, title_ru, title_en, advertiser, created_at, created_by) \
         VALUES (1, 'news', 'newsletter', 'Новости', 'News', 'Clinic', 1, 'bench')",
    )
    .await?;
    let (digest, hash) = match store.dialect() {
        Dialect::Sqlite => ("randomblob(32)", format!("x'{}'", "07".repeat(32))),
        Dialect::Postgres => (
            "sha256(convert_to(random()::text || i::text, 'UTF8'))",
            format!("decode('{}', 'hex')", "07".repeat(32)),
        ),
    };
    let mut from = 1;
    while from <= candidates {
        let to = (from + AT_ONCE - 1).min(candidates);
        for sql in people(digest, from, to) {
            probe::write(store, &sql).await?;
        }
        from = to + 1;
    }
    let stops = [
        "INSERT INTO suppression (digest_key, exact_digest, stop_digest, reason, source, since_at) \
         SELECT 1, exact_digest, stop_digest, 'hard_bounce', 'bench', 1 FROM address WHERE id % 50 = 7",
        "INSERT INTO block (scope, address_id, digest_key, stop_digest, contact_id, basis, authentication, state, \
         from_at) SELECT 'marketing', id, 1, stop_digest, id, 'bench', 'pass', 'active', 1 FROM address \
         WHERE id % 100 = 3",
    ];
    for sql in stops {
        probe::write(store, sql).await?;
    }
    for id in [1, 2] {
        let content = r#"{"locale":"ru","subject":"x","format":"html","body":"x"}"#;
        let sql = format!(
            "INSERT INTO campaign (id, name, state, content, audience, author, created_at, changed_at, since_at, \
             approved_hash, approved_by, approved_at) \
             VALUES ({id}, 'c{id}', 'paused', '{content}', '{{\"to\":[1]}}', 'bench', 1, 1, 1, {hash}, 'bench', 1)"
        );
        probe::write(store, &sql).await?;
        let sql = format!(
            "INSERT INTO campaign_list (campaign_id, list_id, role) VALUES ({id}, 1, 'to')"
        );
        probe::write(store, &sql).await?;
    }
    if store.dialect() == Dialect::Postgres {
        // What its own housekeeping has done by the time of a campaign.
        probe::write(store, "ANALYZE").await?;
    }
    Ok(())
}

fn people(digest: &str, from: u64, to: u64) -> [String; 5] {
    let numbers = format!(
        "WITH RECURSIVE n (i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i < {to})"
    );
    [
        format!(
            "INSERT INTO contact (id, name, source, created_at) {numbers} \
             SELECT i, 'Name ' || i, 'import', 1 FROM n"
        ),
        format!(
            "INSERT INTO address (id, email, exact_key, digest_key, exact_digest, stop_digest, created_at) {numbers} \
             SELECT i, 'person' || i || '@mail.example', 'person' || i || '@mail.example', 1, {digest}, {digest}, 1 \
             FROM n"
        ),
        format!(
            "INSERT INTO contact_address (contact_id, address_id, since_at) {numbers} SELECT i, i, 1 FROM n"
        ),
        format!(
            "INSERT INTO consent_event (id, contact_id, address_id, purpose, act, grade, capture_point, at, evidence) \
             {numbers} SELECT i, i, i, 'newsletter', 'granted', 'proven', 'paper', 1, '{{}}' FROM n"
        ),
        format!(
            "INSERT INTO subscription (id, list_id, contact_id, address_id, state, since_at, consent_id, created_at) \
             {numbers} SELECT i, 1, i, i, 'confirmed', 1, CASE WHEN i % 20 = 0 THEN NULL ELSE i END, 1 FROM n"
        ),
    ]
}
