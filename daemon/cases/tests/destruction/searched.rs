//! After the end nothing of the person is in any file: neither in the database with its log and
//! free pages, nor in objects, keys and journals.

use std::path::{Path, PathBuf};

use cases::{
    Cases, CasesParts,
    destruction::{PlanOrder, Progress},
};
use data_encoding::BASE64;
use domain::classification::Label;
use store::{Store, StoreConfig, destruction::Wiped};
use tests::servers::postgres::Postgres;

use crate::{
    room::{ANNA, Room},
    whole::{NAME, PHONE, a_full_person, approved, carry_out, finish, planned, reread},
};

/// How a text may be hidden in a file: as it is, UTF-16, base64 at every offset, quoted-printable.
fn disguises(text: &str) -> Vec<Vec<u8>> {
    let mut found = vec![text.as_bytes().to_vec()];
    found.push(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
    found.push(text.encode_utf16().flat_map(u16::to_be_bytes).collect());
    for offset in 0..3 {
        let mut padded = vec![b' '; offset];
        padded.extend_from_slice(text.as_bytes());
        let coded = BASE64.encode(&padded);
        // What depends on the neighbours is left out at both ends.
        let from = [0, 2, 3][offset];
        let to = coded.trim_end_matches('=').len() - 2;
        found.push(coded.as_bytes()[from..to].to_vec());
    }
    let quoted: String = text
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"@. -".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("={byte:02X}")
            }
        })
        .collect();
    found.push(quoted.into_bytes());
    found
}

fn files(directory: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files(&path, all) } else { all.push(path) }
    }
}

/// The files in which one of the texts is found.
pub fn found_in(directory: &Path, texts: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    files(directory, &mut all);
    assert!(all.len() > 3, "there is something to search in");
    let mut found = Vec::new();
    for path in all {
        let bytes = std::fs::read(&path).expect("read");
        for text in texts {
            for (way, disguise) in disguises(text).into_iter().enumerate() {
                if holds(&bytes, &disguise) {
                    found.push(format!("{} in {} ({way})", text, path.display()));
                }
            }
        }
    }
    found
}

/// Whether the bytes stand there; quick, since a server has many files.
fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    let Some((first, rest)) = wanted.split_first() else { return false };
    let mut from = bytes;
    while let Some(at) = from.iter().position(|byte| byte == first) {
        from = &from[at + 1..];
        if from.starts_with(rest) {
            return true;
        }
    }
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_the_person_is_in_any_file_after_the_end() {
    let room = Room::on_sqlite().await;
    let directory = room.desk.dir.path().to_owned();
    nothing_is_found(&room, &[&directory]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_the_person_is_in_any_file_of_the_server_after_the_end() {
    let server = Postgres::start().expect("PostgreSQL");
    // What an administrator sets, as docs/backup.md says.
    server.execute("postgres", "ALTER SYSTEM SET wal_recycle = off").expect("set");
    server.execute("postgres", "SELECT pg_reload_conf()").expect("read");
    let room = Room::on_postgres(&server).await;
    let keeps = store::destruction::keeps_behind(room.store()).await.expect("asked");
    assert!(keeps.is_empty(), "{keeps:?}");
    let directory = room.desk.dir.path().to_owned();
    nothing_is_found(&room, &[&directory, server.data()]).await;
}

async fn nothing_is_found(room: &Room, directories: &[&Path]) {
    let search = |texts: &[&str]| -> Vec<String> {
        directories.iter().flat_map(|directory| found_in(directory, texts)).collect()
    };
    // Neighbours, so that pages are shared, split and freed.
    for n in 0..300 {
        let address = format!("neighbour{n}@mail.example");
        room.contact(&format!("Сосед {n}"), "", &[&address]).await;
    }
    a_full_person(room).await;
    if directories.len() > 1 {
        // The planner has looked at the person, too.
        store::probe::write(room.store(), "ANALYZE").await.expect("analysed");
    }
    let matter = room
        .writes(
            ANNA,
            "Удалите меня",
            "Меня зовут Анна Непозабытая, прошу удалить",
            &[Label::Erasure],
        )
        .await;
    room.relay_takes_all(matter.ticket).await;
    let secrets = [ANNA, NAME, PHONE, "203.0.113.77"];
    assert!(!search(&secrets).is_empty(), "the search can find");
    let plan = planned(room, matter.request(), &PlanOrder::default()).await;
    approved(room, &matter).await;
    assert_eq!(carry_out(room, &plan).await, Progress::Waiting("answer"));
    finish(room, &matter, &plan).await;
    assert!(room.cases().wipe_destroyed().await.expect("wiped"), "the database let go");
    let found = search(&secrets);
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_keeps_is_told_and_whoever_holds_dead_rows_is_waited_for() {
    let mut server = Postgres::start().expect("PostgreSQL");
    for change in ["wal_recycle = off", "wal_keep_size = '64MB'", "max_prepared_transactions = 2"] {
        server.execute("postgres", &format!("ALTER SYSTEM SET {change}")).expect("set");
    }
    server.stop().expect("stopped");
    server.resume().expect("started");
    let slot = "SELECT pg_create_physical_replication_slot('forgotten', true)";
    server.execute("postgres", slot).expect("made");
    let room = Room::on_postgres(&server).await;
    let keeps = store::destruction::keeps_behind(room.store()).await.expect("asked");
    let told = |word: &str| keeps.iter().filter(|one| one.contains(word)).count();
    assert_eq!((keeps.len(), told("slots"), told("wal_keep_size")), (2, 1, 1), "{keeps:?}");
    assert!(store::destruction::in_the_way(room.store()).await.expect("asked").is_empty());

    // A transaction that may have written and reads nothing now holds dead rows, too.
    let open = room.store().begin().await.expect("begun");
    store::probe::change(&open, "SELECT pg_current_xact_id()").await.expect("begun");
    let wiped = store::destruction::wipe_all(room.store()).await.expect("tried");
    assert_eq!(wiped, Wiped::Seen);
    open.rollback().await.expect("ended");
    let prepare = "BEGIN; SELECT pg_current_xact_id(); PREPARE TRANSACTION 'forgotten'";
    server.execute("test_0", prepare).expect("prepared");
    let wiped = store::destruction::wipe_all(room.store()).await.expect("tried");
    assert_eq!(wiped, Wiped::Seen);
    let ways = store::destruction::in_the_way(room.store()).await.expect("asked");
    assert!(ways.len() == 1 && ways[0].contains("PREPARED"), "{ways:?}");
    server.execute("test_0", "ROLLBACK PREPARED 'forgotten'").expect("ended");
    assert_eq!(store::destruction::wipe_all(room.store()).await.expect("wiped"), Wiped::Gone);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_too_large_to_be_locked_leaves_the_wipe_owed() {
    let server = Postgres::start().expect("PostgreSQL");
    let most = "ALTER ROLE consentry SET consentry.rewrite_up_to";
    server.execute("postgres", &format!("{most} = '8kB'")).expect("set");
    let room = Room::on_postgres(&server).await;
    a_full_person(&room).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    room.relay_takes_all(matter.ticket).await;
    let plan = planned(&room, matter.request(), &PlanOrder::default()).await;
    approved(&room, &matter).await;
    assert_eq!(carry_out(&room, &plan).await, Progress::Waiting("answer"));
    finish(&room, &matter, &plan).await;
    for _ in 0..2 {
        assert!(!room.cases().wipe_destroyed().await.expect("tried"));
        assert_eq!(reread(&room, &plan).await.wiped_at, None);
        let alarms = store::alarms::standing(room.store()).await.expect("read");
        let alarm = alarms.iter().find(|one| one.name == "destruction_wipe").expect("an alarm");
        for word in ["delivery, ", "consentry.rewrite_up_to"] {
            assert!(alarm.detail.contains(word), "{}", alarm.detail);
        }
        assert_eq!(room.cases().acts(None, 10).await.expect("acts").len(), 1, "no supplement");
    }
    let ways = store::destruction::in_the_way(room.store()).await.expect("asked");
    assert!(ways.iter().any(|one| one.contains("task")), "doctor tells it, too: {ways:?}");

    // The remedy that the alarm names, and the next start.
    server.execute("postgres", &format!("{most} = '1GB'")).expect("set");
    let url = server.url_of("test_0");
    let config = StoreConfig::Postgres { url, connections: 3 };
    let store = Store::open(&config).await.expect("opens");
    let again = Cases::new(CasesParts { store, ..room.desk.parts.clone() }).expect("cases");
    assert!(again.wipe_destroyed().await.expect("wiped"));
    assert!(reread(&room, &plan).await.wiped_at.is_some());
    assert_eq!(again.acts(None, 10).await.expect("acts").len(), 2, "the supplement");
    assert!(store::alarms::standing(room.store()).await.expect("read").is_empty());
}
