//! Whole passes over a mailbox: what is recorded, read, filed, marked, and what survives what.

mod deaths;
mod erasing;
mod faults;
mod maildir;
mod room;
mod server;
