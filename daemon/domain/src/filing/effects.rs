//! The words in which a filing plan speaks: blocks, requests, reasons for a person to look.

use serde::{Deserialize, Serialize};

use crate::{block::Scope, words::words};

/// Whom a planned block restricts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockTarget {
    /// The sender's address, and the contact if exactly one has it.
    Sender,
    /// The one contact that has an address named in the text.
    Named,
}

/// A block that filing sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedBlock {
    /// Whom.
    pub target: BlockTarget,
    /// What it covers.
    pub scope: Scope,
    /// For what: the labels' words, space-separated.
    pub basis: String,
}

/// Why a person must look at a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReviewReason {
    /// A label is only suggested.
    Unsure,
    /// A trusted server says that DMARC failed.
    AuthenticationFailed,
    /// Too many full blocks in an hour.
    BreakerOpen,
    /// The sender is of our own domain.
    OwnDomain,
    /// No From, or more than one.
    NoSingleSender,
    /// An authority writes.
    Authority,
    /// Written on behalf of somebody.
    Representative,
    /// Several contacts have the address.
    SharedAddress,
    /// Something published is to be taken down.
    StopPublication,
    /// The machine could not read it.
    Unreadable,
    /// Over the size limit.
    TooBig,
    /// It killed its reader.
    Quarantined,
    /// Encrypted.
    Encrypted,
    /// Nothing but attachments.
    NoText,
    /// It answers a mail that was sent to another address.
    ForeignThread,
    /// Looks like spam, and asks something.
    Spam,
    /// Came from a machine, and asks something.
    Automatic,
    /// No automatic answer may go out.
    AnswerByHand,
}

words!(ReviewReason {
    Unsure => "unsure", AuthenticationFailed => "authentication_failed",
    BreakerOpen => "breaker_open", OwnDomain => "own_domain",
    NoSingleSender => "no_single_sender", Authority => "authority",
    Representative => "representative", SharedAddress => "shared_address",
    StopPublication => "stop_publication", Unreadable => "unreadable", TooBig => "too_big",
    Quarantined => "quarantined", Encrypted => "encrypted", NoText => "no_text",
    ForeignThread => "foreign_thread", Spam => "spam", Automatic => "automatic",
    AnswerByHand => "answer_by_hand",
});
