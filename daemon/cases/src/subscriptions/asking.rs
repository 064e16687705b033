//! Somebody types an address: nothing is believed, one mail asks its mailbox.
//!
//! The answer is the same whatever is known of the address. All wishes of one act stand in one
//! mail with one token; it is not sent again within a day, nor at all when every list is
//! confirmed already. The mail is sealed under a key of its own, so that it can be destroyed.

use std::collections::BTreeSet;

use domain::{
    Timestamp,
    ambient::random_bytes,
    delivery::{Class, Occasion},
    digest::AddressDigests,
    form::CapturePoint,
    gate::Suppressed,
    ids::{AddressId, ContactId, DeliveryId, PolicyId, SubscriptionId, VaultKeyId},
    letter::LetterContent,
    subscription::{PENDING_DAYS, SubscriptionState},
};
use jiff::ToSpan;
use render::{MailName, mail::confirmation, wording};
use serde_json::{Value, json};
use store::{
    Transaction, consent_texts::ConsentTextRow, deliveries::NewDelivery, lists::ListRow,
    opt_ins::NewOptIn, policies::PolicyRow, subscriptions::SubscriptionRow,
};

use super::NewSubscription;
use crate::{Cases, CasesError, filing::PendingStops};

/// Most lists in one act.
const MOST_WISHES: usize = 20;
/// Most confirmation mails to one person in a day: nobody is bombed through our form.
const MOST_MAILS_A_DAY: i64 = 5;
/// Longest name that is kept.
const LONGEST_NAME: usize = 200;

/// A wish that can be granted: an open list and a text of it.
struct Wish {
    list: ListRow,
    text: ConsentTextRow,
}

/// A wish whose subscription waits for the mailbox now.
struct Waiting {
    wish: Wish,
    subscription: SubscriptionId,
}

/// Who is asked, as the transaction knows them.
struct Asked<'a> {
    new: &'a NewSubscription,
    address: AddressId,
    digests: Vec<AddressDigests>,
    policy: Option<PolicyRow>,
    now: Timestamp,
}

impl Cases {
    /// Takes a wish: a pending subscription for each list, and one confirmation mail. Returns the
    /// same for every address.
    ///
    /// # Errors
    /// [`CasesError::Refused`] `text_changed` when a list is not open, or text or policy are not
    /// the ones in force: the person must read them again; `no_wish` without any; else an outage.
    /// Nothing was taken then.
    pub async fn subscribe(&self, new: &NewSubscription) -> Result<(), CasesError> {
        let now = self.parts.clock.now();
        let entropy = &*self.parts.entropy;
        let wishes = self.wishes(new).await?;
        let policy = self.shown_policy(new, now).await?;
        // Made for every wish, so that the time it takes tells nothing either.
        let key = VaultKeyId::new(now, random_bytes(entropy));
        self.parts.vault.create_key(key, entropy).await?;
        let result = self.ask(new, wishes, policy, key).await;
        // After an outage nobody knows whether the commit became durable: the key stays.
        let is_unused = match &result {
            Ok(mailed) => !mailed,
            Err(error) => !error.is_outage(),
        };
        if is_unused {
            self.parts.vault.destroy_key(key).await?;
        }
        result.map(|_| ())
    }

    /// The lists and texts a wish names, if a person may be held to them.
    async fn wishes(&self, new: &NewSubscription) -> Result<Vec<Wish>, CasesError> {
        let store = self.store();
        if new.wishes.is_empty() || new.wishes.len() > MOST_WISHES {
            let reason = format!("ask for 1 to {MOST_WISHES} lists");
            return Err(CasesError::Refused { rule: "no_wish", reason });
        }
        let mut seen = BTreeSet::new();
        let mut wishes = Vec::new();
        for wish in &new.wishes {
            let list = store::lists::by_name(store, &wish.list).await?;
            let list = list.filter(|list| list.is_open && list.archived_at.is_none());
            let Some(list) = list else { return Err(changed()) };
            let text = store::consent_texts::newest(store, list.id, new.locale).await?;
            let Some(text) = text.filter(|text| text.id == wish.text) else {
                return Err(changed());
            };
            if seen.insert(list.id) {
                wishes.push(Wish { list, text });
            }
        }
        Ok(wishes)
    }

    async fn shown_policy(
        &self,
        new: &NewSubscription,
        now: Timestamp,
    ) -> Result<Option<PolicyRow>, CasesError> {
        let policy = store::policies::current(self.store(), new.locale, now).await?;
        // Without a policy in force no list is open: a consent could not say what stood beside it.
        if policy.as_ref().is_none_or(|policy| policy.version != new.policy_version) {
            return Err(changed());
        }
        Ok(policy)
    }

    /// The transaction of a wish; `true` when a mail was planned.
    async fn ask(
        &self,
        new: &NewSubscription,
        wishes: Vec<Wish>,
        policy: Option<PolicyRow>,
        key: VaultKeyId,
    ) -> Result<bool, CasesError> {
        let digests = self.parts.digests.address_all(&new.address);
        let keys: Vec<_> = digests.iter().map(|digests| digests.stop).collect();
        let transaction = self.store().begin().await?;
        store::stops::lock(&transaction, &keys).await?;
        let now = self.parts.clock.now();
        let day = now - 24.hours();
        if store::opt_ins::mailed_since(&transaction, &keys, day).await? >= MOST_MAILS_A_DAY {
            transaction.rollback().await?;
            return Ok(false);
        }
        let current = self.parts.digests.address(&new.address);
        let address =
            store::addresses::find_or_add(&transaction, &new.address, &current, now).await?;
        let asked = Asked { new, address, digests, policy, now };
        let waiting = self.await_confirmation(&transaction, &asked, wishes).await?;
        if waiting.is_empty() {
            transaction.rollback().await?;
            return Ok(false);
        }
        let token = hex::encode(random_bytes::<32>(&*self.parts.entropy));
        let (delivery, mail_id) =
            self.plan_confirmation(&transaction, &asked, &waiting, &token, key).await?;
        self.write_wishes(&transaction, &asked, &waiting, &token, (delivery, &mail_id)).await?;
        self.commit(transaction, PendingStops::default(), now).await?;
        Ok(true)
    }

    /// Makes the subscriptions that a mail must be sent for.
    async fn await_confirmation(
        &self,
        transaction: &Transaction,
        asked: &Asked<'_>,
        wishes: Vec<Wish>,
    ) -> Result<Vec<Waiting>, CasesError> {
        let now = asked.now;
        let held = store::subscriptions::of_address(transaction, asked.address).await?;
        let contacts = store::contacts::of_address(transaction, asked.address).await?;
        let suppressions =
            store::suppressions::outweighable(transaction, &asked.digests, now).await?;
        let mut waiting = Vec::new();
        for wish in wishes {
            let of_list: Vec<_> = held.iter().filter(|held| held.list == wish.list.id).collect();
            if of_list.iter().any(|held| stands(held, &suppressions)) {
                continue;
            }
            let chosen = chosen(&of_list);
            let subscription = match chosen {
                None => {
                    let contact = one(&contacts).filter(|_| of_list.is_empty());
                    let (list, address) = (wish.list.id, asked.address);
                    store::subscriptions::ask(transaction, list, contact, address, now).await?
                }
                Some(held) => {
                    let day = now - 24.hours();
                    if store::opt_ins::is_asked_since(transaction, held.id, day, now).await? {
                        continue;
                    }
                    // An imported one stands as claimed until its mailbox confirms.
                    if !matches!(held.state, SubscriptionState::Confirmed { .. }) {
                        store::subscriptions::ask_again(transaction, held, now).await?;
                    }
                    held.id
                }
            };
            waiting.push(Waiting { wish, subscription });
        }
        Ok(waiting)
    }

    /// The one mail: rendered, sealed, planned. Returns its row and its Message-ID.
    async fn plan_confirmation(
        &self,
        transaction: &Transaction,
        asked: &Asked<'_>,
        waiting: &[Waiting],
        token: &str,
        vault_key: VaultKeyId,
    ) -> Result<(DeliveryId, String), CasesError> {
        let entropy = &*self.parts.entropy;
        let settings = &self.parts.settings;
        let locale = asked.new.locale;
        let context = self.confirmation_context(asked, waiting, token);
        let mail = self.parts.renderer.mail(MailName::Confirmation, locale, &context)?;
        let random: [u8; 16] = random_bytes(entropy);
        let mail_id = format!("{}@{}", hex::encode(random), settings.mail_id_domain);
        let content = LetterContent {
            subject: mail.subject,
            text: mail.text,
            html: mail.html,
            references: Vec::new(),
            in_reply_to: None,
            automatic: true,
        };
        let plain = serde_json::to_vec(&content).map_err(|_| CasesError::Content)?;
        let context = LetterContent::seal_context(&mail_id);
        let sealed = self.parts.vault.seal(vault_key, &context, &plain, entropy).await?;
        let days = i64::from(settings.reply_expires_after_days.max(1)).min(PENDING_DAYS);
        let new = NewDelivery {
            class: Class::Confirmation,
            occasion: Occasion::Confirmation,
            topic: "",
            ticket: None,
            submission: None,
            address: asked.address,
            stop_digest: self.parts.digests.address(&asked.new.address).stop,
            mail_id: &mail_id,
            mail_id_digest: self.parts.digests.message_id(&mail_id),
            content: &sealed,
            vault_key,
            expires_at: asked.now + (days * 24).hours(),
        };
        let id = store::deliveries::plan(transaction, &new, asked.now).await?;
        Ok((id, mail_id))
    }

    fn confirmation_context(
        &self,
        asked: &Asked<'_>,
        waiting: &[Waiting],
        token: &str,
    ) -> confirmation::Confirmation {
        let settings = &self.parts.settings;
        let locale = asked.new.locale;
        let instant = |at| wording::instant(at, &settings.zone, locale);
        let policy = asked.policy.as_ref();
        let url = policy.map(|policy| policy.url.as_str()).filter(|url| !url.is_empty());
        let wishes = waiting.iter().map(|Waiting { wish: Wish { list, text }, .. }| {
            let title = list.title(locale);
            confirmation::Wish::new(title, &text.advertiser, &text.body, text.version)
        });
        confirmation::Confirmation {
            asked_at: instant(asked.now),
            wishes: wishes.collect(),
            confirm_url: format!("{}/subscribe/confirm/{token}", settings.public_url),
            expires_at: instant(expires_at(asked.now)),
            organisation: settings.organisation.clone(),
            contact: settings.contact.clone(),
            policy_url: url.unwrap_or(&settings.policy_url).to_owned(),
            policy_version: policy.map_or_else(String::new, |policy| policy.version.clone()),
        }
    }

    async fn write_wishes(
        &self,
        transaction: &Transaction,
        asked: &Asked<'_>,
        waiting: &[Waiting],
        token: &str,
        (delivery, mail_id): (DeliveryId, &str),
    ) -> Result<(), CasesError> {
        let name: String = asked.new.name.trim().chars().take(LONGEST_NAME).collect();
        let policy: Option<PolicyId> = asked.policy.as_ref().map(|policy| policy.id);
        let evidence = evidence(asked.new).to_string();
        for Waiting { wish, subscription } in waiting {
            let row = NewOptIn {
                subscription: *subscription,
                token: self.parts.digests.token(token),
                delivery,
                mail_id,
                name: &name,
                locale: asked.new.locale,
                text: wish.text.id,
                policy,
                evidence: &evidence,
                expires_at: expires_at(asked.now),
            };
            store::opt_ins::add(transaction, &row, asked.now).await?;
            let subject = format!("subscription:{subscription}");
            let detail = json!({
                "list": wish.list.id, "text": wish.text.id, "policy": policy, "delivery": delivery,
            });
            store::audit::append(transaction, "visitor", "asked", &subject, &detail, asked.now)
                .await?;
        }
        Ok(())
    }
}

fn changed() -> CasesError {
    let reason = "a list is not open, or its text or the policy changed meanwhile: show them again";
    CasesError::Refused { rule: "text_changed", reason: reason.to_owned() }
}

fn expires_at(now: Timestamp) -> Timestamp {
    SubscriptionState::Pending { since_at: now }.expires_at().unwrap_or(Timestamp::MAX)
}

/// Whether a subscription needs no confirmation: its consent can be shown, and the person has not
/// left everything, or been erased, since.
fn stands(held: &SubscriptionRow, suppressions: &[Suppressed]) -> bool {
    matches!(held.state, SubscriptionState::Confirmed { .. })
        && held.consent.is_some()
        && suppressions.iter().all(|suppressed| suppressed.is_outweighed_by(held.opted_in_at))
}

/// The subscription of a list that a wish is for: the one that waits already, else the only one.
fn chosen<'a>(of_list: &[&'a SubscriptionRow]) -> Option<&'a SubscriptionRow> {
    let pending =
        |held: &&&SubscriptionRow| matches!(held.state, SubscriptionState::Pending { .. });
    match (of_list.iter().find(pending), of_list) {
        (Some(held), _) => Some(held),
        (None, [only]) => Some(only),
        (None, _) => None,
    }
}

fn one(contacts: &[ContactId]) -> Option<ContactId> {
    match contacts {
        [one] => Some(*one),
        _ => None,
    }
}

/// What the wish itself shows; becomes part of the consent event's evidence. Of what a program
/// hands in we saw the program alone: the person's act and page are what it claims.
fn evidence(new: &NewSubscription) -> Value {
    let capture = &new.capture;
    if capture.point == CapturePoint::Api {
        return json!({
            "capture_point": capture.point.name(),
            "claimed_act": capture.act.name(),
            "claimed_page": capture.visitor.page,
            "caller_ip": capture.visitor.ip,
            "caller_user_agent": capture.visitor.user_agent,
            "locale": new.locale.code(),
        });
    }
    json!({
        "capture_point": capture.point.name(),
        "act": capture.act.name(),
        "page": capture.visitor.page,
        "ip": capture.visitor.ip,
        "user_agent": capture.visitor.user_agent,
        "locale": new.locale.code(),
    })
}
