//! The bytes of recorded messages, from the server or the Maildir, with their size checked first.

use std::collections::{HashMap, HashSet};

use domain::{Timestamp, ids::MessageId, message::MessageState};
use jiff::SignedDuration;
use store::messages::{self, MessageRow};

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
    /// The server does not give it out, however often it is asked; its header, if that could be
    /// had.
    Ungiven(Option<Vec<u8>>),
    /// Gone.
    Vanished,
    /// Not now; it is counted, and a later pass tries again.
    Later,
    /// Its next try is not due yet.
    NotDue,
}

/// A mail at which fetching failed so often is left alone for a while,
const TRIES: u32 = 5;
/// until it was known for so long: a server that is out for a moment costs no mail. Then it is
/// asked for once more, then its header, then a person gets to know of it.
const PATIENCE: SignedDuration = SignedDuration::from_hours(1);

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
                let (faults, now) = (&mut self.faults, self.task.now());
                let mut fetching = Fetching { session, limit, faults, asked: Vec::new(), now };
                let fetched = tokio::select! {
                    // The session is left in the middle of an answer and not used again.
                    () = self.cancel.cancelled() => return Ok(Vec::new()),
                    fetched = fetching.all(&rows, selected.uid_validity) => fetched,
                };
                let asked = fetching.asked;
                match fetched {
                    Ok(got) => Ok(rows.into_iter().zip(got).collect()),
                    Err(error) => {
                        if error.breaks_connection() {
                            self.charge(&rows, &asked, &error).await?;
                        }
                        Err(error)
                    }
                }
            }
        }
    }

    /// Remembers at which mails the connection broke: they are fetched alone and last from now on.
    async fn charge(
        &self,
        rows: &[MessageRow],
        asked: &[u32],
        error: &IntakeError,
    ) -> Result<(), IntakeError> {
        let is_asked = |row: &&MessageRow| row.uid.is_some_and(|(_, uid)| asked.contains(&uid));
        let ids: Vec<MessageId> = rows.iter().filter(is_asked).map(|row| row.id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let transaction = self.task.store().begin().await?;
        messages::count_fetch_failure(&transaction, &ids, &error.to_string()).await?;
        Ok(transaction.commit().await?)
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
    /// The UIDs of the command under way.
    asked: Vec<u32>,
    now: Timestamp,
}

impl Fetching<'_> {
    /// What became of each row, in their order.
    async fn all(
        &mut self,
        rows: &[MessageRow],
        uid_validity: u32,
    ) -> Result<Vec<Got>, IntakeError> {
        let whole = u64::from(WHOLE).min(self.limit);
        // What the server gave no size for is fetched in pieces.
        let is_small = |row: &&MessageRow| {
            row.state == MessageState::Discovered
                && row.fetch_failures == 0
                && (1..=whole).contains(&row.size)
        };
        let small: Vec<u32> = rows
            .iter()
            .filter(is_small)
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
                    Some(got) => got,
                    None if row.fetch_failures > 0 => self.suspect(row, uid).await?,
                    None => self.large(row, uid).await?,
                },
            };
            all.push(self.within(got));
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
        uids.clone_into(&mut self.asked);
        match self.session.fetch(uids).await {
            Ok(bodies) => {
                found.extend(bodies.into_iter().map(|body| (body.uid, Got::Whole(body.raw))));
            }
            Err(error @ ImapError::Refused { .. }) if uids.len() == 1 => {
                found.insert(uids[0], self.later(error));
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
            let is_there = there.contains(&uid);
            found.insert(uid, if is_there { self.left_out() } else { Got::Vanished });
        }
        Ok(found)
    }

    /// A mail at which fetching failed before, alone: whole, then in pieces, and so on; after too
    /// many failures only its header, and at last nothing of it.
    async fn suspect(&mut self, row: &MessageRow, uid: u32) -> Result<Got, IntakeError> {
        let is_known_for = self.now.duration_since(row.discovered_at);
        match row.fetch_failures {
            failures if failures >= TRIES && is_known_for < PATIENCE => {
                self.faults.push(IntakeError::NotGiven);
                Ok(Got::NotDue)
            }
            failures if failures > TRIES + 1 => Ok(self.given_up(row, None)),
            failures if failures > TRIES => {
                self.asked = vec![uid];
                match self.session.fetch_header(uid).await {
                    Ok(None) if self.there(&[uid]).await?.is_empty() => Ok(Got::Vanished),
                    Ok(head) => Ok(self.given_up(row, head.map(|body| body.raw))),
                    Err(ImapError::Refused { .. }) => Ok(self.given_up(row, None)),
                    Err(error) => Err(error.into()),
                }
            }
            failures if failures % 2 == 1 && (1..=u64::from(WHOLE)).contains(&row.size) => {
                match self.small(&[uid]).await?.remove(&uid) {
                    Some(got) if row.state == MessageState::Discovered => Ok(got),
                    _ => self.large(row, uid).await,
                }
            }
            _ => self.large(row, uid).await,
        }
    }

    fn given_up(&self, row: &MessageRow, header: Option<Vec<u8>>) -> Got {
        if row.state == MessageState::TooBig || row.size > self.limit {
            Got::TooBig(header)
        } else {
            Got::Ungiven(header)
        }
    }

    /// Which of these are in the folder: a mail that a server left out is not gone for that.
    async fn there(&mut self, uids: &[u32]) -> Result<HashSet<u32>, IntakeError> {
        if uids.is_empty() {
            return Ok(HashSet::new());
        }
        Ok(self.session.which_exist(uids).await?)
    }

    /// A mail that turned out longer than the server said may be over the limit.
    fn within(&self, got: Got) -> Got {
        match got {
            Got::Whole(raw) if u64::try_from(raw.len()).unwrap_or(u64::MAX) > self.limit => {
                Got::TooBig(Some(crate::read::header_of(&raw).to_vec()))
            }
            other => other,
        }
    }

    async fn large(&mut self, row: &MessageRow, uid: u32) -> Result<Got, IntakeError> {
        self.asked = vec![uid];
        if row.state == MessageState::TooBig || row.size > self.limit {
            return self.header(uid).await;
        }
        match self.session.fetch_large(uid, self.limit).await {
            Ok(Some(Large::Whole(body))) => Ok(Got::Whole(body.raw)),
            Ok(Some(Large::OverLimit)) => self.header(uid).await,
            Ok(None) if self.there(&[uid]).await?.is_empty() => Ok(Got::Vanished),
            Ok(None) => Ok(self.left_out()),
            Err(error @ ImapError::Refused { .. }) => Ok(self.later(error)),
            Err(error) => Err(error.into()),
        }
    }

    /// The header of a mail that is too big. That the mail is gone by now, or that its header is
    /// refused for ever, costs the ticket its sender and not more.
    async fn header(&mut self, uid: u32) -> Result<Got, IntakeError> {
        match self.session.fetch_header(uid).await {
            Ok(Some(body)) => Ok(Got::TooBig(Some(body.raw))),
            Ok(None) if self.there(&[uid]).await?.is_empty() => Ok(Got::TooBig(None)),
            Ok(None) => Ok(self.left_out()),
            Err(error @ ImapError::Refused { .. }) => Ok(self.later(error)),
            Err(error) => Err(error.into()),
        }
    }

    fn later(&mut self, error: ImapError) -> Got {
        self.faults.push(error.into());
        Got::Later
    }

    /// The server says OK and does not give a mail that it lists.
    fn left_out(&mut self) -> Got {
        self.faults.push(IntakeError::NotGiven);
        Got::Later
    }
}
