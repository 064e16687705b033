//! Corrected submissions as examples for the training of the model, as long as they can be opened.

use domain::{classification::Kind, ids::SubmissionId};
use serde_json::{Value, json};
use store::corrections::CorrectionRow;

use super::{Judgement, judgement_of};
use crate::{Cases, CasesError};

/// Rows that are read in one go.
const AT_ONCE: u32 = 100;

/// Examples in the format of `tests/corpus/authored/FORMAT.md`; personal data, prints nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Examples {
    /// One JSON object each.
    pub lines: Vec<String>,
    /// How many corrected submissions could not be opened any more.
    pub gone: usize,
    /// How many tell of health or hold numbers of papers: they are left out.
    pub special: usize,
}

impl std::fmt::Debug for Examples {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Examples({} lines, {} gone)", self.lines.len(), self.gone)
    }
}

impl Cases {
    /// All corrected submissions whose text can still be opened, each as what the last correction
    /// says of it; the handing out is written into the audit log first.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn examples(&self, actor: &str) -> Result<Examples, CasesError> {
        let mut examples = Examples { lines: Vec::new(), gone: 0, special: 0 };
        let mut after = SubmissionId(0);
        loop {
            let rows = store::corrections::counting(self.store(), after, AT_ONCE).await?;
            let Some(last) = rows.last() else { break };
            after = last.submission;
            for row in &rows {
                match self.example(row).await? {
                    Some(Some(example)) => examples.lines.push(example.to_string()),
                    Some(None) => examples.special += 1,
                    None => examples.gone += 1,
                }
            }
        }
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        let detail = json!({ "count": examples.lines.len() });
        let (act, subject) = ("examples_exported", "classifier:examples");
        store::audit::append(&transaction, actor, act, subject, &detail, now).await?;
        transaction.commit().await?;
        Ok(examples)
    }

    /// `None` when it is gone, `Some(None)` when what is special in it keeps it from an export.
    async fn example(
        &self,
        correction: &CorrectionRow,
    ) -> Result<Option<Option<Value>>, CasesError> {
        let row = store::submissions::by_id(self.store(), correction.submission).await?;
        let Some(row) = row else { return Ok(None) };
        let Some(content) = self.open_content(&row).await else { return Ok(None) };
        if !crate::special::hide(&mut content.clone()).is_empty() {
            return Ok(Some(None));
        }
        let Some(found) = &content.classification else { return Ok(None) };
        let judgement: Judgement = judgement_of(correction)?;
        // Of other kinds the format has no labels.
        let mut labels: Vec<&str> = Vec::new();
        if judgement.kind == Kind::Human {
            labels.extend(judgement.labels.iter().map(|label| label.name()));
            labels.extend(judgement.marks.iter().map(|mark| mark.name()));
        }
        Ok(Some(Some(json!({
            "id": format!("submission-{}", row.id),
            "author": "corrections",
            "lang": row.language,
            "kind": judgement.kind,
            "labels": labels,
            "accept": [],
            "scene": "corrected by a person",
            "noise": [],
            "headers": { "Subject": content.subject },
            "text": content.text,
            "html": null,
            "charset": "utf-8",
            "transfer": "8bit",
            "new_text": found.new_text,
        }))))
    }
}
