//! `contact attest`: the signed papers of an import become proven consents, on the word of an
//! operator who did not import them, and who names the words that were signed where the file does
//! not.

use domain::{campaign::rules::is_same_person, ids::ImportId};
use serde_json::json;
use store::imports::Attesting;

use crate::{Cases, CasesError};

/// Events looked at in one transaction.
const CHUNK: u32 = 2000;

/// What an attestation did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attested {
    /// Papers that are proven now.
    pub proven: u64,
    /// Papers left as they were: their list is archived.
    pub archived_list: u64,
    /// Papers left as they were: their rows name words that we do not have.
    pub unknown_text: u64,
}

impl Cases {
    /// Attests all papers of an import; returns how many are proven now by this call.
    ///
    /// # Errors
    /// As for [`Cases::attest_papers`].
    pub async fn attest_import(&self, import: ImportId, actor: &str) -> Result<u64, CasesError> {
        Ok(self.attest_papers(import, None, actor).await?.proven)
    }

    /// Attests all papers of an import. Where a row names no version of the consent text it is
    /// `version`, else the newest text that was there on the document's date, else the first. May
    /// die anywhere and be called again.
    ///
    /// # Errors
    /// [`CasesError::Refused`] by `four_eyes` for the importer, by `import_unfinished`, by
    /// `consent_text` when a list has no words that could have been signed.
    pub async fn attest_papers(
        &self,
        import: ImportId,
        version: Option<i64>,
        actor: &str,
    ) -> Result<Attested, CasesError> {
        self.check_attestation(import, version, actor).await?;
        let subject = format!("import:{import}");
        let (mut all, mut after) = (Attested::default(), Some(0));
        while let Some(from) = after {
            let now = self.parts.clock.now();
            let transaction = self.store().begin().await?;
            let attesting = Attesting { import, version, actor, now };
            let done = store::imports::attest_chunk(&transaction, &attesting, from, CHUNK).await?;
            if done.attested > 0 {
                let detail = json!({ "consents": done.attested, "text_version": version });
                store::audit::append(&transaction, actor, "attested", &subject, &detail, now)
                    .await?;
            }
            transaction.commit().await?;
            all.proven += done.attested;
            all.archived_list += done.archived_list;
            all.unknown_text += done.unknown_text;
            after = done.next;
        }
        Ok(all)
    }

    async fn check_attestation(
        &self,
        import: ImportId,
        version: Option<i64>,
        actor: &str,
    ) -> Result<(), CasesError> {
        let Some(row) = store::imports::by_id(self.store(), import).await? else {
            let text = format!("there is no import {import}; `contact import` prints its number");
            return Err(CasesError::Settings(text));
        };
        let refused = |rule, reason: &str| Err(CasesError::Refused { rule, reason: reason.into() });
        if is_same_person(&row.actor, actor) {
            let reason = "who imported the papers cannot attest them; another operator looks at \
                          them and attests with --actor NAME";
            return refused("four_eyes", reason);
        }
        if row.finished_at.is_none() {
            let reason = "it did not come to its end; run the same `contact import` again first";
            return refused("import_unfinished", reason);
        }
        match store::imports::list_without_text(self.store(), import, version).await? {
            Some(list) => Err(no_text(&list, version)),
            None => Ok(()),
        }
    }
}

/// A paper proves nothing without the words that were signed.
pub(super) fn no_text(list: &str, version: Option<i64>) -> CasesError {
    let what = version.map_or_else(
        || "no consent text".to_owned(),
        |version| format!("no consent text of version {version}"),
    );
    let reason = format!(
        "the list `{list}` has {what}, so nobody could show what was signed; write the words of \
         the paper down with `consentry list text {list}`"
    );
    CasesError::Refused { rule: "consent_text", reason }
}
