//! What the journal promises: nothing acknowledged is lost, nothing torn counts, several writers
//! do not disturb each other, and everything comes back.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use domain::Timestamp;
use domain::digest::{AddressDigests, Digest, DigestKeyId};
use domain::journal::{ScopeWords, StopAct};

use super::*;
use crate::scripted::entry;

fn intent(n: u8) -> StopIntent {
    let digest = |byte| Digest { key: DigestKeyId(3), bytes: [byte; 32] };
    StopIntent {
        id: entry(n.into()),
        at: Timestamp::from_microsecond(1_700_000_000_123_456 + i64::from(n)).expect("in range"),
        act: [StopAct::Stop, StopAct::Lift, StopAct::Erasure][usize::from(n) % 3],
        digests: (0..n % 3).map(|i| AddressDigests { exact: digest(n), stop: digest(i) }).collect(),
        scope: ScopeWords::parse("purposes:newsletter").expect("words"),
    }
}

fn stop(number: i64, n: u8) -> CommittedStop {
    CommittedStop { number: StopNumber(number), intent: intent(n) }
}

async fn open(directory: &Path) -> (StopJournal, JournalReport) {
    StopJournal::open(directory, "node-a").await.expect("opened")
}

fn segment_path(directory: &Path, number: u32) -> PathBuf {
    directory.join(format!("node-a.{number:06}.stops"))
}

/// The replayed stops, as (test number, stop number), each checked against what was written.
fn replayed(directory: &Path) -> Vec<(u8, Option<i64>)> {
    let (stops, _) = replay(directory).expect("replayed");
    let known = |stop: &Replayed| (0..=u8::MAX).find(|n| intent(*n) == stop.intent);
    stops
        .iter()
        .map(|stop| (known(stop).expect("as written"), stop.number.map(|number| number.0)))
        .collect()
}

#[tokio::test]
async fn every_stop_comes_back_with_its_number_or_as_one_to_be_looked_at() {
    let room = tempfile::tempdir().expect("directory");
    let (journal, report) = open(room.path()).await;
    assert_eq!(report, JournalReport { segments: 1, ..JournalReport::default() });
    journal.append(&[intent(1), intent(2), intent(3)]).await.expect("written");
    let numbers = [(entry(3), StopNumber(1)), (entry(1), StopNumber(2))];
    journal.committed(&numbers).await.expect("noted");
    assert_eq!(replayed(room.path()), [(3, Some(1)), (1, Some(2)), (2, None)]);
    drop(journal);
    let (journal, report) = open(room.path()).await;
    assert_eq!((report.intents, report.without_commit), (3, 1));
    assert_eq!(journal.caught_up_to().await.expect("read"), StopNumber(2));
    let mode = |path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(segment_path(room.path(), 1)), 0o600);
}

#[tokio::test]
async fn a_record_torn_at_any_byte_is_absent_and_the_next_one_follows() {
    let room = tempfile::tempdir().expect("directory");
    let (journal, _) = open(room.path()).await;
    journal.append(&[intent(1)]).await.expect("written");
    let path = segment_path(room.path(), 1);
    let before = fs::read(&path).expect("read").len();
    journal.append(&[intent(2)]).await.expect("written");
    drop(journal);
    let whole = fs::read(&path).expect("read");
    for cut in before..whole.len() {
        fs::write(&path, &whole[..cut]).expect("torn");
        assert_eq!(replayed(room.path()), [(1, None)], "torn at {cut}, read only");
        let (journal, report) = open(room.path()).await;
        assert_eq!(report.torn_bytes, (cut - before) as u64);
        assert_eq!(report.damaged_bytes, 0);
        journal.append(&[intent(4)]).await.expect("written");
        assert_eq!(replayed(room.path()), [(1, None), (4, None)], "torn at {cut}");
    }
}

#[tokio::test]
async fn a_segment_torn_in_its_first_bytes_is_begun_again() {
    let room = tempfile::tempdir().expect("directory");
    let (journal, _) = open(room.path()).await;
    drop(journal);
    let path = segment_path(room.path(), 1);
    let header = fs::read(&path).expect("read");
    for cut in 0..header.len() {
        fs::write(&path, &header[..cut]).expect("torn");
        assert_eq!(replayed(room.path()), []);
        let (journal, _) = open(room.path()).await;
        journal.append(&[intent(1)]).await.expect("written");
        assert_eq!(replayed(room.path()), [(1, None)]);
        fs::remove_file(&path).expect("removed");
    }
}

#[tokio::test]
async fn a_tail_torn_by_another_process_is_cut_by_the_next_append() {
    let room = tempfile::tempdir().expect("directory");
    let (journal, _) = open(room.path()).await;
    journal.append(&[intent(1)]).await.expect("written");
    let path = segment_path(room.path(), 1);
    let mut bytes = fs::read(&path).expect("read");
    bytes.extend_from_slice(&[0xC5, b'S', b'J', 0x1E, 200, 0]);
    fs::write(&path, &bytes).expect("torn by another");
    journal.append(&[intent(2)]).await.expect("written");
    let (stops, report) = replay(room.path()).expect("replayed");
    assert_eq!((stops.len(), report.torn_bytes, report.damaged_bytes), (2, 0, 0));
}

#[tokio::test]
async fn damage_in_the_middle_costs_only_its_record_and_is_reported() {
    let room = tempfile::tempdir().expect("directory");
    let (journal, _) = open(room.path()).await;
    journal.append(&[intent(1), intent(2), intent(3)]).await.expect("written");
    drop(journal);
    let path = segment_path(room.path(), 1);
    let mut bytes = fs::read(&path).expect("read");
    let at = bytes.windows(4).rposition(|w| w == [0xC5, b'S', b'J', 0x1E]).expect("there") - 5;
    bytes[at] ^= 0x40;
    fs::write(&path, &bytes).expect("damaged");
    assert_eq!(replayed(room.path()), [(1, None), (3, None)]);
    let (_journal, report) = open(room.path()).await;
    assert!(report.damaged_bytes > 100 && report.torn_bytes == 0, "{report:?}");
    assert_eq!(fs::read(&path).expect("read"), bytes, "nothing is cut");
}

#[tokio::test]
async fn two_handles_appending_at_once_lose_nothing_across_segments() {
    let room = tempfile::tempdir().expect("directory");
    let handle = || StopJournal::open_with_segment_size(room.path(), "node-a", 4_000);
    let (one, _) = handle().await.expect("opened");
    let (two, _) = handle().await.expect("opened");
    let write = async |journal: &StopJournal, range: std::ops::Range<u8>| {
        for n in range {
            journal.append(&[intent(n)]).await.expect("written");
            let number = StopNumber(i64::from(n) + 1);
            journal.committed(&[(entry(n.into()), number)]).await.expect("noted");
        }
    };
    tokio::join!(write(&one, 0..60), write(&two, 60..120));
    let expected: Vec<(u8, Option<i64>)> = (0..120).map(|n| (n, Some(i64::from(n) + 1))).collect();
    assert_eq!(replayed(room.path()), expected);
    for journal in [&one, &two] {
        assert_eq!(journal.caught_up_to().await.expect("read"), StopNumber(120));
    }
    let (_, report) = replay(room.path()).expect("replayed");
    assert!(report.segments > 5, "{report:?}");
    assert_eq!((report.torn_bytes, report.damaged_bytes), (0, 0));
}

#[tokio::test]
async fn catching_up_writes_what_is_lacking_and_nothing_twice() {
    let room = tempfile::tempdir().expect("directory");
    let (journal, _) = open(room.path()).await;
    journal.append(&[intent(1), intent(2), intent(9)]).await.expect("written");
    journal.committed(&[(entry(1), StopNumber(1))]).await.expect("noted");
    // 2 lost its commit, 3 was committed while the journal was away, 9 never was.
    let stops = vec![stop(2, 2), stop(3, 3)];
    let done = journal.catch_up(stops.clone(), StopNumber(3)).await.expect("caught up");
    assert_eq!(done, CaughtUp { stops: 1, commits: 1 });
    let again = journal.catch_up(stops, StopNumber(3)).await.expect("nothing to do");
    assert_eq!(again, CaughtUp::default());
    assert_eq!(replayed(room.path()), [(1, Some(1)), (2, Some(2)), (3, Some(3)), (9, None)]);
    drop(journal);
    let (journal, _) = open(room.path()).await;
    assert_eq!(journal.caught_up_to().await.expect("read"), StopNumber(3));
    // A number without an entry of its own is passed over.
    journal.catch_up(vec![stop(5, 5)], StopNumber(7)).await.expect("caught up");
    assert_eq!(journal.caught_up_to().await.expect("read"), StopNumber(7));
}

#[tokio::test]
async fn the_journals_of_several_nodes_replay_as_one() {
    let room = tempfile::tempdir().expect("directory");
    for (node, n, number) in [("a", 1, 2), ("b.example-1", 2, 1)] {
        let (journal, _) = StopJournal::open(room.path(), node).await.expect("opened");
        journal.append(&[intent(n)]).await.expect("written");
        let committed = [(entry(n.into()), StopNumber(number))];
        journal.committed(&committed).await.expect("noted");
        journal.catch_up(vec![stop(1, 2), stop(2, 1)], StopNumber(2)).await.expect("caught up");
    }
    assert_eq!(replayed(room.path()), [(2, Some(1)), (1, Some(2))]);
}

#[tokio::test]
async fn a_journal_that_cannot_be_written_says_so_and_catches_up_later() {
    let room = tempfile::tempdir().expect("directory");
    let path = room.path().join("journal");
    let (journal, _) = open(&path).await;
    journal.append(&[intent(1)]).await.expect("written");
    // The journal's directory goes away, as when its disk is unmounted.
    let away = room.path().join("away");
    fs::rename(&path, &away).expect("moved");
    let error = journal.append(&[intent(2)]).await.expect_err("cannot be written");
    assert!(error.to_string().contains("caught up afterwards"), "{error}");
    fs::rename(&away, &path).expect("moved back");
    let stops = vec![stop(1, 1), stop(2, 2)];
    let done = journal.catch_up(stops, StopNumber(2)).await.expect("caught up");
    assert_eq!(done, CaughtUp { stops: 1, commits: 1 });
    assert_eq!(replayed(&path), [(1, Some(1)), (2, Some(2))]);
}

#[tokio::test]
async fn what_is_no_journal_and_what_is_newer_is_refused() {
    let room = tempfile::tempdir().expect("directory");
    for node in ["", "a/b", "..", "узел", &"a".repeat(65)] {
        let error = StopJournal::open(room.path(), node).await.expect_err("refused");
        assert!(matches!(error, JournalError::NodeName(_)), "{node}");
    }
    let path = segment_path(room.path(), 1);
    fs::write(&path, b"From: somebody else's file").expect("written");
    let error = StopJournal::open(room.path(), "node-a").await.expect_err("refused");
    assert!(matches!(error, JournalError::NoJournal(_)));
    assert!(matches!(replay(room.path()), Err(JournalError::NoJournal(_))));
    assert_eq!(fs::read(&path).expect("read"), b"From: somebody else's file");
}

#[tokio::test]
async fn the_journal_holds_digests_and_words_only() {
    let room = tempfile::tempdir().expect("directory");
    let (journal, _) = open(room.path()).await;
    journal.append(&[intent(1)]).await.expect("written");
    let bytes = fs::read(segment_path(room.path(), 1)).expect("read");
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("purposes:newsletter") && text.contains(&"01".repeat(32)), "{text}");
    assert!(!text.contains('@'));
}
