//! The configuration that a flow runs the daemon with: the one place that knows its keys.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Result;

use crate::{
    certificates::Certificates,
    daemon::people,
    dkim::DkimKeys,
    place::write_secret,
    servers::{Dovecot, Postfix},
};

/// Where mail is read from.
#[derive(Debug, Clone)]
pub enum MailboxSettings {
    /// An IMAP server on loopback.
    Imap {
        /// Its port.
        port: u16,
        /// `implicit`, `starttls` or `none`.
        tls: &'static str,
        /// The authority to trust.
        authority: Option<PathBuf>,
        /// Where handled mail goes, if it is moved.
        move_to: Option<String>,
    },
    /// A Maildir.
    Maildir(PathBuf),
}

/// Where answers go out.
#[derive(Debug, Clone)]
pub enum OutletSettings {
    /// A relay on loopback.
    Smtp {
        /// Its port.
        port: u16,
        /// `starttls` or `none`.
        tls: &'static str,
        /// The authority to trust.
        authority: Option<PathBuf>,
    },
    /// A Maildir.
    Maildir(PathBuf),
}

/// As whom, and by which way, newsletters go out.
#[derive(Debug, Clone)]
pub struct CampaignSettings {
    /// The sender's address; `unsub@` and `bounce@` stand at its domain.
    pub from: String,
    /// A way out of their own; that of the answers when absent.
    pub outlet: Option<OutletSettings>,
    /// Most mails in a second.
    pub max_per_second: Option<u32>,
    /// Connections at once, when there is an outlet of their own.
    pub connections: Option<u32>,
    /// Further keys of `[campaign]` as they will stand.
    pub further: String,
}

impl CampaignSettings {
    /// As fast as the way of the answers takes them.
    #[must_use]
    pub fn from(address: &str) -> Self {
        Self {
            from: address.to_owned(),
            outlet: None,
            max_per_second: None,
            connections: None,
            further: String::new(),
        }
    }
}

/// Everything that a flow may choose; the rest is the product's default.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The organisation's address, which is the login of the mailbox as well.
    pub address: String,
    /// The mailbox.
    pub mailbox: MailboxSettings,
    /// The outlet.
    pub outlet: OutletSettings,
    /// Newsletters; none when absent.
    pub campaign: Option<CampaignSettings>,
    /// The URL of a PostgreSQL database; SQLite in the home when absent.
    pub postgres: Option<String>,
    /// The name of this node.
    pub node: String,
    /// The domain of signatures, its RSA key and its Ed25519 key.
    pub dkim: Option<(String, PathBuf, PathBuf)>,
    /// The data directory, when it is not the home.
    pub data: Option<PathBuf>,
    /// Where objects and keys lie, when nodes share them.
    pub vault: Option<PathBuf>,
    /// Folders to read.
    pub folders: Vec<String>,
    /// Further sections as they will stand.
    pub further: String,
}

impl Settings {
    /// A Maildir in, a Maildir out, SQLite.
    #[must_use]
    pub fn embedded(address: &str, mailbox: &Path, replies: &Path) -> Self {
        Self {
            address: address.to_owned(),
            mailbox: MailboxSettings::Maildir(mailbox.to_owned()),
            outlet: OutletSettings::Maildir(replies.to_owned()),
            campaign: None,
            postgres: None,
            node: "test".to_owned(),
            dkim: None,
            data: None,
            vault: None,
            folders: Vec::new(),
            further: String::new(),
        }
    }

    /// Dovecot over TLS in, Postfix over STARTTLS out, SQLite.
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
                tls: "implicit",
                authority: Some(tls.authority.clone()),
                move_to: None,
            },
            outlet: OutletSettings::Smtp {
                port: postfix.port(),
                tls: "starttls",
                authority: Some(tls.authority.clone()),
            },
            ..Self::embedded(address, Path::new(""), Path::new(""))
        }
    }

    /// The same with DKIM signatures by both keys.
    #[must_use]
    pub fn signed(mut self, keys: &DkimKeys) -> Self {
        self.dkim = Some((keys.domain.clone(), keys.rsa.clone(), keys.ed25519.clone()));
        self
    }

    /// The same with newsletters.
    #[must_use]
    pub fn with_campaigns(mut self, campaign: CampaignSettings) -> Self {
        self.campaign = Some(campaign);
        self
    }

    /// The same for more letters in an hour than a mailbox gets in a year: the breakers stay shut.
    #[must_use]
    pub fn without_breakers(mut self) -> Self {
        self.further.push_str(
            "\n[filing]\nfull_blocks_per_hour = 100000\nacknowledgements_per_hour = 100000\n",
        );
        self
    }

    /// The text of `consentry.toml` for a home in `dir`, whose pages listen on `web_port`.
    ///
    /// # Errors
    /// When a secret's file cannot be written.
    pub fn toml(&self, dir: &Path, web_port: u16) -> Result<String> {
        let mut out = String::new();
        let address = &self.address;
        let domain = address.split_once('@').map_or("", |(_, domain)| domain);
        writeln!(
            out,
            "[organisation]\nname = \"Test clinic\"\ncontact = \"Data protection officer\"\n\
             domains = [\"{domain}\"]\npolicy_url = \"https://{domain}/privacy\"\n\
             policy_version = \"2026-03-01\"\n\n[node]\nname = \"{}\"\n\n[mail]\n\
             from = \"{address}\"\n",
            self.node
        )?;
        if let Some((domain, rsa, ed25519)) = &self.dkim {
            for (selector, algorithm, path) in
                [("rsa", "rsa-sha256", rsa), ("ed", "ed25519-sha256", ed25519)]
            {
                writeln!(
                    out,
                    "[[mail.dkim]]\nselector = \"{selector}\"\ndomain = \"{domain}\"\n\
                     algorithm = \"{algorithm}\"\nkey_file = \"{}\"\n",
                    path.display()
                )?;
            }
        }
        let data = self.data.as_deref().unwrap_or(dir);
        writeln!(out, "[data]\ndirectory = \"{}\"\n", data.display())?;
        // The flows play all people of a house under one account.
        writeln!(out, "[people]\nshared_account = true\n")?;
        out.push_str(&people::roster()?);
        if let Some(url) = &self.postgres {
            let file = dir.join("database-url");
            write_secret(&file, format!("{url}\n"))?;
            writeln!(out, "[database]\nkind = \"postgres\"\nurl_file = \"{}\"\n", file.display())?;
        }
        if let Some(vault) = &self.vault {
            let vault = vault.display();
            writeln!(
                out,
                "[vault]\nobjects_directory = \"{vault}/objects\"\nkeys_directory = \"{vault}/keys\"\n"
            )?;
        }
        self.mailbox(&mut out, dir)?;
        self.ways_out(&mut out)?;
        writeln!(
            out,
            "[web]\nlisten = \"127.0.0.1:{web_port}\"\npublic_url = \"http://127.0.0.1:{web_port}\"\n\n\
             [log]\nformat = \"json\"\n"
        )?;
        writeln!(out, "[acts]\noperator_address = \"1 Clinic Street, Moscow\"\n")?;
        out.push_str(&self.further);
        Ok(out)
    }

    fn mailbox(&self, out: &mut String, dir: &Path) -> Result<()> {
        writeln!(out, "[[mailbox]]\nname = \"hello\"\npoll_interval = \"1s\"")?;
        let address = &self.address;
        match &self.mailbox {
            MailboxSettings::Maildir(path) => writeln!(
                out,
                "kind = \"maildir\"\npath = \"{}\"\naddress = \"{address}\"\n",
                path.display()
            )?,
            MailboxSettings::Imap { port, tls, authority, move_to } => {
                let password = dir.join("imap-password");
                write_secret(&password, "secret\n")?;
                writeln!(
                    out,
                    "kind = \"imap\"\nhost = \"localhost\"\nport = {port}\ntls = \"{tls}\"\n\
                     user = \"{address}\"\npassword_file = \"{}\"",
                    password.display()
                )?;
                if let Some(path) = authority {
                    writeln!(out, "tls_ca_file = \"{}\"", path.display())?;
                }
                if let Some(folder) = move_to {
                    writeln!(out, "move_to = \"{folder}\"")?;
                }
                if !self.folders.is_empty() {
                    writeln!(out, "folders = {:?}", self.folders)?;
                }
            }
        }
        writeln!(out)?;
        Ok(())
    }

    fn ways_out(&self, out: &mut String) -> Result<()> {
        let Some(campaign) = &self.campaign else {
            return outlet(out, "replies", &self.outlet, "");
        };
        let pace = campaign.max_per_second;
        let pace = pace.map(|most| format!("max_per_second = {most}\n")).unwrap_or_default();
        writeln!(out, "[campaign]\nfrom = \"{}\"\n{}", campaign.from, campaign.further)?;
        match &campaign.outlet {
            None => outlet(out, "replies", &self.outlet, &pace),
            Some(bulk) => {
                outlet(out, "replies", &self.outlet, "stream = \"hello\"\n")?;
                let width = campaign.connections;
                let width = width.map(|most| format!("connections = {most}\n")).unwrap_or_default();
                outlet(out, "bulk", bulk, &format!("stream = \"bulk\"\n{pace}{width}"))
            }
        }
    }
}

fn outlet(out: &mut String, name: &str, outlet: &OutletSettings, further: &str) -> Result<()> {
    writeln!(out, "[[relay]]\nname = \"{name}\"\n{further}")?;
    match outlet {
        OutletSettings::Maildir(path) => {
            writeln!(out, "kind = \"maildir\"\npath = \"{}\"\n", path.display())?;
        }
        OutletSettings::Smtp { port, tls, authority } => {
            writeln!(
                out,
                "kind = \"smtp\"\nhost = \"localhost\"\nport = {port}\ntls = \"{tls}\"\n\
                 helo_name = \"mail.test.example\""
            )?;
            if let Some(path) = authority {
                writeln!(out, "tls_ca_file = \"{}\"", path.display())?;
            }
            writeln!(out)?;
        }
    }
    Ok(())
}
