//! A campaign desk over a real database, with a standing clock and two lists.

use std::sync::Arc;

use cases::{
    CampaignSettings, Cases, CasesError, CasesParts, Settings,
    campaigns::{Begin, NewCampaign},
};
use domain::{
    Timestamp,
    address::EmailAddress,
    block::Purpose,
    campaign::{AudienceRule, BodyFormat, Content, Start},
    ids::{AddressId, CampaignId, ContactId, DeliveryId, ListId},
    language::Locale,
};
use store::{Store, StoreConfig, contacts::NewContact, lists::NewList};
use tempfile::TempDir;
use tests::{ambient::StandingClock, servers::postgres::Postgres};

#[path = "../shared/house.rs"]
mod house;

pub const ISSUE: &str = "december";

pub struct Desk {
    pub cases: Cases,
    pub clock: Arc<StandingClock>,
    pub news: ListId,
    pub offers: ListId,
    _dir: TempDir,
}

/// A person with one subscription.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    pub contact: ContactId,
    pub address: AddressId,
    pub subscription: i64,
}

pub fn settings() -> CampaignSettings {
    CampaignSettings { signs: true, four_eyes: false, medical_advertising: false }
}

pub fn content() -> Content {
    Content {
        locale: Locale::Ru,
        subject: "Новости декабря".into(),
        preheader: String::new(),
        format: BodyFormat::Markdown,
        body: "Здравствуйте, {{name}}!\n\n[Отписаться]({{unsubscribe_url}})\n".into(),
        text: None,
    }
}

impl Desk {
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
        let parts = house::parts(&config, dir.path(), clock.clone(), 7).await;
        let store = parts.store.clone();
        let parts = CasesParts { settings: Arc::new(organisation()), ..parts };
        let cases = Cases::new(parts).expect("cases").with_campaigns(settings());
        let news = list(&store, "news", Purpose::Newsletter).await;
        let offers = list(&store, "offers", Purpose::PartnerOffers).await;
        Self { cases, clock, news, offers, _dir: dir }
    }

    pub fn store(&self) -> &Store {
        self.cases.store()
    }

    pub fn now(&self) -> Timestamp {
        domain::ambient::Clock::now(&*self.clock)
    }

    /// The same desk under other settings.
    pub fn under(&self, settings: CampaignSettings) -> Cases {
        self.cases.clone().with_campaigns(settings)
    }

    pub fn audience(&self) -> AudienceRule {
        AudienceRule { to: vec![self.news], except: vec![] }
    }

    /// A draft to the news list.
    pub async fn draft(&self, name: &str) -> CampaignId {
        let (content, audience) = (content(), self.audience());
        let new = NewCampaign { name, content: &content, audience: &audience, start: None };
        self.cases.create_campaign(&new, "olga").await.expect("a draft")
    }

    /// A draft to a list on which somebody stands, approved.
    pub async fn approved(&self, name: &str) -> CampaignId {
        let id = self.draft(name).await;
        self.cases.approve_campaign(name, "olga").await.expect("approved");
        id
    }

    /// Puts an approved campaign into a state of the runner.
    pub async fn put(&self, campaign: CampaignId, state: &str) {
        let (word, hold, ended) = match state {
            "late_start" | "empty_audience" | "breaker" => ("held", format!("'{state}'"), "NULL"),
            "finished" | "cancelled" => (state, "NULL".to_owned(), "1"),
            other => (other, "NULL".to_owned(), "NULL"),
        };
        let sql = format!(
            "UPDATE campaign SET state = '{word}', hold_reason = {hold}, ended_at = {ended} \
             WHERE id = {campaign} RETURNING id"
        );
        self.number(&sql).await;
    }

    /// A person on the news list, with a consent that can be shown.
    pub async fn subscriber(&self, email: &str) -> Person {
        let now = self.now();
        let address = EmailAddress::parse(email).expect("valid");
        let digests = self.cases.digests().address(&address);
        let transaction = self.store().begin().await.expect("begins");
        let new = NewContact {
            name: "Борис".into(),
            phone: String::new(),
            locale: "ru".into(),
            zone: "Europe/Moscow".into(),
            source: "test".into(),
        };
        let contact = store::contacts::add(&transaction, &new, now).await.expect("added");
        let address = store::addresses::find_or_add(&transaction, &address, &digests, now)
            .await
            .expect("an address");
        store::contacts::give_address(&transaction, contact, address, now).await.expect("given");
        transaction.commit().await.expect("commits");
        let consent = self
            .number(&format!(
                "INSERT INTO consent_event (contact_id, address_id, purpose, list, act, grade, capture_point, at, \
                 evidence) VALUES ({contact}, {address}, 'newsletter', 'news', 'confirmed', 'proven', 'page', {at}, \
                 '{{}}') RETURNING id",
                at = now.as_microsecond()
            ))
            .await;
        let subscription = self
            .number(&format!(
                "INSERT INTO subscription (list_id, contact_id, address_id, state, since_at, consent_id, created_at) \
                 VALUES ({news}, {contact}, {address}, 'confirmed', {at}, {consent}, {at}) RETURNING id",
                news = self.news,
                at = now.as_microsecond()
            ))
            .await;
        Person { contact, address, subscription }
    }

    /// A ledger row of a campaign, as the freeze and dispatch leave it.
    pub async fn row(&self, campaign: CampaignId, person: Person, state: &str) -> DeliveryId {
        let at = self.now().as_microsecond();
        let reason = if state == "withheld" { "'full_block'" } else { "NULL" };
        let sql = format!(
            "INSERT INTO delivery (class, purpose_of_mail, address_id, stop_digest, mail_id, digest_key, \
             mail_id_digest, rank, state, planned_at, next_try_at, expires_at, attempt, node, epoch, campaign_id, \
             subscription_id, withheld_reason, smtp_code) \
             SELECT 'advertising', 'campaign', a.id, a.stop_digest, 'm{campaign}.{address}@clinic.example', 0, \
             a.exact_digest, 3, '{state}', {at}, {at}, {at} + 1000000, 1, 'one', 'epoch', {campaign}, \
             {subscription}, {reason}, 550 FROM address a WHERE a.id = {address} RETURNING id",
            address = person.address,
            subscription = person.subscription
        );
        DeliveryId(self.number(&sql).await)
    }

    pub async fn suppress(&self, email: &str) {
        let address = EmailAddress::parse(email).expect("valid");
        let digests = self.cases.digests().address_all(&address);
        let transaction = self.store().begin().await.expect("begins");
        let reason = domain::gate::SuppressionReason::HardBounce;
        store::suppressions::record(&transaction, &digests, reason, "test", self.now())
            .await
            .expect("written");
        transaction.commit().await.expect("commits");
    }

    pub fn at(&self, local: &str) -> Begin {
        Begin::At(Start::parse(local, "Europe/Moscow").expect("a start"))
    }

    pub async fn state(&self, campaign: &str) -> &'static str {
        self.cases.campaign(campaign).await.expect("there").state.name()
    }

    /// Runs a statement that returns one number.
    pub async fn number(&self, sql: &str) -> i64 {
        store::probe::number(self.store(), sql).await.expect("a number")
    }
}

async fn list(store: &Store, name: &str, purpose: Purpose) -> ListId {
    let transaction = store.begin().await.expect("begins");
    let new = NewList {
        name,
        purpose,
        title_ru: "Новости клиники",
        title_en: "News of the clinic",
        advertiser: "ООО «Эстетимед»",
        is_open: true,
        created_by: "test",
    };
    let list = store::lists::add(&transaction, &new, Timestamp::UNIX_EPOCH).await.expect("a list");
    transaction.commit().await.expect("commits");
    list
}

fn organisation() -> Settings {
    Settings { public_url: "https://hello.clinic.example".into(), ..house::settings() }
}

/// The name of the rule that refused.
pub fn rule<T: std::fmt::Debug>(result: Result<T, CasesError>) -> &'static str {
    match result {
        Err(CasesError::Refused { rule, .. }) => rule,
        other => panic!("not refused: {other:?}"),
    }
}
