//! The stops that mailing itself makes: a bounce in an SMTP reply, a campaign held by its breaker.
//!
//! They are collected while a transaction is open and committed with it, in the one order that
//! keeps the bound (DESIGN §3): written to the stop journal, numbered by the last statements,
//! committed, told to the senders of this process. Numbers are never given anywhere else.

use domain::{
    Timestamp,
    ambient::{Entropy, random_bytes},
    digest::AddressDigests,
    ids::{ContactId, JournalEntryId},
    journal::{ScopeWords, StopIntent},
};
use store::{
    Store, StoreError, Transaction, alarms,
    stops::{self, NewStop, StopKind},
};
use vault::StopJournal;

/// A stop to be recorded.
#[derive(Debug, Clone)]
pub struct Stopped<'a> {
    /// What sort.
    pub kind: StopKind,
    /// `suppression:hard_bounce`, `campaign:17` …
    pub scope: &'a str,
    /// Every address it holds for, under every digest key in use, current first; none for a
    /// whole campaign.
    pub digests: Vec<AddressDigests>,
    /// The contact, where one is known.
    pub contact: Option<ContactId>,
}

/// By what the journal knows a stop.
#[derive(Debug, Clone, Copy)]
pub struct StopMark {
    id: JournalEntryId,
    at: Timestamp,
}

impl StopMark {
    /// Of a stop that happens now.
    #[must_use]
    pub fn new(entropy: &dyn Entropy, now: Timestamp) -> Self {
        Self { id: JournalEntryId::new(now, random_bytes(entropy)), at: now }
    }
}

/// Stops that a transaction has recorded and not yet numbered. Dropped without
/// [`PendingStops::commit`] they never were: the transaction is undone with them.
#[derive(Debug, Default)]
#[must_use]
pub struct PendingStops {
    intents: Vec<StopIntent>,
}

impl PendingStops {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing was stopped.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.intents.is_empty()
    }

    /// Records a stop in the transaction and keeps it for the journal.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; [`StoreError::Defect`] for a scope that is not scope words.
    pub async fn record(
        &mut self,
        transaction: &Transaction,
        entropy: &dyn Entropy,
        stopped: Stopped<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.record_as(transaction, StopMark::new(entropy, now), stopped).await
    }

    /// As [`PendingStops::record`], under a mark that the caller keeps: a transaction that is tried
    /// again writes the same stop to the journal, not one more.
    ///
    /// # Errors
    /// As [`PendingStops::record`].
    pub async fn record_as(
        &mut self,
        transaction: &Transaction,
        StopMark { id, at }: StopMark,
        stopped: Stopped<'_>,
    ) -> Result<(), StoreError> {
        let scope = ScopeWords::parse(stopped.scope)
            .map_err(|_| StoreError::Defect("a stop has no scope words".to_owned()))?;
        let new = NewStop {
            journal: id,
            kind: stopped.kind,
            scope: stopped.scope.to_owned(),
            digests: stopped.digests.clone(),
            contact: stopped.contact,
            block: None,
            submission: None,
        };
        stops::record(transaction, &new, at).await?;
        let (act, digests) = (stopped.kind.act(), stopped.digests);
        self.intents.push(StopIntent { id, at, act, digests, scope });
        Ok(())
    }

    /// Writes the journal, numbers the stops and commits the transaction with everything else in
    /// it. A journal that cannot be written is an alarm, never a stop that does not hold: it
    /// catches up from the database by number.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: nothing is known to be stopped; do it again.
    pub async fn commit(
        self,
        transaction: Transaction,
        store: &Store,
        journal: &StopJournal,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if !self.is_empty()
            && let Err(error) = journal.append(&self.intents).await
        {
            tracing::error!(%error, "the stop journal cannot be written");
            let detail =
                "the stop journal cannot be written: check its disk; it catches up by itself";
            alarms::raise(&transaction, "stop_journal", detail, now).await?;
        }
        let ids: Vec<JournalEntryId> = self.intents.iter().map(|intent| intent.id).collect();
        let numbered = stops::number_all(&transaction, &ids).await?;
        transaction.commit().await?;
        if !numbered.is_empty() {
            store.stops_moved().notify_waiters();
            if let Err(error) = journal.committed(&numbered).await {
                tracing::warn!(%error, "the stop journal lacks commits; it catches up by itself");
            }
        }
        Ok(())
    }
}
