//! The values of every letter that carries a request: one context, of which each letter prints
//! what concerns it.
//!
//! Nothing that the person wrote is in it. What a person of ours wrote (reasons of a refusal,
//! causes of an extension) is; templates print it as text.

use serde::Serialize;

/// Something that is kept, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptItem {
    /// What: "proof of your consent".
    pub what: String,
    /// Why, with article and part.
    pub why: String,
    /// Until when, in the reader's language; may be empty.
    pub until: String,
}

/// The context of all letters of [`crate::MailName::is_of_a_case`].
#[derive(Clone, PartialEq, Eq, Default, Serialize)]
pub struct CaseLetter {
    /// The number a person quotes; `CT-…`.
    pub ticket_number: String,
    /// What was asked, from [`crate::wording::request`]; may be empty.
    pub request: String,
    /// Receipt of the request, in local time with its zone; may be empty.
    pub received_at: String,
    /// The link to the page with the button: challenge, package; may be empty.
    pub url: String,
    /// The code to be typed in place of the link; may be empty.
    pub code: String,
    /// The page on which the code is typed; may be empty.
    pub code_url: String,
    /// Until when: link, block, answer; local time or date; may be empty.
    pub until: String,
    /// What was done, each a clause.
    pub done: Vec<String>,
    /// What is kept, and why.
    pub kept: Vec<KeptItem>,
    /// Who else was told: recipients, connected systems.
    pub told: Vec<String>,
    /// Of a breach: which data are concerned.
    pub data: Vec<String>,
    /// Of a breach: what it may lead to.
    pub consequences: Vec<String>,
    /// Of a breach: what the person can do.
    pub advice: Vec<String>,
    /// What is missing for an answer: documents, facts, proof.
    pub missing: Vec<String>,
    /// Reasons of a refusal, causes of an extension: words of a person of ours, by paragraphs.
    pub reasons: Vec<String>,
    /// Article and part on which a refusal or a kept record rests; may be empty.
    pub clause: String,
    /// To whom one can complain, each a clause.
    pub remedies: Vec<String>,
    /// Number and date of the act of destruction; may be empty.
    pub act: String,
    /// To a recipient of the data: by what the person is known there, name and address a line.
    pub person: Vec<String>,
    /// All data were destroyed (false: part is kept).
    pub complete: bool,
    /// A block of the person's data stands after this letter.
    pub block_stands: bool,
    /// A block of the person's data was lifted with this letter.
    pub block_lifted: bool,
    /// The law asks that the person is told before the block is lifted (GDPR art. 18(3)).
    pub told_before_lifting: bool,
    /// What is owed by when, each a clause of [`crate::wording::owed`].
    pub owed: Vec<String>,
    /// We hold nothing of this person.
    pub nothing_held: bool,
    /// The name of the person of ours who decided; may be empty.
    pub decided_by: String,
    /// The organisation's name.
    pub organisation: String,
    /// The contact of the person responsible, one line.
    pub contact: String,
    /// Where the policy is published.
    pub policy_url: String,
}

impl std::fmt::Debug for CaseLetter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CaseLetter").field("ticket", &self.ticket_number).finish_non_exhaustive()
    }
}
