//! The rows of a person are emptied: in one transaction, every kind of record by its own words.

use domain::{
    Timestamp,
    ids::{AddressId, PlanId},
    plan::{Draft, Method, Part, Whose},
};

use super::{spell, values};
use crate::{
    connect::Dialect,
    error::StoreError,
    session::{Session, Transaction, execute},
};

/// What a law keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    /// Name, telephone number and addresses.
    pub contact: bool,
    /// Texts and the mails they came in.
    pub submissions: bool,
    /// Our letters.
    pub letters: bool,
    /// Events of consent as they are.
    pub consents: bool,
}

impl Kept {
    /// What a plan keeps.
    #[must_use]
    pub fn of(plan: &Draft) -> Self {
        Self {
            contact: plan.is_kept(Part::Contact),
            submissions: plan.is_kept(Part::Submissions),
            letters: plan.is_kept(Part::Letters),
            consents: plan.is_kept(Part::Consents),
        }
    }

    fn keeps(self, part: Part) -> bool {
        match part {
            Part::Contact | Part::Addresses | Part::Blocks => self.contact,
            Part::Submissions | Part::RawMail => self.submissions,
            Part::Letters => self.letters,
            Part::Consents => self.consents,
            _ => false,
        }
    }
}

/// In their order: what refers goes before what it refers to. `$6` is the instant, `$7` the
/// address to which the answer goes (0: none).
pub(super) const STATEMENTS: [(Part, &str); 40] = [
    (
        Part::Packages,
        "UPDATE package SET state = 'void', destroyed_at = $6, token_digest = NULL WHERE request_id {requests} AND destroyed_at IS NULL",
    ),
    (
        Part::Packages,
        "UPDATE system_export SET content = NULL, destroyed_at = $6 WHERE request_id {requests} AND content IS NOT NULL",
    ),
    (
        Part::Notices,
        "UPDATE system_call SET payload = NULL, vault_key_id = NULL, state = CASE \
        WHEN state IN ('planned', 'accepted', 'refused') THEN 'moot' ELSE state END WHERE id {calls}",
    ),
    (
        Part::Notices,
        "UPDATE system_notice SET contact_id = NULL WHERE contact_id = $1 AND (plan_id IS NULL OR plan_id <> $4)",
    ),
    (
        Part::Notes,
        "UPDATE correction SET note = NULL WHERE submission_id {submissions} AND note IS NOT NULL",
    ),
    (
        Part::Notes,
        "UPDATE decision SET reasons = NULL WHERE request_id {requests} AND reasons IS NOT NULL",
    ),
    (
        Part::Notes,
        "UPDATE extension SET causes = NULL WHERE request_id {requests} AND causes IS NOT NULL",
    ),
    (
        Part::Notes,
        "UPDATE identity_proof SET note = NULL WHERE ticket_id {tickets} AND note IS NOT NULL",
    ),
    (
        Part::Notes,
        "UPDATE request_note SET content = NULL WHERE request_id {requests} AND content IS NOT NULL",
    ),
    (
        Part::Notes,
        "UPDATE plan SET postponed_reason = NULL WHERE request_id {requests} AND postponed_reason IS NOT NULL",
    ),
    (
        Part::Notes,
        "UPDATE representation SET paper = {empty}, contact_id = NULL \
        WHERE ticket_id {tickets} OR contact_id = $1",
    ),
    (Part::Notes, "DELETE FROM rectification WHERE contact_id = $1 OR request_id {requests}"),
    (
        Part::Notes,
        "UPDATE challenge SET state = 'void', settled_at = $6 WHERE address_id {addresses} AND state = 'open' \
        AND NOT (ticket_id {newer})",
    ),
    (
        Part::Notes,
        "UPDATE legal_hold SET lift_words = NULL, lift_reason = CASE WHEN lift_reason IS NULL THEN NULL ELSE 'over' END \
        WHERE ticket_id {tickets} OR contact_id = $1",
    ),
    (Part::Notes, "UPDATE legal_hold SET contact_id = NULL WHERE contact_id = $1"),
    // What people of ours wrote of blocks; older ones in clear, newer ones sealed.
    (
        Part::Notes,
        "UPDATE block SET basis_words = NULL, lift_words = NULL, \
        basis = CASE WHEN submission_id IS NULL THEN 'by_hand' ELSE basis END, \
        lift_reason = CASE WHEN lift_reason IS NULL THEN NULL ELSE 'emptied' END \
        WHERE (ticket_id IS NULL OR NOT (ticket_id {newer})) AND id IN (SELECT id FROM block WHERE contact_id = $1 \
        UNION SELECT id FROM block WHERE address_id {addresses} UNION SELECT id FROM block WHERE ticket_id {tickets})",
    ),
    (
        Part::Notes,
        "UPDATE block_exception SET reason = {empty} WHERE block_id IN (SELECT id FROM block \
        WHERE ticket_id IS NULL OR NOT (ticket_id {newer})) AND block_id IN (SELECT id FROM block WHERE contact_id = $1 \
        UNION SELECT id FROM block WHERE address_id {addresses} UNION SELECT id FROM block WHERE ticket_id {tickets})",
    ),
    (
        Part::Notes,
        "UPDATE unblock_notice SET words = NULL, note = NULL, reason = 'emptied' WHERE block_id IN \
        (SELECT id FROM block WHERE contact_id = $1 UNION SELECT id FROM block WHERE address_id {addresses} \
        UNION SELECT id FROM block WHERE ticket_id {tickets})",
    ),
    (
        Part::ServerCopies,
        "UPDATE message SET erase_asked_at = $6 WHERE id {messages} AND erase_asked_at IS NULL",
    ),
    (Part::RawMail, "UPDATE message SET object_id = NULL, vault_key_id = NULL WHERE id {messages}"),
    (
        Part::Submissions,
        "UPDATE submission SET content = NULL, object_id = NULL, vault_key_id = NULL, \
        old_vault_key_id = NULL, unkeyed = 0, language = NULL WHERE id {submissions}",
    ),
    // Of an address that somebody else has, too: this was not that person's letter.
    (
        Part::Tickets,
        "UPDATE submission SET address_id = NULL WHERE ticket_id {tickets} AND address_id IS NOT NULL \
        AND NOT (address_id {addresses}) AND address_id <> $7",
    ),
    (
        Part::Letters,
        "UPDATE delivery SET content = NULL, vault_key_id = NULL, reply_text = NULL WHERE id {letters}",
    ),
    (
        Part::Deliveries,
        "UPDATE delivery SET stop_digest = {zeros}, reply_text = NULL \
        WHERE address_id {addresses} AND (ticket_id IS NULL OR ticket_id {tickets}) AND (stop_digest <> {zeros} OR reply_text IS NOT NULL)",
    ),
    (
        Part::Deliveries,
        "UPDATE delivery_attempt SET reply_text = NULL WHERE reply_text IS NOT NULL \
        AND delivery_id IN (SELECT id FROM delivery WHERE address_id {addresses} AND (ticket_id IS NULL OR ticket_id {tickets}))",
    ),
    (Part::OptIns, "DELETE FROM opt_in WHERE subscription_id {subscriptions}"),
    (Part::Subscriptions, "{end_subscriptions}"),
    (
        Part::Consents,
        "UPDATE consent_event SET contact_id = NULL, address_id = NULL, evidence = '{}' \
        WHERE id IN (SELECT id FROM consent_event WHERE contact_id = $1 \
        UNION SELECT id FROM consent_event WHERE address_id {addresses})",
    ),
    (
        Part::Blocks,
        "UPDATE block SET stop_digest = {zeros}, digest_key = 0 WHERE contact_id = $1 \
        AND address_id IS NULL AND stop_digest IS NULL",
    ),
    (
        Part::Blocks,
        "UPDATE block SET state = 'lifted', lifted_at = $6, lifted_by = 'consentry', \
        lift_reason = 'destroyed' WHERE state = 'active' AND (ticket_id IS NULL OR NOT (ticket_id {newer})) \
        AND id IN (SELECT id FROM block WHERE contact_id = $1 \
        UNION SELECT id FROM block WHERE address_id {addresses} \
        UNION SELECT id FROM block WHERE ticket_id {tickets} AND contact_id IS NULL AND address_id IS NULL)",
    ),
    (Part::Blocks, "UPDATE block SET contact_id = NULL WHERE contact_id = $1"),
    (Part::Stops, "UPDATE stop SET contact_id = NULL WHERE contact_id = $1"),
    (Part::Disclosures, "UPDATE disclosure SET contact_id = NULL WHERE contact_id = $1"),
    (
        Part::Tasks,
        "UPDATE task SET done_at = $6, done_by = 'consentry' WHERE ticket_id {tickets} AND done_at IS NULL AND name <> 'tell_recipient'",
    ),
    (
        Part::Tickets,
        "UPDATE ticket SET contact_id = NULL, vault_key_id = NULL, special = '', review = '' WHERE id {tickets}",
    ),
    // A matter that came meanwhile stays, without the person it was linked to.
    (Part::Tickets, "UPDATE ticket SET contact_id = NULL WHERE contact_id = $1"),
    (
        Part::Submissions,
        "UPDATE submission SET unkeyed = 0 WHERE unkeyed = 1 AND ticket_id {tickets}",
    ),
    (Part::Addresses, "DELETE FROM contact_address WHERE contact_id = $1"),
    (Part::Addresses, "{erase_addresses} AND id <> $7"),
    (Part::Contact, "{end_contact}"),
];

/// What makes a tombstone of an address, unless a new matter, a contact or a fresh wish has it.
pub(super) const ERASE_ADDRESSES: &str = "UPDATE address SET email = '', exact_key = 'erased:' || CAST(id AS TEXT), \
    exact_digest = {zeros}, stop_digest = {zeros}, erased_at = $6 WHERE id {addresses} AND erased_at IS NULL \
    AND NOT EXISTS (SELECT 1 FROM contact_address AS held WHERE held.address_id = address.id) \
    AND NOT EXISTS (SELECT 1 FROM subscription AS wish WHERE wish.address_id = address.id AND wish.state <> 'unsubscribed') \
    AND NOT EXISTS (SELECT 1 FROM ticket AS newer WHERE newer.address_id = address.id AND NOT (newer.id {tickets}))";

/// No bytes, in a column that must have some value.
fn empty_blob(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "zeroblob(0)",
        Dialect::Postgres => "CAST('' AS BYTEA)",
    }
}

/// Empties the rows of a person but for what is kept and the address to which the answer goes.
/// Repeating it is harmless.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn empty(
    transaction: &Transaction,
    whose: &Whose,
    plan: (PlanId, Method),
    kept: Kept,
    reply: Option<AddressId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let dialect = transaction.dialect();
    let (end_subscriptions, end_contact) = match plan.1 {
        Method::Destroy => (
            "DELETE FROM subscription WHERE id {subscriptions}",
            "DELETE FROM contact WHERE id = $1",
        ),
        Method::Anonymise => (
            "UPDATE subscription SET state = 'unsubscribed', left_at = $6, since_at = $6, consent_id = NULL, \
             opted_in_at = NULL WHERE id {subscriptions} AND state <> 'unsubscribed'",
            "UPDATE contact SET name = '', phone = '', vault_key_id = NULL, anonymised_at = $6 \
             WHERE id = $1 AND anonymised_at IS NULL",
        ),
    };
    for (part, sql) in STATEMENTS {
        if kept.keeps(part) {
            continue;
        }
        let sql = sql
            .replace("{end_subscriptions}", end_subscriptions)
            .replace("{end_contact}", end_contact)
            .replace("{erase_addresses}", ERASE_ADDRESSES)
            .replace("{empty}", empty_blob(dialect));
        let mut values = values(whose, plan.0.0, dialect);
        values.extend([now.as_microsecond().into(), reply.map_or(0, |id| id.0).into()]);
        execute(transaction, &spell(&sql, dialect), values).await?;
    }
    if kept.contact && !kept.submissions && !kept.letters {
        // Its key is destroyed with all that was under it.
        let sql = "UPDATE contact SET vault_key_id = NULL WHERE id = $1";
        execute(transaction, sql, [whose.contact.map_or(0, |id| id.0).into()]).await?;
    }
    Ok(())
}
