//! Destroying the copies on the mail server (or in the Maildir) of what was destroyed here.
//!
//! Called by `poll` at the end of a pass, so that the same bytes, put into the mailbox once more
//! by another client, are destroyed in the pass that found them. Before anything is deleted the
//! bytes under its UID or name are compared with the message's keyed digest: no other mail is ever
//! deleted. The row is marked after the server said OK; a process that dies between the two looks
//! again and finds nothing. What cannot be done is counted, tried again later, and becomes an
//! alarm, or a task where only a person can do it.

mod files;
mod server;

use cases::failpoint;
use domain::ids::{MailboxId, MessageId};
use jiff::SignedDuration;
use store::messages::{self, CopyRow};
use tokio_util::sync::CancellationToken;
use vault::Digests;

use crate::{
    error::IntakeError,
    folder::header_digests,
    imap::Session,
    read::header_of,
    task::{MailSource, MailboxTask},
};

/// Copies looked up in one step.
const MOST: u32 = 200;
/// After so many tries that failed (about an hour) somebody must look.
const ALARM_AFTER: u32 = 6;
/// The longest wait between two tries.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(6);

/// Why a copy is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// Its bytes were never had, so nothing can be told to be it.
    NoDigest,
    /// The server cannot expunge one mail alone; it is marked as deleted.
    NoUidPlus,
    /// The folder may not be changed.
    ReadOnly,
    /// The server says OK and keeps it.
    StillThere,
    /// The server, or the file system, refuses.
    Refused,
}

impl Left {
    /// The word in the row and in the log.
    fn word(self) -> &'static str {
        match self {
            Self::NoDigest => "no_digest",
            Self::NoUidPlus => "no_uidplus",
            Self::ReadOnly => "read_only",
            Self::StillThere => "still_there",
            Self::Refused => "refused",
        }
    }

    /// Whether trying again can never help, unless a person does something.
    fn needs_person(self) -> bool {
        match self {
            Self::NoDigest | Self::NoUidPlus | Self::ReadOnly => true,
            Self::StillThere | Self::Refused => false,
        }
    }
}

/// What became of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Gone,
    Left(Left),
}

/// By what the bytes of a copy are known.
struct Mark<'a> {
    digests: &'a Digests,
    copy: &'a CopyRow,
}

impl Mark<'_> {
    /// Whether these bytes are the message.
    fn is_of(&self, raw: &[u8]) -> bool {
        let Some(digest) = self.copy.digest else { return false };
        self.digests.raw_all(raw).contains(&digest)
            || self.is_of_header(raw)
            || self.is_of_header(header_of(raw))
    }

    /// Whether this header is the one of the message, of which only the header was ever read.
    fn is_of_header(&self, header: &[u8]) -> bool {
        let size = self.copy.message.size;
        self.copy.digest.is_some_and(|digest| {
            header_digests(self.digests, size, Some(header)).contains(&digest)
        })
    }
}

/// Destroys the copies whose turn it is. Returns the faults of single copies.
///
/// # Errors
/// What ends the pass: the database, or a connection that broke (the copy at which it broke waits
/// longer than the others).
pub(crate) async fn run(
    task: &MailboxTask,
    mailbox: MailboxId,
    mut session: Option<&mut Session>,
    cancel: &CancellationToken,
) -> Result<(), IntakeError> {
    let transaction = task.store().begin().await?;
    messages::ask_copies(&transaction, mailbox, task.now()).await?;
    transaction.commit().await?;
    let (mut after, mut tried) = (MessageId(0), false);
    loop {
        let now = task.now();
        let mut copies = messages::to_erase(task.store(), mailbox, now, after, MOST).await?;
        let Some(last) = copies.last().map(|copy| copy.message.id) else { break };
        after = last;
        tried = true;
        // Folder by folder, so that each is selected once.
        copies.sort_by(|a, b| place_of(a).cmp(place_of(b)));
        for copy in copies {
            if cancel.is_cancelled() {
                return Ok(());
            }
            (task.beat)();
            one(task, &copy, session.as_deref_mut()).await?;
        }
    }
    if tried { tell(task, mailbox).await } else { Ok(()) }
}

fn place_of(copy: &CopyRow) -> &str {
    copy.message.copied_to.as_ref().map_or(&copy.folder, |moved| &moved.folder)
}

async fn one(
    task: &MailboxTask,
    copy: &CopyRow,
    session: Option<&mut Session>,
) -> Result<(), IntakeError> {
    let mark = Mark { digests: task.cases.digests(), copy };
    let limit = task.mailbox.max_message_size;
    let tried = match (session, &task.mailbox.source) {
        _ if copy.digest.is_none() => Ok(Fate::Left(Left::NoDigest)),
        (Some(session), _) => server::erase(session, &mark, limit).await,
        (None, MailSource::Maildir { path, .. }) => files::erase(path, &mark, limit).await,
        (None, MailSource::Imap { .. }) => return Ok(()),
    };
    match tried {
        Ok(Fate::Gone) => {
            failpoint::hit("copy_destroyed");
            note_gone(task, copy).await
        }
        Ok(Fate::Left(left)) => note_left(task, copy, left).await,
        Err(error) if error.is_local() => {
            tracing::warn!(
                mailbox.name = task.mailbox.name,
                message.id = copy.message.id.0,
                %error,
                "cannot destroy a copy in the mailbox"
            );
            note_left(task, copy, Left::Refused).await
        }
        Err(error) => {
            // The next pass begins with the others.
            note_left(task, copy, Left::Refused).await?;
            Err(error)
        }
    }
}

async fn note_gone(task: &MailboxTask, copy: &CopyRow) -> Result<(), IntakeError> {
    let (message, now) = (copy.message.id, task.now());
    let transaction = task.store().begin().await?;
    if messages::mark_gone(&transaction, message, now).await? {
        let subject = format!("message:{message}");
        let detail = serde_json::json!({
            "mailbox": task.mailbox.name, "copy_of": copy.same_as.map(|first| first.0),
        });
        store::audit::append(
            &transaction,
            "consentry",
            "mail_copy_destroyed",
            &subject,
            &detail,
            now,
        )
        .await?;
    }
    transaction.commit().await?;
    tracing::info!(
        mailbox.name = task.mailbox.name,
        message.id = message.0,
        "the copy in the mailbox is gone"
    );
    Ok(())
}

async fn note_left(task: &MailboxTask, copy: &CopyRow, left: Left) -> Result<(), IntakeError> {
    let (message, now) = (copy.message.id, task.now());
    let next_at = now.saturating_add(wait_after(copy.failures)).unwrap_or(now);
    let transaction = task.store().begin().await?;
    messages::count_failure(&transaction, message, left.word(), next_at).await?;
    if left.needs_person() {
        messages::ask_person(&transaction, message, now).await?;
    }
    transaction.commit().await?;
    tracing::warn!(
        mailbox.name = task.mailbox.name,
        message.id = message.0,
        failure = left.word(),
        "a copy in the mailbox is still there"
    );
    Ok(())
}

/// A minute, then twice as long each time, up to six hours.
fn wait_after(failures: u32) -> SignedDuration {
    SignedDuration::from_mins(1i64 << failures.min(9)).min(LONGEST_WAIT)
}

/// Raises or clears the alarm of the mailbox.
async fn tell(task: &MailboxTask, mailbox: MailboxId) -> Result<(), IntakeError> {
    let stuck = messages::stuck(task.store(), mailbox, ALARM_AFTER).await?;
    let (name, now) = (format!("mail_copies/{}", task.mailbox.name), task.now());
    let transaction = task.store().begin().await?;
    if stuck == 0 {
        store::alarms::clear(&transaction, &name, now).await?;
    } else {
        let detail = format!(
            "{stuck} destroyed messages still have a copy in the mailbox; look at the tasks and \
             remove the copies by hand"
        );
        store::alarms::raise(&transaction, &name, &detail, now).await?;
    }
    Ok(transaction.commit().await?)
}
