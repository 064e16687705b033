//! Requests from receipt to proof: whole stories on real servers, with the clock moved over weeks.
//!
//! People write to hello@ by SMTP, answer challenges in a browser and read their mailbox; operators
//! use the command line; connected systems are called. What is promised in docs/requests.md is
//! looked at from outside.

mod asking;
mod dates;
mod erasure;
mod house;
mod killed;
mod retaining;
mod search;
mod standing;
mod stopping;
mod unlawful;
mod withdrawal;
