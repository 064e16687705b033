//! What an earlier run stored and did not file: its bytes come back from the vault.

use domain::{ids::MessageId, message::MessageState};
use store::messages;
use vault::VaultError;

use super::Desk;
use crate::{error::IntakeError, folder::Incoming};

/// Messages taken up in one step.
const MOST: u32 = 50;
/// Bytes taken up in one step, unless one mail alone is larger.
const MOST_BYTES: usize = 8 * 1024 * 1024;
/// Messages in a row that the vault does not give before it counts as out.
const MOST_OUTAGES: u32 = 3;

impl Desk<'_> {
    /// Gives back what dead daemons held, then files everything that waits in the vault.
    pub(crate) async fn clear(&mut self) -> Result<(), IntakeError> {
        let transaction = self.task.store().begin().await?;
        let left = messages::recover(&transaction, self.mailbox, &self.task.owner).await?;
        transaction.commit().await?;
        if left > 0 {
            tracing::warn!(
                mailbox.name = self.task.mailbox.name,
                messages.left = left,
                "a daemon died while it read; its messages are read again, one by one"
            );
        }
        let mut after = MessageId(0);
        let mut outages = 0;
        loop {
            let rows = messages::to_read(self.task.store(), self.mailbox, after, MOST).await?;
            let mut incoming = Vec::with_capacity(rows.len());
            let mut bytes = 0;
            let is_end = rows.is_empty();
            for row in rows {
                if self.cancel.is_cancelled() {
                    return Ok(());
                }
                if bytes >= MOST_BYTES {
                    break;
                }
                (self.task.beat)();
                after = row.id;
                let (object, _) = crate::folder::ids_of(&row)?;
                match self.task.cases.vault().get(object).await {
                    Ok(raw) => {
                        outages = 0;
                        bytes += raw.len();
                        incoming.push(Incoming::Raw(row, raw));
                    }
                    // One bad sector holds up one mail; a vault that is out holds up all.
                    Err(error) if error.is_outage() && outages < MOST_OUTAGES => {
                        outages += 1;
                        tracing::warn!(message.id = row.id.0, %error, "a message waits on");
                        self.faults.push(error.into());
                    }
                    Err(error) if error.is_outage() => return Err(error.into()),
                    Err(error) => self.lose(row.id, &error).await?,
                }
            }
            self.process(incoming).await?;
            if is_end {
                let transaction = self.task.store().begin().await?;
                messages::settle_taken_up(&transaction, self.mailbox).await?;
                return Ok(transaction.commit().await?);
            }
        }
    }

    /// The bytes are damaged or their key is gone: a person must know.
    async fn lose(&self, message: MessageId, error: &VaultError) -> Result<(), IntakeError> {
        tracing::error!(message.id = message.0, %error, "the bytes of a message are lost");
        let transaction = self.task.store().begin().await?;
        let why = format!("its bytes are lost: {error}");
        messages::mark_unreadable(&transaction, message, &self.task.owner, &why).await?;
        debug_assert!(MessageState::Unreadable.after(domain::message::MessageStep::File).is_ok());
        Ok(transaction.commit().await?)
    }
}
