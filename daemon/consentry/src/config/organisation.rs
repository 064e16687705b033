//! `[organisation]`: who answers people.

use domain::language::Locale;
use jiff::tz::TimeZone;

use super::section::Section;

/// The languages that letters and pages are written in.
pub const LOCALES: [(&str, Locale); 2] = [("ru", Locale::Ru), ("en", Locale::En)];

/// The organisation behind hello@.
#[derive(Debug, Clone)]
pub struct OrganisationConfig {
    /// Its name, as in letters and on pages.
    pub name: String,
    /// The person responsible for personal data and how to reach them, one line.
    pub contact: String,
    /// Domains of ours, lower case.
    pub domains: Vec<String>,
    /// The language of people whose own is unknown.
    pub locale: Locale,
    /// The zone in which people are told times.
    pub zone: TimeZone,
    /// Where the privacy policy is published.
    pub policy_url: String,
    /// Its version.
    pub policy_version: String,
}

impl OrganisationConfig {
    pub(super) fn read(mut section: Section<'_>) -> Option<Self> {
        let name = section.read("name", "ООО «Эстетимед»", one_line);
        let contact = section.read("contact", "А. Б. Орлова, +7 495 000-00-00", one_line);
        let domains = read_domains(&mut section);
        let locale = section.word("locale", &LOCALES);
        let zone = match section.optional_read("zone", TimeZone::get) {
            Some(zone) => zone,
            None => TimeZone::get("Europe/Moscow").unwrap_or(TimeZone::UTC),
        };
        let policy_url = section.read("policy_url", "https://shop.example/privacy", web_address);
        let policy_version = section.read("policy_version", "2026-03-01", one_line);
        section.finish();
        Some(Self {
            name: name?,
            contact: contact?,
            domains,
            locale,
            zone,
            policy_url: policy_url?,
            policy_version: policy_version?,
        })
    }
}

fn read_domains(section: &mut Section<'_>) -> Vec<String> {
    let domains = section.optional_texts("domains");
    if domains.as_ref().is_none_or(Vec::is_empty) {
        section.wrong("domains", "is missing; add domains = [\"shop.example\"], our own domains");
    }
    let domains: Vec<String> =
        domains.into_iter().flatten().map(|domain| domain.to_lowercase()).collect();
    for domain in &domains {
        let looks_right = domain.contains('.')
            && !domain.starts_with('.')
            && !domain.contains(['@', '/', ':', ' ', '*']);
        if !looks_right {
            let what = format!("has `{domain}`, which is no domain; write it as shop.example");
            section.wrong("domains", what);
        }
    }
    domains
}

pub(super) fn one_line(text: &str) -> Result<String, &'static str> {
    if text.chars().any(char::is_control) {
        return Err("it has a line break or another control character; write one line");
    }
    Ok(text.to_owned())
}

pub(super) fn web_address(text: &str) -> Result<String, &'static str> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() && !text.contains(char::is_whitespace) => {
            Ok(text.to_owned())
        }
        _ => Err("it is no web address; begin it with https://"),
    }
}
