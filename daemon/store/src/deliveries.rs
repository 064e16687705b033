//! The ledger: one row for each outgoing mail to one recipient.

mod planning;

pub use planning::{NewDelivery, acknowledged_since, count_since, plan};
