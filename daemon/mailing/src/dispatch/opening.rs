//! The start of a dispatch: read the wire journal, settle what the dead predecessor held, begin
//! a new epoch, register the node. Nothing is claimed before all of it is durable.

use std::sync::Mutex;
use std::time::Duration;

use domain::Timestamp;
use domain::ambient::random_bytes;
use domain::delivery::{DeliveryState, OutcomeKind};
use domain::ids::DeliveryId;
use store::deliveries::{self, Change, ClaimMark};
use store::{StoreError, alarms, nodes};
use tokio_util::sync::CancellationToken;

use super::asking::{self, Ask, tried};
use super::in_hand::InHand;
use super::lease::{NodeLease, alarm_name};
use super::refusals;
use super::relay_watch::RelayWatch;
use super::row_in_hand::Waiting;
use super::standstill::Standstill;
use super::stop_view::StopView;
use super::supervising::journal_alarm;
use super::templates::Templates;
use super::{Dispatch, Engine, LEASE};
use crate::error::MailingError;
use crate::outcome::{Answer, Outcome};
use crate::retry;
use crate::stops::StopMark;
use crate::wire_journal::{self, Attempt, Epoch, EpochId, Settlement, Verdict};

/// How often a predecessor's lease is looked at while it runs.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Opens the dispatch; afterwards it may claim.
pub(super) async fn open(
    parts: Dispatch,
    cancel: &CancellationToken,
) -> Result<Engine, MailingError> {
    let directory = parts.journal_directory.clone();
    let opened = tokio::task::spawn_blocking(move || wire_journal::open(&directory)).await;
    let (journal, settlement) = opened.map_err(|_| MailingError::Stopped)??;
    wait_for_predecessor(&parts, &settlement, cancel).await?;
    settle_past(&parts, &parts.node, &settlement).await?;
    // Whoever wrote this journal under another name is dead: we hold its lock. Only here stands what
    // became of its mails.
    for renamed in settlement.nodes().filter(|node| *node != parts.node) {
        settle_past(&parts, renamed, &settlement).await?;
    }
    let relay = RelayWatch::begin(&parts.store, parts.outlet.name()).await?;
    let epoch = Epoch {
        node: parts.node.clone(),
        boot: parts.boot.clone(),
        id: EpochId(random_bytes(parts.entropy.as_ref())),
    };
    let journal = journal.begin(epoch.clone())?;
    let engine = Engine {
        journal,
        epoch: epoch.id.to_string(),
        view: StopView::default(),
        lease: NodeLease::default(),
        relay,
        in_hand: InHand::default(),
        waiting: Waiting::default(),
        standstill: Standstill::default(),
        templates: Templates::default(),
        failed: Mutex::default(),
        parts,
    };
    register(&engine).await?;
    engine.journal.forget_past()?;
    Ok(engine)
}

/// A process of this name that the journal does not know and whose lease runs is another daemon,
/// or one whose journal was lost: it is given the time of a lease to be gone.
async fn wait_for_predecessor(
    parts: &Dispatch,
    settlement: &Settlement,
    cancel: &CancellationToken,
) -> Result<(), MailingError> {
    let deadline = parts.clock.boot_time() + LEASE + LOOK_AGAIN * 5;
    loop {
        let node = nodes::by_name(&parts.store, &parts.node, parts.clock.now()).await?;
        let stranger = node.filter(|node| {
            let ours = EpochId::parse(&node.epoch)
                .is_some_and(|epoch| settlement.epochs().any(|known| known == epoch));
            node.is_alive && node.retired_at.is_none() && !ours
        });
        if stranger.is_none() {
            return Ok(());
        }
        if parts.clock.boot_time() >= deadline {
            return Err(MailingError::NodeInUse(parts.node.clone()));
        }
        tracing::warn!(node.id = %parts.node, "another process held this node's name a moment ago; waiting for its lease to run out");
        tokio::select! {
            () = tokio::time::sleep(LOOK_AGAIN) => {}
            () = cancel.cancelled() => return Err(MailingError::Stopped),
        }
    }
}

/// Settles every row that a node held whose journal this is, by what it says.
async fn settle_past(
    parts: &Dispatch,
    node: &str,
    settlement: &Settlement,
) -> Result<(), StoreError> {
    let now = parts.clock.now();
    let transaction = parts.store.begin().await?;
    let mut settled = Vec::new();
    let mut refused = Vec::new();
    let held = deliveries::claimed_by(&transaction, node).await?;
    for misfit in &held.misfits {
        tracing::error!(delivery.id = %misfit.id, "mail set aside: {}", misfit.what);
        deliveries::set_aside(&transaction, misfit, now).await?;
    }
    for mark in &held.marks {
        let attempt = Attempt { delivery: mark.id, number: mark.attempt };
        let verdict = EpochId::parse(&mark.epoch)
            .map_or(Verdict::Uncertain, |epoch| settlement.verdict(attempt, epoch, &parts.boot));
        refused.extend(refused_for_good(mark.id, &verdict));
        settled.push(settle(parts, mark, &verdict, now)?);
    }
    settled.extend(late_ends(parts, node, settlement, &transaction, &mut refused, now).await?);
    let (changes, asks): (Vec<Change>, Vec<Option<Ask>>) = settled.into_iter().unzip();
    let asks: Vec<Ask> = asks.into_iter().flatten().collect();
    let changed = deliveries::apply(&transaction, node, &changes, now).await?;
    asking::ask(&transaction, &asks, &changed, now).await?;
    suppress(parts, transaction, refused, &changed, now).await?;
    for change in changes.iter().filter(|change| changed.contains(&change.id)) {
        tracing::info!(delivery.id = %change.id, state = change.to.name().name(), "mail settled from the wire journal");
    }
    Ok(())
}

/// Rows that somebody called uncertain meanwhile, and whose END stands in the journal.
async fn late_ends(
    parts: &Dispatch,
    node: &str,
    settlement: &Settlement,
    transaction: &store::Transaction,
    refused: &mut Vec<DeliveryId>,
    now: Timestamp,
) -> Result<Vec<Settled>, StoreError> {
    let epochs: Vec<String> = settlement.epochs().map(|epoch| epoch.to_string()).collect();
    let mut changes = Vec::new();
    for mark in deliveries::uncertain_of(transaction, node, &epochs).await? {
        let attempt = Attempt { delivery: mark.id, number: mark.attempt };
        let verdict = EpochId::parse(&mark.epoch)
            .map_or(Verdict::Uncertain, |epoch| settlement.verdict(attempt, epoch, &parts.boot));
        let known = matches!(&verdict, Verdict::Ended(outcome) if !matches!(outcome, Outcome::Uncertain(_)));
        if known {
            refused.extend(refused_for_good(mark.id, &verdict));
            changes.push(settle(parts, &mark, &verdict, now)?);
        }
    }
    Ok(changes)
}

/// The row, when its server said that there is no such mailbox.
fn refused_for_good(id: DeliveryId, verdict: &Verdict) -> Option<DeliveryId> {
    match verdict {
        Verdict::Ended(Outcome::Rejected(answer)) => {
            refusals::names_no_mailbox(answer).then_some(id)
        }
        _ => None,
    }
}

/// Commits what was settled, with the suppressions that follow from it.
async fn suppress(
    parts: &Dispatch,
    transaction: store::Transaction,
    mut refused: Vec<DeliveryId>,
    changed: &[DeliveryId],
    now: Timestamp,
) -> Result<(), StoreError> {
    refused.retain(|id| changed.contains(id));
    let addresses = deliveries::recipients_of(&transaction, &refused).await?;
    let mark = || StopMark::new(parts.entropy.as_ref(), now);
    let addresses = addresses.iter().map(|(_, address)| (address, mark()));
    let stops = refusals::suppress(parts, &transaction, addresses, now).await?;
    stops.commit(transaction, &parts.store, &parts.stop_journal, now).await
}

/// What becomes of a row, and what is asked of a person.
type Settled = (Change, Option<Ask>);

fn settle(
    parts: &Dispatch,
    mark: &ClaimMark,
    verdict: &Verdict,
    now: Timestamp,
) -> Result<Settled, StoreError> {
    let random = u32::from_le_bytes(random_bytes(parts.entropy.as_ref()));
    let again_at = retry::next_try_at(mark.attempt, now, random);
    let relay = parts.outlet.name();
    let state = DeliveryState::Claimed {
        attempt: mark.attempt,
        epoch: mark.epoch.clone(),
        leased_until_at: now,
    };
    let uncertain = |answer: &Answer| {
        let tried = tried(relay, OutcomeKind::Uncertain, answer, &state);
        let (change, fate) = Change::uncertain(mark, tried, now, again_at);
        Ok((change, Ask::about_uncertain(mark.id, fate, mark.ticket)))
    };
    let impossible = |_| StoreError::Conflict { what: "delivery" };
    let (kind, answer) = match verdict {
        Verdict::Unstarted | Verdict::Ended(Outcome::NotSent) => {
            let back =
                Change::given_back(mark, now).ok_or(StoreError::Conflict { what: "delivery" })?;
            return Ok((back, None));
        }
        Verdict::Uncertain => {
            return uncertain(&Answer::our_own("the daemon ended while it was being sent"));
        }
        Verdict::Ended(Outcome::Uncertain(answer)) => return uncertain(answer),
        Verdict::Ended(Outcome::Accepted(answer)) => (OutcomeKind::Accepted, answer),
        Verdict::Ended(Outcome::Deferred(answer)) => (OutcomeKind::Deferred, answer),
        Verdict::Ended(Outcome::Rejected(answer)) => (OutcomeKind::Rejected, answer),
    };
    let to = state.settle(kind, now, again_at, mark.expires_at).map_err(impossible)?;
    let change = Change {
        id: mark.id,
        attempt: mark.attempt,
        epoch: mark.epoch.clone(),
        tried: Some(tried(relay, kind, answer, &to)),
        to,
        not_before: None,
        resent: mark.resent,
    };
    let ask = Ask::about(&change, mark.class, mark.ticket);
    Ok((change, ask))
}

async fn register(engine: &Engine) -> Result<(), StoreError> {
    let parts = &engine.parts;
    let asked_at = parts.clock.boot_time();
    let now = parts.clock.now();
    let transaction = parts.store.begin().await?;
    let node = nodes::StartingNode {
        name: &parts.node,
        boot_id: &parts.boot.0,
        epoch: &engine.epoch,
        version: &parts.version,
    };
    nodes::register(&transaction, node, LEASE, now).await?;
    alarms::clear(&transaction, &alarm_name(&parts.node), now).await?;
    alarms::clear(&transaction, &journal_alarm(&parts.node), now).await?;
    transaction.commit().await?;
    engine.lease.extend_from(asked_at);
    Ok(())
}
