//! The words of a refusal: article and reasons, checked and sealed.

use store::{decisions::DecisionRow, tickets::TicketRow};

use super::{
    deciding::{REASONS_CONTEXT, Refusal},
    refused,
};
use crate::{Cases, CasesError};

impl Cases {
    pub(super) async fn seal_refusal(
        &self,
        ticket: &TicketRow,
        refusal: &Refusal,
    ) -> Result<Vec<u8>, CasesError> {
        let clause = refusal.clause.trim();
        if !domain::law::is_article(clause) {
            let why = "a refusal names act and article that allow it, and no other words, such as `152-ФЗ ст. 14 ч. 8`; see `consentry request show`";
            return Err(refused("refusal_needs_clause", why));
        }
        if refusal.reasons.trim().chars().count() < 10 {
            let why = "a refusal says why, in words that the person understands";
            return Err(refused("refusal_needs_reasons", why));
        }
        let key = self.key_of_matter(ticket).await?;
        let plain = serde_json::to_vec(refusal).map_err(|_| CasesError::Content)?;
        Ok(self.parts.vault.seal(key, REASONS_CONTEXT, &plain, &*self.parts.entropy).await?)
    }

    /// The words of a proposed refusal.
    ///
    /// # Errors
    /// [`CasesError::Vault`] when its key is gone.
    pub async fn open_refusal(&self, row: &DecisionRow) -> Result<Refusal, CasesError> {
        let sealed = row.reasons.as_deref().ok_or(CasesError::Content)?;
        let plain = self.parts.vault.open_sealed(REASONS_CONTEXT, sealed).await?;
        serde_json::from_slice(&plain).map_err(|_| CasesError::Content)
    }
}
