//! One node polls a mailbox at a time.
//!
//! The lease lives in the database and is renewed three times before it runs out. Its end is
//! reckoned with the boot clock from before it was asked for, so that a node that was asleep
//! knows that it may have lost it. Losing it is harmless: everything a pass does is keyed.

use std::time::Duration;

use store::StoreError;
use tokio_util::sync::CancellationToken;

use crate::task::MailboxTask;

const LENGTH: Duration = Duration::from_secs(60);
const RENEWED_EVERY: Duration = Duration::from_secs(20);

/// A lease that this node holds.
pub(super) struct Lease {
    /// Boot time at which it runs out.
    until: Duration,
    lost: CancellationToken,
}

impl Lease {
    /// Takes the lease; `None` when another node has it.
    pub(super) async fn take(task: &MailboxTask) -> Result<Option<Self>, StoreError> {
        let asked_at = task.clock.boot_time();
        let is_ours =
            store::leases::hold(task.store(), &name(task), &task.owner, LENGTH, task.now()).await?;
        let lost = CancellationToken::new();
        Ok(is_ours.then_some(Self { until: asked_at + LENGTH, lost }))
    }

    /// Cancelled when the lease is lost.
    pub(super) fn lost(&self) -> CancellationToken {
        self.lost.clone()
    }

    /// Renews the lease; returns when it is lost.
    pub(super) async fn keep(mut self, task: &MailboxTask) {
        loop {
            tokio::time::sleep(RENEWED_EVERY).await;
            match Self::take(task).await {
                Ok(Some(renewed)) => self.until = renewed.until,
                Ok(None) => break,
                // The database is out; the lease still runs for a while.
                Err(_) if task.clock.boot_time() < self.until => {}
                Err(_) => break,
            }
        }
        self.lost.cancel();
    }

    /// Gives the lease back, so that the next one need not wait.
    pub(super) async fn give_back(task: &MailboxTask) {
        let _ = store::leases::release(task.store(), &name(task), &task.owner).await;
    }
}

fn name(task: &MailboxTask) -> String {
    format!("mailbox/{}", task.mailbox.name)
}
