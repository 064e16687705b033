//! The node's lease: renewed every quarter of its length, checked against the boot clock.
//!
//! The deadline counts from before the renewal was asked, so it is never later than what the
//! database wrote, whatever the wall clock does. The same task looks after nodes that died.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::ambient::Clock;
use store::deliveries::{self, GiveUp};
use store::{StoreError, alarms, nodes};
use tokio_util::sync::CancellationToken;

use super::patience::in_time;
use super::{Engine, LEASE};
use crate::retry;

/// A node without a lease for so long is an alarm, and its statutory mail is taken from it.
const DEAD_AFTER: Duration = Duration::from_secs(15 * 60);
/// Renewals between two looks at the other nodes.
const LOOK_EVERY: u32 = 4;

#[derive(Debug, Default)]
pub(super) struct NodeLease {
    /// Microseconds on the boot clock.
    deadline: AtomicU64,
    lost: AtomicBool,
    renewals: Mutex<Option<Renewals>>,
}

/// Renewals without a gap: the database was there for us all the while, and for the others.
#[derive(Debug, Clone, Copy)]
struct Renewals {
    since: Duration,
    last: Duration,
}

/// Others are judged only after so long without a gap: after an outage of the database every
/// node's lease has run out, and each needs the time to renew it.
const SOUND_AFTER: Duration = Duration::from_secs(2 * LEASE.as_secs());

impl NodeLease {
    /// The lease was written; `asked_at` is the boot time before it was asked.
    pub(super) fn extend_from(&self, asked_at: Duration) {
        let deadline = (asked_at + LEASE).as_micros();
        self.deadline.store(u64::try_from(deadline).unwrap_or(0), Ordering::Release);
    }

    /// It was renewed; `asked_at` is the boot time before it was asked.
    fn renewed(&self, asked_at: Duration) {
        self.extend_from(asked_at);
        let mut renewals = self.renewals.lock().unwrap_or_else(PoisonError::into_inner);
        let since = renewals
            .filter(|earlier| asked_at.saturating_sub(earlier.last) <= LEASE / 2)
            .map_or(asked_at, |earlier| earlier.since);
        *renewals = Some(Renewals { since, last: asked_at });
    }

    /// A renewal failed.
    fn broke(&self) {
        *self.renewals.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether it was renewed for long enough to judge others by theirs.
    fn is_sound(&self) -> bool {
        let renewals = self.renewals.lock().unwrap_or_else(PoisonError::into_inner);
        renewals.is_some_and(|now| now.last.saturating_sub(now.since) > SOUND_AFTER)
    }

    /// Whether it still runs.
    pub(super) fn runs(&self, clock: &dyn Clock) -> bool {
        let deadline = Duration::from_micros(self.deadline.load(Ordering::Acquire));
        !self.is_lost() && clock.boot_time() < deadline
    }

    /// Whether somebody else took it, for good.
    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }
}

/// Renews the lease until `cancel`.
pub(super) async fn keep(engine: Arc<Engine>, cancel: CancellationToken) {
    for turn in 0u32.. {
        if turn % LOOK_EVERY == 0
            && engine.lease.is_sound()
            && let Err(error) = in_time(LEASE / 4, look_after_dead_nodes(&engine)).await
        {
            tracing::warn!(node.id = %engine.parts.node, "cannot look after other nodes: {error}");
        }
        tokio::select! {
            () = tokio::time::sleep(LEASE / 4) => {}
            () = cancel.cancelled() => return,
        }
        match renew(&engine).await {
            Ok(()) => {}
            Err(StoreError::Conflict { .. }) => {
                engine.lease.lost.store(true, Ordering::Release);
                tracing::error!(node.id = %engine.parts.node, "the node was retired or replaced while it runs; nothing more is sent");
                return;
            }
            Err(error) => {
                engine.lease.broke();
                tracing::warn!(node.id = %engine.parts.node, "cannot renew the node's lease: {error}");
            }
        }
    }
}

async fn renew(engine: &Engine) -> Result<(), StoreError> {
    let parts = &engine.parts;
    let asked_at = parts.clock.boot_time();
    let renewal = async {
        let transaction = parts.store.begin().await?;
        nodes::renew(&transaction, &parts.node, &engine.epoch, LEASE, parts.clock.now()).await?;
        transaction.commit().await
    };
    in_time(LEASE / 4, renewal).await?;
    engine.lease.renewed(asked_at);
    Ok(())
}

/// A node dead for 15 minutes while it holds rows: an alarm; its statutory rows are treated as
/// uncertain, since somebody waits for them. The others wait for it, or for its retirement.
async fn look_after_dead_nodes(engine: &Engine) -> Result<(), StoreError> {
    let parts = &engine.parts;
    let now = parts.clock.now();
    for name in nodes::dead_with_rows(&parts.store, &parts.node, DEAD_AFTER, now).await? {
        let transaction = parts.store.begin().await?;
        let detail = "this node holds mails and has not been seen for 15 minutes; start it again, or `consentry node retire` it";
        alarms::raise(&transaction, &alarm_name(&name), detail, now).await?;
        let again_at = retry::next_try_at(1, now, engine.random());
        let node = nodes::by_name(&transaction, &name, now).await?;
        // Nobody can retire it again, should it hold anything still.
        let which = match node.and_then(|node| node.retired_at) {
            Some(_) => GiveUp::All,
            None => GiveUp::Statutory,
        };
        let taken = deliveries::give_up(&transaction, &name, which, now, again_at).await?;
        transaction.commit().await?;
        tracing::error!(node.id = %name, mails = taken, "{detail}");
    }
    Ok(())
}

/// The alarm about a node.
pub(super) fn alarm_name(node: &str) -> String {
    format!("node/{node}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_judged_only_after_two_leases_without_a_gap() {
        let lease = NodeLease::default();
        let mut now = Duration::from_secs(1000);
        let mut go_on = |lease: &NodeLease, times: u32| {
            for _ in 0..times {
                now += LEASE / 4;
                lease.renewed(now);
            }
        };
        go_on(&lease, 9);
        assert!(!lease.is_sound(), "two leases, not more");
        go_on(&lease, 1);
        assert!(lease.is_sound());
        lease.broke();
        assert!(!lease.is_sound(), "an outage");
        go_on(&lease, 9);
        assert!(!lease.is_sound());
        go_on(&lease, 1);
        assert!(lease.is_sound());
        now += LEASE;
        lease.renewed(now);
        assert!(!lease.is_sound(), "a machine that slept");
    }
}
