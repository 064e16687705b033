//! Mail out, put together: relays, keys and identity for the dispatch of `mailing`.
//!
//! Everything that can be wrong with relays and keys is found here before the daemon says that
//! it is ready.

use std::sync::Arc;
use std::time::Duration;

use mailing::Outlet;
use mailing::dispatch::{Dispatch, Failpoints, Identity};
use mailing::dkim::{DkimKeyConfig, Signer};
use mailing::letter::Correspondent;
use mailing::maildir::Maildir;
use mailing::smtp::{Login, Relay, TlsMode};
use mailing::wire_journal::BootId;

use crate::clock::boot_id;
use crate::config::Config;
use crate::config::mailbox::Tls;
use crate::config::relay::{RelayConfig, RelayKind, SmtpRelay};
use crate::failure::WrongUse;
use crate::house::{House, clock, entropy, loop_mark};

/// How long mails under way may take to end when the daemon is stopped; `TimeoutStopSec` of the
/// unit is 90 s.
const DRAIN: Duration = Duration::from_secs(60);

/// The ways out and the keys, checked.
#[derive(Debug, Clone)]
pub struct Sending {
    /// All ways out, in the order of the configuration; the first takes the answers of hello@.
    pub outlets: Vec<Outlet>,
    /// Signs, where keys are configured.
    pub signer: Option<Signer>,
}

impl Sending {
    /// Makes the ways out and reads the keys; connects to nothing.
    ///
    /// # Errors
    /// [`WrongUse`] with everything that is wrong.
    pub fn prepare(config: &Config) -> Result<Self, WrongUse> {
        let mut problems = Vec::new();
        let mut outlets = Vec::new();
        for relay in &config.relays {
            match outlet(relay) {
                Ok(outlet) => outlets.push(outlet),
                Err(problem) => problems.push(problem),
            }
        }
        let signer = match signer(config) {
            Ok(signer) => signer,
            Err(problem) => {
                problems.push(problem);
                None
            }
        };
        if problems.is_empty() && !outlets.is_empty() {
            return Ok(Self { outlets, signer });
        }
        Err(WrongUse(problems.join("\n")))
    }

    /// Everything that one run of the dispatch needs.
    ///
    /// # Errors
    /// When the machine does not tell its boot.
    pub fn dispatch(&self, house: &House) -> anyhow::Result<Dispatch> {
        let config = &house.config;
        let Some(outlet) = self.outlets.first().cloned() else {
            anyhow::bail!("there is no [[relay]]");
        };
        Ok(Dispatch {
            store: house.store.clone(),
            vault: house.vault.clone(),
            digests: Arc::clone(&house.digests),
            outlet,
            identity: Identity {
                from: Correspondent {
                    name: config.mail.name.clone(),
                    address: config.mail.from.clone(),
                },
                reply_to: None,
                envelope_sender: Some(config.mail.envelope_sender.clone()),
                loop_mark: loop_mark(&house.digests),
            },
            renderer: Arc::clone(&house.rulebook.renderer),
            bulk: None,
            stream: mailing::Stream::All,
            throttle: None,
            stop_journal: house.journal.clone(),
            signer: self.signer.clone(),
            journal_directory: config.data_directory.join("wire"),
            node: config.node.as_str().to_owned(),
            boot: BootId(boot_id()?),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            drain: DRAIN,
            clock: clock(),
            entropy: entropy(),
            failpoints: failpoints(),
        })
    }
}

#[cfg(feature = "failpoints")]
fn failpoints() -> Failpoints {
    Failpoints::from_environment()
}

#[cfg(not(feature = "failpoints"))]
fn failpoints() -> Failpoints {
    Failpoints::default()
}

fn outlet(relay: &RelayConfig) -> Result<Outlet, String> {
    match &relay.kind {
        RelayKind::Maildir { path } => Ok(Outlet::Maildir(Arc::new(Maildir::new(path)))),
        RelayKind::Smtp(smtp) => {
            let config = relay_config(&relay.name, smtp).map_err(|error| error.to_string())?;
            Relay::new(config).map(Outlet::Relay).map_err(|error| error.to_string())
        }
    }
}

fn relay_config(
    name: &str,
    smtp: &SmtpRelay,
) -> Result<mailing::smtp::RelayConfig, crate::config::secret::SecretError> {
    let login = match &smtp.login {
        None => None,
        Some((user, password)) => {
            Some(Login { user: user.clone(), password_file: password.path()? })
        }
    };
    Ok(mailing::smtp::RelayConfig {
        tls: match smtp.tls {
            Tls::Implicit => TlsMode::Implicit,
            Tls::StartTls => TlsMode::StartTls,
            Tls::None => TlsMode::NoneToLoopback,
        },
        tls_ca_file: smtp.tls_ca_file.clone(),
        login,
        helo_name: smtp.helo_name.clone(),
        connections: usize::try_from(smtp.connections).unwrap_or(1),
        ..mailing::smtp::RelayConfig::new(name, &smtp.host, smtp.port)
    })
}

fn signer(config: &Config) -> Result<Option<Signer>, String> {
    let Some(first) = config.mail.dkim.first() else { return Ok(None) };
    let mut keys = Vec::new();
    for key in &config.mail.dkim {
        if key.domain != first.domain {
            return Err(format!(
                "`mail.dkim` has keys of `{}` and of `{}`; all keys are of the domain of `mail.from`",
                first.domain, key.domain
            ));
        }
        let key_file = key.key_file.path().map_err(|error| error.to_string())?;
        keys.push(DkimKeyConfig { selector: key.selector.clone(), key_file });
    }
    let signer = Signer::load(&first.domain, &keys).map_err(|error| error.to_string())?;
    check_algorithms(config, &signer)?;
    Ok(Some(signer))
}

/// That each key is what the configuration says, since the published record says so too.
fn check_algorithms(config: &Config, signer: &Signer) -> Result<(), String> {
    use crate::config::mail::DkimAlgorithm;
    for (key, (name, record)) in config.mail.dkim.iter().zip(signer.dns_records()) {
        let is = match record.contains("k=ed25519") {
            true => DkimAlgorithm::Ed25519,
            false => DkimAlgorithm::Rsa,
        };
        if key.algorithm.is_some_and(|wanted| wanted != is) {
            return Err(format!(
                "`mail.dkim`: the key of `{name}` is no {}; correct `algorithm` or the key",
                match is {
                    DkimAlgorithm::Rsa => "Ed25519 key but an RSA key",
                    DkimAlgorithm::Ed25519 => "RSA key but an Ed25519 key",
                }
            ));
        }
    }
    Ok(())
}
