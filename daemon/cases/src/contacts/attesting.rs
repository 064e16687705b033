//! `contact attest`: the signed papers of an import become proven consents, on the word of an
//! operator who did not import them.

use domain::ids::ImportId;
use serde_json::json;

use crate::{Cases, CasesError};

/// Events looked at in one transaction.
const CHUNK: u32 = 2000;

impl Cases {
    /// Attests all paper rows of an import; returns how many are proven now by this call. May die
    /// anywhere and be called again.
    ///
    /// # Errors
    /// [`CasesError::Refused`] by `four_eyes` for the importer, by `import_unfinished`.
    pub async fn attest_import(&self, import: ImportId, actor: &str) -> Result<u64, CasesError> {
        let Some(row) = store::imports::by_id(self.store(), import).await? else {
            let text = format!("there is no import {import}; `contact import` prints its number");
            return Err(CasesError::Settings(text));
        };
        if row.actor.trim().to_lowercase() == actor.trim().to_lowercase() {
            let reason = "who imported the papers cannot attest them; another operator looks at \
                          them and attests with --actor NAME";
            return Err(CasesError::Refused { rule: "four_eyes", reason: reason.to_owned() });
        }
        if row.finished_at.is_none() {
            let reason = "it did not come to its end; run the same `contact import` again first";
            return Err(CasesError::Refused {
                rule: "import_unfinished",
                reason: reason.to_owned(),
            });
        }
        let subject = format!("import:{import}");
        let (mut all, mut after) = (0, Some(0));
        while let Some(from) = after {
            let now = self.parts.clock.now();
            let transaction = self.store().begin().await?;
            let done =
                store::imports::attest_chunk(&transaction, import, from, CHUNK, actor, now).await?;
            if done.attested > 0 {
                let detail = json!({ "consents": done.attested });
                store::audit::append(&transaction, actor, "attested", &subject, &detail, now)
                    .await?;
            }
            if done.next.is_none() {
                store::imports::finish_attestation(&transaction, import, now).await?;
            }
            transaction.commit().await?;
            all += done.attested;
            after = done.next;
        }
        Ok(all)
    }
}
