//! Passes over a Maildir, on both databases.

use intake::{Ending, Outcome};
use store::StoreConfig;
use tests::servers::postgres::Postgres;

use crate::room::{Room, mail};

fn endings(outcomes: &[Outcome]) -> (usize, usize, usize) {
    let count = |wanted: fn(&Ending) -> bool| outcomes.iter().filter(|o| wanted(&o.ending)).count();
    (
        count(|e| matches!(e, Ending::Filed { .. })),
        count(|e| matches!(e, Ending::Copy)),
        count(|e| matches!(e, Ending::Vanished)),
    )
}

async fn a_mailbox_is_emptied_once_and_nothing_is_lost(room: Room) {
    for subject in ["one", "two", "three"] {
        room.deliver(&mail(subject));
    }
    room.deliver(&mail("two"));
    room.deliver(b"");
    let mut big = mail("big");
    big.resize(100 * 1024, b'x');
    room.deliver(&big);
    let outcomes = room.poll().await;
    assert_eq!(endings(&outcomes), (5, 1, 0), "{outcomes:?}");
    assert_eq!(room.messages("moved").await, 6);
    assert_eq!(room.tickets().await, 5);
    assert_eq!(room.number("SELECT COUNT(*) FROM ticket WHERE lane = 'unreadable'").await, 2);
    let in_new = std::fs::read_dir(room.maildir().join("new")).expect("listed").count();
    assert_eq!(in_new, 0, "all stand in cur");
    // What was filed is known by its key, and by its bytes under another key.
    assert!(room.poll().await.is_empty());
    room.deliver(&mail("one"));
    assert_eq!(endings(&room.poll().await), (0, 1, 0));
    assert_eq!(room.tickets().await, 5);
    assert_eq!(room.number("SELECT COUNT(*) FROM message WHERE reading_by IS NOT NULL").await, 0);
}

#[tokio::test]
async fn a_maildir_over_sqlite_is_emptied_once() {
    a_mailbox_is_emptied_once_and_nothing_is_lost(Room::with_maildir().await).await;
}

#[tokio::test]
async fn a_maildir_over_postgres_is_emptied_once() {
    let server = Postgres::start().expect("postgres");
    let url = server.database().expect("a database");
    let room = Room::with_maildir_over(StoreConfig::Postgres { url, connections: 5 }).await;
    a_mailbox_is_emptied_once_and_nothing_is_lost(room).await;
}

#[tokio::test]
async fn the_clock_starts_at_delivery_and_never_in_the_future() {
    let room = Room::with_maildir().await;
    room.deliver(&mail("past"));
    tests::maildir::deliver(&room.maildir(), &mail("future"), 1_900_000_000).expect("delivered");
    room.poll().await;
    let received = "SELECT received_at FROM submission ORDER BY received_at LIMIT 1 OFFSET ";
    assert_eq!(room.number(&format!("{received}0")).await / 1_000_000, 1_796_370_000);
    let now = room.number(&format!("{received}1")).await / 1_000_000;
    assert_eq!(now, "2026-12-04T09:00:00Z".parse::<jiff::Timestamp>().expect("time").as_second());
}

#[tokio::test]
async fn a_missing_maildir_is_an_error_that_is_told() {
    let room = Room::with_maildir().await;
    std::fs::remove_dir_all(room.maildir()).expect("removed");
    let error = intake::poll_once(&room.task).await.expect_err("nothing there");
    assert!(error.to_string().contains("maildir"), "{error}");
    let failing =
        "SELECT COUNT(*) FROM mailbox WHERE failing_since_at IS NOT NULL AND failure <> ''";
    assert_eq!(room.number(failing).await, 1);
    room.clock.advance(std::time::Duration::from_secs(16 * 60));
    let _ = intake::poll_once(&room.task).await;
    let alarm = "SELECT COUNT(*) FROM alarm WHERE name = 'mailbox/hello' AND cleared_at IS NULL";
    assert_eq!(room.number(alarm).await, 1);
    tests::maildir::make(&room.maildir()).expect("made");
    room.poll().await;
    assert_eq!((room.number(failing).await, room.number(alarm).await), (0, 0));
}

#[tokio::test]
async fn only_one_node_polls_a_mailbox() {
    let room = Room::with_maildir().await;
    let store = room.task.cases.store();
    let minute = std::time::Duration::from_secs(60);
    let now = domain::ambient::Clock::now(&*room.clock);
    store::leases::hold(store, "mailbox/hello", "another", minute, now).await.expect("held");
    let error = intake::poll_once(&room.task).await.expect_err("held by another");
    assert!(matches!(error, intake::IntakeError::Elsewhere { .. }), "{error}");
    room.clock.advance(minute * 2);
    room.deliver(&mail("one"));
    assert_eq!(room.poll().await.len(), 1, "the lease ran out");
}
