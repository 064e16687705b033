//! A wrong address gives way to the right one. Consent is for a mailbox: what the wrong one was
//! subscribed to ends there, and the right one is asked by double opt-in before it gets anything.

use domain::{
    Timestamp,
    address::EmailAddress,
    block::Field,
    form::CapturePoint,
    gate::SuppressionReason,
    ids::{AddressId, ContactId},
    subscription::SubscriptionState,
};
use serde_json::json;
use store::{
    Session, StoreError, Transaction, packages as held, rectifications, stops::StopKind,
    tickets::TicketRow,
};

use super::applying::{Due, value_changed};
use crate::{
    Cases, CasesError,
    filing::PendingStops,
    requests::refused,
    subscriptions::{Act, Capture, ListWish, NewSubscription, Visitor, ending::Ending},
};

/// What a new mailbox is to be asked.
pub(super) struct Moved {
    address: EmailAddress,
    name: String,
    lists: Vec<domain::ids::ListId>,
}

impl Cases {
    pub(super) async fn move_mailbox(
        &self,
        transaction: &Transaction,
        due: &Due,
        actor: &str,
        stops: &mut PendingStops,
        now: Timestamp,
    ) -> Result<Moved, CasesError> {
        let contact = due.row.contact;
        debug_assert_eq!(due.row.field, Field::Email);
        self.check_new_address(transaction, contact, &due.content.new).await?;
        let (old, old_clear) = self.old_address(transaction, due).await?;
        let new = EmailAddress::parse(&due.content.new).map_err(|_| CasesError::Content)?;
        let digests = self.parts.digests.address(&new);
        let id = store::addresses::find_or_add(transaction, &new, &digests, now).await?;
        match rectifications::take_address(transaction, contact, old).await {
            Err(StoreError::Conflict { .. }) => return Err(value_changed()),
            taken => taken?,
        }
        store::contacts::give_address(transaction, contact, id, now).await?;
        let mut subscriptions = store::subscriptions::of_contacts(transaction, &[contact]).await?;
        subscriptions.retain(|one| one.address == Some(old));
        let lists = subscriptions
            .iter()
            .filter(|one| matches!(one.state, SubscriptionState::Confirmed { .. }))
            .map(|one| one.list)
            .collect();
        let all = self.parts.digests.address_all(&old_clear);
        let ending = Ending {
            kind: StopKind::Withdrawal,
            capture_point: "operator",
            evidence: json!({ "method": "address_corrected", "correction": due.row.id, "at": now }),
            submission: None,
            delivery: None,
            actor: Some(actor),
            digests: &all,
        };
        self.end_all(transaction, &subscriptions, &ending, stops, now).await?;
        let person = held::contact(transaction, contact).await?;
        let name = person.map(|person| person.name).unwrap_or_default();
        Ok(Moved { address: new, name, lists })
    }

    /// The address that is to give way, if the contact still has it.
    async fn old_address(
        &self,
        transaction: &Transaction,
        due: &Due,
    ) -> Result<(AddressId, EmailAddress), CasesError> {
        for id in store::contacts::addresses_of(transaction, due.row.contact).await? {
            if let Some(clear) = store::addresses::clear(transaction, id).await?
                && self.is_old(&due.row, clear.expose())?
            {
                return Ok((id, clear));
            }
        }
        Err(value_changed())
    }

    /// Whether an address may become a contact's: it is nobody else's, and not that of a person
    /// whose data were destroyed (invariant 8).
    pub(super) async fn check_new_address(
        &self,
        session: &impl Session,
        contact: ContactId,
        new: &str,
    ) -> Result<(), CasesError> {
        let new = EmailAddress::parse(new).map_err(|_| CasesError::Content)?;
        if let Some(id) = store::addresses::find(session, &new).await? {
            let holders = store::contacts::of_address(session, id).await?;
            if holders.contains(&contact) {
                return Err(refused("correction_value", "the contact has this address already"));
            }
            if !holders.is_empty() {
                let reason =
                    "another contact has this address; a person must find out whose it is first";
                return Err(refused("address_of_another", reason));
            }
        }
        let digests = self.parts.digests.address_all(&new);
        let now = self.parts.clock.now();
        let held = store::suppressions::outweighable(session, &digests, now).await?;
        if held.iter().any(|one| one.reason == SuppressionReason::Erased) {
            let reason = "the data of whoever has this address were destroyed; only a fresh subscription from that mailbox brings it back";
            return Err(refused("erased", reason));
        }
        Ok(())
    }

    /// Asks new mailboxes whether they want the lists of the old ones; returns how many lists were
    /// asked about. The correction stands whatever becomes of it: who is not asked gets nothing.
    pub(super) async fn ask_new_mailbox(&self, moved: Vec<Moved>, ticket: &TicketRow) -> usize {
        let mut asked = 0;
        for one in moved {
            match self.ask_one_mailbox(&one, ticket).await {
                Ok(lists) => asked += lists,
                Err(error) => {
                    tracing::warn!(ticket.id = ticket.id.0, %error, "a corrected address could not be asked to confirm its lists");
                }
            }
        }
        asked
    }

    async fn ask_one_mailbox(
        &self,
        moved: &Moved,
        ticket: &TicketRow,
    ) -> Result<usize, CasesError> {
        let mut wishes = Vec::new();
        let mut policy_version = String::new();
        for open in self.open_lists(ticket.locale).await? {
            if moved.lists.contains(&open.id) {
                policy_version = open.policy_version;
                wishes.push(ListWish { list: open.name, text: open.text.id });
            }
        }
        if wishes.is_empty() {
            return Ok(0);
        }
        let lists = wishes.len();
        let new = NewSubscription {
            address: moved.address.clone(),
            name: moved.name.clone(),
            wishes,
            policy_version,
            locale: ticket.locale,
            // A program on the person's behalf: what counts is the button in the new mailbox.
            capture: Capture {
                point: CapturePoint::Api,
                act: Act::Button,
                visitor: Visitor { page: "correction".to_owned(), ..Visitor::default() },
            },
        };
        self.subscribe(&new).await?;
        Ok(lists)
    }
}
