//! What proves: acts and their numbers, and the register.

use cases::{CasesError, register::Applicants};
use domain::{
    act::{ActFacts, ActPart, ActSubject, Method, SubjectShown},
    classification::Label,
    ids::PlanId,
};
use jiff::civil::date;

use crate::room::{ANNA, BORIS, Matter, Room};

pub const NAME: &str = "Анна Непозабытая";

both! {
    acts_are_numbered_without_gaps_and_once_for_each_plan,
    an_act_without_events_of_its_plan_is_refused,
    an_act_is_destroyed_after_three_years,
    a_name_stands_in_an_act_only_where_names_were_chosen,
    the_register_tells_codes_and_survives_the_address,
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

fn facts(room: &Room, matter: &Matter) -> ActFacts {
    ActFacts {
        ticket_number: matter.number.clone(),
        regimes: vec!["ru-152fz".into()],
        subject: ActSubject::new(None, &matter.number, None),
        processors: Vec::new(),
        informed: Vec::new(),
        asked_again_at: None,
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
    let facts = facts(room, matter);
    let number = room
        .cases()
        .record_act(&transaction, (plan, matter.request()), &facts, key, room.now())
        .await?;
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
    let given = facts(&room, &boris);
    room.cases()
        .record_act(&transaction, (second, boris.request()), &given, key, room.now())
        .await
        .expect("given");
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
