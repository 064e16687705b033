//! Acts listed and opened; that one was opened stands in the audit log.

use domain::{
    Timestamp,
    act::{Act, ActNumber},
};
use jiff::civil::Date;

use crate::{Cases, CasesError};

/// An act as it stands in a listing: nothing of it is personal data.
#[derive(Debug, Clone)]
pub struct ActListing {
    /// Its number.
    pub number: ActNumber,
    /// When it was drawn up.
    pub made_at: Timestamp,
    /// The day on which it is destroyed.
    pub destroy_on: Date,
    /// When it was.
    pub destroyed_at: Option<Timestamp>,
}

impl Cases {
    /// One page of acts, newest first.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn acts(
        &self,
        before: Option<ActNumber>,
        limit: u32,
    ) -> Result<Vec<ActListing>, CasesError> {
        let rows = store::kept_records::acts(self.store(), before, limit).await?;
        let listed = rows.into_iter().filter_map(|row| {
            Some(ActListing {
                number: row.number?,
                made_at: row.made_at,
                destroy_on: row.destroy_on,
                destroyed_at: row.destroyed_at,
            })
        });
        Ok(listed.collect())
    }

    /// One act with its extract; that it was opened, and for what (`read` or `export`), is written
    /// into the audit log.
    ///
    /// # Errors
    /// [`CasesError::NotFound`]; [`CasesError::Refused`] (`act_destroyed`) when its three years
    /// are over, (`act_unchanged`) when it is not what was drawn up.
    pub async fn act(&self, number: &str, purpose: &str, actor: &str) -> Result<Act, CasesError> {
        let missing = || CasesError::NotFound { what: "act", id: number.to_owned() };
        let parsed = ActNumber::parse(number).map_err(|_| missing())?;
        let row =
            store::kept_records::act_by_number(self.store(), parsed).await?.ok_or_else(missing)?;
        if row.destroyed_at.is_some() {
            let reason = format!("{parsed} was kept for three years and destroyed then");
            return Err(CasesError::Refused { rule: "act_destroyed", reason });
        }
        let act: Act = self.open_kept(&row).await?.ok_or_else(missing)?;
        if act.opened_extract().is_none() {
            let reason =
                format!("the extract of {parsed} does not have the hash that the act names");
            return Err(CasesError::Refused { rule: "act_unchanged", reason });
        }
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        let detail = serde_json::json!({ "number": parsed.to_string() });
        let subject = format!("kept_record:{}", row.id);
        store::audit::append(&transaction, actor, purpose, &subject, &detail, now).await?;
        transaction.commit().await?;
        Ok(act)
    }
}
