//! One pass over all folders of a mailbox.
//!
//! While one batch is read and filed, the next is fetched: both sides only meet in the database.

use std::{panic::AssertUnwindSafe, sync::Arc};

use domain::ids::MailboxId;
use futures::FutureExt as _;
use tokio_util::sync::CancellationToken;

use crate::{
    desk::Desk,
    erasing,
    error::IntakeError,
    folder::{Batch, Folder},
    imap::{Selected, Session},
    maildir::Maildir,
    outcome::Outcome,
    task::{MailSource, MailboxTask},
};

/// The way to the mailbox, kept between passes.
pub(super) enum Connection {
    Imap {
        session: Box<Session>,
        /// All folders to read, the junk folder included.
        folders: Vec<String>,
        /// How the first folder stood when it was last walked.
        first: Option<Selected>,
    },
    Maildir,
}

impl Connection {
    /// Connects, and finds the folders to read.
    pub(super) async fn open(task: &MailboxTask) -> Result<Self, IntakeError> {
        let MailSource::Imap { server, folders, move_to } = &task.mailbox.source else {
            return Ok(Self::Maildir);
        };
        let mut session = Session::connect(server).await?.beating(Arc::clone(&task.beat));
        let mut names = folders.clone();
        for folder in session.folders().await? {
            // A request in the junk folder counts as received (RULES §6).
            if folder.is_junk && folder.is_selectable && !names.contains(&folder.name) {
                names.push(folder.name);
            }
        }
        // What was moved is not read again.
        names.retain(|name| Some(name) != move_to.as_ref());
        Ok(Self::Imap { session: Box::new(session), folders: names, first: None })
    }

    pub(super) async fn close(self) {
        if let Self::Imap { session, .. } = self {
            session.close().await;
        }
    }
}

/// The mailbox's row.
pub(super) async fn mailbox(task: &MailboxTask) -> Result<MailboxId, IntakeError> {
    let transaction = task.store().begin().await?;
    let (name, kind) = (&task.mailbox.name, task.mailbox.kind());
    let mailbox = store::mailboxes::ensure(&transaction, name, kind).await?;
    transaction.commit().await?;
    Ok(mailbox)
}

/// Runs the pass; stops early when told to. Returns the faults of single folders and messages
/// that it went on behind.
///
/// # Errors
/// What ended it; [`IntakeError::Panicked`] after a defect, the messages that were being read
/// then having that held against them.
pub(super) async fn run(
    task: &MailboxTask,
    mailbox: MailboxId,
    connection: &mut Connection,
    cancel: &CancellationToken,
    outcomes: &mut Vec<Outcome>,
) -> Result<Vec<IntakeError>, IntakeError> {
    let mut desk = Desk::new(task, mailbox, cancel);
    let passed = AssertUnwindSafe(async {
        desk.clear().await?;
        let faults = folders(task, mailbox, connection, &mut desk, cancel).await?;
        let session = match connection {
            Connection::Imap { session, .. } => Some(session.as_mut()),
            Connection::Maildir => None,
        };
        erasing::run(task, mailbox, session, cancel).await?;
        Ok::<_, IntakeError>(faults)
    });
    let passed = passed.catch_unwind().await;
    outcomes.append(&mut desk.outcomes);
    match passed {
        Ok(passed) => {
            let mut faults = passed?;
            faults.append(&mut desk.faults);
            Ok(faults)
        }
        Err(_) => {
            // As if the daemon had died: nobody is told apart by the owner, so that it counts.
            let transaction = task.store().begin().await?;
            store::messages::recover(&transaction, mailbox, "").await?;
            transaction.commit().await?;
            Err(IntakeError::Panicked)
        }
    }
}

async fn folders(
    task: &MailboxTask,
    mailbox: MailboxId,
    connection: &mut Connection,
    desk: &mut Desk<'_>,
    cancel: &CancellationToken,
) -> Result<Vec<IntakeError>, IntakeError> {
    let mut faults = Vec::new();
    match (connection, &task.mailbox.source) {
        (Connection::Imap { session, folders, first }, MailSource::Imap { move_to, .. }) => {
            for (at, name) in folders.iter().enumerate() {
                if cancel.is_cancelled() {
                    break;
                }
                let target = move_to.as_deref();
                let opened = Folder::on_server(task, mailbox, name, session, target).await;
                let folder = match opened {
                    Ok(folder) => folder.until(cancel),
                    // One folder that is gone or forbidden does not hold up the others.
                    Err(error) if error.is_local() => {
                        faults.push(error);
                        continue;
                    }
                    Err(error) => return Err(error),
                };
                if at == 0 {
                    *first = folder.selected();
                }
                faults.append(&mut one(folder, desk, cancel).await?);
            }
        }
        (_, MailSource::Maildir { path, folders }) => {
            for name in folders {
                if cancel.is_cancelled() {
                    break;
                }
                let maildir = Maildir::folder(path, name);
                let folder = Folder::in_maildir(task, mailbox, name, maildir).await?;
                faults.append(&mut one(folder.until(cancel), desk, cancel).await?);
            }
        }
        (Connection::Maildir, MailSource::Imap { .. }) => {}
    }
    Ok(faults)
}

/// One folder; returns the faults that it went on behind.
async fn one(
    mut folder: Folder<'_>,
    desk: &mut Desk<'_>,
    cancel: &CancellationToken,
) -> Result<Vec<IntakeError>, IntakeError> {
    // What was recorded before is fetched even where no more can be found.
    if let Err(fault) = local(folder.discover().await)? {
        folder.faults.push(fault);
    }
    let mut marking = Marking::Works;
    let mut current = local(folder.take_in().await)?;
    loop {
        let batch = match current {
            Ok(Some(batch)) if !cancel.is_cancelled() => batch,
            // What is stored waits in the vault.
            Ok(Some(_)) => return Ok(folder.faults),
            Ok(None) => break,
            Err(fault) => {
                folder.faults.push(fault);
                break;
            }
        };
        desk.outcomes.extend(batch.aside.iter().map(Outcome::aside));
        let Batch { incoming, .. } = batch;
        let (next, processed) = tokio::join!(folder.take_in(), desk.process(incoming));
        processed?;
        finish(&mut folder, &mut marking).await?;
        current = local(next)?;
    }
    // What an earlier pass left: last, since marking never holds up new mail.
    finish(&mut folder, &mut marking).await?;
    Ok(folder.faults)
}

/// Whether the server lets us mark or move; one refusal in a pass is enough.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Marking {
    Works,
    Refused,
}

async fn finish(folder: &mut Folder<'_>, marking: &mut Marking) -> Result<(), IntakeError> {
    if *marking == Marking::Refused {
        return Ok(());
    }
    if let Err(fault) = local(folder.finish().await)? {
        *marking = Marking::Refused;
        folder.faults.push(fault);
    }
    Ok(())
}

/// Tells faults that are gone on behind from those that end the pass.
fn local<T>(result: Result<T, IntakeError>) -> Result<Result<T, IntakeError>, IntakeError> {
    match result {
        Err(error) if !error.is_local() => Err(error),
        other => Ok(other),
    }
}
