//! The values of a staff mail. No personal data goes into it: ids and numbers only.

use serde::Serialize;

/// The context of [`crate::MailName::Alarm`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alarm {
    /// What is wrong, in a few words; becomes the subject.
    pub headline: String,
    /// When it was noticed, local time with zone.
    pub noticed_at: String,
    /// Facts, one a line: ids, counts, times.
    pub facts: Vec<String>,
    /// What to do about it.
    pub remedy: String,
    /// The node that noticed it.
    pub node: String,
}
