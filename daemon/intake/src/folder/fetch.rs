//! The bytes of recorded messages, from the server or the Maildir, with their size checked first.

use std::collections::{HashMap, HashSet};

use domain::message::MessageState;
use store::messages::MessageRow;

use super::{Folder, Place};
use crate::{
    error::IntakeError,
    imap::{ImapError, Large, Session, WHOLE},
    maildir::{Contents, Maildir},
};

/// What became of an attempt to get a message's bytes.
pub(super) enum Got {
    /// Its bytes.
    Whole(Vec<u8>),
    /// Over the limit; its header, if that could be had.
    TooBig(Option<Vec<u8>>),
    /// Gone.
    Vanished,
    /// Not now; the next pass tries again.
    Later,
}

impl Folder<'_> {
    /// Gets the bytes of each row.
    pub(super) async fn fetch(
        &mut self,
        rows: Vec<MessageRow>,
    ) -> Result<Vec<(MessageRow, Got)>, IntakeError> {
        match &mut self.place {
            Place::Maildir(maildir) => {
                let (maildir, limit) = (maildir.clone(), self.task.mailbox.max_message_size);
                let read = move || read_files(&maildir, rows, limit);
                tokio::task::spawn_blocking(read)
                    .await
                    .map_err(std::io::Error::other)
                    .flatten()
                    .map_err(|error| self.maildir_error("read", &error))
            }
            Place::Imap { session, selected, .. } => {
                let limit = self.task.mailbox.max_message_size;
                let fetching = Fetching { session, limit, faults: &mut self.faults };
                fetching.all(rows, selected.uid_validity).await
            }
        }
    }
}

fn read_files(
    maildir: &Maildir,
    rows: Vec<MessageRow>,
    limit: u64,
) -> std::io::Result<Vec<(MessageRow, Got)>> {
    rows.into_iter()
        .map(|row| {
            let limit = if row.state == MessageState::TooBig { 0 } else { limit };
            let got = match maildir.read(row.maildir_key.as_deref().unwrap_or(""), limit)? {
                Contents::Whole(bytes) => Got::Whole(bytes),
                Contents::TooBig(head) => Got::TooBig(Some(head)),
                Contents::Vanished if row.state == MessageState::TooBig => Got::TooBig(None),
                Contents::Vanished => Got::Vanished,
            };
            Ok((row, got))
        })
        .collect()
}

struct Fetching<'a> {
    session: &'a mut Session,
    limit: u64,
    faults: &'a mut Vec<IntakeError>,
}

impl Fetching<'_> {
    async fn all(
        mut self,
        rows: Vec<MessageRow>,
        uid_validity: u32,
    ) -> Result<Vec<(MessageRow, Got)>, IntakeError> {
        let small: Vec<u32> = rows
            .iter()
            .filter(|row| row.state == MessageState::Discovered && row.size <= u64::from(WHOLE))
            .filter_map(|row| row.uid.filter(|(validity, _)| *validity == uid_validity))
            .map(|(_, uid)| uid)
            .collect();
        let mut bodies = self.small(&small).await?;
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            let uid = row.uid.filter(|(validity, _)| *validity == uid_validity).map(|(_, uid)| uid);
            let got = match uid {
                // Its UID means nothing any more; a header can no longer be had.
                None if row.state == MessageState::TooBig => Got::TooBig(None),
                None => Got::Vanished,
                Some(uid) => match bodies.remove(&uid) {
                    Some(got) => self.within(uid, got).await?,
                    None => self.large(&row, uid).await?,
                },
            };
            all.push((row, got));
        }
        Ok(all)
    }

    /// Small mails in one command; where the server refuses that, one by one, so that a single
    /// broken mail does not hold up the others.
    async fn small(&mut self, uids: &[u32]) -> Result<HashMap<u32, Got>, IntakeError> {
        let mut found = HashMap::new();
        if uids.is_empty() {
            return Ok(found);
        }
        match self.session.fetch(uids).await {
            Ok(bodies) => {
                found.extend(bodies.into_iter().map(|body| (body.uid, Got::Whole(body.raw))));
            }
            Err(error @ ImapError::Refused { .. }) if uids.len() == 1 => {
                self.faults.push(error.into());
                found.insert(uids[0], Got::Later);
            }
            Err(ImapError::Refused { .. }) => {
                for uid in uids {
                    found.extend(Box::pin(self.small(&[*uid])).await?);
                }
                return Ok(found);
            }
            Err(error) => return Err(error.into()),
        }
        let missing: Vec<u32> =
            uids.iter().copied().filter(|uid| !found.contains_key(uid)).collect();
        let there = self.there(&missing).await?;
        for uid in missing {
            found.insert(uid, if there.contains(&uid) { Got::Later } else { Got::Vanished });
        }
        Ok(found)
    }

    /// Which of these are in the folder: a mail that a server left out is not gone for that.
    async fn there(&mut self, uids: &[u32]) -> Result<HashSet<u32>, IntakeError> {
        if uids.is_empty() {
            return Ok(HashSet::new());
        }
        Ok(self.session.which_exist(uids).await?)
    }

    /// A mail that turned out longer than the server said may be over the limit.
    async fn within(&mut self, uid: u32, got: Got) -> Result<Got, IntakeError> {
        match got {
            Got::Whole(raw) if u64::try_from(raw.len()).unwrap_or(u64::MAX) > self.limit => {
                Ok(Got::TooBig(self.header(uid).await?))
            }
            other => Ok(other),
        }
    }

    async fn large(&mut self, row: &MessageRow, uid: u32) -> Result<Got, IntakeError> {
        if row.state == MessageState::TooBig || row.size > self.limit {
            return Ok(Got::TooBig(self.header(uid).await?));
        }
        match self.session.fetch_large(uid, self.limit).await {
            Ok(Some(Large::Whole(body))) => Ok(Got::Whole(body.raw)),
            Ok(Some(Large::OverLimit)) => Ok(Got::TooBig(self.header(uid).await?)),
            Ok(None) if self.there(&[uid]).await?.is_empty() => Ok(Got::Vanished),
            Ok(None) => Ok(Got::Later),
            Err(error @ ImapError::Refused { .. }) => {
                self.faults.push(error.into());
                Ok(Got::Later)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn header(&mut self, uid: u32) -> Result<Option<Vec<u8>>, IntakeError> {
        match self.session.fetch_header(uid).await {
            Ok(body) => Ok(body.map(|body| body.raw)),
            // The ticket says at least that there is a mail.
            Err(ImapError::Refused { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
