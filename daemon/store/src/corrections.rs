//! Corrections of classifications: appended, never changed; of one submission the last counts.
//!
//! A row holds names of kind, labels and marks, and a note that is sealed under the key of its
//! submission. The text stands in the submission alone, so that destroying the key destroys the
//! example too.

use domain::{
    Timestamp,
    ids::{CorrectionId, SubmissionId, TicketId},
};

use crate::{
    error::StoreError,
    row::Row,
    session::{Session, Transaction, change_one, query_all, query_one},
};

/// A correction to be written down.
#[derive(Clone, Copy)]
pub struct NewCorrection<'a> {
    /// What was corrected.
    pub submission: SubmissionId,
    /// One more than the place of the last correction that the person saw.
    pub place: i64,
    /// Who.
    pub actor: &'a str,
    /// What counted before: names as JSON.
    pub before: &'a str,
    /// What counts now: names as JSON.
    pub after: &'a str,
    /// The version of the program that was corrected.
    pub classifier: &'a str,
    /// Sealed.
    pub note: Option<&'a [u8]>,
}

impl std::fmt::Debug for NewCorrection<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewCorrection")
            .field("submission", &self.submission)
            .finish_non_exhaustive()
    }
}

/// A correction as it stands.
#[derive(Clone)]
pub struct CorrectionRow {
    /// Its id.
    pub id: CorrectionId,
    /// What was corrected.
    pub submission: SubmissionId,
    /// 1 for the first of its submission.
    pub place: i64,
    /// When.
    pub corrected_at: Timestamp,
    /// Who.
    pub actor: String,
    /// What counted before: names as JSON.
    pub before: String,
    /// What counts now: names as JSON.
    pub after: String,
    /// The version of the program that was corrected.
    pub classifier: String,
    /// Sealed.
    pub note: Option<Vec<u8>>,
}

impl std::fmt::Debug for CorrectionRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CorrectionRow")
            .field("id", &self.id)
            .field("submission", &self.submission)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

const COLUMNS: &str = "correction.id, correction.submission_id, correction.place, correction.corrected_at, \
                       correction.actor, correction.before, correction.after, correction.classifier, \
                       correction.note";

fn read(row: &Row) -> Result<CorrectionRow, StoreError> {
    Ok(CorrectionRow {
        id: CorrectionId(row.get("correction", "id")?),
        submission: SubmissionId(row.get("correction", "submission_id")?),
        place: row.get("correction", "place")?,
        corrected_at: row.instant("correction", "corrected_at")?,
        actor: row.get("correction", "actor")?,
        before: row.get("correction", "before")?,
        after: row.get("correction", "after")?,
        classifier: row.get("correction", "classifier")?,
        note: row.get("correction", "note")?,
    })
}

/// Writes a correction down.
///
/// # Errors
/// [`StoreError::Conflict`] when somebody else corrected the same submission meanwhile.
pub async fn add(
    transaction: &Transaction,
    correction: &NewCorrection<'_>,
    now: Timestamp,
) -> Result<CorrectionId, StoreError> {
    let sql = "INSERT INTO correction (submission_id, place, corrected_at, actor, before, after, classifier, note) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id";
    let values = [
        correction.submission.0.into(),
        correction.place.into(),
        now.as_microsecond().into(),
        correction.actor.into(),
        correction.before.into(),
        correction.after.into(),
        correction.classifier.into(),
        correction.note.map(<[u8]>::to_vec).into(),
    ];
    match query_one(transaction, sql, values).await {
        Ok(row) => Ok(CorrectionId(row.get("correction", "id")?)),
        Err(StoreError::Duplicate { .. }) => Err(StoreError::Conflict { what: "submission" }),
        Err(error) => Err(error),
    }
}

/// All corrections of a submission, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_submission(
    session: &impl Session,
    submission: SubmissionId,
) -> Result<Vec<CorrectionRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM correction WHERE submission_id = $1 ORDER BY place");
    query_all(session, &sql, [submission.0.into()]).await?.iter().map(read).collect()
}

/// All corrections of a ticket's submissions, oldest first of each.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_ticket(
    session: &impl Session,
    ticket: TicketId,
) -> Result<Vec<CorrectionRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM correction JOIN submission ON submission.id = correction.submission_id \
         WHERE submission.ticket_id = $1 ORDER BY correction.submission_id, correction.place"
    );
    query_all(session, &sql, [ticket.0.into()]).await?.iter().map(read).collect()
}

/// The corrections that count (the last of each submission) of submissions whose text was not
/// destroyed, after `after`, by submission, at most `limit`.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn counting(
    session: &impl Session,
    after: SubmissionId,
    limit: u32,
) -> Result<Vec<CorrectionRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM correction JOIN submission ON submission.id = correction.submission_id \
         WHERE correction.submission_id > $1 AND submission.content IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM correction later WHERE later.submission_id = correction.submission_id \
         AND later.place > correction.place) ORDER BY correction.submission_id LIMIT $2"
    );
    let values = [after.0.into(), i64::from(limit).into()];
    query_all(session, &sql, values).await?.iter().map(read).collect()
}

/// Writes down that the note of a correction is sealed under another key now.
///
/// # Errors
/// [`StoreError::Conflict`] when it is gone.
pub async fn move_note(
    transaction: &Transaction,
    correction: CorrectionId,
    note: &[u8],
) -> Result<(), StoreError> {
    let sql = "UPDATE correction SET note = $2 WHERE id = $1 AND note IS NOT NULL";
    let values = [correction.0.into(), note.to_vec().into()];
    change_one(transaction, "correction", sql, values).await
}
