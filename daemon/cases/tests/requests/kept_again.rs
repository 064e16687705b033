//! What a law kept, and a restored backup of before its last day.

use cases::{acts::ActListing, destruction::PlanOrder, requests::executing::Carried};
use domain::{classification::Label, ids::ContactId, plan::Keep, request::RequestState};

use crate::{
    restoring::{Again, back_up, put_back, told_by_the_journal},
    room::{ANNA, Room},
};

const NAME: &str = "Анна Хранимая";
const PHONE: &str = "+7 912 345-67-89";

async fn with_proofs() -> Room {
    let mut room = Room::on_sqlite().await;
    let proofs = room.desk.dir.path().join("proofs");
    room.with_settings(|settings| settings.requests.proofs = Some(proofs));
    room
}

/// A person destroyed save the contact, which is kept until the end of 2031.
async fn keep_by_law(room: &Room, anna: ContactId) {
    let erasure = room.cases().erase_contact(anna, room.now(), "clerk").await.expect("opened");
    room.cases().attest_identity(&erasure.number, "seen", "anna").await.expect("attested");
    room.cases().review_request(erasure.request, "anna").await.expect("under review");
    let keeps = vec![Keep::parse("contact=402-FZ art. 29(1),2031-12-31").expect("a rule")];
    let order = PlanOrder { keeps, ..PlanOrder::default() };
    room.cases().plan_destruction(erasure.request, &order, "anna").await.expect("a plan");
    room.cases().propose(erasure.request, None, "anna").await.expect("proposed");
    room.cases().decide(erasure.request, "boris").await.expect("approved");
    for _ in 0..2 {
        room.cases().execute_destruction(erasure.request, "one").await.expect("carried out");
        room.relay_takes_all(erasure.ticket).await;
        room.cases().settle_requests().await.expect("settled");
    }
}

async fn numbers(cases: &cases::Cases) -> Vec<String> {
    let numbers = |act: &ActListing| act.number.to_string();
    cases.acts(None, 10).await.expect("acts").iter().map(numbers).collect()
}

async fn assert_gone(again: &Again, anna: ContactId) {
    let sql = format!("SELECT COUNT(*) FROM contact WHERE id = {anna}");
    assert_eq!(again.number(&sql).await, 0);
    for words in [NAME, PHONE] {
        assert!(!again.holds(words), "{words}");
    }
    let due = "SELECT COUNT(*) FROM kept_record WHERE kind = 'statutory' AND destroyed_at IS NULL";
    assert_eq!(again.number(due).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_and_went_stays_gone_in_a_backup_of_before_its_last_day() {
    let room = with_proofs().await;
    let anna = room.contact(NAME, PHONE, &[ANNA]).await;
    keep_by_law(&room, anna).await;
    room.cases().wipe_destroyed().await.expect("wiped");
    let backup = back_up(&room).await;
    room.set_time("2032-01-02T09:00:00Z");
    assert!(room.cases().destroy_due_records().await.expect("destroyed") >= 1);
    let drawn = numbers(room.cases()).await;
    let again = put_back(&room, &backup).await;
    again.restore(&room).await;
    assert!(again.holds(PHONE), "the backup has it still");
    assert!(again.cases.destroy_due_records().await.expect("destroyed again") >= 1);
    assert_gone(&again, anna).await;
    assert_eq!(numbers(&again.cases).await, drawn, "one act tells of it");
    assert_eq!(again.cases.destroy_due_records().await.expect("done"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_was_put_back_ends_in_a_backup_of_the_restored_database_too() {
    let room = with_proofs().await;
    let anna = room.contact(NAME, PHONE, &[ANNA]).await;
    let backup = back_up(&room).await;
    keep_by_law(&room, anna).await;
    let again = put_back(&room, &backup).await;
    again.restore(&room).await;
    let adopted = "SELECT COUNT(*) FROM audit_event WHERE act = 'kept_adopted'";
    assert_eq!(again.number(adopted).await, 1);
    // As in a backup of this copy: the record stands, and its end has taken the key away.
    room.set_time("2032-01-02T09:00:00Z");
    assert!(room.cases().destroy_due_records().await.expect("destroyed") >= 1);
    assert!(again.cases.destroy_due_records().await.expect("destroyed again") >= 1);
    assert_gone(&again, anna).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supplement_that_came_back_follows_its_act_still() {
    let room = with_proofs().await;
    let anna = room.contact(NAME, PHONE, &[ANNA]).await;
    keep_by_law(&room, anna).await;
    let owed = "UPDATE plan SET wiped_at = NULL";
    store::probe::write(room.store(), owed).await.expect("written");
    let forget = "DELETE FROM kept_record WHERE follows_id IS NOT NULL";
    let drawn = numbers(room.cases()).await;
    assert_eq!(drawn.len(), 2, "an act and its supplement: {drawn:?}");
    let backup = back_up(&room).await;
    let again = put_back(&room, &backup).await;
    store::probe::write(&again.store, forget).await.expect("written");
    assert_eq!(again.restore(&room).await.proofs, 1);
    let following = "SELECT COUNT(*) FROM kept_record WHERE follows_id IS NOT NULL";
    assert_eq!(again.number(following).await, 1);
    assert!(again.cases.wipe_destroyed().await.expect("wiped"));
    assert_eq!(numbers(&again.cases).await, drawn);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_begun_after_a_destruction_is_not_destroyed_by_its_entry() {
    let room = Room::on_sqlite().await;
    let before = room.asks(ANNA, &[Label::PolicyQuestion]).await;
    let close = "UPDATE ticket SET state = 'closed', closed_at = opened_at";
    store::probe::write(room.store(), close).await.expect("written");
    room.pass_days(1);
    let last = store::stops::last_number(room.store()).await.expect("a number");
    told_by_the_journal(&room, "suppression:erased", ANNA, last.0 + 1).await;
    room.pass_days(1);
    let newer = room.asks(ANNA, &[Label::Access]).await;
    assert_ne!(before.ticket, newer.ticket);
    let again = put_back(&room, &back_up(&room).await).await;
    let restored = again.restore(&room).await;
    assert_eq!((restored.erased, restored.overtaken), (1, 0), "{restored:?}");
    let held = |ticket| {
        format!(
            "SELECT COUNT(*) FROM submission WHERE ticket_id = {ticket} AND content IS NOT NULL"
        )
    };
    assert_eq!(again.number(&held(before.ticket)).await, 0);
    assert_eq!(again.number(&held(newer.ticket)).await, 1);
    assert!(again.holds(ANNA), "the answer needs the address");
    let open =
        format!("SELECT COUNT(*) FROM ticket WHERE id = {} AND state = 'open'", newer.ticket);
    assert_eq!(again.number(&open).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_something_goes_on_for_outlives_a_restore() {
    for has_proofs in [true, false] {
        let room = if has_proofs { with_proofs().await } else { Room::on_sqlite().await };
        let anna = room.contact(NAME, PHONE, &[ANNA]).await;
        let matter = room.asks(ANNA, &[Label::Objection]).await;
        let (id, cases) = (matter.request(), room.cases());
        let backup = back_up(&room).await;
        cases.attest_identity(&matter.number, "seen", "anna").await.expect("attested");
        if room.request(id).await.state != RequestState::UnderReview {
            cases.review_request(id, "anna").await.expect("reviewed");
        }
        let carried = Carried {
            done: vec!["рассылка прекращена".into()],
            continues: vec![("training_mail".into(), "договор № 7".into())],
            ..Carried::default()
        };
        cases.propose_carried(id, &carried, "anna").await.expect("proposed");
        cases.decide(id, "boris").await.expect("approved");
        cases.carry_out(id, None, "anna").await.expect("carried out");
        room.relay_takes_all(matter.ticket).await;
        cases.plan_destruction(id, &PlanOrder::default(), "anna").await.expect("a plan");
        cases.propose(id, None, "anna").await.expect("proposed");
        cases.decide(id, "boris").await.expect("approved");
        for _ in 0..2 {
            cases.execute_destruction(id, "one").await.expect("carried out");
            let sql =
                "UPDATE message SET copy_gone_at = erase_asked_at WHERE erase_asked_at IS NOT NULL";
            store::probe::write(room.store(), sql).await.expect("written");
            cases.execute_destruction(id, "one").await.expect("carried out");
            room.relay_takes_all(matter.ticket).await;
            cases.settle_requests().await.expect("settled");
        }
        let again = put_back(&room, &backup).await;
        let restored = again.restore(&room).await;
        assert_eq!(restored.erased, 0, "nobody was erased");
        let count = async |what: &str| again.number(&format!("SELECT COUNT(*) FROM {what}")).await;
        assert_eq!(count(&format!("contact WHERE id = {anna} AND name = '{NAME}'")).await, 1);
        assert_eq!(count(&format!("address WHERE email = '{ANNA}'")).await, 1);
        assert_eq!(count("suppression WHERE reason = 'erased'").await, 0);
        assert_eq!(count("block WHERE state = 'active' AND scope = 'purposes'").await, 1);
        assert_eq!(count("submission WHERE content IS NOT NULL").await, 0, "the rest is gone");
        let records = count("kept_record WHERE kind = 'statutory'").await;
        assert_eq!(records, i64::from(has_proofs));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_of_what_is_kept_stops_the_replay_by_its_name() {
    let room = with_proofs().await;
    let anna = room.contact(NAME, PHONE, &[ANNA]).await;
    let backup = back_up(&room).await;
    keep_by_law(&room, anna).await;
    let proofs = room.desk.dir.path().join("proofs");
    let file = std::fs::read_dir(&proofs).expect("listed").next().expect("one").expect("read");
    let whole = std::fs::read(file.path()).expect("read");
    std::fs::write(file.path(), &whole[..whole.len() / 2]).expect("cut");
    let again = put_back(&room, &backup).await;
    let refused = again.tried(&room).await.expect_err("refused").to_string();
    assert!(refused.contains(&*file.file_name().to_string_lossy()), "{refused}");
    assert_eq!(again.number("SELECT COUNT(*) FROM contact").await, 1, "nothing was destroyed");
    std::fs::write(file.path(), &whole).expect("mended");
    again.restore(&room).await;
    assert!(again.holds(PHONE), "the law keeps it");
}
