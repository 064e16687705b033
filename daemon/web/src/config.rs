//! What the pages must be told about the organisation and the place where they run.

use domain::address::EmailAddress;
use domain::language::Locale;
use jiff::tz::TimeZone;

use crate::network::Network;

/// The configuration of the public pages, checked.
#[derive(Debug, Clone)]
pub struct WebConfig {
    /// Where people reach the pages.
    pub public_url: PublicUrl,
    /// The networks whose `X-Forwarded-For` is believed; from all others it is ignored.
    pub trusted_proxies: Vec<Network>,
    /// Who answers.
    pub organisation: Organisation,
    /// The policy shown beside every form (152-ФЗ ст. 18.1 ч. 2).
    pub policy: Policy,
    /// The language of people whose browser names none that we write.
    pub default_locale: Locale,
    /// The zone in which times are shown.
    pub zone: TimeZone,
}

/// The organisation, as pages name it.
#[derive(Debug, Clone)]
pub struct Organisation {
    /// Its name.
    pub name: String,
    /// The mailbox that people may write to instead.
    pub email: EmailAddress,
    /// The person responsible for personal data and how to reach them, one line.
    pub contact: String,
}

/// The policy in force.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Where it is published.
    pub url: String,
    /// Its version, as shown and as kept with every entry.
    pub version: String,
}

/// The address of the pages: `https://hello.shop.example`, without a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

/// The text is no address of a site.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no public address; write it as https://hello.shop.example, without a path")]
pub struct InvalidPublicUrl(pub String);

impl PublicUrl {
    /// Reads an http or https address with a host and perhaps a port, and nothing more.
    ///
    /// # Errors
    /// [`InvalidPublicUrl`] otherwise.
    pub fn parse(text: &str) -> Result<Self, InvalidPublicUrl> {
        let invalid = || InvalidPublicUrl(text.to_owned());
        let text = text.trim_end_matches('/');
        let uri: axum::http::Uri = text.parse().map_err(|_| invalid())?;
        let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
        let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        let authority = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
        if !is_web || !is_bare || authority.is_empty() || authority.contains('@') {
            return Err(invalid());
        }
        Ok(Self(text.to_owned()))
    }

    /// The address, without a slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address of the form in a language, for links from elsewhere.
    #[must_use]
    pub fn feedback(&self, locale: Locale) -> String {
        format!("{}/{}/feedback", self.0, locale.code())
    }

    /// The address of the status page in a language, for letters.
    #[must_use]
    pub fn status(&self, locale: Locale) -> String {
        format!("{}/{}/status", self.0, locale.code())
    }

    /// Whether browsers reach us over TLS.
    pub(crate) fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_address_is_a_site_and_nothing_more() {
        for (text, expected) in [
            ("https://hello.shop.example/", Some("https://hello.shop.example")),
            ("http://127.0.0.1:8080", Some("http://127.0.0.1:8080")),
            ("https://shop.example/hello", None),
            ("https://user@shop.example", None),
            ("ftp://shop.example", None),
            ("shop.example", None),
            ("", None),
        ] {
            let parsed = PublicUrl::parse(text).ok();
            assert_eq!(parsed.as_ref().map(PublicUrl::as_str), expected, "{text}");
        }
    }
}
