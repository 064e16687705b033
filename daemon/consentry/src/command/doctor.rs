//! `consentry doctor`: looks at everything that the daemon will need, and changes nothing.

use std::process::ExitCode;
use std::time::Duration;

use domain::ambient::Clock as _;
use domain::localisation::Place;
use domain::webhook::SystemAct;
use intake::MailSource;
use intake::child::ReaderPool;
use intake::imap::Session;
use mailing::Outlet;
use serde_json::{Value, json};
use vault::{ProofKey, proof_key_fingerprint};

use super::list::why_not_open;
use crate::cli::Listing;
use crate::clock::{SystemClock, SystemEntropy, boot_id};
use crate::config::Config;
use crate::config::system::SystemConfig;
use crate::daemon::reading::Reading;
use crate::daemon::sending::Sending;
use crate::house::{House, Schema};
use crate::localisation::Placed;
use crate::print;

const PATIENCE: Duration = Duration::from_secs(30);

/// What was found about one thing.
struct Finding {
    what: String,
    result: Result<String, String>,
    /// In order, and still worth a thought.
    is_warning: bool,
}

/// Checks; ends with 1 when something is not as it must be.
///
/// # Errors
/// When standard output cannot be written.
pub async fn run(config: Config, listing: Listing) -> anyhow::Result<ExitCode> {
    let mut findings = vec![finding("configuration", Ok("in order".to_owned()))];
    for secret in config.secrets() {
        match secret.check() {
            Ok(None) => {}
            Ok(Some(warning)) => findings.push(finding("secret", Err(warning))),
            Err(error) => findings.push(finding("secret", Err(error.to_string()))),
        }
    }
    findings.push(finding("boot id", boot_id().map_err(|error| error.to_string())));
    findings.extend(check_people(&config));
    check_localisation(&config, &mut findings);
    match Sending::prepare(&config) {
        Ok(sending) => check_sending(&sending, &mut findings).await,
        Err(error) => findings.push(finding("relays and keys", Err(error.to_string()))),
    }
    match House::open(config, Schema::Require).await {
        Ok(house) => {
            findings
                .push(finding("database, vault, stop journal, rules", Ok("in order".to_owned())));
            check_rules(&house, &mut findings);
            check_proof_key(&house, &mut findings);
            check_restoration(&house, &mut findings).await;
            check_remains(&house, &mut findings).await;
            check_data_map(&house, &mut findings);
            findings.extend(check_asked(&house));
            check_acts(&house, &mut findings);
            check_lists(&house, &mut findings).await;
            check_mailboxes(&house, &mut findings).await;
            house.close().await;
        }
        Err(error) => findings.push(finding("house", Err(format!("{error:#}")))),
    }
    tell(&findings, listing)
}

fn finding(what: &str, result: Result<String, String>) -> Finding {
    Finding { what: what.to_owned(), result, is_warning: false }
}

/// Four eyes need two people, and two accounts.
fn check_people(config: &Config) -> Option<Finding> {
    let people = &config.people;
    let warned = if !config.requests.four_eyes {
        return None;
    } else if people.shared_account {
        "people share one account of the machine: whoever may use it can propose under one name \
         and approve under another (`people.shared_account`)"
            .to_owned()
    } else if people.persons.len() < 2 {
        format!(
            "what one person proposes needs another to approve, and the roster names {}; add a \
             [[people.person]] for each",
            people.persons.len()
        )
    } else {
        return Some(finding("four eyes", Ok(format!("{} people", people.persons.len()))));
    };
    Some(Finding { is_warning: true, ..finding("four eyes", Ok(warned)) })
}

/// Where the servers stand that personal data are on (152-FZ art. 18(5)): told, never wrong.
fn check_localisation(config: &Config, findings: &mut Vec<Finding>) {
    let placed = crate::localisation::placed(config);
    let warnings: Vec<String> = placed.iter().filter_map(Placed::warning).collect();
    let warned = |told| Finding { is_warning: true, ..finding("place of servers", Ok(told)) };
    if !placed.is_empty() && warnings.is_empty() {
        let unknown = placed.iter().filter(|one| one.place == Place::Unknown);
        let unknown: Vec<&str> = unknown.map(|one| one.host.as_str()).collect();
        let told = match unknown.is_empty() {
            true => "none is outside of Russia".to_owned(),
            false => format!(
                "none is known to be outside of Russia; where these stand is not declared in `localisation`: {}",
                unknown.join(", ")
            ),
        };
        findings.push(finding("place of servers", Ok(told)));
    }
    findings.extend(warnings.into_iter().map(warned));
}

async fn check_sending(sending: &Sending, findings: &mut Vec<Finding>) {
    for outlet in sending.ways.iter().map(|way| &way.outlet) {
        let what = format!("relay {}", outlet.name());
        let result = match (outlet, tokio::time::timeout(PATIENCE, outlet.acquire()).await) {
            (_, Err(_)) => Err("no answer in time".to_owned()),
            (_, Ok(Err(error))) => Err(error.to_string()),
            (Outlet::Relay(_), Ok(Ok(_))) => Ok("lets us in".to_owned()),
            (Outlet::Maildir(_), Ok(Ok(_))) => Ok("can be written".to_owned()),
        };
        findings.push(finding(&what, result));
        outlet.close().await;
    }
    for (name, record) in sending.signer.iter().flat_map(|signer| signer.dns_records()) {
        findings.push(finding("DKIM record to publish", Ok(format!("{name} TXT {record}"))));
    }
}

fn check_rules(house: &House, findings: &mut Vec<Finding>) {
    let zone = house.config.organisation.zone.clone();
    let due = house.rulebook.due_for_care(SystemClock.now().to_zoned(zone).date());
    if due.is_empty() {
        let told = "calendars reach far enough, no regime is due for review".to_owned();
        findings.push(finding("calendars and regimes", Ok(told)));
    }
    for (name, detail) in due {
        findings.push(finding(&name, Err(detail)));
    }
}

fn check_data_map(house: &House, findings: &mut Vec<Finding>) {
    let access = &house.cases.settings().requests.access;
    let today = SystemClock.now().to_zoned(house.config.organisation.zone.clone()).date();
    let result = match &access.data_map {
        None => Err(access.problems.join("; ")),
        Some(map) if map.review_on <= today => Err(format!(
            "version {} was to be compared with what is done by {}; review it and set `review_on` anew",
            map.version, map.review_on
        )),
        Some(map) if map.valid_from > today => Err(format!(
            "version {} holds from {} on; name the one that holds now",
            map.version, map.valid_from
        )),
        Some(map) => Ok(format!("version {}, whole", map.version)),
    };
    findings.push(finding("data map", result));
}

/// Systems that cannot be asked what they hold: no answer says then that nothing is held.
fn check_asked(house: &House) -> Vec<Finding> {
    let deaf = |system: &&SystemConfig| !system.acts.contains(&SystemAct::Access);
    let told = |system: &SystemConfig| Finding {
        is_warning: true,
        ..finding(
            "what a system holds",
            Ok(format!(
                "{} does not listen to `access`: packages say that it was not asked, and nobody is told \
             that nothing is held; add `access` to its `events`",
                system.name
            )),
        )
    };
    house.config.systems.iter().filter(deaf).map(told).collect()
}

/// What acts of destruction must say (order of Roskomnadzor № 179): without it nothing is
/// destroyed.
fn check_acts(house: &House, findings: &mut Vec<Finding>) {
    let acts = house.cases.act_house();
    let nobody = "no `[[people.person]]` with `actor`, `name` and `post` is there, so nobody can plan or approve a \
                  destruction: an act names whoever destroyed (order 179 п. 3 «г»)";
    let result = match acts.can_say([]) {
        Err(lack) => Err(lack.to_string()),
        Ok(()) if acts.persons.is_empty() => Err(nobody.to_owned()),
        Ok(()) => {
            let actors: Vec<&str> =
                acts.persons.iter().map(|person| person.actor.as_str()).collect();
            Ok(format!("can be drawn up where these destroy: {}", actors.join(", ")))
        }
    };
    findings.push(finding("acts of destruction", result));
}

/// A restored database that nobody released sends nothing.
async fn check_restoration(house: &House, findings: &mut Vec<Finding>) {
    let result = match store::restorations::standing(&house.store).await {
        Ok(None) => return,
        Ok(Some(row)) => Err(format!(
            "restored {} by {}; nothing leaves until `consentry restore --release`",
            print::minute(row.restored_at),
            row.restored_by
        )),
        Err(error) => Err(error.to_string()),
    };
    findings.push(finding("restored database", result));
}

/// What the server keeps of what was destroyed.
async fn check_remains(house: &House, findings: &mut Vec<Finding>) {
    match store::destruction::keeps_behind(&house.store).await {
        Ok(behind) => findings.extend(behind.into_iter().map(|told| Finding {
            is_warning: true,
            ..finding("what is destroyed stays for a while", Ok(told.to_owned()))
        })),
        Err(error) => {
            findings.push(finding("what the server keeps", Err(error.to_string())));
        }
    }
    match store::destruction::in_the_way(&house.store).await {
        Ok(ways) => {
            findings.extend(ways.into_iter().map(|told| Finding {
                is_warning: true,
                ..finding("a destruction waits", Ok(told))
            }))
        }
        Err(error) => {
            findings.push(finding("what a destruction waits for", Err(error.to_string())));
        }
    }
}

fn check_proof_key(house: &House, findings: &mut Vec<Finding>) {
    let key = ProofKey::find(&house.config.vault.keys_directory, &SystemEntropy);
    let told = key.map(|key| match key {
        Some(key) => proof_key_fingerprint(&key.public()),
        None => "not made yet: `consentry consent key` makes it".to_owned(),
    });
    findings.push(finding("key of consent proofs", told.map_err(|error| error.to_string())));
}

/// Lists that anybody should be able to subscribe to, and the policy beside them.
async fn check_lists(house: &House, findings: &mut Vec<Finding>) {
    let lists = match house.cases.lists().await {
        Ok(lists) => lists,
        Err(error) => return findings.push(finding("lists", Err(error.to_string()))),
    };
    for view in lists.iter().filter(|view| view.row.is_open && view.row.archived_at.is_none()) {
        let version = &house.config.organisation.policy_version;
        let (open_in, why) = (view.open_in(), why_not_open(view, version));
        // Open in one language alone may be meant so; in none it is not.
        let result = match (open_in.is_empty(), why.is_empty()) {
            (true, _) => Err(why.join("; ")),
            (false, true) => Ok("open in every language".to_owned()),
            (false, false) => Ok(why.join("; ")),
        };
        findings.push(finding(&format!("list {}", view.row.name), result));
    }
}

async fn check_mailboxes(house: &House, findings: &mut Vec<Finding>) {
    let reading = match Reading::prepare(house) {
        Ok(reading) => reading,
        Err(error) => return findings.push(finding("mailboxes", Err(format!("{error:#}")))),
    };
    if let Some(task) = reading.tasks.first() {
        check_reader(&task.reader, findings).await;
    }
    for task in reading.tasks {
        let what = format!("mailbox {}", task.mailbox.name);
        let result = match &task.mailbox.source {
            MailSource::Imap { server, .. } => {
                match tokio::time::timeout(PATIENCE, Session::connect(server)).await {
                    Err(_) => Err("no answer in time".to_owned()),
                    Ok(Err(error)) => Err(error.to_string()),
                    Ok(Ok(session)) => {
                        session.close().await;
                        Ok("lets us in".to_owned())
                    }
                }
            }
            MailSource::Maildir { path, .. } => match std::fs::read_dir(path.join("new")) {
                Ok(_) => Ok("can be read".to_owned()),
                Err(error) => Err(format!("cannot be read: {error}; check `path` and its rights")),
            },
        };
        findings.push(finding(&what, result));
    }
}

/// Starts a reader under its limits and has it read a mail.
async fn check_reader(reader: &ReaderPool, findings: &mut Vec<Finding>) {
    let specimen = b"From: doctor@mail.example\r\nSubject: specimen\r\n\r\nspecimen\r\n";
    let result = match reader.read(specimen).await {
        Ok(_) => {
            let mebibytes = reader.standing().peak_memory.div_ceil(1024 * 1024);
            Ok(format!("reads under its limits; begins with {mebibytes} MiB of memory"))
        }
        Err(error) => Err(error.to_string()),
    };
    reader.close().await;
    findings.push(finding("reader of mail", result));
}

fn tell(findings: &[Finding], listing: Listing) -> anyhow::Result<ExitCode> {
    let sound = findings.iter().all(|finding| finding.result.is_ok());
    if listing.json {
        let rows: Vec<Value> = findings
            .iter()
            .map(|finding| {
                let (Ok(detail) | Err(detail)) = &finding.result;
                json!({
                    "what": finding.what, "ok": finding.result.is_ok(), "detail": detail,
                    "warning": finding.is_warning,
                })
            })
            .collect();
        print::json_document(&json!({ "ok": sound, "findings": rows }))?;
    } else {
        for finding in findings {
            let (mark, detail) = match &finding.result {
                Ok(detail) if finding.is_warning => ("warn ", detail),
                Ok(detail) => ("ok   ", detail),
                Err(detail) => ("WRONG", detail),
            };
            print::line(&format!("{mark}  {}: {detail}", finding.what))?;
        }
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
