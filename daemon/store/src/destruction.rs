//! A destruction in SQL: whose rows they are, how many of each kind, and how they are emptied.
//!
//! Called by `cases` alone, which carries out a plan of `domain`. Every question is asked by the
//! same three lists (contact, addresses, tickets) before and after, so that what was counted,
//! what was removed and what is left is told by one table, [`counting`].

mod answering;
pub mod counting;
mod emptying;
mod finding;
mod keeping;
mod protecting;
mod vaulted;
mod wiping;

use domain::plan::Whose;
use sea_orm::Value;

pub use answering::{Late, forget_answer, late_rows};
pub use emptying::{Kept, empty};
pub use finding::{Found, Known, erased_before, find, known, other_requests, standing_holds};
pub use keeping::{ConsentRow, consents_of};
pub use protecting::{exports_of, letters_waiting, note_about, own_addresses, under_way, withhold};
pub use vaulted::{Vaulted, VaultedKind, collect, mark_destroyed, of_plan, outstanding};
pub use wiping::{TOO_LARGE, Wiped, in_the_way, keeps_behind, too_large, wipe, wipe_all};

use crate::{
    connect::Dialect,
    session::{is_found_by_numbers, numbers},
};

/// The person and the plan of a statement, as its first parameters: `$1` the contact (0: none),
/// `$2` addresses, `$3` tickets, `$4` the plan, `$5` 32 zeros.
pub(crate) fn values(whose: &Whose, plan: i64, dialect: Dialect) -> Vec<Value> {
    vec![
        whose.contact.map_or(0, |id| id.0).into(),
        numbers(whose.addresses.iter().map(|id| id.0), dialect),
        numbers(whose.tickets.iter().map(|id| id.0), dialect),
        plan.into(),
        vec![0_u8; 32].into(),
    ]
}

/// Which rows belong to the person; after a destruction their links of deliveries, submissions
/// and messages still tell.
const BELONGING: [(&str, &str); 7] = [
    (
        "{messages}",
        "IN (SELECT id FROM message WHERE id IN (SELECT message_id FROM submission WHERE id {submissions} \
         AND message_id IS NOT NULL) UNION SELECT id FROM message WHERE same_as IN (SELECT message_id \
         FROM submission WHERE id {submissions} AND message_id IS NOT NULL))",
    ),
    (
        "{submissions}",
        "IN (SELECT id FROM submission WHERE ticket_id {tickets} \
         UNION SELECT id FROM submission WHERE address_id {addresses} AND (ticket_id IS NULL OR ticket_id {tickets}) \
         UNION SELECT s.id FROM delivery AS told JOIN submission AS s ON s.about_id = told.id \
         WHERE told.address_id {addresses} AND s.about_id IS NOT NULL AND s.ticket_id IS NULL \
         UNION SELECT s.id FROM delivery AS told JOIN submission AS s ON s.confirmation_id = told.id \
         WHERE told.address_id {addresses} AND s.confirmation_id IS NOT NULL AND s.ticket_id IS NULL)",
    ),
    (
        "{subscriptions}",
        "IN (SELECT id FROM subscription WHERE contact_id = $1 UNION SELECT id FROM subscription WHERE address_id {addresses})",
    ),
    (
        // Ours to the person, and those to others about the person once they are on their way.
        "{letters}",
        "IN (SELECT id FROM delivery WHERE address_id {addresses} AND campaign_id IS NULL \
         AND (ticket_id IS NULL OR ticket_id {tickets}) \
         UNION SELECT id FROM delivery WHERE ticket_id {tickets} \
         AND state NOT IN ('planned', 'claimed', 'deferred'))",
    ),
    (
        // Begun with an address of the person after the plan was made: a matter of its own.
        "{newer}",
        "IN (SELECT id FROM ticket WHERE address_id {addresses} AND NOT (id {tickets}))",
    ),
    ("{requests}", "IN (SELECT id FROM request WHERE ticket_id {tickets})"),
    (
        // Not those of the plan itself: they are told, and then settled.
        "{calls}",
        "IN (SELECT id FROM system_call WHERE (ticket_id {tickets} OR notice_id IN (SELECT id FROM system_notice \
         WHERE contact_id = $1)) AND (plan_id IS NULL OR plan_id <> $4))",
    ),
];

/// Puts the lists of the person into a statement.
pub(crate) fn spell(sql: &str, dialect: Dialect) -> String {
    let mut text = sql.to_owned();
    for (word, spelled) in BELONGING {
        text = text.replace(word, spelled);
    }
    text.replace("{addresses}", &is_found_by_numbers(2, dialect))
        .replace("{tickets}", &is_found_by_numbers(3, dialect))
        .replace("{zeros}", "$5")
}
