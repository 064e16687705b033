//! The words of consent events: what was done, and how well it can be shown.
//!
//! Events are append-only: a withdrawal, and the correction of a misreading, are events too.

use serde::{Deserialize, Serialize};

use crate::words::words;

/// What an event records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentAct {
    /// Given, not confirmed from the mailbox.
    Granted,
    /// Confirmed from the mailbox.
    Confirmed,
    /// Taken back.
    Withdrawn,
}

words!(ConsentAct { Granted => "granted", Confirmed => "confirmed", Withdrawn => "withdrawn" });

impl ConsentAct {
    /// Whether a consent stands after it.
    #[must_use]
    pub fn stands(self) -> bool {
        match self {
            Self::Granted | Self::Confirmed => true,
            Self::Withdrawn => false,
        }
    }
}

/// How well a consent can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// By double opt-in, or by attested signed paper: advertising may rest on it.
    Proven,
    /// Somebody says so.
    Claimed,
    /// A withdrawal needs none.
    None,
}

words!(Grade { Proven => "proven", Claimed => "claimed", None => "none" });
