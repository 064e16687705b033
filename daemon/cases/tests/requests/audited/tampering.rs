//! Whoever has the whole database in hand changes the log, anyhow: it is found.

use domain::{
    ambient::random_bytes,
    audit::{AuditEvent, seal_hash},
    classification::Label,
};
use store::{
    Session as _, Transaction,
    audit::{Head, SealedBatch, verify},
    probe::change,
};
use tests::ambient::SeededEntropy;

use crate::room::Room;

both! { no_tampering_with_the_log_escapes }

/// How often something is tried.
const TRIES: usize = 60;
const COLUMNS: [&str; 4] = ["actor", "act", "subject", "detail"];

/// A number below `end`.
fn below(entropy: &SeededEntropy, end: usize) -> usize {
    let bytes: [u8; 8] = random_bytes(entropy);
    usize::try_from(u64::from_be_bytes(bytes) % end as u64).expect("small")
}

async fn run(transaction: &Transaction, sql: &str) {
    let changed = change(transaction, sql).await.expect("changed");
    assert!(changed > 0, "nothing was changed: {sql}");
}

/// Two places of the log, each the number of a batch and of an event in it.
struct Places<'a> {
    batches: &'a [SealedBatch],
    one: (usize, usize),
    other: (usize, usize),
}

impl Places<'_> {
    fn event(&self, place: (usize, usize)) -> &AuditEvent {
        &self.batches[place.0].events.as_ref().expect("whole")[place.1]
    }

    fn batch(&self) -> i64 {
        self.batches[self.one.0].batch
    }
}

/// Does one sort of harm; returns its name.
async fn tamper(
    transaction: &Transaction,
    entropy: &SeededEntropy,
    places: &Places<'_>,
) -> &'static str {
    let (event, batch) = (places.event(places.one), places.batch());
    let id = event.id;
    match below(entropy, 8) {
        0 => {
            let column = COLUMNS[below(entropy, COLUMNS.len())];
            let sql = format!("UPDATE audit_event SET {column} = {column} || 'x' WHERE id = {id}");
            run(transaction, &sql).await;
            "changed"
        }
        1 => {
            run(transaction, &format!("UPDATE audit_event SET at = at - 1 WHERE id = {id}")).await;
            "dated back"
        }
        2 => {
            run(transaction, &format!("DELETE FROM audit_event WHERE id = {id}")).await;
            "taken out"
        }
        3 => {
            // The places of two events, of one batch or of two.
            for (from, to) in [(places.one, places.other), (places.other, places.one)] {
                let (id, batch) = (places.event(from).id, places.batches[to.0].batch);
                let sql = format!(
                    "UPDATE audit_event SET batch_id = {batch}, position = {} WHERE id = {id}",
                    to.1
                );
                run(transaction, &sql).await;
            }
            "reordered"
        }
        4 => {
            let sql = format!(
                "INSERT INTO audit_event (at, actor, act, subject, detail, batch_id, position) \
                 SELECT at, actor, act, subject, detail, batch_id, (SELECT MAX(position) + 1 FROM audit_event \
                 WHERE batch_id = {batch}) FROM audit_event WHERE id = {id}"
            );
            run(transaction, &sql).await;
            "put in"
        }
        5 => {
            run(transaction, &format!("DELETE FROM audit_event WHERE batch_id >= {batch}")).await;
            run(transaction, &format!("DELETE FROM audit_batch WHERE id >= {batch}")).await;
            "cut off"
        }
        6 => {
            // From this batch on everything is sealed anew: whoever does so has read this source.
            let sql = format!("UPDATE audit_event SET actor = actor || 'x' WHERE id = {id}");
            run(transaction, &sql).await;
            seal_anew(transaction, places).await;
            "sealed anew"
        }
        _ => {
            run(transaction, &format!("DELETE FROM audit_event WHERE batch_id = {batch}")).await;
            run(transaction, &format!("DELETE FROM audit_batch WHERE id = {batch}")).await;
            "a batch taken out"
        }
    }
}

async fn seal_anew(transaction: &Transaction, places: &Places<'_>) {
    let numbers: Vec<i64> = places.batches.iter().map(|batch| batch.batch).collect();
    let now = store::audit::batches_from(transaction, 1, &numbers).await.expect("read");
    let mut previous = now[places.one.0].previous;
    for batch in &now[places.one.0..] {
        let hash = seal_hash(&previous, batch.events.as_ref().expect("whole"));
        let literal = |bytes: &[u8; 32]| match transaction.dialect() {
            store::Dialect::Sqlite => format!("x'{}'", hex::encode(bytes)),
            store::Dialect::Postgres => format!("'\\x{}'::bytea", hex::encode(bytes)),
        };
        let sql = format!(
            "UPDATE audit_batch SET previous_hash = {}, hash = {} WHERE id = {}",
            literal(&previous),
            literal(&hash),
            batch.batch
        );
        run(transaction, &sql).await;
        previous = hash;
    }
}

async fn no_tampering_with_the_log_escapes(room: Room) {
    for from in 0..12 {
        room.asks(&format!("person{from}@mail.example"), &[Label::Access]).await;
    }
    let mut head = Head { batch: 0, hash: [0; 32] };
    while let Some(sealed) = store::audit::seal(room.store(), 3, room.now()).await.expect("sealed")
    {
        head = sealed;
    }
    assert!(head.batch >= 4, "several batches: {head:?}");
    let numbers: Vec<i64> = (1..=head.batch).collect();
    let batches = store::audit::batches_from(room.store(), 1, &numbers).await.expect("read");
    let entropy = SeededEntropy::new(13);
    let place = || {
        let batch = below(&entropy, batches.len());
        (batch, below(&entropy, batches[batch].events.as_ref().expect("whole").len()))
    };
    let mut tried = std::collections::BTreeSet::new();
    for _ in 0..TRIES {
        let (one, mut other) = (place(), place());
        while one == other {
            other = place();
        }
        let transaction = room.store().begin().await.expect("begins");
        let places = Places { batches: &batches, one, other };
        let what = tamper(&transaction, &entropy, &places).await;
        // The chain itself, and its head as it was anchored outside the database.
        let chain = verify(&transaction).await.expect("read").broken;
        let anchored = store::audit::hash_of(&transaction, head.batch).await.expect("read");
        let contradicts = anchored != Some(head.hash);
        assert!(chain.is_some() || contradicts, "{what} at {one:?} with {other:?} is not found");
        if ["cut off", "sealed anew"].contains(&what) {
            assert!(contradicts, "{what}: only the anchor shows it");
        }
        transaction.rollback().await.expect("undone");
        tried.insert(what);
    }
    assert_eq!(tried.len(), 8, "every sort of harm was done: {tried:?}");
    let found = verify(room.store()).await.expect("read");
    assert_eq!((found.broken, found.head), (None, head.hash), "all was undone");
}
