//! → discovered: every mail of the folder gets its row, in the order of the walk.

use std::collections::HashSet;

use store::messages::NewMessage;

use super::{Folder, Place};
use crate::{
    error::IntakeError,
    imap::{ImapError, Seen},
    maildir::Entry,
};

impl Folder<'_> {
    /// Records what is new. Returns how many messages that were.
    pub(crate) async fn discover(&mut self) -> Result<u64, IntakeError> {
        let new = match &self.place {
            Place::Imap { .. } if self.row.is_walked_singly => self.walk_singly().await?,
            Place::Imap { .. } => self.walk_server().await?,
            Place::Maildir(_) => self.list_maildir().await?,
        };
        if self.cancel.is_cancelled() {
            return Ok(new);
        }
        let transaction = self.task.store().begin().await?;
        store::mailboxes::note_walked(&transaction, self.row.id, self.task.now()).await?;
        transaction.commit().await?;
        if new > 0 {
            tracing::info!(
                mailbox.name = self.task.mailbox.name,
                messages.new = new,
                "found new mail"
            );
        }
        Ok(new)
    }

    async fn walk_server(&mut self) -> Result<u64, IntakeError> {
        let Place::Imap { selected, .. } = &self.place else { return Ok(0) };
        let uid_next = selected.uid_next;
        let mut from = Some(self.row.next_uid);
        let mut new = 0;
        while let Some(start) = from.filter(|_| !self.cancel.is_cancelled()) {
            (self.task.beat)();
            let Place::Imap { session, .. } = &mut self.place else { return Ok(new) };
            let (seen, next) = match session.walk(start, uid_next).await {
                Ok(walked) => walked,
                Err(error @ (ImapError::Protocol { .. } | ImapError::Refused { .. })) => {
                    // One mail of many made it so; the next pass finds out which.
                    let transaction = self.task.store().begin().await?;
                    store::mailboxes::walk_singly(&transaction, self.row.id).await?;
                    transaction.commit().await?;
                    return Err(error.into());
                }
                Err(error) => return Err(error.into()),
            };
            from = next;
            new += self.record(&seen).await?;
        }
        Ok(new)
    }

    /// Walks mail by mail: the one whose answer nobody understands is recorded with what is known
    /// of it, so that it has its turn at fetching and does not hide those behind it.
    async fn walk_singly(&mut self) -> Result<u64, IntakeError> {
        let Place::Imap { selected, .. } = &self.place else { return Ok(0) };
        let uid_next = selected.uid_next;
        let mut from = Some(self.row.next_uid);
        let mut new = 0;
        while let Some(start) = from {
            let Place::Imap { session, .. } = &mut self.place else { return Ok(new) };
            let (uids, next) = session.uids(start, uid_next).await?;
            from = next;
            for uid in uids {
                if self.cancel.is_cancelled() {
                    return Ok(new);
                }
                (self.task.beat)();
                let Place::Imap { session, .. } = &mut self.place else { return Ok(new) };
                match session.single(uid).await {
                    Ok(seen) => new += self.record(seen.as_slice()).await?,
                    Err(error @ (ImapError::Refused { .. } | ImapError::Protocol { .. })) => {
                        self.record(&[Seen { uid, size: 0, received_at: None }]).await?;
                        return Err(error.into());
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(new)
    }

    /// Records mails of the server and moves the walk behind the last of them.
    async fn record(&mut self, seen: &[Seen]) -> Result<u64, IntakeError> {
        let Place::Imap { selected, .. } = &self.place else { return Ok(0) };
        let Some(last) = seen.last().map(|mail| mail.uid) else { return Ok(0) };
        let (task, now) = (self.task, self.task.now());
        let messages: Vec<NewMessage> = seen
            .iter()
            .map(|mail| NewMessage {
                uid: Some((selected.uid_validity, mail.uid)),
                maildir_key: None,
                size: u64::from(mail.size),
                // A server must tell it (RFC 3501); one that does not received it by now, and
                // one whose clock runs ahead must not start ours late.
                received_at: mail.received_at.unwrap_or(now).min(now),
                object: task.new_object(now),
                vault_key: task.new_key(now),
            })
            .collect();
        let transaction = task.store().begin().await?;
        let new =
            store::messages::discover(&transaction, self.mailbox, self.row.id, &messages, now)
                .await?;
        let next_uid = last.saturating_add(1);
        store::mailboxes::advance(&transaction, self.row.id, next_uid).await?;
        transaction.commit().await?;
        self.row.next_uid = next_uid;
        cases::failpoint::hit("discovered");
        Ok(new)
    }

    async fn list_maildir(&mut self) -> Result<u64, IntakeError> {
        let Place::Maildir(maildir) = &self.place else { return Ok(0) };
        let (task, listed) = (self.task, maildir.clone());
        let entries = tokio::task::spawn_blocking(move || listed.list())
            .await
            .map_err(std::io::Error::other)
            .flatten()
            .map_err(|error| self.maildir_error("list", &error))?;
        let mut new = 0;
        for chunk in entries.chunks(500) {
            if self.cancel.is_cancelled() {
                return Ok(new);
            }
            (task.beat)();
            let keys: Vec<&str> = chunk.iter().map(|entry| entry.key.as_str()).collect();
            let known = store::messages::known_keys(task.store(), self.row.id, &keys).await?;
            let messages = self.unknown(chunk, &known);
            if messages.is_empty() {
                continue;
            }
            let transaction = task.store().begin().await?;
            new += store::messages::discover(
                &transaction,
                self.mailbox,
                self.row.id,
                &messages,
                task.now(),
            )
            .await?;
            transaction.commit().await?;
            cases::failpoint::hit("discovered");
        }
        Ok(new)
    }

    fn unknown(&self, entries: &[Entry], known: &HashSet<String>) -> Vec<NewMessage> {
        let now = self.task.now();
        entries
            .iter()
            .filter(|entry| !known.contains(&entry.key))
            .map(|entry| NewMessage {
                uid: None,
                maildir_key: Some(entry.key.clone()),
                size: entry.size,
                // A clock of the delivery agent that runs ahead must not start ours late.
                received_at: entry.received_at.min(now),
                object: self.task.new_object(now),
                vault_key: self.task.new_key(now),
            })
            .collect()
    }
}
