//! The mailbox confirms: by POST only, since scanners open every link.
//!
//! One transaction under the lock of the stop key: contact found or made, consent event of grade
//! proven with everything that shows it, subscription confirmed. The second of two POSTs at once
//! finds the wish confirmed and writes nothing.

use domain::{
    Timestamp,
    address::EmailAddress,
    consent::{ConsentAct, Grade},
    gate::SuppressionReason,
    ids::{AddressId, ContactId},
    subscription::SubscriptionState,
};
use serde_json::{Value, json};
use store::{
    Session, Transaction,
    consent_texts::ConsentTextRow,
    consents::NewConsentEvent,
    contacts::NewContact,
    lists::ListRow,
    opt_ins::OptInRow,
    policies::PolicyRow,
    subscriptions::{Confirmation, SubscriptionRow},
};

use super::{ConfirmationShown, ConfirmationState, Confirmed, ConfirmedList, Visitor};
use crate::{Cases, CasesError, filing::PendingStops};

/// What a wish refers to, as it is written down.
struct Behind {
    list: ListRow,
    text: ConsentTextRow,
    policy: Option<PolicyRow>,
}

/// The mailbox that confirms.
struct Mailbox {
    id: AddressId,
    contact: ContactId,
}

impl Cases {
    /// What the link of a confirmation mail stands for; changes nothing. `None` for a token that
    /// is none of ours, or whose wish was destroyed.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn confirmation(&self, token: &str) -> Result<Option<ConfirmationShown>, CasesError> {
        let store = self.store();
        let now = self.parts.clock.now();
        let digests = self.parts.digests.token_all(token);
        let wishes = store::opt_ins::of_token(store, &digests).await?;
        let Some(first) = wishes.first() else { return Ok(None) };
        let erased_at = self.erased_at(store, first, now).await?;
        let fresh: Vec<_> =
            wishes.iter().filter(|wish| is_fresh(wish, erased_at)).cloned().collect();
        let state = state_of(&fresh, now);
        let locale = first.locale;
        let mut lists = Vec::new();
        for wish in wishes.iter().filter(|wish| is_told(wish, state, now)) {
            let Some(text) = store::consent_texts::by_id(store, wish.text).await? else { continue };
            let Some(list) = store::lists::by_id(store, text.list).await? else { continue };
            let title = list.title(locale).to_owned();
            lists.push(ConfirmedList { name: list.name, title, text: text.body });
        }
        Ok(Some(ConfirmationShown { state, locale, lists }))
    }

    /// Confirms what the link stands for.
    ///
    /// # Errors
    /// [`CasesError`]; nothing was confirmed then.
    pub async fn confirm(&self, token: &str, visitor: &Visitor) -> Result<Confirmed, CasesError> {
        let digests = self.parts.digests.token_all(token);
        let transaction = self.store().begin().await?;
        let Some(address) = self.lock_wishes(&transaction, &digests).await? else {
            return Ok(Confirmed::Unknown);
        };
        let now = self.parts.clock.now();
        // Read again under the lock.
        let mut wishes = store::opt_ins::of_token(&transaction, &digests).await?;
        let Some(first) = wishes.first() else { return Ok(Confirmed::Unknown) };
        let erased_at = self.erased_at(&transaction, first, now).await?;
        wishes.retain(|wish| is_fresh(wish, erased_at));
        match state_of(&wishes, now) {
            ConfirmationState::Confirmed => return Ok(Confirmed::Already),
            ConfirmationState::Expired => return Ok(Confirmed::Expired),
            ConfirmationState::Open => {}
        }
        let mut confirmed = Vec::new();
        let mut whose = Vec::new();
        let mut found = None;
        for wish in wishes.iter().filter(|wish| is_told(wish, ConfirmationState::Open, now)) {
            let mailbox = self.mailbox(&transaction, wish, &address, &mut found, now).await?;
            confirmed.push(self.confirm_one(&transaction, wish, &mailbox, visitor, now).await?);
            whose.push(mailbox.contact);
        }
        whose.sort_unstable();
        whose.dedup();
        self.ask_about_blocks(&transaction, &address, &whose, &confirmed, now).await?;
        self.commit(transaction, PendingStops::default(), now).await?;
        Ok(Confirmed::Now)
    }

    /// When the person of a wish was erased last, if ever.
    async fn erased_at(
        &self,
        session: &impl Session,
        wish: &OptInRow,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, CasesError> {
        let held = store::subscriptions::by_id(session, wish.subscription).await?;
        let Some(address) = held.and_then(|held| held.address) else { return Ok(None) };
        let Some(clear) = store::addresses::clear(session, address).await? else {
            return Ok(None);
        };
        let digests = self.parts.digests.address_all(&clear);
        let found = store::suppressions::outweighable(session, &digests, now).await?;
        let erased = found.iter().filter(|one| one.reason == SuppressionReason::Erased);
        Ok(erased.map(|one| one.since_at).max())
    }

    /// Locks the person whose wishes these are; `None` when there are none.
    async fn lock_wishes(
        &self,
        transaction: &Transaction,
        digests: &[domain::digest::Digest],
    ) -> Result<Option<EmailAddress>, CasesError> {
        let wishes = store::opt_ins::of_token(transaction, digests).await?;
        let Some(wish) = wishes.first() else { return Ok(None) };
        let held = store::subscriptions::by_id(transaction, wish.subscription).await?;
        let Some(address) = held.and_then(|held| held.address) else { return Ok(None) };
        let Some(clear) = store::addresses::clear(transaction, address).await? else {
            return Ok(None);
        };
        let all = self.parts.digests.address_all(&clear);
        let keys: Vec<_> = all.iter().map(|digests| digests.stop).collect();
        store::stops::lock(transaction, &keys).await?;
        Ok(Some(clear))
    }

    /// The mailbox and the contact of a wish: the one whose subscription it is, else the one of
    /// the whole mail, `found` if exactly one has the address, or made.
    async fn mailbox(
        &self,
        transaction: &Transaction,
        wish: &OptInRow,
        address: &EmailAddress,
        found: &mut Option<ContactId>,
        now: Timestamp,
    ) -> Result<Mailbox, CasesError> {
        let digests = self.parts.digests.address(address);
        let id = store::addresses::find_or_add(transaction, address, &digests, now).await?;
        let held = store::subscriptions::by_id(transaction, wish.subscription).await?;
        if let Some(contact) = held.and_then(|held| held.contact).or(*found) {
            return Ok(Mailbox { id, contact });
        }
        let contacts = store::contacts::of_address(transaction, id).await?;
        let contact = match contacts.as_slice() {
            [known] => *known,
            _ => {
                let zone = self.parts.settings.zone.iana_name().unwrap_or("UTC");
                let contact = NewContact {
                    name: wish.name.clone(),
                    phone: String::new(),
                    locale: wish.locale.code().to_owned(),
                    zone: zone.to_owned(),
                    source: "double_opt_in".to_owned(),
                };
                let made = store::contacts::add(transaction, &contact, now).await?;
                store::contacts::give_address(transaction, made, id, now).await?;
                let subject = format!("contact:{made}");
                let detail = json!({ "source": "double_opt_in" });
                store::audit::append(transaction, "subject", "made", &subject, &detail, now)
                    .await?;
                made
            }
        };
        *found = Some(contact);
        Ok(Mailbox { id, contact })
    }

    async fn confirm_one(
        &self,
        transaction: &Transaction,
        wish: &OptInRow,
        mailbox: &Mailbox,
        visitor: &Visitor,
        now: Timestamp,
    ) -> Result<SubscriptionRow, CasesError> {
        let behind = self.behind(transaction, wish).await?;
        let held = self.subscription_of(transaction, wish, mailbox).await?;
        let own = format!("{}/subscribe/confirm", self.parts.settings.public_url);
        let page = if visitor.page.is_empty() { own } else { visitor.page.clone() };
        let visitor = Visitor { page, ..visitor.clone() };
        let evidence = evidence(wish, &behind, &visitor, now).to_string();
        let event = NewConsentEvent {
            contact: Some(mailbox.contact),
            address: Some(mailbox.id),
            purpose: behind.list.purpose,
            list: Some(&behind.list.name),
            act: ConsentAct::Confirmed,
            grade: Grade::Proven,
            capture_point: &capture_point(wish),
            evidence: &evidence,
            submission: None,
            text: Some(wish.text),
            policy: wish.policy,
            subscription: Some(held.id),
            delivery: wish.delivery,
            import: None,
            actor: None,
        };
        let consent = store::consents::append(transaction, &event, now).await?;
        let confirmation = Confirmation { contact: mailbox.contact, consent };
        store::subscriptions::confirm(transaction, &held, confirmation, now).await?;
        store::opt_ins::confirm(transaction, wish.id, now).await?;
        let detail = json!({
            "event": consent, "grade": "proven", "method": "double_opt_in", "text": wish.text,
            "policy": wish.policy, "delivery": wish.delivery, "contact": mailbox.contact,
        });
        let subject = format!("subscription:{}", held.id);
        store::audit::append(transaction, "subject", "confirmed", &subject, &detail, now).await?;
        Ok(held)
    }

    /// The subscription a wish is for. When the contact has one already (imported since), the
    /// pending one of nobody gives way to it.
    async fn subscription_of(
        &self,
        transaction: &Transaction,
        wish: &OptInRow,
        mailbox: &Mailbox,
    ) -> Result<SubscriptionRow, CasesError> {
        let missing = || CasesError::Store(store::StoreError::Conflict { what: "subscription" });
        let held = store::subscriptions::by_id(transaction, wish.subscription).await?;
        let held = held.ok_or_else(missing)?;
        if held.contact.is_some() {
            return Ok(held);
        }
        let mut others = store::subscriptions::of_address(transaction, mailbox.id).await?;
        others.retain(|other| other.list == held.list && other.contact == Some(mailbox.contact));
        match others.pop() {
            Some(other) => {
                store::subscriptions::merge(transaction, held.id, other.id).await?;
                Ok(other)
            }
            None => Ok(held),
        }
    }

    async fn behind(
        &self,
        transaction: &Transaction,
        wish: &OptInRow,
    ) -> Result<Behind, CasesError> {
        let text = store::consent_texts::by_id(transaction, wish.text).await?;
        let text = text.ok_or(CasesError::Content)?;
        let list = store::lists::by_id(transaction, text.list).await?;
        let policy = match wish.policy {
            Some(id) => store::policies::by_id(transaction, id).await?,
            None => None,
        };
        Ok(Behind { list: list.ok_or(CasesError::Content)?, text, policy })
    }

    /// A confirmation does not lift a block: only a person does.
    async fn ask_about_blocks(
        &self,
        transaction: &Transaction,
        address: &EmailAddress,
        contacts: &[ContactId],
        confirmed: &[SubscriptionRow],
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let digests = self.parts.digests.address_all(address);
        let keys: Vec<_> = digests.iter().map(|digests| digests.stop).collect();
        let blocks = store::blocks::active_for(transaction, &keys, contacts).await?;
        let Some(ticket) = blocks.first().map(|block| block.ticket) else { return Ok(()) };
        let ids = |ids: Vec<String>| ids.join(",");
        let detail = format!(
            "subscriptions {}; blocks {}: the person subscribed while blocked, look whether to lift",
            ids(confirmed.iter().map(|held| held.id.to_string()).collect()),
            ids(blocks.iter().map(|block| block.id.to_string()).collect()),
        );
        let name = "subscribed_while_blocked";
        store::tasks::open(transaction, name, ticket, None, &detail, now).await?;
        Ok(())
    }
}

/// Only a fresh wish outweighs an erasure (DESIGN invariant 8): not the link of one from before it.
fn is_fresh(wish: &OptInRow, erased_at: Option<Timestamp>) -> bool {
    erased_at.is_none_or(|erased_at| wish.asked_at >= erased_at)
}

/// Where a link stands: it waits while one of its wishes can be confirmed.
fn state_of(wishes: &[OptInRow], now: Timestamp) -> ConfirmationState {
    if wishes.iter().any(|wish| is_told(wish, ConfirmationState::Open, now)) {
        ConfirmationState::Open
    } else if wishes.iter().any(|wish| wish.confirmed_at.is_some()) {
        ConfirmationState::Confirmed
    } else {
        ConfirmationState::Expired
    }
}

/// Whether a wish belongs to what a link in this state stands for.
fn is_told(wish: &OptInRow, state: ConfirmationState, now: Timestamp) -> bool {
    match state {
        ConfirmationState::Open => {
            let pending = SubscriptionState::Pending { since_at: wish.asked_at };
            wish.confirmed_at.is_none() && now < wish.expires_at && pending.confirm(now).is_ok()
        }
        ConfirmationState::Confirmed => wish.confirmed_at.is_some(),
        ConfirmationState::Expired => true,
    }
}

fn capture(wish: &OptInRow) -> Value {
    serde_json::from_str(&wish.evidence).unwrap_or(Value::Null)
}

fn capture_point(wish: &OptInRow) -> String {
    capture(wish)["capture_point"].as_str().unwrap_or("subscription_form").to_owned()
}

/// Everything that shows the consent (DESIGN §5, "Consent").
fn evidence(wish: &OptInRow, behind: &Behind, visitor: &Visitor, now: Timestamp) -> Value {
    let policy = behind.policy.as_ref().map(|policy| {
        json!({
            "id": policy.id, "version": policy.version, "locale": policy.locale.code(),
            "url": policy.url, "sha256": hex::encode(policy.sha256),
        })
    });
    json!({
        "method": "double_opt_in",
        "purpose": behind.list.purpose.name(),
        "list": behind.list.name,
        "advertiser": behind.text.advertiser,
        "text": {
            "id": behind.text.id, "version": behind.text.version,
            "locale": behind.text.locale.code(), "sha256": hex::encode(behind.text.sha256),
        },
        "policy": policy,
        "asked": capture(wish),
        "asked_at": wish.asked_at,
        "mail": { "message_id": wish.mail_id, "delivery": wish.delivery },
        "confirmed_at": now,
        "confirmed": {
            "act": "button", "page": visitor.page, "ip": visitor.ip,
            "user_agent": visitor.user_agent,
        },
    })
}
