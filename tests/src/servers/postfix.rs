//! Postfix that delivers into the Maildirs of a [`MailStore`] and takes mail on loopback.
//!
//! Its master needs root, as everywhere; without it the start says so.

use std::{
    collections::BTreeSet, fmt::Write as _, net::TcpStream, os::unix::fs::chown, path::PathBuf,
    process::Command, time::Duration,
};

use anyhow::{Context as _, Result, bail};

use crate::{
    certificates::Certificates,
    child::{OwnedProcess, run},
    place::{Place, Port, runs_as_root},
    servers::{Dovecot, MailStore},
};

/// What Postfix does besides delivering into mailboxes. What a sender adds behind a `+` is left
/// out of every look-up, as hello@ needs it for tokens.
#[derive(Debug, Clone, Default)]
pub struct Routes {
    /// Further addresses, each with the mailbox that gets its mail.
    pub aliases: Vec<(String, String)>,
    /// Domains whose mail goes on to an SMTP server on loopback.
    pub onward: Vec<(String, u16)>,
    /// Recipients that are refused, each with the reply.
    pub refused: Vec<(String, String)>,
}

/// A running Postfix.
#[derive(Debug)]
pub struct Postfix {
    _process: OwnedProcess,
    smtp: Port,
    log: PathBuf,
}

impl Postfix {
    /// Starts it and waits until it greets. With `dovecot`, AUTH is offered after STARTTLS.
    ///
    /// # Errors
    /// When it is not installed, the tests do not run as root, or it does not get ready.
    pub fn start(
        place: &Place,
        store: &MailStore,
        tls: &Certificates,
        dovecot: Option<&Dovecot>,
    ) -> Result<Self> {
        Self::start_with(place, store, tls, dovecot, &Routes::default())
    }

    /// The same with further routes.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_with(
        place: &Place,
        store: &MailStore,
        tls: &Certificates,
        dovecot: Option<&Dovecot>,
        routes: &Routes,
    ) -> Result<Self> {
        if !runs_as_root() {
            bail!("Postfix starts as root only; run tests/run as root for this test");
        }
        let smtp = Port::reserve()?;
        let config = place.room("postfix/config")?;
        let (queue, data) = (place.room("postfix/queue")?, place.room("postfix/data")?);
        let owner: u32 = run(Command::new("id").args(["-u", "postfix"]))?.trim().parse()?;
        chown(&data, Some(owner), None)?;
        let log = place.path().join("postfix/mail.log");

        let mut mailboxes = String::new();
        for account in &store.accounts {
            writeln!(mailboxes, "{0} {0}/Maildir/", account.address)?;
        }
        place.file("postfix/config/mailboxes", mailboxes)?;
        let main = main_cf(place, store, tls, dovecot) + &routed(place, routes)?;
        place.file("postfix/config/main.cf", main)?;
        place.file("postfix/config/master.cf", master_cf(smtp.number()))?;

        // `check` makes the directories of the queue; the master then runs as our own child,
        // since `postfix start` and `start-fg` would put it out of our reach.
        run(Command::new("/usr/sbin/postfix").arg("-c").arg(&config).arg("check"))?;
        let mut command = Command::new("/usr/lib/postfix/sbin/master");
        command.arg("-c").arg(&config).arg("-d");
        let mut process =
            OwnedProcess::spawn("postfix", command, &place.path().join("postfix/start.log"))?;
        let port = smtp.number();
        process
            .wait_ready(Duration::from_secs(30), || TcpStream::connect(("127.0.0.1", port)).is_ok())
            .with_context(|| std::fs::read_to_string(&log).unwrap_or_default())?;
        drop(queue);
        Ok(Self { _process: process, smtp, log })
    }

    /// The port that takes mail.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.smtp.number()
    }

    /// What it logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

fn main_cf(
    place: &Place,
    store: &MailStore,
    tls: &Certificates,
    dovecot: Option<&Dovecot>,
) -> String {
    let dir = place.path().join("postfix");
    let dir = dir.display();
    let domains: BTreeSet<&str> = store
        .accounts
        .iter()
        .filter_map(|account| account.address.split_once('@'))
        .map(|(_, domain)| domain)
        .collect();
    let sasl = dovecot.map_or_else(String::new, |dovecot| {
        format!(
            "smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\n\
             smtpd_sasl_path = inet:127.0.0.1:{}\nsmtpd_tls_auth_only = yes\n",
            dovecot.sasl_port()
        )
    });
    format!(
        "compatibility_level = 3.6\nqueue_directory = {dir}/queue\ndata_directory = {dir}/data\n\
         command_directory = /usr/sbin\ndaemon_directory = /usr/lib/postfix/sbin\n\
         mail_owner = postfix\nsetgid_group = postdrop\n\
         maillog_file_prefixes = {place}\nmaillog_file = {dir}/mail.log\n\
         myhostname = mail.test.example\nmydestination =\nmynetworks = 127.0.0.0/8\n\
         inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\n\
         virtual_mailbox_domains = {domains}\nvirtual_mailbox_base = {root}\n\
         virtual_mailbox_maps = texthash:{dir}/config/mailboxes\n\
         virtual_uid_maps = static:{uid}\nvirtual_gid_maps = static:{gid}\n\
         virtual_minimum_uid = 1\nvirtual_mailbox_limit = 0\nmailbox_size_limit = 0\n\
         message_size_limit = 70000000\nsmtpd_relay_restrictions = permit_mynetworks, reject\n\
         default_transport = error:5.4.4 no route out of the test\n\
         smtpd_tls_cert_file = {cert}\nsmtpd_tls_key_file = {key}\n\
         smtpd_tls_security_level = may\n{sasl}smtpd_client_connection_count_limit = 0\n\
         smtpd_client_connection_rate_limit = 0\nin_flow_delay = 0\nsmtputf8_enable = yes\n",
        place = place.path().display(),
        domains = domains.into_iter().collect::<Vec<_>>().join(" "),
        root = store.root.display(),
        uid = store.uid,
        gid = store.gid,
        cert = tls.certificate.display(),
        key = tls.key.display(),
    )
}

/// The tables of the routes, and the lines of main.cf that name them.
fn routed(place: &Place, routes: &Routes) -> Result<String> {
    let mut tables = [String::new(), String::new(), String::new()];
    let [aliases, transports, refusals] = &mut tables;
    for (alias, mailbox) in &routes.aliases {
        writeln!(aliases, "{alias} {mailbox}")?;
    }
    for (domain, port) in &routes.onward {
        writeln!(transports, "{domain} smtp:[127.0.0.1]:{port}")?;
    }
    for (recipient, reply) in &routes.refused {
        writeln!(refusals, "{recipient} {reply}")?;
    }
    for (name, table) in ["aliases", "transports", "refusals"].iter().zip(&tables) {
        place.file(&format!("postfix/config/{name}"), table)?;
    }
    let config = place.path().join("postfix/config");
    let config = config.display();
    let onward: Vec<&str> = routes.onward.iter().map(|(domain, _)| domain.as_str()).collect();
    Ok(format!(
        "recipient_delimiter = +\nvirtual_alias_maps = texthash:{config}/aliases\n\
         transport_maps = texthash:{config}/transports\nrelay_domains = {}\n\
         smtpd_recipient_restrictions = check_recipient_access texthash:{config}/refusals\n",
        onward.join(" ")
    ))
}

fn master_cf(port: u16) -> String {
    let mut services = format!(
        "127.0.0.1:{port} inet n - n - - smtpd\npickup unix n - n 60 1 pickup\n\
         cleanup unix n - n - 0 cleanup\nqmgr unix n - n 300 1 qmgr\n\
         tlsmgr unix - - n 1000? 1 tlsmgr\nrewrite unix - - n - - trivial-rewrite\n\
         proxymap unix - - n - - proxymap\npostlog unix-dgram n - n - 1 postlogd\n\
         anvil unix - - n - 1 anvil\nscache unix - - n - 1 scache\n\
         virtual unix - n n - - virtual\nflush unix n - n 1000? 0 flush\n\
         verify unix - - n - 1 verify\nshowq unix n - n - - showq\n"
    );
    for bouncing in ["bounce", "defer", "trace"] {
        services.push_str(&format!("{bouncing} unix - - n - 0 bounce\n"));
    }
    for sending in ["smtp", "relay"] {
        services.push_str(&format!("{sending} unix - - n - - smtp\n"));
    }
    for ending in ["error", "retry"] {
        services.push_str(&format!("{ending} unix - - n - - error\n"));
    }
    services.push_str("discard unix - - n - - discard\n");
    services
}
