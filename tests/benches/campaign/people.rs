//! The people whom the benchmark writes to, and the stops of others.

use anyhow::Result;
use store::{Dialect, Store, probe};

/// Rows that one statement of the preparation writes.
const AT_ONCE: u64 = 100_000;

/// People with an address each, confirmed to one list with a consent that can be shown; beside
/// them as many blocks and suppressions of others as a gate has to look through.
pub async fn prepare(store: &Store, people: u64) -> Result<()> {
    probe::write(
        store,
        "INSERT INTO list (id, name, purpose, title_ru, title_en, advertiser, created_at, created_by) \
         VALUES (1, 'news', 'newsletter', 'Новости', 'News', 'ООО «Модель»', 1, 'bench')",
    )
    .await?;
    let digest = match store.dialect() {
        Dialect::Sqlite => "randomblob(32)",
        Dialect::Postgres => "sha256(convert_to(random()::text || i::text, 'UTF8'))",
    };
    let mut from = 1;
    while from <= people {
        let to = (from + AT_ONCE - 1).min(people);
        let numbers = format!(
            "WITH RECURSIVE n (i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i < {to})"
        );
        for (into, select) in [
            ("contact (id, name, source, created_at)", "i, 'Имя ' || i, 'import', 1".to_owned()),
            (
                "address (id, email, exact_key, digest_key, exact_digest, stop_digest, created_at)",
                format!(
                    "i, 'person' || i || '@mail.example', 'person' || i || '@mail.example', 1, {digest}, {digest}, 1"
                ),
            ),
            ("contact_address (contact_id, address_id, since_at)", "i, i, 1".to_owned()),
            (
                "consent_event (id, contact_id, address_id, purpose, act, grade, capture_point, at, evidence)",
                "i, i, i, 'newsletter', 'granted', 'proven', 'paper', 1, '{}'".to_owned(),
            ),
            (
                "subscription (id, list_id, contact_id, address_id, state, since_at, consent_id, created_at)",
                "i, 1, i, i, 'confirmed', 1, i, 1".to_owned(),
            ),
        ] {
            probe::write(store, &format!("INSERT INTO {into} {numbers} SELECT {select} FROM n"))
                .await?;
        }
        from = to + 1;
    }
    let strangers =
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)";
    for (into, select) in [
        (
            "suppression (digest_key, exact_digest, stop_digest, reason, source, since_at)",
            format!("1, {digest}, {digest}, 'hard_bounce', 'bench', 1"),
        ),
        (
            "block (scope, digest_key, stop_digest, basis, authentication, state, from_at)",
            format!("'marketing', 1, {digest}, 'bench', 'pass', 'active', 1"),
        ),
    ] {
        probe::write(store, &format!("INSERT INTO {into} {strangers} SELECT {select} FROM n"))
            .await?;
    }
    if store.dialect() == Dialect::Postgres {
        probe::write(store, "ANALYZE").await?;
    }
    Ok(())
}
