//! Contacts: brought in from files with the evidence of their consents, attested, handed out,
//! shown.
//!
//! Called by the command line and, later, the console. A file is read in a thread of its own in
//! chunks of checked rows; each chunk is held against what is known, decided by
//! [`planning::plan`] and written in one transaction. An import revives nobody and overwrites
//! nothing; every reading of contacts is audited.

pub mod attesting;
pub mod cells;
pub mod counts;
pub mod encoding;
pub mod exporting;
pub mod importing;
pub mod mapping;
pub mod papers;
pub mod planning;
pub mod reading;
pub mod records;
pub mod row;
pub mod showing;

pub use attesting::Attested;
pub use counts::Counts;
pub use exporting::{Export, Held};
pub use importing::{ImportError, ImportNews, ImportOrder, ImportReport, Mode};
pub use row::RowError;
