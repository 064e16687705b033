//! The end of a destruction: letters that settled late, and the address to which the answer went.

use domain::{Timestamp, ids::PlanId, plan::Whose};

use super::{Kept, emptying::ERASE_ADDRESSES, spell, values};
use crate::{
    error::StoreError,
    session::{Session, Transaction, execute, query_one},
};

/// What is left out where a law keeps letters.
const EMPTY_LETTERS: &str =
    "UPDATE delivery SET content = NULL, vault_key_id = NULL, reply_text = NULL WHERE id {letters}";

/// What is not there yet for a destruction to be proven.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Late {
    /// Letters to others about the person that have not left.
    pub letters: i64,
    /// Calls to connected systems that are not acknowledged.
    pub systems: i64,
    /// Copies on the mail server that are still there.
    pub copies: i64,
}

/// What is not there yet.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn late_rows(
    session: &impl Session,
    whose: &Whose,
    plan: PlanId,
) -> Result<Late, StoreError> {
    let dialect = session.dialect();
    let sql = "SELECT (SELECT COUNT(*) FROM delivery WHERE ticket_id {tickets} \
               AND state IN ('planned', 'claimed', 'deferred') AND NOT (address_id {addresses}) \
               AND id NOT IN (SELECT answer_id FROM request WHERE ticket_id {tickets} AND answer_id IS NOT NULL)) AS letters, \
               (SELECT COUNT(*) FROM system_call WHERE plan_id = $4 AND state IN ('planned', 'accepted', 'refused')) AS systems, \
               (SELECT COUNT(*) FROM message WHERE id {messages} AND erase_asked_at IS NOT NULL \
               AND copy_gone_at IS NULL AND state <> 'vanished' AND (uid IS NOT NULL OR maildir_key IS NOT NULL)) AS copies";
    let values = values(whose, plan.0, dialect);
    let row = query_one(session, &spell(sql, dialect), values).await?;
    Ok(Late {
        letters: row.get("delivery", "letters")?,
        systems: row.get("system_call", "systems")?,
        copies: row.get("message", "copies")?,
    })
}

/// The answer has left: its letter, the key of the matter and the address to which it went are
/// emptied. An address with which the person has begun a new matter stays.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn forget_answer(
    transaction: &Transaction,
    whose: &Whose,
    plan: PlanId,
    kept: Kept,
    now: Timestamp,
) -> Result<(), StoreError> {
    let dialect = transaction.dialect();
    // What came of the matter after its proof, such as a report that the answer came back.
    let late = [
        "UPDATE message SET erase_asked_at = $6 WHERE id {messages} AND erase_asked_at IS NULL",
        "UPDATE message SET object_id = NULL, vault_key_id = NULL WHERE id {messages}",
        "UPDATE submission SET content = NULL, object_id = NULL, vault_key_id = NULL, \
         old_vault_key_id = NULL, unkeyed = 0, language = NULL WHERE id {submissions}",
    ];
    for sql in late.into_iter().filter(|_| !kept.submissions).chain([
        EMPTY_LETTERS,
        "UPDATE delivery SET stop_digest = {zeros}, reply_text = NULL WHERE address_id {addresses} \
         AND (ticket_id IS NULL OR ticket_id {tickets}) AND (stop_digest <> {zeros} OR reply_text IS NOT NULL)",
        "UPDATE delivery_attempt SET reply_text = NULL WHERE reply_text IS NOT NULL \
         AND delivery_id IN (SELECT id FROM delivery WHERE address_id {addresses} AND (ticket_id IS NULL OR ticket_id {tickets}))",
        "UPDATE ticket SET vault_key_id = NULL, special = '', review = '' WHERE id {tickets}",
        // Of an address that somebody else has, too.
        "UPDATE ticket SET address_id = NULL WHERE id {tickets} AND address_id IS NOT NULL \
         AND NOT (address_id {addresses})",
        "UPDATE submission SET address_id = NULL WHERE ticket_id {tickets} AND address_id IS NOT NULL \
         AND NOT (address_id {addresses})",
        "UPDATE decision SET reasons = NULL WHERE request_id {requests} AND reasons IS NOT NULL",
        "UPDATE extension SET causes = NULL WHERE request_id {requests} AND causes IS NOT NULL",
        "UPDATE identity_proof SET note = NULL WHERE ticket_id {tickets} AND note IS NOT NULL",
        "UPDATE request_note SET content = NULL WHERE request_id {requests} AND content IS NOT NULL",
        "UPDATE plan SET postponed_reason = NULL WHERE request_id {requests}",
        "UPDATE system_call SET payload = NULL WHERE plan_id = $4 AND payload IS NOT NULL",
        "UPDATE system_notice SET contact_id = NULL WHERE plan_id = $4",
        ERASE_ADDRESSES,
    ]) {
        // Letters that a law keeps have their key by themselves; or an address that it keeps.
        if kept.letters && sql == EMPTY_LETTERS || kept.contact && sql == ERASE_ADDRESSES {
            continue;
        }
        let mut values = values(whose, plan.0, dialect);
        // As many as in `empty`, which has some of the same statements: PostgreSQL keeps them.
        values.extend([now.as_microsecond().into(), 0_i64.into()]);
        execute(transaction, &spell(sql, dialect), values).await?;
    }
    Ok(())
}
