//! The values of the automatic reply: what we received, what is blocked, until when, how to go on.
//!
//! The same whether or not the address is known to us: no field depends on a contact.

use serde::Serialize;

/// One request we understood, in words of the reader's language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AcknowledgedRequest {
    /// What is asked for, from [`crate::wording::request`]: "удаление персональных данных".
    pub what: String,
    /// What we owe and by when, each a clause with its legal date, from
    /// [`crate::wording::owed`]: "не позднее 4 декабря 2026 г. ответим вам". May be empty.
    pub owed: Vec<String>,
}

/// The context of [`crate::MailName::Acknowledgement`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Acknowledgement {
    /// The number a person quotes: `CT-…`.
    pub ticket_number: String,
    /// The code for the status page; empty when it was given in an earlier letter and only its
    /// digest is known now.
    pub status_code: String,
    /// The address of the status page.
    pub status_url: String,
    /// Receipt in local time with its zone in words, from [`crate::wording::instant`].
    pub received_at: String,
    /// The requests that were opened or joined, in the order of the labels. Empty: an ordinary
    /// letter that a person will answer.
    pub requests: Vec<AcknowledgedRequest>,
    /// All processing is blocked.
    pub blocked_full: bool,
    /// Newsletters and advertising are stopped.
    pub blocked_marketing: bool,
    /// The fields in dispute are blocked.
    pub blocked_fields: bool,
    /// A person looks first at what the letter asks for.
    pub under_review: bool,
    /// The organisation's name.
    pub organisation: String,
    /// The contact of the person responsible, one line.
    pub contact: String,
    /// Where the policy is published.
    pub policy_url: String,
}
