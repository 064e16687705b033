//! One pass over all folders of a mailbox.
//!
//! While one batch is read and filed, the next is fetched: both sides only meet in the database.

use domain::ids::MailboxId;
use tokio_util::sync::CancellationToken;

use crate::{
    child::Reader,
    desk::Desk,
    error::IntakeError,
    folder::{Batch, Folder},
    imap::{ImapError, Selected, Session},
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
        let mut session = Session::connect(server).await?;
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

/// Runs the pass; stops early, between two batches, when told to.
pub(super) async fn run(
    task: &MailboxTask,
    mailbox: MailboxId,
    connection: &mut Connection,
    reader: &mut Reader,
    cancel: &CancellationToken,
    outcomes: &mut Vec<Outcome>,
) -> Result<(), IntakeError> {
    let mut desk = Desk::new(task, mailbox, reader);
    let cleared = desk.clear().await;
    let passed = match cleared {
        Ok(()) => folders(task, mailbox, connection, &mut desk, cancel).await,
        Err(error) => Err(error),
    };
    outcomes.append(&mut desk.outcomes);
    passed
}

async fn folders(
    task: &MailboxTask,
    mailbox: MailboxId,
    connection: &mut Connection,
    desk: &mut Desk<'_>,
    cancel: &CancellationToken,
) -> Result<(), IntakeError> {
    let mut fault = None;
    match (connection, &task.mailbox.source) {
        (Connection::Imap { session, folders, first }, MailSource::Imap { move_to, .. }) => {
            for (at, name) in folders.iter().enumerate() {
                let target = move_to.as_deref();
                let opened = Folder::on_server(task, mailbox, name, session, target).await;
                let folder = match opened {
                    Ok(folder) => folder,
                    // One folder that is gone or forbidden does not hold up the others.
                    Err(IntakeError::Imap(error @ ImapError::Refused { .. })) => {
                        fault.get_or_insert(IntakeError::Imap(error));
                        continue;
                    }
                    Err(error) => return Err(error),
                };
                if at == 0 {
                    *first = folder.selected();
                }
                fault = fault.or(one(folder, desk, cancel).await?);
            }
        }
        (_, MailSource::Maildir { path, folders }) => {
            for name in folders {
                let maildir = Maildir::folder(path, name);
                let folder = Folder::in_maildir(task, mailbox, name, maildir).await?;
                fault = fault.or(one(folder, desk, cancel).await?);
            }
        }
        (Connection::Maildir, MailSource::Imap { .. }) => {}
    }
    fault.map_or(Ok(()), Err)
}

/// One folder; returns the first fault that it went on behind.
async fn one(
    mut folder: Folder<'_>,
    desk: &mut Desk<'_>,
    cancel: &CancellationToken,
) -> Result<Option<IntakeError>, IntakeError> {
    folder.finish().await?;
    folder.discover().await?;
    let mut current = folder.take_in().await?;
    while let Some(batch) = current.take() {
        desk.outcomes.extend(batch.aside.iter().map(Outcome::aside));
        if cancel.is_cancelled() {
            // What is stored waits in the vault.
            return Ok(None);
        }
        let Batch { incoming, .. } = batch;
        let (next, processed) = tokio::join!(folder.take_in(), desk.process(incoming));
        processed?;
        folder.finish().await?;
        current = next?;
    }
    Ok(folder.faults.into_iter().next())
}
