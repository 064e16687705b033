//! Submissions become tickets: the filing transaction, and what people do with its results.
//!
//! Called by `intake` (mails) and `web` (forms) through the same function, [`Cases::file`], and
//! by the command line for tickets and blocks. It loads facts, asks `domain` what follows, and
//! applies the answer in ONE transaction. It never sends a mail: replies are ledger rows.

pub mod access;
pub mod acts;
pub mod answering;
pub mod audits;
pub mod blocks;
pub mod campaigns;
pub mod consents;
pub mod contacts;
pub mod correction;
pub mod corrections;
pub mod deadlines;
pub mod destruction;
pub mod error;
pub mod failpoint;
pub mod filing;
pub mod form;
pub mod identity;
pub mod incidents;
pub mod keys;
mod letters;
pub mod lists;
mod outliving;
mod own_matter;
pub mod parties;
pub mod policies;
pub mod processing;
pub mod regimes;
pub mod register;
pub mod requests;
pub mod restoring;
pub mod retention;
pub mod settings;
mod special;
pub mod status;
pub mod submission;
pub mod subscriptions;
pub mod suppressions;
pub mod systems;
pub mod tickets;

use std::sync::Arc;

use domain::{
    ambient::{Clock, Entropy},
    calendar::WorkingCalendar,
    regime::Regime,
};
use render::Renderer;
use store::Store;
use vault::{Digests, StopJournal, Vault};

pub use campaigns::CampaignSettings;
pub use error::CasesError;
pub use filing::{Filed, FilingError};
pub use settings::Settings;
pub use submission::{Content, Source, Submission};

/// What filing needs of the rest of the house.
#[derive(Clone)]
pub struct CasesParts {
    /// The database.
    pub store: Store,
    /// Raw mail, keys.
    pub vault: Vault,
    /// Keyed digests.
    pub digests: Arc<Digests>,
    /// The stops outside the database.
    pub journal: StopJournal,
    /// Templates.
    pub renderer: Arc<Renderer>,
    /// The language packs, for forms.
    pub packs: Arc<classify::LazyPacks>,
    /// All versions of all regimes.
    pub regimes: Arc<Vec<Regime>>,
    /// The working calendars that the regimes name.
    pub calendars: Arc<Vec<WorkingCalendar>>,
    /// What the administrator set.
    pub settings: Arc<Settings>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

/// The room where submissions become tickets. Cheap to clone.
#[derive(Clone)]
pub struct Cases {
    parts: CasesParts,
    campaigns: Arc<CampaignSettings>,
    systems: Arc<systems::Systems>,
    retention: Arc<domain::retention::RetentionTable>,
}

impl std::fmt::Debug for CasesParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CasesParts").field("store", &self.store).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Cases {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cases").field("store", &self.parts.store).finish_non_exhaustive()
    }
}

impl Cases {
    /// Makes the room; refuses regimes or calendars that are named and missing, so that filing
    /// can never be without a clock.
    ///
    /// # Errors
    /// [`CasesError::Settings`] naming what is missing.
    pub fn new(parts: CasesParts) -> Result<Self, CasesError> {
        for id in &parts.settings.regimes {
            let mut versions = parts.regimes.iter().filter(|regime| regime.id() == id).peekable();
            if versions.peek().is_none() {
                return Err(CasesError::Settings(format!(
                    "there is no regime file `{id}`; add it to the regimes directory or take it out of `regimes.use`"
                )));
            }
            for regime in versions {
                if !parts.calendars.iter().any(|calendar| calendar.id() == regime.calendar()) {
                    return Err(CasesError::Settings(format!(
                        "regime `{id}` needs the calendar `{}`; add it to the calendars directory",
                        regime.calendar()
                    )));
                }
            }
        }
        Ok(Self {
            parts,
            campaigns: Arc::default(),
            systems: Arc::default(),
            retention: Arc::default(),
        })
    }

    /// With what the administrator set about campaigns; without it none is approved.
    #[must_use]
    pub fn with_campaigns(self, settings: CampaignSettings) -> Self {
        Self { campaigns: Arc::new(settings), ..self }
    }

    /// With the table of what is kept how long; without it nothing is ever over.
    #[must_use]
    pub fn with_retention(self, table: domain::retention::RetentionTable) -> Self {
        Self { retention: Arc::new(table), ..self }
    }

    /// With the connected systems; without them nobody is told.
    #[must_use]
    pub fn with_systems(self, systems: systems::Systems) -> Self {
        Self { systems: Arc::new(systems), ..self }
    }

    /// The database behind it.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.parts.store
    }

    /// The vault behind it.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.parts.vault
    }

    /// The digests behind it.
    #[must_use]
    pub fn digests(&self) -> &Digests {
        &self.parts.digests
    }

    /// What the administrator set.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.parts.settings
    }
}
