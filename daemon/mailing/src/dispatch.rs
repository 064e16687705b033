//! The dispatch: due rows of the ledger become mail, one supervised loop per node.
//!
//! The flow `out` from claim to outcome (DESIGN §3 "One delivery", "The bound"). `consentry` runs
//! [`run`] under its task tracker; `demo` runs [`run_until_idle`]. At the start the rows of the
//! dead predecessor are settled from the wire journal, before a new epoch begins and anything is
//! claimed. A relay that is down costs no row anything; a journal that cannot be written ends
//! the loop with an error, and what was under way is still settled.

mod asking;
mod attempt;
mod claiming;
mod failpoint;
mod halting;
mod in_hand;
mod judging;
mod lease;
mod looking;
mod opening;
mod pace;
mod patience;
mod preparing;
mod refusals;
mod regating;
mod relay_watch;
mod row_in_hand;
mod settling;
mod standstill;
mod stop_view;
mod supervising;
mod templates;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::address::EmailAddress;
use domain::ambient::{Clock, Entropy};
use render::Renderer;
use store::{Store, StoreError};
use tokio_util::sync::CancellationToken;
use vault::{Digests, StopJournal, Vault};

pub use failpoint::{Failpoint, Failpoints};
pub use settling::Summary;
pub use store::deliveries::Stream;
pub use store::throttles::Throttle;

use crate::dkim::Signer;
use crate::error::MailingError;
use crate::letter::Correspondent;
use crate::outlet::Outlet;
use crate::wire_journal::{BootId, WireJournal};
use lease::NodeLease;
use stop_view::StopView;

/// How long claims and the node count as alive without renewal.
pub const LEASE: Duration = Duration::from_secs(60);

/// As whom we write.
#[derive(Debug, Clone)]
pub struct Identity {
    /// From.
    pub from: Correspondent,
    /// Where replies go, if not to `from`.
    pub reply_to: Option<EmailAddress>,
    /// Where bounces go; `None` is the null sender.
    pub envelope_sender: Option<EmailAddress>,
    /// The value of the header by which our own mail is known when it comes back.
    pub loop_mark: String,
}

/// As whom campaigns go out, and where people leave and bounces return.
#[derive(Debug, Clone)]
pub struct BulkIdentity {
    /// From.
    pub from: Correspondent,
    /// Where replies go: an address that is read.
    pub reply_to: EmailAddress,
    /// The domain of List-Id.
    pub list_domain: String,
    /// The address of our public pages, without a slash at its end.
    pub public_url: String,
    /// `unsub@…`: mail to `unsub+TOKEN@…` leaves a list.
    pub unsubscribe_address: EmailAddress,
    /// `bounce@…`: bounces return to `bounce+TOKEN@…`.
    pub bounce_address: EmailAddress,
    /// Who we are, as the mails say it.
    pub organisation: String,
    /// Where we can be reached, as the mails say it.
    pub contact: String,
    /// The privacy policy, for the mails.
    pub policy_url: String,
    /// The last part of Feedback-ID.
    pub sender_id: String,
}

/// Everything that the dispatch works with; made once by the process.
pub struct Dispatch {
    /// The ledger.
    pub store: Store,
    /// Opens the sealed contents.
    pub vault: Vault,
    /// Compiles the contents of campaigns.
    pub renderer: Arc<Renderer>,
    /// Digests a recipient's stop key under every key there is.
    pub digests: Arc<Digests>,
    /// Where mail leaves.
    pub outlet: Outlet,
    /// As whom we write.
    pub identity: Identity,
    /// As whom campaigns go out; `None`: no row of a campaign is claimed.
    pub bulk: Option<BulkIdentity>,
    /// Which mail is taken.
    pub stream: Stream,
    /// How much may leave by this outlet, all nodes together; `None`: as much as it takes.
    pub throttle: Option<Throttle>,
    /// Where stops stand outside the database: addresses that a server does not know.
    pub stop_journal: StopJournal,
    /// Signs; `None` where the relay does.
    pub signer: Option<Signer>,
    /// The directory of the wire journal: on a local disk, for this node alone.
    pub journal_directory: PathBuf,
    /// The node's name, unique in the database.
    pub node: String,
    /// The present boot of the machine.
    pub boot: BootId,
    /// The version of the program.
    pub version: String,
    /// How long mails under way may take to end when the daemon is stopped.
    pub drain: Duration,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Where tests kill the process.
    pub failpoints: Failpoints,
}

impl fmt::Debug for Dispatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatch")
            .field("node", &self.node)
            .field("outlet", &self.outlet)
            .finish_non_exhaustive()
    }
}

/// A dispatch that has settled its past and may claim.
struct Engine {
    parts: Dispatch,
    journal: WireJournal,
    /// The epoch as the ledger writes it.
    epoch: String,
    view: StopView,
    lease: NodeLease,
    relay: relay_watch::RelayWatch,
    in_hand: in_hand::InHand,
    /// Rows before their START.
    waiting: row_in_hand::Waiting,
    /// What is said of an outage that keeps them there.
    standstill: standstill::Standstill,
    /// The compiled templates of campaigns.
    templates: templates::Templates,
    /// Why outcomes cannot be written for good; the loop ends with it.
    failed: Mutex<Option<StoreError>>,
}

impl Engine {
    /// A random number for jitter.
    fn random(&self) -> u32 {
        u32::from_le_bytes(domain::ambient::random_bytes(self.parts.entropy.as_ref()))
    }

    /// The outlet cannot be used now.
    fn in_trouble(&self, trouble: MailingError) {
        self.relay.in_trouble(self.parts.clock.boot_time(), self.random(), trouble);
    }

    fn reach(&self, point: Failpoint) {
        self.parts.failpoints.reach(point);
    }
}

/// When the loop ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Only when it is told to.
    Cancelled,
    /// When nothing is due any more.
    Idle,
}

/// Sends until `cancel`: then nothing more is claimed, what is under way may end for
/// [`Dispatch::drain`], and rows not started are given back.
///
/// # Errors
/// [`MailingError::Journal`] when the wire journal cannot be used, [`MailingError::NodeInUse`] and
/// [`MailingError::LeaseLost`] when this is not the only process under its name, and
/// [`MailingError::Store`] when the database cannot be used at the start. An outage of database
/// or relay later is waited for.
pub async fn run(dispatch: Dispatch, cancel: CancellationToken) -> Result<Summary, MailingError> {
    supervising::run(dispatch, cancel, End::Cancelled).await
}

/// Sends until nothing is due any more; mails deferred for later stay in the ledger.
///
/// # Errors
/// As [`run`]; besides [`MailingError::Relay`] or [`MailingError::Maildir`] when the outlet
/// cannot be used, since waiting for it would not be idle.
pub async fn run_until_idle(
    dispatch: Dispatch,
    cancel: CancellationToken,
) -> Result<Summary, MailingError> {
    supervising::run(dispatch, cancel, End::Idle).await
}

#[cfg(test)]
mod tests;
