//! May the acknowledgement go out by itself? (RFC 3834, RULES §5.5.)
//!
//! What a guard holds back becomes a task for a person: nothing owed is silently dropped.

use jiff::{SignedDuration, Timestamp};

use crate::{
    address::EmailAddress,
    authentication::SenderAuthentication,
    classification::{Classification, Kind},
    filing::{
        effects::ReviewReason,
        table::{FilingPlan, Handling, Sender},
    },
    mail::ReturnPath,
};

/// Days for which the same is not said again to the same address (RFC 3834 §2).
pub const REPEAT_AFTER: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Acknowledgements to one stop key in a day, whatever they say.
pub const MOST_IN_A_DAY: u32 = 5;

/// Facts about the way back to the sender.
#[derive(Debug, Clone, Copy)]
pub struct AcknowledgementFacts<'a> {
    /// What the submission is.
    pub classification: &'a Classification,
    /// Who sent it.
    pub sender: Sender<'a>,
    /// What is known about the sender's domain.
    pub authentication: SenderAuthentication,
    /// Mail: the envelope sender. A form entry: `None`.
    pub return_path: Option<&'a ReturnPath>,
    /// When the same topic was last acknowledged to this address in the ticket that the
    /// submission joined; a new ticket has its own number to be told.
    pub same_said_at: Option<Timestamp>,
    /// How many acknowledgements went to this stop key in the last day.
    pub said_in_a_day: u32,
    /// Whether the acknowledgements to all people together passed their limit of the hour.
    pub too_many_at_all: bool,
}

/// Why no acknowledgement goes out by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// There is no ticket to acknowledge.
    NoTicket,
    /// The same was said within seven days: nothing is owed.
    SaidAlready,
    /// A guard forbids it: a person answers. The guard's name.
    Guard(String),
}

/// Whether to acknowledge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Send it.
    Send,
    /// Do not.
    Held(Held),
}

/// Decides on the acknowledgement of a planned filing.
#[must_use]
pub fn decide_acknowledgement(
    plan: &FilingPlan,
    facts: &AcknowledgementFacts<'_>,
    now: Timestamp,
) -> Reply {
    let Handling::Ticket(_) = plan.handling else { return Reply::Held(Held::NoTicket) };
    let guard = |name: &str| Reply::Held(Held::Guard(name.to_owned()));
    if plan.review.contains(&ReviewReason::Authority) {
        // An authority gets no automatic answer (RULES §1.1, RKN_REQUEST).
        return guard("authority");
    }
    if facts.classification.kind != Kind::Human {
        return guard("not_human");
    }
    let address = match facts.sender {
        Sender::NotOne => return guard("no_single_sender"),
        Sender::Own(_) => return guard("own_domain"),
        Sender::Outside(address) => address,
    };
    if let Some(reason) = facts.classification.auto_reasons.first() {
        return guard(reason);
    }
    if let Some(reason) = return_path_guard(facts, address) {
        return guard(reason);
    }
    if facts.same_said_at.is_some_and(|said| now.duration_since(said) < REPEAT_AFTER) {
        return Reply::Held(Held::SaidAlready);
    }
    if facts.said_in_a_day >= MOST_IN_A_DAY {
        return guard("too_many_in_a_day");
    }
    if facts.too_many_at_all {
        // Somebody who forges a thousand senders must not make us write a thousand letters.
        return guard("too_many_at_all");
    }
    Reply::Send
}

/// A service responder may answer the From address only where its domain vouches for it, or the
/// envelope says the same, or there is no envelope and nothing speaks against it.
fn return_path_guard(
    facts: &AcknowledgementFacts<'_>,
    address: &EmailAddress,
) -> Option<&'static str> {
    if facts.authentication == SenderAuthentication::Fail {
        return Some("authentication_failed");
    }
    match facts.return_path {
        None | Some(ReturnPath::Absent) => None,
        Some(ReturnPath::Null) => Some("null_return_path"),
        Some(ReturnPath::Address(_)) if facts.authentication == SenderAuthentication::Pass => None,
        Some(ReturnPath::Address(path)) => {
            let same =
                EmailAddress::parse(path).is_ok_and(|path| path.exact_key() == address.exact_key());
            (!same).then_some("return_path_differs")
        }
    }
}
