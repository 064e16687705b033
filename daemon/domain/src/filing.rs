//! What follows at once from one submission: the filing table (DESIGN §3).
//!
//! A pure function of the classification and a few facts; `cases` carries the result out in one
//! transaction. From a submission alone only protective, reversible acts follow (invariant 4).

mod acknowledgement;
mod effects;
mod merging;
mod published;
mod table;

pub use acknowledgement::{AcknowledgementFacts, Held, Reply, decide_acknowledgement};
pub use effects::{BlockTarget, PlannedBlock, ReviewReason};
pub use table::{FilingFacts, FilingPlan, Handling, NamedContact, Sender, plan_filing};

#[cfg(test)]
mod tests;
