//! What the loop asks the ledger between claims: is anything due, is everything settled, does a row
//! stand there that nobody has in hand?

use store::StoreError;
use store::deliveries::{self, Change, Stream};
use tokio::sync::mpsc;

use super::Engine;
use super::settling::Report;
use crate::error::MailingError;

/// Gives back the rows of a claim whose commit was not answered: they are claimed in this epoch
/// and nobody has them in hand.
pub(super) async fn give_back_lost(engine: &Engine) -> Result<(), StoreError> {
    let parts = &engine.parts;
    let now = parts.clock.now();
    let held = deliveries::claimed_by(&parts.store, &parts.node).await?;
    let changes: Vec<Change> = held
        .marks
        .iter()
        .filter(|mark| mark.epoch == engine.epoch && !engine.in_hand.has(mark.id))
        .filter_map(|mark| Change::given_back(mark, now))
        .collect();
    if changes.is_empty() {
        return Ok(());
    }
    let transaction = parts.store.begin().await?;
    let changed = deliveries::apply(&transaction, &parts.node, &changes, now).await?;
    transaction.commit().await?;
    if !changed.is_empty() {
        tracing::warn!(mails = changed.len(), "mails given back whose claim was lost");
    }
    Ok(())
}

/// Whether anything is due that this dispatch may claim.
pub(super) async fn is_any_due(engine: &Engine) -> Result<bool, StoreError> {
    let parts = &engine.parts;
    let stream = match (parts.stream, &parts.bulk) {
        // Nobody to send campaigns as.
        (Stream::Bulk, None) => return Ok(false),
        (Stream::All, None) => Stream::Hello,
        (stream, _) => stream,
    };
    deliveries::is_any_due(&parts.store, stream, parts.clock.now()).await
}

/// Whether nothing waits for the ledger and nothing became due meanwhile.
pub(super) async fn is_settled(
    engine: &Engine,
    reports: &mpsc::Sender<Report>,
) -> Result<bool, MailingError> {
    if reports.capacity() < reports.max_capacity() {
        return Ok(false);
    }
    let held = deliveries::claimed_by(&engine.parts.store, &engine.parts.node).await?;
    let due = is_any_due(engine).await?;
    Ok(held.marks.is_empty() && held.misfits.is_empty() && !due)
}
