//! The hands of these tests: a person with everything, plans, and how they are carried out.

use cases::{
    CasesError,
    destruction::{PlanOrder, Progress},
};
use domain::{
    address::EmailAddress,
    ids::{ContactId, RequestId},
    request::RequestState,
};
use store::plans::PlanRow;

use crate::room::{ANNA, Matter, Room};

pub const NAME: &str = "Анна Непозабытая";
pub const PHONE: &str = "+7 916 123-45-67";

/// A contact with a subscription, its consent, two mails of campaigns and one that is planned.
pub async fn a_full_person(room: &Room) -> ContactId {
    let contact = room.contact(NAME, PHONE, &[ANNA]).await;
    let at = room.now().as_microsecond();
    let address = room.number(&format!("SELECT id FROM address WHERE email = '{ANNA}'")).await;
    let list = room
        .number(
            "INSERT INTO list (name, purpose, title_ru, title_en, advertiser, created_at, created_by) \
             VALUES ('news', 'newsletter', 'Новости', 'News', 'Clinic', 0, 'anna') RETURNING id",
        )
        .await;
    let subscription = room
        .number(&format!(
            "INSERT INTO subscription (list_id, contact_id, address_id, state, since_at, created_at) \
             VALUES ({list}, {contact}, {address}, 'confirmed', {at}, {at}) RETURNING id"
        ))
        .await;
    for act in ["granted", "confirmed"] {
        room.number(&format!(
            "INSERT INTO consent_event (contact_id, address_id, purpose, list, act, grade, capture_point, at, evidence, subscription_id) \
             VALUES ({contact}, {address}, 'newsletter', 'news', '{act}', 'proven', 'subscription_form', {at}, \
             '{{\"ip\":\"203.0.113.77\",\"name\":\"{NAME}\"}}', {subscription}) RETURNING id"
        ))
        .await;
    }
    for (n, state) in [(1, "accepted"), (2, "planned")] {
        let campaign = room
            .number(&format!(
                "INSERT INTO campaign (name, state, content, audience, author, created_at, changed_at, since_at) \
                 VALUES ('c{n}', 'finished', '{{}}', '{{}}', 'anna', 0, 0, 0) RETURNING id"
            ))
            .await;
        room.number(&format!(
            "INSERT INTO delivery (class, purpose_of_mail, address_id, stop_digest, mail_id, digest_key, mail_id_digest, \
             rank, state, planned_at, next_try_at, expires_at, campaign_id, subscription_id, reply_text) \
             SELECT 'advertising', 'campaign', {address}, stop_digest, 'c{n}@x', 0, stop_digest, 9, '{state}', {at}, {at}, \
             {at} + 1000000000, {campaign}, {subscription}, '250 <{ANNA}> ok' FROM address WHERE id = {address} RETURNING id"
        ))
        .await;
    }
    contact
}

pub async fn give(room: &Room, contact: ContactId, address: &str) {
    let transaction = room.store().begin().await.expect("begins");
    let address = EmailAddress::parse(address).expect("an address");
    let digests = room.cases().digests().address(&address);
    let id = store::addresses::find_or_add(&transaction, &address, &digests, room.now())
        .await
        .expect("an address");
    store::contacts::give_address(&transaction, contact, id, room.now()).await.expect("given");
    transaction.commit().await.expect("commits");
}

pub async fn planned(room: &Room, request: RequestId, order: &PlanOrder) -> PlanRow {
    let number = room.ticket(room.request(request).await.ticket).await.number;
    room.cases().attest_identity(&number, "seen", "anna").await.expect("attested");
    if room.request(request).await.state != RequestState::UnderReview {
        room.cases().review_request(request, "anna").await.expect("under review");
    }
    room.cases().plan_destruction(request, order, "anna").await.expect("a plan")
}

pub async fn planned_again(room: &Room, request: RequestId) -> PlanRow {
    room.cases().plan_destruction(request, &PlanOrder::default(), "anna").await.expect("a plan")
}

pub async fn approved(room: &Room, matter: &Matter) {
    let id = matter.request();
    room.cases().propose(id, None, "anna").await.expect("proposed");
    room.cases().decide(id, "boris").await.expect("approved");
}

/// As intake does: the copies on the mail server are gone.
pub async fn copies_gone(room: &Room) {
    let sql = "UPDATE message SET copy_gone_at = erase_asked_at WHERE erase_asked_at IS NOT NULL";
    store::probe::write(room.store(), sql).await.expect("written");
}

pub async fn carry_out_keeping_copies(room: &Room, plan: &PlanRow) -> Progress {
    let done = room.cases().carry_out_plans(&[plan.id]).await.expect("carried out");
    done.into_iter().next().expect("one").1
}

pub async fn carry_out(room: &Room, plan: &PlanRow) -> Progress {
    let first = carry_out_keeping_copies(room, plan).await;
    if first != Progress::Waiting("server_copies") {
        return first;
    }
    copies_gone(room).await;
    carry_out_keeping_copies(room, plan).await
}

/// The relay takes the answer; the plan ends.
pub async fn finish(room: &Room, matter: &Matter, plan: &PlanRow) {
    room.relay_takes_all(matter.ticket).await;
    room.cases().settle_requests().await.expect("settled");
    assert_eq!(carry_out(room, plan).await, Progress::Closed);
}

pub async fn reread(room: &Room, plan: &PlanRow) -> PlanRow {
    store::plans::by_id(room.store(), plan.id).await.expect("read").expect("a plan")
}

pub async fn is_suppressed(room: &Room, address: &str) -> bool {
    let address = EmailAddress::parse(address).expect("an address");
    let digests = room.cases().digests().address_all(&address);
    store::destruction::erased_before(room.store(), &digests).await.expect("asked")
}

pub fn assert_rule<T: std::fmt::Debug>(result: Result<T, CasesError>, expected: &str) {
    match result {
        Err(CasesError::Refused { rule, .. }) => assert_eq!(rule, expected),
        other => panic!("not refused by {expected}: {other:?}"),
    }
}
