//! The audit log: appended with every change, sealed in hash-chained batches, verified by reading.

mod exporting;

use domain::{
    Timestamp,
    audit::{AuditEvent, GENESIS, seal_hash},
    ids::AuditEventId,
};

use crate::{
    connect::Store,
    error::StoreError,
    row::Row,
    session::{Session, Transaction, execute, placeholders, query_all, query_one, query_optional},
};

pub use exporting::{SealedBatch, batches_from, plans_of, subjects_of};

/// Appends an event. `subject` is `thing:id`, `detail` JSON of ids and words, never addresses.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn append(
    transaction: &Transaction,
    actor: &str,
    act: &str,
    subject: &str,
    detail: &serde_json::Value,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO audit_event (at, actor, act, subject, detail) VALUES ($1, $2, $3, $4, $5)";
    let values = [
        now.as_microsecond().into(),
        actor.into(),
        act.into(),
        subject.into(),
        detail.to_string().into(),
    ];
    execute(transaction, sql, values).await?;
    Ok(())
}

/// When the last event was written.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn last_at(session: &impl Session) -> Result<Option<Timestamp>, StoreError> {
    query_one(session, "SELECT MAX(at) AS at FROM audit_event", [])
        .await?
        .instant_option("audit_event", "at")
}

fn read(row: &Row) -> Result<AuditEvent, StoreError> {
    Ok(AuditEvent {
        id: AuditEventId(row.get("audit_event", "id")?),
        at: row.instant("audit_event", "at")?,
        actor: row.get("audit_event", "actor")?,
        act: row.get("audit_event", "act")?,
        subject: row.get("audit_event", "subject")?,
        detail: row.get("audit_event", "detail")?,
    })
}

/// A sealed batch's place and hash: what is anchored outside the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The number of the last batch; 0 when nothing was sealed yet.
    pub batch: i64,
    /// Its hash.
    pub hash: [u8; 32],
}

/// The last sealed batch.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn head(session: &impl Session) -> Result<Head, StoreError> {
    let sql = "SELECT id, hash FROM audit_batch ORDER BY id DESC LIMIT 1";
    match query_optional(session, sql, []).await? {
        None => Ok(Head { batch: 0, hash: GENESIS }),
        Some(row) => Ok(Head { batch: row.get("audit_batch", "id")?, hash: hash(&row, "hash")? }),
    }
}

/// The hash of a sealed batch; `None` when there is none of this number.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn hash_of(session: &impl Session, batch: i64) -> Result<Option<[u8; 32]>, StoreError> {
    let sql = "SELECT hash FROM audit_batch WHERE id = $1";
    query_optional(session, sql, [batch.into()]).await?.map(|row| hash(&row, "hash")).transpose()
}

fn hash(row: &Row, column: &'static str) -> Result<[u8; 32], StoreError> {
    let bytes: Vec<u8> = row.get("audit_batch", column)?;
    bytes.try_into().map_err(|_| StoreError::Inconsistent {
        table: "audit_batch",
        row: "?".into(),
        what: format!("column {column} does not fit"),
    })
}

/// Seals the events that are not sealed yet, at most `limit` of them; returns the new head, or
/// `None` when there was nothing to seal. Events get their place here, not at their insertion,
/// since two writers commit in any order.
///
/// # Errors
/// [`StoreError::Unavailable`]; [`StoreError::Conflict`] when another node sealed at once.
pub async fn seal(store: &Store, limit: u32, now: Timestamp) -> Result<Option<Head>, StoreError> {
    let transaction = store.begin().await?;
    let previous = head(&transaction).await?;
    let sql = "SELECT id, at, actor, act, subject, detail FROM audit_event WHERE batch_id IS NULL \
               ORDER BY id LIMIT $1";
    let rows = query_all(&transaction, sql, [i64::from(limit).into()]).await?;
    let events = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    if events.is_empty() {
        transaction.rollback().await?;
        return Ok(None);
    }
    let hash = seal_hash(&previous.hash, &events);
    // The id is given, not drawn: two nodes sealing at once collide here and one gives way.
    let batch = previous.batch + 1;
    let sql = "INSERT INTO audit_batch (id, sealed_at, events, previous_hash, hash) VALUES ($1, $2, $3, $4, $5)";
    let values = [
        batch.into(),
        now.as_microsecond().into(),
        i64::try_from(events.len()).unwrap_or(i64::MAX).into(),
        previous.hash.to_vec().into(),
        hash.to_vec().into(),
    ];
    execute(&transaction, sql, values).await?;
    for (position, event) in (0_i64..).zip(&events) {
        let sql = "UPDATE audit_event SET batch_id = $2, position = $3 WHERE id = $1 AND batch_id IS NULL";
        let values = [event.id.0.into(), batch.into(), position.into()];
        crate::session::change_one(&transaction, "audit_event", sql, values).await?;
    }
    transaction.commit().await?;
    Ok(Some(Head { batch, hash }))
}

/// An event with its place in the chain, if it is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedEvent {
    /// The event.
    pub event: AuditEvent,
    /// The batch it is sealed in, its place there, and the batch's hash.
    pub seal: Option<(i64, i64, [u8; 32])>,
}

/// All events about some subjects, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_subjects(
    session: &impl Session,
    subjects: &[String],
) -> Result<Vec<PlacedEvent>, StoreError> {
    let list = placeholders(1, subjects.len());
    let sql = format!(
        "SELECT audit_event.id AS id, at, actor, act, subject, detail, batch_id, position, hash \
         FROM audit_event LEFT JOIN audit_batch ON audit_batch.id = audit_event.batch_id \
         WHERE subject IN ({list}) ORDER BY audit_event.id"
    );
    let rows =
        query_all(session, &sql, subjects.iter().map(|subject| subject.as_str().into())).await?;
    rows.iter()
        .map(|row| {
            let batch: Option<i64> = row.get("audit_event", "batch_id")?;
            let position: Option<i64> = row.get("audit_event", "position")?;
            let seal = match (batch, position) {
                (Some(batch), Some(position)) => Some((batch, position, hash(row, "hash")?)),
                _ => None,
            };
            Ok(PlacedEvent { event: read(row)?, seal })
        })
        .collect()
}

/// What reading the whole chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Batches that hold.
    pub batches: i64,
    /// Events in them.
    pub events: i64,
    /// Events not sealed yet: nothing proves them until they are.
    pub unsealed: i64,
    /// The oldest of them; sealing takes seconds, so what is much older was kept from it.
    pub unsealed_since: Option<Timestamp>,
    /// The first batch that does not hold, if any.
    pub broken: Option<i64>,
    /// The hash of the last batch that holds.
    pub head: [u8; 32],
}

/// Reads the whole chain and recomputes every hash.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn verify(session: &impl Session) -> Result<Verified, StoreError> {
    let batches = query_all(
        session,
        "SELECT id, events, previous_hash, hash FROM audit_batch ORDER BY id",
        [],
    )
    .await?;
    let mut found = Verified {
        batches: 0,
        events: 0,
        unsealed: 0,
        unsealed_since: None,
        broken: None,
        head: GENESIS,
    };
    for row in &batches {
        let id: i64 = row.get("audit_batch", "id")?;
        let (events, in_place) = events_of(session, id).await?;
        let count: i64 = row.get("audit_batch", "events")?;
        let holds = in_place
            && id == found.batches + 1
            && hash(row, "previous_hash")? == found.head
            && i64::try_from(events.len()).is_ok_and(|n| n == count)
            && hash(row, "hash")? == seal_hash(&found.head, &events);
        if !holds {
            found.broken = Some(id);
            break;
        }
        found.batches = id;
        found.events += count;
        found.head = hash(row, "hash")?;
    }
    let sql = "SELECT COUNT(*) AS n, MIN(at) AS since_at FROM audit_event WHERE batch_id IS NULL";
    let row = query_one(session, sql, []).await?;
    found.unsealed = row.get("audit_event", "n")?;
    found.unsealed_since = row.instant_option("audit_event", "since_at")?;
    Ok(found)
}

/// The events of a batch in their order, and whether their places are 0, 1, 2 … without a gap.
async fn events_of(
    session: &impl Session,
    batch: i64,
) -> Result<(Vec<AuditEvent>, bool), StoreError> {
    let sql = "SELECT id, at, actor, act, subject, detail, position FROM audit_event \
               WHERE batch_id = $1 ORDER BY position, id";
    let rows = query_all(session, sql, [batch.into()]).await?;
    let events = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let mut in_place = true;
    for (place, row) in (0_i64..).zip(&rows) {
        in_place &= row.get::<Option<i64>>("audit_event", "position")? == Some(place);
    }
    Ok((events, in_place))
}
