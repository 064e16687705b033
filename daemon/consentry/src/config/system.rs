//! `[[system]]`: the connected systems that are told what becomes of a person's data.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cases::systems::{SigningSecret, SigningSecrets, System, Systems, check_url};
use domain::block::Field;
use domain::webhook::SystemAct;

use super::check_name;
use super::secret::Secret;
use super::section::Section;

/// One connected system.
#[derive(Debug, Clone)]
pub struct SystemConfig {
    /// Its name in tables, logs and in the address of its acknowledgements.
    pub name: String,
    /// Where calls go.
    pub url: String,
    /// What both sides sign with.
    pub secret: Secret,
    /// The secret before it, while it is being changed.
    pub previous_secret: Option<Secret>,
    /// What it wants to hear.
    pub acts: Vec<SystemAct>,
    /// By what it finds a person.
    pub sends: Vec<Field>,
    /// For one call.
    pub timeout: Duration,
    /// After so long without an acknowledgement somebody is told.
    pub acknowledge_within: Duration,
    /// The same for the end of publication.
    pub unpublish_within: Duration,
    /// Certificates to trust instead of the machine's.
    pub tls_ca_file: Option<PathBuf>,
}

const HOUR: Duration = Duration::from_secs(3600);

pub(super) fn read_all(root: &mut Section<'_>) -> Vec<SystemConfig> {
    let mut names = HashSet::new();
    let mut systems = Vec::new();
    for section in root.sections("system") {
        let Some(system) = read(section) else { continue };
        if !names.insert(system.name.clone()) {
            let what = format!("has the name `{}` twice; give each its own", system.name);
            root.wrong("system", what);
        }
        systems.push(system);
    }
    systems
}

fn read(mut section: Section<'_>) -> Option<SystemConfig> {
    let name = section.read("name", "shop", check_name);
    let url = section.read("url", "https://shop.example/privacy", |text| {
        check_url(text).map(|()| text.to_owned())
    });
    let secret = section.secret("secret_file", "/etc/consentry/shop.secret");
    let previous_secret = section.optional_secret("previous_secret_file");
    let acts = words(&mut section, "events", SystemAct::from_name, SystemAct::ALL);
    let sends = words(&mut section, "sends", Field::from_name, &[Field::Email]);
    let second = Duration::from_secs(1);
    let timeout = section.duration("timeout", second..=60 * second, 15 * second);
    let acknowledge_within = section.duration("acknowledge_within", HOUR..=240 * HOUR, 24 * HOUR);
    let unpublish_within = section.duration("unpublish_within", HOUR..=48 * HOUR, 12 * HOUR);
    let tls_ca_file = section.optional_path("tls_ca_file");
    section.finish();
    Some(SystemConfig {
        name: name?,
        url: url?,
        secret: secret?,
        previous_secret,
        acts,
        sends,
        timeout,
        acknowledge_within,
        unpublish_within,
        tls_ca_file,
    })
}

fn words<T: Copy>(
    section: &mut Section<'_>,
    key: &str,
    from_name: fn(&str) -> Option<T>,
    default: &[T],
) -> Vec<T> {
    let Some(texts) = section.optional_texts(key) else { return default.to_vec() };
    let read: Option<Vec<T>> = texts.iter().map(|text| from_name(text)).collect();
    match read {
        Some(read) if !read.is_empty() => read,
        _ => {
            section.wrong(key, "names what there is not; see config/consentry.toml");
            default.to_vec()
        }
    }
}

struct Files {
    secret: Secret,
    previous: Option<Secret>,
}

impl SigningSecrets for Files {
    fn read(&self) -> Result<Vec<SigningSecret>, String> {
        let mut secrets = Vec::new();
        for file in std::iter::once(&self.secret).chain(&self.previous) {
            let line = file.first_line().map_err(|error| error.to_string())?;
            secrets.push(SigningSecret::parse(&line).map_err(|error| error.to_string())?);
        }
        Ok(secrets)
    }
}

impl SystemConfig {
    pub(super) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        std::iter::once(&self.secret).chain(&self.previous_secret)
    }
}

/// The systems as `cases` calls them.
#[must_use]
pub fn connected(configured: &[SystemConfig]) -> Systems {
    let systems = configured.iter().map(|config| {
        let files =
            Files { secret: config.secret.clone(), previous: config.previous_secret.clone() };
        let mut system = System::new(&config.name, &config.url, Arc::new(files));
        system.acts = config.acts.clone();
        system.sends = config.sends.clone();
        system.timeout = config.timeout;
        system.acknowledge_within = config.acknowledge_within;
        system.unpublish_within = config.unpublish_within;
        system.ca_file = config.tls_ca_file.clone();
        system
    });
    Systems(systems.collect())
}
