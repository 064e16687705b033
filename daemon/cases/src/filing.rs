//! The filing transaction: {ticket, requests, block, stops, reply, audit} together or not at all.
//!
//! Several submissions share one commit, each inside a savepoint of its own; the stop journal is
//! written (one sync for all) before the commit, the stop numbers are the last statements.

mod apply;
mod blocking;
mod correcting;
mod facts;
mod feedback;
mod joining;
mod letter;
mod publishing;
mod recording;
mod requests;
mod returned;
mod stops;
mod withdrawing;

use domain::{
    Timestamp,
    classification::Band,
    ids::{SubmissionId, TicketId},
    ticket_number::{StatusCode, TicketNumber},
};
use store::{StoreError, Transaction};

use crate::{
    Cases, CasesError, failpoint,
    submission::{Source, Submission},
};

pub use self::correcting::Consequences;
pub(crate) use self::{
    blocking::scope_words,
    correcting::Refiling,
    stops::{PendingStops, Stopped},
};

/// What became of a submission.
#[derive(Debug, Clone, PartialEq)]
pub struct Filed {
    /// Its row.
    pub submission: SubmissionId,
    /// The ticket it opened or joined; none when it was only noted.
    pub ticket: Option<FiledTicket>,
    /// The labels' words with their bands, auto and suggest only.
    pub labels: Vec<(&'static str, Band)>,
    /// Whether a block was set, or held already, for it.
    pub blocked: bool,
    /// Whether a reply was planned.
    pub replied: bool,
    /// Whether it had been filed before: nothing was done now.
    pub repeated: bool,
}

/// The ticket of a filed submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiledTicket {
    /// Its row.
    pub id: TicketId,
    /// The number a person quotes.
    pub number: TicketNumber,
    /// The code, when the ticket was opened now; of an older one only the digest is known.
    pub status_code: Option<StatusCode>,
}

/// Why one submission of a batch was not filed.
#[derive(Debug, thiserror::Error)]
pub enum FilingError {
    /// The database, the disk: nothing of the batch was filed; try again later.
    #[error(transparent)]
    Outage(CasesError),
    /// This submission alone cannot be filed; the others were.
    #[error(transparent)]
    Submission(CasesError),
}

impl Cases {
    /// Files submissions in one transaction. The results stand in the order of the submissions.
    ///
    /// # Errors
    /// [`FilingError::Outage`] when nothing could be filed; per submission see the results.
    pub async fn file(
        &self,
        submissions: &[Submission],
    ) -> Result<Vec<Result<Filed, FilingError>>, FilingError> {
        let mut results = self.file_once(submissions).await?;
        for (submission, result) in submissions.iter().zip(&mut results) {
            let Err(FilingError::Submission(CasesError::Store(StoreError::Duplicate { .. }))) =
                result
            else {
                continue;
            };
            // Filed before (by us, or by another node at the same time), or a drawn number was
            // taken: look, and if it is not there file it alone.
            *result = match self.filed_before(submission).await {
                Ok(Some(filed)) => Ok(filed),
                Ok(None) => match self.file_once(std::slice::from_ref(submission)).await?.pop() {
                    Some(result) => result,
                    None => continue,
                },
                Err(error) => return Err(FilingError::Outage(error)),
            };
        }
        Ok(results)
    }

    async fn file_once(
        &self,
        submissions: &[Submission],
    ) -> Result<Vec<Result<Filed, FilingError>>, FilingError> {
        let outage = |error: StoreError| FilingError::Outage(CasesError::Store(error));
        let transaction = self.parts.store.begin().await.map_err(outage)?;
        self.lock_stop_keys(&transaction, submissions).await.map_err(FilingError::Outage)?;
        // Read under the lock, so that the instants of events follow the order of their commits.
        let now = self.parts.clock.now();
        let mut stops = PendingStops::default();
        let mut results = Vec::with_capacity(submissions.len());
        for submission in submissions {
            let result = self.file_in_savepoint(&transaction, submission, &mut stops, now).await;
            match result {
                Err(error) if error.is_outage() => return Err(FilingError::Outage(error)),
                other => results.push(other.map_err(FilingError::Submission)),
            }
        }
        self.commit(transaction, stops, now).await.map_err(FilingError::Outage)?;
        Ok(results)
    }

    async fn file_in_savepoint(
        &self,
        transaction: &Transaction,
        submission: &Submission,
        stops: &mut PendingStops,
        now: Timestamp,
    ) -> Result<Filed, CasesError> {
        let savepoint = transaction.savepoint().await?;
        let kept = stops.len();
        match self.file_one(&savepoint, submission, stops, now).await {
            Ok(filed) => {
                savepoint.commit().await?;
                Ok(filed)
            }
            Err(error) => {
                stops.truncate(kept);
                savepoint.rollback().await?;
                Err(error)
            }
        }
    }

    /// Numbers the stops, commits, and tells whoever waits for stops and deliveries.
    pub(crate) async fn commit(
        &self,
        transaction: Transaction,
        stops: PendingStops,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        if !stops.is_empty()
            && let Err(error) = self.parts.journal.append(stops.intents()).await
        {
            // The stop commits all the same; the journal catches up from the database.
            tracing::error!(%error, "the stop journal cannot be written");
            let detail =
                "the stop journal cannot be written: check its disk; it catches up by itself";
            store::alarms::raise(&transaction, "stop_journal", detail, now).await?;
        }
        failpoint::hit("before_commit");
        let numbered = store::stops::number_all(&transaction, &stops.ids()).await?;
        transaction.commit().await?;
        failpoint::hit("after_commit");
        if !numbered.is_empty() {
            self.parts.store.stops_moved().notify_waiters();
            if let Err(error) = self.parts.journal.committed(&numbered).await {
                tracing::warn!(%error, "the stop journal lacks commits; it catches up by itself");
            }
        }
        self.parts.store.deliveries_planned().notify_waiters();
        Ok(())
    }

    pub(crate) async fn lock_stop_keys(
        &self,
        transaction: &Transaction,
        submissions: &[Submission],
    ) -> Result<(), CasesError> {
        let mut digests: Vec<_> = submissions
            .iter()
            .filter_map(Submission::requester)
            // Under every key: two nodes in the middle of a key's rotation must meet here.
            .flat_map(|address| self.parts.digests.address_all(&address))
            .map(|digests| digests.stop)
            .collect();
        // All at once and sorted: a key that is locked later could close a circle of two batches
        // that wait for each other.
        for submission in submissions {
            digests.extend(self.keys_of_returned(transaction, submission).await?);
        }
        Ok(store::stops::lock(transaction, &digests).await?)
    }

    /// What became of a submission that was filed before.
    async fn filed_before(&self, submission: &Submission) -> Result<Option<Filed>, CasesError> {
        let store = &self.parts.store;
        let row = match &submission.source {
            Source::Message(id) => store::submissions::of_message(store, *id).await?,
            Source::Form { key, .. } => store::submissions::of_form(store, *key).await?,
        };
        let Some(row) = row else { return Ok(None) };
        let ticket = match row.ticket {
            None => None,
            Some(id) => store::tickets::by_id(store, id).await?.and_then(|ticket| {
                let number = TicketNumber::parse(&ticket.number).ok()?;
                Some(FiledTicket { id, number, status_code: None })
            }),
        };
        Ok(Some(Filed {
            submission: row.id,
            ticket,
            labels: Vec::new(),
            blocked: false,
            replied: false,
            repeated: true,
        }))
    }
}
