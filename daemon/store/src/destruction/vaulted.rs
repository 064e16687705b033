//! Objects and keys of the vault that go with the rows that name them: written down in the same
//! transaction, destroyed after it, one by one.

use domain::{Timestamp, ids::PlanId, plan::Whose};

use super::{Kept, spell, values};
use crate::{
    error::StoreError,
    session::{Session, Transaction, execute, query_all, query_one},
};

/// What is in the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VaultedKind {
    /// An object.
    Object,
    /// A key.
    Key,
}

/// An object or a key that a plan destroys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vaulted {
    /// Which.
    pub kind: VaultedKind,
    /// Its id.
    pub id: String,
    /// When it was destroyed.
    pub destroyed_at: Option<Timestamp>,
}

/// Where they are named: what, by which part it is kept, and the question. A key is taken only
/// where nothing that stays is under it.
const NAMED: [(&str, Under, &str); 11] = [
    (
        "object",
        Under::Submissions,
        "SELECT object_id AS vault_id FROM submission WHERE id {submissions}",
    ),
    ("object", Under::Submissions, "SELECT object_id FROM message WHERE id {messages}"),
    (
        "object",
        Under::Nothing,
        "SELECT object_id FROM package WHERE request_id {requests} AND destroyed_at IS NULL",
    ),
    (
        "key",
        Under::Submissions,
        "SELECT vault_key_id AS vault_id FROM submission WHERE id {submissions}",
    ),
    ("key", Under::Submissions, "SELECT old_vault_key_id FROM submission WHERE id {submissions}"),
    ("key", Under::Submissions, "SELECT vault_key_id FROM message WHERE id {messages}"),
    ("key", Under::Matter, "SELECT vault_key_id FROM ticket WHERE id {tickets}"),
    ("key", Under::Matter, "SELECT vault_key_id FROM contact WHERE id = $1"),
    ("key", Under::Matter, "SELECT vault_key_id FROM delivery WHERE id {letters}"),
    (
        "key",
        Under::Nothing,
        "SELECT vault_key_id FROM package WHERE request_id {requests} AND destroyed_at IS NULL",
    ),
    ("key", Under::Nothing, "SELECT vault_key_id FROM system_call WHERE id {calls}"),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Under {
    /// Destroyed whatever is kept.
    Nothing,
    /// Needed while texts are kept.
    Submissions,
    /// Needed while letters are kept, or texts are under it: the key of the matter.
    Matter,
}

/// Writes down what the rows of the person name, before they are emptied. Never a key that
/// another contact has, or under which a letter to somebody else still waits.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn collect(
    transaction: &Transaction,
    whose: &Whose,
    plan: PlanId,
    kept: Kept,
) -> Result<u64, StoreError> {
    let dialect = transaction.dialect();
    let mut collected = 0;
    for kind in ["object", "key"] {
        let questions: Vec<&str> = NAMED
            .iter()
            .filter(|(named, under, _)| {
                *named == kind
                    && match under {
                        Under::Nothing => true,
                        Under::Submissions => !kept.submissions,
                        Under::Matter => !kept.letters,
                    }
            })
            .map(|(_, _, sql)| *sql)
            .collect();
        let needed = if kept.submissions {
            "AND NOT EXISTS (SELECT 1 FROM submission AS held WHERE held.vault_key_id = named.vault_id \
             AND held.id {submissions})"
        } else {
            ""
        };
        // A letter that is kept is read with its key, whatever else was under it.
        let of_letters = if kept.letters {
            "AND NOT EXISTS (SELECT 1 FROM delivery AS kept WHERE kept.vault_key_id = named.vault_id \
             AND kept.content IS NOT NULL AND kept.id {letters})"
        } else {
            ""
        };
        let sql = format!(
            "INSERT INTO plan_object (plan_id, kind, vault_id) SELECT $4, '{kind}', named.vault_id \
             FROM ({}) AS named WHERE named.vault_id IS NOT NULL \
             AND NOT EXISTS (SELECT 1 FROM contact AS other WHERE other.vault_key_id = named.vault_id AND other.id <> $1) \
             AND NOT EXISTS (SELECT 1 FROM delivery AS waiting WHERE waiting.ticket_id {{tickets}} \
             AND waiting.vault_key_id = named.vault_id AND waiting.state IN ('planned', 'claimed', 'deferred')) \
             {needed} {of_letters} ON CONFLICT (plan_id, kind, vault_id) DO NOTHING",
            // The first names the column, whichever of the others are asked.
            [&["SELECT CAST(NULL AS TEXT) AS vault_id"], questions.as_slice()]
                .concat()
                .join(" UNION ")
        );
        collected +=
            execute(transaction, &spell(&sql, dialect), values(whose, plan.0, dialect)).await?;
    }
    Ok(collected)
}

/// Everything that a plan destroys in the vault.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_plan(session: &impl Session, plan: PlanId) -> Result<Vec<Vaulted>, StoreError> {
    let sql = "SELECT kind, vault_id, destroyed_at FROM plan_object WHERE plan_id = $1 ORDER BY kind, vault_id";
    let rows = query_all(session, sql, [plan.0.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Vaulted {
                kind: row.parsed("plan_object", "kind", |word| match word {
                    "object" => Some(VaultedKind::Object),
                    "key" => Some(VaultedKind::Key),
                    _ => None,
                })?,
                id: row.get("plan_object", "vault_id")?,
                destroyed_at: row.instant_option("plan_object", "destroyed_at")?,
            })
        })
        .collect()
}

/// How many of them are not destroyed yet.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn outstanding(session: &impl Session, plan: PlanId) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM plan_object WHERE plan_id = $1 AND destroyed_at IS NULL";
    query_one(session, sql, [plan.0.into()]).await?.get("plan_object", "n")
}

/// Writes down that all of a plan's are destroyed.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn mark_destroyed(
    transaction: &Transaction,
    plan: PlanId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql =
        "UPDATE plan_object SET destroyed_at = $2 WHERE plan_id = $1 AND destroyed_at IS NULL";
    execute(transaction, sql, [plan.0.into(), now.as_microsecond().into()]).await?;
    Ok(())
}
