//! What nobody confirmed within seven days is destroyed (FAS guide 410/24: nothing of it stays).
//!
//! Three steps, each harmless to repeat: under the lock of the person the mail is retired, so that
//! nobody claims it and nothing in it can be confirmed; its key is destroyed, so that no copy of
//! its content opens; the rows go. A death after any of them leaves the wish in place, and the next
//! call takes it up again.

use domain::Timestamp;
use serde_json::json;
use store::{Transaction, opt_ins::ExpiredMail, submissions::ConfirmationAnswer};

use crate::{Cases, CasesError, failpoint};

impl Cases {
    /// Destroys up to `limit` confirmation mails, with all wishes in them, whose time is over;
    /// returns how many. Called now and then by the process.
    ///
    /// # Errors
    /// [`CasesError`] in an outage; what was destroyed stays destroyed.
    pub async fn expire_pending(&self, limit: u32) -> Result<usize, CasesError> {
        let now = self.parts.clock.now();
        let mut destroyed = 0;
        for mail in store::opt_ins::expired(self.store(), now, limit).await? {
            match self.expire(&mail, now).await {
                Ok(true) => destroyed += 1,
                Ok(false) => {}
                Err(error) if error.is_outage() => return Err(error),
                Err(error) => {
                    tracing::warn!(delivery.id = mail.delivery.0, %error, "an expired wish stays until the next look");
                }
            }
        }
        Ok(destroyed)
    }

    async fn expire(&self, mail: &ExpiredMail, now: Timestamp) -> Result<bool, CasesError> {
        let transaction = self.store().begin().await?;
        let keys = self.keys_of_address(&transaction, mail.address).await?;
        store::stops::lock(&transaction, &keys).await?;
        // Under the lock: a wish of this mail may have been confirmed since we looked.
        let Some(mail) = store::opt_ins::expired_mail(&transaction, mail.delivery, now).await?
        else {
            return Ok(false);
        };
        if !mail.is_evidence {
            if !store::opt_ins::retire(&transaction, mail.delivery, now).await? {
                return Ok(false);
            }
            let answers = store::submissions::answers_to(&transaction, mail.delivery).await?;
            transaction.commit().await?;
            failpoint::hit("wish_retired");
            if let Some(key) = mail.vault_key {
                self.parts.vault.destroy_key(key).await?;
            }
            self.destroy_answers(&answers).await?;
            failpoint::hit("wish_key_destroyed");
            let transaction = self.store().begin().await?;
            store::stops::lock(&transaction, &keys).await?;
            if store::submissions::answers_to(&transaction, mail.delivery).await? != answers {
                // Another came meanwhile: the next look destroys it, too.
                return Ok(false);
            }
            for answer in &answers {
                store::submissions::empty(&transaction, answer.id).await?;
            }
            self.destroy_wishes(&transaction, &mail, now).await?;
            transaction.commit().await?;
        } else {
            self.destroy_wishes(&transaction, &mail, now).await?;
            transaction.commit().await?;
        }
        Ok(true)
    }

    /// What came back of the mail, a bounce or an automatic answer, names the typed address.
    async fn destroy_answers(&self, answers: &[ConfirmationAnswer]) -> Result<(), CasesError> {
        for answer in answers {
            if let Some(object) = answer.object {
                self.parts.vault.delete(object).await?;
            }
            if let Some(key) = answer.vault_key {
                self.parts.vault.destroy_key(key).await?;
            }
        }
        Ok(())
    }

    async fn destroy_wishes(
        &self,
        transaction: &Transaction,
        mail: &ExpiredMail,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        for wish in store::opt_ins::vain_wishes_of(transaction, mail.delivery, now).await? {
            store::opt_ins::destroy(transaction, wish.id).await?;
            let held = store::subscriptions::by_id(transaction, wish.subscription).await?;
            let is_pending = held.as_ref().filter(|held| held.state.name() == "pending");
            let Some(held) = is_pending else { continue };
            if store::opt_ins::is_any_left(transaction, held.id).await? {
                continue;
            }
            if held.left_at.is_some() {
                store::subscriptions::go_back(transaction, held.id).await?;
            } else {
                store::subscriptions::destroy(transaction, held.id).await?;
            }
            let subject = format!("subscription:{}", held.id);
            let detail = json!({ "delivery": mail.delivery });
            store::audit::append(transaction, "consentry", "expired", &subject, &detail, now)
                .await?;
        }
        if !mail.is_evidence {
            store::opt_ins::destroy_mail(transaction, mail.delivery).await?;
            store::subscriptions::forget_address(transaction, mail.address).await?;
        }
        Ok(())
    }
}
