//! `[[relay]]`: where mail leaves.

use std::collections::HashSet;
use std::path::PathBuf;

use super::check_name;
use super::mailbox::{Tls, read_tls};
use super::secret::Secret;
use super::section::Section;

/// One way out.
#[derive(Debug, Clone)]
pub struct RelayConfig {
    /// Its name in tables and logs.
    pub name: String,
    /// What it is.
    pub kind: RelayKind,
    /// Which mail it takes.
    pub stream: RelayStream,
    /// Most mails in a second; none: as fast as it takes them.
    pub max_per_second: Option<u32>,
}

/// Which mail a way out takes. Answers of hello@ and bulk are best kept apart: by relay, and by the
/// domain that they come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayStream {
    /// Everything.
    All,
    /// Everything but campaigns.
    Hello,
    /// Campaigns.
    Bulk,
}

const STREAMS: [(&str, RelayStream); 3] =
    [("all", RelayStream::All), ("hello", RelayStream::Hello), ("bulk", RelayStream::Bulk)];

/// What a way out is.
#[derive(Debug, Clone)]
pub enum RelayKind {
    /// A submission server.
    Smtp(SmtpRelay),
    /// A directory.
    Maildir {
        /// The directory.
        path: PathBuf,
    },
}

/// A submission server.
#[derive(Clone)]
pub struct SmtpRelay {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// TLS or not.
    pub tls: Tls,
    /// Certificates to trust instead of the system's.
    pub tls_ca_file: Option<PathBuf>,
    /// Who logs in, and the password; nobody if absent.
    pub login: Option<(String, Secret)>,
    /// What we call ourselves.
    pub helo_name: String,
    /// Connections at once.
    pub connections: u32,
}

impl std::fmt::Debug for SmtpRelay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SmtpRelay")
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Smtp,
    Maildir,
}

const KINDS: [(&str, Kind); 2] = [("smtp", Kind::Smtp), ("maildir", Kind::Maildir)];

pub(super) fn read_all(root: &mut Section<'_>) -> Vec<RelayConfig> {
    let missing = !root.has("relay");
    let sections = root.sections("relay");
    if missing || sections.is_empty() {
        root.wrong("relay", "is missing; add a [[relay]] with name, kind and where it is");
    }
    let mut names = HashSet::new();
    let mut relays = Vec::new();
    for section in sections {
        let Some(relay) = read(section) else { continue };
        if !names.insert(relay.name.clone()) {
            let what = format!("has the name `{}` twice; give each its own", relay.name);
            root.wrong("relay", what);
        }
        relays.push(relay);
    }
    let takes =
        |stream| relays.iter().filter(|relay: &&RelayConfig| relay.stream == stream).count();
    match (takes(RelayStream::All), takes(RelayStream::Hello), takes(RelayStream::Bulk)) {
        (1, 0, 0) | (0, 1, 0..=1) => {}
        _ if relays.is_empty() => {}
        _ => root.wrong(
            "relay",
            "has the wrong streams; write one [[relay]], or one with stream = \"hello\" and one with stream = \"bulk\"",
        ),
    }
    relays
}

fn read(mut section: Section<'_>) -> Option<RelayConfig> {
    let name = section.read("name", "main", check_name);
    if !section.has("kind") {
        section.wrong("kind", "is missing; add kind = \"smtp\" or kind = \"maildir\"");
    }
    let word = section.optional_word("kind", &KINDS);
    let kind = match word {
        Some(Kind::Smtp) => read_smtp(&mut section).map(RelayKind::Smtp),
        Some(Kind::Maildir) => {
            if !section.has("path") {
                section.wrong("path", "is missing; add path = \"/var/lib/consentry/sent\"");
            }
            section.optional_path("path").map(|path| RelayKind::Maildir { path })
        }
        None => None,
    };
    let stream = section.word("stream", &STREAMS);
    let max_per_second = section.optional_number("max_per_second", 1..=100_000);
    if word.is_some() {
        section.finish();
    }
    Some(RelayConfig { name: name?, kind: kind?, stream, max_per_second })
}

fn read_smtp(section: &mut Section<'_>) -> Option<SmtpRelay> {
    let host = section.text("host", "smtp.shop.example");
    let tls = read_tls(section, Tls::StartTls);
    let port =
        section.optional_number("port", 1..=65_535).and_then(|port| u16::try_from(port).ok());
    let tls_ca_file = section.optional_path("tls_ca_file");
    let user = section.optional_text("user");
    let password = section.optional_secret("password_file");
    let helo_name = section.optional_text("helo_name");
    let connections = section.number("connections", 1..=100, 4);
    let login = match (user, password) {
        (Some(user), Some(password)) => Some((user, password)),
        (None, None) => None,
        (Some(_), None) => {
            section.wrong("password_file", "is missing beside `user`; add it or remove `user`");
            None
        }
        (None, Some(_)) => {
            section.wrong("user", "is missing beside `password_file`; add it or remove that");
            None
        }
    };
    if login.is_some() && tls == Tls::None && !is_loopback(&host) {
        section.wrong("tls", "is \"none\": a password is not sent in clear; write \"starttls\"");
    }
    let port = port.unwrap_or(match tls {
        Tls::Implicit => 465,
        Tls::StartTls => 587,
        Tls::None => 25,
    });
    let helo_name = helo_name.unwrap_or_else(super::process::host_name);
    Some(SmtpRelay { host, port, tls, tls_ca_file, login, helo_name, connections })
}

/// Whether a host is this machine, as far as its name tells.
pub(super) fn is_loopback(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

impl RelayConfig {
    /// Whether campaigns leave by it.
    pub(super) fn takes_campaigns(&self) -> bool {
        match self.stream {
            RelayStream::All | RelayStream::Bulk => true,
            RelayStream::Hello => false,
        }
    }

    pub(super) fn secret(&self) -> Option<&Secret> {
        match &self.kind {
            RelayKind::Smtp(smtp) => smtp.login.as_ref().map(|(_, password)| password),
            RelayKind::Maildir { .. } => None,
        }
    }
}
