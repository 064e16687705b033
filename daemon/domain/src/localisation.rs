//! Where a server stands, as far as its name tells (152-FZ art. 18(5)).
//!
//! Personal data of citizens of Russia are recorded and stored in databases in Russia. A name is
//! no proof: what the administrator declares counts first, then providers whose servers are known
//! to stand abroad. It warns; nothing is stopped by it.

use core::net::IpAddr;

/// Where a server stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// This machine, or a network of the house.
    Own,
    /// Declared to stand in Russia.
    Inside,
    /// Declared to stand elsewhere.
    Outside,
    /// Of a provider whose servers are known to stand elsewhere.
    Foreign(&'static str),
    /// Nobody said, and the name does not tell.
    Unknown,
}

impl Place {
    /// Whether it is a reason to warn.
    #[must_use]
    pub fn is_outside(self) -> bool {
        matches!(self, Self::Outside | Self::Foreign(_))
    }
}

/// Domains of providers whose servers stand outside of Russia, with the name people know.
const FOREIGN: &[(&str, &str)] = &[
    ("gmail.com", "Google"),
    ("googlemail.com", "Google"),
    ("google.com", "Google"),
    ("googleapis.com", "Google"),
    ("googleusercontent.com", "Google"),
    ("outlook.com", "Microsoft"),
    ("office.com", "Microsoft"),
    ("office365.com", "Microsoft"),
    ("hotmail.com", "Microsoft"),
    ("live.com", "Microsoft"),
    ("azure.com", "Microsoft"),
    ("windows.net", "Microsoft"),
    ("amazonaws.com", "Amazon"),
    ("awsapps.com", "Amazon"),
    ("me.com", "Apple"),
    ("icloud.com", "Apple"),
    ("yahoo.com", "Yahoo"),
    ("aol.com", "Yahoo"),
    ("fastmail.com", "Fastmail"),
    ("messagingengine.com", "Fastmail"),
    ("proton.me", "Proton"),
    ("protonmail.ch", "Proton"),
    ("zoho.com", "Zoho"),
    ("zoho.eu", "Zoho"),
    ("gmx.net", "GMX"),
    ("gmx.com", "GMX"),
    ("web.de", "WEB.DE"),
    ("ionos.com", "IONOS"),
    ("ionos.de", "IONOS"),
    ("ovh.net", "OVH"),
    ("ovh.com", "OVH"),
    ("your-server.de", "Hetzner"),
    ("your-objectstorage.com", "Hetzner"),
    ("digitaloceanspaces.com", "DigitalOcean"),
    ("ondigitalocean.com", "DigitalOcean"),
    ("linodeobjects.com", "Akamai"),
    ("scw.cloud", "Scaleway"),
    ("cloudflarestorage.com", "Cloudflare"),
    ("backblazeb2.com", "Backblaze"),
    ("wasabisys.com", "Wasabi"),
    ("supabase.co", "Supabase"),
    ("neon.tech", "Neon"),
    ("sendgrid.net", "SendGrid"),
    ("mailgun.org", "Mailgun"),
    ("mailjet.com", "Mailjet"),
    ("sparkpostmail.com", "SparkPost"),
    ("postmarkapp.com", "Postmark"),
    ("mandrillapp.com", "Mailchimp"),
    ("brevo.com", "Brevo"),
    ("sendinblue.com", "Brevo"),
    ("smtp2go.com", "SMTP2GO"),
];

/// Where `host` stands. A declared domain speaks for itself and all below it; the longer of two
/// that fit counts, and of two that are alike the one outside.
#[must_use]
pub fn place_of(host: &str, inside: &[String], outside: &[String]) -> Place {
    let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
    let longest = |domains: &[String]| {
        let fitting = domains.iter().filter(|domain| is_below(&host, domain));
        fitting.map(|domain| domain.trim_end_matches('.').len()).max()
    };
    match (longest(inside), longest(outside)) {
        (Some(is), Some(is_not)) if is > is_not => return Place::Inside,
        (_, Some(_)) => return Place::Outside,
        (Some(_), None) => return Place::Inside,
        (None, None) => {}
    }
    if is_own(&host) {
        return Place::Own;
    }
    let known = FOREIGN.iter().find(|(domain, _)| is_below(&host, domain));
    known.map_or(Place::Unknown, |(_, provider)| Place::Foreign(provider))
}

fn is_below(host: &str, domain: &str) -> bool {
    let domain = domain.trim_end_matches('.');
    let Some(at) = host.len().checked_sub(domain.len()) else { return false };
    // Compared as bytes: the cut may fall into a letter of more than one.
    let is_end = host.as_bytes()[at..].eq_ignore_ascii_case(domain.as_bytes());
    !domain.is_empty() && is_end && (at == 0 || host.as_bytes()[at - 1] == b'.')
}

/// This machine, or an address that no other network can reach.
fn is_own(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(at)) => at.is_loopback() || at.is_private() || at.is_link_local(),
        Ok(IpAddr::V6(at)) => {
            at.is_loopback() || at.is_unique_local() || at.is_unicast_link_local()
        }
        // A name without a dot, and the domains of RFC 6761 and RFC 8375 for one's own network.
        Err(_) => {
            host.is_empty()
                || host.starts_with('/')
                || !host.contains('.')
                || ["localhost", "home.arpa", "internal", "local"]
                    .iter()
                    .any(|own| is_below(host, own))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: &str, expected: Place) {
        let inside = ["mail.clinic.example".to_owned(), "eu-north.cloud.example.".to_owned()];
        let outside = ["cloud.example".to_owned(), "10.9.0.1".to_owned()];
        assert_eq!(place_of(host, &inside, &outside), expected, "{host}");
    }

    #[test]
    fn what_is_declared_counts_before_what_is_known() {
        check("mail.clinic.example", Place::Inside);
        check("IMAP.Mail.Clinic.Example.", Place::Inside);
        check("othermail.clinic.example", Place::Unknown);
        check("db.cloud.example", Place::Outside);
        check("db.eu-north.cloud.example", Place::Inside);
        check("10.9.0.1", Place::Outside);
        let all = ["gmail.com".to_owned()];
        assert_eq!(place_of("imap.gmail.com", &all, &[]), Place::Inside);
        assert_eq!(place_of("imap.gmail.com", &all, &all), Place::Outside);
    }

    #[test]
    fn well_known_providers_abroad_are_recognised_with_all_their_hosts() {
        for (host, provider) in [
            ("imap.gmail.com", "Google"),
            ("smtp-relay.gmail.com", "Google"),
            ("outlook.office365.com", "Microsoft"),
            ("email-smtp.eu-central-1.amazonaws.com", "Amazon"),
            ("s3.amazonaws.com", "Amazon"),
            ("SMTP.SENDGRID.NET", "SendGrid"),
            ("imap.mail.me.com", "Apple"),
        ] {
            check(host, Place::Foreign(provider));
            assert!(place_of(host, &[], &[]).is_outside());
        }
        for host in ["notgmail.com", "gmail.com.clinic.ru", "imap.yandex.ru", "почта.рф"] {
            check(host, Place::Unknown);
            assert!(!place_of(host, &[], &[]).is_outside());
        }
    }

    #[test]
    fn the_house_itself_is_no_question() {
        for host in [
            "localhost",
            "127.0.0.1",
            "[::1]",
            "10.0.0.5",
            "192.168.1.7",
            "fd00::1",
            "db",
            "db.internal",
            "/run/postgresql",
            "",
        ] {
            check(host, Place::Own);
        }
        check("8.8.8.8", Place::Unknown);
    }
}
