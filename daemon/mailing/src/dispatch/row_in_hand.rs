//! A claimed row between its claim and its START, and how far it has been gated.
//!
//! All of them stand in one place, so that a stop that moves the sequence is answered by one look
//! for all instead of one for each (`regating`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::ids::{DeliveryId, StopNumber};
use store::deliveries::{ClaimedDelivery, Recipient};

use super::judging::Judgement;

/// A row in hand.
#[derive(Debug)]
pub(super) struct RowInHand {
    pub(super) delivery: ClaimedDelivery,
    pub(super) recipient: Recipient,
    /// On the boot clock; START is forbidden from then on.
    pub(super) deadline: Duration,
    gated: Mutex<Gated>,
}

/// What the gate said last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gated {
    /// The stops that it has seen.
    pub(super) at: StopNumber,
    /// That it may not go after all.
    pub(super) kept: Option<Judgement>,
}

impl RowInHand {
    pub(super) fn new(
        delivery: ClaimedDelivery,
        recipient: Recipient,
        gated_at: StopNumber,
        deadline: Duration,
    ) -> Self {
        let gated = Mutex::new(Gated { at: gated_at, kept: None });
        Self { delivery, recipient, deadline, gated }
    }

    pub(super) fn gated(&self) -> Gated {
        *self.lock()
    }

    /// The gate has seen the stops up to `at` and lets the row go.
    pub(super) fn may_go(&self, at: StopNumber) {
        let mut gated = self.lock();
        gated.at = gated.at.max(at);
    }

    /// The gate keeps the row.
    pub(super) fn keep(&self, at: StopNumber, judgement: Judgement) {
        *self.lock() = Gated { at, kept: Some(judgement) };
    }

    fn lock(&self) -> MutexGuard<'_, Gated> {
        self.gated.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The rows that wait for their START.
#[derive(Default)]
pub(super) struct Waiting {
    rows: Mutex<HashMap<DeliveryId, Arc<RowInHand>>>,
    /// One asks for all, the others wait for its answer.
    pub(super) asking: tokio::sync::Mutex<()>,
}

impl Waiting {
    pub(super) fn add(&self, row: &Arc<RowInHand>) {
        self.rows().insert(row.delivery.id, Arc::clone(row));
    }

    pub(super) fn remove(&self, row: &RowInHand) {
        self.rows().remove(&row.delivery.id);
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<Arc<RowInHand>> {
        self.rows().values().cloned().collect()
    }

    fn rows(&self) -> MutexGuard<'_, HashMap<DeliveryId, Arc<RowInHand>>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
