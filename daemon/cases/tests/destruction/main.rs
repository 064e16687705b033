//! Destruction on real databases: from the plan to the proof, killed anywhere, searched for in the
//! files. The same scenarios on SQLite and on PostgreSQL.

#[macro_use]
#[path = "../requests/both.rs"]
mod both;
#[allow(dead_code, reason = "the desk of the filing tests; not every hand of it is needed here")]
#[path = "../filing/desk.rs"]
mod desk;
#[allow(dead_code, reason = "the room of the tests of requests")]
#[path = "../requests/room.rs"]
mod room;

mod acts;
mod continuing;
mod ended;
#[allow(dead_code, reason = "shared by the files of this room")]
mod hands;
mod killed;
mod late;
mod letters;
mod searched;
mod whole;
mod words;
