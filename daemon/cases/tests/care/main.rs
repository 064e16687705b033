//! What is kept how long, breaches, and questions about the policy, on SQLite and on PostgreSQL.

#[macro_use]
#[path = "../requests/both.rs"]
mod both;
#[allow(dead_code, reason = "the desk of the filing tests; not every hand of it is needed here")]
#[path = "../filing/desk.rs"]
mod desk;
#[allow(dead_code, reason = "the room of the request tests; not all of it is needed here")]
#[path = "../requests/room.rs"]
mod room;

mod incidents;
mod policy;
mod pruning;
mod retention;
