//! A campaign is sent to our own people to look at, before anybody else gets it.
//!
//! A test mail is a ledger row like every other mail, of class staff, sealed under a key of its
//! own; it leaves by the daemon. It goes to addresses of our own domains alone: it needs no
//! consent only because no subscriber can get it.

use domain::{
    Timestamp,
    address::EmailAddress,
    ambient::random_bytes,
    delivery::{Class, Occasion},
    ids::{DeliveryId, VaultKeyId},
    language::Locale,
    letter::LetterContent,
};
use jiff::ToSpan;
use render::campaign::RenderedCampaign;
use store::{Transaction, deliveries::NewDelivery};

use super::{Step, audited, find, hash_of};
use crate::{Cases, CasesError, filing::PendingStops};

/// More at once is not a test.
const MOST_ADDRESSES: usize = 20;

/// A test is looked at today or not at all.
const EXPIRES_AFTER_HOURS: i64 = 24;

impl Cases {
    /// Plans a test mail to each address; returns their rows.
    ///
    /// # Errors
    /// [`CasesError::Refused`] by `own_domains` for an address that is not ours, by
    /// `test_addresses` for none or too many, by `template`; [`CasesError::NotFound`];
    /// [`CasesError::Store`], [`CasesError::Vault`].
    pub async fn test_campaign(
        &self,
        campaign: &str,
        to: &[EmailAddress],
        actor: &str,
    ) -> Result<Vec<DeliveryId>, CasesError> {
        self.check_addresses(to)?;
        let now = self.parts.clock.now();
        let row = find(self.store(), campaign).await?;
        let mail = self.render_sample(self.store(), &row).await?;
        // The key is durable before a row names it.
        let entropy = &*self.parts.entropy;
        let vault_key = VaultKeyId::new(now, random_bytes(entropy));
        self.parts.vault.create_key(vault_key, entropy).await?;
        let transaction = self.store().begin().await?;
        let mut planned = Vec::with_capacity(to.len());
        for address in to {
            let test = TestMail { mail: &mail, locale: row.content.locale, vault_key };
            planned.push(self.plan_test(&transaction, address, test, now).await?);
        }
        let step = Step { actor, act: "tested" };
        audited(&transaction, row.id, hash_of(&row), step, now).await?;
        self.commit(transaction, PendingStops::default(), now).await?;
        Ok(planned)
    }

    fn check_addresses(&self, to: &[EmailAddress]) -> Result<(), CasesError> {
        if !(1..=MOST_ADDRESSES).contains(&to.len()) {
            let reason = format!("a test goes to 1 to {MOST_ADDRESSES} addresses");
            return Err(CasesError::Refused { rule: "test_addresses", reason });
        }
        if !to.iter().all(|address| self.parts.settings.is_own(address)) {
            let reason = "a test goes to addresses of our own domains alone; see \
                          `organisation.domains`, or look with `campaign preview`";
            return Err(CasesError::Refused { rule: "own_domains", reason: reason.to_owned() });
        }
        Ok(())
    }

    async fn plan_test(
        &self,
        transaction: &Transaction,
        address: &EmailAddress,
        test: TestMail<'_>,
        now: Timestamp,
    ) -> Result<DeliveryId, CasesError> {
        let entropy = &*self.parts.entropy;
        let random: [u8; 16] = random_bytes(entropy);
        let mail_id = format!("{}@{}", hex::encode(random), self.parts.settings.mail_id_domain);
        let content = LetterContent {
            subject: format!("{} {}", mark(test.locale), test.mail.subject),
            text: test.mail.text.clone(),
            html: Some(test.mail.html.clone()),
            in_reply_to: None,
            references: Vec::new(),
            automatic: true,
        };
        let plain = serde_json::to_vec(&content).map_err(|_| CasesError::Content)?;
        let context = LetterContent::seal_context(&mail_id);
        let sealed = self.parts.vault.seal(test.vault_key, &context, &plain, entropy).await?;
        let digests = self.parts.digests.address(address);
        let id = store::addresses::find_or_add(transaction, address, &digests, now).await?;
        let new = NewDelivery {
            class: Class::Staff,
            occasion: Occasion::Alarm,
            topic: "campaign_test",
            ticket: None,
            submission: None,
            address: id,
            stop_digest: digests.stop,
            mail_id: &mail_id,
            mail_id_digest: self.parts.digests.message_id(&mail_id),
            content: &sealed,
            vault_key: test.vault_key,
            expires_at: now + EXPIRES_AFTER_HOURS.hours(),
        };
        Ok(store::deliveries::plan(transaction, &new, now).await?)
    }
}

/// What the test mails of one call share.
#[derive(Clone, Copy)]
struct TestMail<'a> {
    mail: &'a RenderedCampaign,
    locale: Locale,
    vault_key: VaultKeyId,
}

fn mark(locale: Locale) -> &'static str {
    match locale {
        Locale::Ru => "[Тест]",
        Locale::En => "[Test]",
    }
}
