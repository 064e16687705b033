//! Consents as people of ours see them: the timeline of a person, a proof of it, a withdrawal by
//! hand.
//!
//! Called by the command line. Whoever reads or takes a proof leaves an audit event.

pub mod bundle;
pub mod checking;
pub mod proving;
mod readable;

use domain::{
    address::{EmailAddress, InvalidAddress},
    digest::Digest,
    ids::{AddressId, ContactId},
};
use serde_json::json;
use store::{Session, consents::ConsentEventRow, stops::StopKind, subscriptions::SubscriptionRow};

use crate::{Cases, CasesError, filing::PendingStops, subscriptions::ending::Ending};

pub use proving::Proof;

/// Of whom consents are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// Who has this address.
    Address(EmailAddress),
    /// This contact.
    Contact(ContactId),
}

impl Who {
    /// Reads an address or the number of a contact.
    ///
    /// # Errors
    /// [`NeitherNorThat`] when it is neither; what was typed is not repeated.
    pub fn parse(text: &str) -> Result<Self, NeitherNorThat> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Contact(ContactId(id)));
        }
        EmailAddress::parse(text).map(Self::Address).map_err(NeitherNorThat)
    }
}

/// Neither the number of a contact nor an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("neither the number of a contact nor an address ({0})")]
pub struct NeitherNorThat(InvalidAddress);

/// Everything about the consents of a person.
#[derive(Debug, Clone)]
pub struct ConsentTimeline {
    /// The addresses it is about.
    pub addresses: Vec<(AddressId, EmailAddress)>,
    /// The contacts it is about.
    pub contacts: Vec<ContactId>,
    /// The events, oldest first.
    pub events: Vec<ConsentEventRow>,
    /// The subscriptions, each with the name of its list.
    pub subscriptions: Vec<(SubscriptionRow, String)>,
}

impl ConsentTimeline {
    /// Whom it is about, as the audit names people.
    fn subject(&self) -> String {
        match (self.contacts.first(), self.addresses.first()) {
            (Some(contact), _) => format!("contact:{contact}"),
            (None, Some((address, _))) => format!("address:{address}"),
            (None, None) => "contact:?".to_owned(),
        }
    }
}

impl Cases {
    /// The consents of a person, oldest first.
    ///
    /// # Errors
    /// [`CasesError::NotFound`] when nobody of the kind is written down.
    pub async fn consent_timeline(&self, who: &Who) -> Result<ConsentTimeline, CasesError> {
        self.timeline_in(self.store(), who).await
    }

    /// The same for somebody who looks: written down before anything is shown.
    ///
    /// # Errors
    /// As [`Cases::consent_timeline`].
    pub async fn show_consents(
        &self,
        who: &Who,
        actor: &str,
    ) -> Result<ConsentTimeline, CasesError> {
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let timeline = self.timeline_in(&transaction, who).await?;
        let events: Vec<_> = timeline.events.iter().map(|event| event.id).collect();
        let detail = json!({ "what": "consents", "events": events });
        let subject = timeline.subject();
        store::audit::append(&transaction, actor, "read", &subject, &detail, now).await?;
        transaction.commit().await?;
        Ok(timeline)
    }

    pub(crate) async fn timeline_in(
        &self,
        session: &impl Session,
        who: &Who,
    ) -> Result<ConsentTimeline, CasesError> {
        let (addresses, contacts) = self.places_of(session, who).await?;
        // An address that several people share is told of by itself, not with all they have.
        let of: Vec<AddressId> = match who {
            Who::Address(_) => addresses.iter().map(|(id, _)| *id).collect(),
            Who::Contact(_) => Vec::new(),
        };
        let events = store::consents::of_person(session, &of, &contacts).await?;
        let mut subscriptions = store::subscriptions::of_contacts(session, &contacts).await?;
        for address in &of {
            subscriptions.extend(store::subscriptions::of_address(session, *address).await?);
        }
        subscriptions.sort_by_key(|held| held.id);
        subscriptions.dedup_by_key(|held| held.id);
        let lists = store::lists::all(session).await?;
        let named = |held: SubscriptionRow| {
            let list = lists.iter().find(|list| list.id == held.list);
            (held, list.map_or_else(String::new, |list| list.name.clone()))
        };
        let subscriptions = subscriptions.into_iter().map(named).collect();
        Ok(ConsentTimeline { addresses, contacts, events, subscriptions })
    }

    async fn places_of(
        &self,
        session: &impl Session,
        who: &Who,
    ) -> Result<(Vec<(AddressId, EmailAddress)>, Vec<ContactId>), CasesError> {
        match who {
            Who::Address(address) => {
                let id = store::addresses::find(session, address).await?;
                let id = id.ok_or_else(|| unknown(address.to_string()))?;
                let contacts = store::contacts::of_address(session, id).await?;
                let one = if contacts.len() == 1 { contacts } else { Vec::new() };
                Ok((vec![(id, address.clone())], one))
            }
            Who::Contact(contact) => {
                if store::contacts::locale_of(session, *contact).await?.is_none() {
                    return Err(unknown(contact.to_string()));
                }
                let mut addresses = Vec::new();
                for id in store::contacts::addresses_of(session, *contact).await? {
                    if let Some(clear) = store::addresses::clear(session, id).await? {
                        addresses.push((id, clear));
                    }
                }
                Ok((addresses, vec![*contact]))
            }
        }
    }

    /// The stop keys of the asked person and of every address whose subscriptions may end.
    async fn keys_of_timeline(
        &self,
        session: &impl Session,
        who: &Who,
    ) -> Result<Vec<Digest>, CasesError> {
        let timeline = self.timeline_in(session, who).await?;
        let asked = timeline.addresses.iter().map(|(id, _)| *id);
        let others = timeline.subscriptions.iter().filter_map(|(held, _)| held.address);
        let given = timeline.events.iter().filter_map(|event| event.address);
        let mut places: Vec<_> = asked.chain(others).chain(given).collect();
        places.sort_unstable();
        places.dedup();
        let mut keys = Vec::new();
        for place in places {
            keys.extend(self.keys_of_address(session, place).await?);
        }
        Ok(keys)
    }

    /// A person of ours writes down that somebody withdrew: by telephone, at the counter. Ends
    /// one list, or every consent and subscription of the address; returns how many ended.
    ///
    /// # Errors
    /// [`CasesError::NotFound`] of the person or the list; [`CasesError::Refused`] without a reason,
    /// or when nothing stands.
    pub async fn withdraw_consent(
        &self,
        address: &EmailAddress,
        list: Option<&str>,
        actor: &str,
        reason: &str,
    ) -> Result<usize, CasesError> {
        if reason.trim().is_empty() {
            let reason = "say why, in words: give --reason".to_owned();
            return Err(CasesError::Refused { rule: "withdrawal_needs_reason", reason });
        }
        let transaction = self.store().begin().await?;
        let who = Who::Address(address.clone());
        let keys = self.keys_of_timeline(&transaction, &who).await?;
        store::stops::lock(&transaction, &keys).await?;
        let now = self.parts.clock.now();
        // Read again under the lock.
        let timeline = self.timeline_in(&transaction, &who).await?;
        let mut standing = store::consents::standing(&timeline.events);
        standing.retain(|consent| list.is_none() || consent.list.as_deref() == list);
        if let Some(name) = list.filter(|_| standing.is_empty())
            && store::lists::by_name(&transaction, name).await?.is_none()
        {
            return Err(CasesError::NotFound { what: "list", id: name.to_owned() });
        }
        let of_list = |name: &str| list.is_none_or(|list| list == name);
        let named = timeline.subscriptions.into_iter().filter(|(_, name)| of_list(name));
        let (subscriptions, others): (Vec<_>, Vec<_>) =
            named.map(|(held, _)| held).partition(|held| held.state.name() == "confirmed");
        let digests = self.parts.digests.address_all(address);
        let ending = Ending {
            kind: StopKind::Withdrawal,
            capture_point: "operator",
            evidence: json!({ "method": "operator", "reason": reason.trim(), "at": now }),
            submission: None,
            delivery: None,
            actor: Some(actor),
            digests: &digests,
        };
        let mut stops = PendingStops::default();
        let mut ended = self
            .end_standing(&transaction, &standing, subscriptions, &ending, &mut stops, now)
            .await?;
        // What words ended, too: this withdrawal stands when those turn out to be misread.
        ended += self.end_all(&transaction, &others, &ending, &mut stops, now).await?;
        if ended == 0 {
            let reason = "no consent and no subscription stands there".to_owned();
            return Err(CasesError::Refused { rule: "nothing_to_withdraw", reason });
        }
        self.commit(transaction, stops, now).await?;
        Ok(ended)
    }
}

/// Prints no address: `EmailAddress` is masked in text.
fn unknown(id: String) -> CasesError {
    CasesError::NotFound { what: "contact", id }
}
