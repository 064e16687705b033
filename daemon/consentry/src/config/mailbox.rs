//! `[[mailbox]]`: where mail is read from.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use domain::address::EmailAddress;

use super::check_name;
use super::secret::Secret;
use super::section::Section;

/// One mailbox.
#[derive(Debug, Clone)]
pub struct MailboxConfig {
    /// Its name in tables and logs.
    pub name: String,
    /// Where it is.
    pub source: MailSource,
    /// The address that people write to.
    pub address: EmailAddress,
    /// How often to look.
    pub poll_interval: Duration,
    /// Where filed mail is moved, if anywhere.
    pub move_to: Option<String>,
    /// Of a larger mail only the header is read, in bytes.
    pub max_message_size: u64,
    /// Whose Authentication-Results are believed.
    pub authserv_ids: Vec<String>,
}

/// Where a mailbox is.
#[derive(Debug, Clone)]
pub enum MailSource {
    /// An IMAP server.
    Imap(ImapSource),
    /// A directory.
    Maildir {
        /// The directory that holds `new` and `cur`.
        path: PathBuf,
        /// The folders to read; none named means INBOX, and Junk where there is one.
        folders: Option<Vec<String>>,
    },
}

/// An IMAP server and how to get in.
#[derive(Clone)]
pub struct ImapSource {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// TLS or not.
    pub tls: Tls,
    /// Certificates to trust instead of the system's.
    pub tls_ca_file: Option<PathBuf>,
    /// Who logs in.
    pub user: String,
    /// How.
    pub auth: Auth,
    /// The password or token.
    pub password_file: Secret,
    /// The folders to read.
    pub folders: Vec<String>,
}

impl std::fmt::Debug for ImapSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The user is mostly an address.
        f.debug_struct("ImapSource")
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// From the first byte.
    Implicit,
    /// STARTTLS, without a way back.
    StartTls,
    /// Not at all; refused unless the server is on this machine.
    None,
}

/// How a login proves itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// A password.
    Plain,
    /// An access token, by XOAUTH2.
    XOAuth2,
    /// An access token, by OAUTHBEARER (RFC 7628).
    OAuthBearer,
}

#[derive(Clone, Copy)]
enum Kind {
    Imap,
    Maildir,
}

const KINDS: [(&str, Kind); 2] = [("imap", Kind::Imap), ("maildir", Kind::Maildir)];
const TLS: [(&str, Tls); 3] =
    [("implicit", Tls::Implicit), ("starttls", Tls::StartTls), ("none", Tls::None)];
const AUTH: [(&str, Auth); 3] =
    [("plain", Auth::Plain), ("xoauth2", Auth::XOAuth2), ("oauthbearer", Auth::OAuthBearer)];

pub(super) fn read_all(root: &mut Section<'_>) -> Vec<MailboxConfig> {
    let missing = !root.has("mailbox");
    let sections = root.sections("mailbox");
    if missing || sections.is_empty() {
        root.wrong("mailbox", "is missing; add a [[mailbox]] with name, kind and where it is");
    }
    let mut names = HashSet::new();
    let mut mailboxes = Vec::new();
    for section in sections {
        let Some(mailbox) = read(section) else { continue };
        if !names.insert(mailbox.name.clone()) {
            let what = format!("has the name `{}` twice; give each its own", mailbox.name);
            root.wrong("mailbox", what);
        }
        mailboxes.push(mailbox);
    }
    mailboxes
}

fn read(mut section: Section<'_>) -> Option<MailboxConfig> {
    let name = section.read("name", "hello", check_name);
    if !section.has("kind") {
        section.wrong("kind", "is missing; add kind = \"imap\" or kind = \"maildir\"");
    }
    let kind = section.optional_word("kind", &KINDS);
    let address = section.optional_read("address", EmailAddress::parse);
    let mut user = None;
    let source = match kind {
        Some(Kind::Imap) => {
            let source = read_imap(&mut section);
            user = source.as_ref().and_then(|source| EmailAddress::parse(&source.user).ok());
            source.map(MailSource::Imap)
        }
        Some(Kind::Maildir) => {
            if !section.has("path") {
                section.wrong("path", "is missing; add path = \"/var/mail/hello\"");
            }
            let folders = section.optional_texts("folders");
            check_folders(&section, folders.as_deref());
            section.optional_path("path").map(|path| MailSource::Maildir { path, folders })
        }
        None => None,
    };
    let address = address.or(user);
    if address.is_none() && source.is_some() {
        section.wrong("address", "is missing; add the address people write to");
    }
    let poll = (Duration::from_secs(1)..=Duration::from_secs(3600), Duration::from_secs(60));
    let poll_interval = section.duration("poll_interval", poll.0, poll.1);
    let move_to = section.optional_text("move_to");
    if let (Some(target), Some(source)) = (&move_to, &source) {
        check_target(&section, source, target);
    }
    let max_message_size = section.size("max_message_size", (64 << 10)..=(256 << 20), 32 << 20);
    let authserv_ids = section.optional_texts("authserv_ids").unwrap_or_default();
    // What is wrong with the kind was said; its keys would only repeat it.
    if kind.is_some() {
        section.finish();
    }
    let (name, source, address) = (name?, source?, address?);
    Some(MailboxConfig {
        name,
        source,
        address,
        poll_interval,
        move_to,
        max_message_size,
        authserv_ids,
    })
}

fn read_imap(section: &mut Section<'_>) -> Option<ImapSource> {
    let host = section.text("host", "imap.shop.example");
    let tls = section.word("tls", &TLS);
    let port =
        section.optional_number("port", 1..=65_535).and_then(|port| u16::try_from(port).ok());
    let tls_ca_file = section.optional_path("tls_ca_file");
    let user = section.text("user", "hello@shop.example");
    let auth = section.word("auth", &AUTH);
    let password_file = section.secret("password_file", "credential:imap");
    let folders = section.optional_texts("folders").unwrap_or_else(|| vec!["INBOX".to_owned()]);
    check_folders(section, Some(&folders));
    if tls == Tls::None && !host.is_empty() && !is_here(&host) {
        let what = "is \"none\", and `host` is not this machine; use \"implicit\" or \"starttls\"";
        section.wrong("tls", what);
    }
    let port = port.unwrap_or(if tls == Tls::Implicit { 993 } else { 143 });
    Some(ImapSource {
        host,
        port,
        tls,
        tls_ca_file,
        user,
        auth,
        password_file: password_file?,
        folders,
    })
}

fn check_folders(section: &Section<'_>, folders: Option<&[String]>) {
    if folders.is_some_and(<[String]>::is_empty) {
        section.wrong("folders", "is empty; name at least one folder, such as \"INBOX\"");
    }
}

/// What is filed must leave the folders that are read, or it would be read for ever.
fn check_target(section: &Section<'_>, source: &MailSource, target: &str) {
    let is_read = |folder: &String| {
        folder == target
            || folder.eq_ignore_ascii_case("INBOX") && target.eq_ignore_ascii_case("INBOX")
    };
    match source {
        MailSource::Maildir { .. } => {
            section.wrong("move_to", "is only for kind = \"imap\"; leave it out");
        }
        MailSource::Imap(imap)
            if imap.folders.iter().any(is_read) || target.eq_ignore_ascii_case("INBOX") =>
        {
            section.wrong("move_to", "is a folder that is read; name another one");
        }
        MailSource::Imap(_) => {}
    }
}

/// Whether a host is this machine by its name alone; a name that only resolves to it is not.
fn is_here(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<std::net::IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => ["localhost", "ip6-localhost"].iter().any(|own| bare.eq_ignore_ascii_case(own)),
    }
}

impl MailboxConfig {
    pub(super) fn secret(&self) -> Option<&Secret> {
        match &self.source {
            MailSource::Imap(imap) => Some(&imap.password_file),
            MailSource::Maildir { .. } => None,
        }
    }
}

/// The words for `tls`, with another default for each kind of server.
pub(super) fn read_tls(section: &mut Section<'_>, default: Tls) -> Tls {
    section.optional_word("tls", &TLS).unwrap_or(default)
}
