//! Servers that follow a script of faults: what a real server does once in a year, on demand.

mod acceptor;
pub mod counting;
pub mod imap;
mod imap_connection;
pub mod imap_mailbox;
pub mod smtp;

pub use counting::CountingSmtp;
pub use imap::{ImapFault, ScriptedImap};
pub use smtp::{ScriptedSmtp, SmtpFault};
