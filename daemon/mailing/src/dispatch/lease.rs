//! The node's lease: renewed every quarter of its length, checked against the boot clock.
//!
//! The deadline counts from before the renewal was asked, so it is never later than what the
//! database wrote, whatever the wall clock does. The same task looks after nodes that died.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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
}

impl NodeLease {
    /// The lease was written; `asked_at` is the boot time before it was asked.
    pub(super) fn extend_from(&self, asked_at: Duration) {
        let deadline = (asked_at + LEASE).as_micros();
        self.deadline.store(u64::try_from(deadline).unwrap_or(0), Ordering::Release);
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
            && let Err(error) = look_after_dead_nodes(&engine).await
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
    engine.lease.extend_from(asked_at);
    Ok(())
}

/// A node dead for 15 minutes while it holds rows: an alarm; its statutory rows are treated as
/// uncertain, since somebody waits for them. The others wait for it, or for its retirement.
async fn look_after_dead_nodes(engine: &Engine) -> Result<(), StoreError> {
    let parts = &engine.parts;
    let now = parts.clock.now();
    for name in nodes::dead_with_rows(&parts.store, DEAD_AFTER, now).await? {
        let transaction = parts.store.begin().await?;
        let detail = "this node holds mails and has not been seen for 15 minutes; start it again, or `consentry node retire` it";
        alarms::raise(&transaction, &alarm_name(&name), detail, now).await?;
        let again_at = retry::next_try_at(1, now, engine.random());
        let taken =
            deliveries::give_up(&transaction, &name, GiveUp::Statutory, now, again_at).await?;
        transaction.commit().await?;
        tracing::error!(node.id = %name, mails = taken, "{detail}");
    }
    Ok(())
}

/// The alarm about a node.
pub(super) fn alarm_name(node: &str) -> String {
    format!("node/{node}")
}
