//! too_big, unreadable, quarantined → filed: a ticket for a person, with the clock running from
//! receipt (invariant 5).

use cases::{Content, FilingError, Source, Submission};
use domain::{
    authentication::SenderAuthentication, filing::ReviewReason, ids::MessageId, mail::ReadMail,
    message::MessageState,
};
use store::messages::{self, MessageRow};
use vault::VaultError;

use super::{Desk, unfiled};
use crate::{child::ReaderError, error::IntakeError};

/// Messages taken up in one step.
const MOST: u32 = 100;

impl Desk<'_> {
    /// Files all messages that could not be read.
    pub(super) async fn file_unread(&mut self) -> Result<(), IntakeError> {
        let mut after = MessageId(0);
        loop {
            let rows =
                messages::to_file_unread(self.task.store(), self.mailbox, after, MOST).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.id;
            for row in rows {
                let reason = match row.state {
                    MessageState::Quarantined => ReviewReason::Quarantined,
                    _ => ReviewReason::Unreadable,
                };
                self.file_for_person(row, reason, None).await?;
            }
        }
    }

    /// Files a message of which at most the header is in hand.
    pub(super) async fn file_by_header(
        &mut self,
        row: MessageRow,
        reason: ReviewReason,
        header: Option<Vec<u8>>,
    ) -> Result<(), IntakeError> {
        let header = match header {
            Some(raw) => match self.task.reader.read(&raw).await {
                Ok((mail, _)) => Some(Box::new(mail)),
                // Nobody's fault; the header is asked for again.
                Err(error @ ReaderError::Unavailable(_)) => return Err(error.into()),
                // A header that cannot be read is left out: the ticket matters more.
                Err(_) => None,
            },
            None => None,
        };
        self.file_for_person(row, reason, header).await
    }

    async fn file_for_person(
        &mut self,
        row: MessageRow,
        reason: ReviewReason,
        header: Option<Box<ReadMail>>,
    ) -> Result<(), IntakeError> {
        let key = row.vault_key.ok_or_else(|| store::StoreError::Inconsistent {
            table: "message",
            row: row.id.to_string(),
            what: "it has no key".to_owned(),
        })?;
        // A mail that is too big has no object, so its key was not made yet.
        match self.task.cases.vault().create_key(key, self.task.entropy.as_ref()).await {
            Ok(()) | Err(VaultError::KeyExists(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let submission = Submission {
            source: Source::Message(row.id),
            received_at: row.received_at,
            object: row.object,
            vault_key: key,
            authentication: SenderAuthentication::Unknown,
            content: Content::Unread { reason, header },
        };
        let results =
            self.task.cases.file(std::slice::from_ref(&submission)).await.map_err(unfiled)?;
        for result in results {
            match result {
                Ok(filed) => self.note_filed(&row, None, filed),
                Err(FilingError::Outage(error)) => return Err(error.into()),
                Err(FilingError::Submission(error)) => {
                    // It stays where it is and is tried again at each pass.
                    tracing::error!(message.id = row.id.0, %error, "a message cannot be filed");
                    let transaction = self.task.store().begin().await?;
                    let why = format!("cannot be filed: {error}");
                    messages::note_failure(&transaction, row.id, &why).await?;
                    transaction.commit().await?;
                }
            }
        }
        Ok(())
    }
}
