//! The values of the letter to the address on file after a block by a mail we could not verify.

use serde::Serialize;

/// The context of [`crate::MailName::BlockNotice`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BlockNotice {
    /// The number a person quotes.
    pub ticket_number: String,
    /// Receipt of the mail in local time with its zone.
    pub received_at: String,
    /// All processing is blocked.
    pub blocked_full: bool,
    /// Newsletters and advertising are stopped.
    pub blocked_marketing: bool,
    /// The fields in dispute are blocked.
    pub blocked_fields: bool,
    /// The organisation's name.
    pub organisation: String,
    /// The contact of the person responsible, one line.
    pub contact: String,
    /// Where the policy is published.
    pub policy_url: String,
}
