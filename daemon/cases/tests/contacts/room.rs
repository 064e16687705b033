//! A room with a real database, two lists and a directory for files.

use std::sync::Arc;

use cases::{
    Cases, Settings,
    contacts::{Counts, ImportError, ImportNews, ImportOrder, ImportReport, RowError},
};
use domain::{
    Timestamp,
    address::EmailAddress,
    ambient::Clock as _,
    block::{Purpose, Scope},
    gate::SuppressionReason,
    ids::ListId,
};
use store::{Store, StoreConfig, blocks::NewBlock};
use tempfile::TempDir;
use tests::{ambient::StandingClock, servers::postgres::Postgres};
use vault::Digests;

#[path = "../shared/house.rs"]
mod house;

pub struct Room {
    pub cases: Cases,
    pub clock: Arc<StandingClock>,
    pub dir: TempDir,
}

impl Room {
    pub async fn on_sqlite() -> Self {
        let dir = TempDir::new().expect("a directory");
        Self::over(house::sqlite(dir.path()), dir).await
    }

    pub async fn on_postgres(server: &Postgres) -> Self {
        let dir = TempDir::new().expect("a directory");
        Self::over(house::postgres(server), dir).await
    }

    async fn over(config: StoreConfig, dir: TempDir) -> Self {
        let clock = house::noon();
        let mut parts = house::parts(&config, dir.path(), clock.clone(), 11).await;
        // Two keys: what was digested under the old one must be found.
        let mut digests =
            Digests::open(&dir.path().join("keys"), &*parts.entropy).expect("digests");
        digests.rotate(&*parts.entropy).expect("a second key");
        parts.digests = Arc::new(digests);
        parts.settings = Arc::new(settings());
        let cases = Cases::new(parts).expect("cases");
        let room = Self { cases, clock, dir };
        room.add_list("news", Purpose::Newsletter).await;
        room.add_list("partners", Purpose::PartnerOffers).await;
        room.add_text("news", 1, "ru", "2026-01-01T00:00:00Z").await;
        room
    }

    async fn add_list(&self, name: &str, purpose: Purpose) -> ListId {
        let sql = format!(
            "INSERT INTO list (name, purpose, title_ru, title_en, advertiser, created_at, created_by) \
             VALUES ('{name}', '{}', 'Новости', 'News', 'Clinic', 0, 'anna') RETURNING id",
            purpose.name()
        );
        ListId(self.number(&sql).await)
    }

    /// A consent text as it was written down at an instant.
    pub async fn add_text(&self, list: &str, version: i64, locale: &str, at: &str) {
        let at = at.parse::<Timestamp>().expect("an instant").as_microsecond();
        let sql = format!(
            "INSERT INTO consent_text (list_id, version, locale, body, advertiser, sha256, created_at, created_by) \
             SELECT id, {version}, '{locale}', 'I agree', 'Clinic', {digest}, {at}, 'anna' FROM list \
             WHERE name = '{list}' RETURNING id",
            digest = self.digest_literal(),
        );
        self.number(&sql).await;
    }

    /// 32 bytes, as the database writes them.
    fn digest_literal(&self) -> String {
        let hex = "17".repeat(32);
        match self.store().dialect() {
            store::Dialect::Sqlite => format!("x'{hex}'"),
            store::Dialect::Postgres => format!("decode('{hex}', 'hex')"),
        }
    }

    /// A policy that holds from an instant on.
    pub async fn add_policy(&self, version: &str, locale: &str, from: &str) -> i64 {
        let from = from.parse::<Timestamp>().expect("an instant").as_microsecond();
        let sql = format!(
            "INSERT INTO policy_version (version, locale, body, sha256, effective_from_at, created_at, created_by) \
             VALUES ('{version}', '{locale}', 'Words', {}, {from}, 0, 'anna') RETURNING id",
            self.digest_literal()
        );
        self.number(&sql).await
    }

    pub fn store(&self) -> &Store {
        self.cases.store()
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// An order for a file of these bytes; `news` is its list.
    pub fn order(&self, bytes: impl AsRef<[u8]>) -> ImportOrder {
        let file = self.dir.path().join("contacts.csv");
        std::fs::write(&file, bytes).expect("written");
        ImportOrder::new(file, Some("news"))
    }

    pub async fn run(
        &self,
        order: &ImportOrder,
        actor: &str,
    ) -> Result<(ImportReport, Vec<RowError>), ImportError> {
        let mut errors = Vec::new();
        let mut news = |one: ImportNews<'_>| {
            if let ImportNews::Refused(error) = one {
                errors.push(*error);
            }
        };
        let report = self.cases.import_contacts(order, actor, &mut news).await?;
        assert!(report.counts.add_up(), "{:?}", report.counts);
        Ok((report, errors))
    }

    /// Imports as anna.
    pub async fn import(&self, text: &str) -> (Counts, Vec<RowError>) {
        let order = self.order(text);
        let (report, errors) = self.run(&order, "anna").await.expect("imported");
        (report.counts, errors)
    }

    /// Runs a statement that returns one number.
    pub async fn number(&self, sql: &str) -> i64 {
        store::probe::number(self.store(), sql).await.expect("a number")
    }

    pub async fn count(&self, table: &str) -> i64 {
        self.number(&format!("SELECT COUNT(*) FROM {table}")).await
    }

    pub async fn suppress(&self, address: &str, reason: SuppressionReason) {
        let address = EmailAddress::parse(address).expect("an address");
        let mut digests = self.cases.digests().address_all(&address);
        // As it was written down under the older key.
        digests.reverse();
        let transaction = self.store().begin().await.expect("begins");
        store::suppressions::record(&transaction, &digests, reason, "test", self.now())
            .await
            .expect("suppressed");
        transaction.commit().await.expect("commits");
    }

    pub async fn block(&self, address: &str, scope: &Scope) {
        let address = EmailAddress::parse(address).expect("an address");
        let digests = self.cases.digests().address(&address);
        let transaction = self.store().begin().await.expect("begins");
        let block = NewBlock {
            scope,
            address: None,
            stop_digest: Some(digests.stop),
            contact: None,
            ticket: None,
            submission: None,
            basis: "test",
            authentication: domain::authentication::SenderAuthentication::Unknown,
        };
        store::blocks::set(&transaction, &block, self.now()).await.expect("blocked");
        transaction.commit().await.expect("commits");
    }
}

fn settings() -> Settings {
    Settings { unsubscribe_address: None, bounce_address: None, ..house::settings() }
}
