//! The benchmark of destruction: people with their mails, against a bare UPDATE of as many rows.
//!
//!     cargo run --release -p tests --example destruction-bench -- [PEOPLE] [MAILS EACH] [PAIRS]
//!
//! (default 1,000 people, 200 mails each, 3 pairs, SQLite). Ours begins at approved plans and ends
//! when every one of them is proven and its answer planned: stops with their journal, proofs of
//! consent and acts under keys of their own, all rows, keys of the vault, the last count. The
//! yardstick is one UPDATE that empties the same columns of as many rows of a table of the same
//! form. Both run in turn, each pair on a fresh database; the figure is the median of the pairs.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use cases::{Cases, CasesParts, Settings, destruction::PlanOrder, settings::RequestSettings};
use domain::{
    Timestamp,
    ambient::Clock,
    calendar::WorkingCalendar,
    ids::ContactId,
    language::Locale,
    regime::{Regime, RegimeId},
};
use store::{Store, StoreConfig, contacts::NewContact, probe};
use tests::ambient::SeededEntropy;
use tokio::time::Instant;
use vault::{Digests, StopJournal, Vault, VaultConfig};

/// What is asked for: seconds for all of the default.
const TARGET: f64 = 60.0;
const AT_ONCE: u32 = 50;

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
    let mut arguments = std::env::args().skip(1);
    let people: i64 = arguments.next().map_or(Ok(1_000), |text| text.parse())?;
    let mails: i64 = arguments.next().map_or(Ok(200), |text| text.parse())?;
    let pairs: usize = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let mut figures = Vec::new();
    for pair in 1..=pairs {
        let directory = tempfile::tempdir()?;
        let cases = open(directory.path()).await?;
        prepare(&cases, people, mails).await?;
        let began = Instant::now();
        let sql =
            "UPDATE twin SET stop_digest = zeroblob(32), reply_text = NULL WHERE address_id > 0";
        let updated = probe::write(cases.store(), sql).await?;
        let yardstick = began.elapsed().as_secs_f64();
        ensure!(updated == u64::try_from(people * mails)?, "the yardstick is another length");
        let began = Instant::now();
        while cases.carry_out_due("bench", AT_ONCE).await? > 0 {}
        let ours = began.elapsed().as_secs_f64();
        let verified = probe::number(
            cases.store(),
            "SELECT COUNT(*) FROM plan WHERE state = 'verified' AND stage = 'close'",
        );
        ensure!(verified.await? == people, "some plans were not proven");
        let left = "SELECT COUNT(*) FROM delivery WHERE campaign_id IS NOT NULL AND stop_digest <> zeroblob(32)";
        ensure!(probe::number(cases.store(), left).await? == 0, "something is left");
        println!("pair {pair}: {ours:.2} s for {people} people, yardstick {yardstick:.2} s");
        figures.push((ours, ours / yardstick));
    }
    figures.sort_by(|one, two| one.0.total_cmp(&two.0));
    let (seconds, ratio) = figures[figures.len() / 2];
    let verdict = if seconds < TARGET { "holds" } else { "DOES NOT HOLD" };
    println!("median: {seconds:.2} s, {ratio:.1} times the yardstick; under {TARGET} s: {verdict}");
    Ok(())
}

/// Whoever plans and decides stands in the act.
fn acts() -> cases::settings::ActSettings {
    let person = |actor: &str| domain::act::ActPerson {
        actor: actor.to_owned(),
        name: actor.to_owned(),
        post: "officer".to_owned(),
    };
    cases::settings::ActSettings {
        operator_address: "1 Bench Street".to_owned(),
        persons: ["anna", "boris"].map(person).into(),
        ..cases::settings::ActSettings::default()
    }
}

async fn open(directory: &std::path::Path) -> Result<Cases> {
    let store = Store::open(&StoreConfig::Sqlite { path: directory.join("house.db") }).await?;
    store.migrate().await?;
    let entropy = Arc::new(SeededEntropy::new(17));
    let keys = directory.join("keys");
    let vault = Vault::open(VaultConfig::local(directory.join("objects"), &keys)).await?;
    let digests = Arc::new(Digests::open(&keys, &*entropy)?);
    let (journal, _) = StopJournal::open(&directory.join("stops"), "bench").await?;
    let regime = include_str!("../../config/regimes/ru-152fz.toml");
    let calendar = include_str!("../../config/calendars/ru.toml");
    let settings = Settings {
        organisation: "Bench".into(),
        contact: "privacy@bench.example".into(),
        own_domains: vec!["bench.example".into()],
        policy_url: "https://bench.example/policy".into(),
        public_url: "https://bench.example".into(),
        status_url: "https://bench.example/{locale}/status".into(),
        mail_id_domain: "bench.example".into(),
        locale: Locale::Ru,
        zone: jiff::tz::TimeZone::get("Europe/Moscow")?,
        regimes: vec![RegimeId::parse("ru-152fz").context("a regime id")?],
        full_blocks_per_hour: 100,
        unsubscribe_address: None,
        bounce_address: None,
        acknowledgements_per_hour: 100,
        requests: RequestSettings { acts: acts(), ..RequestSettings::default() },
        reply_expires_after_days: 5,
    };
    Ok(Cases::new(CasesParts {
        store,
        vault,
        digests,
        journal,
        renderer: Arc::new(render::Renderer::new(&[]).map_err(|error| anyhow::anyhow!("{error}"))?),
        packs: Arc::default(),
        regimes: Arc::new(vec![Regime::parse(regime)?]),
        calendars: Arc::new(vec![WorkingCalendar::parse(calendar)?]),
        settings: Arc::new(settings),
        clock: Arc::new(BenchClock(Instant::now())),
        entropy,
    })?)
}

/// People with an address, a subscription, two events of consent and their mails; an approved plan
/// for each.
async fn prepare(cases: &Cases, people: i64, mails: i64) -> Result<()> {
    let store = cases.store();
    let now = Timestamp::from_second(1_795_348_800)?;
    let transaction = store.begin().await?;
    for n in 0..people {
        let new = NewContact {
            name: format!("Человек {n}"),
            phone: format!("+7 900 {n:07}"),
            locale: "ru".into(),
            zone: "Europe/Moscow".into(),
            source: "bench".into(),
        };
        let contact = store::contacts::add(&transaction, &new, now).await?;
        let address = domain::address::EmailAddress::parse(&format!("p{n}@mail.example"))?;
        let digests = cases.digests().address(&address);
        let id = store::addresses::find_or_add(&transaction, &address, &digests, now).await?;
        store::contacts::give_address(&transaction, contact, id, now).await?;
    }
    transaction.commit().await?;
    for sql in [
        "INSERT INTO list (name, purpose, title_ru, title_en, advertiser, created_at, created_by) \
         VALUES ('news', 'newsletter', 'Н', 'N', 'B', 0, 'anna')"
            .to_owned(),
        "INSERT INTO subscription (list_id, contact_id, address_id, state, since_at, created_at) \
         SELECT 1, contact_id, address_id, 'confirmed', 1, 1 FROM contact_address"
            .to_owned(),
        "INSERT INTO consent_event (contact_id, address_id, purpose, list, act, grade, capture_point, at, evidence) \
         SELECT contact_id, address_id, 'newsletter', 'news', a.value, 'proven', 'subscription_form', 1, \
         '{\"ip\":\"203.0.113.7\"}' FROM contact_address, json_each('[\"granted\",\"confirmed\"]') AS a"
            .to_owned(),
        format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {mails}) \
             INSERT INTO campaign (name, state, content, audience, author, created_at, changed_at, since_at) \
             SELECT 'c' || i, 'finished', '{{}}', '{{}}', 'anna', 0, 0, 0 FROM n"
        ),
        "INSERT INTO delivery (class, purpose_of_mail, address_id, stop_digest, mail_id, digest_key, mail_id_digest, \
         rank, state, planned_at, next_try_at, expires_at, campaign_id, subscription_id, reply_text) \
         SELECT 'advertising', 'campaign', a.id, a.stop_digest, lower(hex(randomblob(16))) || '@x', 0, x'', 9, \
         'accepted', 1, 1, 2, c.id, 1, '250 2.1.5 <' || a.email || '> ok' FROM campaign c, address a ORDER BY c.id, a.id"
            .to_owned(),
        "CREATE TABLE twin AS SELECT * FROM delivery".to_owned(),
        "CREATE INDEX twin_by_address ON twin (address_id)".to_owned(),
    ] {
        probe::write(store, &sql).await.context(sql)?;
    }
    for contact in 1..=people {
        let asked = cases.erase_contact(ContactId(contact), now, "anna").await?;
        cases.attest_identity(&asked.number, "seen", "anna").await?;
        let row = store::requests::by_id(store, asked.request).await?.context("a request")?;
        if row.state != domain::request::RequestState::UnderReview {
            cases.review_request(asked.request, "anna").await?;
        }
        cases.plan_destruction(asked.request, &PlanOrder::default(), "anna").await?;
        cases.propose(asked.request, None, "anna").await?;
        cases.decide(asked.request, "boris").await?;
    }
    Ok(())
}
