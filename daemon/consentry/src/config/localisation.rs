//! `[localisation]`: where servers stand, as the administrator declares it (152-FZ art. 18(5)).

use super::section::Section;

/// Hosts and domains with a known place; each speaks for all below it.
#[derive(Debug, Clone, Default)]
pub struct LocalisationConfig {
    /// They stand in Russia.
    pub inside: Vec<String>,
    /// They stand elsewhere.
    pub outside: Vec<String>,
}

impl LocalisationConfig {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let mut list = |key: &str| {
            let hosts = section.optional_texts(key).unwrap_or_default();
            for host in &hosts {
                if host.contains(|c: char| c.is_whitespace() || matches!(c, '/' | '@')) {
                    let what = format!(
                        "has `{host}`; write a host or a domain, such as \"mail.shop.example\""
                    );
                    section.wrong(key, what);
                }
            }
            hosts
        };
        let (inside, outside) = (list("inside"), list("outside"));
        section.finish();
        Self { inside, outside }
    }
}
