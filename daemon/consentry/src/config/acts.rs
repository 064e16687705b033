//! `[acts]`: what acts of destruction say of the house (order of Roskomnadzor № 179).

use domain::act::SubjectShown;

use super::organisation::one_line;
use super::people::PeopleConfig;
use super::section::Section;

/// How acts tell whose data were destroyed.
const SUBJECTS: [(&str, SubjectShown); 2] =
    [("code", SubjectShown::Code), ("name", SubjectShown::Name)];

/// What acts say of the house.
#[derive(Debug, Clone, Default)]
pub struct ActsConfig {
    /// By a code, or by the full name.
    pub subject: SubjectShown,
    /// The operator's postal address.
    pub operator_address: Option<String>,
    /// The name of the system.
    pub system: Option<String>,
    /// With what data are destroyed.
    pub tool: Option<String>,
}

impl ActsConfig {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        section.moved("person", "write [[people.person]] instead");
        let read = Self {
            subject: section.optional_word("subject", &SUBJECTS).unwrap_or_default(),
            operator_address: section.optional_read("operator_address", one_line),
            system: section.optional_read("system", one_line),
            tool: section.optional_read("tool", one_line),
        };
        section.finish();
        read
    }

    /// As `cases` wants it, with our people's names and posts.
    #[must_use]
    pub fn settings(&self, people: &PeopleConfig) -> cases::settings::ActSettings {
        let usual = cases::settings::ActSettings::default();
        cases::settings::ActSettings {
            operator_address: self.operator_address.clone().unwrap_or_default(),
            system: self.system.clone().unwrap_or(usual.system),
            tool: self.tool.clone().unwrap_or(usual.tool),
            persons: people.for_acts(),
            shows: self.subject,
        }
    }
}
