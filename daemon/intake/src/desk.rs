//! raw_stored → read → classified → filed: the desk at which messages are opened.
//!
//! Called by `poll` with bytes in hand, and for what an earlier run left in the vault. The attempt
//! is counted before a byte is parsed; the pool of children reads the mails and knows which one kills a
//! child; everything read is filed in one group commit by `cases`, in the order of the mailbox.

mod leftovers;
mod reading;
mod unread;

use std::time::Duration;

use cases::{Content, Filed, FilingError, Source, Submission};
use domain::{
    authentication::SenderAuthentication,
    classification::{Classification, Kind},
    filing::ReviewReason,
    ids::{MailboxId, MessageId},
    mail::ReadMail,
    message::MessageState,
};
use futures::{FutureExt, future::BoxFuture};
use store::messages::{self, Company, MessageRow};
use tokio_util::sync::CancellationToken;

use crate::{
    authenticate::Finding, error::IntakeError, folder::Incoming, outcome::Outcome,
    task::MailboxTask,
};

/// Senders checked at the same time; each may wait for a name server.
const CHECKED_AT_ONCE: usize = 16;

/// Before the next attempt, when the machine may have failed the last.
const PAUSE: Duration = Duration::from_secs(5);

/// A mail that was read.
struct Opened {
    row: MessageRow,
    raw: Vec<u8>,
    mail: ReadMail,
    classification: Classification,
}

/// The desk of one mailbox.
pub(crate) struct Desk<'a> {
    task: &'a MailboxTask,
    mailbox: MailboxId,
    /// Told to stop: what waits in the vault waits on.
    cancel: CancellationToken,
    /// Faults of single messages that were gone on behind.
    pub(crate) faults: Vec<IntakeError>,
    /// What became of messages in this pass.
    pub(crate) outcomes: Vec<Outcome>,
    /// The last attempt may have failed by the machine.
    wants_pause: bool,
}

impl<'a> Desk<'a> {
    pub(crate) fn new(
        task: &'a MailboxTask,
        mailbox: MailboxId,
        cancel: &CancellationToken,
    ) -> Self {
        let (cancel, faults, outcomes) = (cancel.clone(), Vec::new(), Vec::new());
        Self { task, mailbox, cancel, faults, outcomes, wants_pause: false }
    }

    /// Opens and files messages. After an error all that is not filed waits as it did before.
    pub(crate) async fn process(&mut self, incoming: Vec<Incoming>) -> Result<(), IntakeError> {
        let mut together = Vec::new();
        let mut alone = Vec::new();
        let mut headers = Vec::new();
        for one in incoming {
            match one {
                Incoming::Raw(row, raw) if row.is_suspect || row.attempts > 0 => {
                    alone.push((row, raw));
                }
                Incoming::Raw(row, raw) => together.push((row, raw)),
                Incoming::TooBig(row, header) => headers.push((row, ReviewReason::TooBig, header)),
                Incoming::Ungiven(row, header) => {
                    headers.push((row, ReviewReason::Unreadable, header));
                }
            }
        }
        alone.extend(self.open_and_file(together, Company::Batch).await?);
        for (row, raw) in alone {
            if self.cancel.is_cancelled() {
                return Ok(());
            }
            // Each round counts an attempt, so this ends.
            let mut waiting = vec![(row, raw)];
            while !waiting.is_empty() {
                self.pause().await;
                waiting = self.open_and_file(waiting, Company::Alone).await?;
            }
        }
        for (row, reason, header) in headers {
            self.file_by_header(row, reason, header).await?;
        }
        self.file_unread().await
    }

    /// A busy machine gets time before the next attempt is counted.
    async fn pause(&mut self) {
        if std::mem::take(&mut self.wants_pause) {
            (self.task.beat)();
            let _ = tokio::time::timeout(PAUSE, self.cancel.cancelled()).await;
        }
    }

    /// One round; returns those that failed and have attempts left.
    async fn open_and_file(
        &mut self,
        messages: Vec<(MessageRow, Vec<u8>)>,
        company: Company,
    ) -> Result<Vec<(MessageRow, Vec<u8>)>, IntakeError> {
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        let (opened, mut again) = self.open(messages, company).await?;
        cases::failpoint::hit("classified");
        let ids: Vec<MessageId> = opened.iter().map(|one| one.row.id).collect();
        match self.file(opened).await {
            Ok(failed) => {
                again.extend(failed);
                Ok(again)
            }
            Err(error) => {
                // Nobody's fault: the attempts are given back, if the database still answers;
                // else `recover` does it at the next pass.
                let _ = self.give_back(&ids).await;
                Err(error)
            }
        }
    }

    async fn file(
        &mut self,
        opened: Vec<Opened>,
    ) -> Result<Vec<(MessageRow, Vec<u8>)>, IntakeError> {
        if opened.is_empty() {
            return Ok(Vec::new());
        }
        let findings = self.findings(&opened).await;
        let mut submissions = Vec::with_capacity(opened.len());
        let mut kept = Vec::with_capacity(opened.len());
        for (one, authentication) in opened.into_iter().zip(findings) {
            let (object, vault_key) = crate::folder::ids_of(&one.row)?;
            if self.was_destroyed(&one).await? {
                self.task.cases.destroy_taken_up(one.row.id, object, vault_key).await?;
                continue;
            }
            submissions.push(Submission {
                source: Source::Message(one.row.id),
                received_at: one.row.received_at,
                object: Some(object),
                vault_key,
                authentication,
                content: Content::Classified {
                    mail: Box::new(one.mail),
                    classification: Box::new(one.classification),
                },
            });
            kept.push((one.row, one.raw));
        }
        let results = self.task.cases.file(&submissions).await.map_err(unfiled)?;
        cases::failpoint::hit("filed");
        let mut again = Vec::new();
        for ((result, submission), (row, raw)) in results.into_iter().zip(&submissions).zip(kept) {
            match result {
                Ok(filed) => {
                    self.note_filed(&row, submission.classification().map(|c| c.kind), filed)
                }
                Err(FilingError::Outage(error)) => return Err(error.into()),
                Err(FilingError::Submission(error)) => {
                    tracing::error!(message.id = row.id.0, %error, "a message cannot be filed");
                    if self.fail(&row, &format!("cannot be filed: {error}")).await?
                        == MessageState::RawStored
                    {
                        again.push((row, raw));
                    }
                }
            }
        }
        Ok(again)
    }

    /// What a restore took up from the vault may be of somebody who was destroyed since.
    async fn was_destroyed(&self, one: &Opened) -> Result<bool, IntakeError> {
        if !one.row.is_taken_up() {
            return Ok(false);
        }
        let (cases, at) = (&self.task.cases, one.row.received_at);
        Ok(cases.was_destroyed_with_its_sender(&one.mail, at).await?)
    }

    /// Checks the senders, a few at a time.
    async fn findings(&self, opened: &[Opened]) -> Vec<SenderAuthentication> {
        let mut findings = Vec::with_capacity(opened.len());
        for some in opened.chunks(CHECKED_AT_ONCE) {
            (self.task.beat)();
            let checks: Vec<BoxFuture<'_, Finding>> = some
                .iter()
                .map(|one| self.task.authenticator.check(&one.mail, &one.raw).boxed())
                .collect();
            let found = futures::future::join_all(checks).await;
            findings.extend(found.into_iter().map(|finding| finding.authentication));
        }
        findings
    }

    fn note_filed(&mut self, row: &MessageRow, kind: Option<Kind>, filed: Filed) {
        tracing::info!(
            mailbox.name = self.task.mailbox.name,
            message.id = row.id.0,
            ticket.id = filed.ticket.as_ref().map(|ticket| ticket.id.0),
            "filed a message"
        );
        self.outcomes.push(Outcome::filed(row, kind, filed));
    }

    /// Lets the attempt of a message stand.
    async fn fail(&mut self, row: &MessageRow, why: &str) -> Result<MessageState, IntakeError> {
        let transaction = self.task.store().begin().await?;
        let state = messages::fail_reading(&transaction, row.id, &self.task.owner, why).await?;
        transaction.commit().await?;
        if state == MessageState::Quarantined {
            tracing::warn!(
                mailbox.name = self.task.mailbox.name,
                message.id = row.id.0,
                "a message is quarantined; a person must look at it"
            );
        }
        Ok(state)
    }

    async fn give_back(&self, ids: &[MessageId]) -> Result<(), IntakeError> {
        if ids.is_empty() {
            return Ok(());
        }
        let transaction = self.task.store().begin().await?;
        messages::give_back(&transaction, ids, &self.task.owner).await?;
        Ok(transaction.commit().await?)
    }
}

fn unfiled(error: FilingError) -> IntakeError {
    match error {
        FilingError::Outage(error) | FilingError::Submission(error) => error.into(),
    }
}
