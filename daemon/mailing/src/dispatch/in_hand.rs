//! Which rows this process has in hand, from the claim until their end is in the ledger.
//!
//! A row that is claimed in our epoch and stands not here was taken by a claim whose commit was
//! not answered. Counted, since a row given back may be claimed again before its end is told.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::ids::DeliveryId;

#[derive(Debug, Default)]
pub(super) struct InHand(Mutex<HashMap<DeliveryId, usize>>);

impl InHand {
    /// A claimed row was handed out.
    pub(super) fn take(&self, delivery: DeliveryId) {
        *self.rows().entry(delivery).or_default() += 1;
    }

    /// Its end is in the ledger.
    pub(super) fn put_back(&self, delivery: DeliveryId) {
        let mut rows = self.rows();
        if let Some(count) = rows.get_mut(&delivery) {
            *count -= 1;
            if *count == 0 {
                rows.remove(&delivery);
            }
        }
    }

    pub(super) fn has(&self, delivery: DeliveryId) -> bool {
        self.rows().contains_key(&delivery)
    }

    fn rows(&self) -> MutexGuard<'_, HashMap<DeliveryId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
