//! filed → moved: the place learns what the database has committed.
//!
//! A server gets our keyword where it allows one, or the mail is moved where the configuration
//! says so; a Maildir's file goes from `new/` to `cur/`. Doing it twice is harmless.

use std::collections::HashMap;

use domain::ids::MessageId;
use store::messages::{self, MessageRow, MovedTo};

use super::{Folder, Place};
use crate::error::IntakeError;

/// Messages marked in one step.
const MOST: u32 = 500;

impl Folder<'_> {
    /// Marks or moves what is filed. Returns how many messages that were.
    pub(crate) async fn finish(&mut self) -> Result<u64, IntakeError> {
        let mut done = 0;
        loop {
            if self.cancel.is_cancelled() {
                return Ok(done);
            }
            (self.task.beat)();
            let store = self.task.store();
            let rows = messages::to_move(store, self.mailbox, self.row.id, MOST).await?;
            if rows.is_empty() {
                return Ok(done);
            }
            let moved = self.mark(&rows).await?;
            cases::failpoint::hit("marked");
            done += self.note_moved(&rows, &moved).await?;
            cases::failpoint::hit("moved");
        }
    }

    /// Tells the place; returns where each message went, none for one that stayed.
    async fn mark(&mut self, rows: &[MessageRow]) -> Result<Vec<Option<MovedTo>>, IntakeError> {
        let task = self.task;
        match &mut self.place {
            Place::Imap { session, selected, move_to } => {
                let validity = selected.uid_validity;
                // A UID of another numbering means another mail.
                let uid = |row: &MessageRow| {
                    row.uid.filter(|(of, _)| *of == validity).map(|(_, uid)| uid)
                };
                let uids: Vec<u32> = rows.iter().filter_map(uid).collect();
                let Some(target) = move_to.filter(|_| !selected.is_read_only) else {
                    if selected.allows_keyword {
                        session.set_keyword(&uids).await?;
                    }
                    return Ok(vec![None; rows.len()]);
                };
                let mut new_uids = HashMap::new();
                if session.has("MOVE") {
                    new_uids = session.move_to(&uids, target).await?;
                }
                let went = |row: &MessageRow, new_uids: &HashMap<u32, (u32, u32)>| {
                    let uid = uid(row).and_then(|uid| new_uids.get(&uid).copied());
                    MovedTo { folder: target.to_owned(), uid }
                };
                if !session.has("MOVE") {
                    // Copying is not repeatable: it is written down before anything is removed.
                    let left: Vec<&MessageRow> = rows
                        .iter()
                        .filter(|row| row.copied_to.is_none() && uid(row).is_some())
                        .collect();
                    let left_uids: Vec<u32> = left.iter().filter_map(|row| uid(row)).collect();
                    new_uids = session.copy_to(&left_uids, target).await?;
                    let transaction = task.store().begin().await?;
                    for row in left {
                        messages::note_copied(&transaction, row.id, &went(row, &new_uids)).await?;
                    }
                    transaction.commit().await?;
                    cases::failpoint::hit("copied");
                    session.remove(&uids).await?;
                }
                let all = rows.iter();
                Ok(all
                    .map(|row| Some(row.copied_to.clone().unwrap_or_else(|| went(row, &new_uids))))
                    .collect())
            }
            Place::Maildir(maildir) => {
                let keys: Vec<String> =
                    rows.iter().filter_map(|row| row.maildir_key.clone()).collect();
                let maildir = maildir.clone();
                tokio::task::spawn_blocking(move || {
                    keys.iter().try_for_each(|key| maildir.mark(key))
                })
                .await
                .map_err(std::io::Error::other)
                .flatten()
                .map_err(|error| self.maildir_error("mark mail in", &error))?;
                Ok(vec![None; rows.len()])
            }
        }
    }

    async fn note_moved(
        &self,
        rows: &[MessageRow],
        moved: &[Option<MovedTo>],
    ) -> Result<u64, IntakeError> {
        let transaction = self.task.store().begin().await?;
        let mut in_place: Vec<MessageId> = Vec::new();
        for (row, target) in rows.iter().zip(moved) {
            match target {
                None => in_place.push(row.id),
                Some(target) => messages::mark_moved(&transaction, row.id, target).await?,
            }
        }
        messages::mark_moved_in_place(&transaction, &in_place).await?;
        transaction.commit().await?;
        Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
    }
}
