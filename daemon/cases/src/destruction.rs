//! The destruction of a person's data: planned, shown, approved, carried out stage by stage, proven.
//!
//! A plan is made by people ([`Cases::plan_destruction`]) and decided on like every request. The
//! daemon then carries it out ([`Cases::carry_out_due`]): each stage is one transaction that also
//! moves the plan to the next, so that a process that dies anywhere is followed by one that goes
//! on. What lies outside the database (objects, keys, copies on the mail server) is destroyed
//! after the rows that named it, from a list written in the same transaction, and repeating it is
//! harmless. It never decides what is destroyed: that is `domain::plan`.

mod answering;
mod closing;
mod continuing;
mod emptying;
mod erasing;
mod failing;
mod moments;
mod patience;
mod planning;
mod postponing;
mod protecting;
mod proving;
mod running;
mod telling;
mod vaulting;
mod wiping;
mod wording;

use std::time::Duration;

use domain::{
    ids::{ContactId, PlanId},
    plan::{Keep, Method, Part, Uncovered},
};

use crate::CasesError;

pub use erasing::Erasure;
pub use proving::Leftover;

/// What a plan is to be made of.
#[derive(Debug, Clone)]
pub struct PlanOrder {
    /// How.
    pub method: Method,
    /// Whose data, where several contacts have the address.
    pub contact: Option<ContactId>,
    /// What a law keeps.
    pub keeps: Vec<Keep>,
}

impl Default for PlanOrder {
    fn default() -> Self {
        Self { method: Method::Destroy, contact: None, keeps: Vec::new() }
    }
}

/// What a pass did with a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// All stages are done.
    Closed,
    /// It waits for something that comes by itself, in one word.
    Waiting(&'static str),
    /// It was put aside: what is there is not what was approved.
    Void(String),
    /// A stage failed; it is tried again.
    Failed(String),
}

/// What became of one stage of one plan.
#[derive(Debug)]
enum Staged {
    /// On to the next stage.
    Done,
    /// Not yet.
    Wait(&'static str, Duration),
    /// What is there is not what was approved.
    Uncovered(String),
    /// Something is left that should be gone.
    Left(Vec<Leftover>),
}

fn plan_subject(plan: PlanId) -> String {
    format!("plan:{plan}")
}

fn refused(rule: &'static str, reason: impl Into<String>) -> CasesError {
    CasesError::Refused { rule, reason: reason.into() }
}

impl From<Uncovered> for Staged {
    fn from(uncovered: Uncovered) -> Self {
        Self::Uncovered(uncovered.word())
    }
}

/// Parts whose rows are emptied in the one transaction; the others have stages of their own.
fn is_emptied_with_the_rows(part: Part) -> bool {
    part.is_counted() && !matches!(part, Part::ServerCopies | Part::Exports)
}
