//! A form entry is filed through the same function as a mail (policy clauses 5.2 and 5.3).

use domain::{
    authentication::SenderAuthentication,
    form::FormEntry,
    ids::{ObjectId, VaultKeyId},
    mail::{HeaderAddress, ReadMail},
};

use crate::{
    Cases, CasesError,
    filing::{Filed, FilingError},
    submission::{Content, Source, Submission},
};

impl Cases {
    /// Files a form entry: raw entry into the vault, then the filing transaction.
    ///
    /// # Errors
    /// [`CasesError`]; nothing was filed then.
    pub async fn file_form(&self, entry: &FormEntry) -> Result<Filed, CasesError> {
        let now = self.parts.clock.now();
        let entropy = &*self.parts.entropy;
        let object = ObjectId::new(now, domain::ambient::random_bytes(entropy));
        let vault_key = VaultKeyId::new(now, domain::ambient::random_bytes(entropy));
        let raw = serde_json::to_vec(&raw_entry(entry)).map_err(|_| CasesError::Content)?;
        self.parts.vault.put_with_new_key(object, vault_key, &raw, entropy).await?;
        let submission = Submission {
            source: Source::Form {
                key: entry.form_key,
                capture_point: entry.capture_point.name().to_owned(),
                policy_version: entry.policy_version.clone(),
            },
            received_at: now,
            object: Some(object),
            vault_key,
            authentication: SenderAuthentication::None,
            content: self.read_form(entry),
        };
        let filed = match self.file(std::slice::from_ref(&submission)).await {
            Ok(mut results) => {
                results.pop().unwrap_or(Err(FilingError::Submission(CasesError::Content)))
            }
            Err(error) => Err(error),
        };
        // After an outage nobody knows whether the commit became durable: the words stay. Only
        // when the same form was filed before, or this one was refused, does the copy belong to
        // nobody; if it cannot be taken away now, it stays sealed.
        let is_nobodys = match &filed {
            Ok(filed) => filed.repeated,
            Err(FilingError::Submission(_)) => true,
            Err(FilingError::Outage(_)) => false,
        };
        if is_nobodys {
            let _ = self.parts.vault.delete(object).await;
            let _ = self.parts.vault.destroy_key(vault_key).await;
        }
        filed.map_err(|(FilingError::Outage(error) | FilingError::Submission(error))| error)
    }

    fn read_form(&self, entry: &FormEntry) -> Content {
        let mut classification = classify::classify_text("", &entry.text, &self.parts.packs);
        if classification.language.is_none() {
            classification.language = Some(entry.locale.code().to_owned());
        }
        let mail = ReadMail {
            from: vec![HeaderAddress {
                name: entry.name.clone(),
                address: entry.email.expose().to_owned(),
            }],
            from_headers: 1,
            text: entry.text.clone(),
            ..ReadMail::default()
        };
        Content::Classified { mail: Box::new(mail), classification: Box::new(classification) }
    }
}

/// Everything the person sent and the evidence beside it, as it is sealed.
fn raw_entry(entry: &FormEntry) -> serde_json::Value {
    serde_json::json!({
        "name": entry.name,
        "email": entry.email.expose(),
        "phone": entry.phone,
        "text": entry.text,
        "capture_point": entry.capture_point.name(),
        "page": entry.page,
        "policy_version": entry.policy_version,
        "locale": entry.locale.code(),
        "remote_address": entry.remote_address,
        "user_agent": entry.user_agent,
    })
}
