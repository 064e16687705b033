//! `consentry reader`: the child in which hostile mail is read. Started by the daemon alone.

use std::path::PathBuf;
use std::process::ExitCode;

use ::classify::{OwnIdentity, OwnText, classify};
use domain::address::EmailAddress;
use intake::child::ReaderConfig;
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::rulebook::{pack_texts, parse_packs};

/// What the child must know about us. It comes through the pipe: arguments of a process can be
/// seen by everybody on the machine, and who knows the mark of our mail can forge it.
#[derive(Serialize, Deserialize)]
struct Greeting {
    /// The operator's packs, by file: all children judge alike, whatever is edited meanwhile.
    packs: Vec<(String, String)>,
    own_domains: Vec<String>,
    own_addresses: Vec<String>,
    loop_mark: Option<String>,
    message_id_domain: Option<String>,
    own_text: OwnText,
}

/// Serves until standard input ends. Everything it must know is loaded before the first mail.
#[must_use]
pub fn run() -> ExitCode {
    intake::child::reader_main(|greeting| {
        let greeting: Greeting = serde_json::from_slice(greeting).ok()?;
        let packs = parse_packs(&greeting.packs).ok()?;
        let addresses = greeting.own_addresses.iter();
        let own = OwnIdentity {
            domains: greeting.own_domains,
            addresses: addresses.filter_map(|one| EmailAddress::parse(one).ok()).collect(),
            loop_mark: greeting.loop_mark,
            message_id_domain: greeting.message_id_domain,
            own_text: greeting.own_text,
        };
        Some(move |mail: &_| classify(mail, &packs, &own))
    })
}

/// How the daemon starts its readers.
///
/// # Errors
/// When the program's own path is unknown, or the operator's packs cannot be read.
pub fn reader_config(config: &Config, own: &OwnIdentity) -> std::io::Result<ReaderConfig> {
    let greeting = Greeting {
        packs: pack_texts(config.rules.classifier_directory.as_deref())
            .map_err(|problems| std::io::Error::other(problems.join("; ")))?,
        own_domains: own.domains.clone(),
        own_addresses: own.addresses.iter().map(|one| one.expose().to_owned()).collect(),
        loop_mark: own.loop_mark.clone(),
        message_id_domain: own.message_id_domain.clone(),
        own_text: own.own_text.clone(),
    };
    // Not the program's path: after an upgrade another build would stand there.
    let running = PathBuf::from("/proc/self/exe");
    let program = if running.exists() { running } else { std::env::current_exe()? };
    let mut reader = ReaderConfig::new(program, vec!["reader".to_owned()]);
    reader.greeting = serde_json::to_vec(&greeting)?;
    config.reader.apply(&mut reader);
    Ok(reader)
}
