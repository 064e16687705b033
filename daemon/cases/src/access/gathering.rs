//! Bringing together all that is held about a person, as `data.json` says it.

use domain::{
    ids::{AddressId, ContactId, TicketId},
    language::Locale,
};
use serde_json::{Value, json};
use store::{
    packages::{self as held, HeldDelivery, Whose},
    requests::RequestRow,
    submissions::SubmissionRow,
    tickets::TicketRow,
};

use super::{
    HeldBack,
    beside::{file_of_system, retention_told, systems_told},
    masking::Known,
    packing::FORMAT,
};
use crate::{
    Cases, CasesError,
    consents::proving::event_json,
    systems::{Holding, SystemHolding},
};

/// Everything that goes into a package.
pub(super) struct Gathered {
    /// What `data.json` says, but for the data map.
    pub(super) data: Value,
    /// The person's own mails, as they came, and what systems hold: name and bytes.
    pub(super) files: Vec<(String, Vec<u8>)>,
    /// The language it is told in.
    pub(super) locale: Locale,
    /// We hold nothing but this very matter.
    pub(super) nothing_held: bool,
}

/// The matter that is answered, and about whom.
pub(super) struct Asked<'a> {
    pub(super) request: &'a RequestRow,
    pub(super) ticket: &'a TicketRow,
    /// The contact that a person of ours chose, where several share the address.
    pub(super) contact: Option<ContactId>,
    /// Whether somebody else asks for that contact: nothing of the sender is told.
    pub(super) for_another: bool,
    pub(super) held_back: HeldBack,
    /// What connected systems answered.
    pub(super) holdings: &'a [SystemHolding],
}

impl Cases {
    pub(super) async fn gather_held(&self, asked: &Asked<'_>) -> Result<Gathered, CasesError> {
        let store = self.store();
        let whose = self.whose_data(asked).await?;
        let person = match whose.contact {
            Some(contact) => held::contact(store, contact).await?,
            None => None,
        };
        let locale = person.as_ref().and_then(|person| Locale::from_code(&person.locale));
        let (addresses, mut own) = self.addresses_told(&whose).await?;
        own.extend(person.iter().flat_map(|person| [person.phone.clone(), person.name.clone()]));
        let known = Known { own, others: held::sharers(store, &whose).await? };
        let subscriptions = held::subscriptions(store, &whose).await?;
        let blocks = held::block_rows(store, &whose).await?;
        let suppressions = held::suppressions(store, &whose).await?;
        let deliveries = held::deliveries(store, &whose, asked.ticket.id).await?;
        let disclosures = held::disclosures(store, &whose).await?;
        let consents = self.consents_told(&whose).await?;
        let mut tickets = held::tickets(store, &whose).await?;
        // The letters of somebody who asks for the person are not the person's.
        if !asked.for_another && !tickets.contains(&asked.ticket.id) {
            tickets.push(asked.ticket.id);
            tickets.sort_unstable();
        }
        let nothing_held = asked.holdings.iter().all(|one| one.holding == Holding::Nothing)
            && person.is_none()
            && tickets.iter().all(|id| *id == asked.ticket.id)
            && subscriptions.is_empty()
            && suppressions.is_empty()
            && disclosures.is_empty()
            && consents["events"].as_array().is_none_or(Vec::is_empty)
            && deliveries.iter().all(|mail| mail.ticket.as_deref() == Some(&asked.ticket.number));
        let back = held::tickets_held_back(store, &tickets).await?;
        let back: Vec<TicketId> = match asked.held_back {
            HeldBack::LeftOut => back.into_iter().filter(|id| *id != asked.ticket.id).collect(),
            HeldBack::Included => Vec::new(),
        };
        let mut told = Vec::new();
        let mut mails = Vec::new();
        for id in tickets.iter().filter(|id| !back.contains(id)) {
            told.push(self.ticket_told(*id, &whose, &deliveries, &known, &mut mails).await?);
        }
        let data = json!({
            "format": FORMAT,
            "matter": {
                "number": asked.ticket.number, "request": asked.request.name.name(),
                "regime": asked.request.regime, "law": asked.request.law,
                "received_at": asked.request.received_at,
            },
            "nothing_else_held": nothing_held,
            "person": person,
            "addresses": addresses,
            "consents": consents,
            "subscriptions": subscriptions,
            "blocks": blocks,
            "not_mailed": suppressions,
            "matters": told,
            "mails_sent": deliveries,
            "disclosures": disclosures,
            "left_out": left_out(&whose, !back.is_empty(), asked.holdings),
            "systems": systems_told(asked.holdings),
            "recipients": self.recipients_told().await?,
            "retention": retention_told(self.retention()),
        });
        let mut files = mails;
        for one in asked.holdings {
            if let Holding::Holds(held) = &one.holding {
                let held = serde_json::to_vec_pretty(held).map_err(|_| CasesError::Content)?;
                files.push((file_of_system(&one.system), held));
            }
        }
        Ok(Gathered { data, files, locale: locale.unwrap_or(asked.ticket.locale), nothing_held })
    }

    async fn whose_data(&self, asked: &Asked<'_>) -> Result<Whose, CasesError> {
        let store = self.store();
        let contact = asked.contact.or(asked.ticket.contact);
        let mut addresses: Vec<AddressId> =
            asked.ticket.address.filter(|_| !asked.for_another).into_iter().collect();
        if let Some(contact) = contact {
            addresses.extend(store::contacts::addresses_of(store, contact).await?);
        }
        addresses.sort_unstable();
        addresses.dedup();
        let own = held::own_addresses(store, contact, &addresses).await?;
        let mut stop_digests = Vec::new();
        for address in &own {
            if let Some(clear) = store::addresses::clear(store, *address).await? {
                let all = self.parts.digests.address_all(&clear);
                stop_digests.extend(all.iter().map(|digests| digests.stop.bytes));
            }
        }
        Ok(Whose { contact, addresses, own, stop_digests })
    }

    /// The addresses as they are told, and in clear.
    async fn addresses_told(&self, whose: &Whose) -> Result<(Vec<Value>, Vec<String>), CasesError> {
        let since = match whose.contact {
            Some(contact) => held::addresses(self.store(), contact).await?,
            None => Vec::new(),
        };
        let mut told = Vec::new();
        let mut own = Vec::new();
        for id in &whose.addresses {
            let Some(clear) = store::addresses::clear(self.store(), *id).await? else { continue };
            let since = since.iter().find(|(address, _)| address == id).map(|(_, at)| at);
            told.push(json!({
                "id": id, "address": clear.expose(), "since_at": since,
                "shared_with_others": !whose.own.contains(id),
            }));
            own.push(clear.expose().to_owned());
        }
        Ok((told, own))
    }

    /// The consents with their words and what shows them.
    async fn consents_told(&self, whose: &Whose) -> Result<Value, CasesError> {
        let store = self.store();
        let contacts: Vec<_> = whose.contact.into_iter().collect();
        let mut events = store::consents::of_person(store, &whose.own, &contacts).await?;
        events.retain(|event| event.contact.is_none() || event.contact == whose.contact);
        let mut texts: Vec<_> = events.iter().filter_map(|event| event.text).collect();
        texts.sort_unstable();
        texts.dedup();
        let mut words = Vec::new();
        for id in texts {
            if let Some(text) = store::consent_texts::by_id(store, id).await? {
                words.push(json!({
                    "id": text.id, "version": text.version, "locale": text.locale.code(),
                    "advertiser": text.advertiser, "text": text.body,
                    "sha256": hex::encode(text.sha256),
                }));
            }
        }
        let mut policies: Vec<_> = events.iter().filter_map(|event| event.policy).collect();
        policies.sort_unstable();
        policies.dedup();
        let mut versions = Vec::new();
        for id in policies {
            if let Some(policy) = store::policies::by_id(store, id).await? {
                versions.push(json!({
                    "id": policy.id, "version": policy.version, "url": policy.url,
                    "sha256": hex::encode(policy.sha256),
                }));
            }
        }
        let events: Vec<_> = events.iter().map(event_json).collect();
        Ok(json!({ "events": events, "texts": words, "policies": versions }))
    }

    async fn ticket_told(
        &self,
        id: TicketId,
        whose: &Whose,
        deliveries: &[HeldDelivery],
        known: &Known,
        mails: &mut Vec<(String, Vec<u8>)>,
    ) -> Result<Value, CasesError> {
        let store = self.store();
        let missing = || CasesError::NotFound { what: "ticket", id: id.to_string() };
        let ticket = store::tickets::by_id(store, id).await?.ok_or_else(missing)?;
        let requests = store::requests::of_ticket(store, id).await?;
        let corrections = store::corrections::of_ticket(store, id).await?;
        let mut submissions = Vec::new();
        let mut others = 0;
        for row in store::submissions::of_ticket(store, id).await? {
            if row.address.is_none_or(|address| !whose.addresses.contains(&address)) {
                others += 1;
                continue;
            }
            let mut notes = Vec::new();
            for correction in corrections.iter().filter(|one| one.submission == row.id) {
                notes.extend(self.open_note(correction).await.map(|note| known.mask(&note)));
            }
            submissions.push(self.submission_told(&ticket, &row, &notes, mails).await?);
        }
        let mut letters = Vec::new();
        let of_it = deliveries.iter().filter(|mail| mail.ticket.as_deref() == Some(&ticket.number));
        for mail in of_it {
            letters.push(self.letter_told(mail).await);
        }
        Ok(json!({
            "number": ticket.number, "state": ticket.state.name(), "opened_at": ticket.opened_at,
            "requests": requests.iter().map(|request| json!({
                "name": request.name.name(), "state": request.state.name(), "law": request.law,
                "received_at": request.received_at,
                "outcome": request.outcome.map(|outcome| outcome.name()),
            })).collect::<Vec<_>>(),
            "written": submissions,
            "answers": letters,
            "letters_of_others_left_out": others,
        }))
    }

    async fn submission_told(
        &self,
        ticket: &TicketRow,
        row: &SubmissionRow,
        notes: &[String],
        mails: &mut Vec<(String, Vec<u8>)>,
    ) -> Result<Value, CasesError> {
        let content = self.open_content(row).await;
        let raw = match row.object {
            Some(object) => match self.parts.vault.get(object).await {
                Ok(raw) => Some(raw),
                Err(vault::VaultError::KeyDestroyed(_) | vault::VaultError::NotFound(_)) => None,
                // Whatever else: the package must not come out smaller than what is held.
                Err(error) => return Err(error.into()),
            },
            None => None,
        };
        let (mut file, mut form) = (Value::Null, Value::Null);
        match (row.channel.as_str(), raw) {
            ("message", Some(raw)) => {
                let name = format!("mails/{}-{}.eml", ticket.number, row.id);
                file = json!(name);
                mails.push((name, raw));
            }
            (_, Some(raw)) => form = serde_json::from_slice(&raw).unwrap_or(Value::Null),
            (_, None) => {}
        }
        let content = content.map(|content| {
            json!({
                "subject": content.subject, "text": content.text,
                "files": content.attachments.iter().map(|file| json!(file)).collect::<Vec<_>>(),
                "recognised": content.classification.map(|one| json!({
                    "kind": one.kind, "language": one.language,
                    "labels": one.labels.iter().map(|label| json!({
                        "label": label.label.name(), "confidence": label.confidence,
                        "band": label.band,
                    })).collect::<Vec<_>>(),
                    "marks": one.marks.iter().map(|mark| json!({
                        "mark": mark.label.name(), "confidence": mark.confidence,
                        "band": mark.band,
                    })).collect::<Vec<_>>(),
                })),
            })
        });
        Ok(json!({
            "received_at": row.received_at, "channel": row.channel, "kind": row.kind,
            "authentication": row.authentication.name(), "content": content, "file": file,
            "form": form, "notes_of_staff": notes,
        }))
    }

    async fn letter_told(&self, mail: &HeldDelivery) -> Value {
        let content = match &mail.content {
            Some(sealed) => {
                let context = domain::letter::LetterContent::seal_context(&mail.mail_id);
                self.parts.vault.open_sealed(&context, sealed).await.ok()
            }
            None => None,
        };
        let letter = content
            .and_then(|plain| serde_json::from_slice::<domain::letter::LetterContent>(&plain).ok());
        // Links and codes in letters are keys: they are for their one use, not for a copy.
        let is_key = mail.occasion == "challenge";
        let letter = letter.filter(|_| !is_key);
        json!({
            "occasion": mail.occasion, "state": mail.state, "planned_at": mail.planned_at,
            "settled_at": mail.settled_at, "subject": letter.as_ref().map(|one| &one.subject),
            "text": letter.as_ref().map(|one| &one.text),
        })
    }
}

/// What is not in the package, as words that [`super::titles`] tells.
fn left_out(whose: &Whose, are_held_back: bool, holdings: &[SystemHolding]) -> Vec<&'static str> {
    let mut words = vec!["other_people"];
    if whose.own.len() < whose.addresses.len() {
        words.push("shared_address");
    }
    if are_held_back {
        words.push("held_back");
    }
    if holdings.iter().any(|one| !one.holding.is_known()) {
        words.push("systems_silent");
    }
    words
}
