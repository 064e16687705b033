//! What `cases` is made of in tests: a database, a vault and a journal of a directory, the shipped
//! rules, a clinic. Rooms of other crates' tests take it in by its path.
#![allow(dead_code, reason = "each room takes what it needs")]

use std::{path::Path, sync::Arc};

use cases::{CasesParts, Settings, settings::RequestSettings};
use domain::{
    address::EmailAddress,
    calendar::WorkingCalendar,
    language::Locale,
    regime::{Regime, RegimeId},
};
use store::{Store, StoreConfig};
use tests::{
    ambient::{SeededEntropy, StandingClock},
    servers::postgres::Postgres,
};
use vault::{Digests, StopJournal, Vault, VaultConfig};

/// A database file in the directory.
pub fn sqlite(directory: &Path) -> StoreConfig {
    StoreConfig::Sqlite { path: directory.join("consentry.sqlite") }
}

/// A new database of the server.
pub fn postgres(server: &Postgres) -> StoreConfig {
    StoreConfig::Postgres { url: server.database().expect("a database"), connections: 5 }
}

/// The clock of most tests: a Friday, noon in Moscow.
pub fn noon() -> Arc<StandingClock> {
    Arc::new(StandingClock::at("2026-12-04T09:00:00Z".parse().expect("an instant")))
}

/// All parts over a database with the newest schema, which keep their files in the directory.
pub async fn parts(
    config: &StoreConfig,
    directory: &Path,
    clock: Arc<StandingClock>,
    seed: u64,
) -> CasesParts {
    let store = Store::open(config).await.expect("opens");
    store.migrate().await.expect("migrates");
    let entropy = Arc::new(SeededEntropy::new(seed));
    let keys = directory.join("keys");
    let vault = VaultConfig::local(directory.join("objects"), &keys);
    let journal = StopJournal::open(&directory.join("journal"), "one").await.expect("journal").0;
    let regime = include_str!("../../../../config/regimes/ru-152fz.toml");
    let calendar = include_str!("../../../../config/calendars/ru.toml");
    CasesParts {
        store,
        vault: Vault::open(vault).await.expect("vault"),
        digests: Arc::new(Digests::open(&keys, &*entropy).expect("digests")),
        journal,
        renderer: Arc::new(render::Renderer::new(&[]).expect("templates")),
        packs: Arc::default(),
        regimes: Arc::new(vec![Regime::parse(regime).expect("regime")]),
        calendars: Arc::new(vec![WorkingCalendar::parse(calendar).expect("calendar")]),
        settings: Arc::new(settings()),
        clock,
        entropy,
    }
}

/// A clinic that lets few full blocks and acknowledgements pass in an hour.
pub fn settings() -> Settings {
    Settings {
        organisation: "Клиника «Эстетимед»".into(),
        contact: "privacy@clinic.example".into(),
        own_domains: vec!["clinic.example".into()],
        policy_url: "https://clinic.example/policy".into(),
        public_url: "https://clinic.example".into(),
        status_url: "https://clinic.example/{locale}/status".into(),
        mail_id_domain: "clinic.example".into(),
        locale: Locale::Ru,
        zone: jiff::tz::TimeZone::get("Europe/Moscow").expect("a zone"),
        regimes: vec![RegimeId::parse("ru-152fz").expect("an id")],
        full_blocks_per_hour: 3,
        unsubscribe_address: EmailAddress::parse("unsub@clinic.example").ok(),
        bounce_address: EmailAddress::parse("bounce@clinic.example").ok(),
        acknowledgements_per_hour: 9,
        requests: RequestSettings::default(),
        reply_expires_after_days: 5,
    }
}
