//! Lists, people and what stops them on either database, written straight into the tables.

use std::sync::Arc;

use domain::{
    Timestamp,
    address::EmailAddress,
    ambient::Clock,
    block::Purpose,
    campaign::{AudienceRule, BodyFormat, Content},
    ids::{AddressId, CampaignId, ListId},
    language::Locale,
};
use jiff::ToSpan;
use store::{Store, StoreConfig, addresses, campaigns, probe};
use tests::{
    ambient::{SeededEntropy, StandingClock},
    servers::Postgres,
};
use vault::Digests;

pub const NOON: i64 = 1_795_348_800;

pub struct People {
    pub store: Store,
    pub config: StoreConfig,
    pub digests: Digests,
    pub clock: Arc<StandingClock>,
    pub entropy: Arc<SeededEntropy>,
    pub directory: tempfile::TempDir,
    /// A consent event of grade proven, whoever's.
    pub consent: i64,
}

/// The same test on a fresh database of each kind.
pub async fn on_both<F: AsyncFn(People)>(test: F) {
    let directory = tempfile::tempdir().expect("made");
    let config = StoreConfig::Sqlite { path: directory.path().join("house.db") };
    test(People::on(directory, config).await).await;
    let postgres = Postgres::start().expect("PostgreSQL is installed");
    let url = postgres.database().expect("made");
    let config = StoreConfig::Postgres { url, connections: 6 };
    test(People::on(tempfile::tempdir().expect("made"), config).await).await;
}

impl People {
    pub async fn on(directory: tempfile::TempDir, config: StoreConfig) -> Self {
        let store = Store::open(&config).await.expect("opened");
        store.migrate().await.expect("migrated");
        let entropy = Arc::new(SeededEntropy::new(7));
        let digests =
            Digests::open(&directory.path().join("keys"), entropy.as_ref()).expect("keys");
        let clock = Arc::new(StandingClock::at(Timestamp::from_second(NOON).expect("in range")));
        let consent = probe::number(
            &store,
            "INSERT INTO consent_event (purpose, act, grade, capture_point, at, evidence) \
             VALUES ('newsletter', 'confirmed', 'proven', 'paper', 1, '{}') RETURNING id",
        );
        let consent = consent.await.expect("written");
        Self { store, config, digests, clock, entropy, directory, consent }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A number below `end`.
    pub fn below(&self, end: u64) -> u64 {
        self.entropy.next() % end
    }

    pub fn one_of<'a, T>(&self, all: &'a [T]) -> &'a T {
        let place = self.below(u64::try_from(all.len()).expect("small"));
        &all[usize::try_from(place).expect("small")]
    }

    pub async fn write(&self, sql: &str) -> i64 {
        probe::number(&self.store, sql).await.unwrap_or_else(|error| panic!("{error}: {sql}"))
    }

    /// Reads a number.
    pub async fn number(&self, sql: &str) -> i64 {
        self.write(sql).await
    }

    pub async fn list(&self, purpose: Purpose) -> ListId {
        let name = format!("list-{:x}", self.entropy.next());
        let sql = format!(
            "INSERT INTO list (name, purpose, title_ru, title_en, advertiser, created_at, created_by) \
             VALUES ('{name}', '{}', 'Новости', 'News', 'Clinic', 1, 'test') RETURNING id",
            purpose.name()
        );
        ListId(self.write(&sql).await)
    }

    pub async fn contact(&self) -> i64 {
        let sql = "INSERT INTO contact (source, created_at) VALUES ('test', 1) RETURNING id";
        self.write(sql).await
    }

    pub async fn address(&self, email: &str) -> AddressId {
        let email = EmailAddress::parse(email).expect("valid");
        let transaction = self.store.begin().await.expect("begun");
        let digests = self.digests.address(&email);
        let id = addresses::find_or_add(&transaction, &email, &digests, self.now()).await;
        transaction.commit().await.expect("committed");
        id.expect("added")
    }

    pub async fn subscribe(
        &self,
        list: ListId,
        contact: Option<i64>,
        address: Option<AddressId>,
        state: &str,
        consent: Option<i64>,
    ) -> i64 {
        let sql = format!(
            "INSERT INTO subscription (list_id, contact_id, address_id, state, since_at, consent_id, created_at) \
             VALUES ({}, {}, {}, '{state}', 1, {}, 1) RETURNING id",
            list.0,
            null_or(contact),
            null_or(address.map(|id| id.0)),
            null_or(consent),
        );
        self.write(&sql).await
    }

    /// Somebody who gets the next issue: contact, address, proven and confirmed.
    pub async fn subscriber(&self, list: ListId, email: &str) -> i64 {
        let (contact, address) = (self.contact().await, self.address(email).await);
        self.link(contact, address).await;
        self.subscribe(list, Some(contact), Some(address), "confirmed", Some(self.consent)).await
    }

    pub async fn link(&self, contact: i64, address: AddressId) {
        let sql = format!(
            "INSERT INTO contact_address (contact_id, address_id, since_at) VALUES ({contact}, {}, 1) \
             RETURNING contact_id",
            address.0
        );
        self.write(&sql).await;
    }

    /// A draft to lists.
    pub async fn draft(&self, to: &[ListId], except: &[ListId]) -> CampaignId {
        let content = Content {
            locale: Locale::Ru,
            subject: "Новости".into(),
            preheader: String::new(),
            format: BodyFormat::Html,
            body: "<p>{{unsubscribe_url}}</p>".into(),
            text: None,
        };
        let audience = AudienceRule { to: to.to_vec(), except: except.to_vec() };
        let name = format!("issue-{:x}", self.entropy.next());
        let transaction = self.store.begin().await.expect("begun");
        let new = campaigns::NewCampaign {
            name: &name,
            content: &content,
            audience: &audience,
            start: None,
            author: "olga",
        };
        let id = campaigns::create(&transaction, &new, self.now()).await.expect("made");
        transaction.commit().await.expect("committed");
        id
    }

    /// A campaign in the middle of its freeze, as if it had been approved.
    pub async fn freezing(&self, to: &[ListId], except: &[ListId]) -> CampaignId {
        let id = self.draft(to, except).await;
        self.put(id, "freezing", "").await;
        id
    }

    /// Puts a campaign into a state with an approval of nothing.
    pub async fn put(&self, campaign: CampaignId, state: &str, more: &str) {
        let hash = match self.config {
            StoreConfig::Sqlite { .. } => "x'00'".replace("00", &"07".repeat(32)),
            StoreConfig::Postgres { .. } => format!("decode('{}', 'hex')", "07".repeat(32)),
        };
        let sql = format!(
            "UPDATE campaign SET state = '{state}', approved_hash = {hash}, approved_by = 'olga', \
             approved_at = 1 {more} WHERE id = {} RETURNING id",
            campaign.0
        );
        self.write(&sql).await;
    }

    /// Some instant around now, in microseconds.
    pub fn around_now(&self) -> i64 {
        let hours = i64::try_from(self.below(9)).expect("small") - 4;
        (self.now() + hours.hours()).as_microsecond()
    }
}

pub fn null_or(number: Option<i64>) -> String {
    number.map_or_else(|| "NULL".to_owned(), |number| number.to_string())
}
