//! One folder during a pass: what is new in it is recorded, fetched and stored, and what was
//! filed is marked or moved.
//!
//! Called by `poll`. Everything here is keyed and repeatable: rows are recorded before anything is
//! fetched, with the ids under which the vault will keep the bytes; the server is only touched
//! for what the database says is filed (invariant 2). Reading and filing are `desk`.

mod discover;
mod fetch;
mod finish;
mod take_in;

use std::collections::VecDeque;

use domain::ids::{MailboxId, MessageId};
use store::{mailboxes::FolderRow, messages::MessageRow};
use tokio_util::sync::CancellationToken;

use crate::{
    error::IntakeError,
    imap::{Selected, Session},
    maildir::Maildir,
    task::MailboxTask,
};

pub(crate) use self::take_in::{header_digests, ids_of};

/// A message whose bytes are in hand.
pub(crate) enum Incoming {
    /// Stored; to be read.
    Raw(MessageRow, Vec<u8>),
    /// Over the limit; its header, if it could be had.
    TooBig(MessageRow, Option<Vec<u8>>),
    /// The server does not give it out; its header, if it could be had.
    Ungiven(MessageRow, Option<Vec<u8>>),
}

/// What became of a message without being read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Aside {
    /// The same bytes came before.
    Copy(MessageRow),
    /// Gone before it was fetched.
    Vanished(MessageRow),
}

/// What one step of fetching brought.
#[derive(Default)]
pub(crate) struct Batch {
    pub incoming: Vec<Incoming>,
    pub aside: Vec<Aside>,
}

/// Where the folder is.
enum Place<'a> {
    Imap { session: &'a mut Session, selected: Selected, move_to: Option<&'a str> },
    Maildir(Maildir),
}

/// A folder that is open for a pass.
pub(crate) struct Folder<'a> {
    task: &'a MailboxTask,
    mailbox: MailboxId,
    name: String,
    row: FolderRow,
    place: Place<'a>,
    /// Messages up to this one had their turn in this pass.
    after: MessageId,
    /// Messages at which fetching failed before, once they are listed.
    suspects: Option<VecDeque<MessageRow>>,
    /// Told to stop: what takes long is left where it is.
    cancel: CancellationToken,
    /// Faults of single messages that the pass went on behind; the first is told at its end.
    pub(crate) faults: Vec<IntakeError>,
}

impl<'a> Folder<'a> {
    /// Opens a folder of a server; another UIDVALIDITY begins the walk anew.
    pub(crate) async fn on_server(
        task: &'a MailboxTask,
        mailbox: MailboxId,
        name: &str,
        session: &'a mut Session,
        move_to: Option<&'a str>,
    ) -> Result<Self, IntakeError> {
        let selected = session.select(name).await?;
        let transaction = task.store().begin().await?;
        let mut row = store::mailboxes::ensure_folder(&transaction, mailbox, name).await?;
        if row.uid_validity != Some(selected.uid_validity) {
            let is_change = row.uid_validity.is_some();
            store::mailboxes::begin_validity(&transaction, row.id, selected.uid_validity).await?;
            row.uid_validity = Some(selected.uid_validity);
            row.next_uid = 1;
            if is_change {
                tracing::warn!(
                    mailbox.name = task.mailbox.name,
                    "the server numbered a folder anew; all its mail is looked at again"
                );
            }
        }
        transaction.commit().await?;
        let place = Place::Imap { session, selected, move_to };
        Ok(Self::new(task, mailbox, name, row, place))
    }

    /// Opens a folder of a Maildir.
    pub(crate) async fn in_maildir(
        task: &'a MailboxTask,
        mailbox: MailboxId,
        name: &str,
        maildir: Maildir,
    ) -> Result<Self, IntakeError> {
        let transaction = task.store().begin().await?;
        let row = store::mailboxes::ensure_folder(&transaction, mailbox, name).await?;
        transaction.commit().await?;
        Ok(Self::new(task, mailbox, name, row, Place::Maildir(maildir)))
    }

    fn new(
        task: &'a MailboxTask,
        mailbox: MailboxId,
        name: &str,
        row: FolderRow,
        place: Place<'a>,
    ) -> Self {
        Self {
            task,
            mailbox,
            name: name.to_owned(),
            row,
            place,
            after: MessageId(0),
            suspects: None,
            cancel: CancellationToken::new(),
            faults: Vec::new(),
        }
    }

    /// The same folder, told when to stop.
    pub(crate) fn until(self, cancel: &CancellationToken) -> Self {
        Self { cancel: cancel.clone(), ..self }
    }

    /// How the server described the folder when it was opened.
    pub(crate) fn selected(&self) -> Option<Selected> {
        match &self.place {
            Place::Imap { selected, .. } => Some(*selected),
            Place::Maildir(_) => None,
        }
    }

    fn maildir_error(&self, operation: &'static str, error: &std::io::Error) -> IntakeError {
        IntakeError::Maildir { operation, folder: self.name.clone(), kind: error.kind() }
    }
}
