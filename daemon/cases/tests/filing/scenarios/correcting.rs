//! What a correction files, what it ends, and what it must leave alone.

use cases::{
    CasesError, Filed,
    corrections::{Corrected, Wanted},
};
use domain::{
    classification::{Band, Kind, Label, Mark},
    ids::SubmissionId,
};
use store::StoreError;

use super::{
    ANNA, BORIS, contact, letters,
    lists::{DAY, count, lists, subscribe},
};
use crate::desk::{Desk, ERASURE, Letter, STOP_MARKETING};

const CONFIRMED: &str = "subscription WHERE state = 'confirmed'";
const ACTIVE: &str = "block WHERE state = 'active'";
const ORDINARY: &[(Label, Band)] = &[(Label::Other, Band::Auto)];

fn asks(labels: &[Label]) -> Wanted {
    Wanted { labels: Some(labels.to_vec()), ..Wanted::default() }
}

async fn try_correct(desk: &Desk, filed: &Filed, wanted: &Wanted) -> Result<Corrected, CasesError> {
    let number = filed.ticket.as_ref().expect("a ticket").number.to_string();
    let seen = desk.cases.see(&number, Some(filed.submission)).await?;
    desk.cases.correct(&seen, wanted, Some("she says so by telephone"), "olga").await
}

async fn correct(desk: &Desk, filed: &Filed, wanted: &Wanted) -> Corrected {
    try_correct(desk, filed, wanted).await.expect("corrected")
}

pub async fn a_missed_request_is_filed_with_the_clock_of_its_receipt(desk: Desk) {
    let filed = desk.file(Letter::asking(ANNA, ORDINARY)).await;
    assert_eq!((count(&desk, "request").await, count(&desk, ACTIVE).await), (0, 0));
    assert_eq!(letters(&desk).await.len(), 1, "the ordinary answer");
    desk.clock.advance(DAY * 3);
    let done = correct(&desk, &filed, &asks(&[Label::Erasure])).await;
    assert_eq!(done.consequences.opened, ["erasure"]);
    assert_eq!(done.consequences.blocked.len(), 1);
    assert_eq!(done.consequences.reply, Some("planned"));
    let same_clock = "request JOIN submission ON submission.ticket_id = request.ticket_id \
                      WHERE request.received_at = submission.received_at AND request.state = 'blocked'";
    assert_eq!(count(&desk, same_clock).await, 1);
    assert!(count(&desk, "duty").await > 1, "its duties stand");
    assert_eq!(count(&desk, "block WHERE scope = 'full' AND state = 'active'").await, 1);
    assert_eq!(count(&desk, "stop WHERE number IS NOT NULL").await, 1);
    assert_eq!(count(&desk, "ticket WHERE lane = 'privacy' AND state = 'open'").await, 1);
    assert_eq!(letters(&desk).await.len(), 2);
    let told = "audit_event WHERE act = 'classification_corrected' AND actor = 'olga' \
                AND detail NOT LIKE '%telephone%' AND detail LIKE '%erasure%'";
    assert_eq!(count(&desk, told).await, 1, "names and ids only");
    let number = filed.ticket.expect("a ticket").number.to_string();
    let view = desk.cases.ticket(&number, "olga").await.expect("shown");
    let corrections = &view.submissions[0].corrections;
    assert_eq!(corrections.len(), 1);
    assert_eq!(corrections[0].note.as_deref(), Some("she says so by telephone"));
    assert!(!format!("{view:?}").contains("telephone"));
}

pub async fn the_same_correction_twice_changes_nothing(desk: Desk) {
    let filed = desk.file(Letter::asking(ANNA, ORDINARY)).await;
    let wanted = asks(&[Label::Access, Label::StopMarketing]);
    assert!(correct(&desk, &filed, &wanted).await.correction.is_some());
    let audited = count(&desk, "audit_event").await;
    let again = correct(&desk, &filed, &wanted).await;
    assert_eq!((again.correction, again.before == again.after), (None, true));
    assert_eq!((count(&desk, "correction").await, count(&desk, "request").await), (1, 2));
    assert_eq!(count(&desk, "audit_event").await, audited);
    let sure = desk.file(Letter::asking(BORIS, ERASURE)).await;
    assert_eq!(correct(&desk, &sure, &asks(&[Label::Erasure])).await.correction, None);
}

pub async fn a_suggestion_that_a_person_confirms_acts_as_if_it_had_been_sure(desk: Desk) {
    let filed = desk.file(Letter::asking(ANNA, &[(Label::Erasure, Band::Suggest)])).await;
    assert_eq!(count(&desk, "block WHERE scope = 'marketing'").await, 1);
    let done = correct(&desk, &filed, &asks(&[Label::Erasure])).await;
    assert!(done.consequences.opened.is_empty(), "it was open already");
    assert_eq!(count(&desk, "request").await, 1);
    assert_eq!(count(&desk, "block WHERE scope = 'full' AND state = 'active'").await, 1);
}

pub async fn a_misread_withdrawal_gives_back_what_it_ended(desk: Desk) {
    lists(&desk).await;
    subscribe(&desk, ANNA, &["news", "offers"]).await;
    let filed = desk.file(Letter::asking(ANNA, STOP_MARKETING)).await;
    assert_eq!((count(&desk, CONFIRMED).await, count(&desk, ACTIVE).await), (0, 1));
    desk.clock.advance(DAY);
    let done = correct(&desk, &filed, &asks(&[])).await;
    assert_eq!(done.after.labels, [Label::Other]);
    assert_eq!(done.consequences.misread, ["stop_marketing"]);
    assert_eq!(count(&desk, "request WHERE outcome = 'misread'").await, 1);
    assert_eq!(count(&desk, "delivery WHERE topic = 'reply'").await, 1, "who was told hears of it");
    assert_eq!(done.consequences.withdrawals_corrected, 2);
    assert_eq!((count(&desk, CONFIRMED).await, count(&desk, ACTIVE).await), (2, 0));
    assert_eq!(count(&desk, "request WHERE state = 'withdrawn'").await, 1);
    assert_eq!(count(&desk, "clock_event WHERE act = 'stop' AND reason = 'misread'").await, 1);
    assert_eq!(count(&desk, "stop WHERE act = 'lift' AND number IS NOT NULL").await, 1);
    let ticket = filed.ticket.clone().expect("a ticket");
    let code = ticket.status_code.expect("the code");
    let status = desk.cases.request_status(ticket.number, code).await.expect("asked");
    let misread = &status.expect("the code fits").requests[0];
    assert!(misread.owed.is_empty(), "the person is promised nothing that is not owed");
    // And said again after all: it holds as it did.
    let back = correct(&desk, &filed, &asks(&[Label::StopMarketing])).await;
    assert_eq!(back.consequences.opened, ["stop_marketing"]);
    assert_eq!((count(&desk, CONFIRMED).await, count(&desk, ACTIVE).await), (0, 1));
    assert_eq!(count(&desk, "correction").await, 2);
}

pub async fn a_narrower_reading_narrows_the_block_and_keeps_the_withdrawal(desk: Desk) {
    lists(&desk).await;
    subscribe(&desk, ANNA, &["news"]).await;
    let both: &[_] = &[(Label::Erasure, Band::Auto), (Label::StopMarketing, Band::Auto)];
    let filed = desk.file(Letter::asking(ANNA, both)).await;
    assert_eq!(count(&desk, "block WHERE scope = 'full' AND state = 'active'").await, 1);
    let done = correct(&desk, &filed, &asks(&[Label::StopMarketing])).await;
    assert_eq!(done.consequences.misread, ["erasure"]);
    assert_eq!((done.consequences.lifted.len(), done.consequences.withdrawals_corrected), (1, 0));
    assert_eq!(count(&desk, CONFIRMED).await, 0, "who leaves has left");
    assert_eq!(count(&desk, "block WHERE scope = 'marketing' AND state = 'active'").await, 1);
    assert_eq!(count(&desk, ACTIVE).await, 1);
}

pub async fn what_a_person_decided_on_is_refused_and_nothing_is_changed(desk: Desk) {
    for state in
        ["under_review", "approved", "refused", "executing", "verified", "answered", "closed"]
    {
        let filed = desk.file(Letter::asking(ANNA, ERASURE)).await;
        let sql =
            format!("UPDATE request SET state = '{state}' WHERE state = 'blocked' RETURNING id");
        desk.number(&sql).await;
        let refused = try_correct(&desk, &filed, &asks(&[Label::Access])).await;
        let Err(CasesError::Refused { rule, .. }) = refused else { panic!("{state}: {refused:?}") };
        assert_eq!(rule, "only_unworked_requests_are_misread");
        assert_eq!(count(&desk, "correction").await, 0, "{state}");
        assert_eq!(count(&desk, "request WHERE name = 'access'").await, 0, "{state}");
        assert_eq!(count(&desk, "block WHERE state = 'lifted'").await, 0, "{state}");
        desk.number("UPDATE request SET state = 'withdrawn' RETURNING id").await;
    }
}

pub async fn whom_somebody_proved_is_not_ended_by_one_person_and_nothing_without_a_reason(
    desk: Desk,
) {
    let filed = desk.file(Letter::asking(ANNA, ERASURE)).await;
    let number = filed.ticket.as_ref().expect("a ticket").number.to_string();
    let seen = desk.cases.see(&number, None).await.expect("seen");
    let (other, misread) = (asks(&[Label::Other]), "request WHERE outcome = 'misread'");
    let refused = desk.cases.correct(&seen, &other, None, "olga").await;
    let rule = "misread_needs_reason";
    assert!(matches!(refused, Err(CasesError::Refused { rule: r, .. }) if r == rule));
    desk.cases.attest_identity(&number, "a passport", "anna").await.expect("attested");
    let refused = try_correct(&desk, &filed, &other).await;
    let rule = "only_unworked_requests_are_misread";
    assert!(matches!(refused, Err(CasesError::Refused { rule: r, .. }) if r == rule));
    assert_eq!((count(&desk, misread).await, count(&desk, ACTIVE).await), (0, 1));
    assert_eq!(count(&desk, "correction").await, 0);
    let proof = desk.number("SELECT MAX(id) FROM identity_proof").await;
    let proof = domain::ids::IdentityProofId(proof);
    desk.cases.revoke_identity(&number, proof, "another", "anna").await.expect("revoked");
    correct(&desk, &filed, &other).await;
    assert_eq!((count(&desk, misread).await, count(&desk, ACTIVE).await), (1, 0));
    let told =
        "audit_event WHERE act = 'misread' AND actor = 'olga' AND detail LIKE '%reason_given%'";
    assert_eq!(count(&desk, told).await, 1);
}

pub async fn of_two_who_correct_what_both_saw_one_wins(desk: Desk) {
    let filed = desk.file(Letter::asking(ANNA, ORDINARY)).await;
    let number = filed.ticket.as_ref().expect("a ticket").number.to_string();
    let seen = desk.cases.see(&number, None).await.expect("seen");
    let (erasure, access) = (asks(&[Label::Erasure]), asks(&[Label::Access]));
    let (one, other) = tokio::join!(
        desk.cases.correct(&seen, &erasure, None, "olga"),
        desk.cases.correct(&seen, &access, None, "pavel"),
    );
    let lost = match (one, other) {
        (Ok(_), Err(lost)) | (Err(lost), Ok(_)) => lost,
        both => panic!("{both:?}"),
    };
    assert!(matches!(lost, CasesError::Store(StoreError::Conflict { .. })), "{lost:?}");
    assert_eq!((count(&desk, "correction").await, count(&desk, "request").await), (1, 1));
}

pub async fn another_letter_of_the_ticket_keeps_what_it_asks_for(desk: Desk) {
    lists(&desk).await;
    subscribe(&desk, ANNA, &["news"]).await;
    let first = desk.file(Letter::asking(ANNA, ERASURE)).await;
    let number = first.ticket.as_ref().expect("a ticket").number.to_string();
    let both: &[_] = &[(Label::Erasure, Band::Auto), (Label::StopMarketing, Band::Auto)];
    let again = desk.file(Letter { subject: &number, ..Letter::asking(ANNA, both) }).await;
    assert_eq!(again.ticket.as_ref().map(|t| t.id), first.ticket.as_ref().map(|t| t.id));
    assert_eq!(count(&desk, ACTIVE).await, 1, "the first block serves both");
    let done = correct(&desk, &first, &asks(&[Label::Access])).await;
    assert_eq!((done.consequences.misread.len(), done.consequences.lifted.len()), (0, 0));
    assert_eq!(done.consequences.opened, ["access"]);
    // Now the second letter turns out to ask less: only its own need is left.
    let done = correct(&desk, &again, &asks(&[Label::StopMarketing])).await;
    assert_eq!(done.consequences.misread, ["erasure"]);
    let view = desk.cases.ticket(&number, "olga").await.expect("shown");
    let open: Vec<_> =
        view.requests.iter().filter(|r| r.state.is_open()).map(|r| r.name.name()).collect();
    assert_eq!(open, ["stop_marketing", "access"]);
    assert_eq!(count(&desk, CONFIRMED).await, 0);
}

pub async fn a_lifted_block_leaves_the_narrower_one_that_another_letter_needs(desk: Desk) {
    let first = desk.file(Letter::asking(ANNA, ERASURE)).await;
    let number = first.ticket.as_ref().expect("a ticket").number.to_string();
    desk.file(Letter { subject: &number, ..Letter::asking(ANNA, STOP_MARKETING) }).await;
    assert_eq!(count(&desk, ACTIVE).await, 1);
    let done = correct(&desk, &first, &asks(&[Label::Other])).await;
    assert_eq!((done.consequences.misread, done.consequences.lifted.len()), (vec!["erasure"], 1));
    assert_eq!(count(&desk, "block WHERE state = 'active' AND scope = 'marketing'").await, 1);
    assert_eq!(count(&desk, ACTIVE).await, 1);
}

pub async fn a_letter_that_cannot_be_opened_now_ends_the_correction(desk: Desk) {
    let stranger = desk.file(Letter::asking(BORIS, ORDINARY)).await;
    correct(&desk, &stranger, &asks(&[Label::Access])).await;
    let first = desk.file(Letter::asking(ANNA, ERASURE)).await;
    let number = first.ticket.as_ref().expect("a ticket").number.to_string();
    let again = desk.file(Letter { subject: &number, ..Letter::asking(ANNA, ERASURE) }).await;
    let damage = format!(
        "UPDATE submission SET content = (SELECT note FROM correction WHERE note IS NOT NULL) \
         WHERE id = {} RETURNING id",
        again.submission.0
    );
    desk.number(&damage).await;
    let refused = try_correct(&desk, &first, &asks(&[Label::Access])).await;
    assert!(matches!(refused, Err(CasesError::Vault(_))), "{refused:?}");
    assert_eq!(count(&desk, "clock_event WHERE reason = 'misread'").await, 0);
    assert_eq!((count(&desk, "correction").await, count(&desk, ACTIVE).await), (1, 1));
}

pub async fn a_destroyed_letter_keeps_what_it_may_have_asked_for(desk: Desk) {
    let first = desk.file(Letter::asking(ANNA, ERASURE)).await;
    let number = first.ticket.as_ref().expect("a ticket").number.to_string();
    let again = Letter { subject: &number, ..Letter::asking(ANNA, ERASURE) };
    let again = desk.letter(again).await;
    desk.file_submission(&again).await;
    desk.cases.vault().destroy_key(again.vault_key).await.expect("destroyed");
    let done = correct(&desk, &first, &asks(&[Label::Access])).await;
    assert_eq!((done.consequences.misread.len(), done.consequences.lifted.len()), (0, 0));
    assert_eq!(done.consequences.opened, ["access"]);
    assert_eq!(count(&desk, ACTIVE).await, 1);
}

pub async fn a_request_that_another_word_opened_is_left_alone(desk: Desk) {
    let filed = desk.file(Letter::asking(ANNA, ERASURE)).await;
    // As of an earlier word, and decided on.
    let sql = "UPDATE request SET received_at = received_at - 1, state = 'approved' RETURNING id";
    desk.number(sql).await;
    let done = correct(&desk, &filed, &asks(&[Label::Access])).await;
    assert_eq!((done.consequences.misread.len(), done.consequences.opened), (0, vec!["access"]));
    assert_eq!(count(&desk, "request WHERE name = 'erasure' AND state = 'approved'").await, 1);
}

pub async fn what_a_ticket_became_after_it_was_looked_at_is_kept(desk: Desk) {
    let first = desk.file(Letter::asking(ANNA, ORDINARY)).await;
    let number = first.ticket.as_ref().expect("a ticket").number.to_string();
    let seen = desk.cases.see(&number, None).await.expect("seen");
    desk.clock.advance(DAY);
    let later = desk.file(Letter { subject: &number, ..Letter::asking(ANNA, ORDINARY) }).await;
    let marked = Wanted { marks: Some(vec![Mark::Authority]), ..Wanted::default() };
    correct(&desk, &later, &marked).await;
    let authority = "ticket WHERE lane = 'authority'";
    assert_eq!(count(&desk, authority).await, 1);
    let wanted = asks(&[Label::Erasure]);
    desk.cases.correct(&seen, &wanted, None, "olga").await.expect("corrected");
    assert_eq!(count(&desk, authority).await, 1, "the lane of the later letter");
}

pub async fn the_first_letter_that_asked_gives_the_clock(desk: Desk) {
    let first = desk.file(Letter::asking(ANNA, ORDINARY)).await;
    let number = first.ticket.as_ref().expect("a ticket").number.to_string();
    desk.clock.advance(DAY * 5);
    desk.file(Letter { subject: &number, ..Letter::asking(ANNA, ERASURE) }).await;
    let done = correct(&desk, &first, &asks(&[Label::Erasure])).await;
    assert_eq!((done.consequences.opened, done.consequences.joined.len()), (vec!["erasure"], 1));
    let first_clock = "request WHERE state NOT IN ('joined', 'withdrawn', 'closed') \
                       AND received_at = (SELECT MIN(received_at) FROM submission)";
    assert_eq!(count(&desk, first_clock).await, 1);
    assert_eq!(count(&desk, "request").await, 2);
}

pub async fn a_consent_given_after_the_letter_outweighs_its_late_reading(desk: Desk) {
    lists(&desk).await;
    subscribe(&desk, ANNA, &["news"]).await;
    let filed = desk.file(Letter::asking(ANNA, ORDINARY)).await;
    desk.clock.advance(DAY);
    subscribe(&desk, ANNA, &["offers"]).await;
    correct(&desk, &filed, &asks(&[Label::StopMarketing])).await;
    assert_eq!(count(&desk, CONFIRMED).await, 1);
    assert_eq!(count(&desk, "consent_event WHERE act = 'withdrawn' AND list = 'news'").await, 1);
    assert_eq!(count(&desk, ACTIVE).await, 1, "a person decides about the block");
}

pub async fn a_letter_for_somebody_else_frees_the_one_who_wrote(desk: Desk) {
    let filed = desk.file(Letter::asking(ANNA, ERASURE)).await;
    let marked = Wanted { marks: Some(vec![Mark::Representative]), ..Wanted::default() };
    let done = correct(&desk, &filed, &marked).await;
    assert_eq!((done.consequences.lifted.len(), done.consequences.blocked.len()), (1, 0));
    assert!(done.consequences.opened.is_empty() && done.consequences.misread.is_empty());
    assert_eq!(count(&desk, "request WHERE requester = 'representative'").await, 1);
    let ended = Wanted { marks: Some(Vec::new()), ..Wanted::default() };
    correct(&desk, &filed, &ended).await;
    assert_eq!(count(&desk, ACTIVE).await, 1);
    assert_eq!(count(&desk, "request WHERE requester = 'subject'").await, 1);
}

pub async fn an_authority_that_was_missed_holds_and_one_that_was_none_holds_no_more(desk: Desk) {
    const HELD: &str = "legal_hold WHERE lifted_at IS NULL";
    let filed = desk.file(Letter::asking(ANNA, ORDINARY)).await;
    let marked = Wanted { marks: Some(vec![Mark::Authority]), ..Wanted::default() };
    let done = correct(&desk, &filed, &marked).await;
    assert_eq!(done.consequences.opened, ["authority_request"]);
    assert_eq!(done.consequences.reply, Some("by_hand"), "no automatic answer to an authority");
    assert_eq!(count(&desk, HELD).await, 1);
    let ended = Wanted { marks: Some(Vec::new()), ..Wanted::default() };
    assert_eq!(correct(&desk, &filed, &ended).await.consequences.misread, ["authority_request"]);
    assert_eq!(count(&desk, HELD).await, 0);
}

pub async fn a_letter_taken_for_spam_is_heard_as_a_persons(desk: Desk) {
    let spam = Letter { kind: Kind::Spam, ..Letter::asking(ANNA, ERASURE) };
    let filed = desk.file(spam).await;
    assert_eq!(count(&desk, "block WHERE scope = 'marketing'").await, 1);
    let human = Wanted { kind: Some(Kind::Human), ..Wanted::default() };
    let done = correct(&desk, &filed, &human).await;
    assert_eq!(done.after.labels, [Label::Erasure]);
    assert_eq!(count(&desk, "block WHERE scope = 'full' AND state = 'active'").await, 1);
    assert_eq!(count(&desk, "request").await, 1);
    let report = Wanted { kind: Some(Kind::Bounce), ..Wanted::default() };
    let refused = try_correct(&desk, &filed, &report).await;
    assert!(matches!(refused, Err(CasesError::Refused { rule: "a_report_asks_nothing", .. })));
    let doubled = try_correct(&desk, &filed, &asks(&[Label::Other, Label::Access])).await;
    assert!(matches!(doubled, Err(CasesError::Refused { rule: "other_stands_alone", .. })));
}

pub async fn an_example_is_destroyed_with_the_key_of_its_letter(desk: Desk) {
    contact(&desk, &[ANNA]).await;
    let known = desk.letter(Letter::asking(ANNA, ORDINARY)).await;
    let filed = desk.file_submission(&known).await;
    let unknown =
        desk.letter(Letter { text: "Слова Бориса", ..Letter::asking(BORIS, ORDINARY) });
    let unknown = unknown.await;
    let other = desk.file_submission(&unknown).await;
    correct(&desk, &filed, &asks(&[Label::Access])).await;
    let marks = Some(vec![Mark::Representative]);
    let wanted = Wanted { marks, ..asks(&[Label::Erasure]) };
    correct(&desk, &other, &wanted).await;
    let paper = Letter {
        text: "Мой паспорт 4508 123456",
        ..Letter::asking("c@mail.example", ORDINARY)
    };
    let paper = desk.file(paper).await;
    correct(&desk, &paper, &asks(&[Label::Access])).await;
    desk.number("UPDATE delivery SET state = 'accepted' WHERE state = 'planned' RETURNING id")
        .await;
    // The note moves under the subject's key with the letter.
    assert_eq!(desk.cases.rekey_known_subjects(9).await.expect("moves"), 1);
    let number = filed.ticket.as_ref().expect("a ticket").number.to_string();
    let view = desk.cases.ticket(&number, "olga").await.expect("shown");
    assert!(view.submissions[0].corrections[0].note.is_some());

    let examples = desk.cases.examples("olga").await.expect("told");
    let counted = (examples.lines.len(), examples.gone, examples.special);
    assert_eq!(counted, (2, 0, 1), "what is special is in no export");
    let line: serde_json::Value = serde_json::from_str(&examples.lines[1]).expect("JSON");
    assert_eq!(line["labels"], serde_json::json!(["erasure", "representative"]));
    assert_eq!((&line["kind"], &line["new_text"]), (&"human".into(), &"Слова Бориса".into()));
    assert_eq!(line["headers"], serde_json::json!({ "Subject": "Обращение" }));
    assert!(!examples.lines[1].contains(BORIS), "ids only as id");

    let key = desk.cases.vault().key_of(known.object.expect("stored")).await.expect("asked");
    desk.cases.vault().destroy_key(key).await.expect("destroyed");
    let examples = desk.cases.examples("olga").await.expect("told");
    assert_eq!((examples.lines.len(), examples.gone), (1, 1));
    let told = "audit_event WHERE act = 'examples_exported' AND actor = 'olga'";
    assert_eq!(count(&desk, told).await, 2);
    let refused = desk.cases.see(&number, None).await;
    let rule = "only_what_was_read_is_corrected";
    assert!(matches!(refused, Err(CasesError::Refused { rule: r, .. }) if r == rule));
    let foreign = desk.cases.see(&number, Some(SubmissionId(other.submission.0))).await;
    assert!(matches!(foreign, Err(CasesError::Refused { .. })), "of its own ticket only");
}
