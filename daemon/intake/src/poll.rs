//! Polling a mailbox: under a lease, pass after pass, until told to stop.
//!
//! Called by the process, one task for each mailbox. A pass clears what was left, then walks every
//! folder: record, fetch, store, read, file, mark. Between passes it waits with IDLE or sleeps.
//! An error ends the pass, is told in `status`, and the next one begins after a pause that grows.

mod lease;
mod pass;
mod secret;
mod wait;

use std::time::Duration;

use domain::ids::MailboxId;
use tokio_util::sync::CancellationToken;

use self::{lease::Lease, pass::Connection};
use crate::{error::IntakeError, outcome::Outcome, task::MailboxTask};

/// A poll that fails for longer than this is an alarm: requests may be waiting unseen.
const ALARM_AFTER: jiff::SignedDuration = jiff::SignedDuration::from_mins(15);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);

/// Polls the mailbox until `cancel`; never returns before. Errors are logged and told in `status`.
pub async fn run(task: MailboxTask, cancel: CancellationToken) {
    while !cancel.is_cancelled() {
        (task.beat)();
        match Lease::take(&task).await {
            Ok(Some(lease)) => {
                let lost = lease.lost();
                tokio::select! {
                    () = lease.keep(&task) => {
                        tracing::warn!(
                            mailbox.name = task.mailbox.name,
                            "the lease on the mailbox is lost; another node may poll it"
                        );
                    }
                    () = serve(&task, &cancel, &lost) => {}
                }
                Lease::give_back(&task).await;
            }
            Ok(None) => wait::pause(&task, Duration::from_secs(20), &cancel).await,
            Err(error) => {
                tracing::warn!(mailbox.name = task.mailbox.name, %error, "cannot take the lease");
                wait::pause(&task, Duration::from_secs(5), &cancel).await;
            }
        }
    }
}

/// Polls the mailbox once and says what became of each message.
///
/// # Errors
/// [`IntakeError`]; what was filed before the error stays filed.
pub async fn poll_once(task: &MailboxTask) -> Result<Vec<Outcome>, IntakeError> {
    let Some(lease) = Lease::take(task).await? else {
        return Err(IntakeError::Elsewhere { mailbox: task.mailbox.name.clone() });
    };
    let cancel = CancellationToken::new();
    let passed = tokio::select! {
        () = lease.keep(task) => Err(IntakeError::Elsewhere { mailbox: task.mailbox.name.clone() }),
        passed = connect_and_pass(task, &cancel) => passed,
    };
    Lease::give_back(task).await;
    passed
}

async fn connect_and_pass(
    task: &MailboxTask,
    cancel: &CancellationToken,
) -> Result<Vec<Outcome>, IntakeError> {
    let mailbox = pass::mailbox(task).await?;
    let mut outcomes = Vec::new();
    let passed = async {
        let mut connection = Connection::open(task).await?;
        let passed = pass::run(task, mailbox, &mut connection, cancel, &mut outcomes).await;
        connection.close().await;
        passed
    };
    let passed = passed.await;
    note(task, mailbox, fault_of(&passed)).await;
    match passed?.into_iter().next() {
        Some(fault) => Err(fault),
        None => Ok(outcomes),
    }
}

/// Passes and waits while the lease is ours.
async fn serve(task: &MailboxTask, cancel: &CancellationToken, lost: &CancellationToken) {
    let mut connection: Option<Connection> = None;
    let mut failures = 0u32;
    // Connections that died while we waited on them, one after the other.
    let mut broken_waits = 0u32;
    while !cancel.is_cancelled() && !lost.is_cancelled() {
        (task.beat)();
        let passed = one_pass(task, &mut connection, cancel).await;
        match passed {
            Ok(()) => {
                failures = 0;
                let Some(mut open) = connection.take() else { continue };
                match wait::for_news(task, &mut open, cancel).await {
                    Ok(()) => {
                        broken_waits = 0;
                        connection = Some(open);
                    }
                    // A connection that died while waiting is opened anew; only that may fail.
                    Err(error) => {
                        tracing::debug!(mailbox.name = task.mailbox.name, %error, "stopped waiting");
                        broken_waits = broken_waits.saturating_add(1);
                        let pause = pause_after(task, broken_waits, error.is_login_refusal());
                        wait::pause(task, pause, cancel).await;
                    }
                }
            }
            Err(error) => {
                connection = None;
                failures = failures.saturating_add(1);
                if error.needs_new_secret() {
                    secret::wait_for_another(task, cancel).await;
                    continue;
                }
                let pause = pause_after(task, failures, error.is_login_refusal());
                wait::pause(task, pause, cancel).await;
            }
        }
    }
    if let Some(connection) = connection {
        connection.close().await;
    }
}

async fn one_pass(
    task: &MailboxTask,
    connection: &mut Option<Connection>,
    cancel: &CancellationToken,
) -> Result<(), IntakeError> {
    let mailbox = match pass::mailbox(task).await {
        Ok(mailbox) => mailbox,
        Err(error) => {
            tracing::warn!(mailbox.name = task.mailbox.name, %error, "cannot poll the mailbox");
            return Err(error);
        }
    };
    let passed = async {
        let open = match connection {
            Some(open) => open,
            None => connection.insert(Connection::open(task).await?),
        };
        pass::run(task, mailbox, open, cancel, &mut Vec::new()).await
    };
    let passed = passed.await;
    note(task, mailbox, fault_of(&passed)).await;
    passed.map(drop)
}

/// What is told of a pass: what ended it, or the first fault that it went on behind.
fn fault_of(passed: &Result<Vec<IntakeError>, IntakeError>) -> Option<&IntakeError> {
    match passed {
        Ok(faults) => faults.first(),
        Err(error) => Some(error),
    }
}

/// Writes down how the poll went, for `status`; an alarm when it goes wrong for too long.
async fn note(task: &MailboxTask, mailbox: MailboxId, error: Option<&IntakeError>) {
    if let Some(error) = error {
        tracing::warn!(mailbox.name = task.mailbox.name, %error, "cannot poll the mailbox");
    }
    let noted = async {
        let now = task.now();
        let alarm = format!("mailbox/{}", task.mailbox.name);
        let transaction = task.store().begin().await?;
        match error {
            None => {
                store::mailboxes::note_polled(&transaction, mailbox, now).await?;
                store::alarms::clear(&transaction, &alarm, now).await?;
            }
            Some(error) => {
                let text = error.to_string();
                let since =
                    store::mailboxes::note_failed(&transaction, mailbox, &text, now).await?;
                // A refused login does not mend itself.
                if now.duration_since(since) > ALARM_AFTER || error.needs_new_secret() {
                    store::alarms::raise(&transaction, &alarm, &text, now).await?;
                }
            }
        }
        transaction.commit().await
    };
    if let Err(error) = noted.await {
        tracing::warn!(mailbox.name = task.mailbox.name, %error, "cannot note how the poll went");
    }
}

/// Doubles from a second up to five minutes, with jitter, so that several nodes and mailboxes do
/// not knock together. A refused login waits the longest at once.
fn pause_after(task: &MailboxTask, failures: u32, is_login_refusal: bool) -> Duration {
    let longest = u64::try_from(LONGEST_PAUSE.as_millis()).unwrap_or(u64::MAX);
    let base = if is_login_refusal {
        longest
    } else {
        1_000u64.saturating_mul(1 << failures.saturating_sub(1).min(12)).min(longest)
    };
    Duration::from_millis(base / 2 + task.random_below(base / 2 + 1))
}
