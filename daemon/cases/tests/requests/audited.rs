//! What the audit log proves, and what of a person stands in it: nothing.

mod tampering;

use cases::{CasesError, audits::About, blocks::Whom, consents::Who, register::Applicants};
use domain::{
    address::EmailAddress,
    audit::proof::{ProofLine, check},
    classification::Label,
};
use jiff::civil::date;
use store::audit::{Head, verify};

use crate::desk::Letter;
use crate::proof::NAME;
use crate::room::{ANNA, BORIS, Room};

both! {
    every_tampering_with_the_log_is_found,
    an_export_of_the_log_is_checked_without_the_database,
    what_is_special_is_noted_hidden_and_shown_for_a_reason,
    what_is_special_reaches_no_letter_task_or_alarm,
    every_look_is_an_event_and_no_event_names_a_person,
}

async fn sealed(room: &Room) -> Head {
    let mut last = None;
    while let Some(head) = store::audit::seal(room.store(), 2, room.now()).await.expect("sealed") {
        last = Some(head);
    }
    last.expect("something to seal")
}

async fn every_tampering_with_the_log_is_found(room: Room) {
    room.asks(ANNA, &[Label::Erasure]).await;
    room.asks(BORIS, &[Label::Access]).await;
    room.asks("vera@mail.example", &[Label::Erasure]).await;
    room.asks("gleb@mail.example", &[Label::Erasure]).await;
    let head = sealed(&room).await;
    assert!(head.batch >= 2, "several batches");
    let found = verify(room.store()).await.expect("read");
    assert_eq!((found.broken, found.batches, found.head), (None, head.batch, head.hash));
    assert_eq!((found.unsealed, found.unsealed_since), (0, None));
    // Each is done and undone; RETURNING gives one row, so that `number` can run it.
    let first = "(SELECT MIN(id) FROM audit_event)";
    let digest = "(SELECT status_code_digest FROM ticket ORDER BY id LIMIT 1)";
    let tampering = [
        ("actor", format!("actor = 'nobody' WHERE id = {first}"), None),
        ("act", format!("act = 'closed' WHERE id = {first}"), None),
        ("subject", format!("subject = 'ticket:99' WHERE id = {first}"), None),
        ("detail", format!("detail = '{{}} ' WHERE id = {first}"), None),
        ("time", format!("at = at + 1 WHERE id = {first}"), Some("at = at - 1")),
        ("order", format!("position = 7 WHERE id = {first}"), Some("position = 0")),
        ("batch", format!("batch_id = 2 WHERE id = {first}"), Some("batch_id = 1")),
        ("unsealed", format!("batch_id = NULL WHERE id = {first}"), Some("batch_id = 1")),
    ];
    for (what, change, undo) in tampering {
        let column = what_column(what);
        let before = text_of(&room, column).await;
        room.number(&format!("UPDATE audit_event SET {change} RETURNING id")).await;
        let found = verify(room.store()).await.expect("read");
        assert_eq!(found.broken, Some(1), "{what}");
        let back = match (undo, before) {
            (Some(undo), _) => undo.to_owned(),
            (None, Some(before)) => format!("{column} = '{before}'"),
            (None, None) => panic!("{what} cannot be undone"),
        };
        room.number(&format!("UPDATE audit_event SET {back} WHERE id = {first} RETURNING id"))
            .await;
        let found = verify(room.store()).await.expect("read");
        assert_eq!(found.broken, None, "{what} undone");
    }
    // The row of a batch.
    let at = head.batch;
    room.number(&format!(
        "UPDATE audit_batch SET events = events + 1 WHERE id = {at} RETURNING id"
    ))
    .await;
    assert_eq!(verify(room.store()).await.expect("read").broken, Some(at), "the count");
    room.number(&format!(
        "UPDATE audit_batch SET events = events - 1 WHERE id = {at} RETURNING id"
    ))
    .await;
    // The end cut off: the chain that is left holds, the anchored head is not in it.
    let at = head.batch;
    room.number(&format!(
        "DELETE FROM audit_event WHERE batch_id = {at} AND position > 0 RETURNING id"
    ))
    .await;
    room.number(&format!("DELETE FROM audit_event WHERE batch_id = {at} RETURNING id")).await;
    room.number(&format!("DELETE FROM audit_batch WHERE id = {at} RETURNING id")).await;
    let found = verify(room.store()).await.expect("read");
    assert_eq!((found.broken, found.batches), (None, at - 1));
    assert_eq!(store::audit::hash_of(room.store(), at).await.expect("read"), None);
    // An event that is not sealed yet is proven by nothing, and told as such.
    room.asks("dora@mail.example", &[Label::StopMarketing]).await;
    let found = verify(room.store()).await.expect("read");
    assert!(found.unsealed > 0 && found.unsealed_since.is_some());
    // A hash that was set to something else, and with it all that comes after.
    for column in ["previous_hash", "hash"] {
        room.number(&format!(
            "UPDATE audit_batch SET {column} = {digest} WHERE id = 1 RETURNING id"
        ))
        .await;
        assert_eq!(verify(room.store()).await.expect("read").broken, Some(1), "{column}");
    }
}

fn what_column(what: &str) -> &'static str {
    match what {
        "actor" => "actor",
        "act" => "act",
        "subject" => "subject",
        "detail" => "detail",
        _ => "id",
    }
}

/// The text in a column of the first event; none for numbers.
async fn text_of(room: &Room, column: &str) -> Option<String> {
    if column == "id" {
        return None;
    }
    let lines = room.cases().store();
    let placed = store::audit::batches_from(lines, 1, &[1]).await.expect("read");
    let event = placed.first()?.events.as_ref()?.first()?.clone();
    Some(match column {
        "actor" => event.actor,
        "act" => event.act,
        "subject" => event.subject,
        _ => event.detail,
    })
}

async fn an_export_of_the_log_is_checked_without_the_database(room: Room) {
    let contact = room.contact(NAME, "", &[ANNA]).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    room.asks(BORIS, &[Label::Access]).await;
    let head = sealed(&room).await;
    let address = EmailAddress::parse(ANNA).expect("valid");
    for about in
        [About::Contact(contact), About::Ticket(matter.number.clone()), About::Address(address)]
    {
        let lines = room.cases().export_audit(&about, "olga").await.expect("exported");
        let text: Vec<String> =
            lines.iter().map(|line| serde_json::to_string(line).expect("JSON")).collect();
        let text = text.join("\n");
        let found = check(&text);
        assert_eq!(found.misfits, Vec::<String>::new(), "{about:?}");
        assert!(found.events > 0, "{about:?}");
        assert_eq!(found.head.map(|(batch, _)| batch), Some(head.batch));
        assert!(!text.contains('@') && !text.contains(NAME));
        let opened = format!("request:{}", matter.request());
        let told = |line: &ProofLine| matches!(line, ProofLine::Event { event, .. } if event.subject == opened);
        assert!(
            lines.iter().any(told) || lines.iter().any(|line| matches!(line, ProofLine::Event { event, .. } if event.subject.starts_with("ticket:"))),
            "{about:?}"
        );
        let changed = text.replace("\"filing\"", "\"nobody\"");
        assert_ne!(changed, text);
        assert!(!check(&changed).misfits.is_empty());
    }
    // Each export is an event of its own.
    assert_eq!(room.count("audit_event WHERE act = 'export' AND actor = 'olga'").await, 3);
    let missing = About::Ticket("CT-00000000".into());
    assert!(room.cases().export_audit(&missing, "olga").await.is_err());
}

const ILL: &str = "Мне поставили диагноз псориаз, удалите меня из рассылки.";
const PAPER: &str = "Для проверки: паспорт 4508 123456, жду ответа.";

async fn what_is_special_is_noted_hidden_and_shown_for_a_reason(room: Room) {
    let matter = room.writes(ANNA, "Удаление", PAPER, &[Label::Erasure]).await;
    assert_eq!(room.ticket(matter.ticket).await.special, "identity_paper");
    let view = room.cases().ticket(&matter.number, "olga").await.expect("shown");
    let text = view.submissions[0].content.as_ref().expect("content").text.clone();
    assert!(text.contains("паспорт") && !text.contains("123456"), "{text}");
    assert_eq!(view.hidden, "identity_paper");
    // A further word adds to it.
    let letter = Letter { text: ILL, ..Letter::asking(ANNA, crate::desk::ERASURE) };
    let joined = room.files(letter).await;
    assert_eq!(joined.ticket, matter.ticket);
    assert_eq!(room.ticket(matter.ticket).await.special, "identity_paper health");
    let view = room.cases().ticket(&matter.number, "olga").await.expect("shown");
    let content = view.submissions[1].content.as_ref().expect("content");
    assert!(!content.text.contains("псориаз"));
    assert!(!format!("{:?}", serde_json::to_string(content)).contains("псориаз"));
    for wrong in ["", "   ", "anna@mail.example", "паспорт 4508"] {
        let refused = room.cases().ticket_in_full(&matter.number, wrong, "olga").await;
        let refused = refused.expect_err("refused");
        assert!(
            matches!(refused, CasesError::Refused { rule: "special_needs_reason", .. }),
            "{wrong}: {refused:?}"
        );
    }
    let view = room.cases().ticket_in_full(&matter.number, "жалоба", "olga").await.expect("shown");
    assert!(view.hidden.is_empty());
    assert_eq!(view.submissions[1].content.as_ref().expect("content").text, ILL);
    let looked = "audit_event WHERE act = 'read' AND actor = 'olga' AND detail LIKE '%жалоба%'";
    assert_eq!(room.count(looked).await, 1);
    // What people of ours write down is masked, too, where it is shown.
    let note = "предъявлен паспорт 4508 123456, сверено";
    room.cases().attest_identity(&matter.number, note, "olga").await.expect("attested");
    let shown = room.cases().identity(&matter.number, "olga").await.expect("shown");
    let note = shown.proofs.iter().find_map(|proof| proof.note.clone()).expect("a note");
    assert!(note.contains("сверено") && note.contains("56") && !note.contains("123456"), "{note}");
    // An ordinary letter is shown as it is.
    let plain = room.asks(BORIS, &[Label::Erasure]).await;
    let view = room.cases().ticket(&plain.number, "olga").await.expect("shown");
    assert_eq!(view.submissions[0].content.as_ref().expect("content").text, "Текст обращения");
    assert!(view.hidden.is_empty() && view.ticket.special.is_empty());
}

async fn what_is_special_reaches_no_letter_task_or_alarm(room: Room) {
    let both = format!("{ILL} {PAPER}");
    let matter = room.writes(ANNA, "Псориаз", &both, &[Label::Erasure, Label::Access]).await;
    for letter in room.letters(matter.ticket).await {
        let content = letter.content.expect("a letter");
        let html = content.html.unwrap_or_default();
        for text in [&content.subject, &content.text, &html] {
            let text = text.to_lowercase();
            assert!(!text.contains("псориаз") && !text.contains("123456"), "{}", letter.topic);
        }
    }
    for table in ["task WHERE detail", "alarm WHERE detail", "audit_event WHERE detail"] {
        for word in ["сориаз", "123456", "диагноз"] {
            assert_eq!(room.count(&format!("{table} LIKE '%{word}%'")).await, 0, "{table}");
        }
    }
}

async fn every_look_is_an_event_and_no_event_names_a_person(room: Room) {
    let contact = room.contact(NAME, "+7 916 123-45-67", &[ANNA]).await;
    let matter =
        room.writes(ANNA, "От Анны", "Удалите меня, Анна Непозабытая", &[Label::Erasure]).await;
    room.relay_takes_all(matter.ticket).await;
    let cases = room.cases();
    let address = EmailAddress::parse(ANNA).expect("valid");
    let events = "audit_event";
    let before = std::cell::Cell::new(room.count(events).await);
    let span = (date(2026, 1, 1), date(2030, 12, 31));
    // Each way to see or hand out what is held of a person.
    macro_rules! looks {
        ($($what:literal: $look:expr),+ $(,)?) => {$(
            $look.await.expect($what);
            let after = room.count(events).await;
            assert!(after > before.replace(after), "{} is not in the log", $what);
        )+};
    }
    looks! {
        "ticket show": cases.ticket(&matter.number, "olga"),
        "ticket show --full": cases.ticket_in_full(&matter.number, "проверка", "olga"),
        "contact show": cases.show_contact(&contact.to_string(), "olga"),
        "contact show by address": cases.show_contact(ANNA, "olga"),
        "contact regime": cases.regimes_of_contact(contact, "olga"),
        "consent show": cases.show_consents(&Who::Contact(contact), "olga"),
        "request show": cases.show_request(matter.request(), "olga"),
        "identity show": cases.identity(&matter.number, "olga"),
        "correction show": cases.proposed_corrections(matter.request(), "olga"),
        "block show": cases.show_effective(&Whom::Contact(contact), "olga"),
        "block show by address": cases.show_effective(&Whom::Address(address.clone()), "olga"),
        "suppression list of an address": cases.suppressions_of(&address, "olga"),
        "disclosure list": cases.disclosures(Some(contact), None, 10, "olga"),
        "export research": cases.export_research("olga"),
        "classifier examples": cases.examples("olga"),
        "audit export": cases.export_audit(&About::Address(address.clone()), "olga"),
        "register export": cases.register(span.0, span.1, Applicants::Clear, "olga"),
    }
    for word in ["@", "Непозабыт", "анна", "Анна", "916"] {
        for column in ["detail", "subject", "actor"] {
            let named = room.count(&format!("{events} WHERE {column} LIKE '%{word}%'")).await;
            assert_eq!(named, 0, "{word} in {column}");
        }
    }
}
