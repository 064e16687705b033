//! The link of a package: whom it is sent, and how it ends.

use cases::{
    access::{HeldBack, PackageLinkState},
    identity::ChallengeAnswer,
};
use domain::{classification::Label, request::RequestState};
use store::packages::PackageState;

use crate::access::{approved, sent, token, with_map};
use crate::{
    deciding::{attest, is_refused},
    room::{ANNA, Room},
};

both! {
    a_link_that_nobody_uses_ends_with_its_file,
    a_link_dies_with_its_proof_and_with_a_disowning,
    a_package_is_taken_back_before_anybody_took_it,
    two_buttons_at_once_spend_one_link,
    only_the_mailbox_that_proved_itself_gets_the_link,
}

async fn a_link_that_nobody_uses_ends_with_its_file(mut room: Room) {
    let (matter, old) = sent(&mut room).await;
    let cases = room.cases();
    room.pass_days(3);
    cases.send_package(matter.request(), "vera").await.expect("a new link");
    let token = token(&room, &matter).await;
    assert!(cases.package_link(&old).await.expect("read").is_none(), "the old link is dead");
    room.pass_days(6);
    assert!(cases.package_link(&token).await.expect("read").is_some());
    room.pass_days(1);
    assert!(cases.fetch_package(&token).await.expect("read").is_none());
    let link = cases.package_link(&token).await.expect("read").expect("ours");
    assert_eq!(link.state, PackageLinkState::Expired);
    assert_eq!(cases.end_packages(10).await.expect("ended"), 1);
    let row = &cases.packages(matter.request()).await.expect("listed")[0];
    assert_eq!(row.state, PackageState::Expired);
    assert!(!cases.vault().key_exists(row.vault_key).await.expect("asked"));
    is_refused(cases.send_package(matter.request(), "vera").await, "no_package");
}

async fn a_link_dies_with_its_proof_and_with_a_disowning(mut room: Room) {
    let (matter, token) = sent(&mut room).await;
    let cases = room.cases();
    let dead = async |why: &str| {
        let link = cases.package_link(&token).await.expect("read").expect("ours");
        assert_eq!(link.state, PackageLinkState::Expired, "{why}");
        assert!(cases.fetch_package(&token).await.expect("read").is_none(), "{why}");
    };
    // Not even one who showed a passport gets what was sent to another's mailbox.
    cases.attest_identity(&matter.number, "паспорт", "anna").await.expect("attested");
    let revoked = |at: &str| {
        format!(
            "UPDATE identity_proof SET revoked_at = {at}, revoked_by = 'anna' \
             WHERE challenge_id IS NOT NULL RETURNING id"
        )
    };
    room.number(&revoked("2")).await;
    dead("revoked").await;
    room.number(&revoked("NULL")).await;
    let link = cases.package_link(&token).await.expect("read").expect("ours");
    assert!(matches!(link.state, PackageLinkState::Open { .. }));
    room.pass_days(1);
    cases.ask_challenge(&matter.number, None, "anna").await.expect("asked");
    let text = room.letter(matter.ticket, "challenge").await.content.expect("opens").text;
    let at = text.find("/c/").expect("a link") + 3;
    let second: String = text[at..].chars().take_while(char::is_ascii_alphanumeric).collect();
    cases.answer_challenge(&second, ChallengeAnswer::NotMine).await.expect("taken");
    dead("disowned").await;
    // And the file is gone with it.
    let row = &cases.packages(matter.request()).await.expect("listed")[0];
    assert_eq!(row.state, PackageState::Void);
    assert!(!cases.vault().key_exists(row.vault_key).await.expect("asked"));
}

async fn a_package_is_taken_back_before_anybody_took_it(mut room: Room) {
    let (matter, token) = sent(&mut room).await;
    let id = matter.request();
    assert_eq!(room.request(id).await.state, RequestState::Verified);
    let cases = room.cases();
    is_refused(cases.reopen_request(id, "wrong", "anna").await, "request_step");
    is_refused(cases.revoke_package(id, " ", "anna").await, "note_given");
    cases.revoke_package(id, "another had the mailbox", "anna").await.expect("revoked");
    let link = cases.package_link(&token).await.expect("read").expect("ours");
    assert_eq!(link.state, PackageLinkState::Expired);
    assert!(cases.fetch_package(&token).await.expect("read").is_none());
    assert_eq!(room.count("package WHERE state = 'void' AND destroyed_at IS NOT NULL").await, 1);
    assert_eq!(room.request(id).await.state, RequestState::UnderReview);
    assert_eq!(room.request(id).await.answer, None);
    is_refused(cases.revoke_package(id, "again", "anna").await, "no_package");
    is_refused(cases.send_package(id, "boris").await, "no_package");
    // Everything anew: package, two people, link.
    approved(&room, id).await;
    cases.send_package(id, "boris").await.expect("sent");
    let token = self::token(&room, &matter).await;
    assert!(cases.fetch_package(&token).await.expect("read").is_some());
    // Reopened once it was answered, its link is dead, too.
    room.relay_takes(room.letter(matter.ticket, "answer_access").await.id).await;
    cases.settle_requests().await.expect("settled");
    cases.reopen_request(id, "a part is missing", "anna").await.expect("reopened");
    assert!(cases.fetch_package(&token).await.expect("read").is_none());
}

async fn two_buttons_at_once_spend_one_link(mut room: Room) {
    let (_, token) = sent(&mut room).await;
    let cases = room.cases();
    let (one, two) = tokio::join!(cases.fetch_package(&token), cases.fetch_package(&token));
    assert_eq!(one.expect("read"), two.expect("read"), "the same file for both");
    assert_eq!(room.count("package WHERE state = 'fetched'").await, 1);
    assert_eq!(room.count("audit_event WHERE act = 'package_fetched'").await, 2);
}

async fn only_the_mailbox_that_proved_itself_gets_the_link(mut room: Room) {
    with_map(&mut room);
    room.contact("Анна", "", &[ANNA]).await;
    let matter = room.asks(ANNA, &[Label::Access]).await;
    let request = matter.request();
    room.cases().review_request(request, "anna").await.expect("reviewed");
    attest(&room, &matter).await;
    is_refused(room.cases().send_package(request, "boris").await, "no_package");
    // A person of ours vouches; no mailbox did.
    let cases = room.cases();
    cases.make_package(request, None, HeldBack::LeftOut, "boris").await.expect("made");
    is_refused(cases.propose(request, None, "boris").await, "no_challenge");
    assert_eq!(room.request(request).await.state, RequestState::UnderReview);
    assert_eq!(room.count("decision").await, 0);
    assert_eq!(room.count("package WHERE token_digest IS NOT NULL").await, 0);
}
