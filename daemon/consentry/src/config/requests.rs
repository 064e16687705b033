//! `[requests]`: how requests are carried to their end.

use super::section::Section;

/// Who decides, and who is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestsConfig {
    /// Whether what was proposed by one person must be approved by another.
    pub four_eyes: bool,
}

impl RequestsConfig {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let read = Self { four_eyes: section.flag_or("four_eyes", true) };
        section.finish();
        read
    }
}
