//! Whose fault it is: the mail's, the daemon's, or nobody's.

use std::sync::Arc;

use intake::{
    MailboxTask,
    child::{ReaderConfig, ReaderPool},
};
use store::messages::{self, Company};

use crate::room::{Room, mail};

#[tokio::test]
async fn a_mail_that_kills_the_reader_is_quarantined_with_a_ticket_and_alone() {
    let room = Room::with_maildir().await;
    for subject in ["one", "abort", "two", "panic", "three"] {
        room.deliver(&mail(subject));
    }
    let outcomes = room.poll().await;
    assert_eq!(outcomes.len(), 5);
    assert_eq!(room.messages("moved").await, 5);
    assert_eq!(room.tickets().await, 5);
    let of_person = "SELECT COUNT(*) FROM ticket WHERE review LIKE '%quarantined%'";
    assert_eq!(room.number(of_person).await, 2);
    let tried = "SELECT COUNT(*) FROM message WHERE attempts = 3 AND failure IS NOT NULL";
    assert_eq!(room.number(tried).await, 2);
    let clean = "SELECT COUNT(*) FROM message WHERE attempts = 1 AND failure IS NULL";
    assert_eq!(room.number(clean).await, 3);
}

#[tokio::test]
async fn two_mailboxes_share_the_readers_and_one_bad_mail_harms_neither() {
    let (one, two) = (Room::with_maildir().await, Room::with_maildir().await);
    let shared = MailboxTask { reader: one.task.reader.clone(), ..two.task.clone() };
    for n in 0..40 {
        one.deliver(&mail(&format!("one-{n}")));
        two.deliver(&mail(&format!("two-{n}")));
    }
    one.deliver(&mail("abort"));
    let (first, second) = tokio::join!(intake::poll_once(&one.task), intake::poll_once(&shared));
    assert_eq!((first.expect("a whole pass").len(), second.expect("a whole pass").len()), (41, 40));
    let clean = "SELECT COUNT(*) FROM message WHERE attempts = 1 AND failure IS NULL";
    assert_eq!((one.number(clean).await, two.number(clean).await), (40, 40));
    assert_eq!(one.number("SELECT COUNT(*) FROM ticket WHERE lane = 'unreadable'").await, 1);
    let standing = shared.reader.standing();
    assert_eq!((standing.broken, standing.mails), (3, 80));
}

#[tokio::test]
async fn mails_are_filed_in_the_order_of_the_mailbox() {
    let room = Room::with_maildir().await;
    for n in 0..100 {
        room.deliver(&mail(&format!("{n}")));
    }
    let filed: Vec<_> = room.poll().await.into_iter().map(|outcome| outcome.message).collect();
    let mut sorted = filed.clone();
    sorted.sort_by_key(|message| message.0);
    assert_eq!((filed.len(), &filed), (100, &sorted));
}

#[tokio::test]
async fn a_reader_that_cannot_run_is_nobodys_attempt() {
    let room = Room::with_maildir().await;
    room.deliver(&mail("one"));
    let broken = MailboxTask {
        reader: ReaderPool::new(ReaderConfig::new("/nonexistent/reader".into(), vec![])),
        ..room.task.clone()
    };
    for _ in 0..4 {
        let error = intake::poll_once(&broken).await.expect_err("no reader");
        assert!(error.to_string().contains("cannot run the reader"), "{error}");
    }
    let untouched = "SELECT COUNT(*) FROM message WHERE state = 'raw_stored' AND attempts = 0";
    assert_eq!(room.number(untouched).await, 1);
    assert_eq!(room.poll().await.len(), 1);
    assert_eq!(room.messages("moved").await, 1);
}

/// A daemon that dies while it reads everything that waits.
async fn die_reading(room: &Room, owner: &str, company: Company) {
    let store = room.task.cases.store();
    let mailbox = store::mailboxes::all(store).await.expect("listed")[0].id;
    let rows = messages::to_read(store, mailbox, domain::ids::MessageId(0), 100).await;
    let ids: Vec<_> = rows.expect("listed").iter().map(|row| row.id).collect();
    let transaction = store.begin().await.expect("begun");
    messages::begin_reading(&transaction, &ids, owner, company).await.expect("counted");
    transaction.commit().await.expect("committed");
}

async fn recover(room: &Room) {
    let store = room.task.cases.store();
    let mailbox = store::mailboxes::all(store).await.expect("listed")[0].id;
    let transaction = store.begin().await.expect("begun");
    messages::recover(&transaction, mailbox, "epoch-1").await.expect("recovered");
    transaction.commit().await.expect("committed");
}

/// A room in which three messages are stored and none is read.
async fn waiting_room() -> Room {
    let room = Room::with_maildir().await;
    for subject in ["one", "two", "three"] {
        room.deliver(&mail(subject));
    }
    let broken = MailboxTask {
        reader: ReaderPool::new(ReaderConfig::new("/nonexistent/reader".into(), vec![])),
        ..room.task.clone()
    };
    intake::poll_once(&broken).await.expect_err("no reader");
    assert_eq!(room.messages("raw_stored").await, 3);
    room
}

#[tokio::test]
async fn the_attempt_is_given_back_when_the_daemon_died() {
    let room = waiting_room().await;
    die_reading(&room, "dead", Company::Batch).await;
    assert_eq!(room.number("SELECT COUNT(*) FROM message WHERE attempts = 1").await, 3);
    // A new run files all of them, each alone.
    let outcomes = intake::poll_once(&room.restarted_as("epoch-2")).await.expect("a whole pass");
    assert_eq!(outcomes.len(), 3);
    let read_alone = "SELECT COUNT(*) FROM message WHERE reading_alone = 1 AND lone_deaths = 0";
    assert_eq!((room.messages("moved").await, room.number(read_alone).await), (3, 3));
}

#[tokio::test]
async fn ten_deaths_with_a_mail_alone_count_as_one_attempt() {
    let room = waiting_room().await;
    die_reading(&room, "dead", Company::Batch).await;
    recover(&room).await;
    let attempts = "SELECT MAX(attempts) FROM message";
    for death in 1..=29 {
        die_reading(&room, &format!("dead-{death}"), Company::Alone).await;
        recover(&room).await;
        assert_eq!(room.number(attempts).await, death / 10, "after {death} deaths");
    }
    die_reading(&room, "dead-30", Company::Alone).await;
    recover(&room).await;
    assert_eq!(room.messages("quarantined").await, 3);
    assert_eq!(room.poll().await.len(), 3);
    assert_eq!(room.number("SELECT COUNT(*) FROM ticket WHERE lane = 'unreadable'").await, 3);
}

#[tokio::test]
async fn bytes_that_the_vault_lost_become_a_ticket_all_the_same() {
    let room = waiting_room().await;
    let vault = room.task.cases.vault();
    for object in vault.list().await.expect("listed") {
        vault.delete(object).await.expect("deleted");
    }
    assert_eq!(room.poll().await.len(), 3);
    assert_eq!(room.number("SELECT COUNT(*) FROM ticket WHERE lane = 'unreadable'").await, 3);
}

#[tokio::test]
async fn the_heart_beats_while_mail_is_read() {
    let room = Room::with_maildir().await;
    let beats = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&beats);
    let beat: intake::Beat = Arc::new(move || {
        counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    });
    for n in 0..5 {
        room.deliver(&mail(&n.to_string()));
    }
    let task = MailboxTask { beat, ..room.task.clone() };
    intake::poll_once(&task).await.expect("a whole pass");
    assert!(beats.load(std::sync::atomic::Ordering::Relaxed) >= 5);
}

#[tokio::test]
async fn a_panic_of_our_own_is_counted_as_a_death_and_told() {
    let room = waiting_room().await;
    // Three beats for the three objects, the next one when reading has begun.
    for (deaths, expected) in [(1, 0), (2, 1), (3, 2)] {
        let beats = std::sync::atomic::AtomicUsize::new(0);
        let beat: intake::Beat = Arc::new(move || {
            let before = beats.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            assert!(before < 3, "a defect");
        });
        let task = MailboxTask { beat, ..room.task.clone() };
        let error = intake::poll_once(&task).await.expect_err("a panic");
        assert!(matches!(error, intake::IntakeError::Panicked), "{error}");
        let counted = room.number("SELECT SUM(lone_deaths) FROM message").await;
        assert_eq!(counted, expected, "after {deaths} deaths");
        assert_eq!(room.number("SELECT COUNT(*) FROM mailbox WHERE failure <> ''").await, 1);
    }
    assert_eq!(room.poll().await.len(), 3);
}
