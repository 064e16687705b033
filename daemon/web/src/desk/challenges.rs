//! What the pages of a challenge hand over to the desk, and what they show of it.

use domain::language::Locale;
use domain::regime::RequestName;
use domain::ticket_number::TicketNumber;
use jiff::Timestamp;

/// What the person on file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChallengeAnswer {
    /// It was I who wrote.
    Mine,
    /// This was not me.
    NotMine,
}

/// Where a challenge stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChallengeStanding {
    /// It waits for a button.
    Open,
    /// "It was me" was said.
    Answered,
    /// "This was not me" was said.
    Disowned,
    /// It is over without an answer.
    Over,
}

/// What a challenge stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChallengeView {
    /// Where it stands.
    pub standing: ChallengeStanding,
    /// The language of its letter.
    pub locale: Locale,
    /// The number of the ticket.
    pub ticket_number: TicketNumber,
    /// Receipt of its first submission.
    pub opened_at: Timestamp,
    /// What is asked there.
    pub requests: Vec<RequestName>,
}
