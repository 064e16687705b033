//! `[regimes]`, `[classifier]`, `[templates]`, `[filing]`: what is owed, and what follows by itself.

use std::path::PathBuf;

use domain::regime::{RegimeId, whose::RegimeRule};

use super::section::Section;

/// The rules, and the directories that add to the built-in ones.
#[derive(Debug, Clone)]
pub struct RulesConfig {
    /// The laws by which requests get their clocks, in order.
    pub regimes: Vec<RegimeId>,
    /// More regimes.
    pub regimes_directory: Option<PathBuf>,
    /// More working calendars.
    pub calendars_directory: Option<PathBuf>,
    /// More language packs.
    pub classifier_directory: Option<PathBuf>,
    /// Templates that replace built-in ones.
    pub templates_directory: Option<PathBuf>,
    /// Which regimes protect whom, before those for all.
    pub regime_rules: Vec<RegimeRule>,
    /// Full blocks in an hour before the breaker opens.
    pub full_blocks_per_hour: u32,
    /// Automatic acknowledgements to all people together in an hour.
    pub acknowledgements_per_hour: u32,
}

impl RulesConfig {
    pub(super) fn read(root: &mut Section<'_>) -> Self {
        let mut regimes = root.section("regimes");
        let used = regimes.optional_texts("use").unwrap_or_else(|| vec!["ru-152fz".to_owned()]);
        if used.is_empty() {
            regimes.wrong("use", "is empty; name at least one regime, such as \"ru-152fz\"");
        }
        let mut ids = Vec::new();
        for text in used {
            match RegimeId::parse(&text) {
                Some(id) => ids.push(id),
                None => regimes.wrong("use", format!("has `{text}`, which is no id of a regime")),
            }
        }
        let regimes_directory = regimes.optional_path("directory");
        let calendars_directory = regimes.optional_path("calendars_directory");
        let regime_rules = regimes.sections("rule").into_iter().map(read_rule).collect();
        regimes.finish();
        let mut directory_of = |name: &str| {
            let mut section = root.section(name);
            let directory = section.optional_path("directory");
            section.finish();
            directory
        };
        let classifier_directory = directory_of("classifier");
        let templates_directory = directory_of("templates");
        let mut filing = root.section("filing");
        let full_blocks_per_hour = filing.number("full_blocks_per_hour", 1..=100_000, 100);
        let acknowledgements = filing.number("acknowledgements_per_hour", 1..=100_000, 500);
        filing.finish();
        Self {
            regimes: ids,
            regime_rules,
            regimes_directory,
            calendars_directory,
            classifier_directory,
            templates_directory,
            full_blocks_per_hour,
            acknowledgements_per_hour: acknowledgements,
        }
    }
}

/// One `[[regimes.rule]]`: every list that is there must fit.
fn read_rule(mut section: Section<'_>) -> RegimeRule {
    let mut list = |key: &str| section.optional_texts(key).unwrap_or_default();
    let (locales, zones, countries) = (list("locales"), list("zones"), list("countries"));
    let used = list("use");
    if used.is_empty() {
        section.wrong("use", "is missing; name the regimes, such as [\"eu-gdpr\"]");
    }
    if locales.is_empty() && zones.is_empty() && countries.is_empty() {
        section.wrong("locales", "is missing, and zones and countries are; name whom it is about");
    }
    let mut regimes = Vec::new();
    for text in used {
        match RegimeId::parse(&text) {
            Some(id) => regimes.push(id),
            None => section.wrong("use", format!("has `{text}`, which is no id of a regime")),
        }
    }
    section.finish();
    RegimeRule { locales, zones, countries, regimes }
}
