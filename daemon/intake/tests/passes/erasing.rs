//! The copies in the mailbox of what was destroyed: gone wherever they are, and nothing else is.

use std::time::Duration;

use tests::scripted::{ImapFault, ScriptedImap};

use crate::room::{HELLO, Room, Server, mail};

const WHEN: &str = "02-Nov-2026 09:14:22 +0300";
const GONE: &str = "SELECT COUNT(*) FROM message WHERE copy_gone_at IS NOT NULL";

impl Room {
    /// A destruction asks for the copies of a message, which is the nth that was recorded.
    async fn ask(&self, message: i64) {
        let sql = format!("UPDATE message SET erase_asked_at = 1 WHERE id = {message}");
        let changed = store::probe::write(self.task.cases.store(), &sql).await.expect("asked");
        assert_eq!(changed, 1);
    }

    async fn write(&self, sql: &str) {
        store::probe::write(self.task.cases.store(), sql).await.expect("written");
    }

    async fn failure(&self, word: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) FROM message WHERE erase_failure = '{word}'");
        self.number(&sql).await
    }
}

fn held(server: &Server, folder: &str) -> Vec<Vec<u8>> {
    let mut session = server.dovecot.session(HELLO).expect("signed in");
    session.list(folder).expect("listed").into_iter().map(|mail| mail.raw).collect()
}

fn files(room: &Room) -> Vec<Vec<u8>> {
    tests::maildir::mails(&room.maildir()).expect("listed")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_copy_on_the_server_is_destroyed_and_no_other_mail() {
    let server = Server::start();
    for subject in ["one", "two", "three"] {
        server.append("INBOX", &mail(subject));
    }
    let room = Room::on_server(&server, None).await;
    room.poll().await;
    // Somebody else deleted a mail and has not expunged it yet.
    room.ask(2).await;
    room.poll().await;
    assert_eq!(held(&server, "INBOX"), [mail("one"), mail("three")]);
    assert_eq!(room.number(GONE).await, 1);
    let audited = "SELECT COUNT(*) FROM audit_event WHERE act = 'mail_copy_destroyed' \
                   AND subject = 'message:2'";
    assert_eq!(room.number(audited).await, 1);
    room.poll().await;
    assert_eq!(room.number(audited).await, 1, "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_was_moved_is_destroyed_where_it_is_now() {
    let server = Server::start();
    for subject in ["one", "two", "three"] {
        server.append("INBOX", &mail(subject));
    }
    let room = Room::on_server(&server, Some("Обработано")).await;
    room.poll().await;
    room.ask(1).await;
    // The server did not tell where the third went.
    room.ask(3).await;
    room.write("UPDATE message SET moved_uid = NULL WHERE id = 3").await;
    room.poll().await;
    assert_eq!(held(&server, "&BB4EMQRABDAEMQQ+BEIEMAQ9BD4-"), [mail("two")]);
    assert_eq!(room.number(GONE).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renumbered_folder_gives_up_the_copy_by_its_bytes() {
    let server = Server::start();
    for subject in ["one", "two", "three"] {
        server.append("INBOX", &mail(subject));
    }
    let room = Room::on_server(&server, None).await;
    room.poll().await;
    server.mail.change_uid_validity(HELLO).expect("renumbered");
    room.ask(2).await;
    room.poll().await;
    assert_eq!(held(&server, "INBOX"), [mail("one"), mail("three")]);
    // The row of the old numbering and the one of the new.
    assert_eq!((room.number(GONE).await, room.tickets().await), (2, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_mail_under_its_number_is_left_alone() {
    let server = Server::start();
    for subject in ["one", "two", "three"] {
        server.append("INBOX", &mail(subject));
    }
    let room = Room::on_server(&server, None).await;
    room.poll().await;
    // The row points at the third mail, and the second is where nobody would look.
    room.write("UPDATE message SET uid = 999 WHERE id = 3").await;
    room.write("UPDATE message SET uid = 3 WHERE id = 2").await;
    room.ask(2).await;
    room.poll().await;
    assert_eq!(held(&server, "INBOX"), [mail("one"), mail("three")], "found by its bytes");
    assert_eq!(room.number(GONE).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_into_the_mailbox_again_is_destroyed_again_without_a_ticket() {
    let server = Server::start();
    server.append("INBOX", &mail("one"));
    let room = Room::on_server(&server, None).await;
    room.poll().await;
    room.ask(1).await;
    room.poll().await;
    server.append("INBOX", &mail("one"));
    server.append("Junk", &mail("one"));
    room.poll().await;
    assert_eq!((held(&server, "INBOX").len(), held(&server, "Junk").len()), (0, 0));
    assert_eq!((room.number(GONE).await, room.tickets().await), (3, 1));
    let copies = "SELECT COUNT(*) FROM audit_event WHERE act = 'mail_copy_destroyed'";
    assert_eq!(room.number(copies).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_between_destroying_and_noting_is_harmless() {
    let server = Server::start();
    for subject in ["one", "two"] {
        server.append("INBOX", &mail(subject));
    }
    let room = Room::on_server(&server, None).await;
    room.poll().await;
    room.ask(1).await;
    room.poll().await;
    // The note of it was lost.
    room.write("UPDATE message SET copy_gone_at = NULL WHERE id = 1").await;
    room.poll().await;
    assert_eq!((held(&server, "INBOX"), room.number(GONE).await), (vec![mail("two")], 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_uidplus_nothing_is_expunged_and_a_person_is_asked_once() {
    let server = ScriptedImap::start().expect("started");
    for subject in ["one", "two"] {
        server.add("INBOX", &mail(subject), WHEN);
    }
    server.cannot_expunge_one();
    let room = Room::on_scripted(&server, None).await;
    room.poll().await;
    room.ask(1).await;
    room.poll().await;
    room.clock.advance(Duration::from_secs(61));
    room.poll().await;
    assert!(!server.commands().iter().any(|command| command.contains("EXPUNGE")));
    let task = "SELECT COUNT(*) FROM task WHERE name = 'erase_mail_copy' AND done_at IS NULL";
    assert_eq!((room.failure("no_uidplus").await, room.number(task).await), (1, 1));
    // The person empties the folder of what is marked.
    server.folder("INBOX", |folder| folder.mails.retain(|mail| mail.uid != 1));
    room.clock.advance(Duration::from_secs(3_600));
    room.poll().await;
    assert_eq!((room.number(GONE).await, room.number(task).await), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_refuses_is_asked_again_later_and_is_told_of() {
    let server = ScriptedImap::start().expect("started");
    for subject in ["one", "two"] {
        server.add("INBOX", &mail(subject), WHEN);
    }
    let room = Room::on_scripted(&server, None).await;
    room.poll().await;
    room.ask(1).await;
    server.fault(ImapFault::Always("UID EXPUNGE", "NO [CANNOT] not now"));
    room.poll().await;
    room.poll().await;
    assert_eq!(room.number("SELECT erase_failures FROM message WHERE id = 1").await, 1);
    for _ in 0..6 {
        room.clock.advance(Duration::from_secs(6 * 3_600));
        room.poll().await;
    }
    let alarm =
        "SELECT COUNT(*) FROM alarm WHERE name = 'mail_copies/hello' AND cleared_at IS NULL";
    assert_eq!((room.failure("refused").await, room.number(alarm).await), (1, 1));
    server.forget_faults();
    room.clock.advance(Duration::from_secs(6 * 3_600));
    room.poll().await;
    assert_eq!((room.number(GONE).await, room.number(alarm).await), (1, 0));
}

#[tokio::test]
async fn a_file_is_destroyed_also_when_it_was_renamed_and_no_other_file() {
    let room = Room::with_maildir().await;
    for subject in ["one", "two", "three", "two"] {
        room.deliver(&mail(subject));
    }
    room.poll().await;
    let cur = room.maildir().join("cur");
    for file in std::fs::read_dir(&cur).expect("listed") {
        let path = file.expect("a file").path();
        std::fs::rename(&path, format!("{}FRS", path.display())).expect("renamed");
    }
    room.ask(2).await;
    room.poll().await;
    assert_eq!(files(&room), [mail("one"), mail("three")], "both copies of the second are gone");
    assert_eq!(room.number(GONE).await, 2);
    // The same bytes under another name, and under the old one.
    room.deliver(&mail("two"));
    assert_eq!(room.poll().await.len(), 1);
    assert_eq!((files(&room).len(), room.tickets().await), (2, 3));
    // Another mail under its name is left alone.
    room.write("UPDATE message SET copy_gone_at = NULL WHERE id = 2").await;
    room.write("UPDATE message SET maildir_key = maildir_key || 'x' WHERE id = 3").await;
    let name = "(SELECT substr(maildir_key, 1, length(maildir_key) - 1) FROM message WHERE id = 3)";
    room.write(&format!("UPDATE message SET maildir_key = {name} WHERE id = 2")).await;
    room.poll().await;
    assert!(files(&room).contains(&mail("one")) && files(&room).contains(&mail("three")));
}

#[tokio::test]
async fn a_mail_that_was_too_big_is_known_by_its_header() {
    let room = Room::with_maildir().await;
    let mut big = mail("big");
    big.resize(100 * 1024, b'x');
    room.deliver(&big);
    room.deliver(&mail("one"));
    room.poll().await;
    room.ask(1).await;
    room.poll().await;
    assert_eq!((files(&room), room.number(GONE).await), (vec![mail("one")], 1));
}
