//! The closed words of a regime file: names of requests and duties, units, starting events.
//!
//! Each is the same word in data files, tables, JSON and on the command line.

use serde::{Deserialize, Serialize};

use crate::{classification::Label, words::words};

/// The name of a request: the label that opens it, or what a person or the daemon opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestName {
    /// Delete my data.
    Erasure,
    /// Correct my data.
    Rectification,
    /// Block my data.
    Restriction,
    /// What do you hold.
    Access,
    /// I withdraw my consent.
    ConsentWithdrawal,
    /// Stop processing.
    Objection,
    /// Stop advertising.
    StopMarketing,
    /// Take down what was published.
    StopPublication,
    /// The data are used without right.
    UnlawfulProcessing,
    /// An authority asks for information; opened by the mark authority.
    AuthorityRequest,
    /// An authority demands a block; opened by a person.
    AuthorityBlock,
    /// Objection to a decision made by a machine alone; opened by a person.
    AutomatedDecision,
    /// A purpose was achieved; opened by the daemon itself.
    Achieved,
    /// Personal data leaked; opened by a person.
    Breach,
    /// What the letter asks is not known: the machine could not read it and a person must, while
    /// the clock of whatever it asks runs from receipt.
    Unread,
}

words!(RequestName {
    Erasure => "erasure", Rectification => "rectification", Restriction => "restriction",
    Access => "access", ConsentWithdrawal => "consent_withdrawal", Objection => "objection",
    StopMarketing => "stop_marketing", StopPublication => "stop_publication",
    UnlawfulProcessing => "unlawful_processing", AuthorityRequest => "authority_request",
    AuthorityBlock => "authority_block", AutomatedDecision => "automated_decision",
    Achieved => "achieved", Breach => "breach", Unread => "unread",
});

impl RequestName {
    /// The requests that every regime must answer: those that a submission can open.
    pub const OPENED_BY_SUBMISSIONS: [Self; 11] = [
        Self::Erasure,
        Self::Rectification,
        Self::Restriction,
        Self::Access,
        Self::ConsentWithdrawal,
        Self::Objection,
        Self::StopMarketing,
        Self::StopPublication,
        Self::UnlawfulProcessing,
        Self::AuthorityRequest,
        Self::Unread,
    ];

    /// The request that a label opens; `None` for a policy question and for other.
    #[must_use]
    pub fn of_label(label: Label) -> Option<Self> {
        match label {
            Label::Erasure => Some(Self::Erasure),
            Label::Rectification => Some(Self::Rectification),
            Label::Restriction => Some(Self::Restriction),
            Label::Access => Some(Self::Access),
            Label::ConsentWithdrawal => Some(Self::ConsentWithdrawal),
            Label::Objection => Some(Self::Objection),
            Label::StopMarketing => Some(Self::StopMarketing),
            Label::StopPublication => Some(Self::StopPublication),
            Label::UnlawfulProcessing => Some(Self::UnlawfulProcessing),
            Label::PolicyQuestion | Label::Other => None,
        }
    }
}

/// What is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DutyName {
    /// End the processing.
    Stop,
    /// Examine whether the claim is right.
    Check,
    /// Correct the data.
    Correct,
    /// Decide, and tell the decision.
    Decide,
    /// Answer the person or the authority.
    Answer,
    /// Refuse with reasons; owed in place of the answer.
    Refuse,
    /// Destroy the data.
    Destroy,
    /// Tell a supervisory authority or third parties.
    Notify,
    /// Report to a supervisory authority what an inquiry found.
    Report,
}

words!(DutyName {
    Stop => "stop", Check => "check", Correct => "correct", Decide => "decide",
    Answer => "answer", Refuse => "refuse", Destroy => "destroy", Notify => "notify",
    Report => "report",
});

/// The unit in which a duty is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// At the starting instant itself.
    Immediate,
    /// Real hours; nights and weekends count.
    Hours,
    /// Working days of the regime's calendar.
    WorkingDays,
    /// Days, weekends included.
    CalendarDays,
    /// Calendar months, to the same day number or the last day of the month.
    Months,
}

words!(Unit {
    Immediate => "immediate", Hours => "hours", WorkingDays => "working_days",
    CalendarDays => "calendar_days", Months => "months",
});

/// The event from which a duty counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountsFrom {
    /// The submission was received; always known.
    Receipt,
    /// The person supplied the facts that confirm the claim.
    FactsReceived,
    /// We found that the processing is unlawful, or that data leaked.
    Detection,
    /// The purpose was achieved, or the processing ended.
    Achieved,
}

words!(CountsFrom {
    Receipt => "receipt", FactsReceived => "facts_received", Detection => "detection",
    Achieved => "achieved",
});

/// The known words with commas between, for the remedy of a misspelt one.
pub(super) fn listed<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str) -> String {
    all.iter().map(|word| name(*word)).collect::<Vec<_>>().join(", ")
}
