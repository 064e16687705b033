//! Versions of the privacy policy: written down as they were published, so that a consent can
//! show what the person could read beside it.

use domain::{Timestamp, ids::PolicyId, language::Locale};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use store::{
    StoreError,
    policies::{NewPolicy, PolicyRow},
};

use crate::{Cases, CasesError, lists::check_body};

/// A version to be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyToAdd {
    /// Its name, such as `2026-01`.
    pub version: String,
    /// Its language.
    pub locale: Locale,
    /// Where it is published; empty for the address in the configuration.
    pub url: String,
    /// The words.
    pub body: String,
    /// From when it holds.
    pub effective_from_at: Timestamp,
}

impl Cases {
    /// Writes a version down.
    ///
    /// # Errors
    /// [`CasesError::Refused`] when name, address or words cannot stand, or the version is there.
    pub async fn add_policy(
        &self,
        policy: &PolicyToAdd,
        actor: &str,
    ) -> Result<(PolicyId, [u8; 32]), CasesError> {
        check_body("policy_text", &policy.body)?;
        check(policy)?;
        let now = self.parts.clock.now();
        let sha256: [u8; 32] = Sha256::digest(policy.body.as_bytes()).into();
        let new = NewPolicy {
            version: &policy.version,
            locale: policy.locale,
            // What the page shows: evidence must not name another place than the person saw.
            url: if policy.url.is_empty() { &self.parts.settings.policy_url } else { &policy.url },
            body: &policy.body,
            sha256,
            effective_from_at: policy.effective_from_at,
            created_by: actor,
        };
        let transaction = self.store().begin().await?;
        let id = match store::policies::add(&transaction, &new, now).await {
            Err(StoreError::Duplicate { .. }) => {
                let (version, locale) = (&policy.version, policy.locale.code());
                let reason = format!(
                    "version `{version}` ({locale}) is there and is never changed: give the new wording a new name"
                );
                return Err(CasesError::Refused { rule: "policy_exists", reason });
            }
            other => other?,
        };
        let detail = json!({
            "version": policy.version, "locale": policy.locale.code(), "sha256": hex::encode(sha256),
        });
        let subject = format!("policy:{id}");
        store::audit::append(&transaction, actor, "made", &subject, &detail, now).await?;
        transaction.commit().await?;
        Ok((id, sha256))
    }

    /// The version that holds now in a language.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn policy_in_force(&self, locale: Locale) -> Result<Option<PolicyRow>, CasesError> {
        Ok(store::policies::current(self.store(), locale, self.parts.clock.now()).await?)
    }

    /// All versions, oldest first.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn policies(&self) -> Result<Vec<PolicyRow>, CasesError> {
        Ok(store::policies::all(self.store()).await?)
    }
}

fn check(policy: &PolicyToAdd) -> Result<(), CasesError> {
    let refuse = |rule, reason: &str| Err(CasesError::Refused { rule, reason: reason.to_owned() });
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if policy.version.is_empty()
        || policy.version.len() > 40
        || !policy.version.chars().all(is_word)
    {
        return refuse("policy_version", "a version is 1 to 40 letters, digits, dots and hyphens");
    }
    let has_scheme = policy.url.starts_with("https://") || policy.url.starts_with("http://");
    let is_plain = !policy.url.chars().any(|c| c.is_control() || c.is_whitespace());
    let fits = policy.url.is_empty() || (has_scheme && is_plain);
    if !fits {
        return refuse("policy_url", "an address begins with https://");
    }
    Ok(())
}
