//! Servers that break, refuse or withhold for ever: one bad mail or folder never costs the others.

use std::time::Duration;

use intake::Ending;
use tests::scripted::{ImapFault, ScriptedImap};
use tokio_util::sync::CancellationToken;

use crate::room::{Room, mail};

const WHEN: &str = "02-Nov-2026 09:14:22 +0300";

fn server(mails: usize) -> ScriptedImap {
    let server = ScriptedImap::start().expect("started");
    for n in 1..=mails {
        server.add("INBOX", &mail(&n.to_string()), WHEN);
    }
    server
}

/// Polls so many times, whatever comes of it.
async fn poll(room: &Room, times: usize) {
    for _ in 0..times {
        let _ = intake::poll_once(&room.task).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_move_never_keeps_new_mail_from_being_read() {
    let server = server(1);
    server.fault(ImapFault::Always("UID MOVE", "NO [OVERQUOTA] full"));
    let room = Room::on_scripted(&server, Some("Done")).await;
    poll(&room, 1).await;
    server.add("INBOX", &mail("later"), WHEN);
    let error = intake::poll_once(&room.task).await.expect_err("the fault is told");
    assert!(error.to_string().contains("OVERQUOTA"), "{error}");
    assert_eq!((room.tickets().await, room.messages("filed").await), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_breaks_the_connection_starves_no_other_and_becomes_a_ticket() {
    let server = server(6);
    server.fault(ImapFault::BreakAt(2));
    let room = Room::on_scripted(&server, None).await;
    poll(&room, 3).await;
    assert_eq!(room.tickets().await, 5, "all others have had their turn");
    server.add("INBOX", &mail("new"), WHEN);
    poll(&room, 4).await;
    assert_eq!((room.tickets().await, room.messages("discovered").await), (6, 1));
    room.clock.advance(Duration::from_secs(3_700));
    poll(&room, 3).await;
    assert_eq!((room.tickets().await, room.messages("moved").await), (7, 7));
    let of_person = "SELECT COUNT(*) FROM ticket WHERE lane = 'unreadable'";
    assert_eq!(room.number(of_person).await, 1);
    let kept = "SELECT COUNT(*) FROM message WHERE uid = 2 AND received_at < discovered_at";
    assert_eq!(room.number(kept).await, 1, "its clock runs from receipt");
    assert!(room.poll().await.is_empty(), "all is well again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_withheld_is_told_of_and_becomes_a_ticket() {
    let server = server(3);
    server.fault(ImapFault::Withhold(2));
    let room = Room::on_scripted(&server, None).await;
    let error = intake::poll_once(&room.task).await.expect_err("the fault is told");
    assert!(matches!(error, intake::IntakeError::NotGiven), "{error}");
    assert_eq!(room.tickets().await, 2);
    poll(&room, 5).await;
    assert_eq!((room.tickets().await, room.messages("vanished").await), (2, 0));
    room.clock.advance(Duration::from_secs(3_700));
    poll(&room, 3).await;
    assert_eq!((room.tickets().await, room.messages("moved").await), (3, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_out_for_a_moment_costs_no_mail() {
    let server = server(2);
    for _ in 0..40 {
        server.fault(ImapFault::Answer("UID FETCH 1 (UID BODY", "NO [UNAVAILABLE] later"));
    }
    server.fault(ImapFault::Answer("UID FETCH 1:2 (UID BODY", "NO [UNAVAILABLE] later"));
    let room = Room::on_scripted(&server, None).await;
    poll(&room, 12).await;
    assert_eq!(room.tickets().await, 1);
    server.forget_faults();
    room.clock.advance(Duration::from_secs(3_700));
    room.poll().await;
    let unread = "SELECT COUNT(*) FROM ticket WHERE lane = 'unreadable'";
    assert_eq!((room.tickets().await, room.number(unread).await), (2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_whose_date_is_no_imap_hides_none_behind_it() {
    let server = server(5);
    server.fault(ImapFault::GarbleDateOf(3));
    let room = Room::on_scripted(&server, None).await;
    poll(&room, 3).await;
    assert_eq!((room.tickets().await, room.messages("moved").await), (5, 5));
    assert!(room.poll().await.is_empty(), "all is well again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_numbered_there_and_back_loses_nothing() {
    let server = server(2);
    server.fault(ImapFault::Withhold(1));
    let room = Room::on_scripted(&server, None).await;
    poll(&room, 1).await;
    let renumber = |to| server.folder("INBOX", |folder| folder.validity = to);
    renumber(2);
    poll(&room, 1).await;
    renumber(1);
    server.forget_faults();
    poll(&room, 2).await;
    assert_eq!((room.tickets().await, room.messages("discovered").await), (2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_too_big_is_known_again_where_the_folder_is_numbered_anew() {
    let server = server(1);
    let mut big = mail("big");
    big.resize(100 * 1024, b'x');
    server.add("INBOX", &big, WHEN);
    let room = Room::on_scripted(&server, None).await;
    room.poll().await;
    server.folder("INBOX", |folder| folder.validity = 2);
    let outcomes = room.poll().await;
    assert!(outcomes.iter().all(|o| o.ending == Ending::Copy), "{outcomes:?}");
    assert_eq!((outcomes.len(), room.tickets().await, room.messages("moved").await), (2, 2, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_copying_is_not_repeated() {
    let server = server(2);
    server.cannot_move();
    server.fault(ImapFault::Close("UID STORE"));
    let room = Room::on_scripted(&server, Some("Done")).await;
    poll(&room, 2).await;
    assert_eq!(server.folder("Done", |folder| folder.mails.len()), 2);
    let known = "SELECT COUNT(*) FROM message WHERE state = 'moved' AND moved_uid IN (1, 2)";
    assert_eq!(room.number(known).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_idle_is_no_storm_of_logins() {
    let server = server(1);
    server.fault(ImapFault::Always("IDLE", "BAD no"));
    let room = Room::on_scripted(&server, None).await;
    run_for(&room, Duration::from_secs(2)).await;
    assert_eq!((server.connections(), room.tickets().await), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_cut_at_each_idle_is_opened_ever_more_slowly() {
    let server = server(1);
    for _ in 0..1_000 {
        server.fault(ImapFault::Close("IDLE"));
    }
    let room = Room::on_scripted(&server, None).await;
    run_for(&room, Duration::from_secs(2)).await;
    assert!(server.connections() <= 4, "{}", server.connections());
    assert_eq!(room.tickets().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_login_is_told_at_once_and_not_repeated() {
    let server = server(1);
    server.fault(ImapFault::Always("AUTHENTICATE", "NO [AUTHENTICATIONFAILED] no"));
    let room = Room::on_scripted(&server, None).await;
    run_for(&room, Duration::from_secs(2)).await;
    assert_eq!(server.connections(), 1);
    let alarm = "SELECT COUNT(*) FROM alarm WHERE cleared_at IS NULL";
    assert_eq!(room.number(alarm).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_for_a_silent_fetch() {
    let server = server(1);
    server.fault(ImapFault::Silence("UID FETCH 1 (UID BODY"));
    let room = Room::on_scripted(&server, None).await;
    run_for(&room, Duration::from_millis(700)).await;
    let failed = "SELECT COUNT(*) FROM message WHERE state = 'discovered' AND fetch_failures = 0";
    assert_eq!(room.number(failed).await, 1, "a stop is nobody's failure");
}

/// Runs the poller so long, and sees it stop at once.
async fn run_for(room: &Room, length: Duration) {
    let cancel = CancellationToken::new();
    let running = tokio::spawn(intake::run(room.task.clone(), cancel.clone()));
    tokio::time::sleep(length).await;
    cancel.cancel();
    tokio::time::timeout(Duration::from_secs(1), running).await.expect("in time").expect("ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_emptied_by_another_client_has_vanished() {
    let server = server(1);
    server.fault(ImapFault::Withhold(1));
    let room = Room::on_scripted(&server, None).await;
    poll(&room, 1).await;
    server.folder("INBOX", |folder| folder.mails.clear());
    let outcomes = room.poll().await;
    assert!(outcomes.iter().all(|o| o.ending == Ending::Vanished), "{outcomes:?}");
    assert_eq!(room.messages("vanished").await, 1);
}
