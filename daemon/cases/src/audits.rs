//! The audit log about one person, handed out with what proves it; handing it out is an event too.

use domain::{
    address::EmailAddress,
    audit::proof::{FORMAT, ProofEvent, ProofLine, hex},
    ids::{AddressId, ContactId, TicketId},
    ticket_number::TicketNumber,
};
use store::audit::{PlacedEvent, SealedBatch};

use crate::{Cases, CasesError};

/// Subjects asked for in one query.
const AT_ONCE: usize = 500;

/// About whom an export is.
#[derive(Debug, Clone)]
pub enum About {
    /// A contact; one that was destroyed has events all the same.
    Contact(ContactId),
    /// A ticket, by its number.
    Ticket(String),
    /// Whoever has this address.
    Address(EmailAddress),
}

impl Cases {
    /// Everything that the log says about a person, oldest first, with whole batches and the chain
    /// of hashes up to the last one. Nothing in it is personal data but the fact itself: the log
    /// holds ids and digests. Whole batches hold events about others, by their ids.
    ///
    /// # Errors
    /// [`CasesError::NotFound`] for a ticket that does not exist; [`CasesError::Store`].
    pub async fn export_audit(
        &self,
        about: &About,
        actor: &str,
    ) -> Result<Vec<ProofLine>, CasesError> {
        let subjects = self.named_by(about).await?;
        self.audit_the_export(&subjects, actor).await?;
        let mut events = Vec::new();
        for some in subjects.chunks(AT_ONCE) {
            events.extend(store::audit::of_subjects(self.store(), some).await?);
        }
        events.sort_by_key(|placed| placed.event.id);
        let mut whole: Vec<i64> =
            events.iter().filter_map(|placed| placed.seal.map(|(batch, ..)| batch)).collect();
        whole.sort_unstable();
        whole.dedup();
        let batches = match whole.first() {
            Some(first) => store::audit::batches_from(self.store(), *first, &whole).await?,
            None => Vec::new(),
        };
        // The head is the last batch that was read: one sealed meanwhile belongs to the next export.
        let head = match batches.last() {
            Some(last) => store::audit::Head { batch: last.batch, hash: last.hash },
            None => store::audit::head(self.store()).await?,
        };
        let mut lines = vec![ProofLine::Header {
            format: FORMAT.to_owned(),
            about: subjects,
            made_at: self.parts.clock.now(),
            head: head.batch,
            head_hash: hex(&head.hash),
        }];
        lines.extend(batches.into_iter().map(batch_line));
        lines.extend(events.into_iter().map(event_line));
        Ok(lines)
    }

    /// Every `thing:id` by which the log names this person.
    async fn named_by(&self, about: &About) -> Result<Vec<String>, CasesError> {
        let store = self.store();
        let mut contacts: Vec<ContactId> = Vec::new();
        let mut addresses: Vec<AddressId> = Vec::new();
        let mut tickets: Vec<TicketId> = Vec::new();
        let (mut digests, mut stops) = (Vec::new(), Vec::new());
        match about {
            About::Contact(contact) => contacts.push(*contact),
            About::Ticket(number) => {
                let missing = || CasesError::NotFound { what: "ticket", id: number.clone() };
                let parsed = TicketNumber::parse(number).map_err(|_| missing())?.to_string();
                let ticket =
                    store::tickets::by_number(store, &parsed).await?.ok_or_else(missing)?;
                tickets.push(ticket.id);
            }
            About::Address(address) => {
                if let Some(id) = store::addresses::find(store, address).await? {
                    contacts = store::contacts::of_address(store, id).await?;
                    addresses.push(id);
                }
                // Looks for an address that nobody has are written down by its digest.
                let all = self.digests().address_all(address);
                stops.extend(all.iter().map(|digests| digests.stop));
                digests.extend(
                    all.iter().map(|digests| format!("address:{}", hex(&digests.stop.bytes[..8]))),
                );
            }
        }
        // Whoever is destroyed is known by the plan alone: whose data it was, by their ids.
        for plan in store::audit::plans_of(store, &contacts, &stops).await? {
            let Some(plan) = store::plans::by_id(store, plan).await? else { continue };
            let whose = plan.draft.whose;
            contacts.extend(whose.contact.filter(|contact| !contacts.contains(contact)));
            addresses.extend(whose.addresses);
            tickets.extend(whose.tickets);
            let request = store::requests::by_id(store, plan.request).await?;
            tickets.extend(request.map(|request| request.ticket));
        }
        let mut subjects =
            store::audit::subjects_of(store, &contacts, &addresses, &tickets).await?;
        subjects.extend(digests);
        Ok(subjects)
    }

    async fn audit_the_export(&self, subjects: &[String], actor: &str) -> Result<(), CasesError> {
        // By the first name: contact, address or ticket; never the address itself.
        let subject = subjects.first().map_or("audit", String::as_str);
        let detail = serde_json::json!({ "what": "audit", "subjects": subjects.len() });
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        store::audit::append(&transaction, actor, "export", subject, &detail, now).await?;
        Ok(transaction.commit().await?)
    }
}

fn batch_line(batch: SealedBatch) -> ProofLine {
    let (previous, hash) = (hex(&batch.previous), hex(&batch.hash));
    match batch.events {
        Some(events) => ProofLine::Batch {
            batch: batch.batch,
            previous,
            hash,
            events: events.iter().map(ProofEvent::from).collect(),
        },
        None => ProofLine::Link { batch: batch.batch, previous, hash },
    }
}

fn event_line(placed: PlacedEvent) -> ProofLine {
    let event = ProofEvent::from(&placed.event);
    match placed.seal {
        Some((batch, position, _)) => ProofLine::Event { batch, position, event },
        None => ProofLine::Unsealed { event },
    }
}
