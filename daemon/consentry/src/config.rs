//! The configuration: read once, checked wholly, every error told at once with key and remedy.
//!
//! `config/consentry.toml` documents every key; each section has its file here. Secrets stay
//! places ([`secret::Secret`]) and are read where they are needed. What the sections promise here
//! is checked against the machine (files, logins) by `doctor` and by the start of `run`.

pub mod access;
pub mod acts;
pub mod campaign;
pub mod database;
pub mod identity;
pub mod localisation;
pub mod mail;
pub mod mailbox;
pub mod organisation;
pub mod people;
pub mod process;
pub mod reader;
pub mod relay;
pub mod requests;
pub mod retention;
pub mod rules;
pub mod secret;
mod section;
pub mod system;
pub mod vault;
pub mod web;

use std::env;
use std::path::{Path, PathBuf};

use self::access::AccessConfig;
use self::acts::ActsConfig;
use self::campaign::CampaignConfig;
use self::database::DatabaseConfig;
use self::identity::IdentityConfig;
use self::localisation::LocalisationConfig;
use self::mail::MailConfig;
use self::mailbox::MailboxConfig;
use self::organisation::OrganisationConfig;
use self::people::PeopleConfig;
use self::process::{LogConfig, NodeName};
use self::reader::ReaderSection;
use self::relay::RelayConfig;
use self::requests::RequestsConfig;
use self::retention::RetentionConfig;
use self::rules::RulesConfig;
use self::secret::Secret;
use self::section::{Problems, Section};
use self::system::SystemConfig;
use self::vault::VaultConfig;
use self::web::WebConfig;

/// Where the configuration is looked for unless another place is named.
pub const DEFAULT_PATH: &str = "/etc/consentry/consentry.toml";
/// The complete, commented file, as shipped.
pub const EXAMPLE: &str = include_str!("../../../config/consentry.toml");

/// The whole configuration, checked in itself.
#[derive(Debug, Clone)]
pub struct Config {
    /// Who answers people.
    pub organisation: OrganisationConfig,
    /// Where everything lies that is not said otherwise.
    pub data_directory: PathBuf,
    /// The database.
    pub database: DatabaseConfig,
    /// Raw mail and keys.
    pub vault: VaultConfig,
    /// Where mail is read; at least one.
    pub mailboxes: Vec<MailboxConfig>,
    /// The processes that read mail.
    pub reader: ReaderSection,
    /// Who our letters come from.
    pub mail: MailConfig,
    /// As whom campaigns go out; none: no campaigns.
    pub campaign: Option<CampaignConfig>,
    /// Where mail leaves; at least one.
    pub relays: Vec<RelayConfig>,
    /// The public pages.
    pub web: WebConfig,
    /// What is owed and what follows by itself.
    pub rules: RulesConfig,
    /// How people get to see what is held about them.
    pub access: AccessConfig,
    /// What acts of destruction say of the house.
    pub acts: ActsConfig,
    /// Who acts, under which names and accounts.
    pub people: PeopleConfig,
    /// How requests are carried to their end.
    pub requests: RequestsConfig,
    /// When it is looked through what is over.
    pub retention: RetentionConfig,
    /// How it is made sure who asks.
    pub identity: IdentityConfig,
    /// Where servers stand, as it is declared.
    pub localisation: LocalisationConfig,
    /// Connected systems that are told what becomes of a person's data.
    pub systems: Vec<SystemConfig>,
    /// The logs.
    pub log: LogConfig,
    /// Our name among the nodes.
    pub node: NodeName,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error(
        "cannot read the configuration `{path}`: {source}; name another with --config, or make one with `consentry init`"
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is wrong.
    #[error("the configuration `{path}` has {} error(s):\n  {}", problems.len(), problems.join("\n  "))]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Everything that is wrong, each with its key and remedy.
        problems: Vec<String>,
    },
}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`ConfigError`] with everything that is wrong.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text)
            .map_err(|problems| ConfigError::Wrong { path: path.to_owned(), problems })
    }

    /// Reads and checks a text.
    ///
    /// # Errors
    /// Everything that is wrong, each with its key and remedy.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        let table = text.parse::<toml::Table>().map_err(|error| {
            let before = error.span().map_or(0, |span| span.start);
            let line = text.bytes().take(before).filter(|byte| *byte == b'\n').count() + 1;
            let reason = error.message().replace('\n', " ");
            vec![format!("line {line} is not TOML: {reason}; correct the line")]
        })?;
        let problems = Problems::default();
        let config = read(Section::root(table, &problems));
        let problems = problems.into_inner();
        match config {
            Some(config) if problems.is_empty() => Ok(config),
            _ => Err(problems),
        }
    }

    /// All secrets that the daemon needs.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let mailboxes = self.mailboxes.iter().filter_map(MailboxConfig::secret);
        let relays = self.relays.iter().filter_map(RelayConfig::secret);
        let keys = self.mail.dkim.iter().map(|key| &key.key_file);
        let systems = self.systems.iter().flat_map(SystemConfig::secrets);
        self.database
            .secret()
            .into_iter()
            .chain(self.vault.secrets())
            .chain(mailboxes)
            .chain(relays)
            .chain(keys)
            .chain(systems)
    }
}

/// `None` only after a problem was noted.
fn read(mut root: Section<'_>) -> Option<Config> {
    let mut data = root.section("data");
    let data_directory = data.optional_path("directory").unwrap_or_else(default_data_directory);
    data.finish();
    let organisation = OrganisationConfig::read(root.section("organisation"));
    let database = DatabaseConfig::read(root.section("database"), &data_directory);
    let vault = VaultConfig::read(root.section("vault"), &data_directory);
    let mailboxes = mailbox::read_all(&mut root);
    let reader = ReaderSection::read(root.section("reader"));
    let mail = MailConfig::read(root.section("mail"), organisation.as_ref());
    let campaign = CampaignConfig::read(root.optional_section("campaign"), mail.as_ref());
    let relays = relay::read_all(&mut root);
    if campaign.is_some() && !relays.is_empty() && !relays.iter().any(RelayConfig::takes_campaigns)
    {
        root.wrong(
            "relay",
            "takes no campaigns; add a [[relay]] with stream = \"bulk\", or remove [campaign]",
        );
    }
    let web = WebConfig::read(root.section("web"));
    let rules = RulesConfig::read(&mut root);
    let access = AccessConfig::read(root.section("access"));
    let acts = ActsConfig::read(root.section("acts"));
    let people = PeopleConfig::read(root.section("people"));
    let requests = RequestsConfig::read(root.section("requests"));
    let retention = RetentionConfig::read(root.section("retention"));
    let identity = IdentityConfig::read(root.section("identity"));
    let localisation = LocalisationConfig::read(root.section("localisation"));
    let systems = system::read_all(&mut root);
    let log = LogConfig::read(root.section("log"));
    let node = NodeName::read(root.section("node"));
    root.finish();
    Some(Config {
        organisation: organisation?,
        data_directory,
        database: database?,
        vault,
        mailboxes,
        reader,
        mail: mail?,
        campaign,
        relays,
        web: web?,
        rules,
        access,
        acts,
        people,
        requests,
        retention,
        identity,
        localisation,
        systems,
        log,
        node: node?,
    })
}

fn default_data_directory() -> PathBuf {
    // systemd may list several directories; the first is ours.
    let state = env::var("STATE_DIRECTORY").unwrap_or_default();
    match state.split(':').next() {
        Some(first) if !first.is_empty() => PathBuf::from(first),
        _ => PathBuf::from("/var/lib/consentry"),
    }
}

/// Names of ours in tables, files and logs.
fn check_name(text: &str) -> Result<String, &'static str> {
    let fits = text.len() <= 64
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        && text.starts_with(|c: char| c.is_ascii_alphanumeric());
    if fits {
        return Ok(text.to_owned());
    }
    Err("a name has 1 to 64 letters, digits, `-`, `_` and `.`, beginning with a letter or digit")
}

#[cfg(test)]
mod tests;
