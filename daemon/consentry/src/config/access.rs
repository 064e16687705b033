//! `[access]`: how people get to see what is held about them.

use std::path::PathBuf;
use std::sync::Arc;

use cases::access::AccessSettings;
use domain::data_map::DataMap;

use super::section::Section;

/// The map of processing, and how long a link holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessConfig {
    /// The map of what is done with data.
    pub data_map: Option<PathBuf>,
    /// Days for which the link of a package holds.
    pub link_days: u32,
    /// The smallest group that an export for research shows.
    pub research_least: u32,
}

impl AccessConfig {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let read = Self {
            data_map: section.optional_path("data_map"),
            link_days: section.number("link_days", 1..=30, 7),
            research_least: section.number("research_least", 5..=1000, 5),
        };
        section.finish();
        read
    }

    /// What `cases` needs. A map that cannot be used stops no daemon: requests for access are then
    /// refused with what is missing, and `doctor` tells it.
    #[must_use]
    pub fn settings(&self) -> AccessSettings {
        let own = AccessSettings::default();
        let (data_map, problems) = match &self.data_map {
            None => (None, own.problems),
            Some(path) => match std::fs::read_to_string(path) {
                Err(error) => {
                    let path = path.display();
                    (
                        None,
                        vec![format!("`{path}` cannot be read: {error}; check `access.data_map`")],
                    )
                }
                Ok(text) => match DataMap::parse(&text) {
                    Ok(map) => (Some(Arc::new(map)), Vec::new()),
                    Err(found) => (None, found.iter().map(ToString::to_string).collect()),
                },
            },
        };
        AccessSettings {
            data_map,
            problems,
            link_days: self.link_days,
            research_least: self.research_least,
        }
    }
}
