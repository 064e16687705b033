//! Mail in: mailbox → raw stored → read → classified → filed → server flag or move.
//!
//! This crate alone speaks IMAP, walks Maildirs, parses mail and checks DKIM. It decides nothing
//! about people: `classify` says what a mail asks for, `cases` files it. Mail is read in a child
//! process (`child`), because it is hostile until proven otherwise.

pub mod authenticate;
pub mod child;
pub mod imap;
pub mod maildir;
pub mod read;
