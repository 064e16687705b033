//! A journal that cannot be written, which only a test inside the crate can bring about.

// The world is shared with the tests outside, which know this crate by its name.
#[path = "../../tests/dispatch/world.rs"]
#[allow(dead_code)]
mod world;

use super::*;
use crate::maildir::Maildir;
use ::tests::wait::LONG;
use std::sync::OnceLock;
use store::alarms;
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
