//! `consentry reader`: the child in which hostile mail is read. Started by the daemon alone.

use std::process::ExitCode;

use ::classify::{OwnIdentity, classify};
use domain::address::EmailAddress;
use intake::child::ReaderConfig;

use crate::cli::Reader;
use crate::config::Config;
use crate::rulebook::load_packs;

/// Serves until standard input ends. Everything it must know is loaded before the first mail.
#[must_use]
pub fn run(arguments: &Reader) -> ExitCode {
    let Ok(packs) = load_packs(arguments.classifier_directory.as_deref()) else {
        return ExitCode::from(2);
    };
    let own = OwnIdentity {
        domains: arguments.own_domains.clone(),
        addresses: arguments
            .own_addresses
            .iter()
            .filter_map(|address| EmailAddress::parse(address).ok())
            .collect(),
        loop_mark: arguments.loop_mark.clone(),
        message_id_domain: arguments.message_id_domain.clone(),
        own_text: ::classify::OwnText::default(),
    };
    intake::child::reader_main(|mail| classify(mail, &packs, &own))
}

/// How the daemon starts its reader.
///
/// # Errors
/// When the program's own path is unknown.
pub fn reader_config(config: &Config, own: &OwnIdentity) -> std::io::Result<ReaderConfig> {
    let mut arguments = vec!["reader".to_owned()];
    let mut add = |name: &str, value: &str| {
        arguments.push(format!("--{name}={value}"));
    };
    if let Some(directory) = &config.rules.classifier_directory {
        add("classifier-directory", &directory.to_string_lossy());
    }
    for domain in &own.domains {
        add("own-domain", domain);
    }
    for address in &own.addresses {
        add("own-address", address.expose());
    }
    if let Some(mark) = &own.loop_mark {
        add("loop-mark", mark);
    }
    if let Some(domain) = &own.message_id_domain {
        add("message-id-domain", domain);
    }
    Ok(ReaderConfig::new(std::env::current_exe()?, arguments))
}
