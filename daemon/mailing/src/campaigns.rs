//! The campaign runner: what time does to campaigns, one supervised loop for all nodes.
//!
//! Scheduled and due → freezing → running → finished, or held for a person; the rows of cancelled
//! ones are swept. People's steps are the desk's (`cases::campaigns`), the mails themselves the
//! dispatch's; they meet in the database. A lease keeps two runners apart, and where it does not
//! every step is checked against the row as it was read, so that none happens twice. It may die
//! anywhere: each step is one transaction, and the next start goes on behind the last. Whether a
//! start is late is judged at the start only: a freeze that an outage makes long is not held.

mod breaking;
mod ending;
mod freezing;
mod lease;
mod starting;
mod telling;

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use domain::{
    ambient::{Clock, Entropy},
    campaign::{BreakerLimits, CampaignState},
    ids::CampaignId,
    words::InvalidTransition,
};
use jiff::SignedDuration;
use store::{Store, StoreError, campaigns::CampaignRow, deliveries::troubles::Troubles};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use vault::StopJournal;

use crate::MailingError;
use freezing::ChunkSize;
use lease::RunnerLease;
use telling::Told;

/// How often campaigns are looked at when nobody wakes us.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The longest that one round may wait for the database.
const TURNS_WITHIN: Duration = Duration::from_secs(60);
/// How long a round may still take when the daemon is stopped; what it began is then undone.
const ENDS_WITHIN: Duration = Duration::from_secs(5);
/// Who acts, in the audit log.
const ACTOR: &str = "runner";

/// What the administrator set for all campaigns.
#[derive(Debug, Clone)]
pub struct CampaignSettings {
    /// A start missed by more than this is held for a person.
    pub late_start: SignedDuration,
    /// The domain of the Message-IDs.
    pub mail_domain: String,
    /// How long after the freeze a mail is still tried; then it is rejected as expired.
    pub lives_for: SignedDuration,
    /// How much trouble holds a campaign.
    pub breaker: BreakerLimits,
    /// The most candidates of one chunk of the freeze; fewer where the database is slow.
    pub chunk: u32,
}

impl CampaignSettings {
    /// The defaults: six hours, five days, and the limits of the breaker.
    #[must_use]
    pub fn new(mail_domain: &str) -> Self {
        Self {
            late_start: SignedDuration::from_hours(6),
            mail_domain: mail_domain.to_owned(),
            lives_for: SignedDuration::from_hours(5 * 24),
            breaker: BreakerLimits::default(),
            chunk: 10_000,
        }
    }
}

/// Everything that the runner works with; made once by the process.
pub struct Campaigns {
    /// The database.
    pub store: Store,
    /// The stops outside the database.
    pub journal: StopJournal,
    /// What the administrator set.
    pub settings: CampaignSettings,
    /// Who holds the lease: `node/run`, unique in the database.
    pub owner: String,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

impl fmt::Debug for Campaigns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Campaigns")
            .field("owner", &self.owner)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// Runs campaigns until `cancel`. An outage of the database is waited for; it wakes at least each
/// second.
///
/// # Errors
/// None so far that end the loop; what one campaign cannot do is an alarm, and the others go on.
pub async fn run(campaigns: Campaigns, cancel: CancellationToken) -> Result<(), MailingError> {
    let mut runner = Runner::new(campaigns);
    let result = runner.run(&cancel, End::Cancelled).await;
    runner.leave().await;
    result
}

/// Runs campaigns until none has a step to make: nothing is due, freezing or to be swept, and
/// those that run have mails to send yet.
///
/// # Errors
/// [`MailingError::Store`] when the database cannot be used: waiting for it would not be idle.
pub async fn run_until_idle(
    campaigns: Campaigns,
    cancel: CancellationToken,
) -> Result<(), MailingError> {
    let mut runner = Runner::new(campaigns);
    let result = runner.run(&cancel, End::Idle).await;
    runner.leave().await;
    result
}

/// When the loop ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Cancelled,
    Idle,
}

/// What a round, or a step of one campaign, did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turned {
    /// There was nothing to do.
    Nothing,
    /// Another runner has the lease.
    Elsewhere,
    /// Something changed: look again at once.
    Something,
}

struct Runner {
    parts: Campaigns,
    lease: RunnerLease,
    size: ChunkSize,
    /// What was last counted of a running campaign.
    counted: HashMap<CampaignId, Troubles>,
    /// What keeps campaigns from their steps, as it was told.
    told: Told,
}

impl Runner {
    fn new(parts: Campaigns) -> Self {
        Self {
            lease: RunnerLease::default(),
            size: ChunkSize::up_to(parts.settings.chunk),
            counted: HashMap::new(),
            told: Told::default(),
            parts,
        }
    }

    async fn run(&mut self, cancel: &CancellationToken, end: End) -> Result<(), MailingError> {
        let planned = self.parts.store.deliveries_planned();
        while !cancel.is_cancelled() {
            // Listening before looking: nothing falls between.
            let mut woken = std::pin::pin!(planned.notified());
            woken.as_mut().enable();
            let turned = tokio::select! {
                turned = timeout(TURNS_WITHIN, self.turn()) => turned.unwrap_or_else(|_| {
                    Err(StoreError::Unavailable("no answer in time".to_owned()))
                }),
                () = stopped_for(cancel, ENDS_WITHIN) => return Ok(()),
            };
            match turned {
                Ok(Turned::Something) => continue,
                Ok(Turned::Nothing) if end == End::Idle => return Ok(()),
                Ok(Turned::Nothing | Turned::Elsewhere) => {}
                Err(error) if end == End::Idle => return Err(error.into()),
                Err(error) => tracing::warn!(%error, "campaigns wait for the database"),
            }
            tokio::select! {
                () = &mut woken => {}
                () = sleep(LOOK_EVERY) => {}
                () = cancel.cancelled() => {}
            }
        }
        Ok(())
    }

    /// One step of every campaign that has one.
    async fn turn(&mut self) -> Result<Turned, StoreError> {
        self.clear_decided().await?;
        let now = self.parts.clock.now();
        let (rows, misfits) = store::campaigns::at_work(&self.parts.store, now).await?;
        if rows.is_empty() && misfits.is_empty() {
            self.lease.give_back(&self.parts).await;
            return Ok(Turned::Nothing);
        }
        if !self.lease.hold(&self.parts).await? {
            return Ok(Turned::Elsewhere);
        }
        self.tell_misfits(&misfits).await?;
        self.counted.retain(|id, _| rows.iter().any(|row| row.id == *id));
        let mut turned = Turned::Nothing;
        let mut waits = None;
        for row in &rows {
            match self.step(row).await {
                Ok(step) => {
                    turned = turned.max(step);
                    self.goes_on(row.id).await?;
                }
                // Somebody was first, a person or another runner: looked at again.
                Err(StoreError::Conflict { .. }) => turned = Turned::Something,
                // Perhaps of this campaign alone: the others have their step all the same.
                Err(error) if error.is_passing() => waits = Some(error),
                Err(error) => self.tell(row.id, error.to_string()).await?,
            }
        }
        waits.map_or(Ok(turned), Err)
    }

    async fn step(&mut self, row: &CampaignRow) -> Result<Turned, StoreError> {
        match &row.state {
            CampaignState::Scheduled { hash, .. } => self.start(row, *hash).await,
            CampaignState::Freezing { .. } => self.freeze(row).await,
            CampaignState::Running => self.watch(row).await,
            CampaignState::Cancelled { .. } => self.sweep(row).await,
            CampaignState::Draft
            | CampaignState::Approved { .. }
            | CampaignState::Paused
            | CampaignState::Held { .. }
            | CampaignState::Finished { .. } => Ok(Turned::Nothing),
        }
    }

    async fn leave(&mut self) {
        let _ = timeout(ENDS_WITHIN, self.lease.give_back(&self.parts)).await;
    }
}

fn subject(campaign: CampaignId) -> String {
    format!("campaign:{}", campaign.0)
}

/// A transition that the state read a moment ago does not allow: somebody was first.
fn impossible(_: InvalidTransition) -> StoreError {
    StoreError::Conflict { what: "campaign" }
}

/// Ends when the daemon has been told to stop for so long.
async fn stopped_for(stop: &CancellationToken, time: Duration) {
    stop.cancelled().await;
    sleep(time).await;
}
