//! The database: the only room that knows SQL.
//!
//! Everybody else calls a query named for its question, such as [`tickets::open_of_address`], on
//! a [`Store`] (reads) or inside a [`Transaction`] (writes), and gets types of `domain`. One SQL
//! text serves SQLite and PostgreSQL where it can; where they differ both stand side by side.
//! A row that fits no state is an error naming table and row, never a panic.

mod connect;
mod row;
mod session;

pub mod addresses;
pub mod alarms;
pub mod audit;
pub mod blocks;
pub mod campaigns;
pub mod care;
pub mod challenges;
pub mod consent_texts;
pub mod consents;
pub mod contacts;
pub mod corrections;
pub mod decisions;
pub mod deliveries;
pub mod destruction;
pub mod digest_keys;
pub mod disclosures;
pub mod duties;
pub mod error;
pub mod extensions;
pub mod holds;
pub mod identity;
pub mod imports;
pub mod incidents;
pub mod kept_records;
pub mod leases;
pub mod lists;
pub mod mailboxes;
pub mod messages;
pub mod nodes;
pub mod opt_ins;
pub mod outliving;
pub mod packages;
pub mod plans;
pub mod policies;
pub mod probe;
pub mod processing;
pub mod recipients;
pub mod rectifications;
pub mod register;
pub mod representations;
pub mod request_notes;
pub mod requests;
pub mod restorations;
pub mod retention;
pub mod stops;
pub mod subject_keys;
pub mod submissions;
pub mod subscriptions;
pub mod suppressions;
pub mod systems;
pub mod taking_back;
pub mod tasks;
pub mod throttles;
pub mod tickets;

pub use connect::{Dialect, Store, StoreConfig};
pub use error::StoreError;
pub use row::Row;
pub use session::{Session, Transaction};
