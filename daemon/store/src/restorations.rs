//! What a restore writes: the hold on sending, what was under way and is uncertain now, and the
//! entries of the stop journals that the restored database did not know.
//!
//! Called by `cases::restoring`. While a restoration is not released nothing is claimed
//! ([`is_sending_held`]); it stands in the database before the database stands in its place.

use std::collections::HashSet;

use domain::{
    Timestamp,
    digest::Digest,
    ids::{AddressId, CampaignId, ContactId, JournalEntryId, StopNumber},
    journal::StopIntent,
    plan::Whose,
};

use crate::{
    connect::{Dialect, Store},
    destruction,
    error::StoreError,
    row::Row,
    session::{
        Session, Transaction, blobs, execute, is_one_of_blobs, placeholders, query_all, query_one,
        query_optional,
    },
    stops::StopKind,
};

/// Whether nothing may leave because a restoration waits for a person, as an SQL condition.
pub(crate) const IS_HELD: &str =
    "EXISTS (SELECT 1 FROM restoration WHERE restoration.released_at IS NULL)";

/// A restoration as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestorationRow {
    /// Its id.
    pub id: i64,
    /// When.
    pub restored_at: Timestamp,
    /// By whom.
    pub restored_by: String,
    /// What the journals brought back: JSON of counts, and from which backup.
    pub counts: String,
}

fn read(row: &Row) -> Result<RestorationRow, StoreError> {
    Ok(RestorationRow {
        id: row.get("restoration", "id")?,
        restored_at: row.instant("restoration", "restored_at")?,
        restored_by: row.get("restoration", "restored_by")?,
        counts: row.get("restoration", "counts")?,
    })
}

/// The restoration that waits for its release; the newest, if there are several.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn standing(session: &impl Session) -> Result<Option<RestorationRow>, StoreError> {
    let sql = "SELECT id, restored_at, restored_by, counts FROM restoration \
               WHERE released_at IS NULL ORDER BY id DESC LIMIT 1";
    query_optional(session, sql, []).await?.as_ref().map(read).transpose()
}

/// Whether nothing may leave.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn is_sending_held(session: &impl Session) -> Result<bool, StoreError> {
    let sql = format!("SELECT CAST(CASE WHEN {IS_HELD} THEN 1 ELSE 0 END AS BIGINT) AS held");
    Ok(query_one(session, &sql, []).await?.get::<i64>("restoration", "held")? == 1)
}

/// Begins one: from this commit on nothing leaves.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn begin(
    transaction: &Transaction,
    by: &str,
    counts: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO restoration (restored_at, restored_by, counts) VALUES ($1, $2, $3)";
    execute(transaction, sql, [now.as_microsecond().into(), by.into(), counts.into()]).await?;
    Ok(())
}

/// Writes down what it brought back.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn note(transaction: &Transaction, id: i64, counts: &str) -> Result<(), StoreError> {
    let sql = "UPDATE restoration SET counts = $2 WHERE id = $1 AND released_at IS NULL";
    execute(transaction, sql, [id.into(), counts.into()]).await?;
    Ok(())
}

/// A person looked: mail leaves again. Returns how many restorations that released.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn release(
    transaction: &Transaction,
    by: &str,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let sql = "UPDATE restoration SET released_at = $1, released_by = $2 WHERE released_at IS NULL";
    execute(transaction, sql, [now.as_microsecond().into(), by.into()]).await
}

/// Which of these entries the database knows.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn known(
    session: &impl Session,
    entries: &[JournalEntryId],
) -> Result<HashSet<JournalEntryId>, StoreError> {
    let mut known = HashSet::new();
    for chunk in entries.chunks(500) {
        for table in ["stop", "restored_entry"] {
            let sql = format!(
                "SELECT journal_id FROM {table} WHERE journal_id IN ({})",
                placeholders(1, chunk.len())
            );
            for row in
                query_all(session, &sql, chunk.iter().map(|id| id.to_string().into())).await?
            {
                known
                    .insert(row.parsed("stop", "journal_id", |id| JournalEntryId::parse(id).ok())?);
            }
        }
    }
    Ok(known)
}

/// Writes an entry of a journal as the stop that it was: with its id, its time and, where it has
/// one, its number.
///
/// # Errors
/// [`StoreError::Unavailable`]; [`StoreError::Conflict`] when another restore was first.
pub async fn record(
    transaction: &Transaction,
    intent: &StopIntent,
    number: Option<StopNumber>,
    kind: StopKind,
    made: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let stop = crate::stops::NewStop {
        journal: intent.id,
        kind,
        scope: intent.scope.as_str().to_owned(),
        digests: intent.digests.clone(),
        contact: None,
        block: None,
        submission: None,
    };
    crate::stops::record(transaction, &stop, intent.at).await?;
    if let Some(number) = number {
        let sql = "UPDATE stop SET number = $2 WHERE journal_id = $1 \
                   AND NOT EXISTS (SELECT 1 FROM stop AS other WHERE other.number = $2)";
        execute(transaction, sql, [intent.id.to_string().into(), number.0.into()]).await?;
    }
    let sql = "INSERT INTO restored_entry (journal_id, restored_at, number, act, scope, made) \
               VALUES ($1, $2, $3, $4, $5, $6)";
    let values = [
        intent.id.to_string().into(),
        now.as_microsecond().into(),
        number.map(|number| number.0).into(),
        intent.act.word().into(),
        intent.scope.as_str().into(),
        made.into(),
    ];
    execute(transaction, sql, values).await?;
    Ok(())
}

/// The stops that have no number yet, in the order of their making.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn unnumbered(session: &impl Session) -> Result<Vec<JournalEntryId>, StoreError> {
    let sql = "SELECT journal_id FROM stop WHERE number IS NULL ORDER BY id";
    let rows = query_all(session, sql, []).await?;
    rows.iter()
        .map(|row| row.parsed("stop", "journal_id", |id| JournalEntryId::parse(id).ok()))
        .collect()
}

/// Numbers go on above `number`, the highest that any journal knows.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn raise_sequence(
    transaction: &Transaction,
    number: StopNumber,
) -> Result<(), StoreError> {
    let sql = "UPDATE stop_sequence SET value = $1 WHERE id = 1 AND value < $1";
    execute(transaction, sql, [number.0.into()]).await?;
    Ok(())
}

/// Every mail that was not final is uncertain: it may have left after the backup was made. Called
/// after [`pause_campaigns`]. Returns how many.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn give_up_deliveries(
    transaction: &Transaction,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let sql = "UPDATE delivery SET state = 'uncertain', settled_at = $1, leased_until_at = NULL, \
               reply_text = 'restored from a backup; it may have left before' \
               WHERE state IN ('planned', 'claimed', 'deferred')";
    execute(transaction, sql, [now.as_microsecond().into()]).await
}

/// Pauses every campaign that sends or is about to; what was only scheduled needs another
/// approval of its time. Returns which.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn pause_campaigns(
    transaction: &Transaction,
    now: Timestamp,
) -> Result<Vec<CampaignId>, StoreError> {
    // What was frozen in part is frozen anew, by whoever approves its time again.
    const FREEZING: &str = "campaign_id IN (SELECT id FROM campaign WHERE state = 'freezing')";
    let sql = format!("DELETE FROM delivery WHERE {FREEZING} AND attempt = 0");
    execute(transaction, &sql, []).await?;
    execute(transaction, &format!("DELETE FROM campaign_exclusion WHERE {FREEZING}"), []).await?;
    let sql = "UPDATE campaign SET frozen_after = 0, frozen_to = NULL, candidates = 0, \
               audience_size = 0 WHERE state = 'freezing'";
    execute(transaction, sql, []).await?;
    let sql = "UPDATE campaign SET state = CASE WHEN state = 'running' THEN 'paused' ELSE 'held' END, \
               hold_reason = CASE WHEN state = 'running' THEN NULL ELSE 'late_start' END, \
               since_at = $1, changed_at = $1, revision = revision + 1 \
               WHERE state IN ('scheduled', 'freezing', 'running') RETURNING id";
    let rows = query_all(transaction, sql, [now.as_microsecond().into()]).await?;
    rows.iter().map(|row| Ok(CampaignId(row.get("campaign", "id")?))).collect()
}

/// Addresses with one of these exact digests (or, of stops, stop digests), and their contacts.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn addresses_of(
    session: &impl Session,
    exact: &[Digest],
) -> Result<Vec<(AddressId, Vec<ContactId>)>, StoreError> {
    let dialect = session.dialect();
    let sql = format!(
        "SELECT a.id AS id, c.contact_id AS contact_id FROM address a \
         LEFT JOIN contact_address c ON c.address_id = a.id WHERE a.exact_digest {} ORDER BY a.id, c.contact_id",
        is_one_of_blobs(1, dialect)
    );
    let values = [blobs(exact.iter().map(|digest| digest.bytes.as_slice()), dialect)];
    let mut found: Vec<(AddressId, Vec<ContactId>)> = Vec::new();
    for row in query_all(session, &sql, values).await? {
        let address = AddressId(row.get("address", "id")?);
        let contact = row.get::<Option<i64>>("contact_address", "contact_id")?.map(ContactId);
        match found.last_mut() {
            Some((last, contacts)) if *last == address => contacts.extend(contact),
            _ => found.push((address, contact.into_iter().collect())),
        }
    }
    Ok(found)
}

/// The objects that the database speaks of.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn objects(session: &impl Session) -> Result<HashSet<String>, StoreError> {
    let sql = "SELECT object_id AS object FROM message WHERE object_id IS NOT NULL \
               UNION SELECT object_id FROM package WHERE object_id IS NOT NULL \
               UNION SELECT object_id FROM vault_debt WHERE object_id IS NOT NULL \
               UNION SELECT object_id FROM submission WHERE object_id IS NOT NULL";
    query_all(session, sql, []).await?.iter().map(|row| row.get("message", "object")).collect()
}

/// The vault keys that rows of the database name.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn keys(session: &impl Session) -> Result<HashSet<String>, StoreError> {
    const TABLES: [&str; 11] = [
        "message",
        "submission",
        "contact",
        "ticket",
        "delivery",
        "package",
        "system_call",
        "recipient_notice",
        "kept_record",
        "incident",
        "vault_debt",
    ];
    let mut sql =
        "SELECT old_vault_key_id AS key_id FROM submission WHERE old_vault_key_id IS NOT NULL"
            .to_owned();
    for table in TABLES {
        sql += &format!(" UNION SELECT vault_key_id FROM {table} WHERE vault_key_id IS NOT NULL");
    }
    query_all(session, &sql, []).await?.iter().map(|row| row.get("message", "key_id")).collect()
}

impl Store {
    /// Writes a consistent copy of a SQLite database into a new file while others write; freed
    /// pages are not in it. Not yet durable on return.
    ///
    /// # Errors
    /// [`StoreError::Defect`] on PostgreSQL; [`StoreError::Unavailable`] when the file is there or
    /// cannot be written.
    pub async fn snapshot(&self, path: &std::path::Path) -> Result<(), StoreError> {
        if self.dialect() == Dialect::Postgres {
            return Err(StoreError::Defect("PostgreSQL is copied by pg_dump".to_owned()));
        }
        let path = path.to_str().ok_or_else(|| StoreError::Defect("a path is no UTF-8".into()))?;
        self.vacuum_into(path).await
    }
}

/// The keys under which the data of a person are sealed, those left out that another contact has.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn keys_of(session: &impl Session, whose: &Whose) -> Result<Vec<String>, StoreError> {
    const SQL: &str = "SELECT named.key_id AS key_id FROM (\
        SELECT vault_key_id AS key_id FROM submission WHERE id {submissions} \
        UNION SELECT old_vault_key_id FROM submission WHERE id {submissions} \
        UNION SELECT vault_key_id FROM message WHERE id {messages} \
        UNION SELECT vault_key_id FROM ticket WHERE id {tickets} \
        UNION SELECT vault_key_id FROM contact WHERE id = $1 \
        UNION SELECT vault_key_id FROM delivery WHERE id {letters} \
        UNION SELECT vault_key_id FROM package WHERE request_id {requests}) AS named \
        WHERE named.key_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM contact AS other \
        WHERE other.vault_key_id = named.key_id AND other.id <> $1)";
    let dialect = session.dialect();
    let values = destruction::values(whose, 0, dialect);
    let rows = query_all(session, &destruction::spell(SQL, dialect), values).await?;
    rows.iter().map(|row| row.get("message", "key_id")).collect()
}
