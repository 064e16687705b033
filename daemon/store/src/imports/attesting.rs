//! The paper rows of an import, vouched for by a second operator: for each the proven event is
//! written and the subscription may be mailed. In chunks; done twice it writes nothing twice.

use domain::{Timestamp, ids::ImportId};

use crate::{
    connect::Dialect,
    error::StoreError,
    session::{Session, Transaction, change_one, execute, query_one},
};

/// What one chunk did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attestation {
    /// Paper rows that are proven now.
    pub attested: u64,
    /// Where the next chunk begins; none at the end.
    pub next: Option<i64>,
}

/// Whether an event rests on paper: it names a document and its date.
fn on_paper(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "json_extract(e.evidence, '$.document_number') <> '' AND json_extract(e.evidence, '$.document_date') <> ''"
        }
        Dialect::Postgres => {
            "e.evidence::jsonb ->> 'document_number' <> '' AND e.evidence::jsonb ->> 'document_date' <> ''"
        }
    }
}

/// The evidence of the proven event: that of the claimed one, and who vouches for it.
fn evidence(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "json_patch(e.evidence, json_object('method', 'paper', 'attested_by', $4, 'attests', e.id))"
        }
        Dialect::Postgres => {
            "(e.evidence::jsonb || jsonb_build_object('method', 'paper', 'attested_by', $4::text, 'attests', e.id))::text"
        }
    }
}

/// Attests up to `limit` events of an import after the event `after`. A subscription that was
/// left meanwhile, or whose consent was withdrawn since, is passed over.
///
/// # Errors
/// [`StoreError::Unavailable`]; [`StoreError::Conflict`] when the import is gone or unfinished.
pub async fn attest_chunk(
    transaction: &Transaction,
    import: ImportId,
    after: i64,
    limit: u32,
    actor: &str,
    now: Timestamp,
) -> Result<Attestation, StoreError> {
    // The row's lock lets one attestation work at a time.
    let sql =
        "UPDATE contact_import SET attested_by = $2 WHERE id = $1 AND finished_at IS NOT NULL";
    change_one(transaction, "the import", sql, [import.0.into(), actor.into()]).await?;
    let sql = "SELECT COUNT(*) AS n, MAX(id) AS last FROM (SELECT id FROM consent_event \
               WHERE import_id = $1 AND id > $2 ORDER BY id LIMIT $3) AS chunk";
    let values = [import.0.into(), after.into(), i64::from(limit).into()];
    let row = query_one(transaction, sql, values).await?;
    let seen: i64 = row.get("consent_event", "n")?;
    let last: Option<i64> = row.get("consent_event", "last")?;
    let Some(last) = last else { return Ok(Attestation { attested: 0, next: None }) };
    let dialect = transaction.dialect();
    let sql = format!(
        "INSERT INTO consent_event (contact_id, address_id, purpose, list, act, grade, capture_point, at, evidence, \
         subscription_id, import_id, actor) \
         SELECT e.contact_id, e.address_id, e.purpose, e.list, 'confirmed', 'proven', 'paper', $5, {evidence}, \
         e.subscription_id, e.import_id, $4 FROM consent_event AS e \
         JOIN subscription AS s ON s.id = e.subscription_id \
         WHERE e.import_id = $1 AND e.id > $2 AND e.id <= $3 AND e.act = 'granted' AND {on_paper} \
         AND s.state = 'confirmed' AND s.consent_id IS NULL \
         AND NOT EXISTS (SELECT 1 FROM consent_event AS w WHERE w.address_id = e.address_id AND w.act = 'withdrawn' \
             AND w.purpose = e.purpose AND (w.list IS NULL OR w.list = e.list) AND w.id > e.id) \
         AND NOT EXISTS (SELECT 1 FROM consent_event AS w WHERE w.contact_id = e.contact_id AND w.act = 'withdrawn' \
             AND w.purpose = e.purpose AND (w.list IS NULL OR w.list = e.list) AND w.id > e.id) \
         ORDER BY e.id",
        evidence = evidence(dialect),
        on_paper = on_paper(dialect),
    );
    let values =
        [import.0.into(), after.into(), last.into(), actor.into(), now.as_microsecond().into()];
    execute(transaction, &sql, values).await?;
    let attested = point_at_proven(transaction, import, last).await?;
    let next = (seen == i64::from(limit)).then_some(last);
    Ok(Attestation { attested, next })
}

/// The subscriptions point at the events just written: they have the greatest numbers.
async fn point_at_proven(
    transaction: &Transaction,
    import: ImportId,
    after: i64,
) -> Result<u64, StoreError> {
    let sql = "UPDATE subscription SET consent_id = (SELECT MIN(p.id) FROM consent_event AS p \
               WHERE p.import_id = $1 AND p.id > $2 AND p.act = 'confirmed' AND p.subscription_id = subscription.id) \
               WHERE state = 'confirmed' AND consent_id IS NULL AND id IN (SELECT subscription_id FROM consent_event \
               WHERE import_id = $1 AND id > $2 AND act = 'confirmed')";
    execute(transaction, sql, [import.0.into(), after.into()]).await
}

/// Writes down that all paper rows of an import are attested.
///
/// # Errors
/// [`StoreError::Conflict`] when the import is gone.
pub async fn finish_attestation(
    transaction: &Transaction,
    import: ImportId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql =
        "UPDATE contact_import SET attested_at = $2 WHERE id = $1 AND finished_at IS NOT NULL";
    change_one(transaction, "the import", sql, [import.0.into(), now.as_microsecond().into()]).await
}
