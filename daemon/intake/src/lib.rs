//! Mail in: mailbox → raw stored → read → classified → filed → server flag or move.
//!
//! This crate alone speaks IMAP, walks Maildirs, parses mail and checks DKIM. It decides nothing
//! about people: `classify` says what a mail asks for, `cases` files it. Mail is read in a child
//! process (`child`), because it is hostile until proven otherwise.

pub mod authenticate;
pub mod child;
mod desk;
mod erasing;
pub mod error;
mod folder;
pub mod imap;
pub mod maildir;
pub mod outcome;
pub mod poll;
pub mod read;
pub mod task;

pub use error::IntakeError;
pub use outcome::{Ending, Outcome};
pub use poll::{poll_once, run};
pub use task::{Beat, MailSource, Mailbox, MailboxTask};
