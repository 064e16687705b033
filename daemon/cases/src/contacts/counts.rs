//! What became of the rows of a file, by reason: every row is taken, skipped or refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The counts of one import. `rows` = `taken` + all of `skipped` + all of `refused`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Records of the file, without its header.
    pub rows: u64,
    /// Rows whose contact is here now.
    pub taken: u64,
    /// Contacts that were made for them.
    pub contacts_made: u64,
    /// Rows whose contact was here.
    pub contacts_found: u64,
    /// Contacts whose empty fields were filled.
    pub contacts_filled: u64,
    /// Subscriptions that were made.
    pub subscribed: u64,
    /// Rows whose subscription was here.
    pub subscribed_before: u64,
    /// Rows whose contact is here but was not put on the list, by reason.
    pub not_subscribed: BTreeMap<String, u64>,
    /// Claimed consents that were written down.
    pub consents: u64,
    /// Those of them that name a signed paper: they wait for `contact attest`.
    pub on_paper: u64,
    /// Consents that were written down before.
    pub consents_before: u64,
    /// Rows without an affirmative act or its time: no consent is claimed for them.
    pub without_consent: u64,
    /// Rows that were passed over, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// Rows that could not be read, by reason.
    pub refused: BTreeMap<String, u64>,
}

impl Counts {
    pub(super) fn refuse(&mut self, reason: &str) {
        self.rows += 1;
        *self.refused.entry(reason.to_owned()).or_default() += 1;
    }

    pub(super) fn skip(&mut self, reason: &str) {
        self.rows += 1;
        *self.skipped.entry(reason.to_owned()).or_default() += 1;
    }

    pub(super) fn leave_off(&mut self, reason: &str) {
        *self.not_subscribed.entry(reason.to_owned()).or_default() += 1;
    }

    /// Whether every row is accounted for.
    #[must_use]
    pub fn add_up(&self) -> bool {
        let others: u64 = self.skipped.values().chain(self.refused.values()).sum();
        self.rows == self.taken + others
            && self.taken == self.contacts_made + self.contacts_found
            && self.taken
                == self.subscribed
                    + self.subscribed_before
                    + self.not_subscribed.values().sum::<u64>()
    }
}
