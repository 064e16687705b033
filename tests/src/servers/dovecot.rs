//! Dovecot with STARTTLS, IMAPS and an authentication service for Postfix.

use std::{fmt::Write as _, net::TcpStream, path::PathBuf, process::Command, time::Duration};

use anyhow::Result;
use rustix::process::Signal;

use crate::{
    certificates::Certificates,
    child::{OwnedProcess, run},
    imap::ImapSession,
    place::{Place, Port, runs_as_root},
    servers::MailStore,
    wait::LONG,
};

/// A running Dovecot over a [`MailStore`].
#[derive(Debug)]
pub struct Dovecot {
    process: Option<OwnedProcess>,
    config: PathBuf,
    log: PathBuf,
    imap: Port,
    imaps: Port,
    sasl: Port,
    store: MailStore,
}

impl Dovecot {
    /// Starts it and waits until it answers.
    ///
    /// # Errors
    /// When it is not installed or does not get ready.
    pub fn start(place: &Place, store: &MailStore, tls: &Certificates) -> Result<Self> {
        let (imap, imaps, sasl) = (Port::reserve()?, Port::reserve()?, Port::reserve()?);
        let dir = place.room("dovecot")?;
        let mut users = String::new();
        for account in &store.accounts {
            writeln!(users, "{}:{{PLAIN}}{}", account.address, account.password)?;
        }
        place.file("dovecot/users", users)?;
        let owner = if runs_as_root() {
            String::new()
        } else {
            let name = run(Command::new("id").arg("-un"))?;
            format!(
                "default_internal_user = {0}\ndefault_login_user = {0}\n\
                 service imap-login {{\n  chroot =\n}}\nservice anvil {{\n  chroot =\n}}\n",
                name.trim()
            )
        };
        let config = format!(
            "base_dir = {dir}/run\nstate_dir = {dir}/state\nlog_path = {dir}/dovecot.log\n\
             protocols = imap\nlisten = 127.0.0.1\nssl = yes\nssl_cert = <{cert}\n\
             ssl_key = <{key}\ndisable_plaintext_auth = no\nauth_mechanisms = plain login\n\
             mail_location = maildir:~/Maildir\nfirst_valid_uid = 1\nfirst_valid_gid = 1\n\
             mail_max_userip_connections = 200\nmaildir_stat_dirs = yes\n{owner}\
             passdb {{\n  driver = passwd-file\n  args = username_format=%u {dir}/users\n}}\n\
             userdb {{\n  driver = static\n  args = uid={uid} gid={gid} home={root}/%u\n}}\n\
             namespace inbox {{\n  inbox = yes\n  separator = /\n\
             mailbox Junk {{\n    auto = create\n    special_use = \\Junk\n  }}\n}}\n\
             service imap-login {{\n  inet_listener imap {{\n    port = {imap}\n  }}\n\
             inet_listener imaps {{\n    port = {imaps}\n    ssl = yes\n  }}\n}}\n\
             service auth {{\n  inet_listener {{\n    address = 127.0.0.1\n    port = {sasl}\n  }}\n}}\n",
            dir = dir.display(),
            cert = tls.certificate.display(),
            key = tls.key.display(),
            uid = store.uid,
            gid = store.gid,
            root = store.root.display(),
            imap = imap.number(),
            imaps = imaps.number(),
            sasl = sasl.number(),
        );
        let config = place.file("dovecot/dovecot.conf", config)?;
        let log = dir.join("dovecot.log");
        let mut dovecot =
            Self { process: None, config, log, imap, imaps, sasl, store: store.clone() };
        dovecot.resume()?;
        Ok(dovecot)
    }

    /// The port for STARTTLS, and for plain text on loopback.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.imap.number()
    }

    /// The port for implicit TLS.
    #[must_use]
    pub fn tls_port(&self) -> u16 {
        self.imaps.number()
    }

    /// The port of the authentication service.
    #[must_use]
    pub fn sasl_port(&self) -> u16 {
        self.sasl.number()
    }

    /// Signs another client in.
    ///
    /// # Errors
    /// When Dovecot refuses.
    pub fn session(&self, address: &str) -> Result<ImapSession> {
        let password = self
            .store
            .accounts
            .iter()
            .find(|account| account.address == address)
            .map_or("", |account| account.password.as_str());
        ImapSession::sign_in(self.port(), address, password)
    }

    /// SIGTERM, as an administrator stops it; open sessions are told BYE.
    ///
    /// # Errors
    /// When it does not end in time.
    pub fn stop(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.signal(Signal::TERM)?;
            process.wait(LONG)?;
        }
        Ok(())
    }

    /// kill -9 of the master; its children notice and end.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
        }
        Ok(())
    }

    /// Starts it again on the same ports after [`Self::stop`] or [`Self::kill`].
    ///
    /// # Errors
    /// When it does not get ready.
    pub fn resume(&mut self) -> Result<()> {
        self.imap.wait_free()?;
        self.imaps.wait_free()?;
        let mut command = Command::new("/usr/sbin/dovecot");
        command.arg("-F").arg("-c").arg(&self.config);
        // A killed master leaves its pid file; a second master would take it for a live one.
        let pid_file = self.config.with_file_name("run").join("master.pid");
        let _ = std::fs::remove_file(pid_file);
        let mut process = OwnedProcess::spawn("dovecot", command, &self.log)?;
        let port = self.port();
        process.wait_ready(Duration::from_secs(30), || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        })?;
        self.process = Some(process);
        Ok(())
    }

    /// The mailboxes it shows.
    #[must_use]
    pub fn store(&self) -> &MailStore {
        &self.store
    }
}
