//! The register of recipients: written down, ended, listed.

use domain::{
    address::EmailAddress,
    disclosure::CATEGORIES,
    ids::{ContactId, DisclosureId},
};
use store::{
    StoreError,
    disclosures::DisclosureRow,
    recipients::{NewRecipient, RecipientRow},
};

use crate::{Cases, CasesError};

impl Cases {
    /// All recipients, by name.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn recipients(&self) -> Result<Vec<RecipientRow>, CasesError> {
        Ok(store::recipients::all(self.store()).await?)
    }

    /// Writes a recipient down.
    ///
    /// # Errors
    /// [`CasesError::Refused`] when a value cannot be right or the name is taken.
    pub async fn add_recipient(
        &self,
        recipient: &NewRecipient,
        actor: &str,
    ) -> Result<(), CasesError> {
        check(recipient)?;
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let added = store::recipients::add(&transaction, recipient, actor, now).await;
        let id = match added {
            Err(StoreError::Duplicate { .. }) => {
                return Err(CasesError::Refused {
                    rule: "recipient_name_is_free",
                    reason: format!(
                        "there is a recipient `{}`; choose another name",
                        recipient.name
                    ),
                });
            }
            added => added?,
        };
        let detail = serde_json::json!({
            "role": recipient.role.name(), "country": recipient.country,
        });
        let subject = format!("recipient:{id}");
        store::audit::append(&transaction, actor, "recipient_added", &subject, &detail, now)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Ends the relation to a recipient: nothing more is disclosed to it. Who got data is still
    /// told what becomes of them.
    ///
    /// # Errors
    /// [`CasesError::NotFound`]; [`StoreError::Conflict`] when it ended already.
    pub async fn end_recipient(&self, name: &str, actor: &str) -> Result<(), CasesError> {
        let recipient = self.recipient(name).await?;
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        store::recipients::end(&transaction, recipient.id, actor, now).await?;
        let subject = format!("recipient:{}", recipient.id);
        let detail = serde_json::json!({});
        store::audit::append(&transaction, actor, "recipient_ended", &subject, &detail, now)
            .await?;
        Ok(transaction.commit().await?)
    }

    pub(super) async fn recipient(&self, name: &str) -> Result<RecipientRow, CasesError> {
        store::recipients::by_name(self.store(), name)
            .await?
            .ok_or_else(|| CasesError::NotFound { what: "recipient", id: name.to_owned() })
    }

    /// One page of the register of disclosures, newest first; of one contact, or of all. That a
    /// person's rows were read is audited.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn disclosures(
        &self,
        contact: Option<ContactId>,
        before: Option<DisclosureId>,
        limit: u32,
        actor: &str,
    ) -> Result<Vec<DisclosureRow>, CasesError> {
        let rows = store::disclosures::page(self.store(), contact, before, limit).await?;
        let now = self.parts.clock.now();
        let subject = contact.map_or("disclosures".to_owned(), |id| format!("contact:{id}"));
        let transaction = self.store().begin().await?;
        let detail = serde_json::json!({ "rows": rows.len() });
        store::audit::append(&transaction, actor, "disclosures_read", &subject, &detail, now)
            .await?;
        transaction.commit().await?;
        Ok(rows)
    }
}

fn check(recipient: &NewRecipient) -> Result<(), CasesError> {
    let refuse = |reason: &str| {
        Err(CasesError::Refused { rule: "recipient_is_complete", reason: reason.to_owned() })
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if recipient.name.is_empty() || recipient.name.len() > 64 || !recipient.name.chars().all(fits) {
        return refuse("the name has 1 to 64 letters, digits, `-`, `_` and `.`");
    }
    if recipient.title.trim().is_empty() {
        return refuse("give the full name with --title");
    }
    let is_country =
        recipient.country.len() == 2 && recipient.country.chars().all(|c| c.is_ascii_uppercase());
    if !is_country {
        return refuse("give the country as two capital letters (ISO 3166-1), such as RU");
    }
    if !recipient.email.is_empty() && EmailAddress::parse(&recipient.email).is_err() {
        return refuse("the e-mail address for notices is no address");
    }
    if recipient.data.split_whitespace().any(|word| !CATEGORIES.contains(&word)) {
        return refuse(
            "categories are name, email, phone, letters, consents, purchases, training, health",
        );
    }
    if recipient.role == domain::disclosure::Role::Processor
        && recipient.agreement.trim().is_empty()
    {
        // 152-FZ art. 6(3): processing on our behalf rests on a contract.
        return refuse("a processor needs its contract: number and date with --agreement");
    }
    Ok(())
}
