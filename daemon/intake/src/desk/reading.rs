//! raw_stored → read → classified, in the children of the pool.

use domain::ids::MessageId;
use store::messages::{self, Company, MessageRow};

use super::{Desk, Opened};
use crate::{child::ReaderError, error::IntakeError};

type Waiting = Vec<(MessageRow, Vec<u8>)>;

impl Desk<'_> {
    /// Has messages read, each counted before; returns what was read, and what killed the child
    /// and has attempts left.
    pub(super) async fn open(
        &mut self,
        messages: Waiting,
        company: Company,
    ) -> Result<(Vec<Opened>, Waiting), IntakeError> {
        let ids: Vec<MessageId> = messages.iter().map(|(row, _)| row.id).collect();
        let transaction = self.task.store().begin().await?;
        let ours = messages::begin_reading(&transaction, &ids, &self.task.owner, company).await?;
        transaction.commit().await?;
        cases::failpoint::hit("attempt_counted");
        let messages: Waiting =
            messages.into_iter().filter(|(row, _)| ours.contains(&row.id)).collect();
        let bytes: Vec<&[u8]> = messages.iter().map(|(_, raw)| raw.as_slice()).collect();
        (self.task.beat)();
        let answers = self.task.reader.read_all(&bytes, self.task.beat.as_ref()).await;
        let mut opened = Vec::with_capacity(messages.len());
        let mut again = Vec::new();
        let mut not_begun = Vec::new();
        let mut outage = None;
        for ((row, raw), answer) in messages.into_iter().zip(answers) {
            match answer {
                Ok((mail, classification)) => {
                    opened.push(Opened { row, raw, mail, classification });
                }
                Err(error @ ReaderError::Unavailable(_)) => {
                    not_begun.push(row.id);
                    outage.get_or_insert(error);
                }
                Err(error) => {
                    self.wants_pause |= error.may_be_the_machine();
                    if self.blame(&row, &error).await? {
                        again.push((row, raw));
                    }
                }
            }
        }
        if let Some(error) = outage {
            not_begun.extend(opened.iter().map(|one| one.row.id));
            let _ = self.give_back(&not_begun).await;
            return Err(error.into());
        }
        Ok((opened, again))
    }

    /// Writes down that a message could not be read; `true` when it has attempts left.
    async fn blame(&mut self, row: &MessageRow, error: &ReaderError) -> Result<bool, IntakeError> {
        tracing::warn!(
            mailbox.name = self.task.mailbox.name,
            message.id = row.id.0,
            %error,
            "a message could not be read"
        );
        if matches!(error, ReaderError::Unreadable) {
            let transaction = self.task.store().begin().await?;
            let owner = &self.task.owner;
            messages::mark_unreadable(&transaction, row.id, owner, &error.to_string()).await?;
            transaction.commit().await?;
            return Ok(false);
        }
        let state = self.fail(row, &error.to_string()).await?;
        Ok(state == domain::message::MessageState::RawStored)
    }
}
