//! Which servers personal data are on, and a warning where one stands outside of Russia (152-FZ
//! art. 18(5)).
//!
//! Asked by `doctor` and at the start of `run`. It warns and stops nothing: where a server stands
//! is declared in `[localisation]`, or known of well-known providers by their domains.

use domain::localisation::{Place, place_of};

use crate::config::Config;
use crate::config::database::DatabaseConfig;
use crate::config::mailbox::MailSource;
use crate::config::relay::RelayKind;

/// A server and where it stands.
#[derive(Debug)]
pub struct Placed {
    /// What it is for us, such as `mailbox hello`.
    pub what: String,
    /// Its host.
    pub host: String,
    /// Where it stands.
    pub place: Place,
}

impl Placed {
    /// Why it is a reason to warn, with the remedy; none when it is not.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let Self { what, host, .. } = self;
        let known = match self.place {
            Place::Outside => "is declared to stand outside of Russia".to_owned(),
            Place::Foreign(provider) => {
                format!("belongs to {provider}, whose servers stand outside of Russia")
            }
            Place::Own | Place::Inside | Place::Unknown => return None,
        };
        Some(format!(
            "{what}: `{host}` {known}; personal data of citizens of Russia are recorded and stored in databases in \
             Russia (152-FZ art. 18(5)): use a server there, or declare it in `localisation.inside` if it is one"
        ))
    }
}

/// Every server that holds or passes on personal data; none where 152-FZ does not hold.
#[must_use]
pub fn placed(config: &Config) -> Vec<Placed> {
    if !config.rules.regimes.iter().any(|regime| regime.as_str().starts_with("ru-")) {
        return Vec::new();
    }
    let mut hosts: Vec<(String, String)> = Vec::new();
    for mailbox in &config.mailboxes {
        if let MailSource::Imap(source) = &mailbox.source {
            hosts.push((format!("mailbox {}", mailbox.name), source.host.clone()));
        }
    }
    for relay in &config.relays {
        if let RelayKind::Smtp(smtp) = &relay.kind {
            hosts.push((format!("relay {}", relay.name), smtp.host.clone()));
        }
    }
    if let DatabaseConfig::Postgres { url_file, .. } = &config.database {
        // That it cannot be read is told where it is needed.
        let url = url_file.first_line().unwrap_or_default();
        hosts.extend(hosts_of(&url).into_iter().map(|host| ("database".to_owned(), host)));
    }
    hosts.extend(config.vault.object_host().map(|host| ("objects".to_owned(), host)));
    let declared = &config.localisation;
    let place = |(what, host): (String, String)| {
        let place = place_of(&host, &declared.inside, &declared.outside);
        Placed { what, host, place }
    };
    hosts.into_iter().map(place).collect()
}

/// The hosts of a database URL: those of its authority, and of `host=` behind it.
fn hosts_of(url: &str) -> Vec<String> {
    let after = url.split_once("://").map_or(url, |(_, after)| after);
    let (authority, query) = after.split_once('?').unwrap_or((after, ""));
    let authority = authority.split('/').next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
    let of_query = query.split('&').filter_map(|pair| pair.strip_prefix("host="));
    let named = authority.split(',').chain(of_query);
    named.map(without_port).filter(|host| !host.is_empty()).map(str::to_owned).collect()
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if port.chars().all(|c| c.is_ascii_digit())
                && (!name.contains(':') || name.ends_with(']')) =>
        {
            name
        }
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_of_a_database_are_found_and_its_password_is_not() {
        let check = |url: &str, hosts: &[&str]| assert_eq!(hosts_of(url), hosts, "{url}");
        check("postgres://user:p@ss@db.clinic.example:5432/consentry", &["db.clinic.example"]);
        check("postgres://user@10.0.0.7/consentry?sslmode=require", &["10.0.0.7"]);
        check("postgres:///consentry?host=/run/postgresql&user=x", &["/run/postgresql"]);
        check("postgres://u@[fd00::1]:5432/x", &["[fd00::1]"]);
        check("postgres://u@one.example:1,two.example/x", &["one.example", "two.example"]);
        check("", &[]);
    }

    #[test]
    fn a_server_abroad_is_warned_of_with_the_remedy_and_none_else() {
        let warned = |host: &str, place| {
            Placed { what: "relay main".into(), host: host.into(), place }.warning()
        };
        let text = warned("smtp.gmail.com", Place::Foreign("Google")).expect("a warning");
        assert!(text.contains("relay main") && text.contains("Google"), "{text}");
        assert!(text.contains("localisation.inside"), "{text}");
        assert!(warned("x.example", Place::Outside).is_some());
        for place in [Place::Own, Place::Inside, Place::Unknown] {
            assert_eq!(warned("x.example", place), None);
        }
    }
}
