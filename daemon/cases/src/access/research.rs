//! `export research`: counts of groups, never of people (152-ФЗ ст. 6 ч. 1 п. 9).

use serde_json::json;
use store::packages::ResearchRow;

use crate::{Cases, CasesError};

/// What is handed out.
#[derive(Debug, Clone)]
pub struct ResearchExport {
    /// The groups, none smaller than `least`.
    pub rows: Vec<ResearchRow>,
    /// The smallest group that is shown.
    pub least: u32,
}

impl Cases {
    /// Counts by language, month, purpose and state. Whoever is blocked is in no group, small groups
    /// are left out, and no total is told from which they could be reckoned. Noted before it is
    /// given out.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn export_research(&self, actor: &str) -> Result<ResearchExport, CasesError> {
        let least = self.parts.settings.requests.access.research_least.max(5);
        let rows = store::packages::research_rows(self.store(), i64::from(least)).await?;
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        // Nobody can be found in it, so nobody is to be told of it: it counts no contact.
        store::packages::note_export(&transaction, "research", actor, 0, now).await?;
        let detail = json!({ "what": "research", "rows": rows.len(), "least": least });
        store::audit::append(&transaction, actor, "exported", "contacts", &detail, now).await?;
        transaction.commit().await?;
        Ok(ResearchExport { rows, least })
    }
}
