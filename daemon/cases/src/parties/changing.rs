//! What was corrected, for those who have it: the new value goes to whoever has the field, and to
//! nobody else (152-ФЗ ст. 21 ч. 2; GDPR art. 19).

use domain::webhook::Change;

use super::notifying::{PreparedNotices, Told};

impl PreparedNotices {
    /// Notices of these corrections: whoever has none of the fields is not told.
    #[must_use]
    pub fn of_changes(mut self, changes: &[Change]) -> Self {
        self.changes = changes.to_vec();
        self.to.retain(|told| changes.iter().any(|change| has(told, change)));
        self
    }

    /// The corrections of what a recipient has.
    pub(super) fn changes_for<'a>(
        &'a self,
        told: &'a Told,
    ) -> impl Iterator<Item = &'a Change> + use<'a> {
        self.changes.iter().filter(|change| has(told, change))
    }
}

fn has(told: &Told, change: &Change) -> bool {
    told.has.contains(&change.field)
}
