//! `[requests]`: how requests are carried to their end.

use domain::address::EmailAddress;

use super::section::Section;

/// Who decides, and who is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestsConfig {
    /// Whether what was proposed by one person must be approved by another.
    pub four_eyes: bool,
    /// Who gets the staff mail about duties that fall due.
    pub alarm_to: Vec<EmailAddress>,
}

impl RequestsConfig {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let four_eyes = section.flag_or("four_eyes", true);
        let mut alarm_to = Vec::new();
        for text in section.optional_texts("alarm_to").unwrap_or_default() {
            match EmailAddress::parse(&text) {
                Ok(address) => alarm_to.push(address),
                Err(error) => section.wrong("alarm_to", format!("holds no address: {error}")),
            }
        }
        section.finish();
        Self { four_eyes, alarm_to }
    }
}
