//! What goes by itself: each kind on its day and not before, some rows at a time, never what is
//! held, and all of it whoever dies between.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use cases::{
    CasesError,
    retention::{Look, Looked},
};
use domain::{
    Timestamp,
    address::EmailAddress,
    ambient::Clock,
    classification::{Kind, Label},
    ids::{ContactId, SubmissionId},
    retention::RetentionTable,
};
use jiff::SignedDuration;
use store::{
    Dialect,
    retention::{Emptied, OldFiles},
};

use crate::desk::Letter;
use crate::retention::{close, objects, with_table};
use crate::room::{ANNA, BORIS, Matter, Room};

both! {
    each_kind_goes_on_its_day_and_not_the_day_before,
    nothing_of_whom_a_hold_covers_goes,
    a_hold_and_the_night_wait_for_each_other,
    what_died_between_row_and_file_is_taken_up,
    whoever_lost_the_lease_leaves_the_rest_to_the_other,
    two_looks_of_one_person_are_two,
    a_letter_to_our_own_people_goes_with_its_key,
    a_hundred_thousand_rows_go_some_at_a_time,
}

/// A person with one record of every kind that goes by itself, all of this instant.
struct Full {
    contact: ContactId,
    matter: Matter,
    /// The mail of which no ticket came.
    noted: SubmissionId,
}

async fn a_full_person(room: &Room) -> Full {
    let contact = room.contact("Анна Петрова", "", &[ANNA]).await;
    let matter = room.asks(ANNA, &[Label::PolicyQuestion]).await;
    room.relay_takes_all(matter.ticket).await;
    let spam = Letter { kind: Kind::Spam, ..Letter::asking(ANNA, &[]) };
    let noted = room.desk.file(spam).await;
    assert!(noted.ticket.is_none(), "no ticket");
    let now = room.now().as_microsecond();
    let replied = room
        .number(&format!(
            "UPDATE delivery SET reply_text = '250 <{ANNA}> taken' WHERE ticket_id = {} RETURNING id",
            matter.ticket
        ))
        .await;
    for sql in [
        format!(
            "INSERT INTO delivery_attempt (delivery_id, attempt, node, outcome, reply_text, ended_at) \
             VALUES ({replied}, 1, 'one', 'accepted', '250 <{ANNA}> taken', {now})"
        ),
        format!(
            "INSERT INTO list (name, purpose, title_ru, title_en, advertiser, created_at, created_by) \
             VALUES ('news', 'newsletter', 'Н', 'N', 'A', {now}, 'anna')"
        ),
        format!(
            "INSERT INTO consent_text (list_id, version, locale, body, advertiser, sha256, created_at, created_by) \
             SELECT id, 1, 'ru', 'Согласен', 'A', (SELECT stop_digest FROM address LIMIT 1), {now}, 'anna' FROM list"
        ),
        format!(
            "INSERT INTO subscription (list_id, contact_id, address_id, state, since_at, created_at) \
             SELECT list.id, {contact}, (SELECT MIN(address_id) FROM contact_address WHERE contact_id = {contact}), \
             'confirmed', {now}, {now} FROM list"
        ),
        format!(
            "INSERT INTO opt_in (subscription_id, digest_key, token_digest, name, locale, text_id, evidence, asked_at, \
             expires_at, confirmed_at) SELECT subscription.id, 1, address.stop_digest, 'Анна', 'ru', consent_text.id, \
             '{{\"ip\":\"192.0.2.7\"}}', {now}, {now}, {now} FROM subscription, consent_text, address \
             WHERE address.id = subscription.address_id"
        ),
    ] {
        store::probe::write(room.store(), &sql).await.expect("written");
    }
    close(room, &matter).await;
    Full { contact, matter, noted: noted.submission }
}

/// How many of the look's kinds are over, by their names in the table.
fn of_kind(looked: &Looked, kind: &str) -> u64 {
    let all = serde_json::to_value(looked).expect("JSON");
    all.get(kind).and_then(serde_json::Value::as_u64).expect("a kind of the look")
}

async fn look(room: &Room) -> Looked {
    room.cases().look(Look::Act, "anna").await.expect("looked")
}

async fn each_kind_goes_on_its_day_and_not_the_day_before(mut room: Room) {
    with_table(&mut room);
    let person = a_full_person(&room).await;
    let begun = room.now();
    let zone = jiff::tz::TimeZone::get("Europe/Moscow").expect("a zone");
    let file = include_str!("../../../../config/retention.toml");
    let table = RetentionTable::parse(file).expect("the table");
    let mut last: Vec<_> = ["noted_mail", "delivery_status", "web_evidence", "raw_mail", "letters"]
        .into_iter()
        .map(|kind| {
            let record = domain::retention::Record::from_name(kind).expect("a record");
            let rule = table.rule(record).expect("a line");
            (rule.period.end(begun, &zone).expect("a day"), kind)
        })
        .collect();
    last.sort();
    let spans: Vec<_> =
        last.iter().map(|(end, kind)| (end.duration_since(begun).as_hours() / 24, *kind)).collect();
    assert_eq!(
        spans,
        [
            (90, "delivery_status"),
            (90, "noted_mail"),
            (90, "web_evidence"),
            (365, "raw_mail"),
            (1096, "letters")
        ]
    );
    let expect = async |at: Timestamp, kinds: &[&str], expected: fn(&str) -> u64| {
        room.set_time(&at.to_string());
        let counted = room.cases().look(Look::Count, "anna").await.expect("counted");
        let looked = look(&room).await;
        for kind in kinds {
            assert_eq!(of_kind(&counted, kind), expected(kind), "{kind} {at}");
            assert_eq!(of_kind(&looked, kind), expected(kind), "{kind} {at}");
        }
    };
    for same in last.chunk_by(|one, other| one.0 == other.0) {
        let end = same[0].0;
        let kinds: Vec<_> = same.iter().map(|(_, kind)| *kind).collect();
        expect(end - SignedDuration::from_hours(24), &kinds, |_| 0).await;
        expect(end, &kinds, |_| 0).await;
        // A mail server's reply stands in the mail's row and in that of its attempt.
        let once = |kind: &str| if kind == "delivery_status" { 2 } else { 1 };
        expect(end + SignedDuration::from_secs(1), &kinds, once).await;
    }
    let (ticket, noted) = (person.matter.ticket, person.noted);
    for gone in [
        format!("submission WHERE ticket_id = {ticket} AND object_id IS NOT NULL"),
        format!(
            "submission WHERE id = {noted} AND (object_id IS NOT NULL OR content IS NOT NULL OR vault_key_id IS NOT NULL)"
        ),
        format!(
            "delivery WHERE ticket_id = {ticket} AND (content IS NOT NULL OR reply_text IS NOT NULL)"
        ),
        "delivery_attempt WHERE reply_text IS NOT NULL".to_owned(),
        "opt_in WHERE evidence <> '{}' OR name <> ''".to_owned(),
        "vault_debt".to_owned(),
    ] {
        assert_eq!(room.count(&gone).await, 0, "{gone}");
    }
    assert_eq!(objects(&room).await, 0);
    // What the request said stays in its ticket.
    let kept = format!("submission WHERE ticket_id = {ticket} AND content IS NOT NULL");
    assert_eq!(room.count(&kept).await, 1);
    assert_eq!(look(&room).await, Looked::default());
}

async fn nothing_of_whom_a_hold_covers_goes(mut room: Room) {
    with_table(&mut room);
    let person = a_full_person(&room).await;
    let held = room.asks(BORIS, &[Label::PolicyQuestion]).await;
    let transaction = room.store().begin().await.expect("begins");
    let contact = Some(person.contact);
    store::tasks::hold(&transaction, held.ticket, contact, "authority", room.now())
        .await
        .expect("held");
    transaction.commit().await.expect("commits");
    room.pass_days(4 * 366);
    let before = objects(&room).await;
    // A mail of which no ticket came is noted under nobody's name: no hold can cover it.
    assert_eq!(look(&room).await, Looked { noted_mail: 1, ..Looked::default() });
    assert_eq!(objects(&room).await, before - 1);
    let lifted = "UPDATE legal_hold SET lifted_at = 1, lifted_by = 'anna' RETURNING id";
    room.number(lifted).await;
    let looked = look(&room).await;
    let gone = (looked.raw_mail, looked.letters, looked.delivery_status, looked.web_evidence);
    assert_eq!(gone, (1, 1, 2, 1));
}

async fn a_hold_and_the_night_wait_for_each_other(mut room: Room) {
    with_table(&mut room);
    let matter = room.asks(ANNA, &[Label::PolicyQuestion]).await;
    close(&room, &matter).await;
    room.pass_days(400);
    let transaction = room.store().begin().await.expect("begins");
    store::tasks::hold(&transaction, matter.ticket, None, "authority", room.now())
        .await
        .expect("held");
    let cases = room.cases().clone();
    let night = tokio::spawn(async move { cases.look(Look::Act, "anna").await });
    if room.store().dialect() == Dialect::Postgres {
        let waits = "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
        while !night.is_finished() && room.number(waits).await == 0 {
            tokio::task::yield_now().await;
        }
        assert!(!night.is_finished(), "the night did not wait for the hold");
    }
    transaction.commit().await.expect("commits");
    let looked = night.await.expect("ends").expect("looked");
    assert_eq!(looked.raw_mail, 0, "it is held");
    assert_eq!(objects(&room).await, 1);
}

async fn what_died_between_row_and_file_is_taken_up(mut room: Room) {
    with_table(&mut room);
    let spam = Letter { kind: Kind::Spam, ..Letter::asking(ANNA, &[]) };
    let submission = room.desk.letter(spam).await;
    room.desk.file_submission(&submission).await;
    room.pass_days(100);
    let transaction = room.store().begin().await.expect("begins");
    let (before, now) = (room.now() - SignedDuration::from_hours(24), room.now());
    let page = (SubmissionId(0), 10);
    let noted =
        store::retention::forget_files(&transaction, OldFiles::Noted, before, page, now).await;
    assert_eq!(noted.expect("forgotten").len(), 1);
    transaction.commit().await.expect("commits");
    // Here the process died: row and text are gone, file and key are not.
    let vault = room.cases().vault();
    assert_eq!(objects(&room).await, 1);
    assert!(vault.key_exists(submission.vault_key).await.expect("asked"));
    let known = store::restorations::objects(room.store()).await.expect("read");
    assert_eq!(known.len(), 1, "a restore does not take it for a mail that was never filed");
    look(&room).await;
    assert_eq!(objects(&room).await, 0);
    assert!(!vault.key_exists(submission.vault_key).await.expect("asked"));
    assert_eq!(room.count("vault_debt").await, 0);
}

/// A clock on which half a minute passes whenever somebody looks at it.
struct Hasty {
    begun: Timestamp,
    looks: AtomicI64,
}

impl Clock for Hasty {
    fn now(&self) -> Timestamp {
        let seconds = 31 * self.looks.fetch_add(1, Ordering::SeqCst);
        self.begun + SignedDuration::from_secs(seconds)
    }

    fn boot_time(&self) -> Duration {
        Duration::from_secs(3600)
    }
}

async fn whoever_lost_the_lease_leaves_the_rest_to_the_other(mut room: Room) {
    with_table(&mut room);
    for from in [ANNA, BORIS] {
        let matter = room.asks(from, &[Label::PolicyQuestion]).await;
        close(&room, &matter).await;
    }
    room.pass_days(400);
    let clock = Arc::new(Hasty { begun: room.now(), looks: AtomicI64::new(0) });
    room.rebuild(|parts| parts.clock = clock);
    with_table(&mut room);
    // Another node has the lease as soon as the first file is owed.
    let taken =
        "UPDATE lease SET owner = 'two', until_at = 9000000000000000 WHERE name = 'retention'";
    let triggers: &[String] = match room.store().dialect() {
        Dialect::Sqlite => {
            &[format!("CREATE TRIGGER taken AFTER INSERT ON vault_debt BEGIN {taken}; END")]
        }
        Dialect::Postgres => &[
            format!(
                "CREATE FUNCTION take() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {taken}; RETURN NULL; END $$"
            ),
            "CREATE TRIGGER taken AFTER INSERT ON vault_debt FOR EACH ROW EXECUTE FUNCTION take()"
                .into(),
        ],
    };
    for sql in triggers {
        store::probe::write(room.store(), sql).await.expect("made");
    }
    let lost = room.cases().nightly_look("one", 3).await;
    let is_lost = matches!(&lost, Err(CasesError::Refused { rule: "retention_runs", .. }));
    assert!(is_lost, "{lost:?}");
    assert_eq!(objects(&room).await, 2, "the other destroys them");
    assert_eq!(room.count("retention_run").await, 0);
    let others = "lease WHERE name = 'retention' AND owner = 'two'";
    assert_eq!(room.count(others).await, 1, "and keeps its lease");
    assert!(room.cases().nightly_look("two", 3).await.expect("looked").is_some());
    assert_eq!(objects(&room).await, 0);
}

async fn two_looks_of_one_person_are_two(mut room: Room) {
    with_table(&mut room);
    let held = store::leases::hold(
        room.store(),
        "retention",
        "command/anna",
        Duration::from_secs(60),
        room.now(),
    );
    assert!(held.await.expect("held"));
    let second = room.cases().look(Look::Act, "anna").await;
    assert!(matches!(second, Err(CasesError::Refused { rule: "retention_runs", .. })));
    assert!(room.cases().look(Look::Count, "anna").await.is_ok(), "who counts waits for nobody");
}

/// How many keys the vault has.
fn keys(room: &Room) -> usize {
    let mut folders = vec![room.desk.dir.path().join("keys")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { folders.push(path) } else { files += 1 }
        }
    }
    files
}

async fn a_letter_to_our_own_people_goes_with_its_key(mut room: Room) {
    let staff = ["head@clinic.example", "lawyer@clinic.example"];
    let staff = staff.map(|text| EmailAddress::parse(text).expect("valid"));
    room.with_settings(|settings| settings.requests.alarm_to = staff.to_vec());
    with_table(&mut room);
    room.asks(ANNA, &[Label::Access]).await;
    room.pass_days(60);
    let before = keys(&room);
    room.cases().remind("one").await.expect("reminded");
    const STAFF: &str = "delivery WHERE class = 'staff' AND content IS NOT NULL";
    assert_eq!(room.count(STAFF).await, 4, "two mails to two people");
    assert_eq!(keys(&room), before + 2, "a key for each mail");
    for _ in 0..3 {
        room.cases().remind("one").await.expect("reminded");
    }
    assert_eq!(keys(&room), before + 2, "no key without a mail");
    let sent = room.now().as_microsecond();
    let sent = format!(
        "UPDATE delivery SET state = 'accepted', settled_at = {sent} WHERE class = 'staff'"
    );
    store::probe::write(room.store(), &sent).await.expect("sent");
    room.pass_days(29);
    assert_eq!(look(&room).await.staff_letters, 0);
    room.pass_days(2);
    assert_eq!(look(&room).await.staff_letters, 4);
    assert_eq!(keys(&room), before);
    assert_eq!(room.count(STAFF).await, 0);
}

async fn a_hundred_thousand_rows_go_some_at_a_time(mut room: Room) {
    with_table(&mut room);
    const ROWS: i64 = 100_000;
    let matter = room.asks(ANNA, &[Label::PolicyQuestion]).await;
    room.relay_takes_all(matter.ticket).await;
    let sql = format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}) \
         INSERT INTO delivery (class, purpose_of_mail, address_id, stop_digest, mail_id, digest_key, mail_id_digest, rank, \
         state, planned_at, next_try_at, expires_at, settled_at, reply_text) \
         SELECT 'advertising', 'campaign', address_id, stop_digest, 'many-' || CAST(i AS TEXT), digest_key, \
         mail_id_digest, 9, 'accepted', planned_at, next_try_at, expires_at, settled_at, '250 OK' \
         FROM n, delivery WHERE delivery.ticket_id = {}",
        matter.ticket
    );
    let written = store::probe::write(room.store(), &sql).await.expect("written");
    assert_eq!(i64::try_from(written), Ok(ROWS));
    room.pass_days(91);
    let transaction = room.store().begin().await.expect("begins");
    let (before, now) = (room.now() - SignedDuration::from_hours(90 * 24), room.now());
    let some =
        store::retention::empty(&transaction, Emptied::DeliveryStatus, before, (0, 200), now).await;
    assert_eq!(some.expect("emptied").map(|(changed, _)| changed), Some(200));
    transaction.rollback().await.expect("undone");
    assert_eq!(look(&room).await.delivery_status, written);
    assert_eq!(room.count("delivery WHERE reply_text IS NOT NULL").await, 0);
    if room.store().dialect() == Dialect::Postgres {
        let largest = "SELECT MAX(n) FROM (SELECT COUNT(*) AS n FROM delivery \
                       WHERE mail_id LIKE 'many-%' GROUP BY xmin) AS changed";
        assert!(room.number(largest).await <= 1000, "no transaction changed many");
    }
}
