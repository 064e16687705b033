use super::*;
use crate::outcome::Answer;
use domain::ids::{DeliveryId, StopNumber};
use std::time::Duration;

fn epoch(n: u8, boot: &str) -> Epoch {
    Epoch { node: "alpha".into(), boot: BootId(boot.into()), id: EpochId([n; 16]) }
}

fn attempt(delivery: i64, number: u32) -> Attempt {
    Attempt { delivery: DeliveryId(delivery), number }
}

fn start(delivery: i64, number: u32) -> Start {
    Start {
        attempt: attempt(delivery, number),
        stop_number: StopNumber(7),
        view_at: Duration::from_millis(1234),
    }
}

fn accepted() -> Outcome {
    Outcome::Accepted(Answer::of_server(250, "2.0.0 queued"))
}

/// What the journal keeps of an outcome: all but the text.
fn without_text(mut outcome: Outcome) -> Outcome {
    match &mut outcome {
        Outcome::Accepted(a)
        | Outcome::Deferred(a)
        | Outcome::Rejected(a)
        | Outcome::Uncertain(a) => a.text.clear(),
        Outcome::NotSent => {}
    }
    outcome
}

fn fresh(directory: &Path) -> WireJournal {
    open(directory).expect("opens").0.begin(epoch(1, "boot-a")).expect("begins")
}

fn segments(directory: &Path) -> Vec<PathBuf> {
    segment::list(directory).expect("listed").into_iter().map(|(_, path)| path).collect()
}

#[test]
fn a_second_process_is_refused_while_the_first_lives() {
    let directory = tempfile::tempdir().expect("made");
    let journal = fresh(directory.path());
    assert!(matches!(open(directory.path()), Err(JournalError::Locked { .. })));
    drop(journal);
    assert!(open(directory.path()).is_ok());
}

#[test]
fn the_settlement_tells_started_ended_and_never_started_apart() {
    let directory = tempfile::tempdir().expect("made");
    let journal = fresh(directory.path());
    let _started = journal.start(&start(1, 1)).expect("written");
    let ended = journal.start(&start(2, 3)).expect("written");
    journal.end(&ended, &accepted()).expect("written");
    let not_sent = journal.start(&start(3, 1)).expect("written");
    journal.end(&not_sent, &Outcome::NotSent).expect("written");
    let again = journal.start(&start(4, 1)).expect("written");
    journal.end(&again, &Outcome::NotSent).expect("written");
    let _again = journal.start(&start(4, 1)).expect("written");
    drop(journal);

    let (_journal, settlement) = open(directory.path()).expect("opens");
    let (same, other) = (BootId("boot-a".into()), BootId("boot-b".into()));
    let (known, unknown) = (EpochId([1; 16]), EpochId([9; 16]));
    let outcome = Verdict::Ended(without_text(accepted()));
    for (what, attempt, epoch, boot, expected) in [
        ("started", attempt(1, 1), known, &same, Verdict::Uncertain),
        ("ended", attempt(2, 3), known, &same, outcome.clone()),
        ("ended, other boot", attempt(2, 3), known, &other, outcome),
        ("not sent", attempt(3, 1), known, &same, Verdict::Unstarted),
        ("not sent, other boot", attempt(3, 1), known, &other, Verdict::Uncertain),
        ("not sent, started again", attempt(4, 1), known, &same, Verdict::Uncertain),
        ("never started", attempt(5, 1), known, &same, Verdict::Unstarted),
        ("never started, other boot", attempt(5, 1), known, &other, Verdict::Uncertain),
        ("another attempt", attempt(2, 4), known, &same, Verdict::Unstarted),
        ("unknown epoch", attempt(2, 3), unknown, &same, Verdict::Uncertain),
    ] {
        assert_eq!(settlement.verdict(attempt, epoch, boot), expected, "{what}");
    }
    let ended: Vec<_> = settlement.ended().map(|(attempt, _)| attempt).collect();
    assert_eq!(ended, [attempt(2, 3)]);
}

#[test]
fn a_journal_torn_at_any_byte_holds_exactly_the_whole_records_before() {
    let records = [
        Record::Epoch(epoch(1, "boot-a")),
        Record::Start(start(1, 1)),
        Record::End { attempt: attempt(1, 1), outcome: accepted() },
        Record::Start(start(2, 1)),
    ];
    let mut whole = Vec::new();
    let mut ends = Vec::new();
    for record in &records {
        whole.extend(record.frame().expect("framed"));
        ends.push(whole.len());
    }
    let boot = BootId("boot-a".into());
    for cut in 0..=whole.len() {
        let mut settlement = Settlement::default();
        settlement.read_segment(&whole[..cut]);
        let seen = ends.iter().filter(|end| **end <= cut).count();
        let verdict = |n| settlement.verdict(attempt(n, 1), EpochId([1; 16]), &boot);
        let expected = match seen {
            0 => [Verdict::Uncertain, Verdict::Uncertain],
            1 => [Verdict::Unstarted, Verdict::Unstarted],
            2 => [Verdict::Uncertain, Verdict::Unstarted],
            3 => [Verdict::Ended(without_text(accepted())), Verdict::Unstarted],
            _ => [Verdict::Ended(without_text(accepted())), Verdict::Uncertain],
        };
        assert_eq!([verdict(1), verdict(2)], expected, "cut at {cut}");
    }
}

#[test]
fn a_flipped_bit_anywhere_ends_the_reading_without_a_wrong_record() {
    let mut whole = Record::Epoch(epoch(1, "boot-a")).frame().expect("framed");
    let prefix = whole.len();
    whole.extend(Record::Start(start(1, 1)).frame().expect("framed"));
    for position in prefix..whole.len() {
        for bit in 0..8 {
            let mut damaged = whole.clone();
            damaged[position] ^= 1 << bit;
            assert_eq!(Record::read(&damaged[prefix..]), None, "byte {position} bit {bit}");
        }
    }
}

#[test]
fn a_segment_goes_only_after_all_its_outcomes_are_durable_and_in_order() {
    let directory = tempfile::tempdir().expect("made");
    let (journal, _) = open(directory.path()).expect("opens");
    let journal = journal.begin_with_segments_of(epoch(1, "boot-a"), 1).expect("begins");
    // Every segment is full after its epoch, so each START begins a new one.
    let first = journal.start(&start(1, 1)).expect("written");
    let second = journal.start(&start(2, 1)).expect("written");
    let third = journal.start(&start(3, 1)).expect("written");
    journal.end(&first, &accepted()).expect("written");
    assert_eq!(segments(directory.path()).len(), 3);
    journal.durable([second]);
    assert_eq!(segments(directory.path()).len(), 3, "the first is still needed");
    journal.durable([first]);
    assert_eq!(segments(directory.path()).len(), 1, "both go, the current one stays");
    journal.durable([third]);
    assert_eq!(segments(directory.path()).len(), 1);
    drop(journal);
    let (_journal, settlement) = open(directory.path()).expect("opens");
    let boot = BootId("boot-a".into());
    assert_eq!(
        settlement.verdict(attempt(9, 1), EpochId([1; 16]), &boot),
        Verdict::Unstarted,
        "the epoch is known from the last segment alone"
    );
}

#[test]
fn the_past_stays_until_the_database_knows_the_new_epoch() {
    let directory = tempfile::tempdir().expect("made");
    let journal = fresh(directory.path());
    let _started = journal.start(&start(1, 1)).expect("written");
    drop(journal);
    // Opened and not begun, as when the process dies while it settles.
    drop(open(directory.path()).expect("opens"));
    let (journal, settlement) = open(directory.path()).expect("opens");
    let boot = BootId("boot-a".into());
    assert!(!settlement.is_empty());
    assert_eq!(settlement.verdict(attempt(1, 1), EpochId([1; 16]), &boot), Verdict::Uncertain);
    // Begun, and dead before the database knew of it.
    drop(journal.begin(epoch(2, "boot-a")).expect("begins"));
    let (journal, settlement) = open(directory.path()).expect("opens");
    assert_eq!(settlement.epochs().count(), 2);
    let journal = journal.begin(epoch(3, "boot-a")).expect("begins");
    journal.forget_past().expect("removed");
    drop(journal);
    let (_journal, settlement) = open(directory.path()).expect("opens");
    assert_eq!(settlement.epochs().collect::<Vec<_>>(), [EpochId([3; 16])]);
    assert_eq!(
        settlement.verdict(attempt(1, 1), EpochId([1; 16]), &boot),
        Verdict::Uncertain,
        "the old epoch is gone, so nothing is proven by absence"
    );
    assert_eq!(settlement.ended().count(), 0);
}

#[test]
fn a_start_that_cannot_be_written_stops_all_starts() {
    let directory = tempfile::tempdir().expect("made");
    let journal = fresh(directory.path());
    let running = journal.start(&start(1, 1)).expect("written");
    journal.break_writes();
    assert!(matches!(journal.start(&start(2, 1)), Err(JournalError::Io { .. })));
    assert!(matches!(journal.start(&start(3, 1)), Err(JournalError::Stopped)));
    assert!(journal.is_stopped());
    assert!(matches!(journal.end(&running, &accepted()), Err(JournalError::Io { .. })));
}

#[test]
fn an_end_that_cannot_be_written_stops_the_next_start() {
    let directory = tempfile::tempdir().expect("made");
    let journal = fresh(directory.path());
    let running = journal.start(&start(1, 1)).expect("written");
    journal.break_writes();
    assert!(journal.end(&running, &accepted()).is_err());
    assert!(matches!(journal.start(&start(2, 1)), Err(JournalError::Stopped)));
}

#[test]
fn the_journal_holds_no_reply_text() {
    let directory = tempfile::tempdir().expect("made");
    let journal = fresh(directory.path());
    let started = journal.start(&start(1, 1)).expect("written");
    let refused = Answer::of_server(550, "5.1.1 <anna@mail.example> unknown");
    journal.end(&started, &Outcome::Rejected(refused)).expect("written");
    for path in segments(directory.path()) {
        let bytes = std::fs::read(path).expect("read");
        assert!(!bytes.windows(4).any(|w| w == b"anna"));
    }
}
