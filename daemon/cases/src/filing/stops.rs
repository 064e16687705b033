//! The stops of a transaction on their way: recorded in the database, collected for the journal.

use domain::{
    Timestamp,
    digest::AddressDigests,
    ids::{BlockId, ContactId, JournalEntryId, SubmissionId},
    journal::{ScopeWords, StopIntent},
};
use store::{
    Transaction,
    stops::{NewStop, StopKind},
};

use crate::{Cases, CasesError};

/// Stops that a transaction has recorded and not yet numbered.
#[derive(Debug, Default)]
pub(crate) struct PendingStops(Vec<StopIntent>);

impl PendingStops {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets those after the first `len`, whose savepoint was undone.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    pub(crate) fn intents(&self) -> &[StopIntent] {
        &self.0
    }

    pub(crate) fn ids(&self) -> Vec<JournalEntryId> {
        self.0.iter().map(|intent| intent.id).collect()
    }
}

/// A stop to be recorded.
pub(crate) struct Stopped<'a> {
    pub(crate) kind: StopKind,
    /// `full`, `marketing`, `fields:phone`, `withdrawal:newsletter` …
    pub(crate) scope: &'a str,
    /// Under every digest key in use, current first.
    pub(crate) digests: Vec<AddressDigests>,
    pub(crate) contact: Option<ContactId>,
    pub(crate) block: Option<BlockId>,
    pub(crate) submission: Option<SubmissionId>,
}

impl Cases {
    /// Records a stop in the transaction and keeps it for the journal.
    pub(crate) async fn record_stop(
        &self,
        transaction: &Transaction,
        stopped: Stopped<'_>,
        pending: &mut PendingStops,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let id = JournalEntryId::new(now, domain::ambient::random_bytes(&*self.parts.entropy));
        let new = NewStop {
            journal: id,
            kind: stopped.kind,
            scope: stopped.scope.to_owned(),
            digests: stopped.digests.clone(),
            contact: stopped.contact,
            block: stopped.block,
            submission: stopped.submission,
        };
        store::stops::record(transaction, &new, now).await?;
        let act = stopped.kind.act();
        let scope = ScopeWords::parse(stopped.scope).map_err(|_| CasesError::Content)?;
        pending.0.push(StopIntent { id, at: now, act, digests: stopped.digests, scope });
        Ok(())
    }
}
