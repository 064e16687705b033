//! Mail in, put together: a task for each mailbox.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::ambient::random_bytes;
use intake::authenticate::{Authenticator, TxtLookup};
use intake::child::ReaderPool;
use intake::imap::{ImapConfig, Login, Security};
use intake::{MailSource, Mailbox, MailboxTask};

use super::heartbeat::Pulse;
use super::supervision::Supervisor;
use crate::clock::SystemEntropy;
use crate::command::reader::reader_config;
use crate::config::mailbox::{self as configured, Auth, ImapSource, MailboxConfig, Tls};
use crate::dns::SystemDns;
use crate::failure::WrongUse;
use crate::house::{House, clock, entropy};

/// A mailbox beats every half minute; a long mail may be under way.
const SILENCE: Duration = Duration::from_secs(180);
/// Received headers that our own servers may put above their Authentication-Results: the hops
/// between the server that checks and the mailbox.
const MOST_RECEIVED: usize = 3;

/// The mailboxes, ready to be polled.
#[derive(Debug, Clone)]
pub struct Reading {
    /// A task for each, in the order of the configuration.
    pub tasks: Vec<MailboxTask>,
    node: String,
}

impl Reading {
    /// Makes the tasks; connects to nothing.
    ///
    /// # Errors
    /// [`WrongUse`] when a credential is missing.
    pub fn prepare(house: &House) -> anyhow::Result<Self> {
        let lookup = match SystemDns::of_this_machine() {
            Ok(dns) => Some(dns as Arc<dyn TxtLookup>),
            Err(error) => {
                tracing::info!(%error, "this machine has no resolver; DKIM is not checked here");
                None
            }
        };
        Self::prepare_with(house, lookup)
    }

    /// Makes the tasks with a given resolver, or none.
    ///
    /// # Errors
    /// [`WrongUse`] when a credential is missing.
    pub fn prepare_with(house: &House, lookup: Option<Arc<dyn TxtLookup>>) -> anyhow::Result<Self> {
        // One pool for all mailboxes.
        let reader = ReaderPool::new(reader_config(&house.config, &house.own_identity())?);
        let mut tasks = Vec::new();
        for mailbox in &house.config.mailboxes {
            tasks.push(MailboxTask {
                mailbox: read_mailbox(mailbox)?,
                cases: house.cases.clone(),
                authenticator: Authenticator::new(
                    &mailbox.authserv_ids,
                    MOST_RECEIVED,
                    lookup.clone(),
                ),
                reader: reader.clone(),
                owner: new_owner(house.config.node.as_str()),
                clock: clock(),
                entropy: entropy(),
                beat: Arc::new(|| {}),
            });
        }
        Ok(Self { tasks, node: house.config.node.as_str().to_owned() })
    }

    /// Starts a supervised task for each mailbox.
    pub fn start(self, supervisor: &Supervisor) {
        for task in self.tasks {
            let cancel = supervisor.cancel.clone();
            let name = format!("mailbox {}", task.mailbox.name);
            let node = self.node.clone();
            supervisor.supervise(&name, SILENCE, move |pulse: Pulse| {
                let beats = pulse.clone();
                let beat: intake::Beat = Arc::new(move || beats.beat());
                // A part that panicked starts as another owner: what it was reading then is
                // counted as after the death of a daemon.
                let owner = new_owner(&node);
                let task = MailboxTask { beat, owner, ..task.clone() };
                let cancel = cancel.clone();
                async move {
                    // A thread of its own: what is read from files and walked through there
                    // never holds up the loops of the others.
                    let runtime = tokio::runtime::Handle::current();
                    let poll = move || runtime.block_on(intake::run(task, cancel));
                    Ok(tokio::task::spawn_blocking(poll).await?)
                }
            });
        }
    }
}

/// Unlike any other run, so that leases and attempts of a dead one are known as such.
fn new_owner(node: &str) -> String {
    format!("{node}/{}", hex::encode(random_bytes::<8>(&SystemEntropy)))
}

fn read_mailbox(config: &MailboxConfig) -> Result<Mailbox, WrongUse> {
    let source = match &config.source {
        configured::MailSource::Maildir { path, folders } => MailSource::Maildir {
            path: path.clone(),
            folders: folders.clone().unwrap_or_else(|| usual_folders(path)),
        },
        configured::MailSource::Imap(imap) => MailSource::Imap {
            server: server(imap)?,
            folders: imap.folders.clone(),
            move_to: config.move_to.clone(),
        },
    };
    Ok(Mailbox {
        name: config.name.clone(),
        source,
        poll_interval: config.poll_interval,
        max_message_size: config.max_message_size,
    })
}

/// INBOX, and the folder into which delivery agents sort junk: requests land there.
fn usual_folders(path: &Path) -> Vec<String> {
    let mut folders = vec!["INBOX".to_owned()];
    if path.join(".Junk").join("cur").is_dir() {
        folders.push("Junk".to_owned());
    }
    folders
}

fn server(imap: &ImapSource) -> Result<ImapConfig, WrongUse> {
    let file = imap.password_file.path().map_err(crate::house::as_wrong_use)?;
    Ok(ImapConfig {
        host: imap.host.clone(),
        port: imap.port,
        security: match imap.tls {
            Tls::Implicit => Security::Tls,
            Tls::StartTls => Security::StartTls,
            Tls::None => Security::PlaintextOnLoopback,
        },
        tls_ca_file: imap.tls_ca_file.clone(),
        user: imap.user.clone(),
        login: match imap.auth {
            Auth::Plain => Login::Password { file },
            Auth::XOAuth2 => Login::XOAuth2 { token_file: file },
            Auth::OAuthBearer => Login::OAuthBearer { token_file: file },
        },
        time_limit: ImapConfig::TIME_LIMIT,
    })
}
