//! The statements under the dispatch, on both databases: claims, leases, conflicts, nodes.

#[path = "dispatch/world.rs"]
#[allow(dead_code)]
mod world;

use std::time::Duration;

use domain::ambient::Clock;
use domain::block::Scope;
use domain::delivery::{Class, DeliveryState, Occasion, OutcomeKind, Resent};
use domain::gate::Suppressed;
use domain::ids::DeliveryId;
use store::deliveries::{
    self, Change, Claimant, ClaimedDelivery, Claiming, Recipient, Stream, Tried,
};
use store::{StoreConfig, StoreError, Transaction, alarms, nodes, tasks};
use tests::servers::Postgres;
use world::World;

const LEASE: Duration = Duration::from_secs(60);
const ALPHA: Claimant<'_> = Claimant { node: "alpha", epoch: "one" };

/// The same test on a fresh database of each kind.
async fn on_both<F: AsyncFn(World)>(test: F) {
    let world = World::on_sqlite().await;
    register(&world, "alpha").await;
    test(world).await;
    let postgres = Postgres::start().expect("PostgreSQL is installed");
    let url = postgres.database().expect("made");
    let config = StoreConfig::Postgres { url, connections: 4 };
    let world = World::on(tempfile::tempdir().expect("made"), config).await;
    register(&world, "alpha").await;
    test(world).await;
}

async fn claim(world: &World, limit: u32) -> Vec<ClaimedDelivery> {
    let transaction = world.store.begin().await.expect("begun");
    let claimed = claim_in(&transaction, ALPHA, limit, world).await;
    transaction.commit().await.expect("committed");
    claimed
}

async fn claim_in(
    transaction: &Transaction,
    claimant: Claimant<'_>,
    limit: u32,
    world: &World,
) -> Vec<ClaimedDelivery> {
    let claiming = Claiming::begin(transaction, claimant, LEASE, world.clock.now()).await;
    match claiming.expect("asked") {
        Some(claiming) => claiming.others(limit).await.expect("claimed"),
        None => Vec::new(),
    }
}

async fn apply(world: &World, changes: &[Change]) -> Vec<DeliveryId> {
    let transaction = world.store.begin().await.expect("begun");
    let changed = deliveries::apply(&transaction, "alpha", changes, world.clock.now()).await;
    transaction.commit().await.expect("committed");
    changed.expect("applied")
}

fn accepted(world: &World, delivery: &ClaimedDelivery) -> Change {
    Change {
        id: delivery.id,
        attempt: delivery.attempt,
        epoch: "one".into(),
        to: DeliveryState::Accepted { at: world.clock.now() },
        not_before: None,
        resent: Resent::Never,
        tried: Some(Tried {
            outcome: OutcomeKind::Accepted,
            relay: "main".into(),
            code: Some(250),
            enhanced: Some("2.0.0".into()),
            text: "queued \u{44f} \"x\"".into(),
        }),
    }
}

async fn register(world: &World, name: &str) {
    let transaction = world.store.begin().await.expect("begun");
    let node = nodes::StartingNode { name, boot_id: "boot-a", epoch: "one", version: "test" };
    nodes::register(&transaction, node, LEASE, world.clock.now()).await.expect("registered");
    transaction.commit().await.expect("committed");
}

async fn retire(world: &World) -> Result<usize, StoreError> {
    let now = world.clock.now();
    let transaction = world.store.begin().await.expect("begun");
    let retired = nodes::retire(&transaction, "alpha", "root", now, now).await;
    transaction.commit().await.expect("committed");
    retired
}

/// Ends alpha's lease by the clock that counts: ours on SQLite, the server's on PostgreSQL.
async fn let_the_lease_end(world: &World) {
    let transaction = world.store.begin().await.expect("begun");
    nodes::leave(&transaction, "alpha", "one", world.clock.now()).await.expect("left");
    transaction.commit().await.expect("committed");
    world.clock.advance(Duration::from_millis(1));
}

#[tokio::test]
async fn statutory_mail_overtakes_bulk_and_nothing_is_claimed_twice() {
    on_both(async |world| {
        world.plan(Class::Advertising, Occasion::Campaign, "a@mail.example").await;
        world.plan(Class::Confirmation, Occasion::Confirmation, "b@mail.example").await;
        world.plan(Class::Statutory, Occasion::Answer, "c@mail.example").await;
        let first: Vec<_> = claim(&world, 2).await.iter().map(|row| row.class).collect();
        assert_eq!(first, [Class::Statutory, Class::Confirmation]);
        let second: Vec<_> = claim(&world, 2).await.iter().map(|row| row.class).collect();
        assert_eq!(second, [Class::Advertising]);
        assert!(claim(&world, 2).await.is_empty());
        assert!(
            !deliveries::is_any_due(&world.store, Stream::All, world.clock.now())
                .await
                .expect("asked")
        );
    })
    .await;
}

#[tokio::test]
async fn an_outcome_changes_only_the_claim_that_it_belongs_to() {
    on_both(async |world| {
        world.plan_answer().await;
        let row = claim(&world, 1).await.remove(0);
        let right = accepted(&world, &row);
        let stranger = Change { epoch: "other".into(), ..right.clone() };
        let older = Change { attempt: 7, ..right.clone() };
        assert_eq!(apply(&world, &[stranger, older]).await, []);
        assert_eq!(world.state().await, "claimed");
        assert_eq!(apply(&world, std::slice::from_ref(&right)).await, [row.id]);
        assert_eq!(world.state().await, "accepted");
        assert_eq!(apply(&world, &[right]).await, [], "a second time is a conflict");
    })
    .await;
}

#[tokio::test]
async fn a_row_that_is_given_back_keeps_its_attempts_and_rests_as_asked() {
    on_both(async |world| {
        world.plan_answer().await;
        let row = claim(&world, 1).await.remove(0);
        assert_eq!(row.attempt, 1);
        let until = world.clock.now() + jiff::SignedDuration::from_secs(30);
        let back = Change {
            to: DeliveryState::Planned,
            not_before: Some(until),
            tried: None,
            ..accepted(&world, &row)
        };
        apply(&world, &[back]).await;
        assert_eq!(world.state().await, "planned");
        assert!(claim(&world, 1).await.is_empty());
        let due_at = deliveries::next_due_at(&world.store).await.expect("asked");
        assert_eq!(due_at.map(|at| at.as_microsecond()), Some(until.as_microsecond()));
        world.clock.advance(Duration::from_secs(30));
        assert_eq!(claim(&world, 1).await[0].attempt, 1);
    })
    .await;
}

#[tokio::test]
async fn a_node_is_retired_only_after_its_lease_and_what_it_held_is_uncertain() {
    on_both(async |world| {
        world.plan(Class::Statutory, Occasion::Acknowledgement, "a@mail.example").await;
        world.plan(Class::Statutory, Occasion::Answer, "b@mail.example").await;
        world.plan(Class::Transactional, Occasion::Access, "c@mail.example").await;
        let rows = claim(&world, 3).await;
        assert!(matches!(retire(&world).await, Err(StoreError::Conflict { .. })));
        let_the_lease_end(&world).await;
        assert_eq!(retire(&world).await.expect("retired"), 3);
        let states = world.states().await;
        assert_eq!(states, [("deferred".to_owned(), 1), ("uncertain".to_owned(), 2)]);
        assert_eq!(tasks::open_count(&world.store).await.expect("counted"), 1);
        assert!(retire(&world).await.is_err(), "once");

        let marks = deliveries::uncertain_of(&world.store, "alpha", &["one".to_owned()]).await;
        assert_eq!(marks.expect("read").len(), 3, "also the one that waits to be sent again");

        // A late deferral does not resend what a person was told of.
        let late_deferral = |row: &ClaimedDelivery| {
            let change = accepted(&world, row);
            let tried =
                change.tried.clone().map(|tried| Tried { outcome: OutcomeKind::Deferred, ..tried });
            let to = DeliveryState::Deferred { attempts: 1, next_try_at: world.clock.now() };
            Change { to, tried, ..change }
        };
        let (told, waiting) = (late_deferral(&rows[0]), late_deferral(&rows[1]));
        assert_eq!(apply(&world, &[told, waiting]).await, []);

        // The END that comes late is true, and nothing of it is sent again or asked about.
        let late: Vec<Change> = rows.iter().map(|row| accepted(&world, row)).collect();
        assert_eq!(apply(&world, &late).await.len(), 3);
        assert_eq!(world.states().await, [("accepted".to_owned(), 3)]);
        assert_eq!(tasks::open_count(&world.store).await.expect("counted"), 0);
    })
    .await;
}

#[tokio::test]
async fn what_a_gone_node_held_is_sent_again_once_and_its_late_end_is_then_nothing() {
    on_both(async |world| {
        world.plan_answer().await;
        let first = claim(&world, 1).await.remove(0);
        let_the_lease_end(&world).await;
        assert_eq!(retire(&world).await.expect("retired"), 1);
        register(&world, "alpha").await;
        let resend = claim(&world, 1).await.remove(0);
        assert_eq!((resend.attempt, resend.resent), (2, Resent::Once));
        assert_eq!(apply(&world, &[accepted(&world, &first)]).await, []);
        assert_eq!(world.state().await, "claimed");
    })
    .await;
}

#[tokio::test]
async fn a_node_without_a_lease_or_of_another_epoch_claims_nothing() {
    on_both(async |world| {
        world.plan_answer().await;
        let transaction = world.store.begin().await.expect("begun");
        let replaced = Claimant { node: "alpha", epoch: "older" };
        assert!(claim_in(&transaction, replaced, 1, &world).await.is_empty());
        transaction.commit().await.expect("committed");
        let_the_lease_end(&world).await;
        assert!(claim(&world, 1).await.is_empty());
        retire(&world).await.expect("retired");
        assert!(claim(&world, 1).await.is_empty());
        assert_eq!(world.state().await, "planned");
    })
    .await;
}

/// A claim that is under way when its node is retired is found by whoever retires it.
#[tokio::test]
async fn a_claim_that_stalls_while_its_node_is_retired_leaves_no_row_behind() {
    let postgres = Postgres::start().expect("PostgreSQL is installed");
    let url = postgres.database().expect("made");
    let config = StoreConfig::Postgres { url, connections: 4 };
    let world = World::on(tempfile::tempdir().expect("made"), config).await;
    register(&world, "alpha").await;
    world.plan_answer().await;
    let transaction = world.store.begin().await.expect("begun");
    let rows = claim_in(&transaction, ALPHA, 1, &world).await;
    assert_eq!(rows.len(), 1);
    let ending = async {
        let_the_lease_end(&world).await;
        retire(&world).await.expect("retired")
    };
    let committing = async {
        // The other has to wait: it is not over after a while.
        tokio::time::sleep(Duration::from_millis(200)).await;
        transaction.commit().await.expect("committed");
    };
    let (taken, ()) = tokio::join!(ending, committing);
    assert_eq!(taken, 1);
}

#[tokio::test]
async fn a_retired_or_replaced_node_cannot_renew_its_lease() {
    on_both(async |world| {
        let renew = async |epoch: &'static str| {
            let transaction = world.store.begin().await.expect("begun");
            let renewed =
                nodes::renew(&transaction, "alpha", epoch, LEASE, world.clock.now()).await;
            transaction.commit().await.expect("committed");
            renewed
        };
        assert!(renew("one").await.is_ok());
        assert!(matches!(renew("other").await, Err(StoreError::Conflict { .. })));
        let_the_lease_end(&world).await;
        retire(&world).await.expect("retired");
        assert!(matches!(renew("one").await, Err(StoreError::Conflict { .. })));
        let node = nodes::by_name(&world.store, "alpha", world.clock.now()).await.expect("read");
        let node = node.expect("known");
        assert!(!node.is_alive && node.retired_at.is_some());
    })
    .await;
}

#[tokio::test]
async fn a_node_counts_as_dead_only_after_the_time_and_only_if_it_holds_mail() {
    on_both(async |world| {
        let dead = async |since| {
            nodes::dead_with_rows(&world.store, "beta", since, world.clock.now())
                .await
                .expect("asked")
        };
        world.plan_answer().await;
        let row = claim(&world, 1).await.remove(0);
        assert!(dead(Duration::ZERO).await.is_empty(), "its lease runs");
        let_the_lease_end(&world).await;
        assert_eq!(dead(Duration::ZERO).await, ["alpha"]);
        assert!(dead(Duration::from_secs(900)).await.is_empty());
        let now = world.clock.now();
        let own = nodes::dead_with_rows(&world.store, "alpha", Duration::ZERO, now).await;
        assert!(own.expect("asked").is_empty(), "nobody judges itself");
        let outcome = accepted(&world, &row);
        apply(&world, &[outcome]).await;
        assert!(dead(Duration::ZERO).await.is_empty(), "it holds nothing");
    })
    .await;
}

/// Somebody changed rows by hand: the others go, and an alarm names each.
#[tokio::test]
async fn a_row_that_does_not_fit_is_put_aside_and_holds_nobody_up() {
    let postgres = Postgres::start().expect("PostgreSQL is installed");
    let url = postgres.database().expect("made");
    let name = url.rsplit('/').next().expect("a name").to_owned();
    let config = StoreConfig::Postgres { url, connections: 4 };
    let world = World::on(tempfile::tempdir().expect("made"), config).await;
    register(&world, "alpha").await;
    let odd = world.plan_answer().await;
    let fine = world.plan(Class::Statutory, Occasion::Answer, "b@mail.example").await;
    let spoil = |key: &str| {
        let sql = format!("UPDATE delivery SET vault_key_id = {key} WHERE id = {odd}");
        postgres.execute(&name, &sql).expect("changed");
    };
    spoil("'of another make'");
    let rows: Vec<_> = claim(&world, 9).await.iter().map(|row| row.id).collect();
    assert_eq!(rows, [fine]);
    assert!(claim(&world, 9).await.is_empty(), "it rests");
    let standing = alarms::standing(&world.store).await.expect("read");
    assert_eq!(standing[0].name, format!("delivery/{odd}"));
    let expected = format!("table delivery, row {odd}: column vault_key_id does not fit");
    assert!(standing[0].detail.starts_with(&expected), "{}", standing[0].detail);

    // Restored, it goes after all.
    spoil("NULL");
    world.clock.advance(Duration::from_secs(24 * 3600 + 1));
    let row = claim(&world, 9).await.remove(0);
    assert_eq!((row.id, row.attempt), (odd, 1));
    assert!(alarms::standing(&world.store).await.expect("read").is_empty());

    // What does not fit and may have been sent becomes uncertain, and a person is asked.
    let sql = format!("UPDATE delivery SET attempt = -1 WHERE id = {odd}");
    postgres.execute(&name, &sql).expect("changed");
    let held = deliveries::claimed_by(&world.store, "alpha").await.expect("read");
    assert_eq!((held.marks.len(), held.misfits.len()), (1, 1));
    let transaction = world.store.begin().await.expect("begun");
    let now = world.clock.now();
    deliveries::set_aside(&transaction, &held.misfits[0], now).await.expect("set aside");
    transaction.commit().await.expect("committed");
    assert_eq!(world.states().await, [("claimed".to_owned(), 1), ("uncertain".to_owned(), 1)]);
    assert_eq!(tasks::open_count(&world.store).await.expect("counted"), 1);
}

#[tokio::test]
async fn what_holds_for_a_recipient_comes_from_stop_key_and_contact() {
    on_both(async |world| {
        world.plan_answer().await;
        let row = claim(&world, 1).await.remove(0);
        let own = world.digests.address(&row.recipient).stop;
        let transaction = world.store.begin().await.expect("begun");
        let now = world.clock.now();
        let block = |scope: &'static Scope, stop_digest| store::blocks::NewBlock {
            scope,
            address: None,
            stop_digest,
            contact: None,
            ticket: None,
            submission: None,
            basis: "erasure",
            authentication: domain::authentication::SenderAuthentication::Pass,
        };
        let stranger = domain::digest::Digest { bytes: [7; 32], ..own };
        for block in [block(&Scope::Full, Some(own)), block(&Scope::Marketing, Some(stranger))] {
            store::blocks::set(&transaction, &block, now).await.expect("set");
        }
        transaction.commit().await.expect("committed");
        let recipient = Recipient { address: row.address, stop_digests: vec![own] };
        let standings =
            deliveries::standings(&world.store, &[recipient], now).await.expect("asked");
        assert_eq!(standings[&row.address].blocks, [Scope::Full]);
        assert_eq!(standings[&row.address].suppressions, [] as [Suppressed; 0]);
    })
    .await;
}
