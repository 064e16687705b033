//! Mail out, put together: relays, keys and identities for the dispatches of `mailing`, and the
//! runner of campaigns.
//!
//! Everything that can be wrong with relays and keys is found here before the daemon says that
//! it is ready.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use domain::ambient::random_bytes;
use domain::campaign::BreakerLimits;
use mailing::Outlet;
use mailing::campaigns::{CampaignSettings, Campaigns};
use mailing::dispatch::{BulkIdentity, Dispatch, Failpoints, Identity};
use mailing::dkim::{DkimKeyConfig, Signer};
use mailing::letter::Correspondent;
use mailing::maildir::Maildir;
use mailing::smtp::{Login, Relay, TlsMode};
use mailing::wire_journal::BootId;
use store::deliveries::Stream;
use store::throttles::Throttle;

use crate::clock::boot_id;
use crate::config::Config;
use crate::config::mailbox::Tls;
use crate::config::relay::{RelayConfig, RelayKind, RelayStream, SmtpRelay};
use crate::failure::WrongUse;
use crate::house::{House, clock, entropy, loop_mark};

/// How long mails under way may take to end when the daemon is stopped; `TimeoutStopSec` of the
/// unit is 90 s.
const DRAIN: Duration = Duration::from_secs(60);

/// The wire journal of campaigns that leave by a relay of their own.
const BULK_JOURNAL: &str = "wire-bulk";

/// One way out, with the mail that it takes.
#[derive(Debug, Clone)]
pub struct Way {
    /// Where mail leaves.
    pub outlet: Outlet,
    /// Which mail.
    pub stream: Stream,
    /// How much.
    pub throttle: Option<Throttle>,
}

/// The ways out and the keys, checked.
#[derive(Debug, Clone)]
pub struct Sending {
    /// One for everything, or one for hello@ and one for campaigns.
    pub ways: Vec<Way>,
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
        let mut ways = Vec::new();
        for relay in &config.relays {
            match outlet(relay) {
                Ok(outlet) => ways.push(way(relay, outlet)),
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
        if problems.is_empty() && !ways.is_empty() {
            return Ok(Self { ways: split_as_before(ways, config), signer });
        }
        Err(WrongUse(problems.join("\n")))
    }

    /// Everything that one run of the dispatch of a way needs. The way of campaigns has a wire
    /// journal and a node's name of its own, so that neither waits for the other.
    ///
    /// # Errors
    /// When the machine does not tell its boot.
    pub fn dispatch(&self, house: &House, way: &Way) -> anyhow::Result<Dispatch> {
        let config = &house.config;
        let (directory, suffix) = match way.stream {
            Stream::All | Stream::Hello => ("wire", ""),
            Stream::Bulk => (BULK_JOURNAL, "-bulk"),
        };
        Ok(Dispatch {
            store: house.store.clone(),
            vault: house.vault.clone(),
            renderer: Arc::clone(&house.rulebook.renderer),
            digests: Arc::clone(&house.digests),
            outlet: way.outlet.clone(),
            identity: Identity {
                from: Correspondent {
                    name: config.mail.name.clone(),
                    address: config.mail.from.clone(),
                },
                reply_to: None,
                envelope_sender: Some(config.mail.envelope_sender.clone()),
                loop_mark: loop_mark(&house.digests),
            },
            bulk: bulk_identity(config),
            stream: way.stream,
            throttle: way.throttle,
            stop_journal: house.journal.clone(),
            signer: self.signer.clone(),
            journal_directory: config.data_directory.join(directory),
            node: format!("{}{suffix}", config.node.as_str()),
            boot: BootId(boot_id()?),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            drain: DRAIN,
            clock: clock(),
            entropy: entropy(),
            failpoints: failpoints(),
        })
    }
}

/// Everything that the runner of campaigns needs; `None` while no campaigns are sent.
#[must_use]
pub fn campaigns(house: &House) -> Option<Campaigns> {
    let config = house.config.campaign.as_ref()?;
    let permille = |number: u32| i64::from(number);
    let breaker = BreakerLimits {
        rejected_permille: permille(config.breaker_rejected_percent) * 10,
        complained_permille: permille(config.breaker_complaints_per_mille),
        ..BreakerLimits::default()
    };
    let late_start = i64::try_from(config.late_start.as_secs()).unwrap_or(i64::MAX);
    let run = hex::encode(random_bytes::<6>(entropy().as_ref()));
    Some(Campaigns {
        store: house.store.clone(),
        journal: house.journal.clone(),
        settings: CampaignSettings {
            late_start: jiff::SignedDuration::from_secs(late_start),
            breaker,
            ..CampaignSettings::new(&config.list_domain)
        },
        owner: format!("{}/{run}", house.config.node.as_str()),
        clock: clock(),
        entropy: entropy(),
    })
}

/// What left by a relay of its own has a wire journal of its own, and only the dispatch of that
/// journal can settle it. Where one relay takes everything now, campaigns therefore keep their
/// dispatch beside that of hello@, over the same relay.
fn split_as_before(ways: Vec<Way>, config: &Config) -> Vec<Way> {
    let had_its_own = std::fs::read_dir(config.data_directory.join(BULK_JOURNAL))
        .is_ok_and(|mut segments| segments.next().is_some());
    match ways.as_slice() {
        [one] if one.stream == Stream::All && had_its_own => vec![
            Way { stream: Stream::Hello, ..one.clone() },
            Way { stream: Stream::Bulk, ..one.clone() },
        ],
        _ => ways,
    }
}

fn bulk_identity(config: &Config) -> Option<BulkIdentity> {
    let campaign = config.campaign.as_ref()?;
    let organisation = &config.organisation;
    Some(BulkIdentity {
        from: Correspondent { name: campaign.name.clone(), address: campaign.from.clone() },
        reply_to: campaign.reply_to.clone(),
        list_domain: campaign.list_domain.clone(),
        public_url: config.web.public_url.as_str().trim_end_matches('/').to_owned(),
        unsubscribe_address: campaign.unsubscribe_address.clone(),
        bounce_address: campaign.bounce_address.clone(),
        organisation: organisation.name.clone(),
        contact: organisation.contact.clone(),
        policy_url: organisation.policy_url.clone(),
        sender_id: campaign.sender_id.clone(),
    })
}

fn way(relay: &RelayConfig, outlet: Outlet) -> Way {
    let stream = match relay.stream {
        RelayStream::All => Stream::All,
        RelayStream::Hello => Stream::Hello,
        RelayStream::Bulk => Stream::Bulk,
    };
    let throttle = relay.max_per_second.and_then(NonZeroU32::new).map(Throttle::per_second);
    Way { outlet, stream, throttle }
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
