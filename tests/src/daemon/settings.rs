//! The configuration that a flow runs the daemon with: the one place that knows its keys.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;

use crate::{
    certificates::Certificates,
    dkim::DkimKeys,
    servers::{Dovecot, Postfix},
};

/// Where mail is read from.
#[derive(Debug, Clone)]
pub enum MailboxSettings {
    /// An IMAP server.
    Imap {
        /// The port on loopback.
        port: u16,
        /// `tls`, `starttls` or `plaintext`.
        security: &'static str,
        /// The authority to trust.
        authority: Option<PathBuf>,
        /// The login.
        user: String,
        /// Where handled mail goes, if it is moved.
        move_to: Option<String>,
    },
    /// A Maildir.
    Maildir(PathBuf),
}

/// Where answers go out.
#[derive(Debug, Clone)]
pub enum OutletSettings {
    /// A relay on loopback, `starttls` or `plaintext`.
    Smtp {
        /// Its port.
        port: u16,
        /// `starttls` or `plaintext`.
        security: &'static str,
        /// The authority to trust.
        authority: Option<PathBuf>,
    },
    /// A Maildir.
    Maildir(PathBuf),
}

/// Everything that a flow may choose; the rest is the product's default.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The organisation's address.
    pub address: String,
    /// The mailbox.
    pub mailbox: MailboxSettings,
    /// The outlet.
    pub outlet: OutletSettings,
    /// The URL of a PostgreSQL database; SQLite in the home when absent.
    pub postgres: Option<String>,
    /// The name of this node.
    pub node: String,
    /// Selector and key file, and the domain they sign for.
    pub dkim: Option<(String, Vec<(String, PathBuf)>)>,
    /// The port of the pages, if any.
    pub web_port: Option<u16>,
    /// Where answers go out when the relay is down: waits are short in tests.
    pub further: String,
}

impl Settings {
    /// A Maildir in, a Maildir out, SQLite, no pages.
    #[must_use]
    pub fn embedded(address: &str, mailbox: &Path, replies: &Path) -> Self {
        Self {
            address: address.to_owned(),
            mailbox: MailboxSettings::Maildir(mailbox.to_owned()),
            outlet: OutletSettings::Maildir(replies.to_owned()),
            postgres: None,
            node: "test".to_owned(),
            dkim: None,
            web_port: None,
            further: String::new(),
        }
    }

    /// Dovecot over TLS in, Postfix over STARTTLS out, SQLite, no pages.
    #[must_use]
    pub fn on_servers(
        address: &str,
        dovecot: &Dovecot,
        postfix: &Postfix,
        tls: &Certificates,
    ) -> Self {
        Self {
            mailbox: MailboxSettings::Imap {
                port: dovecot.tls_port(),
                security: "tls",
                authority: Some(tls.authority.clone()),
                user: address.to_owned(),
                move_to: None,
            },
            outlet: OutletSettings::Smtp {
                port: postfix.port(),
                security: "starttls",
                authority: Some(tls.authority.clone()),
            },
            ..Self::embedded(address, Path::new(""), Path::new(""))
        }
    }

    /// The same with DKIM signatures by both keys.
    #[must_use]
    pub fn signed(mut self, keys: &DkimKeys) -> Self {
        let list =
            vec![("rsa".to_owned(), keys.rsa.clone()), ("ed".to_owned(), keys.ed25519.clone())];
        self.dkim = Some((keys.domain.clone(), list));
        self
    }

    /// The text of `consentry.toml` for a home in `dir`.
    ///
    /// # Errors
    /// When the password file cannot be written.
    pub fn toml(&self, dir: &Path) -> Result<String> {
        let mut out = String::new();
        let domain = self.address.split_once('@').map_or("", |(_, domain)| domain);
        writeln!(out, "[organisation]\nname = \"Test clinic\"\naddress = \"{}\"", self.address)?;
        writeln!(out, "domains = [\"{domain}\"]\n")?;
        writeln!(out, "[node]\nname = \"{}\"\nstate_dir = \"{}\"\n", self.node, dir.display())?;
        if let Some(url) = &self.postgres {
            writeln!(out, "[database]\nurl = \"{url}\"\n")?;
        }
        writeln!(out, "[[mailbox]]\nname = \"hello\"")?;
        match &self.mailbox {
            MailboxSettings::Maildir(path) => writeln!(out, "maildir = \"{}\"", path.display())?,
            MailboxSettings::Imap { port, security, authority, user, move_to } => {
                let password = dir.join("imap-password");
                fs::write(&password, "secret\n")?;
                writeln!(out, "host = \"localhost\"\nport = {port}\nsecurity = \"{security}\"")?;
                writeln!(out, "user = \"{user}\"\npassword_file = \"{}\"", password.display())?;
                if let Some(path) = authority {
                    writeln!(out, "tls_ca_file = \"{}\"", path.display())?;
                }
                if let Some(folder) = move_to {
                    writeln!(out, "move_to = \"{folder}\"")?;
                }
            }
        }
        writeln!(out, "\n[[relay]]\nname = \"replies\"")?;
        match &self.outlet {
            OutletSettings::Maildir(path) => writeln!(out, "maildir = \"{}\"", path.display())?,
            OutletSettings::Smtp { port, security, authority } => {
                writeln!(out, "host = \"localhost\"\nport = {port}\nsecurity = \"{security}\"")?;
                if let Some(path) = authority {
                    writeln!(out, "tls_ca_file = \"{}\"", path.display())?;
                }
            }
        }
        if let Some((domain, keys)) = &self.dkim {
            writeln!(out, "\n[dkim]\ndomain = \"{domain}\"")?;
            for (selector, path) in keys {
                let path = path.display();
                writeln!(out, "[[dkim.key]]\nselector = \"{selector}\"\nkey_file = \"{path}\"")?;
            }
        }
        if let Some(port) = self.web_port {
            writeln!(out, "\n[web]\nlisten = \"127.0.0.1:{port}\"")?;
        }
        out.push_str(&self.further);
        Ok(out)
    }
}
