//! `[mail]`: who our letters come from, and how they are signed.

use domain::address::EmailAddress;

use super::organisation::{OrganisationConfig, one_line};
use super::secret::Secret;
use super::section::Section;

/// The sender of our letters.
#[derive(Debug, Clone)]
pub struct MailConfig {
    /// The From address.
    pub from: EmailAddress,
    /// The name beside it.
    pub name: String,
    /// Where bounces of letters go.
    pub envelope_sender: EmailAddress,
    /// The part behind the @ of our Message-IDs.
    pub message_id_domain: String,
    /// The keys that sign.
    pub dkim: Vec<DkimKey>,
}

/// A key that signs.
#[derive(Debug, Clone)]
pub struct DkimKey {
    /// Its name in the DNS.
    pub selector: String,
    /// The domain that signs.
    pub domain: String,
    /// What the key must be, if said.
    pub algorithm: Option<DkimAlgorithm>,
    /// The private key (PEM).
    pub key_file: Secret,
}

/// What a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DkimAlgorithm {
    /// RFC 8301.
    Rsa,
    /// RFC 8463.
    Ed25519,
}

const ALGORITHMS: [(&str, DkimAlgorithm); 2] =
    [("rsa-sha256", DkimAlgorithm::Rsa), ("ed25519-sha256", DkimAlgorithm::Ed25519)];

impl MailConfig {
    pub(super) fn read(
        mut section: Section<'_>,
        organisation: Option<&OrganisationConfig>,
    ) -> Option<Self> {
        let from = section.read("from", "hello@shop.example", EmailAddress::parse);
        let name = section.optional_read("name", one_line);
        let envelope_sender = section.optional_read("envelope_sender", EmailAddress::parse);
        let message_id_domain = section.optional_read("message_id_domain", domain_name);
        let keys: Vec<_> = section
            .sections("dkim")
            .into_iter()
            .filter_map(|key| read_key(key, from.as_ref()))
            .collect();
        section.finish();
        let from = from?;
        Some(Self {
            name: name.or_else(|| organisation.map(|organisation| organisation.name.clone()))?,
            envelope_sender: envelope_sender.unwrap_or_else(|| from.clone()),
            message_id_domain: message_id_domain.unwrap_or_else(|| from.domain().to_owned()),
            dkim: keys,
            from,
        })
    }
}

fn read_key(mut section: Section<'_>, from: Option<&EmailAddress>) -> Option<DkimKey> {
    let selector = section.read("selector", "c2026", domain_name);
    let domain = section.optional_read("domain", domain_name);
    let algorithm = section.optional_word("algorithm", &ALGORITHMS);
    let key_file = section.secret("key_file", "credential:dkim");
    section.finish();
    let domain = domain.or_else(|| from.map(|from| from.domain().to_owned()));
    Some(DkimKey { selector: selector?, domain: domain?, algorithm, key_file: key_file? })
}

pub(super) fn domain_name(text: &str) -> Result<String, &'static str> {
    let fits = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'));
    if fits && !text.starts_with('.') && !text.ends_with('.') {
        return Ok(text.to_lowercase());
    }
    Err("it is no domain name; write an international one in its xn-- form")
}
