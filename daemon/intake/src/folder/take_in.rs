//! discovered → raw_stored: the bytes become durable in the vault, then the row says so.
//!
//! Bytes that came before in this mailbox are recognised by their keyed hash and not stored
//! again. The vault is written under the ids that the row has noted, so that a crash between the
//! two leaves nothing that is not found again.

use std::collections::VecDeque;

use domain::{
    digest::Digest,
    ids::{MessageId, ObjectId},
    message::MessageState,
};
use store::messages::{self, MessageRow};
use vault::{NewObject, VaultError};

use super::{Aside, Batch, Folder, Incoming, fetch::Got};
use crate::error::IntakeError;

/// Messages fetched in one step.
const MOST: u32 = 100;
/// Bytes fetched in one step, unless one mail alone is larger.
const MOST_BYTES: u64 = 8 * 1024 * 1024;
/// Messages at which fetching failed before that have their turn in one pass.
const MOST_SUSPECTS: u32 = 1_000;

/// Bytes in hand, on their way into the vault.
struct Arrived {
    row: MessageRow,
    raw: Vec<u8>,
    digest: Digest,
}

/// A mail that is too big, the first one that was the same, and its digest.
type Known = (MessageRow, MessageId, Digest);

impl Folder<'_> {
    /// Fetches and stores the next messages; `None` when all had their turn in this pass.
    pub(crate) async fn take_in(&mut self) -> Result<Option<Batch>, IntakeError> {
        (self.task.beat)();
        let (store, folder) = (self.task.store(), self.row.id);
        let mut rows = messages::to_fetch(store, self.mailbox, folder, self.after, MOST).await?;
        let last = within_bytes(&mut rows);
        if last.is_none() {
            // Those at which fetching failed before have their turn alone, after all others.
            let Some(row) = self.next_suspect().await? else { return Ok(None) };
            rows.push(row);
        }
        let fetched = self.fetch(rows).await?;
        let batch = self.settle(fetched).await?;
        self.after = last.unwrap_or(self.after);
        Ok(Some(batch))
    }

    /// The next of the suspects, listed once in a pass: each has one turn.
    async fn next_suspect(&mut self) -> Result<Option<MessageRow>, IntakeError> {
        if self.suspects.is_none() {
            let (store, folder) = (self.task.store(), self.row.id);
            let listed = messages::suspects(store, self.mailbox, folder, MOST_SUSPECTS).await?;
            self.suspects = Some(listed.into());
        }
        Ok(self.suspects.as_mut().and_then(VecDeque::pop_front))
    }

    async fn settle(&mut self, fetched: Vec<(MessageRow, Got)>) -> Result<Batch, IntakeError> {
        let digests = self.task.cases.digests();
        let mut batch = Batch::default();
        let mut arrived = Vec::new();
        let mut too_big = Vec::new();
        let mut ungiven = Vec::new();
        let mut vanished = Vec::new();
        let mut later = Vec::new();
        for (row, got) in fetched {
            match got {
                Got::Whole(raw) => {
                    let digest = digests.raw(&raw);
                    arrived.push(Arrived { row, raw, digest });
                }
                Got::TooBig(header) => too_big.push((row, header)),
                Got::Vanished => vanished.push(row),
                Got::Ungiven(header) => ungiven.push((row, header)),
                Got::Later => later.push(row.id),
                Got::NotDue => {}
            }
        }
        let copies = self.copies(&arrived).await?;
        let (copied, fresh): (Vec<_>, Vec<_>) =
            arrived.into_iter().zip(copies).partition(|(_, first)| first.is_some());
        let fresh =
            self.keep(fresh.into_iter().map(|(one, _)| one).collect(), &mut too_big).await?;
        cases::failpoint::hit("raw_put");
        let (too_big, known) = self.known_by_header(too_big).await?;
        self.note(&fresh, &copied, &too_big, &vanished).await?;
        self.note_failures(&later, &ungiven).await?;
        cases::failpoint::hit("raw_stored");
        batch.incoming.extend(fresh.into_iter().map(|one| Incoming::Raw(one.row, one.raw)));
        let ungiven = ungiven.into_iter();
        batch.incoming.extend(ungiven.map(|(row, head)| Incoming::Ungiven(row, head)));
        batch.incoming.extend(too_big.into_iter().map(|(row, head)| Incoming::TooBig(row, head)));
        self.note_known(&known).await?;
        batch.aside.extend(known.into_iter().map(|(row, _, _)| Aside::Copy(row)));
        batch.aside.extend(copied.into_iter().map(|(one, _)| Aside::Copy(one.row)));
        batch.aside.extend(vanished.into_iter().map(Aside::Vanished));
        Ok(batch)
    }

    /// For each mail the first message with the same bytes, in the database or before it in hand.
    async fn copies(&self, arrived: &[Arrived]) -> Result<Vec<Option<MessageId>>, IntakeError> {
        let digests = self.task.cases.digests();
        // Under every key: an older message was digested under an older one.
        let every: Vec<Vec<Digest>> = arrived.iter().map(|one| digests.raw_all(&one.raw)).collect();
        let asked: Vec<Digest> = every.iter().flatten().copied().collect();
        let known = messages::with_raw_digest(self.task.store(), self.mailbox, &asked).await?;
        let mut firsts: Vec<Option<MessageId>> = Vec::with_capacity(arrived.len());
        for (at, one) in arrived.iter().enumerate() {
            let in_database = known
                .iter()
                .find(|(digest, id)| every[at].contains(digest) && *id != one.row.id)
                .map(|(_, id)| *id);
            let in_hand = arrived[..at]
                .iter()
                .zip(&firsts)
                .find(|(earlier, first)| first.is_none() && earlier.digest == one.digest)
                .map(|(earlier, _)| earlier.row.id);
            firsts.push(in_database.or(in_hand));
        }
        Ok(firsts)
    }

    /// Makes bytes durable; what the vault finds too large joins `too_big`.
    async fn keep(
        &self,
        fresh: Vec<Arrived>,
        too_big: &mut Vec<(MessageRow, Option<Vec<u8>>)>,
    ) -> Result<Vec<Arrived>, IntakeError> {
        let entropy = self.task.entropy.as_ref();
        let vault = self.task.cases.vault();
        let object = |one: &Arrived| -> Result<NewObject, IntakeError> {
            let (object, key) = ids_of(&one.row)?;
            let mailbox = self.task.mailbox.name.clone();
            let origin = Some(vault::Origin { mailbox, received_at: one.row.received_at });
            Ok(NewObject { object, key, plain: one.raw.clone(), origin })
        };
        let all: Vec<NewObject> = fresh.iter().map(object).collect::<Result<_, _>>()?;
        match vault.put_batch(all, entropy).await {
            Ok(()) => return Ok(fresh),
            Err(
                VaultError::Occupied(_)
                | VaultError::TooLarge { .. }
                | VaultError::Corrupt(_)
                | VaultError::KeyDestroyed(_),
            ) => {}
            Err(error) => return Err(error.into()),
        }
        let mut kept = Vec::with_capacity(fresh.len());
        for one in fresh {
            match vault.put_batch(vec![object(&one)?], entropy).await {
                Ok(()) => kept.push(one),
                // What a crash left under these ids is of no use, and the bytes are in hand.
                Err(
                    VaultError::Occupied(_) | VaultError::Corrupt(_) | VaultError::KeyDestroyed(_),
                ) => {
                    self.replace(&one).await?;
                    kept.push(one);
                }
                Err(VaultError::TooLarge { .. }) => {
                    let head = crate::read::header_of(&one.raw).to_vec();
                    too_big.push((one.row, Some(head)));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(kept)
    }

    /// The server gave other bytes than before the crash (some rewrite headers): the row does not
    /// yet speak of the old ones, so the new ones take their place.
    async fn replace(&self, one: &Arrived) -> Result<(), IntakeError> {
        let (object, key) = ids_of(&one.row)?;
        let vault = self.task.cases.vault();
        vault.delete(object).await?;
        let entropy = self.task.entropy.as_ref();
        // Makes the key anew where it is gone.
        let mailbox = self.task.mailbox.name.clone();
        let origin = Some(vault::Origin { mailbox, received_at: one.row.received_at });
        let new = NewObject { object, key, plain: one.raw.clone(), origin };
        Ok(vault.put_batch(vec![new], entropy).await?)
    }

    /// Under every key, the one in use first: what stands for the bytes of a mail that is too big.
    fn digests_of_header(&self, row: &MessageRow, header: Option<&[u8]>) -> Vec<Digest> {
        header_digests(self.task.cases.digests(), row.size, header)
    }

    /// Tells those of the too big that came before, by header and size, from the others.
    async fn known_by_header(
        &self,
        too_big: Vec<(MessageRow, Option<Vec<u8>>)>,
    ) -> Result<(Vec<(MessageRow, Option<Vec<u8>>)>, Vec<Known>), IntakeError> {
        let (mut fresh, mut known) = (Vec::new(), Vec::new());
        for (row, header) in too_big {
            let digests = match row.state {
                MessageState::Discovered => self.digests_of_header(&row, header.as_deref()),
                _ => Vec::new(),
            };
            let store = self.task.store();
            let first = match digests.first() {
                Some(_) => messages::with_raw_digest(store, self.mailbox, &digests).await?,
                None => Vec::new(),
            };
            match (first.first(), digests.first()) {
                (Some((_, id)), Some(digest)) if *id != row.id => known.push((row, *id, *digest)),
                _ => fresh.push((row, header)),
            }
        }
        Ok((fresh, known))
    }

    async fn note_known(&self, known: &[Known]) -> Result<(), IntakeError> {
        if known.is_empty() {
            return Ok(());
        }
        let transaction = self.task.store().begin().await?;
        for (row, first, digest) in known {
            let now = self.task.now();
            messages::recognise_copy(&transaction, row.id, *first, *digest, now).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Writes down what the server did not give: once more, or for good.
    async fn note_failures(
        &self,
        later: &[MessageId],
        ungiven: &[(MessageRow, Option<Vec<u8>>)],
    ) -> Result<(), IntakeError> {
        if later.is_empty() && ungiven.is_empty() {
            return Ok(());
        }
        let transaction = self.task.store().begin().await?;
        if !later.is_empty() {
            let why = IntakeError::NotGiven.to_string();
            messages::count_fetch_failure(&transaction, later, &why).await?;
        }
        for (row, _) in ungiven {
            messages::give_up_fetching(&transaction, row.id).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Writes down what became of all, in one transaction.
    async fn note(
        &self,
        fresh: &[Arrived],
        copied: &[(Arrived, Option<MessageId>)],
        too_big: &[(MessageRow, Option<Vec<u8>>)],
        vanished: &[MessageRow],
    ) -> Result<(), IntakeError> {
        let transaction = self.task.store().begin().await?;
        for one in fresh {
            let size = u64::try_from(one.raw.len()).unwrap_or(u64::MAX);
            messages::mark_raw_stored(&transaction, one.row.id, one.digest, size).await?;
        }
        for (one, first) in copied {
            if let Some(first) = first {
                let now = self.task.now();
                messages::recognise_copy(&transaction, one.row.id, *first, one.digest, now).await?;
            }
        }
        for (row, header) in too_big {
            if row.state == MessageState::Discovered {
                let digest = self.digests_of_header(row, header.as_deref()).into_iter().next();
                messages::mark_too_big(&transaction, row.id, digest).await?;
            }
        }
        if !vanished.is_empty() {
            let ids: Vec<MessageId> = vanished.iter().map(|row| row.id).collect();
            messages::mark_vanished(&transaction, &ids).await?;
        }
        Ok(transaction.commit().await?)
    }
}

/// Under every key, the one in use first: what stands for a mail of which only the header was read.
pub(crate) fn header_digests(
    digests: &vault::Digests,
    size: u64,
    header: Option<&[u8]>,
) -> Vec<Digest> {
    let Some(header) = header.filter(|header| !header.is_empty()) else { return Vec::new() };
    let text = [header, format!("\0too_big {size}").as_bytes()].concat();
    let current = digests.raw(&text);
    let older = digests.raw_all(&text).into_iter().filter(|digest| *digest != current);
    std::iter::once(current).chain(older).collect()
}

/// Keeps as many rows as fit the bytes of one step; returns the last one kept.
fn within_bytes(rows: &mut Vec<MessageRow>) -> Option<MessageId> {
    let mut sum = 0u64;
    let fit = rows
        .iter()
        .take_while(|row| {
            sum = sum.saturating_add(row.size);
            sum <= MOST_BYTES
        })
        .count();
    rows.truncate(fit.max(1));
    rows.last().map(|row| row.id)
}

/// Object and key that the row noted when it was made.
pub(crate) fn ids_of(row: &MessageRow) -> Result<(ObjectId, domain::ids::VaultKeyId), IntakeError> {
    let missing = || store::StoreError::Inconsistent {
        table: "message",
        row: row.id.to_string(),
        what: "it has no object or no key".to_owned(),
    };
    Ok((row.object.ok_or_else(missing)?, row.vault_key.ok_or_else(missing)?))
}
