//! Calls whose data will be gone when they are made: what is said is sealed at once, under a key
//! of its own for each system, and both go with the acknowledgement.

use domain::{
    Timestamp,
    ambient::random_bytes,
    block::Field,
    ids::{AddressId, ContactId, PlanId, TicketId, VaultKeyId},
    webhook::{Call, Change, SystemAct, Whom},
};
use jiff::SignedDuration;
use store::{
    Session, Transaction,
    systems::{NewCall, NewNotice},
    tickets::TicketRow,
};

use super::System;
use crate::{Cases, CasesError};

/// Sealed calls, to be raised in the transaction that takes the data away or changes them.
#[derive(Debug)]
pub struct PreparedCalls {
    notice: NewNotice,
    subject: String,
    calls: Vec<Prepared>,
}

#[derive(Debug)]
struct Prepared {
    system: String,
    webhook_id: String,
    payload: Vec<u8>,
    key: VaultKeyId,
    patience: std::time::Duration,
}

impl PreparedCalls {
    /// The systems that will be told.
    pub fn systems(&self) -> impl Iterator<Item = &str> {
        self.calls.iter().map(|call| call.system.as_str())
    }
}

/// The context under which what is said is sealed.
pub(super) fn seal_context(webhook_id: &str) -> String {
    format!("system_call:{webhook_id}")
}

impl Cases {
    /// Prepares the calls that tell all systems to destroy what they have of a person. Call it
    /// before the transaction; keys of calls that are never raised stay behind, with nothing
    /// under them.
    ///
    /// # Errors
    /// [`CasesError::Vault`], [`CasesError::Store`].
    pub async fn prepare_destroy(
        &self,
        session: &impl Session,
        plan: PlanId,
        ticket: &TicketRow,
        contact: Option<ContactId>,
        addresses: &[AddressId],
    ) -> Result<PreparedCalls, CasesError> {
        let notice = NewNotice {
            act: SystemAct::Destroy,
            ticket: Some(ticket.id),
            block: None,
            plan: Some(plan),
            contact,
            request: None,
            data: String::new(),
        };
        self.prepare(session, notice, ticket, addresses, Vec::new()).await
    }

    /// Prepares the calls that tell all systems of corrected values. Each gets only the fields
    /// that it is told of at all.
    ///
    /// # Errors
    /// As [`Cases::prepare_destroy`].
    pub async fn prepare_correct(
        &self,
        session: &impl Session,
        ticket: &TicketRow,
        contact: ContactId,
        changes: Vec<Change>,
    ) -> Result<PreparedCalls, CasesError> {
        let notice = NewNotice {
            act: SystemAct::Correct,
            ticket: Some(ticket.id),
            block: None,
            plan: None,
            contact: Some(contact),
            request: None,
            data: String::new(),
        };
        self.prepare(session, notice, ticket, &[], changes).await
    }

    /// Raises what [`Cases::prepare_destroy`] or [`Cases::prepare_correct`] made; returns how many
    /// systems will be told.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn raise_calls(
        &self,
        transaction: &Transaction,
        prepared: &PreparedCalls,
        now: Timestamp,
    ) -> Result<usize, CasesError> {
        let notice = store::systems::raise(transaction, &prepared.notice, now).await?;
        for call in &prepared.calls {
            let new = NewCall {
                notice,
                system: &call.system,
                webhook_id: &call.webhook_id,
                act: prepared.notice.act,
                subject: &prepared.subject,
                ticket: prepared.notice.ticket,
                block: None,
                plan: prepared.notice.plan,
                request: None,
                data: "",
                payload: Some((&call.payload, call.key)),
                raised_at: now,
                due_at: due(now, call.patience),
            };
            store::systems::add(transaction, &new).await?;
        }
        Ok(prepared.calls.len())
    }

    /// Whether every system has done what a plan of destruction asks of it (or a person gave it
    /// up). A plan without systems has nothing to wait for.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn all_acknowledged(
        &self,
        session: &impl Session,
        plan: PlanId,
    ) -> Result<bool, CasesError> {
        Ok(store::systems::unsettled(session, plan).await? == 0)
    }

    /// Whether every system has settled what it was told in a matter of this kind; `None` when
    /// nothing was told.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn systems_have_done(
        &self,
        session: &impl Session,
        ticket: TicketId,
        act: SystemAct,
    ) -> Result<Option<bool>, CasesError> {
        let calls = store::systems::of_ticket(session, ticket).await?;
        let mut of_act = calls.iter().filter(|call| call.act == act).peekable();
        if of_act.peek().is_none() {
            return Ok(None);
        }
        Ok(Some(of_act.all(|call| call.state.is_settled())))
    }

    async fn prepare(
        &self,
        session: &impl Session,
        notice: NewNotice,
        ticket: &TicketRow,
        addresses: &[AddressId],
        changes: Vec<Change>,
    ) -> Result<PreparedCalls, CasesError> {
        let entropy = &*self.parts.entropy;
        let subject = subject_of(notice.contact, addresses.first().copied(), ticket.id);
        let mut calls = Vec::new();
        for system in self.systems.0.iter().filter(|system| system.acts.contains(&notice.act)) {
            let told =
                |change: &&Change| system.sends.iter().any(|field| field.name() == change.field);
            let changes: Vec<_> = changes.iter().filter(told).cloned().collect();
            if notice.act == SystemAct::Correct && changes.is_empty() {
                continue;
            }
            let mut person = self.whom(session, system, notice.contact, addresses).await?;
            // The system knows the person by what stood there before.
            for change in changes.iter().filter(|change| change.field == Field::Email.name()) {
                if !change.old.is_empty() && !person.emails.contains(&change.old) {
                    person.emails.push(change.old.clone());
                }
            }
            let webhook_id = self.webhook_id();
            let call = Call {
                id: webhook_id.clone(),
                act: notice.act,
                at: self.parts.clock.now(),
                sequence: 0,
                ticket: Some(ticket.number.clone()),
                person,
                scope: None,
                of: Vec::new(),
                changes,
                data: Vec::new(),
            };
            let plain = serde_json::to_vec(&call).map_err(|_| CasesError::Content)?;
            let key = VaultKeyId::new(self.parts.clock.now(), random_bytes(entropy));
            self.parts.vault.create_key(key, entropy).await?;
            let context = seal_context(&webhook_id);
            let payload = self.parts.vault.seal(key, &context, &plain, entropy).await?;
            let patience = system.patience(notice.act);
            calls.push(Prepared {
                system: system.name.clone(),
                webhook_id,
                payload,
                key,
                patience,
            });
        }
        Ok(PreparedCalls { notice, subject, calls })
    }

    /// A person, as far as a system is told of them.
    pub(super) async fn whom(
        &self,
        session: &impl Session,
        system: &System,
        contact: Option<ContactId>,
        addresses: &[AddressId],
    ) -> Result<Whom, CasesError> {
        let mut whom = Whom::default();
        let mut all = addresses.to_vec();
        if let Some(contact) = contact {
            all.extend(store::contacts::addresses_of(session, contact).await?);
            let people = store::contacts::people(session, &[contact]).await?;
            if let Some(person) = people.into_iter().next() {
                if system.sends.contains(&Field::Name) {
                    whom.name = person.name;
                }
                if system.sends.contains(&Field::Phone) {
                    whom.phone = person.phone;
                }
            }
        }
        if system.sends.contains(&Field::Email) {
            all.sort_unstable();
            all.dedup();
            for address in all {
                if let Some(clear) = store::addresses::clear(session, address).await? {
                    whom.emails.push(clear.expose().to_owned());
                }
            }
        }
        Ok(whom)
    }

    pub(super) fn webhook_id(&self) -> String {
        let random: [u8; 16] = random_bytes(&*self.parts.entropy);
        format!("msg_{}", hex::encode(random))
    }
}

/// Whose data, for the order of calls.
pub(super) fn subject_of(
    contact: Option<ContactId>,
    address: Option<AddressId>,
    ticket: TicketId,
) -> String {
    match (contact, address) {
        (Some(contact), _) => format!("contact:{contact}"),
        (None, Some(address)) => format!("address:{address}"),
        (None, None) => format!("ticket:{ticket}"),
    }
}

/// When a missing acknowledgement is told.
pub(super) fn due(from: Timestamp, patience: std::time::Duration) -> Timestamp {
    let patience = SignedDuration::try_from(patience).unwrap_or(SignedDuration::from_hours(24));
    from.checked_add(patience).unwrap_or(Timestamp::MAX)
}
