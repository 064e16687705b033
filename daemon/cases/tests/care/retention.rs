//! What is over gets its ticket or goes, once, and never what is held.

use cases::{
    destruction::{PlanOrder, Progress},
    requests::deciding::Refusal,
    retention::{Look, Looked},
};
use domain::{
    classification::Label,
    regime::RequestName,
    request::{Outcome, RequestState},
    retention::RetentionTable,
    ticket::TicketState,
};

use crate::desk::Letter;
use crate::room::{ANNA, BORIS, Matter, Room};

pub fn with_table(room: &mut Room) {
    let table = include_str!("../../../../config/retention.toml");
    let table = RetentionTable::parse(table).expect("the table");
    room.desk.cases = room.desk.cases.clone().with_retention(table);
}

/// Closes a matter as if everything in it were done.
pub async fn close(room: &Room, matter: &Matter) {
    let now = room.now();
    let transaction = room.store().begin().await.expect("begins");
    let ticket = room.ticket(matter.ticket).await;
    let closed = ticket.state.close(now).expect("open");
    store::tickets::change_state(&transaction, ticket.id, ticket.state, closed)
        .await
        .expect("closed");
    transaction.commit().await.expect("commits");
}

pub async fn objects(room: &Room) -> usize {
    room.cases().vault().list().await.expect("listed").len()
}

async fn of_retention(room: &Room) -> Vec<store::tickets::TicketRow> {
    let all = store::tickets::page(room.store(), None, 100).await.expect("read");
    all.into_iter().filter(|ticket| ticket.review == "retention").collect()
}

async fn a_person_whose_purposes_are_over_gets_a_ticket_once(mut room: Room) {
    with_table(&mut room);
    let contact = room.contact("Анна Петрова", "+7 900 000-00-00", &[ANNA]).await;
    let matter = room.asks(ANNA, &[Label::PolicyQuestion]).await;
    let stranger = room.asks(BORIS, &[Label::PolicyQuestion]).await;
    close(&room, &matter).await;
    close(&room, &stranger).await;
    let closed_at = room.now();
    room.pass_days(300);
    assert_eq!(room.cases().look(Look::Act, "anna").await.expect("looked").tickets, 0);
    room.pass_days(70);
    let counted = room.cases().look(Look::Count, "anna").await.expect("counted");
    assert_eq!((counted.tickets, counted.raw_mail), (2, 2));
    assert!(of_retention(&room).await.is_empty(), "a dry run changes nothing");
    let looked = room.cases().look(Look::Act, "anna").await.expect("looked");
    assert_eq!((looked.tickets, looked.raw_mail), (2, 2));
    let tickets = of_retention(&room).await;
    assert_eq!(tickets.len(), 2);
    let of_contact = tickets.iter().find(|t| t.contact == Some(contact)).expect("of the contact");
    assert_eq!(of_contact.linked, Some(matter.ticket));
    assert_eq!(of_contact.state, TicketState::Open);
    for ticket in &tickets {
        let requests = store::requests::of_ticket(room.store(), ticket.id).await.expect("read");
        let [request] = requests.as_slice() else { panic!("one request: {requests:?}") };
        assert_eq!(
            (request.name, request.state),
            (RequestName::Achieved, RequestState::UnderReview)
        );
        let achieved_at = request.achieved_at.expect("achieved");
        assert!(achieved_at > closed_at && achieved_at <= room.now());
        let duties =
            store::requests::duties_of_ticket(room.store(), ticket.id).await.expect("read");
        assert!(duties.iter().any(|duty| duty.name == "destroy" && duty.legal_due_on.is_some()));
    }
    // The next night finds them under way.
    room.pass_days(1);
    let again = room.cases().look(Look::Act, "anna").await.expect("looked");
    assert_eq!(again, Looked::default());
}

async fn the_raw_mail_of_a_held_ticket_stays(mut room: Room) {
    with_table(&mut room);
    let held = room.asks(ANNA, &[Label::PolicyQuestion]).await;
    let free = room.asks(BORIS, &[Label::PolicyQuestion]).await;
    let transaction = room.store().begin().await.expect("begins");
    store::tasks::hold(&transaction, held.ticket, None, "authority", room.now())
        .await
        .expect("held");
    transaction.commit().await.expect("commits");
    close(&room, &held).await;
    close(&room, &free).await;
    room.pass_days(400);
    let before = objects(&room).await;
    let looked = room.cases().look(Look::Act, "anna").await.expect("looked");
    assert_eq!((looked.tickets, looked.raw_mail), (1, 1));
    assert_eq!(objects(&room).await, before - 1);
    let of_held = of_retention(&room).await.iter().any(|t| t.linked == Some(held.ticket));
    assert!(!of_held, "what is held gets no ticket");
}

async fn two_nodes_look_once_a_night_and_catch_up(mut room: Room) {
    with_table(&mut room);
    let cases = room.cases();
    let (one, two) = tokio::join!(cases.nightly_look("one", 3), cases.nightly_look("two", 3));
    let looked = [one.expect("looked"), two.expect("looked")].into_iter().flatten().count();
    assert_eq!(looked, 1, "two nodes look once");
    assert!(cases.nightly_look("two", 3).await.expect("asked").is_none(), "once a day");
    room.pass_days(9);
    assert!(room.cases().nightly_look("two", 3).await.expect("looked").is_some(), "catches up");
    assert!(room.cases().nightly_look("one", 3).await.expect("asked").is_none());
}

async fn what_is_over_is_destroyed_without_a_letter(mut room: Room) {
    with_table(&mut room);
    let contact = room.contact("Анна Петрова", "+7 900 000-00-00", &[ANNA]).await;
    let matter = room.asks(ANNA, &[Label::PolicyQuestion]).await;
    room.relay_takes_all(matter.ticket).await;
    close(&room, &matter).await;
    room.pass_days(370);
    room.cases().look(Look::Act, "anna").await.expect("looked");
    let ticket = of_retention(&room).await.remove(0);
    let request =
        store::requests::of_ticket(room.store(), ticket.id).await.expect("read").remove(0);
    let cases = room.cases();
    let plan = cases.plan_destruction(request.id, &PlanOrder::default(), "anna").await;
    let plan = plan.expect("a plan").id;
    cases.propose(request.id, None, "anna").await.expect("proposed");
    cases.decide(request.id, "boris").await.expect("approved");
    let carry_out = async || cases.carry_out_plans(&[plan]).await.expect("carried out").remove(0).1;
    if carry_out().await == Progress::Waiting("server_copies") {
        let sql =
            "UPDATE message SET copy_gone_at = erase_asked_at WHERE erase_asked_at IS NOT NULL";
        store::probe::write(room.store(), sql).await.expect("written");
    }
    assert_eq!(carry_out().await, Progress::Closed, "it waits for no answer");
    assert!(room.letters(ticket.id).await.is_empty(), "nobody asked");
    assert_eq!(room.count(&format!("contact WHERE id = {contact}")).await, 0);
    let row = room.request(request.id).await;
    assert_eq!((row.state, row.outcome), (RequestState::Closed, Some(Outcome::Done)));
    assert_eq!(room.ticket(ticket.id).await.state.name(), "closed");
    let owed = format!("duty WHERE request_id = {} AND done_at IS NULL", request.id);
    assert_eq!(room.count(&owed).await, 0);
    assert_eq!(room.count("address WHERE email <> ''").await, 0, "no address waits for a letter");
}

async fn what_is_not_over_after_all_is_closed_without_a_letter(mut room: Room) {
    with_table(&mut room);
    room.contact("Анна Петрова", "+7 900 000-00-00", &[ANNA]).await;
    let matter = room.asks(ANNA, &[Label::PolicyQuestion]).await;
    close(&room, &matter).await;
    room.pass_days(370);
    room.cases().look(Look::Act, "anna").await.expect("looked");
    let ticket = of_retention(&room).await.remove(0);
    // The person writes into it: it stays what it is.
    let of_retention = "ticket WHERE topic = 'retention'";
    assert_eq!(room.count(of_retention).await, 1);
    let quoting = Letter { subject: &ticket.number, ..Letter::asking(ANNA, &[]) };
    room.desk.file(quoting).await;
    assert_eq!(room.count(&format!("submission WHERE ticket_id = {}", ticket.id)).await, 1);
    assert_eq!(room.count(of_retention).await, 1);
    let before = room.letters(ticket.id).await.len();
    let request =
        store::requests::of_ticket(room.store(), ticket.id).await.expect("read").remove(0);
    let refusal = Refusal {
        clause: "152-ФЗ ст. 21 ч. 4".into(),
        reasons: "Договор продлён, цель не достигнута.".into(),
    };
    room.cases().propose(request.id, Some(&refusal), "anna").await.expect("proposed");
    room.cases().decide(request.id, "boris").await.expect("decided");
    let row = room.request(request.id).await;
    assert_eq!((row.state, row.outcome), (RequestState::Closed, Some(Outcome::Refused)));
    assert_eq!(room.letters(ticket.id).await.len(), before, "nobody asked");
}

both! {
    what_is_over_is_destroyed_without_a_letter,
    what_is_not_over_after_all_is_closed_without_a_letter,
    a_person_whose_purposes_are_over_gets_a_ticket_once,
    the_raw_mail_of_a_held_ticket_stays,
    two_nodes_look_once_a_night_and_catch_up,
}
