//! Does a mail really come from the domain in its From header?
//!
//! Called between reading and filing. A trusted Authentication-Results header decides, where the
//! configuration names the server that writes it; else DKIM is checked here on the raw bytes:
//! aligned and valid is a pass, everything else is unknown. Only the trusted header can say fail
//! (RULES.md §5.6). A pass is about a domain, never about a person.

mod dkim;
mod results;

use std::sync::Arc;

use domain::{address::domain_to_ascii, authentication::SenderAuthentication, mail::ReadMail};
use futures::future::BoxFuture;

/// DNS did not answer; the name may exist or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name server gave no answer; check the resolver of this machine")]
pub struct LookupFailed;

/// TXT records, looked up by whoever owns the resolver.
pub trait TxtLookup: Send + Sync {
    /// All TXT records of a name (with its final dot), the strings of each joined; a name that
    /// does not exist has none.
    fn txt<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<Vec<u8>>, LookupFailed>>;
}

/// Where a finding comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A trusted Authentication-Results header.
    TrustedHeader,
    /// Our own check of a DKIM signature.
    Signature,
    /// There was nothing to go by.
    Nothing,
}

/// What is known about the sender's domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// The result.
    pub authentication: SenderAuthentication,
    /// What says so.
    pub source: Source,
}

/// Checks senders.
#[derive(Clone)]
pub struct Authenticator {
    /// Names of the servers whose Authentication-Results are believed, lower case.
    trusted: Vec<String>,
    /// How many Received headers may stand above such a header.
    most_received: usize,
    /// `None`: no local checks (no network).
    lookup: Option<Arc<dyn TxtLookup>>,
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authenticator").field("trusted", &self.trusted).finish_non_exhaustive()
    }
}

impl Authenticator {
    /// `trusted` are the configured authserv-ids. Our own servers must remove headers that come
    /// in under these names (RFC 8601 §5); besides, one that stands below more than
    /// `most_received` Received headers was not written by them.
    #[must_use]
    pub fn new(
        trusted: &[String],
        most_received: usize,
        lookup: Option<Arc<dyn TxtLookup>>,
    ) -> Self {
        let trusted = trusted.iter().map(|name| name.trim().to_ascii_lowercase()).collect();
        Self { trusted, most_received, lookup }
    }

    /// Checks one mail; `raw` are its bytes as received.
    pub async fn check(&self, mail: &ReadMail, raw: &[u8]) -> Finding {
        let nothing =
            Finding { authentication: SenderAuthentication::Unknown, source: Source::Nothing };
        let Some(from) = from_domain(mail) else { return nothing };
        let trusted =
            results::trusted(&mail.authentication_results, &self.trusted, self.most_received);
        if let Some(authentication) = results::verdict(&trusted, &from) {
            return Finding { authentication, source: Source::TrustedHeader };
        }
        let Some(lookup) = &self.lookup else { return nothing };
        if dkim::has_aligned_signature(raw, &from, lookup.as_ref()).await {
            let authentication = SenderAuthentication::Pass;
            return Finding { authentication, source: Source::Signature };
        }
        nothing
    }
}

/// The domain of the one From address.
fn from_domain(mail: &ReadMail) -> Option<String> {
    let (_, domain) = mail.requester()?.address.rsplit_once('@')?;
    domain_to_ascii(domain.trim())
}

/// Relaxed alignment without a list of public suffixes: equal, or one inside the other, and the
/// outer one has at least two labels. Siblings are not taken for one organisation.
fn is_aligned(signed: &str, from: &str) -> bool {
    let Some(signed) = domain_to_ascii(signed.trim()) else { return false };
    let inside = |inner: &str, outer: &str| {
        outer.contains('.') && inner.strip_suffix(outer).is_some_and(|rest| rest.ends_with('.'))
    };
    signed == from || inside(from, &signed) || inside(&signed, from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::mail::HeaderAddress;

    fn mail(results: &[(usize, &str)]) -> ReadMail {
        ReadMail {
            from: vec![HeaderAddress {
                name: String::new(),
                address: "anna@Mail.Example".to_owned(),
            }],
            from_headers: 1,
            authentication_results: results.iter().map(|(n, v)| (*n, (*v).to_owned())).collect(),
            ..ReadMail::default()
        }
    }

    async fn verdict(results: &[(usize, &str)]) -> SenderAuthentication {
        let trusted = Authenticator::new(&["mx.clinic.example".to_owned()], 2, None);
        trusted.check(&mail(results), b"").await.authentication
    }

    #[tokio::test]
    async fn only_our_own_server_is_believed() {
        use SenderAuthentication::{Fail, None, Pass, Unknown};
        for (header, expected) in [
            ("mx.clinic.example; dmarc=pass header.from=mail.example", Pass),
            ("MX.clinic.example 1; spf=fail; dmarc=fail (p=reject) header.from=mail.example", Fail),
            ("mx.clinic.example; dmarc=none header.from=mail.example", None),
            ("mx.clinic.example; dmarc=temperror", Unknown),
            ("mx.clinic.example; dmarc=permerror header.from=mail.example", Unknown),
            ("mx.clinic.example; dkim=pass header.d=mail.example", Pass),
            ("mx.clinic.example; dkim=pass header.i=@news.mail.example", Pass),
            ("mx.clinic.example; dkim=pass header.d=other.example; dmarc=none", None),
            ("mx.clinic.example; spf=pass smtp.mailfrom=bounce@mail.example", Pass),
            ("mx.clinic.example; dkim=fail header.d=mail.example", Unknown),
            ("mx.clinic.example; dmarc=fail header.from=else.example", Unknown),
            ("mx.clinic.example; none", Unknown),
            ("mx.clinic.example (dmarc=pass); dkim=none", Unknown),
            ("mx.attacker.example; dmarc=pass header.from=mail.example", Unknown),
            ("mx.clinic.example.attacker.example; dmarc=pass", Unknown),
        ] {
            assert_eq!(verdict(&[(0, header)]).await, expected, "{header}");
        }
    }

    #[tokio::test]
    async fn a_forged_copy_further_down_changes_nothing() {
        let fail = "mx.clinic.example; dmarc=fail header.from=mail.example";
        let pass = "mx.clinic.example; dmarc=pass header.from=mail.example";
        assert_eq!(verdict(&[(0, fail), (1, pass)]).await, SenderAuthentication::Fail);
        assert_eq!(verdict(&[(0, fail), (0, pass)]).await, SenderAuthentication::Fail);
        assert_eq!(verdict(&[(5, pass)]).await, SenderAuthentication::Unknown);
    }

    #[test]
    fn domains_are_aligned_within_one_organisation_only() {
        for (signed, from, expected) in [
            ("mail.example", "mail.example", true),
            ("Mail.Example", "mail.example", true),
            ("mail.example", "news.mail.example", true),
            ("news.mail.example", "mail.example", true),
            ("example", "mail.example", false),
            ("xmail.example", "mail.example", false),
            ("a.mail.example", "b.mail.example", false),
            ("", "mail.example", false),
        ] {
            assert_eq!(is_aligned(signed, from), expected, "{signed} for {from}");
        }
    }
}
