//! Connected systems (shop, site, training space): told of block, unblock, correction,
//! destruction and the end of publication, and asked what they hold, each by a signed call, until
//! they say that it is done.
//!
//! Filing and people raise notices in their own transactions ([`store::tasks::tell_systems`], or
//! [`Cases::raise_calls`] where the data will be gone); the daemon's loop calls
//! [`Cases::spread_notices`] and [`Cases::call_systems`]. No transaction is open while a system is
//! spoken to: a try is counted before it is made, and made again with the same id after a crash.

mod asking;
mod calling;
mod client;
mod hearing;
pub(crate) mod publishing;
mod raising;
mod signing;
mod spreading;
mod watching;

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

use domain::{block::Field, webhook::SystemAct};

pub use asking::{Holding, SystemHolding};
pub use calling::Passed;
pub use client::check_url;
pub use hearing::{Callback, CallbackAnswer};
pub use raising::PreparedCalls;
pub use signing::{InvalidSecret, SigningSecret};

/// Where the secrets of a system come from; read at each use, so that new ones need no restart.
pub trait SigningSecrets: Send + Sync {
    /// The secret to sign with, and while it is being changed the one before it.
    ///
    /// # Errors
    /// A sentence for the operator, without the secret.
    fn read(&self) -> Result<Vec<SigningSecret>, String>;
}

/// One connected system.
#[derive(Clone)]
pub struct System {
    /// Its name in tables, logs and in the address of its acknowledgements.
    pub name: String,
    /// Where calls go: https, or http on this machine.
    pub url: String,
    /// What both sides sign with.
    pub secrets: Arc<dyn SigningSecrets>,
    /// What it wants to hear.
    pub acts: Vec<SystemAct>,
    /// By what it finds a person: it gets nothing else.
    pub sends: Vec<Field>,
    /// For one call, from the connection to the last byte of the answer.
    pub timeout: Duration,
    /// After so long without an acknowledgement somebody is told.
    pub acknowledge_within: Duration,
    /// The same for the end of publication (152-FZ art. 10.1(14): three working days).
    pub unpublish_within: Duration,
    /// Certificates to trust instead of the machine's.
    pub ca_file: Option<PathBuf>,
    /// Made at the first call.
    pub(crate) client: Arc<OnceLock<reqwest::Client>>,
}

impl System {
    /// A system that hears everything, is told addresses, and has the usual times.
    #[must_use]
    pub fn new(name: &str, url: &str, secrets: Arc<dyn SigningSecrets>) -> Self {
        Self {
            name: name.to_owned(),
            url: url.to_owned(),
            secrets,
            acts: SystemAct::ALL.to_vec(),
            sends: vec![Field::Email],
            timeout: Duration::from_secs(15),
            acknowledge_within: Duration::from_secs(24 * 3600),
            unpublish_within: Duration::from_secs(12 * 3600),
            ca_file: None,
            client: Arc::default(),
        }
    }

    /// After how long a missing acknowledgement is told.
    #[must_use]
    pub fn patience(&self, act: SystemAct) -> Duration {
        match act {
            SystemAct::StopPublication => self.unpublish_within,
            SystemAct::Block
            | SystemAct::Unblock
            | SystemAct::Correct
            | SystemAct::Destroy
            | SystemAct::ResumePublication
            | SystemAct::Access => self.acknowledge_within,
        }
    }
}

impl std::fmt::Debug for System {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("System").field("name", &self.name).finish_non_exhaustive()
    }
}

/// All connected systems.
#[derive(Debug, Clone, Default)]
pub struct Systems(pub Vec<System>);

impl Systems {
    /// The system of this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&System> {
        self.0.iter().find(|system| system.name == name)
    }
}
