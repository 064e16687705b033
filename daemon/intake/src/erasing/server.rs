//! On a server: found by UID, or by its bytes where UIDs were given anew; expunged alone.

use store::messages::MovedTo;

use super::{Fate, Left, Mark};
use crate::{
    error::IntakeError,
    imap::{ImapError, Large, Seen, Session, WHOLE},
};

/// Where the copy may be.
struct Spot<'a> {
    folder: &'a str,
    uid: Option<(u32, u32)>,
    /// It should be here: where the UID says nothing, the whole folder is looked through.
    is_home: bool,
}

/// Destroys the copy wherever the row says that it is.
pub(super) async fn erase(
    session: &mut Session,
    mark: &Mark<'_>,
    limit: u64,
) -> Result<Fate, IntakeError> {
    let row = &mark.copy.message;
    let mut spots = Vec::with_capacity(2);
    if let Some(MovedTo { folder, uid }) = &row.copied_to {
        spots.push(Spot { folder, uid: *uid, is_home: true });
    }
    // A server that can only copy may have left the original, marked as deleted.
    let is_home = row.copied_to.is_none();
    spots.push(Spot { folder: &mark.copy.folder, uid: row.uid, is_home });
    let mut fate = Fate::Gone;
    for spot in spots {
        if let left @ Fate::Left(_) = at(session, mark, &spot, limit).await? {
            fate = left;
        }
    }
    Ok(fate)
}

async fn at(
    session: &mut Session,
    mark: &Mark<'_>,
    spot: &Spot<'_>,
    limit: u64,
) -> Result<Fate, IntakeError> {
    // Selected each time: only a fresh UIDVALIDITY says what a UID means.
    let selected = match session.select(spot.folder).await {
        Ok(selected) => selected,
        Err(error @ ImapError::Refused { .. }) => {
            let is_there = session.folders().await?.iter().any(|one| one.name == spot.folder);
            return if is_there { Err(error.into()) } else { Ok(Fate::Gone) };
        }
        Err(error) => return Err(error.into()),
    };
    let mut found = Vec::new();
    let known = spot.uid.filter(|(validity, _)| *validity == selected.uid_validity);
    let mut must_search = spot.is_home && known.is_none();
    if let Some((_, uid)) = known
        && let Some(seen) = session.single(uid).await?
    {
        if is_it(session, mark, &seen, limit).await? {
            found.push(uid);
        } else {
            // Another mail under its number: the server lost count, or the row is wrong.
            must_search = true;
        }
    }
    if must_search {
        found = search(session, mark, selected.uid_next, limit).await?;
    }
    if found.is_empty() {
        return Ok(Fate::Gone);
    }
    if selected.is_read_only {
        return Ok(Fate::Left(Left::ReadOnly));
    }
    session.remove(&found).await?;
    if !session.has("UIDPLUS") {
        return Ok(Fate::Left(Left::NoUidPlus));
    }
    let is_left = !session.which_exist(&found).await?.is_empty();
    Ok(if is_left { Fate::Left(Left::StillThere) } else { Fate::Gone })
}

/// Looks through the whole folder for these bytes, among mails of their size or of their time of
/// receipt (some servers count sizes in their own way).
async fn search(
    session: &mut Session,
    mark: &Mark<'_>,
    uid_next: Option<u32>,
    limit: u64,
) -> Result<Vec<u32>, IntakeError> {
    let row = &mark.copy.message;
    let mut found = Vec::new();
    let mut from = Some(1);
    while let Some(start) = from {
        let (seen, next) = session.walk(start, uid_next).await?;
        from = next;
        for mail in seen {
            let has_size = mail.size == 0 || u64::from(mail.size) == row.size;
            let has_time =
                mail.received_at.is_some_and(|at| at.as_second() == row.received_at.as_second());
            if (has_size || has_time) && is_it(session, mark, &mail, limit).await? {
                found.push(mail.uid);
            }
        }
    }
    Ok(found)
}

/// Whether a mail of the selected folder is the message, by its bytes.
async fn is_it(
    session: &mut Session,
    mark: &Mark<'_>,
    seen: &Seen,
    limit: u64,
) -> Result<bool, IntakeError> {
    let (uid, size) = (seen.uid, u64::from(seen.size));
    if (1..=u64::from(WHOLE).min(limit)).contains(&size) {
        let bodies = session.fetch(&[uid]).await?;
        return Ok(bodies.iter().any(|body| mark.is_of(&body.raw)));
    }
    if size > limit {
        let header = session.fetch_header(uid).await?;
        if header.is_some_and(|body| mark.is_of_header(&body.raw)) {
            return Ok(true);
        }
    }
    // What was read whole when it came is read whole again, though the limit is lower by now.
    let limit = limit.max(mark.copy.message.size.min(MOST_BYTES));
    match session.fetch_large(uid, limit).await? {
        Some(Large::Whole(body)) => Ok(mark.is_of(&body.raw)),
        Some(Large::OverLimit) => {
            let header = session.fetch_header(uid).await?;
            Ok(header.is_some_and(|body| mark.is_of_header(&body.raw)))
        }
        None => Ok(false),
    }
}

/// A mail is never read into memory beyond this, whatever its row says.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
