//! Letters of a matter that are not the answer of filing: challenge, notices, answers.
//!
//! Each is a row of the ledger, written in the transaction of the step that owes it, sealed under
//! the key of the matter: the contact's, or one of the ticket's own.

use domain::{
    Timestamp,
    ambient::random_bytes,
    delivery::{Class, Occasion},
    ids::{AddressId, DeliveryId, VaultKeyId},
    letter::LetterContent,
};
use jiff::ToSpan;
use render::{MailName, RenderedMail, mail::CaseLetter, wording};
use store::{
    StoreError, Transaction, deliveries::NewDelivery, requests::RequestRow, tickets::TicketRow,
};

use crate::{Cases, CasesError};

/// A letter to be planned.
#[derive(Debug)]
pub(crate) struct CaseMail<'a> {
    /// The matter.
    pub(crate) ticket: &'a TicketRow,
    /// To whom: for challenge, package and answers the address on file.
    pub(crate) to: AddressId,
    /// What it is in the ledger.
    pub(crate) occasion: Occasion,
    /// Which template.
    pub(crate) name: MailName,
    /// What it says.
    pub(crate) letter: CaseLetter,
    /// The key under which it is sealed, from [`Cases::key_of_matter`].
    pub(crate) key: VaultKeyId,
}

impl Cases {
    /// The key under which is sealed what people of ours write about a matter: the contact's key,
    /// or one of the ticket's own. It is durable before a row names it; call it before the
    /// transaction begins.
    pub(crate) async fn key_of_matter(&self, ticket: &TicketRow) -> Result<VaultKeyId, CasesError> {
        let entropy = &*self.parts.entropy;
        // While the data of the contact are destroyed, its key is on its way out: what is written
        // now is under the ticket's own.
        let contact = match ticket.contact {
            Some(contact)
                if !store::subject_keys::is_destroyed(self.store(), ticket.id).await? =>
            {
                Some(contact)
            }
            _ => None,
        };
        let held = match contact {
            Some(contact) => store::subject_keys::of_contact(self.store(), contact).await?,
            None => ticket.vault_key,
        };
        if let Some(key) = held {
            return Ok(key);
        }
        let fresh = VaultKeyId::new(self.parts.clock.now(), random_bytes(entropy));
        self.parts.vault.create_key(fresh, entropy).await?;
        let transaction = self.store().begin().await?;
        let given = match contact {
            Some(contact) => store::subject_keys::give(&transaction, contact, fresh).await,
            None => store::tickets::give_key(&transaction, ticket.id, fresh).await,
        };
        if let Err(StoreError::Conflict { .. }) = given {
            // A destruction began meanwhile; the key opens nothing.
            self.parts.vault.destroy_key(fresh).await?;
        }
        let given = given?;
        transaction.commit().await?;
        if given != fresh {
            self.parts.vault.destroy_key(fresh).await?;
        }
        Ok(given)
    }

    /// A letter about a request with what every one of them says; the caller fills in the rest.
    pub(crate) fn case_letter(
        &self,
        ticket: &TicketRow,
        request: Option<&RequestRow>,
    ) -> CaseLetter {
        let settings = &self.parts.settings;
        let locale = ticket.locale;
        CaseLetter {
            ticket_number: ticket.number.clone(),
            request: request
                .map(|request| wording::request(request.name, locale).to_owned())
                .unwrap_or_default(),
            received_at: request
                .map(|request| wording::instant(request.received_at, &settings.zone, locale))
                .unwrap_or_default(),
            organisation: settings.organisation.clone(),
            contact: settings.contact.clone(),
            policy_url: settings.policy_url.clone(),
            ..CaseLetter::default()
        }
    }

    /// Writes a letter into the ledger, in the language of its ticket.
    pub(crate) async fn plan_case_letter(
        &self,
        transaction: &Transaction,
        mail: CaseMail<'_>,
        now: Timestamp,
    ) -> Result<DeliveryId, CasesError> {
        let rendered = self.parts.renderer.mail(mail.name, mail.ticket.locale, &mail.letter)?;
        self.plan_rendered(transaction, &mail, rendered, now).await
    }

    async fn plan_rendered(
        &self,
        transaction: &Transaction,
        mail: &CaseMail<'_>,
        rendered: RenderedMail,
        now: Timestamp,
    ) -> Result<DeliveryId, CasesError> {
        let entropy = &*self.parts.entropy;
        let clear = store::addresses::clear(transaction, mail.to)
            .await?
            .ok_or_else(|| CasesError::NotFound { what: "address", id: mail.to.to_string() })?;
        let digests = self.parts.digests.address(&clear);
        let random: [u8; 16] = random_bytes(entropy);
        let mail_id = format!("{}@{}", hex::encode(random), self.parts.settings.mail_id_domain);
        let content = LetterContent {
            subject: rendered.subject,
            text: rendered.text,
            html: rendered.html,
            references: Vec::new(),
            in_reply_to: None,
            automatic: false,
        };
        let plain = serde_json::to_vec(&content).map_err(|_| CasesError::Content)?;
        let context = LetterContent::seal_context(&mail_id);
        let sealed = self.parts.vault.seal(mail.key, &context, &plain, entropy).await?;
        let days = i64::from(self.parts.settings.reply_expires_after_days.max(1));
        let new = NewDelivery {
            class: Class::Statutory,
            occasion: mail.occasion,
            topic: mail.name.folder(),
            ticket: Some(mail.ticket.id),
            submission: None,
            address: mail.to,
            stop_digest: digests.stop,
            mail_id: &mail_id,
            mail_id_digest: self.parts.digests.message_id(&mail_id),
            content: &sealed,
            vault_key: mail.key,
            expires_at: now + (days * 24).hours(),
        };
        Ok(store::deliveries::plan(transaction, &new, now).await?)
    }
}
