//! The house put together: database, vault, rules and `cases`, as every command needs them.
//!
//! Commands and the daemon open it once and hand its parts down. It opens and checks; it starts
//! nothing that goes on by itself.

use std::sync::Arc;

use anyhow::Context as _;
use cases::{CampaignSettings, Cases, CasesParts, Settings};
use classify::OwnIdentity;
use domain::ambient::{Clock, Entropy};
use store::Store;
use vault::{Digests, StopJournal, Vault};

use crate::clock::{SystemClock, SystemEntropy};
use crate::config::Config;
use crate::failure::WrongUse;
use crate::rulebook::{Rulebook, own_text};

/// Days after which a reply that no relay took expires (RFC 5321 §4.5.4.1).
const REPLY_EXPIRES_AFTER_DAYS: u32 = 5;

/// Everything that commands work with.
#[derive(Debug, Clone)]
pub struct House {
    /// The configuration.
    pub config: Arc<Config>,
    /// The rules.
    pub rulebook: Rulebook,
    /// The database.
    pub store: Store,
    /// Raw mail.
    pub vault: Vault,
    /// Keyed digests.
    pub digests: Arc<Digests>,
    /// The stops outside the database.
    pub journal: StopJournal,
    /// Filing, tickets, blocks.
    pub cases: Cases,
}

/// Whether the schema may be changed on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// Bring it up to this version.
    Migrate,
    /// It must be up to this version.
    Require,
}

impl House {
    /// Opens everything.
    ///
    /// # Errors
    /// When a part cannot be opened; the message names the remedy.
    pub async fn open(config: Config, schema: Schema) -> anyhow::Result<Self> {
        let rulebook = Rulebook::load(&config)?;
        prepare_data_directory(&config)?;
        check_owner(&config)?;
        let store = open_store(&config, schema).await?;
        let vault = Vault::open(config.vault.open().map_err(as_wrong_use)?).await?;
        let digests = Arc::new(Digests::open(&config.vault.keys_directory, &SystemEntropy)?);
        let directory = config.data_directory.join("stops");
        let (journal, report) = StopJournal::open(&directory, config.node.as_str()).await?;
        if report.damaged_bytes > 0 {
            tracing::error!(
                journal.damaged_bytes = report.damaged_bytes,
                "the stop journal is damaged; restore its segment from a backup"
            );
        }
        let config = Arc::new(config);
        let cases = Cases::new(CasesParts {
            store: store.clone(),
            vault: vault.clone(),
            digests: Arc::clone(&digests),
            journal: journal.clone(),
            renderer: Arc::clone(&rulebook.renderer),
            packs: Arc::clone(&rulebook.packs),
            regimes: Arc::new(rulebook.regimes.clone()),
            calendars: Arc::new(rulebook.calendars.clone()),
            settings: Arc::new(settings(&config)),
            clock: clock(),
            entropy: entropy(),
        })?
        .with_campaigns(campaign_settings(&config))
        .with_retention(rulebook.retention.clone())
        .with_systems(crate::config::system::connected(&config.systems));
        cases.check_digest_keys().await?;
        Ok(Self { config, rulebook, store, vault, digests, journal, cases })
    }

    /// By what we know ourselves among senders.
    #[must_use]
    pub fn own_identity(&self) -> OwnIdentity {
        own_identity(&self.config, Some(loop_mark(&self.digests)))
    }

    /// Closes the database and makes the stop journal durable.
    pub async fn close(self) {
        if let Err(error) = self.journal.flush().await {
            tracing::warn!(%error, "the stop journal could not be made durable at the end");
        }
        self.store.close().await;
    }
}

/// The mark that our own mail carries, so that we know it when it comes back. Made from a key, so
/// that nobody else can make it.
#[must_use]
pub fn loop_mark(digests: &Digests) -> String {
    let digest = digests.digest(vault::Purpose::LoopMark, b"");
    hex::encode(&digest.bytes[..12])
}

/// By what we know ourselves among senders.
#[must_use]
pub fn own_identity(config: &Config, loop_mark: Option<String>) -> OwnIdentity {
    let mailboxes = config.mailboxes.iter().map(|mailbox| mailbox.address.clone());
    let senders = [config.mail.from.clone(), config.mail.envelope_sender.clone()];
    let campaign = config.campaign.iter().flat_map(|campaign| {
        [
            &campaign.from,
            &campaign.reply_to,
            &campaign.unsubscribe_address,
            &campaign.bounce_address,
        ]
    });
    OwnIdentity {
        domains: config.organisation.domains.clone(),
        addresses: mailboxes.chain(senders).chain(campaign.cloned()).collect(),
        loop_mark,
        message_id_domain: Some(config.mail.message_id_domain.clone()),
        own_text: own_text(config.rules.templates_directory.as_deref()),
    }
}

/// The machine's clock.
#[must_use]
pub fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// The machine's random generator.
#[must_use]
pub fn entropy() -> Arc<dyn Entropy> {
    Arc::new(SystemEntropy)
}

/// Opens the database alone.
///
/// # Errors
/// When it cannot be reached, or its schema is older and may not be changed.
pub async fn open_store(config: &Config, schema: Schema) -> anyhow::Result<Store> {
    let store_config = config.database.open().map_err(as_wrong_use)?;
    let store = Store::open(&store_config).await.context("cannot open the database")?;
    match schema {
        Schema::Migrate => store.migrate().await.context("cannot migrate the database")?,
        Schema::Require => {
            let pending = store.pending_migrations().await.context("cannot read the schema")?;
            if pending > 0 {
                anyhow::bail!(
                    "the database lacks {pending} migration(s) of this version; run `consentry migrate`"
                );
            }
        }
    }
    Ok(store)
}

/// A wrong secret is a wrong configuration.
pub fn as_wrong_use(error: impl std::fmt::Display) -> WrongUse {
    WrongUse(error.to_string())
}

/// Root must not leave files behind that the daemon's own user cannot write.
///
/// # Errors
/// When it would.
pub fn check_owner(config: &Config) -> Result<(), WrongUse> {
    use std::os::unix::fs::MetadataExt as _;
    let Ok(directory) = std::fs::metadata(&config.data_directory) else { return Ok(()) };
    if !rustix::process::geteuid().is_root() || directory.uid() == 0 {
        return Ok(());
    }
    Err(WrongUse(format!(
        "`{}` belongs to another user, and root would leave files there that the daemon cannot use; \
         run the command as that user (docs/administrator.md, \"Commands beside the unit\")",
        config.data_directory.display()
    )))
}

/// Makes the data directory, closed to others.
///
/// # Errors
/// When it cannot be made.
pub fn prepare_data_directory(config: &Config) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let path = &config.data_directory;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).with_context(|| {
        format!(
            "cannot make the directory `{}`; check `data.directory` and its rights",
            path.display()
        )
    })
}

fn campaign_settings(config: &Config) -> CampaignSettings {
    let Some(campaign) = &config.campaign else { return CampaignSettings::default() };
    CampaignSettings {
        signs: campaign.relay_signs || !config.mail.dkim.is_empty(),
        four_eyes: campaign.four_eyes,
        medical_advertising: campaign.medical_advertising,
    }
}

fn settings(config: &Config) -> Settings {
    let organisation = &config.organisation;
    Settings {
        organisation: organisation.name.clone(),
        contact: organisation.contact.clone(),
        own_domains: organisation.domains.clone(),
        policy_url: organisation.policy_url.clone(),
        public_url: config.web.public_url.as_str().trim_end_matches('/').to_owned(),
        status_url: config.web.public_url.status(organisation.locale),
        mail_id_domain: config.mail.message_id_domain.clone(),
        locale: organisation.locale,
        zone: organisation.zone.clone(),
        regimes: config.rules.regimes.clone(),
        full_blocks_per_hour: config.rules.full_blocks_per_hour,
        unsubscribe_address: config.campaign.as_ref().map(|own| own.unsubscribe_address.clone()),
        bounce_address: config.campaign.as_ref().map(|own| own.bounce_address.clone()),
        acknowledgements_per_hour: config.rules.acknowledgements_per_hour,
        requests: cases::settings::RequestSettings {
            four_eyes: config.requests.four_eyes,
            alarm_to: config.requests.alarm_to.clone(),
            challenge: config.identity.challenge,
            acts: config.acts.settings(&config.people),
            accounts: cases::settings::AccountSettings {
                own: Some(crate::actor::account()),
                shared: config.people.shared_account,
            },
            access: config.access.settings(),
            regime_rules: config.rules.regime_rules.clone(),
            proofs: Some(config.data_directory.join("proofs")),
        },
        reply_expires_after_days: REPLY_EXPIRES_AFTER_DAYS,
    }
}
