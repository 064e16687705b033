//! What a restored backup still asks of people who were destroyed after it was made.

use cases::{Cases, CasesError, CasesParts, destruction::PlanOrder, restoring::hold};
use domain::{
    classification::Label,
    ids::{RequestId, TicketId},
    plan::Method,
    request::{Outcome, RequestState},
    ticket::TicketState,
};
use store::{Store, StoreConfig};
use tests::servers::postgres::Postgres;

use crate::{
    restoring::{Again, back_up, put_back, told_by_the_journal},
    room::{ANNA, BORIS, Matter, Room},
};

const NAME: &str = "Анна Уничтоженная";
const PHONE: &str = "+7 912 345-67-89";

async fn with_proofs() -> Room {
    let mut room = Room::on_sqlite().await;
    let proofs = room.desk.dir.path().join("proofs");
    room.with_settings(|settings| settings.requests.proofs = Some(proofs));
    room
}

/// From the proof of who asks to the end of the plan.
async fn destroyed(room: &Room, matter: &Matter, method: Method) {
    let (cases, id) = (room.cases(), matter.request());
    cases.attest_identity(&matter.number, "seen", "anna").await.expect("attested");
    if room.request(id).await.state != RequestState::UnderReview {
        cases.review_request(id, "anna").await.expect("under review");
    }
    let order = PlanOrder { method, ..PlanOrder::default() };
    cases.plan_destruction(id, &order, "anna").await.expect("a plan");
    cases.propose(id, None, "anna").await.expect("proposed");
    cases.decide(id, "boris").await.expect("approved");
    for _ in 0..3 {
        cases.execute_destruction(id, "one").await.expect("carried out");
        let gone =
            "UPDATE message SET copy_gone_at = erase_asked_at WHERE erase_asked_at IS NOT NULL";
        store::probe::write(room.store(), gone).await.expect("written");
        room.relay_takes_all(matter.ticket).await;
        cases.settle_requests().await.expect("settled");
    }
    assert_eq!(room.request(id).await.state, RequestState::Closed);
}

async fn state_of(again: &Again, id: RequestId) -> (RequestState, Option<Outcome>) {
    let row = store::requests::by_id(&again.store, id).await.expect("read").expect("a request");
    (row.state, row.outcome)
}

async fn looks_asked_for(again: &Again, ticket: TicketId) -> usize {
    let tasks = store::tasks::of_ticket(&again.store, ticket).await.expect("tasks");
    let open = |task: &&store::tasks::TaskRow| task.done_at.is_none();
    tasks.iter().filter(open).filter(|task| task.name == "look_at_restoration").count()
}

async fn owed(again: &Again, id: RequestId) -> Vec<String> {
    let duties = store::duties::of_request(&again.store, id).await.expect("duties");
    duties.into_iter().filter(|duty| duty.done_at.is_none()).map(|duty| duty.name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_carried_to_its_end_is_closed_again_and_the_act_says_so() {
    let room = with_proofs().await;
    room.contact(NAME, PHONE, &[ANNA]).await;
    room.contact("Борис", "", &[BORIS]).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    let other = room.asks(BORIS, &[Label::Erasure]).await;
    let backup = back_up(&room).await;
    room.pass_days(3);
    destroyed(&room, &matter, Method::Destroy).await;
    room.pass_days(40);
    let again = put_back(&room, &backup).await;
    assert_eq!(state_of(&again, matter.request()).await.0, RequestState::Identity);
    let restored = again.restore(&room).await;
    assert_eq!((restored.erased, restored.overtaken), (1, 1), "{restored:?}");
    let closed = (RequestState::Closed, Some(Outcome::Done));
    assert_eq!(state_of(&again, matter.request()).await, closed);
    assert_eq!(state_of(&again, other.request()).await.0, RequestState::Identity);
    // Nothing is overdue but what Boris is owed.
    let (overdue, _) = store::requests::overdue(&again.store, room.now()).await.expect("asked");
    let boris = store::duties::of_request(&again.store, other.request()).await.expect("duties");
    let late = |duty: &&store::requests::DutyRow| {
        duty.done_at.is_none() && duty.safe_due_at.is_some_and(|due| due < room.now())
    };
    assert_eq!(usize::try_from(overdue), Ok(boris.iter().filter(late).count()));
    assert!(!owed(&again, matter.request()).await.iter().any(|name| name == "destroy"));
    let ticket = store::tickets::by_id(&again.store, matter.ticket).await.expect("read");
    let ticket = ticket.expect("a ticket");
    assert!(matches!(ticket.state, TicketState::Closed { .. }));
    assert_eq!((ticket.address, ticket.contact, ticket.vault_key), (None, None, None));
    let tombstone = format!(
        "SELECT COUNT(*) FROM ticket JOIN address ON address.id = ticket.address_id \
         WHERE ticket.id = {} AND address.erased_at IS NOT NULL",
        matter.ticket
    );
    assert_eq!(again.number(&tombstone).await, 1);
    assert_eq!(looks_asked_for(&again, matter.ticket).await, 0, "the act says it all");
    let audited = format!(
        "SELECT COUNT(*) FROM audit_event WHERE act = 'overtaken' AND actor = 'admin' \
         AND subject = 'request:{}' AND detail LIKE '%A-2026-000001%'",
        matter.request()
    );
    assert_eq!(again.number(&audited).await, 1);
    // Run again it changes nothing.
    let second = again.restore(&room).await;
    assert_eq!((second.known, second.overtaken), (second.entries, 1), "counted once");
    assert_eq!(again.number(&audited).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_only_the_journal_tells_a_person_looks_whether_the_answer_went_out() {
    let room = Room::on_sqlite().await;
    let anna = room.contact(NAME, PHONE, &[ANNA]).await;
    let access = room.asks(ANNA, &[Label::Access]).await;
    let erasure = room.asks(ANNA, &[Label::Erasure]).await;
    let backup = back_up(&room).await;
    let last = store::stops::last_number(room.store()).await.expect("a number");
    let scope = format!("suppression:erased contact:{anna}");
    told_by_the_journal(&room, &scope, ANNA, last.0 + 1).await;
    let again = put_back(&room, &backup).await;
    let restored = again.restore(&room).await;
    assert_eq!((restored.erased, restored.overtaken), (1, 2), "{restored:?}");
    let (access, erasure) = (access.request(), erasure.request());
    let of = |outcome| (RequestState::Closed, Some(outcome));
    assert_eq!(state_of(&again, access).await, of(Outcome::NothingHeld));
    assert_eq!(state_of(&again, erasure).await, of(Outcome::Done));
    assert!(owed(&again, erasure).await.contains(&"answer".to_owned()), "nobody knows");
    for id in [access, erasure] {
        let row = store::requests::by_id(&again.store, id).await.expect("read").expect("a request");
        assert_eq!(looks_asked_for(&again, row.ticket).await, 1);
    }
    // Nobody is reminded of what nobody can do.
    let far = room.now() + jiff::SignedDuration::from_hours(24 * 90);
    assert_eq!(store::requests::overdue(&again.store, far).await.expect("asked").0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_made_anonymous_is_made_anonymous_again() {
    let room = with_proofs().await;
    let anna = room.contact(NAME, PHONE, &[ANNA]).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    let backup = back_up(&room).await;
    destroyed(&room, &matter, Method::Anonymise).await;
    let again = put_back(&room, &backup).await;
    assert!(again.holds(NAME));
    let restored = again.restore(&room).await;
    assert_eq!((restored.erased, restored.overtaken), (1, 1), "{restored:?}");
    let empty = format!(
        "SELECT COUNT(*) FROM contact WHERE id = {anna} AND name = '' AND phone = '' \
         AND anonymised_at IS NOT NULL"
    );
    assert_eq!(again.number(&empty).await, 1, "the row stays for the sums, and tells of nobody");
    assert_eq!(room.number(&empty).await, 1, "as it was");
    let closed = (RequestState::Closed, Some(Outcome::Anonymised));
    assert_eq!(state_of(&again, matter.request()).await, closed);
    for words in [ANNA, NAME, PHONE] {
        assert!(!again.holds(words), "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_only_a_ticket_is_destroyed_again_by_its_id() {
    let room = Room::on_sqlite().await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    let other = room.asks(BORIS, &[Label::Erasure]).await;
    let nobody = "UPDATE ticket SET address_id = NULL, contact_id = NULL";
    store::probe::write(room.store(), nobody).await.expect("written");
    let backup = back_up(&room).await;
    let last = store::stops::last_number(room.store()).await.expect("a number");
    let again = put_back(&room, &backup).await;
    let sealed = |ticket: TicketId| {
        format!(
            "SELECT COUNT(*) FROM submission WHERE ticket_id = {ticket} AND content IS NOT NULL"
        )
    };
    assert_eq!(again.number(&sealed(matter.ticket)).await, 1);
    let scope = format!("suppression:erased ticket:{}", matter.ticket);
    told_by_the_journal(&room, &scope, "", last.0 + 1).await;
    let restored = again.restore(&room).await;
    assert_eq!((restored.erased, restored.overtaken), (1, 1), "{restored:?}");
    assert_eq!(again.number(&sealed(matter.ticket)).await, 0);
    assert_eq!(again.number(&sealed(other.ticket)).await, 1);
    assert_eq!(state_of(&again, matter.request()).await.0, RequestState::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_copy_of_postgresql_is_brought_to_the_same_state() {
    let server = Postgres::start().expect("PostgreSQL");
    let mut room = Room::on_postgres(&server).await;
    let proofs = room.desk.dir.path().join("proofs");
    room.with_settings(|settings| settings.requests.proofs = Some(proofs));
    let anna = room.contact(NAME, PHONE, &[ANNA]).await;
    room.contact("Борис", "", &[BORIS]).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    let dump = server.dump("test_0").expect("dumped");
    destroyed(&room, &matter, Method::Destroy).await;

    let url = server.database().expect("a database");
    let database = url.rsplit('/').next().expect("a name");
    server.put_back(database, &dump).expect("put back");
    let email = "SELECT email FROM address ORDER BY id";
    assert!(server.execute(database, email).expect("read").contains(ANNA), "it is of before");
    let config = StoreConfig::Postgres { url: url.clone(), connections: 3 };
    let store = Store::open(&config).await.expect("opens");
    let parts = CasesParts { store: store.clone(), ..room.desk.parts.clone() };
    let cases = Cases::new(parts).expect("cases");
    let rule = |refused: CasesError| match refused {
        CasesError::Refused { rule, .. } => rule,
        other => panic!("{other:?}"),
    };
    // Whoever forgets the second step is told; so is whose restore died.
    let forgotten = cases.check_replayed().await.expect_err("refused");
    assert_eq!(rule(forgotten), "database_is_older");
    let mut restored = hold(&store, "one", "admin", room.now()).await.expect("held");
    assert_eq!(rule(cases.check_replayed().await.expect_err("refused")), "replay_is_owed");
    assert_eq!(rule(cases.release("admin").await.expect_err("refused")), "replay_is_owed");
    let (entries, _) = vault::replay(&room.desk.dir.path().join("journal")).expect("read");
    cases.replay(&entries, "admin", &mut restored).await.expect("replayed");
    // Mail of after the backup waits in the vault until its own step is done.
    assert_eq!(rule(cases.check_replayed().await.expect_err("refused")), "take_up_is_owed");
    assert_eq!(rule(cases.release("admin").await.expect_err("refused")), "take_up_is_owed");
    cases.take_up_unknown("admin", &mut restored).await.expect("taken up");
    cases.finish_restored(&mut restored).await.expect("finished");
    cases.check_replayed().await.expect("it may be worked with");
    assert_eq!((restored.erased, restored.overtaken), (1, 1), "{restored:?}");
    let row = store::requests::by_id(&store, matter.request()).await.expect("read");
    let row = row.expect("a request");
    assert_eq!((row.state, row.outcome), (RequestState::Closed, Some(Outcome::Done)));
    let left = server.execute(database, email).expect("read");
    assert!(!left.contains(ANNA) && left.contains(BORIS), "{left}");
    let contact = format!("SELECT COUNT(*) FROM contact WHERE id = {anna}");
    assert_eq!(store::probe::number(&store, &contact).await.expect("a number"), 0);
    let acts = cases.acts(None, 10).await.expect("acts");
    assert_eq!(acts.len(), room.cases().acts(None, 10).await.expect("acts").len());
    // Run again it changes nothing.
    let mut again = hold(&store, "one", "admin", room.now()).await.expect("held");
    cases.replay(&entries, "admin", &mut again).await.expect("replayed");
    assert_eq!((again.known, again.proofs), (again.entries, 0), "{again:?}");
}
