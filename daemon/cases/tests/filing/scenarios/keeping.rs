//! Filed once, kept whole, undone only by people: forms, races, keys, audit.

use cases::{CasesError, Content, blocks::LiftGround};
use domain::{
    address::EmailAddress,
    block::BlockState,
    classification::Kind,
    form::{CapturePoint, FormEntry},
    ids::BlockId,
    language::Locale,
    mail::ReportParts,
    ticket_number::StatusCode,
};

use crate::desk::{Desk, ERASURE, Letter};

use super::{ANNA, BORIS, contact, letters};

pub(super) fn entry(text: &str) -> FormEntry {
    FormEntry {
        name: "Анна".into(),
        email: EmailAddress::parse(ANNA).expect("valid"),
        phone: "+7 900 000-00-00".into(),
        text: text.into(),
        capture_point: CapturePoint::FeedbackForm,
        page: "/contacts".into(),
        policy_version: "2026-01".into(),
        locale: Locale::Ru,
        form_key: [9; 16],
        remote_address: "192.0.2.7".into(),
        user_agent: "test".into(),
    }
}

pub async fn a_form_entry_takes_the_same_way_and_is_filed_once(desk: Desk) {
    let entry = entry("Прошу удалить все мои персональные данные.");
    let filed = desk.cases.file_form(&entry).await.expect("filed");
    assert!(filed.blocked, "{:?}", filed.labels);
    assert!(filed.blocked && filed.replied);
    let again = desk.cases.file_form(&entry).await.expect("filed");
    assert!(again.repeated);
    assert_eq!(again.ticket.map(|t| t.id), filed.ticket.as_ref().map(|t| t.id));
    assert_eq!(desk.number("SELECT COUNT(*) FROM submission WHERE channel = 'form'").await, 1);
    let objects = desk.cases.vault().list().await.expect("listed");
    assert_eq!(objects.len(), 1, "the second copy is gone");
    // A mail with the same wish belongs to the same matter.
    let mail = desk.file(Letter::asking(ANNA, ERASURE)).await;
    assert_eq!(mail.ticket.map(|t| t.id), filed.ticket.map(|t| t.id));
}

pub async fn the_status_page_opens_by_number_and_code_only(desk: Desk) {
    let ticket = desk.file(Letter::asking(ANNA, ERASURE)).await.ticket.expect("a ticket");
    let code = ticket.status_code.expect("new");
    let status = desk.cases.request_status(ticket.number, code).await.expect("answers");
    let status = status.expect("the right code");
    assert_eq!(status.requests.len(), 1);
    assert!(!status.requests[0].owed.is_empty());
    let wrong = StatusCode::new([3; 7]);
    assert_eq!(desk.cases.request_status(ticket.number, wrong).await.expect("answers"), None);
}

pub async fn a_lifted_block_needs_a_reason_and_is_numbered(desk: Desk) {
    let ticket = desk.file(Letter::asking(ANNA, ERASURE)).await.ticket.expect("a ticket");
    let number = ticket.number.to_string();
    let view = desk.cases.ticket(&number, "anna").await.expect("shown");
    let block = view.blocks[0].id;
    let refused = desk.cases.lift_block(block, "anna", " ", LiftGround::Handled).await;
    assert!(matches!(refused, Err(CasesError::Refused { rule: "lift_needs_reason", .. })));
    desk.cases.lift_block(block, "anna", "misread", LiftGround::Misread).await.expect("lifted");
    let again = desk.cases.lift_block(block, "anna", "misread", LiftGround::Misread).await;
    assert!(matches!(again, Err(CasesError::Refused { rule: "block_is_lifted", .. })));
    let missing = desk.cases.lift_block(BlockId(999), "anna", "x", LiftGround::Handled).await;
    assert!(matches!(missing, Err(CasesError::NotFound { what: "block", .. })));
    let view = desk.cases.ticket(&number, "anna").await.expect("shown");
    assert!(matches!(&view.blocks[0].state, BlockState::Lifted { by, .. } if by == "anna"));
    assert_eq!(desk.number("SELECT value FROM stop_sequence").await, 2);
    assert_eq!(desk.number("SELECT COUNT(*) FROM system_notice WHERE act = 'unblock'").await, 1);
}

pub async fn two_mails_of_one_person_at_once_make_one_ticket(desk: Desk) {
    let mut work = Vec::new();
    for _ in 0..8 {
        let submission = desk.letter(Letter::asking(ANNA, ERASURE)).await;
        let cases = desk.cases.clone();
        work.push(tokio::spawn(async move { cases.file(&[submission]).await }));
    }
    for filing in work {
        let results = filing.await.expect("ends").expect("filed");
        assert!(results.iter().all(Result::is_ok));
    }
    assert_eq!(desk.number("SELECT COUNT(*) FROM ticket").await, 1);
    assert_eq!(desk.number("SELECT COUNT(*) FROM request").await, 1);
    assert_eq!(desk.number("SELECT COUNT(*) FROM delivery").await, 1);
    assert_eq!(desk.number("SELECT COUNT(*) FROM submission").await, 8);
}

pub async fn an_undone_filing_leaves_nothing(desk: Desk) {
    let good = desk.letter(Letter::asking(ANNA, ERASURE)).await;
    let mut bad = desk.letter(Letter::asking(BORIS, ERASURE)).await;
    // Its key is gone: the reply cannot be sealed, so nothing of it may be there.
    desk.cases.vault().destroy_key(bad.vault_key).await.expect("destroyed");
    let batch = [bad.clone(), good];
    let results = desk.cases.file(&batch).await.expect("the batch is filed");
    assert!(results[0].is_err() && results[1].is_ok());
    for table in ["ticket", "submission", "block", "stop", "delivery", "address"] {
        assert_eq!(desk.number(&format!("SELECT COUNT(*) FROM {table}")).await, 1, "{table}");
    }
    assert_eq!(desk.number("SELECT value FROM stop_sequence").await, 1);
    let now = domain::ambient::Clock::now(&*desk.clock);
    bad.vault_key = domain::ids::VaultKeyId::new(now, [8; 10]);
    desk.cases.vault().create_key(bad.vault_key, &*desk.entropy).await.expect("made");
    assert!(!desk.file_submission(&bad).await.repeated, "it can be filed later");
}

pub async fn a_bounce_of_our_reply_becomes_a_task_and_a_forged_one_nothing(desk: Desk) {
    let ticket = desk.file(Letter::asking(ANNA, ERASURE)).await.ticket.expect("a ticket");
    desk.number("UPDATE delivery SET state = 'accepted' RETURNING id").await;
    let (mail_id, _) = store::probe::letter(desk.store(), 0).await.expect("a letter");
    for (id, tasks) in [("forged@clinic.example".to_owned(), 0), (mail_id, 1)] {
        let mut bounce = desk
            .letter(Letter {
                kind: Kind::Bounce,
                ..Letter::asking("mailer-daemon@mx.example", &[])
            })
            .await;
        if let Content::Classified { mail, .. } = &mut bounce.content {
            mail.report = ReportParts {
                returned_headers: Some(format!("Subject: x\r\nMessage-ID: <{id}>\r\n")),
                ..ReportParts::default()
            };
        }
        let filed = desk.file_submission(&bounce).await;
        assert!(filed.ticket.is_none() && !filed.replied);
        let sql = format!(
            "SELECT COUNT(*) FROM task WHERE name = 'reply_bounced' AND ticket_id = {}",
            ticket.id
        );
        assert_eq!(desk.number(&sql).await, tasks);
    }
}

pub async fn the_audit_log_holds_and_shows_any_change(desk: Desk) {
    let now = domain::ambient::Clock::now(&*desk.clock);
    for from in [ANNA, BORIS] {
        desk.file(Letter::asking(from, ERASURE)).await;
        store::audit::seal(desk.store(), 1000, now).await.expect("seals").expect("something");
    }
    assert_eq!(store::audit::seal(desk.store(), 1000, now).await.expect("seals"), None);
    let good = store::audit::verify(desk.store()).await.expect("reads");
    assert_eq!((good.batches, good.broken, good.unsealed), (2, None, 0));
    let leaks = "SELECT COUNT(*) FROM audit_event WHERE detail LIKE '%@%' OR subject LIKE '%@%'";
    assert_eq!(desk.number(leaks).await, 0);
    desk.number("UPDATE audit_event SET act = 'filled' WHERE id = 1 RETURNING id").await;
    let changed = store::audit::verify(desk.store()).await.expect("reads");
    assert_eq!(changed.broken, Some(1));
}

pub async fn mail_of_a_known_subject_moves_under_the_subjects_key(desk: Desk) {
    contact(&desk, &[ANNA]).await;
    let known = desk.letter(Letter::asking(ANNA, ERASURE)).await;
    let ticket = desk.file_submission(&known).await.ticket.expect("a ticket");
    let unknown = desk.letter(Letter::asking(BORIS, ERASURE)).await;
    desk.file_submission(&unknown).await;
    let moved = desk.cases.rekey_known_subjects(100).await.expect("looks");
    assert_eq!(moved, 0, "an answer under way keeps its key");
    desk.number("UPDATE delivery SET state = 'accepted' WHERE state = 'planned' RETURNING id")
        .await;
    assert_eq!(desk.cases.rekey_known_subjects(100).await.expect("moves"), 1);
    assert_eq!(desk.cases.rekey_known_subjects(100).await.expect("moves"), 0);
    let vault = desk.cases.vault();
    assert!(!vault.key_exists(known.vault_key).await.expect("asked"));
    assert!(vault.key_exists(unknown.vault_key).await.expect("asked"));
    let object = known.object.expect("stored");
    let subject_key = vault.key_of(object).await.expect("asked");
    let view = desk.cases.ticket(&ticket.number.to_string(), "anna").await.expect("shown");
    assert!(view.submissions[0].content.is_some());
    assert_eq!(letters(&desk).await.len(), 2, "the reply can still be sent");
    vault.destroy_key(subject_key).await.expect("destroyed");
    let view = desk.cases.ticket(&ticket.number.to_string(), "anna").await.expect("shown");
    assert!(view.submissions[0].content.is_none());
    assert!(vault.get(object).await.is_err());
}

pub async fn lost_digest_keys_are_noticed_before_anything_is_filed(desk: Desk) {
    desk.cases.check_digest_keys().await.expect("new keys are written down");
    desk.cases.check_digest_keys().await.expect("the same keys");
    desk.file(Letter::asking(ANNA, ERASURE)).await;
    let sql = "UPDATE digest_key SET fingerprint = (SELECT exact_digest FROM address LIMIT 1) RETURNING id";
    desk.number(sql).await;
    let lost = desk.cases.check_digest_keys().await;
    assert!(matches!(lost, Err(CasesError::Settings(_))));
}
