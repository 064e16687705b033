//! A journal that cannot be written, which only a test inside the crate can bring about.

// The world is shared with the tests outside, which know this crate by its name.
#[path = "../../tests/dispatch/world.rs"]
#[allow(dead_code)]
mod world;

use super::*;
use crate::maildir::Maildir;
use crate::outcome::Outcome;
use ::tests::wait::LONG;
use domain::delivery::{DeliveryState, WithholdReason};
use std::sync::OnceLock;
use store::alarms;
use store::deliveries::{self, Change};
use world::World;

/// Breaks the journal at `point` and runs until the dispatch says so.
async fn with_a_journal_broken_at(point: Failpoint) -> (World, MailingError) {
    let world = World::on_sqlite().await;
    for _ in 0..3 {
        world.plan_answer().await;
    }
    let outlet = Outlet::Maildir(Arc::new(Maildir::new(&world.root.join("out"))));
    let parts = world.dispatch("alpha", outlet);
    let cancel = CancellationToken::new();
    let engine: Arc<OnceLock<std::sync::Weak<Engine>>> = Arc::default();
    let known = Arc::clone(&engine);
    let parts = Dispatch {
        failpoints: Failpoints::with(move |reached| {
            if reached == point {
                let engine = known.get().and_then(std::sync::Weak::upgrade).expect("it runs");
                engine.journal.break_writes();
            }
        }),
        ..parts
    };
    let opened = Arc::new(opening::open(parts, &cancel).await.expect("opened"));
    engine.set(Arc::downgrade(&opened)).expect("once");
    let running = supervising::run_opened(opened, cancel, End::Idle);
    let error = tokio::time::timeout(LONG, running).await.expect("it ends").expect_err("broken");
    (world, error)
}

#[tokio::test]
async fn a_start_that_cannot_be_written_sends_nothing_and_ends_the_dispatch() {
    let (world, error) = with_a_journal_broken_at(Failpoint::BeforeStart).await;
    assert!(matches!(error, MailingError::Journal(_)), "{error}");
    assert_eq!(world.states().await, [("planned".to_owned(), 3)]);
    assert!(!world.root.join("out/new").read_dir().expect("read").any(|_| true));
    let standing = alarms::standing(&world.store).await.expect("read");
    assert_eq!(standing.len(), 1);
    assert_eq!(standing[0].name, "wire_journal/alpha");
}

#[tokio::test]
async fn an_end_that_cannot_be_written_reaches_the_ledger_and_ends_the_dispatch() {
    let (world, error) = with_a_journal_broken_at(Failpoint::BeforeEnd).await;
    assert!(matches!(error, MailingError::Journal(_)), "{error}");
    assert_eq!(
        world.states().await,
        [("accepted".to_owned(), 1), ("planned".to_owned(), 2)],
        "what was sent is known, nothing more was started"
    );
    let outlet = Outlet::Maildir(Arc::new(Maildir::new(&world.root.join("out"))));
    let summary = run_until_idle(world.dispatch("alpha", outlet), CancellationToken::new()).await;
    assert_eq!(summary.expect("a new start writes again").accepted, 2);
    assert!(alarms::standing(&world.store).await.expect("read").is_empty());
}

/// A claimed row whose message key was destroyed after its content went under another key.
#[tokio::test]
async fn content_that_was_re_keyed_after_the_claim_is_still_sent() {
    let world = World::on_sqlite().await;
    let id = world.plan_answer().await;
    let outlet = Outlet::Maildir(Arc::new(Maildir::new(&world.root.join("out"))));
    let engine = opening::open(world.dispatch("alpha", outlet), &CancellationToken::new())
        .await
        .expect("opened");
    let mut taken = claiming::claim(&engine, 1, 0).await.expect("claimed");
    let delivery = taken.rows.remove(0).delivery.clone();
    let sealed = delivery.content.clone().expect("there");
    let context = domain::letter::LetterContent::seal_context(&delivery.mail_id);
    let plain = world.vault.open_sealed(&context, &sealed).await.expect("opened");
    let entropy = world.entropy.as_ref();
    let key =
        domain::ids::VaultKeyId::new(world.clock.now(), domain::ambient::random_bytes(entropy));
    world.vault.create_key(key, entropy).await.expect("made");
    let anew = world.vault.seal(key, &context, &plain, entropy).await.expect("sealed");
    // Only what is not under way may move; the row in hand knows nothing of it.
    let changes = [Change {
        to: DeliveryState::Uncertain { at: world.clock.now() },
        ..claiming::change(&engine, &delivery, DeliveryState::Planned)
    }];
    let transaction = world.store.begin().await.expect("begun");
    let now = world.clock.now();
    deliveries::apply(&transaction, "alpha", &changes, now).await.expect("applied");
    store::subject_keys::move_letter(&transaction, id, key, &anew).await.expect("moved");
    transaction.commit().await.expect("committed");
    world.vault.destroy_key(delivery.vault_key.expect("known")).await.expect("destroyed");
    assert!(preparing::prepare(&engine, &delivery).await.is_ok());
    // Destroyed for good, it is withheld.
    world.vault.destroy_key(key).await.expect("destroyed");
    let gone = preparing::prepare(&engine, &delivery).await;
    assert!(matches!(gone, Err(preparing::Unprepared::Never(WithholdReason::Erased, _))));
}

/// The database did not answer a claim that it made all the same.
#[tokio::test]
async fn rows_of_a_claim_that_was_not_answered_are_given_back() {
    let world = World::on_sqlite().await;
    for _ in 0..2 {
        world.plan_answer().await;
    }
    let outlet = Outlet::Maildir(Arc::new(Maildir::new(&world.root.join("out"))));
    let engine = opening::open(world.dispatch("alpha", outlet), &CancellationToken::new())
        .await
        .expect("opened");
    let taken = claiming::claim(&engine, 2, 0).await.expect("claimed");
    engine.in_hand.take(taken.rows[0].delivery.id);
    looking::give_back_lost(&engine).await.expect("given back");
    let states = world.states().await;
    assert_eq!(states, [("claimed".to_owned(), 1), ("planned".to_owned(), 1)]);
}

/// What the next start does with a statutory mail whose refusal stands in the journal only.
#[tokio::test]
async fn a_refusal_settled_from_the_journal_is_told_to_a_person() {
    let world = World::on_sqlite().await;
    world.plan_answer().await;
    let outlet = Outlet::Maildir(Arc::new(Maildir::new(&world.root.join("out"))));
    let parts = world.dispatch("alpha", outlet.clone());
    let engine = opening::open(parts, &CancellationToken::new()).await.expect("opened");
    let taken = claiming::claim(&engine, 1, 0).await.expect("claimed");
    let row = &taken.rows[0].delivery;
    let attempt = crate::wire_journal::Attempt { delivery: row.id, number: row.attempt };
    let seen_at = Duration::ZERO;
    let number = taken.rows[0].gated().at;
    let start = crate::wire_journal::Start { attempt, stop_number: number, view_at: seen_at };
    let started = engine.journal.start(&start).expect("written");
    let refused = Outcome::Rejected(crate::Answer::of_server(550, "5.1.1 unknown"));
    engine.journal.end(&started, &refused).expect("written");
    drop(engine);
    let parts = world.dispatch("alpha", outlet);
    opening::open(parts, &CancellationToken::new()).await.expect("opened again");
    assert_eq!(world.state().await, "rejected");
    assert_eq!(store::tasks::open_count(&world.store).await.expect("counted"), 1);
}

/// The commit fails after the stop was written to its journal, and is tried again.
#[tokio::test]
async fn a_refusal_whose_commit_is_tried_again_is_one_stop() {
    let world = World::on_sqlite().await;
    world.plan_answer().await;
    let outlet = Outlet::Maildir(Arc::new(Maildir::new(&world.root.join("out"))));
    let engine = opening::open(world.dispatch("alpha", outlet), &CancellationToken::new())
        .await
        .expect("opened");
    let mut taken = claiming::claim(&engine, 1, 0).await.expect("claimed");
    let refused = Outcome::Rejected(crate::Answer::of_server(550, "5.1.1 unknown"));
    let batch = [settling::Report {
        row: taken.rows.remove(0),
        started: None,
        result: settling::Ending::Ended(refused),
        stop: OnceLock::new(),
    }];
    let mut summary = Summary::default();
    let database = async |sql| store::probe::write(&world.store, sql).await.expect("written");
    database(
        "CREATE TRIGGER broken BEFORE UPDATE ON stop BEGIN SELECT RAISE(ABORT, 'broken'); END",
    )
    .await;
    for _ in 0..2 {
        assert!(settling::write(&engine, &batch, &mut summary).await.is_err());
    }
    database("DROP TRIGGER broken").await;
    settling::write(&engine, &batch, &mut summary).await.expect("written");
    assert_eq!(world.state().await, "rejected");
    let (stops, _) = vault::replay(&world.root.join("stops")).expect("read");
    assert_eq!(stops.len(), 1, "each try meant the same stop");
    assert!(stops[0].number.is_some());
}
