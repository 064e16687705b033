//! `[retention]`: when it is looked through what is over, and by which table.

use std::path::PathBuf;

use super::section::Section;

/// The nightly look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionConfig {
    /// The table that takes the place of the shipped one.
    pub file: Option<PathBuf>,
    /// The hour of the look, in the organisation's zone: 0 to 23.
    pub hour: i8,
    /// Whether it is looked by itself; by hand it always can be.
    pub nightly: bool,
}

impl RetentionConfig {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let read = Self {
            file: section.optional_path("file"),
            hour: i8::try_from(section.number("hour", 0..=23, 3)).unwrap_or(3),
            nightly: section.flag_or("nightly", true),
        };
        section.finish();
        read
    }
}
