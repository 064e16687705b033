//! What proves: acts and their numbers, the register, the audit log against every tampering, and
//! care for what is special.

use cases::{CasesError, audits::About, consents::Who, register::Applicants};
use domain::{
    act::{ActFacts, ActPart, ActSubject, Method, SubjectShown},
    address::EmailAddress,
    audit::proof::{ProofLine, check},
    classification::Label,
    ids::PlanId,
};
use jiff::civil::date;
use store::audit::{Head, verify};

use crate::desk::Letter;
use crate::room::{ANNA, BORIS, Matter, Room};

const NAME: &str = "Анна Непозабытая";

both! {
    acts_are_numbered_without_gaps_and_once_for_each_plan,
    an_act_without_events_of_its_plan_is_refused,
    an_act_is_destroyed_after_three_years,
    a_name_stands_in_an_act_only_where_names_were_chosen,
    the_register_tells_codes_and_survives_the_address,
    every_tampering_with_the_log_is_found,
    an_export_of_the_log_is_checked_without_the_database,
    what_is_special_is_noted_hidden_and_shown_for_a_reason,
    what_is_special_reaches_no_letter_task_or_alarm,
    every_look_is_an_event_and_no_event_names_a_person,
}

/// A row of `plan`, as far as an act needs one, with an event of it in the log.
async fn plan_of(room: &Room, matter: &Matter) -> PlanId {
    let request = matter.request();
    let sql = format!(
        "INSERT INTO plan (request_id, method, state, finding, addresses, tickets, hash, made_by, made_at) \
         SELECT {request}, 'destroy', 'verified', 'held', '[]', '[]', status_code_digest, 'belova', 0 \
         FROM ticket WHERE id = {} RETURNING id",
        matter.ticket
    );
    let plan = PlanId(room.number(&sql).await);
    let transaction = room.store().begin().await.expect("begins");
    let detail = serde_json::json!({ "part": "contact", "done": 1 });
    let subject = format!("plan:{plan}");
    store::audit::append(&transaction, "consentry", "step_done", &subject, &detail, room.now())
        .await
        .expect("appended");
    transaction.commit().await.expect("commits");
    plan
}

fn facts(room: &Room, plan: PlanId, matter: &Matter) -> ActFacts {
    ActFacts {
        plan,
        request: matter.request(),
        ticket: matter.ticket,
        ticket_number: matter.number.clone(),
        regimes: vec!["ru-152fz".into()],
        subject: ActSubject::new(None, &matter.number, None),
        processors: Vec::new(),
        executed_by: vec!["belova".into()],
        categories: Vec::new(),
        method: Method::Destroy,
        tool: String::new(),
        reason: "erasure".into(),
        law: "152-FZ art. 21(5)".into(),
        destroyed_at: room.now(),
        parts: vec![ActPart {
            part: "contact".into(),
            action: "destroy".into(),
            found: 1,
            done: 1,
            kept: 0,
            basis: String::new(),
            law: String::new(),
            keep_until_on: None,
            done_at: None,
        }],
    }
}

async fn recorded(room: &Room, plan: PlanId, matter: &Matter) -> Result<String, CasesError> {
    let key = room.cases().key_of_act(plan).await.expect("a key");
    let transaction = room.store().begin().await.expect("begins");
    let facts = facts(room, plan, matter);
    let number = room.cases().record_act(&transaction, &facts, key, room.now()).await?;
    transaction.commit().await.expect("commits");
    Ok(number.to_string())
}

async fn acts_are_numbered_without_gaps_and_once_for_each_plan(room: Room) {
    room.set_time("2026-12-30T09:00:00Z");
    let (anna, boris) =
        (room.asks(ANNA, &[Label::Erasure]).await, room.asks(BORIS, &[Label::Erasure]).await);
    let (first, second) = (plan_of(&room, &anna).await, plan_of(&room, &boris).await);
    assert_eq!(recorded(&room, first, &anna).await.expect("an act"), "A-2026-000001");
    assert_eq!(recorded(&room, first, &anna).await.expect("the same"), "A-2026-000001");
    // One that is rolled back leaves no gap.
    let key = room.cases().key_of_act(second).await.expect("a key");
    let transaction = room.store().begin().await.expect("begins");
    let given = facts(&room, second, &boris);
    room.cases().record_act(&transaction, &given, key, room.now()).await.expect("given");
    transaction.rollback().await.expect("undone");
    assert_eq!(recorded(&room, second, &boris).await.expect("an act"), "A-2026-000002");
    room.set_time("2027-01-11T09:00:00Z");
    let third = room.asks("vera@mail.example", &[Label::Erasure]).await;
    let plan = plan_of(&room, &third).await;
    assert_eq!(recorded(&room, plan, &third).await.expect("an act"), "A-2027-000001");
    let act = room.cases().act("A-2026-000001", "read", "olga").await.expect("opened");
    assert!(act.extract.contains("step_done") && act.opened_extract().is_some());
    assert_eq!(room.count("audit_event WHERE act = 'read' AND actor = 'olga'").await, 1);
    let listed = room.cases().acts(None, 10).await.expect("listed");
    let numbers: Vec<_> = listed.iter().map(|act| act.number.to_string()).collect();
    assert_eq!(numbers, ["A-2027-000001", "A-2026-000002", "A-2026-000001"]);
}

async fn an_act_without_events_of_its_plan_is_refused(room: Room) {
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    let plan = plan_of(&room, &matter).await;
    room.number("UPDATE audit_event SET subject = 'plan:0' WHERE act = 'step_done' RETURNING id")
        .await;
    let refused = recorded(&room, plan, &matter).await.expect_err("refused");
    assert!(
        matches!(refused, CasesError::Refused { rule: "destruction_proven", .. }),
        "{refused:?}"
    );
    assert_eq!(room.count("kept_record").await, 0);
}

async fn an_act_is_destroyed_after_three_years(room: Room) {
    room.set_time("2026-11-23T09:00:00Z");
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    let plan = plan_of(&room, &matter).await;
    let number = recorded(&room, plan, &matter).await.expect("an act");
    let row = store::kept_records::act_of_plan(room.store(), plan).await.expect("read");
    let key = row.expect("a row").vault_key;
    room.set_time("2029-11-23T20:00:00Z");
    assert_eq!(room.cases().destroy_due_records().await.expect("looked"), 0, "the last day");
    room.set_time("2029-11-24T00:00:00Z");
    assert_eq!(room.cases().destroy_due_records().await.expect("destroyed"), 1);
    assert_eq!(room.cases().destroy_due_records().await.expect("done before"), 0);
    assert!(!room.cases().vault().key_exists(key).await.expect("looked"));
    assert_eq!(room.count("kept_record WHERE content IS NOT NULL").await, 0);
    let gone = room.cases().act(&number, "read", "olga").await.expect_err("destroyed");
    assert!(matches!(gone, CasesError::Refused { rule: "act_destroyed", .. }), "{gone:?}");
    assert_eq!(room.count("audit_event WHERE act = 'destroyed'").await, 1);
}

async fn a_name_stands_in_an_act_only_where_names_were_chosen(mut room: Room) {
    for (shows, shown) in [(SubjectShown::Code, None), (SubjectShown::Name, Some(NAME))] {
        room.with_settings(|settings| settings.requests.acts.shows = shows);
        let from = if shown.is_some() { ANNA } else { BORIS };
        let matter = room.asks(from, &[Label::Erasure]).await;
        let plan = plan_of(&room, &matter).await;
        let key = room.cases().key_of_act(plan).await.expect("a key");
        let transaction = room.store().begin().await.expect("begins");
        let subject = ActSubject::new(None, &matter.number, None).named(Some(NAME.to_owned()));
        room.cases().open_act(&transaction, plan, &subject, key, room.now()).await.expect("begun");
        transaction.commit().await.expect("commits");
        let number = recorded(&room, plan, &matter).await.expect("an act");
        let act = room.cases().act(&number, "read", "olga").await.expect("opened");
        assert_eq!(act.subject.name.as_deref(), shown);
        assert!(!act.extract.contains(NAME));
    }
}

async fn the_register_tells_codes_and_survives_the_address(room: Room) {
    room.set_time("2026-12-04T09:00:00Z");
    let contact = room.contact(NAME, "+7 916 123-45-67", &[ANNA]).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    let span = (date(2026, 12, 1), date(2026, 12, 31));
    let cases = room.cases();
    let register =
        cases.register(span.0, span.1, Applicants::Code, "olga").await.expect("a register");
    assert_eq!(register.lines.len(), matter.requests.len());
    let line = &register.lines[0];
    assert_eq!(line.applicant, format!("contact-{contact}"));
    assert_eq!(line.ticket, matter.number);
    assert!(line.duties.iter().any(|(_, due, _)| *due == Some(date(2027, 1, 11))), "{line:?}");
    let text = format!("{:?}", register.cells());
    assert!(!text.contains('@') && !text.contains(NAME));
    let clear = cases.register(span.0, span.1, Applicants::Clear, "olga").await.expect("clear");
    assert_eq!(clear.lines[0].applicant, ANNA);
    let shown =
        "audit_event WHERE act = 'export' AND subject = 'register' AND detail LIKE '%\"clear\"%'";
    assert_eq!(room.count(shown).await, 1);
    // As a destruction leaves it: the row of the address stays, emptied.
    room.number("UPDATE ticket SET contact_id = NULL, address_id = NULL RETURNING id").await;
    let after = cases.register(span.0, span.1, Applicants::Clear, "olga").await.expect("after");
    assert_eq!(after.lines[0].applicant, matter.number);
    let early = cases.register(date(2026, 1, 1), date(2026, 12, 3), Applicants::Code, "olga").await;
    assert!(early.expect("empty").lines.is_empty());
    let wrong = cases.register(span.1, span.0, Applicants::Code, "olga").await.expect_err("none");
    assert!(matches!(wrong, CasesError::Refused { rule: "register_span", .. }), "{wrong:?}");
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
        "consent show": cases.show_consents(&Who::Contact(contact), "olga"),
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
