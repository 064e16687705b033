//! Between two passes: IDLE where the server has it, else sleep; both end at the poll interval.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::pass::Connection;
use crate::{error::IntakeError, imap::ImapError, task::MailboxTask};

/// The pulse goes on while nothing happens.
const BEAT: Duration = Duration::from_secs(10);

/// Waits until there may be news, the interval is over, or `cancel`.
pub(super) async fn for_news(
    task: &MailboxTask,
    connection: &mut Connection,
    cancel: &CancellationToken,
) -> Result<(), IntakeError> {
    let longest = task.mailbox.poll_interval;
    let Connection::Imap { session, folders, first } = connection else {
        pause(task, longest, cancel).await;
        return Ok(());
    };
    let Some(name) = folders.first().filter(|_| session.has("IDLE")) else {
        pause(task, longest, cancel).await;
        return Ok(());
    };
    let selected = match session.select(name).await {
        Ok(selected) => selected,
        Err(ImapError::Refused { .. }) => {
            pause(task, longest, cancel).await;
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    // Mail that came while the last pass ran is not announced again.
    let is_changed = first.is_none_or(|before| {
        before.uid_next != selected.uid_next || before.uid_validity != selected.uid_validity
    });
    if is_changed {
        return Ok(());
    }
    let beating = async {
        loop {
            (task.beat)();
            tokio::time::sleep(BEAT).await;
        }
    };
    let waited = tokio::select! {
        () = beating => return Ok(()),
        waited = session.idle(longest, cancel.cancelled()) => waited,
    };
    match waited {
        // It offers IDLE and does not let us: then as on a server without it.
        Err(ImapError::Refused { .. }) => {
            pause(task, longest, cancel).await;
            Ok(())
        }
        waited => Ok(waited.map(|_| ())?),
    }
}

/// Sleeps with a beating heart.
pub(super) async fn pause(task: &MailboxTask, length: Duration, cancel: &CancellationToken) {
    let deadline = tokio::time::Instant::now() + length;
    loop {
        (task.beat)();
        let next = deadline.min(tokio::time::Instant::now() + BEAT);
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep_until(next) => {}
        }
        if tokio::time::Instant::now() >= deadline {
            return;
        }
    }
}
