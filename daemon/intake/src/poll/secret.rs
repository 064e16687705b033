//! After a refused login: nothing is tried again until the secret is another one.
//!
//! Accounts get locked by repeated refusals. Once an hour the login is tried all the same: the
//! server may have been wrong.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use tokio_util::sync::CancellationToken;

use super::wait;
use crate::{
    imap::Login,
    task::{MailSource, MailboxTask},
};

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(10);
/// The longest wait.
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Waits until the secret's file was changed, an hour is over, or `cancel`.
pub(super) async fn wait_for_another(task: &MailboxTask, cancel: &CancellationToken) {
    let MailSource::Imap { server, .. } = &task.mailbox.source else { return };
    let (Login::Password { file }
    | Login::XOAuth2 { token_file: file }
    | Login::OAuthBearer { token_file: file }) = &server.login;
    let refused = state(file).await;
    let until = tokio::time::Instant::now() + HOUR;
    while !cancel.is_cancelled() && tokio::time::Instant::now() < until {
        wait::pause(task, LOOK, cancel).await;
        if state(file).await != refused {
            return;
        }
    }
}

/// What tells one content of a file from another.
async fn state(file: &Path) -> Option<(u64, SystemTime)> {
    let about = tokio::fs::metadata(file).await.ok()?;
    Some((about.len(), about.modified().ok()?))
}
