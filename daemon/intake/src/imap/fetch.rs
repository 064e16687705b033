//! Walking a folder by UID and fetching mails, whole, in pieces, or the header alone.
//!
//! Always BODY.PEEK: fetching must not mark a mail as seen, people read the mailbox too. UIDs
//! that were not asked for are dropped: `UID FETCH n:*` returns the last mail even when n is
//! beyond it (RFC 3501 §6.4.8), and servers may send flag updates at any time.

use std::collections::{HashMap, HashSet};

use async_imap::imap_proto::{AttributeValue, Response};
use jiff::Timestamp;

use super::{ImapError, Session};

/// UIDs asked for at once on a walk.
const WINDOW: u32 = 1_000;
/// A mail over this size is fetched in pieces, so that no response is larger.
const PIECE: u32 = 1024 * 1024;
/// Mails over this size are fetched in pieces.
pub const WHOLE: u32 = 2 * 1024 * 1024;
/// What an answer with mails may have at most, whatever sizes the server told before: the caller
/// asks for 8 MiB at once.
const MAILS: u64 = 12 * 1024 * 1024;
/// What stands around the bytes of a piece.
const AROUND: u64 = 64 * 1024;

/// A mail as the walk sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Its UID.
    pub uid: u32,
    /// Its size as the server counts it; zero where it does not tell.
    pub size: u32,
    /// When the server received it.
    pub received_at: Option<Timestamp>,
}

/// A fetched mail.
pub struct Body {
    /// Its UID.
    pub uid: u32,
    /// Its bytes.
    pub raw: Vec<u8>,
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Body(uid {}, {} bytes)", self.uid, self.raw.len())
    }
}

/// A large mail.
#[derive(Debug)]
pub enum Large {
    /// All of it.
    Whole(Body),
    /// It is longer than the limit, whatever the server said before.
    OverLimit,
}

impl Session {
    /// The next mails from `from` upwards, at most about a thousand, and where to go on; `None`
    /// when the end was reached. `uid_next` is the folder's hint.
    ///
    /// # Errors
    /// [`ImapError`]; nothing is known then.
    pub async fn walk(
        &mut self,
        from: u32,
        uid_next: Option<u32>,
    ) -> Result<(Vec<Seen>, Option<u32>), ImapError> {
        let mut from = from.max(1);
        let mut window = WINDOW;
        loop {
            let to = from.checked_add(window - 1);
            // The hint may be too low, never relied upon: the last window is open.
            let to = to.filter(|to| uid_next.is_some_and(|next| *to < next));
            let seen = self.window(from, to).await?;
            match to {
                None => return Ok((seen, None)),
                Some(to) if !seen.is_empty() => return Ok((seen, Some(to + 1))),
                // Emptied stretches may be long: larger steps.
                Some(to) => {
                    from = to + 1;
                    window = window.saturating_mul(4).min(250_000);
                }
            }
        }
    }

    /// One mail as the walk sees it, asked for alone, after an answer for many could not be
    /// understood; `None` when it is gone.
    ///
    /// # Errors
    /// [`ImapError`].
    pub async fn single(&mut self, uid: u32) -> Result<Option<Seen>, ImapError> {
        Ok(self.window(uid, Some(uid)).await?.into_iter().next())
    }

    /// The UIDs of the next mails from `from` upwards, at most about a thousand, and where to go
    /// on. Nothing else is asked for, so that nothing else can be misunderstood.
    ///
    /// # Errors
    /// [`ImapError`].
    pub async fn uids(
        &mut self,
        from: u32,
        uid_next: Option<u32>,
    ) -> Result<(Vec<u32>, Option<u32>), ImapError> {
        let mut from = from.max(1);
        let mut window = WINDOW;
        loop {
            let to = from.checked_add(window - 1);
            let to = to.filter(|to| uid_next.is_some_and(|next| *to < next));
            let set = to.map_or_else(|| format!("{from}:*"), |to| format!("{from}:{to}"));
            let mut found = Vec::new();
            self.command("list mails", &format!("UID FETCH {set} (UID)"), |response| {
                if let Response::Fetch(_, attributes) = response {
                    found.extend(uid(attributes).filter(|uid| *uid >= from));
                }
                Ok(())
            })
            .await?;
            found.sort_unstable();
            found.dedup();
            match to {
                None => return Ok((found, None)),
                Some(to) if !found.is_empty() => return Ok((found, Some(to + 1))),
                Some(to) => {
                    from = to + 1;
                    window = window.saturating_mul(4).min(250_000);
                }
            }
        }
    }

    async fn window(&mut self, from: u32, to: Option<u32>) -> Result<Vec<Seen>, ImapError> {
        let set = to.map_or_else(|| format!("{from}:*"), |to| format!("{from}:{to}"));
        let command = format!("UID FETCH {set} (UID RFC822.SIZE INTERNALDATE)");
        let mut found: HashMap<u32, Seen> = HashMap::new();
        self.command("walk a folder", &command, |response| {
            if let Response::Fetch(_, attributes) = response
                && let Some(seen) = seen(attributes)
                && seen.uid >= from
                && to.is_none_or(|to| seen.uid <= to)
            {
                // A flag update may name a mail once more, without its size.
                let known = found.entry(seen.uid).or_insert(seen);
                if seen.size > 0 || seen.received_at.is_some() {
                    *known = seen;
                }
            }
            Ok(())
        })
        .await?;
        let mut found: Vec<Seen> = found.into_values().collect();
        found.sort_by_key(|seen| seen.uid);
        Ok(found)
    }

    /// Fetches mails whole, in one command; those that are gone are missing in the answer. Meant
    /// for mails up to [`WHOLE`]; the caller bounds their number and sum.
    ///
    /// # Errors
    /// [`ImapError`]; nothing of the answer may then be taken for absence.
    pub async fn fetch(&mut self, uids: &[u32]) -> Result<Vec<Body>, ImapError> {
        let command = format!("UID FETCH {} (UID BODY.PEEK[])", set_of(uids));
        let mut bodies: Vec<Body> = Vec::with_capacity(uids.len());
        self.command_within(MAILS, "fetch mails", &command, |response| {
            if let Response::Fetch(_, attributes) = response
                && let Some(uid) = uid(attributes).filter(|uid| uids.contains(uid))
                && let Some(raw) = section(attributes, None)
                && !bodies.iter().any(|body| body.uid == uid)
            {
                bodies.push(Body { uid, raw: raw.to_vec() });
            }
            Ok(())
        })
        .await?;
        Ok(bodies)
    }

    /// Fetches one large mail in pieces, up to `limit` bytes; `None` when it is gone.
    ///
    /// # Errors
    /// [`ImapError`].
    pub async fn fetch_large(&mut self, uid: u32, limit: u64) -> Result<Option<Large>, ImapError> {
        const WHAT: &str = "fetch a large mail";
        let mut raw: Vec<u8> = Vec::new();
        loop {
            let offset = u32::try_from(raw.len())
                .map_err(|_| ImapError::Protocol { what: WHAT, why: "no end" })?;
            let piece = self.piece(WHAT, uid, "BODY.PEEK[]", offset).await?;
            let Some(piece) = piece else {
                let whole = Large::Whole(Body { uid, raw });
                return Ok(Some(whole).filter(|_| offset > 0));
            };
            raw.extend_from_slice(&piece);
            if u64::try_from(raw.len()).unwrap_or(u64::MAX) > limit {
                return Ok(Some(Large::OverLimit));
            }
            if piece.len() < usize::try_from(PIECE).unwrap_or(usize::MAX) {
                return Ok(Some(Large::Whole(Body { uid, raw })));
            }
        }
    }

    /// Which of these UIDs are in the selected folder.
    ///
    /// # Errors
    /// [`ImapError`].
    pub async fn which_exist(&mut self, uids: &[u32]) -> Result<HashSet<u32>, ImapError> {
        let command = format!("UID FETCH {} (UID)", set_of(uids));
        let mut found = HashSet::new();
        self.command("look for mails", &command, |response| {
            if let Response::Fetch(_, attributes) = response {
                found.extend(uid(attributes).filter(|uid| uids.contains(uid)));
            }
            Ok(())
        })
        .await?;
        Ok(found)
    }

    /// Fetches the header of a mail that is too big, at most 1 MiB of it; `None` when it is gone.
    ///
    /// # Errors
    /// [`ImapError`].
    pub async fn fetch_header(&mut self, uid: u32) -> Result<Option<Body>, ImapError> {
        let piece = self.piece("fetch a header", uid, "BODY.PEEK[HEADER]", 0).await?;
        Ok(piece.map(|raw| Body { uid, raw }))
    }

    async fn piece(
        &mut self,
        what: &'static str,
        asked: u32,
        part: &str,
        offset: u32,
    ) -> Result<Option<Vec<u8>>, ImapError> {
        let command = format!("UID FETCH {asked} (UID {part}<{offset}.{PIECE}>)");
        let mut piece = None;
        let most = u64::from(PIECE) + AROUND;
        self.command_within(most, what, &command, |response| {
            if let Response::Fetch(_, attributes) = response
                && uid(attributes) == Some(asked)
                && let Some(raw) = section(attributes, Some(offset))
            {
                if raw.len() > usize::try_from(PIECE).unwrap_or(usize::MAX) {
                    return Err(ImapError::Protocol { what, why: "more than was asked for" });
                }
                piece = Some(raw.to_vec());
            }
            Ok(())
        })
        .await?;
        Ok(piece)
    }
}

/// A set of UIDs in the grammar of commands, ranges folded.
pub(super) fn set_of(uids: &[u32]) -> String {
    let mut sorted = uids.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut parts: Vec<(u32, u32)> = Vec::new();
    for uid in sorted {
        match parts.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(uid) => *last = uid,
            _ => parts.push((uid, uid)),
        }
    }
    let part = |(first, last): &(u32, u32)| {
        if first == last { first.to_string() } else { format!("{first}:{last}") }
    };
    parts.iter().map(part).collect::<Vec<_>>().join(",")
}

fn uid(attributes: &[AttributeValue<'_>]) -> Option<u32> {
    attributes.iter().find_map(|attribute| match attribute {
        AttributeValue::Uid(uid) => Some(*uid),
        _ => None,
    })
}

fn section<'a>(attributes: &'a [AttributeValue<'_>], offset: Option<u32>) -> Option<&'a [u8]> {
    attributes.iter().find_map(|attribute| match attribute {
        AttributeValue::BodySection { index, data: Some(data), .. } if *index == offset => {
            Some(data.as_ref())
        }
        _ => None,
    })
}

fn seen(attributes: &[AttributeValue<'_>]) -> Option<Seen> {
    let mut size = 0;
    let mut received_at = None;
    for attribute in attributes {
        match attribute {
            AttributeValue::Rfc822Size(value) => size = *value,
            AttributeValue::InternalDate(text) => received_at = instant(text),
            _ => {}
        }
    }
    Some(Seen { uid: uid(attributes)?, size, received_at })
}

/// INTERNALDATE: ` 2-Nov-2026 10:00:00 +0300`.
fn instant(text: &str) -> Option<Timestamp> {
    jiff::fmt::strtime::parse("%d-%b-%Y %H:%M:%S %z", text.trim()).ok()?.to_timestamp().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_folded_into_ranges() {
        assert_eq!(set_of(&[5, 1, 2, 3, 9, 5]), "1:3,5,9");
        assert_eq!(set_of(&[u32::MAX]), "4294967295");
    }

    #[test]
    fn the_time_of_receipt_is_read_with_its_zone() {
        let expected = "2026-11-02T07:00:00Z".parse().ok();
        assert_eq!(instant(" 2-Nov-2026 10:00:00 +0300"), expected);
        assert_eq!(instant("02-Nov-2026 07:00:00 +0000"), expected);
        assert_eq!(instant("yesterday"), None);
    }
}
