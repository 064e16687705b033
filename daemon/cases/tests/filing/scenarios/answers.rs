//! What follows from a submission, and what its sender is told.

use std::time::Duration;

use cases::Content;
use domain::{
    authentication::SenderAuthentication,
    classification::{Band, Label},
    filing::ReviewReason,
    letter::LetterContent,
};

use crate::desk::{Desk, ERASURE, Letter, STOP_MARKETING};

use super::{ANNA, BORIS, contact, letters};

pub async fn a_request_becomes_ticket_block_stop_and_reply_at_once(desk: Desk) {
    contact(&desk, &[ANNA, "anna.work@mail.example"]).await;
    let filed = desk.file(Letter::asking(ANNA, ERASURE)).await;
    let ticket = filed.ticket.expect("a ticket");
    assert!(filed.blocked && filed.replied && !filed.repeated);
    let view = desk.cases.ticket(&ticket.number.to_string(), "anna").await.expect("shown");
    assert_eq!(view.requests.len(), 1);
    assert_eq!(view.requests[0].state, domain::request::RequestState::Blocked);
    // Received on Friday 2026-12-04: stop and answer in 10 working days, destroy in 30 days.
    let due = |name: &str| {
        view.duties
            .iter()
            .find(|duty| duty.name == name && duty.counts_from == "receipt")
            .and_then(|duty| duty.legal_due_on.clone())
    };
    assert_eq!(due("stop").as_deref(), Some("2026-12-18"));
    assert_eq!(due("answer").as_deref(), Some("2026-12-18"));
    assert_eq!(due("destroy").as_deref(), Some("2027-01-11"));
    assert_eq!(view.blocks.len(), 1);
    assert!(view.blocks[0].contact.is_some());
    assert_eq!(desk.number("SELECT value FROM stop_sequence").await, 1);
    assert_eq!(desk.number("SELECT COUNT(*) FROM stop WHERE number = 1").await, 1);
    let written = &letters(&desk).await[0];
    assert!(written.text.contains(&ticket.number.to_string()));
    assert!(written.text.contains(ticket.status_code.expect("a new ticket").expose()));
    assert!(!written.text.contains("Текст обращения"), "nothing of the mail is echoed");
    // The journal outside the database knows both addresses of the contact.
    let (replayed, _) = vault::replay(&desk.dir.path().join("journal")).expect("replays");
    assert_eq!(replayed.len(), 1);
    assert_eq!(replayed[0].intent.digests.len(), 2);
    assert_eq!(replayed[0].number.map(|number| number.0), Some(1));
}

pub async fn the_same_message_is_filed_once(desk: Desk) {
    let submission = desk.letter(Letter::asking(ANNA, ERASURE)).await;
    let first = desk.file_submission(&submission).await;
    let again = desk.file_submission(&submission).await;
    assert!(again.repeated);
    assert_eq!(again.submission, first.submission);
    assert_eq!(again.ticket.map(|t| t.number), first.ticket.map(|t| t.number));
    for table in ["ticket", "submission", "delivery", "block", "stop"] {
        assert_eq!(desk.number(&format!("SELECT COUNT(*) FROM {table}")).await, 1, "{table}");
    }
}

pub async fn a_repeated_request_joins_its_ticket_and_keeps_the_first_clock(desk: Desk) {
    let first = desk.file(Letter::asking(ANNA, ERASURE)).await.ticket.expect("a ticket");
    desk.clock.advance(Duration::from_secs(3 * 24 * 3600));
    let again = desk.file(Letter::asking(ANNA, ERASURE)).await;
    assert_eq!(again.ticket.as_ref().map(|t| t.id), Some(first.id));
    assert!(!again.replied, "the same was said three days ago");
    assert!(again.blocked);
    let labels = [(Label::Erasure, Band::Auto), (Label::Access, Band::Auto)];
    let more = desk.file(Letter::asking(ANNA, &labels)).await;
    assert_eq!(more.ticket.map(|t| t.id), Some(first.id));
    let view = desk.cases.ticket(&first.number.to_string(), "anna").await.expect("shown");
    assert_eq!(view.requests.len(), 2, "the new label added a request");
    assert!(view.requests[0].received_at < view.requests[1].received_at);
    assert_eq!(view.blocks.len(), 1, "what is blocked for the matter is not blocked twice");
    assert_eq!(view.submissions.len(), 3);
    let subject = format!("Re: {}", first.number);
    let quoted = Letter { subject: &subject, ..Letter::asking(ANNA, &[]) };
    assert_eq!(desk.file(quoted).await.ticket.map(|t| t.id), Some(first.id));
    let fresh = desk.file(Letter::asking(ANNA, &[])).await;
    assert_ne!(fresh.ticket.map(|t| t.id), Some(first.id), "an ordinary letter is a new matter");
}

pub async fn a_thread_match_from_another_address_opens_a_linked_ticket(desk: Desk) {
    let letter = Letter { message_id: Some("first@mail.example"), ..Letter::asking(ANNA, ERASURE) };
    let anna = desk.file(letter).await.ticket.expect("a ticket");
    let answers = ["first@mail.example"];
    let forged = Letter { answers: &answers, ..Letter::asking(BORIS, ERASURE) };
    let boris = desk.file(forged).await.ticket.expect("a ticket");
    assert_ne!(anna.id, boris.id);
    let view = desk.cases.ticket(&boris.number.to_string(), "anna").await.expect("shown");
    assert_eq!(view.ticket.linked, Some(anna.id));
    assert!(view.ticket.review.contains("foreign_thread"));
    let own = Letter { answers: &answers, ..Letter::asking(ANNA, &[]) };
    assert_eq!(desk.file(own).await.ticket.map(|t| t.id), Some(anna.id));
}

pub async fn an_unknown_and_a_known_address_get_the_same_words(desk: Desk) {
    contact(&desk, &[ANNA]).await;
    let known = desk.file(Letter::asking(ANNA, ERASURE)).await.ticket.expect("a ticket");
    let unknown = desk.file(Letter::asking(BORIS, ERASURE)).await.ticket.expect("a ticket");
    let plain = |letter: &LetterContent, ticket: &cases::filing::FiledTicket| {
        let code = ticket.status_code.expect("new");
        letter.text.replace(&ticket.number.to_string(), "N").replace(code.expose(), "C")
    };
    let letters = letters(&desk).await;
    assert_eq!(plain(&letters[0], &known), plain(&letters[1], &unknown));
    assert_eq!(desk.number("SELECT COUNT(*) FROM contact").await, 1, "mail makes no contact");
}

pub async fn a_shared_address_is_blocked_without_a_contact(desk: Desk) {
    contact(&desk, &[ANNA]).await;
    contact(&desk, &[ANNA]).await;
    let ticket = desk.file(Letter::asking(ANNA, ERASURE)).await.ticket.expect("a ticket");
    let view = desk.cases.ticket(&ticket.number.to_string(), "anna").await.expect("shown");
    assert_eq!(view.blocks[0].contact, None);
    assert!(view.blocks[0].address.is_some());
    assert!(view.ticket.review.contains(ReviewReason::SharedAddress.name()));
}

pub async fn words_withdraw_every_advertising_consent(desk: Desk) {
    let person = contact(&desk, &[ANNA]).await;
    for purpose in ["newsletter", "partner_offers", "training_mail"] {
        let sql = format!(
            "INSERT INTO consent_event (contact_id, purpose, act, grade, capture_point, at, evidence) \
             VALUES ({person}, '{purpose}', 'confirmed', 'proven', 'subscription_form', 1, '{{}}') RETURNING id"
        );
        desk.number(&sql).await;
    }
    let filed = desk.file(Letter::asking(ANNA, STOP_MARKETING)).await;
    assert!(filed.blocked);
    let withdrawn = "SELECT COUNT(*) FROM consent_event WHERE act = 'withdrawn'";
    assert_eq!(desk.number(withdrawn).await, 2, "training mail is not advertising");
    assert_eq!(desk.number("SELECT value FROM stop_sequence").await, 3);
    desk.file(Letter::asking(ANNA, STOP_MARKETING)).await;
    assert_eq!(desk.number(withdrawn).await, 2, "what is withdrawn is not withdrawn again");
    assert_eq!(desk.number("SELECT COUNT(*) FROM suppression").await, 0);
}

pub async fn what_cannot_be_read_becomes_a_ticket_for_a_person(desk: Desk) {
    let mut submission = desk.letter(Letter::asking(ANNA, &[])).await;
    submission.content = Content::Unread { reason: ReviewReason::Quarantined, header: None };
    let filed = desk.file_submission(&submission).await;
    let ticket = filed.ticket.expect("a ticket");
    assert!(!filed.replied && !filed.blocked);
    let view = desk.cases.ticket(&ticket.number.to_string(), "anna").await.expect("shown");
    assert_eq!(view.ticket.lane, domain::ticket::Lane::Unreadable);
    assert_eq!(view.ticket.review, "quarantined");
    assert_eq!(view.requests.len(), 1);
    assert_eq!(view.duties[0].legal_due_on.as_deref(), Some("2026-12-07"), "the next working day");
    assert_eq!(view.ticket.opened_at, submission.received_at);
    assert_eq!(view.tasks[0].name, "answer_by_hand");
}

pub async fn a_guard_that_holds_the_reply_back_leaves_a_task(desk: Desk) {
    contact(&desk, &[ANNA]).await;
    let guarded = Letter { auto_reasons: &["precedence"], ..Letter::asking(BORIS, ERASURE) };
    let filed = desk.file(guarded).await;
    assert!(filed.blocked && !filed.replied);
    let tasks = "SELECT COUNT(*) FROM task WHERE name = 'answer_by_hand' AND detail = 'precedence'";
    assert_eq!(desk.number(tasks).await, 1);
    // A mail that its domain disowns: no reply, a marketing block, and word to the address on file.
    let forged =
        Letter { authentication: SenderAuthentication::Fail, ..Letter::asking(ANNA, ERASURE) };
    let filed = desk.file(forged).await;
    assert!(filed.blocked && !filed.replied);
    let notices = "SELECT COUNT(*) FROM delivery WHERE purpose_of_mail = 'notice'";
    assert_eq!(desk.number(notices).await, 1);
    let full = "SELECT COUNT(*) FROM block WHERE scope = 'full' AND authentication = 'fail'";
    assert_eq!(desk.number(full).await, 0);
    let stranger = Letter {
        authentication: SenderAuthentication::Fail,
        ..Letter::asking("x@y.example", ERASURE)
    };
    desk.file(stranger).await;
    assert_eq!(desk.number(notices).await, 1, "who is not on file is not written to");
}

pub async fn the_breaker_turns_full_blocks_into_marketing_blocks(desk: Desk) {
    for n in 0..5 {
        let from = format!("p{n}@mail.example");
        desk.file(Letter::asking(&from, ERASURE)).await;
    }
    let full = "SELECT COUNT(*) FROM block WHERE scope = 'full'";
    assert_eq!(desk.number(full).await, 3, "the limit of this room");
    assert_eq!(desk.number("SELECT COUNT(*) FROM block WHERE scope = 'marketing'").await, 2);
    assert_eq!(desk.number("SELECT COUNT(*) FROM alarm WHERE name = 'filing_breaker'").await, 1);
    let vouched =
        Letter { authentication: SenderAuthentication::Pass, ..Letter::asking(ANNA, ERASURE) };
    desk.file(vouched).await;
    assert_eq!(desk.number(full).await, 4, "whose domain vouches is not held back");
    desk.cases.close_breaker().await.expect("looks");
    let open = "SELECT COUNT(*) FROM alarm WHERE name = 'filing_breaker' AND cleared_at IS NULL";
    assert_eq!(desk.number(open).await, 1, "an open breaker keeps its alarm");
    desk.clock.advance(Duration::from_secs(3601));
    desk.file(Letter::asking(BORIS, ERASURE)).await;
    assert_eq!(desk.number(full).await, 5, "an hour later it is closed again");
    desk.cases.close_breaker().await.expect("looks");
    assert_eq!(desk.number(open).await, 0, "and its alarm goes");
}

pub async fn a_stranger_does_not_learn_whom_we_know(desk: Desk) {
    contact(&desk, &[ANNA]).await;
    let marks = [(domain::classification::Mark::Representative, Band::Auto)];
    let mut told = Vec::new();
    for named in [ANNA, "nobody@mail.example"] {
        let from = format!("agent-of-{}", named.replace('@', "-at-"));
        let from = format!("{from}@agents.example");
        let mut submission =
            desk.letter(Letter { marks: &marks, ..Letter::asking(&from, ERASURE) }).await;
        if let Content::Classified { classification, .. } = &mut submission.content {
            classification.named_addresses = vec![named.to_owned()];
        }
        let ticket = desk.file_submission(&submission).await.ticket.expect("a ticket");
        let code = ticket.status_code.expect("new");
        let status = desk.cases.request_status(ticket.number, code).await.expect("answers");
        let letter = letters(&desk).await.pop().expect("a letter");
        let text = letter.text.replace(&ticket.number.to_string(), "N").replace(code.expose(), "C");
        told.push((text, status.map(|status| status.requests)));
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(desk.number("SELECT COUNT(*) FROM block WHERE contact_id IS NOT NULL").await, 1);
}

pub async fn a_failing_template_does_not_undo_the_block(mut desk: Desk) {
    desk.lose_letters();
    let filed = desk.file(Letter::asking(ANNA, ERASURE)).await;
    assert!(filed.blocked && !filed.replied);
    let tasks = "SELECT COUNT(*) FROM task WHERE name = 'answer_by_hand' AND detail = 'template'";
    assert_eq!(desk.number(tasks).await, 1);
    assert_eq!(desk.number("SELECT COUNT(*) FROM alarm WHERE name = 'template'").await, 1);
}

pub async fn a_person_who_was_never_told_the_code_gets_a_new_one(desk: Desk) {
    let guarded = Letter { auto_reasons: &["precedence"], ..Letter::asking(ANNA, ERASURE) };
    let first = desk.file(guarded).await.ticket.expect("a ticket");
    let again = desk.file(Letter::asking(ANNA, ERASURE)).await;
    let ticket = again.ticket.expect("the same ticket");
    assert!(again.replied && ticket.id == first.id);
    let code = ticket.status_code.expect("a new code");
    let status = desk.cases.request_status(ticket.number, code).await.expect("answers");
    assert!(status.is_some());
    let old = first.status_code.expect("new");
    assert_eq!(desk.cases.request_status(ticket.number, old).await.expect("answers"), None);
}

pub async fn acknowledgements_to_all_together_have_a_limit(desk: Desk) {
    for n in 0..12 {
        let from = format!("q{n}@mail.example");
        desk.file(Letter::asking(&from, &[])).await;
    }
    let sent = "SELECT COUNT(*) FROM delivery WHERE purpose_of_mail = 'acknowledgement'";
    assert_eq!(desk.number(sent).await, 9, "the limit of this room");
    let held = "SELECT COUNT(*) FROM task WHERE detail = 'too_many_at_all'";
    assert_eq!(desk.number(held).await, 3, "what is held back is for a person");
    assert_eq!(desk.number("SELECT COUNT(*) FROM ticket").await, 12);
}
