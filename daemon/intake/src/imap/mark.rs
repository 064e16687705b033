//! Telling the server's copy that it was dealt with: our keyword, or a move.
//!
//! Called after the filing transaction committed, never before. Never \Seen: people read the
//! mailbox too. A move keeps the new UIDs (COPYUID, RFC 4315), so that the copy can be destroyed
//! later. Without UIDPLUS nothing is expunged: a plain EXPUNGE would take others' deletions along.

use std::collections::HashMap;

use async_imap::imap_proto::{Response, ResponseCode, Status, rfc4315::UidSetMember};

use super::{ImapError, Session, fetch::set_of};

/// The keyword that marks a mail as dealt with.
pub const KEYWORD: &str = "$Consentry";

impl Session {
    /// Sets our keyword on mails of the selected folder. Mails that are gone are ignored.
    ///
    /// # Errors
    /// [`ImapError`].
    pub async fn set_keyword(&mut self, uids: &[u32]) -> Result<(), ImapError> {
        if uids.is_empty() {
            return Ok(());
        }
        let command = format!("UID STORE {} +FLAGS.SILENT ({KEYWORD})", set_of(uids));
        self.command("mark mails", &command, |_| Ok(())).await.map(|_| ())
    }

    /// Moves mails of the selected folder; makes the target when it is missing. Returns the new
    /// UIDVALIDITY and UID of each mail for which the server told them.
    ///
    /// # Errors
    /// [`ImapError`]; some may have been moved then, and moving again is harmless.
    pub async fn move_to(
        &mut self,
        uids: &[u32],
        folder: &str,
    ) -> Result<HashMap<u32, (u32, u32)>, ImapError> {
        self.transfer("move mails", "MOVE", uids, folder).await
    }

    /// Copies mails of the selected folder, where the server cannot move; makes the target when
    /// it is missing. Returns as [`Session::move_to`]. Not to be repeated: [`Session::remove`]
    /// comes next, once the copying is written down.
    ///
    /// # Errors
    /// [`ImapError`].
    pub async fn copy_to(
        &mut self,
        uids: &[u32],
        folder: &str,
    ) -> Result<HashMap<u32, (u32, u32)>, ImapError> {
        self.transfer("copy mails", "COPY", uids, folder).await
    }

    /// Marks mails of the selected folder as deleted, and expunges them where that can be done
    /// for them alone. Doing it twice is harmless.
    ///
    /// # Errors
    /// [`ImapError`].
    pub async fn remove(&mut self, uids: &[u32]) -> Result<(), ImapError> {
        if uids.is_empty() {
            return Ok(());
        }
        let set = set_of(uids);
        let delete = format!("UID STORE {set} +FLAGS.SILENT (\\Deleted)");
        self.command("delete mails", &delete, |_| Ok(())).await?;
        if self.has("UIDPLUS") {
            self.command("expunge mails", &format!("UID EXPUNGE {set}"), |_| Ok(())).await?;
        }
        Ok(())
    }

    async fn transfer(
        &mut self,
        what: &'static str,
        verb: &str,
        uids: &[u32],
        folder: &str,
    ) -> Result<HashMap<u32, (u32, u32)>, ImapError> {
        if uids.is_empty() {
            return Ok(HashMap::new());
        }
        let command = format!("UID {verb} {} {}", set_of(uids), self.quoted(folder));
        match self.copied(what, &command).await {
            Err(ImapError::Refused { code, .. })
                if code == "TRYCREATE" || code == "NONEXISTENT" =>
            {
                self.create(folder).await?;
                self.copied(what, &command).await
            }
            result => result,
        }
    }

    /// Runs a command that copies; COPYUID stands in an untagged OK of MOVE (RFC 6851 §4.3) and
    /// in the tagged one of COPY.
    async fn copied(
        &mut self,
        what: &'static str,
        command: &str,
    ) -> Result<HashMap<u32, (u32, u32)>, ImapError> {
        let mut copied = HashMap::new();
        let tagged = self
            .command(what, command, |response| {
                if let Response::Data { status: Status::Ok, outcome } = response
                    && let Some(code) = &outcome.code
                {
                    take_pairs(code, &mut copied);
                }
                Ok(())
            })
            .await?;
        if let Some(code) = tagged {
            take_pairs(&code, &mut copied);
        }
        Ok(copied)
    }
}

fn take_pairs(code: &ResponseCode<'_>, copied: &mut HashMap<u32, (u32, u32)>) {
    let ResponseCode::CopyUid(validity, from, to) = code else { return };
    // Sets of different length, or beyond any batch, say nothing that could be trusted.
    let (Some(from), Some(to)) = (members(from), members(to)) else { return };
    if from.len() == to.len() {
        copied.extend(from.into_iter().zip(to.into_iter().map(|uid| (*validity, uid))));
    }
}

fn members(set: &[UidSetMember]) -> Option<Vec<u32>> {
    let mut uids = Vec::new();
    for member in set {
        match member {
            UidSetMember::Uid(uid) => uids.push(*uid),
            UidSetMember::UidRange(range) => {
                if range.end().saturating_sub(*range.start()) > 100_000 {
                    return None;
                }
                uids.extend(range.clone());
            }
        }
    }
    Some(uids)
}
