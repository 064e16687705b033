//! Passes over a real Dovecot: the walk, the junk folder, renumbering, moving, waiting.

use std::time::Duration;

use intake::Ending;
use tokio_util::sync::CancellationToken;

use crate::room::{HELLO, Room, Server, mail};

fn flagged(server: &Server, folder: &str) -> usize {
    let mut session = server.dovecot.session(HELLO).expect("signed in");
    let held = session.list(folder).expect("listed");
    held.iter().filter(|mail| mail.flags.contains("$Consentry")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn inbox_and_junk_are_filed_and_marked_and_never_seen() {
    let server = Server::start();
    for n in 0..130 {
        server.append("INBOX", &mail(&n.to_string()));
    }
    let mut big = mail("junk");
    big.resize(100 * 1024, b'x');
    server.append("Junk", &big);
    let room = Room::on_server(&server, None).await;
    assert_eq!(room.poll().await.len(), 131);
    assert_eq!((room.tickets().await, room.messages("moved").await), (131, 131));
    assert_eq!((flagged(&server, "INBOX"), flagged(&server, "Junk")), (130, 1));
    let too_big =
        "SELECT COUNT(*) FROM ticket WHERE review LIKE '%too_big%' AND address_id IS NOT NULL";
    assert_eq!(room.number(too_big).await, 1, "its header was read");
    let mut session = server.dovecot.session(HELLO).expect("signed in");
    let held = session.list("INBOX").expect("listed");
    assert!(!held.iter().any(|mail| mail.flags.contains("\\Seen")));
    assert!(room.poll().await.is_empty(), "a second pass finds nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renumbered_folder_is_walked_anew_and_nothing_is_filed_twice() {
    let server = Server::start();
    for subject in ["one", "two", "three"] {
        server.append("INBOX", &mail(subject));
    }
    let room = Room::on_server(&server, None).await;
    room.poll().await;
    server.mail.change_uid_validity(HELLO).expect("renumbered");
    server.append("INBOX", &mail("four"));
    let outcomes = room.poll().await;
    let copies = outcomes.iter().filter(|o| o.ending == Ending::Copy).count();
    assert_eq!((copies, outcomes.len(), room.tickets().await), (3, 4, 4));
    assert_eq!(room.number("SELECT COUNT(DISTINCT uid_validity) FROM message").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn filed_mail_is_moved_and_its_new_place_is_known() {
    let server = Server::start();
    for subject in ["one", "two"] {
        server.append("INBOX", &mail(subject));
    }
    let room = Room::on_server(&server, Some("Обработано")).await;
    room.poll().await;
    let known = "SELECT COUNT(*) FROM message WHERE state = 'moved' AND moved_folder = 'Обработано' \
                 AND moved_uid IN (1, 2) AND moved_uid_validity > 0";
    assert_eq!(room.number(known).await, 2);
    let mut session = server.dovecot.session(HELLO).expect("signed in");
    assert!(session.list("INBOX").expect("listed").is_empty());
    assert!(room.poll().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_emptied_by_another_client_has_vanished_mail() {
    let server = Server::start();
    for subject in ["one", "two"] {
        server.append("INBOX", &mail(subject));
    }
    let room = Room::on_server(&server, None).await;
    // Recorded by a run that could not fetch any more.
    record_only(&room).await;
    let mut session = server.dovecot.session(HELLO).expect("signed in");
    session.empty("INBOX").expect("emptied");
    let outcomes = room.poll().await;
    assert!(outcomes.iter().all(|o| o.ending == Ending::Vanished), "{outcomes:?}");
    assert_eq!((room.messages("vanished").await, room.tickets().await), (2, 0));
}

/// Puts the rows of the first two mails as a walk would, under the folder's real numbers.
async fn record_only(room: &Room) {
    let intake::MailSource::Imap { server, .. } = &room.task.mailbox.source else { return };
    let mut session = intake::imap::Session::connect(server).await.expect("logged in");
    let selected = session.select("INBOX").await.expect("selected");
    let store = room.task.cases.store();
    let now = domain::ambient::Clock::now(&*room.clock);
    let new = |uid| store::messages::NewMessage {
        uid: Some((selected.uid_validity, uid)),
        maildir_key: None,
        size: 100,
        received_at: now,
        object: domain::ids::ObjectId::new(now, [u8::try_from(uid).expect("small"); 10]),
        vault_key: domain::ids::VaultKeyId::new(now, [u8::try_from(uid).expect("small"); 10]),
    };
    let transaction = store.begin().await.expect("begun");
    let mailbox = store::mailboxes::ensure(&transaction, "hello", "imap").await.expect("made");
    let folder =
        store::mailboxes::ensure_folder(&transaction, mailbox, "INBOX").await.expect("made");
    store::mailboxes::begin_validity(&transaction, folder.id, selected.uid_validity)
        .await
        .expect("begun");
    let messages = [new(1), new(2)];
    store::messages::discover(&transaction, mailbox, folder.id, &messages, now)
        .await
        .expect("recorded");
    store::mailboxes::advance(&transaction, folder.id, 3).await.expect("advanced");
    transaction.commit().await.expect("committed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_poller_wakes_for_mail_survives_a_restart_and_stops_when_told() {
    let mut server = Server::start();
    let room = Room::on_server(&server, None).await;
    let cancel = CancellationToken::new();
    let running = tokio::spawn(intake::run(room.task.clone(), cancel.clone()));
    wait_for(&room, "SELECT COUNT(*) FROM mailbox WHERE polled_at IS NOT NULL", 1).await;
    server.append("INBOX", &mail("woken"));
    wait_for(&room, "SELECT COUNT(*) FROM ticket", 1).await;
    tokio::task::block_in_place(|| server.dovecot.kill().expect("killed"));
    tokio::task::block_in_place(|| server.dovecot.resume().expect("started"));
    server.append("INBOX", &mail("after-restart"));
    wait_for(&room, "SELECT COUNT(*) FROM ticket", 2).await;
    wait_for(&room, "SELECT COUNT(*) FROM message WHERE state = 'moved'", 2).await;
    cancel.cancel();
    tokio::time::timeout(Duration::from_secs(10), running).await.expect("in time").expect("ended");
    assert_eq!(room.number("SELECT COUNT(*) FROM lease").await, 0, "the lease is given back");
}

async fn wait_for(room: &Room, sql: &str, wanted: i64) {
    for _ in 0..600 {
        if room.number(sql).await >= wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("waited in vain for {sql}");
}
