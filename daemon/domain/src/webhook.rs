//! What connected systems (shop, site, training space) are told, in which order, and what their
//! answers mean. Called by `cases`, which makes the calls; nothing here reads time or sends.
//!
//! The signature is that of Standard Webhooks 1.0.0: HMAC-SHA256 over `id.timestamp.body`.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::words::words;

mod saying;

pub use saying::{Callback, LARGEST_EXPORT, held_there};

/// What a system is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SystemAct {
    /// Stop processing but storage, within the scope.
    Block,
    /// The block ended.
    Unblock,
    /// A value was wrong.
    Correct,
    /// Destroy everything of this person.
    Destroy,
    /// Stop showing this person's data to everybody.
    StopPublication,
    /// The end of publication was not asked for by the person, or is not owed: it may be shown
    /// again.
    ResumePublication,
    /// Say what you hold about this person.
    Access,
}

words!(SystemAct {
    Block => "block", Unblock => "unblock", Correct => "correct", Destroy => "destroy",
    StopPublication => "stop_publication", ResumePublication => "resume_publication",
    Access => "access",
});

/// Which calls about one person are made one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Queue {
    /// What is done with the data.
    Data,
    /// Whether they are shown.
    Publication,
    /// A question, which changes nothing and waits for nothing.
    Question,
}

impl SystemAct {
    fn queue(self) -> Queue {
        match self {
            Self::Block | Self::Unblock | Self::Correct | Self::Destroy => Queue::Data,
            Self::StopPublication | Self::ResumePublication => Queue::Publication,
            Self::Access => Queue::Question,
        }
    }
}

/// Where a call to one system stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallState {
    /// To be made, or made again.
    Planned,
    /// The system has it and will say when it is done.
    Accepted,
    /// Done.
    Acknowledged,
    /// The system cannot or will not; a person is asked.
    Refused,
    /// A later call, or the end of the data here, made it needless.
    Moot,
    /// A person gave it up, with a reason.
    Dropped,
}

words!(CallState {
    Planned => "planned", Accepted => "accepted", Acknowledged => "acknowledged",
    Refused => "refused", Moot => "moot", Dropped => "dropped",
});

impl CallState {
    /// Whether nothing more is expected of the system.
    #[must_use]
    pub fn is_settled(self) -> bool {
        match self {
            Self::Acknowledged | Self::Moot | Self::Dropped => true,
            Self::Planned | Self::Accepted | Self::Refused => false,
        }
    }
}

/// What an answer to a call, or a message about it, says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It is done.
    Done,
    /// It will be done; the system says so later.
    Accepted,
    /// It cannot be done: the call itself is not what the system takes.
    Refused,
    /// Nobody knows: to be tried again, with the same id.
    Again,
}

/// What a system says of a call, in an answer or in a message of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SaidStatus {
    /// It is done.
    Done,
    /// It will be.
    Accepted,
    /// It cannot be.
    Failed,
}

#[derive(Deserialize)]
struct AnswerBody {
    status: SaidStatus,
}

/// What an HTTP answer means. 200 counts as done only with `{"status":"done"}`: a page of
/// somebody's proxy must not pass for a destruction.
#[must_use]
pub fn heard(status: u16, body: &[u8]) -> Heard {
    match status {
        200..=299 => {
            let said = serde_json::from_slice::<AnswerBody>(body).map(|body| body.status);
            match (status, said) {
                (_, Ok(SaidStatus::Failed)) => Heard::Refused,
                (202, _) | (_, Ok(SaidStatus::Accepted)) => Heard::Accepted,
                (_, Ok(SaidStatus::Done)) => Heard::Done,
                (_, Err(_)) => Heard::Again,
            }
        }
        // Time-out and too many: the moment is wrong, not the call.
        408 | 425 | 429 => Heard::Again,
        // A redirect is not followed: the signed words are for one place.
        300..=499 => Heard::Refused,
        _ => Heard::Again,
    }
}

/// What stands beside a call in the queue of its system and its person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beside {
    /// Its place: greater is later.
    pub place: i64,
    /// What it asks for.
    pub act: SystemAct,
    /// The block it is about.
    pub block: Option<i64>,
    /// The matter it is about.
    pub ticket: Option<i64>,
    /// Where it stands.
    pub state: CallState,
    /// How often it was tried.
    pub attempts: i64,
}

/// What is to become of a call whose time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It is made now.
    Now,
    /// An earlier one must be settled first.
    Wait,
    /// It is not needed any more.
    Moot,
}

/// Whether it is this call's turn among the others of the same system and person.
///
/// A destruction makes what was to be done with the data before needless. The end of a block does
/// so for its beginning, and is needless itself where the beginning was never told; the same holds
/// of an end of publication that is taken back, by matter. What another matter took down is not
/// put back, nor what was destroyed. Whatever was refused holds nobody up: a person is at it.
#[must_use]
pub fn turn(call: Beside, others: &[Beside]) -> Turn {
    let later = || others.iter().filter(|other| other.place > call.place);
    let earlier = || others.iter().filter(|other| other.place < call.place);
    let same_block = |other: &&Beside| other.block.is_some() && other.block == call.block;
    let same_matter = |other: &&Beside| other.ticket == call.ticket;
    let was_never_told = |begun: &Beside| begun.state == CallState::Moot && begun.attempts == 0;
    let is_outdated = match call.act {
        SystemAct::Block => later().any(|other| {
            other.act == SystemAct::Destroy
                || (other.act == SystemAct::Unblock && same_block(&other))
        }),
        SystemAct::Unblock => {
            later().any(|other| other.act == SystemAct::Destroy)
                || earlier()
                    .filter(same_block)
                    .any(|begun| begun.act == SystemAct::Block && was_never_told(begun))
        }
        SystemAct::Correct | SystemAct::Access => {
            later().any(|other| other.act == SystemAct::Destroy)
        }
        SystemAct::StopPublication => {
            later().filter(same_matter).any(|other| other.act == SystemAct::ResumePublication)
        }
        SystemAct::ResumePublication => {
            others.iter().any(|other| other.act == SystemAct::Destroy)
                || later().filter(same_matter).any(|other| other.act == SystemAct::StopPublication)
                || !earlier()
                    .filter(same_matter)
                    .any(|begun| begun.act == SystemAct::StopPublication && !was_never_told(begun))
                || is_down_for_another(call, others)
        }
        SystemAct::Destroy => false,
    };
    if is_outdated {
        return Turn::Moot;
    }
    let queue = call.act.queue();
    let in_queue = |other: &&Beside| {
        other.act.queue() == queue && (queue == Queue::Data || same_matter(other))
    };
    let waits = queue != Queue::Question
        && earlier()
            .filter(in_queue)
            .any(|other| matches!(other.state, CallState::Planned | CallState::Accepted));
    if waits { Turn::Wait } else { Turn::Now }
}

/// Whether a matter other than this call's had the person's data taken down, and has not put them
/// back.
fn is_down_for_another(call: Beside, others: &[Beside]) -> bool {
    others.iter().any(|stop| {
        stop.act == SystemAct::StopPublication
            && stop.ticket != call.ticket
            && !matches!(stop.state, CallState::Moot | CallState::Dropped)
            && !others.iter().any(|back| {
                back.act == SystemAct::ResumePublication
                    && back.ticket == stop.ticket
                    && back.place > stop.place
            })
    })
}

/// The pause before the next try: five seconds doubled with each try, at most one hour, shaken by
/// a quarter up or down (`random` is one unpredictable byte), so that systems that come back are
/// not overrun.
#[must_use]
pub fn pause(attempts: i64, random: u8) -> Duration {
    let doublings = u32::try_from(attempts.clamp(1, 11) - 1).unwrap_or(0);
    let seconds = (5.0 * f64::from(2_u32.pow(doublings))).min(3600.0);
    Duration::from_secs_f64(seconds * (0.75 + f64::from(random) / 512.0))
}

/// A person, as far as the system needs to find them.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Whom {
    /// All addresses.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub emails: Vec<String>,
    /// First and last name.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub name: String,
    /// Telephone number.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub phone: String,
}

impl std::fmt::Debug for Whom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Whom(***)")
    }
}

impl Whom {
    /// Whether nobody could be found by it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.emails.is_empty() && self.name.is_empty() && self.phone.is_empty()
    }
}

/// A value that was wrong.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// `name`, `email` or `phone`.
    pub field: String,
    /// What stood there.
    pub old: String,
    /// What is right.
    pub new: String,
}

impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Change").field("field", &self.field).finish_non_exhaustive()
    }
}

/// What a system gets to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The id of the call; the same in every try, and in the header `webhook-id`.
    pub id: String,
    /// What to do.
    pub act: SystemAct,
    /// When it was raised.
    pub at: Timestamp,
    /// Greater is later; who has done a greater one about a person leaves a smaller one.
    pub sequence: i64,
    /// The number of the ticket, for people.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ticket: Option<String>,
    /// Whose data.
    pub person: Whom,
    /// Of a block: `full`, `marketing`, `purposes` or `fields`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub scope: Option<String>,
    /// Which purposes or fields the scope names.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub of: Vec<String>,
    /// Of a correction.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub changes: Vec<Change>,
    /// Of an end of publication and of taking it back: which data, as words.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub data: Vec<String>,
}

/// Seconds by which the clocks of both sides may differ (Standard Webhooks, "Verifying").
pub const TOLERANCE_SECONDS: i64 = 300;

/// Whether a signed message is of now; an older one may be a recording.
#[must_use]
pub fn is_of_now(timestamp: i64, now: Timestamp) -> bool {
    timestamp.abs_diff(now.as_second()) <= TOLERANCE_SECONDS.unsigned_abs()
}

/// What is signed.
#[must_use]
pub fn signed_words(id: &str, timestamp: i64, body: &[u8]) -> Vec<u8> {
    let mut words = format!("{id}.{timestamp}.").into_bytes();
    words.extend_from_slice(body);
    words
}

#[cfg(test)]
mod tests;
