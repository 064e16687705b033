//! What outlives a destruction, each with its last day: acts, proofs of consent, what a law keeps.
//!
//! The content is sealed under a key of its own. When its day has come the key is destroyed first
//! and the row emptied after; number, dates and law stay, they tell of nobody.

use domain::{
    Timestamp,
    act::ActNumber,
    digest::Digest,
    ids::{KeptRecordId, PlanId, VaultKeyId},
};
use jiff::civil::Date;

use crate::{
    connect::Dialect,
    error::StoreError,
    row::Row,
    session::{Session, Transaction, change_one, execute, query_all, query_one, query_optional},
};

/// What kind of record is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeptKind {
    /// The proof of a consent that was relied on.
    ConsentProof,
    /// Act of destruction and extract from the log.
    Act,
    /// What another law keeps.
    Statutory,
}

impl KeptKind {
    /// The word of the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ConsentProof => "consent_proof",
            Self::Act => "act",
            Self::Statutory => "statutory",
        }
    }

    fn from_name(word: &str) -> Option<Self> {
        [Self::ConsentProof, Self::Act, Self::Statutory].into_iter().find(|k| k.name() == word)
    }
}

/// A record as it stands.
#[derive(Debug, Clone)]
pub struct KeptRow {
    /// Its row.
    pub id: KeptRecordId,
    /// The destruction that it outlives.
    pub plan: Option<PlanId>,
    /// What it is.
    pub kind: KeptKind,
    /// Why it is kept, in a word.
    pub basis: String,
    /// The law that says so.
    pub law: String,
    /// Of an act: its number; none while the destruction is under way.
    pub number: Option<ActNumber>,
    /// Sealed; none once destroyed.
    pub content: Option<Vec<u8>>,
    /// The key of the content.
    pub vault_key: VaultKeyId,
    /// SHA-256 of the content before it was sealed.
    pub sha256: [u8; 32],
    /// When it was made.
    pub made_at: Timestamp,
    /// The day on which it is destroyed.
    pub destroy_on: Date,
    /// When it was.
    pub destroyed_at: Option<Timestamp>,
}

/// A record to be kept.
#[derive(Debug, Clone)]
pub struct NewKept<'a> {
    /// The destruction that it outlives.
    pub plan: Option<PlanId>,
    /// What it is.
    pub kind: KeptKind,
    /// Why it is kept, in a word.
    pub basis: &'a str,
    /// The law that says so.
    pub law: &'a str,
    /// By what it is found again when the person asks: the keyed digest of the stop key.
    pub stop: Option<Digest>,
    /// Sealed under `vault_key`.
    pub content: &'a [u8],
    /// The key of the content.
    pub vault_key: VaultKeyId,
    /// SHA-256 of the content before it was sealed.
    pub sha256: [u8; 32],
    /// The day on which it is destroyed.
    pub destroy_on: Date,
}

const COLUMNS: &str = "id, plan_id, kind, basis, law, number, content, vault_key_id, sha256, made_at, \
                       destroy_on, destroyed_at";

fn read(row: &Row) -> Result<KeptRow, StoreError> {
    const TABLE: &str = "kept_record";
    Ok(KeptRow {
        id: KeptRecordId(row.get(TABLE, "id")?),
        plan: row.get::<Option<i64>>(TABLE, "plan_id")?.map(PlanId),
        kind: row.parsed(TABLE, "kind", KeptKind::from_name)?,
        basis: row.get(TABLE, "basis")?,
        law: row.get(TABLE, "law")?,
        number: row.parsed_option(TABLE, "number", |text| ActNumber::parse(text).ok())?,
        content: row.get(TABLE, "content")?,
        vault_key: row.parsed(TABLE, "vault_key_id", |text| VaultKeyId::parse(text).ok())?,
        sha256: row.sha256(TABLE, "sha256")?,
        made_at: row.instant(TABLE, "made_at")?,
        destroy_on: row.parsed(TABLE, "destroy_on", |text| text.parse().ok())?,
        destroyed_at: row.instant_option(TABLE, "destroyed_at")?,
    })
}

/// Keeps a record.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn keep(
    transaction: &Transaction,
    new: &NewKept<'_>,
    now: Timestamp,
) -> Result<KeptRecordId, StoreError> {
    let sql = "INSERT INTO kept_record (plan_id, kind, basis, law, digest_key, stop_digest, content, \
               vault_key_id, sha256, made_at, destroy_on) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id";
    let values = [
        new.plan.map(|plan| plan.0).into(),
        new.kind.name().into(),
        new.basis.into(),
        new.law.into(),
        new.stop.map(|stop| i64::from(stop.key.0)).into(),
        new.stop.map(|stop| stop.bytes.to_vec()).into(),
        new.content.to_vec().into(),
        new.vault_key.to_string().into(),
        new.sha256.to_vec().into(),
        now.as_microsecond().into(),
        new.destroy_on.to_string().into(),
    ];
    Ok(KeptRecordId(query_one(transaction, sql, values).await?.get("kept_record", "id")?))
}

/// Keeps an act that follows another record, complete: a supplement, or the act of what a law kept.
///
/// # Errors
/// [`StoreError::Duplicate`] when that record is followed already.
pub async fn keep_following(
    transaction: &Transaction,
    new: &NewKept<'_>,
    number: ActNumber,
    follows: KeptRecordId,
    now: Timestamp,
) -> Result<KeptRecordId, StoreError> {
    let id = keep(transaction, new, now).await?;
    let sql = "UPDATE kept_record SET number = $2, follows_id = $3 WHERE id = $1";
    let values = [id.0.into(), number.to_string().into(), follows.0.into()];
    change_one(transaction, "kept_record", sql, values).await?;
    Ok(id)
}

/// The act that follows a record: a supplement to it, or the act of its end.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn following(
    session: &impl Session,
    id: KeptRecordId,
) -> Result<Option<KeptRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM kept_record WHERE follows_id = $1");
    query_optional(session, &sql, [id.0.into()]).await?.as_ref().map(read).transpose()
}

/// The act of a plan, complete or begun; not what follows it.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn act_of_plan(
    session: &impl Session,
    plan: PlanId,
) -> Result<Option<KeptRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM kept_record WHERE plan_id = $1 AND kind = 'act' AND follows_id IS NULL \
         ORDER BY id LIMIT 1"
    );
    query_optional(session, &sql, [plan.0.into()]).await?.as_ref().map(read).transpose()
}

/// The act of this number.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn act_by_number(
    session: &impl Session,
    number: ActNumber,
) -> Result<Option<KeptRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM kept_record WHERE number = $1");
    query_optional(session, &sql, [number.to_string().into()]).await?.as_ref().map(read).transpose()
}

/// One page of acts, newest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn acts(
    session: &impl Session,
    before: Option<ActNumber>,
    limit: u32,
) -> Result<Vec<KeptRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM kept_record WHERE kind = 'act' AND number < $1 \
         ORDER BY number DESC LIMIT $2"
    );
    // Greater than every number: they begin with `A`.
    let before = before.map_or_else(|| "B".to_owned(), |number| number.to_string());
    let rows = query_all(session, &sql, [before.into(), i64::from(limit).into()]).await?;
    rows.iter().map(read).collect()
}

/// Lets others who would give a number wait for the end of this transaction.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn lock_numbers(transaction: &Transaction) -> Result<(), StoreError> {
    if transaction.dialect() == Dialect::Postgres {
        // Ends with the transaction. On SQLite a transaction that writes is alone anyway.
        execute(transaction, "SELECT pg_advisory_xact_lock(7295134012)", []).await?;
    }
    Ok(())
}

/// The last number given in a year. Whoever asks gives the next one in the same transaction:
/// others who would give one wait for it to end.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn last_number(
    transaction: &Transaction,
    year: i16,
) -> Result<Option<ActNumber>, StoreError> {
    lock_numbers(transaction).await?;
    let sql =
        "SELECT id, number FROM kept_record WHERE number LIKE $1 ORDER BY number DESC LIMIT 1";
    let like = format!("{}%", ActNumber::prefix(year));
    match query_optional(transaction, sql, [like.into()]).await? {
        None => Ok(None),
        Some(row) => {
            row.parsed("kept_record", "number", |text| ActNumber::parse(text).ok()).map(Some)
        }
    }
}

/// Completes an act that was begun: number, content and last day.
///
/// # Errors
/// [`StoreError::Conflict`] when it is complete already.
pub async fn complete_act(
    transaction: &Transaction,
    id: KeptRecordId,
    number: ActNumber,
    (content, sha256): (&[u8], [u8; 32]),
    destroy_on: Date,
) -> Result<(), StoreError> {
    let sql = "UPDATE kept_record SET number = $2, content = $3, sha256 = $4, destroy_on = $5 \
               WHERE id = $1 AND number IS NULL AND destroyed_at IS NULL";
    let values = [
        id.0.into(),
        number.to_string().into(),
        content.to_vec().into(),
        sha256.to_vec().into(),
        destroy_on.to_string().into(),
    ];
    change_one(transaction, "kept_record", sql, values).await
}

/// Records of a kind that are not destroyed.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn standing(session: &impl Session, kind: KeptKind) -> Result<Vec<KeptRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM kept_record WHERE kind = $1 AND destroyed_at IS NULL ORDER BY id"
    );
    query_all(session, &sql, [kind.name().into()]).await?.iter().map(read).collect()
}

/// Records whose day has come, oldest first, at most `limit`, behind the one of this day and id.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn due(
    session: &impl Session,
    today: Date,
    behind: Option<(Date, KeptRecordId)>,
    limit: u32,
) -> Result<Vec<KeptRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM kept_record WHERE destroyed_at IS NULL AND destroy_on <= $1 \
         AND (destroy_on > $3 OR destroy_on = $3 AND id > $4) ORDER BY destroy_on, id LIMIT $2"
    );
    let (day, id) = behind.map_or((String::new(), 0), |(day, id)| (day.to_string(), id.0));
    let values = [today.to_string().into(), i64::from(limit).into(), day.into(), id.into()];
    query_all(session, &sql, values).await?.iter().map(read).collect()
}

/// Empties a record whose key is destroyed.
///
/// # Errors
/// [`StoreError::Conflict`] when that was done already.
pub async fn empty(
    transaction: &Transaction,
    id: KeptRecordId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE kept_record SET content = NULL, digest_key = NULL, stop_digest = NULL, \
               destroyed_at = $2 WHERE id = $1 AND destroyed_at IS NULL";
    change_one(transaction, "kept_record", sql, [id.0.into(), now.as_microsecond().into()]).await
}
