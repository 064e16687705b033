//! The harness: real servers from a temporary directory, scripted faults, letters and waiting.
//!
//! Everything listens on loopback ports that are reserved first, runs in the foreground as a child
//! of the test, and is ended by its process id when the value that owns it is dropped. Nothing
//! here depends on a shell crate of the product: the flows drive the built program from outside.

pub mod ambient;
pub mod certificates;
pub mod child;
pub mod connected_system;
pub mod daemon;
pub mod disk;
pub mod dkim;
pub mod hostile;
pub mod http;
pub mod imap;
pub mod letter;
pub mod log;
pub mod maildir;
pub mod newsroom;
pub mod place;
pub mod post;
pub mod scripted;
pub mod servers;
pub mod smtp;
pub mod soak;
pub mod wait;

pub use anyhow::Result;
