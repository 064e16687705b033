//! The paper rows of an import, vouched for by a second operator: for each the proven event is
//! written, with the words that were signed, and the subscription may be mailed. In chunks; done
//! twice it writes nothing twice.

use domain::{Timestamp, ids::ImportId};

use crate::{
    connect::Dialect,
    error::StoreError,
    session::{Session, Transaction, change_one, execute, query_one, query_optional},
};

/// Who attests what.
#[derive(Debug, Clone, Copy)]
pub struct Attesting<'a> {
    /// The import.
    pub import: ImportId,
    /// The version of the consent text of rows that name none.
    pub version: Option<i64>,
    /// The operator.
    pub actor: &'a str,
    /// When.
    pub now: Timestamp,
}

/// What one chunk did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attestation {
    /// Paper rows that are proven now.
    pub attested: u64,
    /// Paper rows left as they were: their list is archived.
    pub archived_list: u64,
    /// Paper rows left as they were: they name a text that we do not have.
    pub unknown_text: u64,
    /// Where the next chunk begins; none at the end.
    pub next: Option<i64>,
}

/// The words of the two dialects about the evidence of an event `e`.
struct Evidence {
    /// Whether it rests on paper, as the import found.
    on_paper: &'static str,
    /// The text that was tied to it at the import.
    text: &'static str,
    /// The policy that was tied to it.
    policy: &'static str,
    /// Whether it names a text at all.
    names_text: &'static str,
    /// The date of the document in microseconds.
    document_at: &'static str,
    /// The evidence of the proven event: that of the claimed one, who vouches for it, and for
    /// which words.
    proven: &'static str,
}

const SQLITE: Evidence = Evidence {
    on_paper: "json_extract(e.evidence, '$.on_paper') = 1",
    text: "json_extract(e.evidence, '$.text.id')",
    policy: "json_extract(e.evidence, '$.policy.id')",
    names_text: "json_extract(e.evidence, '$.text_version') IS NOT NULL",
    document_at: "unixepoch(json_extract(e.evidence, '$.document_at')) * 1000000",
    proven: "json_patch(e.evidence, json_object('method', 'paper', 'attested_by', $4, 'attests', e.id, \
             'text_named_by', COALESCE(json_extract(e.evidence, '$.text_named_by'), 'operator'), \
             'advertiser', t.advertiser, 'text', json_object('id', t.id, 'version', t.version, 'locale', t.locale, \
             'sha256', lower(hex(t.sha256))), 'policy', json(CASE WHEN p.id IS NOT NULL THEN json_object('id', p.id, \
             'version', p.version, 'locale', p.locale, 'url', p.url, 'sha256', lower(hex(p.sha256))) END)))",
};

const POSTGRES: Evidence = Evidence {
    on_paper: "e.evidence::jsonb -> 'on_paper' = 'true'::jsonb",
    text: "(e.evidence::jsonb #>> '{text,id}')::bigint",
    policy: "(e.evidence::jsonb #>> '{policy,id}')::bigint",
    names_text: "e.evidence::jsonb ->> 'text_version' IS NOT NULL",
    document_at: "CAST(EXTRACT(EPOCH FROM (e.evidence::jsonb ->> 'document_at')::timestamptz) * 1000000 AS BIGINT)",
    proven: "(e.evidence::jsonb || jsonb_strip_nulls(jsonb_build_object('method', 'paper', 'attested_by', $4::text, \
             'attests', e.id, 'text_named_by', COALESCE(e.evidence::jsonb ->> 'text_named_by', 'operator'), \
             'advertiser', t.advertiser, 'text', jsonb_build_object('id', t.id, 'version', t.version, 'locale', t.locale, \
             'sha256', encode(t.sha256, 'hex')), 'policy', CASE WHEN p.id IS NOT NULL THEN jsonb_build_object('id', p.id, \
             'version', p.version, 'locale', p.locale, 'url', p.url, 'sha256', encode(p.sha256, 'hex')) END)))::text",
};

impl Evidence {
    fn of(dialect: Dialect) -> &'static Self {
        match dialect {
            Dialect::Sqlite => &SQLITE,
            Dialect::Postgres => &POSTGRES,
        }
    }

    /// The paper rows of import `$1` behind `$2` up to `$3` that wait: a subscription that was left
    /// meanwhile, or whose consent was withdrawn since, does not.
    fn waiting(&self) -> String {
        format!(
            "consent_event AS e JOIN subscription AS s ON s.id = e.subscription_id JOIN list AS l ON l.id = s.list_id \
             WHERE e.import_id = $1 AND e.id > $2 AND e.id <= $3 AND e.act = 'granted' AND {on_paper} \
             AND s.state = 'confirmed' AND s.consent_id IS NULL \
             AND NOT EXISTS (SELECT 1 FROM consent_event AS w WHERE w.address_id = e.address_id AND w.act = 'withdrawn' \
                 AND w.purpose = e.purpose AND (w.list IS NULL OR w.list = e.list) AND w.id > e.id) \
             AND NOT EXISTS (SELECT 1 FROM consent_event AS w WHERE w.contact_id = e.contact_id AND w.act = 'withdrawn' \
                 AND w.purpose = e.purpose AND (w.list IS NULL OR w.list = e.list) AND w.id > e.id)",
            on_paper = self.on_paper
        )
    }

    /// The row of the words that were signed: those tied at the import; else the version the
    /// operator named, `${parameter}`; else, if the row names none either, the newest that was
    /// there on the document's date, else the first. In the person's language where there is one.
    fn text_id(&self, parameter: u8) -> String {
        let Self { text, names_text, document_at, .. } = self;
        format!(
            // SQLite knows nothing of the rows outside in ORDER BY: the ranks are columns.
            "COALESCE({text}, (SELECT r.id FROM (SELECT o.id AS id, \
             CASE WHEN o.locale = (SELECT c.locale FROM contact AS c WHERE c.id = e.contact_id) THEN 0 ELSE 1 END AS foreign_words, \
             CASE WHEN o.created_at <= {document_at} THEN 0 ELSE 1 END AS came_later, \
             CASE WHEN o.created_at <= {document_at} THEN -o.version ELSE o.version END AS place \
             FROM consent_text AS o WHERE o.list_id = l.id AND (o.version = CAST(${parameter} AS BIGINT) \
             OR (CAST(${parameter} AS BIGINT) IS NULL AND NOT ({names_text})))) AS r \
             ORDER BY r.foreign_words, r.came_later, r.place, r.id LIMIT 1))"
        )
    }
}

/// The name of a list whose papers cannot be proven by an import: it has no consent text, or not
/// the one of the version that is named for rows without one.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn list_without_text(
    session: &impl Session,
    import: ImportId,
    version: Option<i64>,
) -> Result<Option<String>, StoreError> {
    let evidence = Evidence::of(session.dialect());
    let sql = format!(
        "SELECT l.name AS name FROM {waiting} AND l.archived_at IS NULL AND {text} IS NULL AND NOT EXISTS \
         (SELECT 1 FROM consent_text AS o WHERE o.list_id = l.id \
         AND (CAST($4 AS BIGINT) IS NULL OR o.version = CAST($4 AS BIGINT))) LIMIT 1",
        waiting = evidence.waiting(),
        text = evidence.text,
    );
    let values = [import.0.into(), 0_i64.into(), i64::MAX.into(), version.into()];
    query_optional(session, &sql, values).await?.map(|row| row.get("list", "name")).transpose()
}

/// Attests up to `limit` events of an import after the event `after`. Who attested stands in the
/// import's row only when something was proven.
///
/// # Errors
/// [`StoreError::Unavailable`]; [`StoreError::Conflict`] when the import is gone or unfinished.
pub async fn attest_chunk(
    transaction: &Transaction,
    attesting: &Attesting<'_>,
    after: i64,
    limit: u32,
) -> Result<Attestation, StoreError> {
    let import = attesting.import;
    // The row's lock lets one attestation work at a time.
    let sql = "UPDATE contact_import SET finished_at = finished_at WHERE id = $1 AND finished_at IS NOT NULL";
    change_one(transaction, "the import", sql, [import.0.into()]).await?;
    let sql = "SELECT COUNT(*) AS n, MAX(id) AS last FROM (SELECT id FROM consent_event \
               WHERE import_id = $1 AND id > $2 ORDER BY id LIMIT $3) AS chunk";
    let values = [import.0.into(), after.into(), i64::from(limit).into()];
    let row = query_one(transaction, sql, values).await?;
    let seen: i64 = row.get("consent_event", "n")?;
    let Some(last) = row.get::<Option<i64>>("consent_event", "last")? else {
        return Ok(Attestation { attested: 0, archived_list: 0, unknown_text: 0, next: None });
    };
    let evidence = Evidence::of(transaction.dialect());
    let sql = format!(
        "INSERT INTO consent_event (contact_id, address_id, purpose, list, act, grade, capture_point, at, evidence, \
         subscription_id, import_id, actor, text_id, policy_id) \
         WITH paper AS MATERIALIZED (SELECT e.*, {text} AS signed_text, {policy} AS signed_policy, \
             {document_at} AS signed_at FROM {waiting} AND l.archived_at IS NULL) \
         SELECT e.contact_id, e.address_id, e.purpose, e.list, 'confirmed', 'proven', 'paper', $5, {proven}, \
         e.subscription_id, e.import_id, $4, t.id, p.id FROM paper AS e \
         JOIN consent_text AS t ON t.id = e.signed_text \
         LEFT JOIN policy_version AS p ON p.id = COALESCE(e.signed_policy, (SELECT h.id FROM policy_version AS h \
             WHERE h.locale = t.locale AND h.effective_from_at <= e.signed_at \
             ORDER BY h.effective_from_at DESC, h.id DESC LIMIT 1)) \
         ORDER BY e.id",
        proven = evidence.proven,
        text = evidence.text_id(6),
        policy = evidence.policy,
        document_at = evidence.document_at,
        waiting = evidence.waiting(),
    );
    let values = [
        import.0.into(),
        after.into(),
        last.into(),
        attesting.actor.into(),
        attesting.now.as_microsecond().into(),
        attesting.version.into(),
    ];
    execute(transaction, &sql, values).await?;
    let attested = point_at_proven(transaction, import, last).await?;
    if attested > 0 {
        sign(transaction, attesting).await?;
    }
    let (archived_list, unknown_text) = left(transaction, import, after, last).await?;
    let next = (seen == i64::from(limit)).then_some(last);
    Ok(Attestation { attested, archived_list, unknown_text, next })
}

/// What still waits of a chunk: papers for archived lists, and papers whose words are not known.
async fn left(
    transaction: &Transaction,
    import: ImportId,
    after: i64,
    last: i64,
) -> Result<(u64, u64), StoreError> {
    let sql = format!(
        "SELECT COUNT(*) AS n, COALESCE(SUM(CASE WHEN l.archived_at IS NOT NULL THEN 1 ELSE 0 END), 0) AS archived \
         FROM {}",
        Evidence::of(transaction.dialect()).waiting()
    );
    let row = query_one(transaction, &sql, [import.0.into(), after.into(), last.into()]).await?;
    let (all, archived): (i64, i64) =
        (row.get("consent_event", "n")?, row.get("consent_event", "archived")?);
    let count = |n: i64| u64::try_from(n).unwrap_or_default();
    Ok((count(archived), count(all - archived)))
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

/// Writes down who attested last, and when. Each attestation is an audit event besides.
async fn sign(transaction: &Transaction, attesting: &Attesting<'_>) -> Result<(), StoreError> {
    let sql = "UPDATE contact_import SET attested_by = $2, attested_at = $3 WHERE id = $1 AND finished_at IS NOT NULL";
    let values =
        [attesting.import.0.into(), attesting.actor.into(), attesting.now.as_microsecond().into()];
    change_one(transaction, "the import", sql, values).await
}
