//! Papers are attested; contacts are exported and shown.

use cases::{
    CasesError,
    contacts::{Attested, Counts, ImportError},
};
use domain::{gate::SuppressionReason, ids::ImportId};

use crate::room::Room;

async fn papers(room: &Room) -> Counts {
    let (counts, _) = room
        .import(
            "email,name,act,consent_at,document_number,document_date\n\
             a@x.example,Анна,paper,,17,01.03.2026\nb@x.example,Борис,paper,,18,2026-03-02\n\
             c@x.example,Вера,checkbox,2026-03-01,,\n",
        )
        .await;
    assert_eq!((counts.consents, counts.on_paper), (3, 2));
    counts
}

const PROVEN: &str = "SELECT COUNT(*) FROM subscription AS s JOIN consent_event AS e ON e.id = s.consent_id \
                      WHERE e.act = 'confirmed' AND e.grade = 'proven' AND e.capture_point = 'paper' \
                      AND e.subscription_id = s.id AND e.contact_id = s.contact_id";

pub async fn papers_are_proven_by_another_operator_alone(room: Room) {
    papers(&room).await;
    let import = ImportId(1);
    for importer in ["anna", " Anna "] {
        let refused = room.cases.attest_import(import, importer).await;
        assert!(matches!(refused, Err(CasesError::Refused { rule: "four_eyes", .. })));
    }
    assert_eq!(room.number(PROVEN).await, 0);
    assert_eq!(room.cases.attest_import(import, "boris").await.expect("attested"), 2);
    assert_eq!(room.number(PROVEN).await, 2);
    // Once more changes nothing.
    assert_eq!(room.cases.attest_import(import, "boris").await.expect("attested"), 0);
    assert_eq!(room.count("consent_event").await, 5);
    let sql = "SELECT COUNT(*) FROM consent_event WHERE act = 'confirmed' AND actor = 'boris' AND \
               evidence LIKE '%\"attested_by\"%' AND evidence LIKE '%\"document_number\"%'";
    assert_eq!(room.number(sql).await, 2);
    let sql = "SELECT COUNT(*) FROM contact_import WHERE attested_by = 'boris' AND attested_at IS NOT NULL";
    assert_eq!(room.number(sql).await, 1);
    let sql = "SELECT COUNT(*) FROM audit_event WHERE act = 'attested' AND subject = 'import:1'";
    assert_eq!(room.number(sql).await, 1);
    // Nor does who finds nothing to attest become the one who attested.
    assert_eq!(room.cases.attest_import(import, "vera").await.expect("attested"), 0);
    let sql = "SELECT COUNT(*) FROM contact_import WHERE attested_by = 'boris'";
    assert_eq!(room.number(sql).await, 1);
}

/// The text and the policy of each proven event, and who named the text, by address.
async fn rests_on(room: &Room, email: &str) -> (i64, i64, bool) {
    let of = format!(
        "FROM consent_event e JOIN address a ON a.id = e.address_id \
         WHERE e.act = 'confirmed' AND a.email = '{email}'"
    );
    let version =
        format!("SELECT COALESCE((SELECT version FROM consent_text WHERE id = e.text_id), 0) {of}");
    let policy = format!("SELECT COALESCE(e.policy_id, 0) {of}");
    let by_operator =
        format!("SELECT COUNT(*) {of} AND e.evidence LIKE '%text_named_by%operator%'");
    (room.number(&version).await, room.number(&policy).await, room.number(&by_operator).await == 1)
}

pub async fn a_proven_paper_rests_on_the_words_and_the_policy_of_its_day(room: Room) {
    room.add_text("news", 2, "ru", "2026-05-01T00:00:00Z").await;
    room.add_text("news", 2, "en", "2026-05-01T00:00:00Z").await;
    let old = room.add_policy("1", "ru", "2026-01-01T00:00:00Z").await;
    let new = room.add_policy("2", "ru", "2026-06-01T00:00:00Z").await;
    let (counts, _) = room
        .import(
            "email,act,document_number,document_date,text_version\n\
             named@x.example,paper,17,2026-07-01,1\nold@x.example,paper,18,2026-03-01,\n\
             new@x.example,paper,19,2026-07-01,\nbefore@x.example,paper,20,2025-07-01,\n\
             theirs@x.example,paper,21,2026-07-01,site-3\n",
        )
        .await;
    assert_eq!(counts.on_paper, 5);
    let tied = "SELECT COUNT(*) FROM consent_event WHERE act = 'granted' AND evidence LIKE '%\"sha256\"%' \
                AND evidence LIKE '%\"text_named_by\":\"row\"%' AND evidence LIKE '%\"advertiser\":\"Clinic\"%'";
    assert_eq!(room.number(tied).await, 1);
    let attested = room.cases.attest_papers(ImportId(1), None, "boris").await.expect("attested");
    assert_eq!(attested, Attested { proven: 4, unknown_text: 1, ..Attested::default() });
    for (email, expected) in [
        ("named@x.example", (1, new, false)),
        ("old@x.example", (1, old, true)),
        ("new@x.example", (2, new, true)),
        // No text was there on its day: the first.
        ("before@x.example", (1, 0, true)),
    ] {
        assert_eq!(rests_on(&room, email).await, expected, "{email}");
    }
    let attested = room.cases.attest_papers(ImportId(1), Some(2), "boris").await.expect("named");
    assert_eq!(attested, Attested { proven: 1, ..Attested::default() });
    assert_eq!(rests_on(&room, "theirs@x.example").await, (2, new, true));
    let whole = "SELECT COUNT(*) FROM consent_event WHERE act = 'confirmed' AND evidence LIKE '%\"attests\"%' \
                 AND evidence LIKE '%\"sha256\"%' AND evidence LIKE '%1717171717%' AND evidence LIKE '%\"locale\"%'";
    assert_eq!(room.number(whole).await, 5);
}

pub async fn a_paper_without_words_that_could_have_been_signed_proves_nothing(room: Room) {
    let rows = "email,act,document_number,document_date,list\n\
                a@x.example,paper,17,2026-03-01,news\nb@x.example,paper,18,2026-03-01,partners\n";
    room.import(rows).await;
    let refused = room.cases.attest_import(ImportId(1), "boris").await;
    let Err(CasesError::Refused { rule: "consent_text", reason }) = refused else {
        panic!("{refused:?}");
    };
    assert!(reason.contains("partners"), "{reason}");
    assert_eq!(room.number(PROVEN).await, 0, "not even the others");
    room.add_text("partners", 1, "en", "2026-12-01T00:00:00Z").await;
    let refused = room.cases.attest_papers(ImportId(1), Some(7), "boris").await;
    assert!(matches!(refused, Err(CasesError::Refused { rule: "consent_text", .. })));
    assert_eq!(room.cases.attest_import(ImportId(1), "boris").await.expect("attested"), 2);
    let mut order = room.order(rows);
    order.text_version = Some(7);
    let refused = room.run(&order, "anna").await;
    assert!(
        matches!(
            refused,
            Err(ImportError::Cases(CasesError::Refused { rule: "consent_text", .. }))
        ),
        "{refused:?}"
    );
}

pub async fn a_paper_for_an_archived_list_is_counted_and_not_proven(room: Room) {
    papers(&room).await;
    room.number("UPDATE list SET archived_at = 1 WHERE name = 'news' RETURNING id").await;
    let attested = room.cases.attest_papers(ImportId(1), None, "boris").await.expect("attested");
    assert_eq!(attested, Attested { archived_list: 2, ..Attested::default() });
    assert_eq!(room.number(PROVEN).await, 0);
}

pub async fn a_document_is_paper_unless_another_act_is_named(room: Room) {
    let (counts, _) = room
        .import(
            "email,act,consent_at,document_number,document_date\n\
             ticked@x.example,checkbox,2026-03-01,17,2026-03-01\n\
             silent@x.example,,2026-03-01,18,2026-03-01\n\
             said@x.example,paper,2026-03-01,,\nwhole@x.example,paper,,19,2026-03-01\n",
        )
        .await;
    assert_eq!((counts.consents, counts.on_paper, counts.without_consent), (3, 2, 1));
    assert_eq!(room.cases.attest_import(ImportId(1), "boris").await.expect("attested"), 2);
    for email in ["silent@x.example", "whole@x.example"] {
        assert_eq!(rests_on(&room, email).await, (1, 0, true), "{email}");
    }
}

pub async fn a_withdrawn_paper_is_not_attested(room: Room) {
    papers(&room).await;
    let sql = "INSERT INTO consent_event (contact_id, address_id, purpose, act, grade, capture_point, at, evidence) \
               SELECT contact_id, address_id, purpose, 'withdrawn', 'none', 'email', 0, '{}' FROM consent_event \
               WHERE id = 1 RETURNING id";
    room.number(sql).await;
    let sql = "UPDATE subscription SET state = 'unsubscribed' WHERE id = 2 RETURNING id";
    room.number(sql).await;
    assert_eq!(room.cases.attest_import(ImportId(1), "boris").await.expect("attested"), 0);
    room.number("UPDATE contact_import SET finished_at = NULL RETURNING id").await;
    let refused = room.cases.attest_import(ImportId(1), "boris").await;
    assert!(matches!(refused, Err(CasesError::Refused { rule: "import_unfinished", .. })));
    assert!(room.cases.attest_import(ImportId(9), "boris").await.is_err());
}

pub async fn an_export_tells_what_stands_and_is_audited(room: Room) {
    papers(&room).await;
    room.import("email,name,list\nd@x.example,Глеб,partners\n").await;
    room.cases.attest_import(ImportId(1), "boris").await.expect("attested");
    let mut everybody = room.cases.export_contacts(None, "vera").await.expect("begins");
    let page = everybody.next_page().await.expect("a page");
    assert_eq!(page.len(), 4);
    assert!(everybody.next_page().await.expect("the end").is_empty());
    let mut news = room.cases.export_contacts(Some("news"), "vera").await.expect("begins");
    let page = news.next_page().await.expect("a page");
    let told: Vec<(&str, &str, bool)> =
        page.iter().map(|row| (row.email.as_str(), row.state.as_str(), row.is_proven)).collect();
    assert_eq!(
        told,
        [
            ("a@x.example", "confirmed", true),
            ("b@x.example", "confirmed", true),
            ("c@x.example", "confirmed", false),
        ]
    );
    assert!(room.cases.export_contacts(Some("nowhere"), "vera").await.is_err());
    let sql = "SELECT COUNT(*) FROM audit_event WHERE actor = 'vera' AND act IN ('export_started', 'exported')";
    assert_eq!(room.number(sql).await, 3);
}

pub async fn a_timeline_tells_everything_newest_first(room: Room) {
    papers(&room).await;
    room.clock.advance(std::time::Duration::from_secs(60));
    room.cases.attest_import(ImportId(1), "boris").await.expect("attested");
    room.clock.advance(std::time::Duration::from_secs(60));
    room.suppress("a@x.example", SuppressionReason::Complaint).await;
    let shown = room.cases.show_contact("A@x.example", "vera").await.expect("shown");
    assert_eq!((shown.people.len(), shown.addresses.len()), (1, 1));
    let told: Vec<(&str, Option<&str>)> = shown
        .timeline
        .iter()
        .map(|one| (one.what.as_str(), one.words.get("grade").and_then(|word| word.as_str())))
        .collect();
    assert_eq!(
        told,
        [
            ("suppression", None),
            ("consent", Some("proven")),
            ("import", None),
            ("subscription", None),
            ("consent", Some("claimed")),
        ]
    );
    let by_number = room.cases.show_contact(&shown.people[0].id.to_string(), "vera").await;
    assert_eq!(by_number.expect("shown").timeline.len(), 5);
    let sql = "SELECT COUNT(*) FROM audit_event WHERE act = 'read' AND actor = 'vera' AND subject LIKE 'contact:%' \
               AND detail NOT LIKE '%example%'";
    assert_eq!(room.number(sql).await, 2);
    // Nobody has it, and still what is known of the address is told.
    room.suppress("gone@x.example", SuppressionReason::Erased).await;
    let gone = room.cases.show_contact("gone@x.example", "vera").await.expect("shown");
    assert_eq!((gone.people.len(), gone.timeline.len()), (0, 1));
    assert!(room.cases.show_contact("77", "vera").await.is_err());
}

pub async fn a_timeline_tells_when_it_came_back_and_when_a_mailbox_confirmed(room: Room) {
    papers(&room).await;
    let at = room.now().as_microsecond();
    let mail = format!(
        "INSERT INTO delivery (class, purpose_of_mail, address_id, stop_digest, mail_id, digest_key, mail_id_digest, \
         rank, state, planned_at, next_try_at, expires_at, settled_at, attempt, feedback) \
         SELECT 'statutory', 'answer', id, stop_digest, 'm@clinic.example', 0, exact_digest, 1, 'accepted', {at}, {at}, \
         {at}, {at}, 1, 'bounce' FROM address WHERE email = 'a@x.example' RETURNING id"
    );
    let delivery = room.number(&mail).await;
    let confirmed = format!(
        "UPDATE subscription SET opted_in_at = {at} WHERE address_id = \
         (SELECT id FROM address WHERE email = 'a@x.example') RETURNING id"
    );
    room.number(&confirmed).await;
    room.clock.advance(std::time::Duration::from_secs(3600));
    let transaction = room.store().begin().await.expect("begins");
    let (subject, detail) = (format!("delivery:{delivery}"), serde_json::json!({}));
    store::audit::append(&transaction, "filing", "feedback", &subject, &detail, room.now())
        .await
        .expect("written");
    transaction.commit().await.expect("commits");
    let shown = room.cases.show_contact("a@x.example", "vera").await.expect("shown");
    let one = |what: &str| shown.timeline.iter().find(|one| one.what == what).expect("told");
    assert_eq!(one("feedback").at, room.now(), "not when the mail left");
    assert_eq!(one("delivery").at.as_microsecond(), at);
    let opted_in = one("subscription").words["opted_in_at"].as_str().expect("a word");
    assert_eq!(opted_in, "2026-12-04T09:00:00Z");
}
