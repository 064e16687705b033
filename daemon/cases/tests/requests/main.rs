//! Requests carried to their end on real databases: the same scenarios on SQLite and on
//! PostgreSQL. One file for each part of the life of a request; in each, `both!` runs them.

#[macro_use]
mod both;
#[allow(dead_code, reason = "the desk of the filing tests; not every hand of it is needed here")]
#[path = "../filing/desk.rs"]
mod desk;
#[allow(dead_code, reason = "what one part of the tests needs another may not")]
mod room;

mod access;
mod acting;
mod audited;
mod blocks;
mod correction;
mod deciding;
mod disowned;
mod eyes;
mod held_elsewhere;
mod identity;
mod kept_again;
mod links;
mod opened;
mod overtaken;
mod parties;
mod proof;
mod publication;
mod represented;
mod restoring;
mod room_itself;
mod rules;
mod settled;
mod systems;
mod taken_up;
mod timing;
mod whole;
