//! How many records of each part belong to a person and still hold something: asked for the plan,
//! before and after the rows are emptied, and again at the end.

use domain::{
    ids::PlanId,
    plan::{Counts, Method, Part, Whose},
};

use super::{spell, values};
use crate::{
    error::StoreError,
    session::{Session, query_one},
};

/// One count for each part: what still says who it was, or what was said.
const HELD: [(Part, &str); 19] = [
    (Part::Contact, "SELECT COUNT(*) FROM contact WHERE id = $1 AND anonymised_at IS NULL"),
    // A matter that the person began meanwhile keeps its address.
    (
        Part::Addresses,
        "SELECT COUNT(*) FROM address WHERE id {addresses} AND erased_at IS NULL \
         AND NOT EXISTS (SELECT 1 FROM ticket AS newer WHERE newer.address_id = address.id AND NOT (newer.id {tickets}))",
    ),
    (Part::Subscriptions, "SELECT COUNT(*) FROM subscription WHERE id {subscriptions} {standing}"),
    (Part::OptIns, "SELECT COUNT(*) FROM opt_in WHERE subscription_id {subscriptions}"),
    (
        Part::Consents,
        "SELECT COUNT(*) FROM (SELECT id FROM consent_event WHERE contact_id = $1 \
         UNION SELECT id FROM consent_event WHERE address_id {addresses}) AS events",
    ),
    (
        Part::Tickets,
        "SELECT COUNT(*) FROM ticket WHERE id {tickets} \
         AND (contact_id = $1 OR vault_key_id IS NOT NULL OR special <> '')",
    ),
    (
        Part::Submissions,
        "SELECT COUNT(*) FROM submission WHERE id {submissions} \
         AND (content IS NOT NULL OR vault_key_id IS NOT NULL OR old_vault_key_id IS NOT NULL)",
    ),
    (
        Part::RawMail,
        "SELECT COUNT(*) FROM message WHERE id {messages} AND (object_id IS NOT NULL OR vault_key_id IS NOT NULL)",
    ),
    (
        Part::ServerCopies,
        "SELECT COUNT(*) FROM message WHERE id {messages} AND copy_gone_at IS NULL AND state <> 'vanished' \
         AND (uid IS NOT NULL OR maildir_key IS NOT NULL)",
    ),
    (
        Part::Letters,
        "SELECT COUNT(*) FROM delivery WHERE id {letters} AND (content IS NOT NULL OR vault_key_id IS NOT NULL)",
    ),
    (
        Part::Deliveries,
        "SELECT COUNT(*) FROM delivery WHERE address_id {addresses} AND (ticket_id IS NULL OR ticket_id {tickets}) AND (stop_digest <> {zeros} \
         OR reply_text IS NOT NULL OR EXISTS (SELECT 1 FROM delivery_attempt AS tried \
         WHERE tried.delivery_id = delivery.id AND tried.reply_text IS NOT NULL))",
    ),
    (
        Part::Notes,
        "SELECT (SELECT COUNT(*) FROM correction WHERE submission_id {submissions} AND note IS NOT NULL) \
         + (SELECT COUNT(*) FROM decision WHERE request_id {requests} AND reasons IS NOT NULL) \
         + (SELECT COUNT(*) FROM extension WHERE request_id {requests} AND causes IS NOT NULL) \
         + (SELECT COUNT(*) FROM identity_proof WHERE ticket_id {tickets} AND note IS NOT NULL) \
         + (SELECT COUNT(*) FROM representation WHERE (ticket_id {tickets} OR contact_id = $1) AND length(paper) > 0) \
         + (SELECT COUNT(*) FROM request_note WHERE request_id {requests} AND content IS NOT NULL) \
         + (SELECT COUNT(*) FROM plan WHERE request_id {requests} AND postponed_reason IS NOT NULL) \
         + (SELECT COUNT(*) FROM block WHERE (basis_words IS NOT NULL OR lift_words IS NOT NULL) \
         AND (ticket_id IS NULL OR NOT (ticket_id {newer})) AND id IN (SELECT id FROM block WHERE contact_id = $1 \
         UNION SELECT id FROM block WHERE address_id {addresses} UNION SELECT id FROM block WHERE ticket_id {tickets})) \
         + (SELECT COUNT(*) FROM block_exception WHERE length(reason) > 0 AND block_id IN (SELECT id FROM block \
         WHERE ticket_id IS NULL OR NOT (ticket_id {newer})) AND block_id IN (SELECT id FROM block WHERE contact_id = $1 \
         UNION SELECT id FROM block WHERE address_id {addresses} UNION SELECT id FROM block WHERE ticket_id {tickets})) \
         + (SELECT COUNT(*) FROM unblock_notice WHERE (words IS NOT NULL OR note IS NOT NULL) \
         AND block_id IN (SELECT id FROM block WHERE contact_id = $1 UNION SELECT id FROM block WHERE address_id {addresses} \
         UNION SELECT id FROM block WHERE ticket_id {tickets})) \
         + (SELECT COUNT(*) FROM rectification WHERE contact_id = $1 OR request_id {requests}) \
         + (SELECT COUNT(*) FROM challenge WHERE address_id {addresses} AND state = 'open' AND NOT (ticket_id {newer})) \
         + (SELECT COUNT(*) FROM legal_hold WHERE contact_id = $1 OR ticket_id {tickets} AND lift_words IS NOT NULL)",
    ),
    (
        Part::Packages,
        "SELECT (SELECT COUNT(*) FROM package WHERE request_id {requests} AND destroyed_at IS NULL) \
         + (SELECT COUNT(*) FROM system_export WHERE request_id {requests} AND content IS NOT NULL)",
    ),
    (
        Part::Notices,
        "SELECT COUNT(*) FROM system_call WHERE id {calls} AND (payload IS NOT NULL OR vault_key_id IS NOT NULL)",
    ),
    (Part::Disclosures, "SELECT COUNT(*) FROM disclosure WHERE contact_id = $1"),
    (
        Part::Blocks,
        "SELECT COUNT(*) FROM (SELECT id FROM block WHERE contact_id = $1 \
         UNION SELECT id FROM block WHERE address_id {addresses} AND state = 'active' \
         AND (ticket_id IS NULL OR NOT (ticket_id {newer})) \
         UNION SELECT id FROM block WHERE ticket_id {tickets} AND state = 'active' AND contact_id IS NULL \
         AND address_id IS NULL) AS blocking",
    ),
    (Part::Stops, "SELECT COUNT(*) FROM stop WHERE contact_id = $1"),
    (
        Part::Tasks,
        "SELECT COUNT(*) FROM task WHERE ticket_id {tickets} AND done_at IS NULL AND name <> 'tell_recipient'",
    ),
    (
        Part::Exports,
        "SELECT COUNT(*) FROM export_record WHERE destroyed_at IS NULL \
         AND at >= (SELECT created_at FROM contact WHERE id = $1)",
    ),
];

/// How many records of each part still hold something of the person; parts without any are left
/// out. What is made anonymous stays as a row that says nothing.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn counts(
    session: &impl Session,
    whose: &Whose,
    plan: Option<PlanId>,
    method: Method,
) -> Result<Counts, StoreError> {
    let dialect = session.dialect();
    let standing = match method {
        Method::Destroy => "",
        Method::Anonymise => "AND state <> 'unsubscribed'",
    };
    let columns: Vec<String> =
        HELD.iter().map(|(part, sql)| format!("({sql}) AS n_{}", part.name())).collect();
    let sql = format!("SELECT {}", columns.join(", ")).replace("{standing}", standing);
    let values = values(whose, plan.map_or(0, |id| id.0), dialect);
    let row = query_one(session, &spell(&sql, dialect), values).await?;
    let mut counts = Counts::new();
    for (part, _) in HELD {
        let n: i64 = row.get("plan", &format!("n_{}", part.name()))?;
        if n > 0 {
            counts.insert(part, n);
        }
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_that_is_counted_has_its_count() {
        let counted: Vec<Part> = HELD.iter().map(|(part, _)| *part).collect();
        let expected: Vec<Part> =
            Part::ALL.iter().copied().filter(|part| part.is_counted()).collect();
        assert_eq!(counted, expected);
    }

    /// What may stand in bytes without being emptied and counted.
    const OTHERWISE: [(&str, &str, &str); 2] = [
        ("kept_record", "content", "outlives a destruction under a key of its own"),
        ("incident", "content", "a breach, of many people, under a key of its own"),
    ];

    /// Every column of bytes of a schema file, with its table.
    fn columns_of_bytes(text: &str) -> Vec<(String, String)> {
        let mut table = String::new();
        let mut found = Vec::new();
        for line in text.lines().map(str::trim) {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["CREATE", "TABLE", name, ..] => table = (*name).to_owned(),
                ["ALTER", "TABLE", name, "ADD", "COLUMN", column, kind, ..]
                    if kind.starts_with("{bytes}") =>
                {
                    found.push(((*name).to_owned(), (*column).to_owned()));
                }
                [column, kind, ..] if kind.starts_with("{bytes}") => {
                    found.push((table.clone(), (*column).to_owned()));
                }
                _ => {}
            }
        }
        found
    }

    #[test]
    fn whatever_is_sealed_is_emptied_and_counted() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/src");
        let mut sealed = Vec::new();
        for folder in std::fs::read_dir(root).expect("the schema").flatten() {
            for file in std::fs::read_dir(folder.path()).into_iter().flatten().flatten() {
                let text = std::fs::read_to_string(file.path()).expect("readable");
                sealed.extend(columns_of_bytes(&text));
            }
        }
        // What shows nobody's words.
        let is_digest = |column: &str| {
            ["digest", "hash", "sha256", "fingerprint", "form_key"]
                .iter()
                .any(|word| column.contains(word))
        };
        sealed.retain(|(_, column)| !is_digest(column));
        assert!(sealed.len() > 15, "the schema was read: {sealed:?}");
        for (table, column) in &sealed {
            if OTHERWISE.iter().any(|(one, other, _)| one == table && other == column) {
                continue;
            }
            let deletes = format!("DELETE FROM {table} ");
            let updates = format!("UPDATE {table} SET ");
            let empties = [format!("{column} = NULL"), format!("{column} = {{empty}}")];
            let statements = || super::super::emptying::STATEMENTS.iter().map(|(_, sql)| *sql);
            let is_deleted = statements().any(|sql| sql.starts_with(&deletes));
            let is_emptied = statements().any(|sql| {
                sql.starts_with(&updates)
                    && empties.iter().any(|empty| sql.contains(empty.as_str()))
            });
            assert!(is_deleted || is_emptied, "{table}.{column} survives a destruction");
            let (from, held) = (
                format!("FROM {table} WHERE "),
                [format!("{column} IS NOT NULL"), format!("length({column}) > 0")],
            );
            let is_counted = HELD.iter().flat_map(|(_, sql)| sql.split(" + ")).any(|sql| {
                let asks = held.iter().any(|held| sql.contains(held.as_str()));
                sql.contains(&from) && (asks || is_deleted)
                // A package is its file: it is destroyed as a whole.
            });
            assert!(is_counted, "nobody sees that {table}.{column} is left");
        }
    }
}
