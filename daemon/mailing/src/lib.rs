//! Mail out: the ledger's rows become mail, and what became of them returns to the ledger.
//!
//! The last step of the flow `out`: claim, gate, START, SMTP, END, outcome. `consentry` runs the
//! dispatch loop; nothing else in the daemon makes mail leave (invariant 1). The crate never
//! decides who may be mailed: that is `domain::gate`, and it never writes SQL: that is `store`.

// The tests inside and outside share a file that names this crate.
#[cfg(test)]
extern crate self as mailing;

pub mod campaigns;
pub mod dispatch;
pub mod dkim;
pub mod error;
pub mod letter;
pub mod maildir;
pub mod outcome;
pub mod outlet;
pub mod retry;
pub mod smtp;
pub mod stops;
pub mod wire_journal;

pub use dispatch::{
    BulkIdentity, Dispatch, Identity, Stream, Summary, Throttle, run, run_until_idle,
};
pub use error::MailingError;
pub use outcome::{Answer, EnhancedCode, Outcome};
pub use outlet::{Envelope, Notify, Outlet};
