//! Whoever has data of a person is told what became of them, by letter or by hand, with a
//! receipt.

use domain::{
    Timestamp,
    address::EmailAddress,
    ambient::random_bytes,
    delivery::{DeliveryStateName, Occasion},
    disclosure::{NoticeAct, NoticeState, has_data},
    ids::{ContactId, PlanId, RecipientNoticeId, RequestId, TicketId, VaultKeyId},
    webhook::Change,
};
use render::{MailName, mail::CaseLetter, wording};
use store::{
    Session, Transaction,
    recipients::{NewNotice, NoticeRow, RecipientRow},
    requests::RequestRow,
    tickets::TicketRow,
};

use super::wording::{corrected, done, locale_of};
use crate::{Cases, CasesError, letters::CaseMail};

/// Letters that are looked at in one pass.
const AT_ONCE: u32 = 200;

/// Notices to recipients, to be raised in the transaction of the act that they tell of.
#[derive(Debug)]
pub struct PreparedNotices {
    request: RequestRow,
    ticket: TicketRow,
    plan: Option<PlanId>,
    act: NoticeAct,
    person: Person,
    /// Values that were wrong, with what is right.
    pub(super) changes: Vec<Change>,
    pub(super) to: Vec<Told>,
}

/// A recipient that is told.
#[derive(Debug)]
pub(super) struct Told {
    recipient: RecipientRow,
    letter: Option<(EmailAddress, VaultKeyId)>,
    /// Which categories of the person's data it has.
    pub(super) has: Vec<String>,
}

/// By what recipients know the person: category and value.
struct Person(Vec<(&'static str, String)>);

impl Person {
    /// The values that a recipient has itself; one that has none of them gets the addresses, since
    /// it must be told of whom we speak.
    fn as_known_to(&self, has: &[String]) -> Vec<String> {
        let of = |knows: &dyn Fn(&str) -> bool| {
            let known = self.0.iter().filter(|(category, _)| knows(category));
            known.map(|(_, value)| value.clone()).collect::<Vec<_>>()
        };
        let known = of(&|category| has.iter().any(|one| one == category));
        if known.is_empty() { of(&|category| category == "email") } else { known }
    }
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Person(***)")
    }
}

impl PreparedNotices {
    /// Whether nobody is to be told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.to.is_empty()
    }

    /// The ticket of the matter.
    pub(crate) fn ticket(&self) -> TicketId {
        self.ticket.id
    }

    /// The request that they follow from.
    pub(crate) fn request(&self) -> RequestId {
        self.request.id
    }

    /// Who will be told, by title.
    pub fn titles(&self) -> impl Iterator<Item = &str> {
        self.to.iter().map(|told| told.recipient.title.as_str())
    }
}

impl Cases {
    /// Finds out who has data of a person and makes the keys of the letters to them. Call it
    /// before the transaction.
    ///
    /// # Errors
    /// [`CasesError::Store`], [`CasesError::Vault`].
    pub async fn prepare_recipient_notices(
        &self,
        session: &impl Session,
        (ticket, request): (&TicketRow, &RequestRow),
        plan: Option<PlanId>,
        contact: Option<ContactId>,
        act: NoticeAct,
    ) -> Result<PreparedNotices, CasesError> {
        let mut lines = Vec::new();
        let mut held = vec!["letters"];
        let mut got = Vec::new();
        // The address of somebody who acts for the person is none of the person's.
        let for_another = self.acting_for(session, (request, ticket)).await?.is_some();
        let mut addresses: Vec<_> = ticket.address.filter(|_| !for_another).into_iter().collect();
        if let Some(contact) = contact {
            addresses.extend(store::contacts::addresses_of(session, contact).await?);
            for person in store::contacts::people(session, &[contact]).await? {
                for (value, category) in [(person.name, "name"), (person.phone, "phone")] {
                    if !value.is_empty() {
                        held.push(category);
                        lines.push((category, value));
                    }
                }
            }
            got = store::disclosures::of_contact(session, contact).await?;
        }
        addresses.sort_unstable();
        addresses.dedup();
        for address in addresses {
            if let Some(clear) = store::addresses::clear(session, address).await? {
                lines.push(("email", clear.expose().to_owned()));
                held.push("email");
            }
        }
        let told = store::recipients::notices_of_request(session, request.id).await?;
        let mut to = Vec::new();
        for recipient in store::recipients::all(session).await? {
            let disclosed = got.iter().any(|row| row.recipient == recipient.id);
            let gets: Vec<_> = recipient.data.split_whitespace().collect();
            let ended = recipient.ended_at.is_some();
            let heard = |of| told.iter().any(|row| row.recipient == recipient.id && row.act == of);
            // Only who heard of the block hears of its end.
            let is_news = act != NoticeAct::Unblock || heard(NoticeAct::Block);
            if heard(act) || !is_news || !has_data(recipient.role, disclosed, ended, &gets, &held) {
                continue;
            }
            let letter = match EmailAddress::parse(&recipient.email) {
                Ok(address) => {
                    let entropy = &*self.parts.entropy;
                    let key = VaultKeyId::new(self.parts.clock.now(), random_bytes(entropy));
                    self.parts.vault.create_key(key, entropy).await?;
                    Some((address, key))
                }
                Err(_) => None,
            };
            let of_it = got.iter().filter(|row| row.recipient == recipient.id);
            let disclosed = of_it.flat_map(|row| row.data.split_whitespace());
            let has = gets.iter().copied().chain(disclosed).map(str::to_owned).collect();
            to.push(Told { recipient, letter, has });
        }
        Ok(PreparedNotices {
            request: request.clone(),
            ticket: ticket.clone(),
            plan,
            act,
            person: Person(lines),
            changes: Vec::new(),
            to,
        })
    }

    /// Raises the notices: a letter for each recipient that has an address, a task for each that
    /// has none. Returns how many.
    ///
    /// # Errors
    /// [`CasesError::Store`]; [`store::StoreError::Duplicate`] when another did so meanwhile.
    pub async fn raise_recipient_notices(
        &self,
        transaction: &Transaction,
        prepared: &PreparedNotices,
        now: Timestamp,
    ) -> Result<usize, CasesError> {
        for told in &prepared.to {
            let (recipient, letter) = (&told.recipient, &told.letter);
            let letter = match letter {
                Some((address, key)) => {
                    let made = self.recipient_letter(prepared, told);
                    let digests = self.parts.digests.address(address);
                    let to =
                        store::addresses::find_or_add(transaction, address, &digests, now).await?;
                    let ticket = &TicketRow {
                        locale: locale_of(&recipient.country),
                        ..prepared.ticket.clone()
                    };
                    let mail = CaseMail {
                        ticket,
                        to,
                        occasion: Occasion::Notice,
                        name: MailName::RecipientNotice,
                        letter: made,
                        key: *key,
                    };
                    Some((self.plan_case_letter(transaction, mail, now).await?, *key))
                }
                None => None,
            };
            let new = NewNotice {
                request: prepared.request.id,
                recipient: recipient.id,
                plan: prepared.plan,
                act: prepared.act,
                letter,
            };
            let id = store::recipients::add_notice(transaction, &new, now).await?;
            if letter.is_none() {
                self.ask_a_person(transaction, prepared.ticket.id, id, now).await?;
            }
            let detail = serde_json::json!({
                "recipient": recipient.id, "notice": id, "act": prepared.act.name(),
                "by_letter": letter.is_some(),
            });
            let subject = format!("request:{}", prepared.request.id);
            let act = "recipient_notice_raised";
            store::audit::append(transaction, "consentry", act, &subject, &detail, now).await?;
        }
        Ok(prepared.to.len())
    }

    fn recipient_letter(&self, prepared: &PreparedNotices, told: &Told) -> CaseLetter {
        let locale = locale_of(&told.recipient.country);
        let (what, law) = done(prepared.act, locale);
        let mut lines = vec![what.to_owned()];
        lines.extend(prepared.changes_for(told).map(|change| corrected(change, locale)));
        let settings = &self.parts.settings;
        CaseLetter {
            ticket_number: prepared.ticket.number.clone(),
            request: wording::request(prepared.request.name, locale).to_owned(),
            done: lines,
            clause: law.to_owned(),
            person: prepared.person.as_known_to(&told.has),
            organisation: settings.organisation.clone(),
            contact: settings.contact.clone(),
            policy_url: settings.policy_url.clone(),
            ..CaseLetter::default()
        }
    }

    async fn ask_a_person(
        &self,
        transaction: &Transaction,
        ticket: TicketId,
        notice: RecipientNoticeId,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let detail = format!("recipient_notice:{notice}");
        let task = "tell_recipient";
        store::tasks::open(transaction, task, Some(ticket), None, &detail, now).await?;
        Ok(())
    }

    /// All notices of a request, oldest first.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn notices_of_request(
        &self,
        request: RequestId,
    ) -> Result<Vec<NoticeRow>, CasesError> {
        Ok(store::recipients::notices_of_request(self.store(), request).await?)
    }

    /// A person settles a notice: the recipient confirmed or was told by hand, or cannot be told.
    ///
    /// # Errors
    /// [`CasesError::NotFound`]; [`CasesError::Refused`] without a note;
    /// [`store::StoreError::Conflict`] when it is settled.
    pub async fn settle_recipient_notice(
        &self,
        id: RecipientNoticeId,
        to: NoticeState,
        note: &str,
        actor: &str,
    ) -> Result<(), CasesError> {
        if note.trim().is_empty() {
            return Err(CasesError::Refused {
                rule: "receipt_needs_note",
                reason:
                    "say with --note when and how the recipient confirmed, or why it cannot be told"
                        .to_owned(),
            });
        }
        let notice = store::recipients::notice(self.store(), id)
            .await?
            .ok_or_else(|| CasesError::NotFound { what: "recipient", id: id.to_string() })?;
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        store::recipients::settle_notice(&transaction, id, to, actor, note.trim(), now).await?;
        let detail = serde_json::json!({
            "notice": id, "recipient": notice.recipient, "state": to.name(), "note_given": true,
        });
        let subject = format!("request:{}", notice.request);
        let act = "recipient_notice_settled";
        store::audit::append(&transaction, actor, act, &subject, &detail, now).await?;
        Ok(transaction.commit().await?)
    }

    /// Looks after the letters to recipients: one that left is marked and its content destroyed
    /// with its key; of one that will not leave a person is told. Returns how many changed.
    ///
    /// # Errors
    /// [`CasesError::Store`], [`CasesError::Vault`]: to be repeated.
    pub async fn follow_recipient_letters(&self) -> Result<usize, CasesError> {
        let mut changed = 0;
        let mut after = RecipientNoticeId(0);
        loop {
            let open = store::recipients::letters_open(self.store(), after, AT_ONCE).await?;
            let Some((last, _)) = open.last() else { return Ok(changed) };
            after = last.id;
            for (notice, letter) in &open {
                changed += usize::from(self.follow_letter(notice, *letter).await?);
            }
        }
    }

    async fn follow_letter(
        &self,
        notice: &NoticeRow,
        letter: DeliveryStateName,
    ) -> Result<bool, CasesError> {
        let is_settled =
            matches!(notice.state, NoticeState::Acknowledged | NoticeState::Impossible);
        let has_left = letter == DeliveryStateName::Accepted;
        let is_lost = match letter {
            DeliveryStateName::Rejected | DeliveryStateName::Withheld => true,
            // It is sent once more by dispatch, or waits for a person: its text is needed.
            DeliveryStateName::Uncertain => false,
            DeliveryStateName::Planned
            | DeliveryStateName::Claimed
            | DeliveryStateName::Deferred
            | DeliveryStateName::Accepted => false,
        };
        let is_unknown = is_settled && letter == DeliveryStateName::Uncertain;
        if !(has_left || is_lost || is_unknown) {
            return Ok(false);
        }
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        if has_left {
            store::recipients::mark_sent(&transaction, notice.id, now).await?;
        } else if is_lost
            && !is_settled
            && store::recipients::by_hand(&transaction, notice.id).await?
        {
            let request = store::requests::by_id(&transaction, notice.request).await?;
            if let Some(request) = request {
                self.ask_a_person(&transaction, request.ticket, notice.id, now).await?;
            }
        }
        transaction.commit().await?;
        // First the key, then its name: who dies between the two does it again.
        if let Some(key) = notice.vault_key {
            self.parts.vault.destroy_key(key).await?;
        }
        let transaction = self.store().begin().await?;
        store::recipients::forget_letter(&transaction, notice).await?;
        transaction.commit().await?;
        Ok(true)
    }
}
