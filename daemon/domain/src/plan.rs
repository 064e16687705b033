//! The plan of a destruction: what is destroyed of a person, what is kept and why.
//!
//! [`Draft::make`] is the decision: from what was counted and what must be kept to the steps that
//! a person is shown. What is approved is [`Draft::hash`]; what is found at the execution must be
//! covered by it ([`Draft::uncovered`]). [`Stage`] is the order in which it is carried out.

mod draft;
mod keep;
mod part;
mod postponement;
mod stage;

pub use draft::{Counts, Draft, Facts, PlanError, Step, Uncovered};
pub use keep::{Basis, Keep, KeepError};
pub use part::{Action, Part};
pub use postponement::{
    POSTPONED_TOLD_AFTER, PostponeError, Postponed, latest_postponement, postponed_for,
};
pub use stage::{PlanState, Stage};

use serde::{Deserialize, Serialize};

pub use crate::act::Method;
use crate::{
    ids::{AddressId, ContactId, TicketId},
    words::words,
};

/// Whose data: a contact with the addresses that are nobody else's, and the tickets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Whose {
    /// The contact; none when the person is known by an address alone.
    pub contact: Option<ContactId>,
    /// Addresses that no other contact has, in the order of their ids.
    pub addresses: Vec<AddressId>,
    /// The tickets, in the order of their ids.
    pub tickets: Vec<TicketId>,
}

/// What was found of the person: three outcomes that a person must be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Finding {
    /// Data beside this correspondence are held: they are destroyed now.
    Held,
    /// They were erased before.
    ErasedBefore,
    /// Nothing but this correspondence was ever held.
    NeverHeld,
}

words!(Finding {
    Held => "held", ErasedBefore => "erased_before", NeverHeld => "never_held",
});

#[cfg(test)]
mod tests;
