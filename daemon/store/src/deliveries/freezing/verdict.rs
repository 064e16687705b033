//! The gate for advertising, as an SQL expression over a subscription `s` and its address `a`.
//!
//! It gives the place of the first reason that holds in [`WithholdReason`], or [`PASSES`]. The
//! questions are scalar subqueries on purpose: each is a look into an index for each candidate,
//! and neither planner turns them into a join over whole tables. A property test in `mailing`
//! holds it against `domain::gate`.

use domain::{
    block::Field,
    delivery::WithholdReason as W,
    gate::{SuppressionReason, SuppressionReason as S},
};

use crate::connect::Dialect;

/// Greater than the place of any reason.
pub(super) const PASSES: i64 = 99;
/// A candidate that became a row.
pub(super) const PLANTED: i64 = -1;
pub(super) const NO_ADDRESS: i64 = W::NoAddress as i64;
pub(super) const DUPLICATE: i64 = W::DuplicateAddress as i64;

/// The expression; `$4` is now.
pub(super) fn verdict(dialect: Dialect) -> String {
    let least = match dialect {
        Dialect::Sqlite => "MIN",
        Dialect::Postgres => "LEAST",
    };
    let blocked = blocked();
    format!(
        "{least}(\
         CASE s.state WHEN 'confirmed' THEN {PASSES} WHEN 'unsubscribed' THEN {unsubscribed} ELSE {pending} END, \
         CASE WHEN s.consent_id IS NULL THEN {no_consent} ELSE {PASSES} END, \
         COALESCE((SELECT MIN({suppressed}) FROM suppression x WHERE x.stop_digest = a.stop_digest \
         AND x.lifted_at IS NULL AND (x.until_at IS NULL OR x.until_at > $4)), {PASSES}), \
         COALESCE((SELECT MIN({blocked}) FROM block b WHERE b.stop_digest = a.stop_digest \
         AND b.state = 'active'), {PASSES}), \
         COALESCE((SELECT MIN({blocked}) FROM contact_address c JOIN block b ON b.contact_id = c.contact_id \
         AND b.state = 'active' WHERE c.address_id = s.address_id), {PASSES}))",
        unsubscribed = W::Unsubscribed as i64,
        pending = W::NotConfirmed as i64,
        no_consent = W::NoProvenConsent as i64,
        suppressed = suppressed(),
    )
}

/// The place of a suppression `x`; the person's own later double opt-in outweighs two of them
/// (`Suppressed::is_outweighed_by`).
fn suppressed() -> String {
    let arms: String = SuppressionReason::ALL
        .iter()
        .map(|reason| {
            let (place, outweighed) = match reason {
                S::Erased => (W::Erased, true),
                S::HardBounce => (W::HardBounce, false),
                S::Complaint => (W::Complaint, false),
                S::Manual => (W::Manual, false),
                S::UnsubscribedAll => (W::UnsubscribedAll, true),
            };
            let place = place as i64;
            let word = reason.name();
            if outweighed {
                format!(
                    "WHEN x.reason = '{word}' THEN \
                     CASE WHEN s.opted_in_at > x.since_at THEN {PASSES} ELSE {place} END "
                )
            } else {
                format!("WHEN x.reason = '{word}' THEN {place} ")
            }
        })
        .collect();
    format!("CASE {arms}END")
}

/// The place of a block `b`. Purposes and fields are JSON arrays of words that hold no quotes.
fn blocked() -> String {
    format!(
        "CASE WHEN b.scope = 'full' THEN {full} WHEN b.scope = 'marketing' THEN {marketing} \
         WHEN b.scope = 'purposes' AND b.purposes LIKE \
         '%\"' || (SELECT l.purpose FROM list l WHERE l.id = s.list_id) || '\"%' THEN {purpose} \
         WHEN b.scope = 'fields' AND b.fields LIKE '%\"{email}\"%' THEN {purpose} ELSE {PASSES} END",
        full = W::FullBlock as i64,
        marketing = W::MarketingBlock as i64,
        purpose = W::PurposeBlock as i64,
        email = Field::Email.name(),
    )
}
