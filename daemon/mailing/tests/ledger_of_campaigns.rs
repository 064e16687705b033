//! Rows of campaigns that something odd happened to, on both databases: retried, told of late,
//! changed by hand.

#[path = "dispatch/audience.rs"]
#[allow(dead_code)]
mod audience;
#[path = "scripted_relay/server.rs"]
#[allow(dead_code)]
mod server;
#[path = "dispatch/world.rs"]
#[allow(dead_code)]
mod world;

use std::time::Duration;

use audience::{bulk, content, list, run_campaign, stop_campaign, subscribe};
use domain::address::EmailAddress;
use domain::ambient::Clock;
use domain::authentication::SenderAuthentication;
use domain::block::{Purpose, Scope};
use domain::campaign::CampaignState;
use domain::delivery::{Class, DeliveryState, Occasion, OutcomeKind};
use domain::ids::{CampaignId, DeliveryId};
use mailing::smtp::{Relay, RelayConfig, TlsMode};
use mailing::{Dispatch, Outlet, run_until_idle};
use server::{Act, Script, Server};
use store::campaigns::{self, Report, Retried};
use store::deliveries::{self, Change, Claimant, ClaimedDelivery, Claiming, Named, Tried};
use store::probe::{self, Question};
use store::stops::StopKind;
use store::{StoreConfig, alarms, nodes};
use tests::servers::Postgres;
use tokio_util::sync::CancellationToken;
use world::World;

const LEASE: Duration = Duration::from_secs(60);

/// The same test on a fresh database of each kind.
async fn on_both<F: AsyncFn(World)>(test: F) {
    test(World::on_sqlite().await).await;
    let postgres = Postgres::start().expect("PostgreSQL is installed");
    let url = postgres.database().expect("made");
    let config = StoreConfig::Postgres { url, connections: 4 };
    test(World::on(tempfile::tempdir().expect("made"), config).await).await;
}

/// Sends what is due to a server that answers the recipient so.
async fn send(world: &World, script: Script) {
    let server = Server::start(script).await;
    let config = RelayConfig {
        tls: TlsMode::NoneToLoopback,
        ..RelayConfig::new("main", "127.0.0.1", server.port())
    };
    let outlet = Outlet::Relay(Relay::new(config).expect("configured"));
    let dispatch = Dispatch { bulk: Some(bulk()), ..world.dispatch("alpha", outlet) };
    run_until_idle(dispatch, CancellationToken::new()).await.expect("sent");
}

/// A running campaign to so many people.
async fn campaign_to(world: &World, name: &str, people: usize) -> CampaignId {
    let list = list(world, name).await;
    for n in 0..people {
        subscribe(world, list, &format!("p{n}@{name}.example")).await;
    }
    run_campaign(world, name, &content(), list).await
}

async fn report(world: &World, campaign: CampaignId) -> Report {
    let report = campaigns::report(&world.store, campaign).await.expect("read");
    assert!(report.adds_up(), "{report:?}");
    report
}

async fn register(world: &World, epoch: &str) {
    let transaction = world.store.begin().await.expect("begun");
    let node = nodes::StartingNode { name: "alpha", boot_id: "boot-a", epoch, version: "test" };
    nodes::register(&transaction, node, LEASE, world.clock.now()).await.expect("registered");
    transaction.commit().await.expect("committed");
}

async fn claim(world: &World, epoch: &str) -> Vec<ClaimedDelivery> {
    let transaction = world.store.begin().await.expect("begun");
    let claimant = Claimant { node: "alpha", epoch };
    let claiming = Claiming::begin(&transaction, claimant, LEASE, world.clock.now()).await;
    let claiming = claiming.expect("asked").expect("it may");
    let rows = claiming.of_campaigns(9, 0).await.expect("claimed");
    transaction.commit().await.expect("committed");
    rows
}

async fn apply(world: &World, change: Change) -> usize {
    let transaction = world.store.begin().await.expect("begun");
    let changed = deliveries::apply(&transaction, "alpha", &[change], world.clock.now()).await;
    transaction.commit().await.expect("committed");
    changed.expect("applied").len()
}

fn ended(row: &ClaimedDelivery, epoch: &str, to: DeliveryState, outcome: OutcomeKind) -> Change {
    let tried =
        Tried { outcome, relay: "main".into(), code: None, enhanced: None, text: String::new() };
    Change {
        id: row.id,
        attempt: row.attempt,
        epoch: epoch.into(),
        to,
        not_before: None,
        resent: row.resent,
        tried: Some(tried),
    }
}

async fn retry(world: &World, campaign: CampaignId, delivery: DeliveryId) -> u64 {
    let transaction = world.store.begin().await.expect("begun");
    let now = world.clock.now();
    let count = campaigns::retry(&transaction, campaign, &[delivery], now).await.expect("retried");
    transaction.commit().await.expect("committed");
    count
}

#[tokio::test]
async fn a_restart_does_not_undo_a_retry_by_the_end_of_the_attempt_before() {
    on_both(async |world| {
        let campaign = campaign_to(&world, "news", 1).await;
        send(&world, Script::default().at("RCPT", Act::Say("550 5.7.1 not wanted"))).await;
        assert_eq!(report(&world, campaign).await.states.rejected, 1);
        // The END stands in the journal; the same process claims the row again and gives it back.
        let page = campaigns::retryable(&world.store, campaign, Retried::All, DeliveryId(0), 9);
        let id = page.await.expect("read")[0].id;
        assert_eq!(retry(&world, campaign, id).await, 1);
        let node = nodes::by_name(&world.store, "alpha", world.clock.now()).await.expect("read");
        let epoch = node.expect("known").epoch;
        register(&world, &epoch).await;
        let row = claim(&world, &epoch).await.remove(0);
        assert_eq!(row.attempt, 2);
        let now = world.clock.now();
        let to = DeliveryState::Deferred { attempts: 1, next_try_at: now };
        let back = Change { tried: None, ..ended(&row, &epoch, to, OutcomeKind::Deferred) };
        assert_eq!(apply(&world, back).await, 1);
        send(&world, Script::default()).await;
        assert_eq!(report(&world, campaign).await.states.accepted, 1);
    })
    .await;
}

#[tokio::test]
async fn a_late_deferral_sends_again_only_while_its_campaign_goes_on() {
    on_both(async |world| {
        for (name, to, expected) in [
            ("paused", CampaignState::Paused, 1),
            ("cancelled", CampaignState::Cancelled { at: world.clock.now() }, 0),
            ("finished", CampaignState::Finished { at: world.clock.now() }, 0),
        ] {
            register(&world, name).await;
            let campaign = campaign_to(&world, name, 1).await;
            let row = claim(&world, name).await.remove(0);
            let now = world.clock.now();
            let unknown = DeliveryState::Uncertain { at: now };
            let unknown = ended(&row, name, unknown, OutcomeKind::Uncertain);
            assert_eq!(apply(&world, unknown).await, 1);
            stop_campaign(&world, campaign, to, StopKind::Pause).await;
            let late = DeliveryState::Deferred { attempts: 1, next_try_at: now };
            let late = ended(&row, name, late, OutcomeKind::Deferred);
            assert_eq!(apply(&world, late).await, expected, "{name}");
            let states = report(&world, campaign).await.states;
            let uncertain = i64::from(expected == 0);
            assert_eq!((states.deferred, states.uncertain), (1 - uncertain, uncertain), "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_campaign_with_a_spoilt_approval_stands_still_and_holds_nobody_up() {
    on_both(async |world| {
        let odd = campaign_to(&world, "odd", 1).await;
        let fine = campaign_to(&world, "fine", 1).await;
        let bytes = match world.config {
            StoreConfig::Sqlite { .. } => "X'00'",
            StoreConfig::Postgres { .. } => "'\\x00'",
        };
        let spoil = format!("UPDATE campaign SET approved_hash = {bytes} WHERE id = {odd}");
        probe::write(&world.store, &spoil).await.expect("spoilt");
        register(&world, "one").await;
        let rows = claim(&world, "one").await;
        let campaigns: Vec<_> =
            rows.iter().filter_map(|row| row.campaign.as_ref()).map(|part| part.campaign).collect();
        assert_eq!(campaigns, [fine]);
        let standing = alarms::standing(&world.store).await.expect("read");
        assert_eq!(standing[0].name, format!("campaign/{odd}/approval"));
        let restore = format!(
            "UPDATE campaign SET approved_hash = (SELECT approved_hash FROM campaign WHERE id = {fine}) \
             WHERE id = {odd}"
        );
        probe::write(&world.store, &restore).await.expect("restored");
        assert_eq!(claim(&world, "one").await.len(), 1);
        assert!(alarms::standing(&world.store).await.expect("read").is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_spoilt_block_or_suppression_stops_those_whom_it_concerns_and_ends_with_the_campaign() {
    on_both(async |world| {
        let campaign = campaign_to(&world, "news", 3).await;
        let answer = world.plan_answer().await;
        let now = world.clock.now();
        let digests = |n: usize| {
            let email = EmailAddress::parse(&format!("p{n}@news.example")).expect("valid");
            world.digests.address_all(&email)
        };
        let transaction = world.store.begin().await.expect("begun");
        let block = store::blocks::NewBlock {
            scope: &Scope::Purposes(vec![Purpose::Newsletter]),
            address: None,
            stop_digest: Some(digests(0)[0].stop),
            contact: None,
            ticket: None,
            submission: None,
            basis: "test",
            authentication: SenderAuthentication::Pass,
        };
        store::blocks::set(&transaction, &block, now).await.expect("set");
        let reason = domain::gate::SuppressionReason::Manual;
        store::suppressions::record(&transaction, &digests(1), reason, "test", now)
            .await
            .expect("recorded");
        transaction.commit().await.expect("committed");
        for sql in [
            "UPDATE block SET purposes = 'by hand'",
            "UPDATE suppression SET since_at = 9223372036854775807",
        ] {
            assert_eq!(probe::write(&world.store, sql).await.expect("spoilt"), 1);
        }
        send(&world, Script::default()).await;
        let states = report(&world, campaign).await.states;
        assert_eq!((states.planned, states.accepted), (2, 1));
        let answered =
            format!("SELECT COUNT(*) FROM delivery WHERE id = {answer} AND state = 'accepted'");
        assert_eq!(probe::number(&world.store, &answered).await.expect("read"), 1);
        let standing = alarms::standing(&world.store).await.expect("read");
        assert!(standing.iter().all(|alarm| alarm.name.starts_with("delivery/")));
        assert_eq!(standing.len(), 2);
        assert!(standing[0].detail.starts_with("table block, row"), "{}", standing[0].detail);

        // Nobody restores them: they expire, and the campaign can end.
        world.clock.advance(Duration::from_secs(72 * 3600));
        send(&world, Script::default()).await;
        assert_eq!(report(&world, campaign).await.states.rejected, 2);
    })
    .await;
}

#[tokio::test]
async fn what_comes_back_of_a_first_copy_is_written_onto_a_row_that_waits_for_the_second() {
    on_both(async |world| {
        for (name, outcome) in
            [("refused", OutcomeKind::Rejected), ("put-off", OutcomeKind::Deferred)]
        {
            register(&world, name).await;
            let campaign = campaign_to(&world, name, 1).await;
            let told = async |id| {
                let transaction = world.store.begin().await.expect("begun");
                let named = Named { deliveries: &[id], ..Named::default() };
                let told = deliveries::take_feedback(&transaction, &named, "complaint").await;
                transaction.commit().await.expect("committed");
                told.expect("taken").len()
            };
            let waiting = "SELECT MAX(id) FROM delivery";
            let id = DeliveryId(probe::number(&world.store, waiting).await.expect("read"));
            assert_eq!(told(id).await, 0, "it never left");
            let row = claim(&world, name).await.remove(0);
            let at = world.clock.now();
            let to = match outcome {
                OutcomeKind::Rejected => DeliveryState::Rejected { at },
                _ => DeliveryState::Deferred {
                    attempts: 1,
                    next_try_at: at + jiff::SignedDuration::from_hours(1),
                },
            };
            assert_eq!(apply(&world, ended(&row, name, to, outcome)).await, 1);
            if outcome == OutcomeKind::Rejected {
                assert_eq!(told(id).await, 0, "it was refused");
                assert_eq!(retry(&world, campaign, id).await, 1);
            }
            assert_eq!(told(id).await, 1, "{name}");
            stop_campaign(&world, campaign, CampaignState::Paused, StopKind::Pause).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_long_ledger_is_not_read_through_for_a_few_of_its_rows() {
    let world = World::on_sqlite().await;
    let plan = probe::plan(&world.store, Question::UncertainOf).await.expect("told");
    for index in ["delivery_uncertain", "delivery_resent"] {
        assert!(
            plan.iter().any(|step| step.contains(&format!("USING INDEX {index} "))),
            "{plan:?}"
        );
    }
    assert!(!plan.iter().any(|step| step.starts_with("SCAN delivery")), "{plan:?}");
    for which in [Retried::Rejected, Retried::Uncertain, Retried::All] {
        let plan = probe::plan(&world.store, Question::Retryable(which)).await.expect("told");
        let index = "SEARCH d USING INDEX delivery_campaign_retryable (campaign_id=? AND rowid>?)";
        let other = "SEARCH d USING INDEX delivery_campaign_retryable (campaign_id=? AND id>?)";
        assert!(plan.iter().any(|step| step == index || step == other), "{plan:?}");
        assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{which:?} {plan:?}");
    }
}

#[test]
fn nothing_that_is_in_hand_prints_a_name() {
    // The types that hold one are told apart by what they print; see also the types themselves.
    let named = "Анна";
    let printed = format!("{:?}", printed_row(named));
    assert!(!printed.contains(named) && !printed.contains("p0"), "{printed}");
}

fn printed_row(name: &str) -> ClaimedDelivery {
    use domain::gate::ListStanding;
    use store::deliveries::{CampaignPart, SubscriptionStanding};
    let at = domain::Timestamp::UNIX_EPOCH;
    let standing = SubscriptionStanding {
        purpose: Purpose::Newsletter,
        list: ListStanding::Confirmed,
        consent: None,
        opted_in_at: None,
    };
    ClaimedDelivery {
        id: DeliveryId(1),
        class: Class::Advertising,
        occasion: Occasion::Campaign,
        ticket: None,
        address: domain::ids::AddressId(1),
        recipient: EmailAddress::parse("p0@news.example").expect("valid"),
        mail_id: "1@news.example".into(),
        content: None,
        vault_key: None,
        locale: None,
        attempt: 1,
        planned_at: at,
        expires_at: at,
        resent: domain::delivery::Resent::Never,
        campaign: Some(CampaignPart {
            campaign: CampaignId(1),
            content: [0; 32],
            subscription: domain::ids::SubscriptionId(1),
            contact: None,
            contact_name: name.into(),
            list: None,
            consent: None,
            standing,
        }),
    }
}
