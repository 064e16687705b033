//! A campaign that runs: its list, the people on it with a consent that can be shown, its rows.

use domain::Timestamp;
use domain::address::EmailAddress;
use domain::ambient::{Clock, random_bytes};
use domain::block::Purpose;
use domain::campaign::{AudienceRule, BodyFormat, CampaignState, Content, Start, content_hash};
use domain::consent::{ConsentAct, Grade};
use domain::ids::{CampaignId, ContactId, JournalEntryId, ListId, SubscriptionId};
use domain::language::Locale;
use mailing::BulkIdentity;
use mailing::letter::Correspondent;
use store::campaigns::{self, CampaignRow, NewCampaign};
use store::deliveries::freezing::{self, Chunk};
use store::stops::{self, NewStop, StopKind};
use store::{Transaction, addresses, consents, contacts, lists, subscriptions};

use super::world::World;

pub fn bulk() -> BulkIdentity {
    let address = |text| EmailAddress::parse(text).expect("valid");
    BulkIdentity {
        from: Correspondent {
            name: "Клиника".into(),
            address: address("news@news.clinic.example"),
        },
        reply_to: address("hello@clinic.example"),
        list_domain: "news.clinic.example".into(),
        public_url: "https://hello.clinic.example".into(),
        unsubscribe_address: address("unsub@news.clinic.example"),
        bounce_address: address("bounce@news.clinic.example"),
        organisation: "ООО «Клиника»".into(),
        contact: "А. Б. Орлова".into(),
        policy_url: "https://clinic.example/privacy".into(),
        sender_id: "newsclinic".into(),
    }
}

pub fn content() -> Content {
    Content {
        locale: Locale::Ru,
        subject: "Новости {{name}}".into(),
        preheader: String::new(),
        format: BodyFormat::Html,
        body: "<p>Здравствуйте!</p><p><a href=\"{{unsubscribe_url}}\">Отписаться</a></p>".into(),
        text: None,
    }
}

/// A list of this name.
pub async fn list(world: &World, name: &str) -> ListId {
    let transaction = world.store.begin().await.expect("begun");
    let new = lists::NewList {
        name,
        purpose: Purpose::Newsletter,
        title_ru: "Новости",
        title_en: "News",
        advertiser: "ООО «Клиника»",
        is_open: true,
        created_by: "olga",
    };
    let list = lists::add(&transaction, &new, world.clock.now()).await.expect("added");
    transaction.commit().await.expect("committed");
    list
}

/// A contact of this address who has confirmed the subscription.
pub async fn subscribe(world: &World, list: ListId, email: &str) -> (ContactId, SubscriptionId) {
    let transaction = world.store.begin().await.expect("begun");
    let now = world.clock.now();
    let address = EmailAddress::parse(email).expect("valid");
    let digests = world.digests.address(&address);
    let row = addresses::find_or_add(&transaction, &address, &digests, now).await.expect("added");
    let contact = contacts::NewContact {
        name: "Анна".into(),
        phone: String::new(),
        locale: "ru".into(),
        zone: "Europe/Moscow".into(),
        source: "test".into(),
    };
    let contact = contacts::add(&transaction, &contact, now).await.expect("added");
    contacts::give_address(&transaction, contact, row, now).await.expect("given");
    let subscription = subscriptions::ask(&transaction, list, None, row, now).await.expect("asked");
    let event = consents::NewConsentEvent {
        contact: Some(contact),
        address: Some(row),
        purpose: Purpose::Newsletter,
        list: Some("news"),
        act: ConsentAct::Confirmed,
        grade: Grade::Proven,
        capture_point: "subscription_form",
        evidence: "{}",
        submission: None,
        text: None,
        policy: None,
        subscription: Some(subscription),
        delivery: None,
        import: None,
        actor: None,
    };
    let consent = consents::append(&transaction, &event, now).await.expect("appended");
    let held = subscriptions::by_id(&transaction, subscription).await.expect("read");
    let confirmation = subscriptions::Confirmation { contact, consent };
    subscriptions::confirm(&transaction, &held.expect("there"), confirmation, now)
        .await
        .expect("confirmed");
    transaction.commit().await.expect("committed");
    (contact, subscription)
}

pub async fn row(world: &World, campaign: CampaignId) -> CampaignRow {
    campaigns::by_id(&world.store, campaign).await.expect("read").expect("there")
}

async fn step(world: &World, campaign: CampaignId, to: CampaignState) {
    let row = row(world, campaign).await;
    let transaction = world.store.begin().await.expect("begun");
    let now = world.clock.now();
    campaigns::change_state(&transaction, &row, &to, now).await.expect("changed");
    transaction.commit().await.expect("committed");
}

/// A campaign to a list, approved, frozen and running.
pub async fn run_campaign(
    world: &World,
    name: &str,
    content: &Content,
    list: ListId,
) -> CampaignId {
    let now = world.clock.now();
    let audience = AudienceRule { to: vec![list], except: vec![] };
    let at = Timestamp::from_microsecond(now.as_microsecond()).expect("in range");
    let start = Start { at, local: "2026-12-01T10:00".into(), zone: "Europe/Moscow".into() };
    let transaction = world.store.begin().await.expect("begun");
    let new =
        NewCampaign { name, content, audience: &audience, start: Some(&start), author: "olga" };
    let campaign = campaigns::create(&transaction, &new, now).await.expect("made");
    transaction.commit().await.expect("committed");
    let hash = content_hash(content, &audience, Some(&start));
    let by = "olga".to_owned();
    step(world, campaign, CampaignState::Approved { hash, by: by.clone() }).await;
    step(world, campaign, CampaignState::Scheduled { hash, by, starts_at: at }).await;
    step(world, campaign, CampaignState::Freezing { since_at: now }).await;
    let lists = freezing::lists_of(&world.store, campaign).await.expect("read");
    let transaction = world.store.begin().await.expect("begun");
    let through = freezing::fix_end(&transaction, campaign).await.expect("fixed");
    let chunk = Chunk {
        campaign,
        lists: &lists,
        after: SubscriptionId(0),
        through,
        mail_domain: "news.clinic.example",
        expires_at: now + jiff::SignedDuration::from_hours(72),
    };
    freezing::freeze(&transaction, &chunk, now).await.expect("frozen");
    transaction.commit().await.expect("committed");
    step(world, campaign, CampaignState::Running).await;
    campaign
}

/// Moves a campaign and numbers the stop, as the desk does.
pub async fn stop_campaign(world: &World, campaign: CampaignId, to: CampaignState, kind: StopKind) {
    let row = row(world, campaign).await;
    let transaction = world.store.begin().await.expect("begun");
    let now = world.clock.now();
    campaigns::change_state(&transaction, &row, &to, now).await.expect("changed");
    commit_stop(world, transaction, kind, &format!("campaign:{campaign}"), vec![]).await;
    world.store.stops_moved().notify_waiters();
}

/// Lets a campaign go on.
pub async fn resume(world: &World, campaign: CampaignId) {
    step(world, campaign, CampaignState::Running).await;
}

/// A person leaves one list.
pub async fn unsubscribe(world: &World, subscription: SubscriptionId, email: &str) {
    let transaction = world.store.begin().await.expect("begun");
    let held = subscriptions::by_id(&transaction, subscription).await.expect("read");
    let now = world.clock.now();
    subscriptions::leave(&transaction, &held.expect("there"), now).await.expect("left");
    let digests = world.digests.address_all(&EmailAddress::parse(email).expect("valid"));
    commit_stop(world, transaction, StopKind::Unsubscribe, "unsubscribe", digests).await;
    world.store.stops_moved().notify_waiters();
}

pub async fn commit_stop(
    world: &World,
    transaction: Transaction,
    kind: StopKind,
    scope: &str,
    digests: Vec<domain::digest::AddressDigests>,
) {
    let now = world.clock.now();
    let journal = JournalEntryId::new(now, random_bytes(world.entropy.as_ref()));
    let stop = NewStop {
        journal,
        kind,
        scope: scope.into(),
        digests,
        contact: None,
        block: None,
        submission: None,
    };
    stops::record(&transaction, &stop, now).await.expect("recorded");
    stops::number_all(&transaction, &[journal]).await.expect("numbered");
    transaction.commit().await.expect("committed");
}
