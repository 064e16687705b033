//! The content of an outgoing one-to-one mail, as it is sealed into its ledger row.
//!
//! Made by filing (and everything else that answers people), opened by dispatch just before the
//! mail leaves. Recipient, class and Message-ID stand in the row itself.

use serde::{Deserialize, Serialize};

/// What a letter says. Personal data; prints nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterContent {
    /// The subject, one line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML alternative, if there is one.
    pub html: Option<String>,
    /// The Message-ID that it answers, without angle brackets.
    pub in_reply_to: Option<String>,
    /// The References, oldest first, without angle brackets.
    pub references: Vec<String>,
    /// Whether it is an automatic answer (`Auto-Submitted: auto-replied`, RFC 3834 §5) or was
    /// written by a person.
    pub automatic: bool,
}

impl std::fmt::Debug for LetterContent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LetterContent({} bytes)", self.text.len())
    }
}

impl LetterContent {
    /// The context under which the content of the delivery with this Message-ID is sealed.
    #[must_use]
    pub fn seal_context(mail_id: &str) -> String {
        format!("delivery.content/{mail_id}")
    }
}
