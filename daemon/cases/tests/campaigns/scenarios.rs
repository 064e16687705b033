//! What the desk promises, told as scenes. Each gets a fresh room.

mod approving;
mod archiving;
mod counting;
mod looking;
mod machine;
mod stopping;

pub use self::{approving::*, archiving::*, counting::*, looking::*, machine::*, stopping::*};

pub const BORIS: &str = "boris@mail.example";
pub const VERA: &str = "vera@mail.example";
