//! Blocks set by hand: of a contact, or of an address that may be nobody's yet.

use domain::{
    Timestamp,
    address::EmailAddress,
    authentication::SenderAuthentication,
    block::{Effective, Scope},
    ids::{AddressId, BlockId, ContactId},
    regime::RequestName,
    ticket::Lane,
};
use store::{Session, Transaction, blocks::NewBlock, stops::StopKind, tickets::TicketRow};

use super::{BASIS, EXCEPTION};
use crate::{
    Cases, CasesError,
    filing::{PendingStops, Stopped, scope_words},
};

/// Whom a block is for.
#[derive(Clone, PartialEq, Eq)]
pub enum Whom {
    /// A contact with all its addresses.
    Contact(ContactId),
    /// An address, and the contact if exactly one has it.
    Address(EmailAddress),
}

impl std::fmt::Debug for Whom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Contact(contact) => write!(f, "Contact({contact})"),
            Self::Address(_) => f.write_str("Address(***)"),
        }
    }
}

/// A block as a person of ours sets it.
#[derive(Clone)]
pub struct BlockByHand {
    /// Whom it is for.
    pub whom: Whom,
    /// What it covers.
    pub scope: Scope,
    /// For what: labels or an article, kept in clear; other words only of a ticket, sealed.
    pub basis: String,
    /// The matter it belongs to, by its number.
    pub ticket: Option<String>,
    /// Why it is narrower than it would be; only of a rectification or a restriction.
    pub exception: Option<String>,
    /// An authority demands it (152-FZ art. 21(1)): the ticket must be in its lane.
    pub by_authority: bool,
}

impl std::fmt::Debug for BlockByHand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlockByHand")
            .field("whom", &self.whom)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

impl Cases {
    /// Sets a block by hand. It is a stop like any other: numbered, in the journal, told to the
    /// connected systems.
    ///
    /// # Errors
    /// [`CasesError::NotFound`]; [`CasesError::Refused`] by `block_needs_basis`, `own_address`,
    /// `exception_needs_check`, `not_an_authority`.
    pub async fn set_block(&self, new: &BlockByHand, actor: &str) -> Result<BlockId, CasesError> {
        let ticket = match &new.ticket {
            Some(number) => Some(self.ticket_of_number(number).await?),
            None => None,
        };
        self.check_block(new, ticket.as_ref()).await?;
        let exception = match (&new.exception, &ticket) {
            (Some(reason), Some(ticket)) => {
                let key = self.key_of_matter(ticket).await?;
                let entropy = &*self.parts.entropy;
                let plain = reason.trim().as_bytes();
                Some(self.parts.vault.seal(key, EXCEPTION, plain, entropy).await?)
            }
            _ => None,
        };
        let (basis, words) = self.basis_of(new.basis.trim(), ticket.as_ref()).await?;
        let transaction = self.store().begin().await?;
        // A filing or a START of the same person that looks whether something is blocked waits.
        if let Whom::Address(address) = &new.whom {
            let all = self.parts.digests.address_all(address);
            let stops: Vec<_> = all.iter().map(|digests| digests.stop).collect();
            store::stops::lock(&transaction, &stops).await?;
        }
        let now = self.parts.clock.now();
        let (address, contact) = self.resolve(&transaction, &new.whom, now).await?;
        let digests = self.held_digests(&transaction, address, contact).await?;
        let row = NewBlock {
            scope: &new.scope,
            address,
            stop_digest: address.and(digests.first().map(|digests| digests.stop)),
            contact,
            ticket: ticket.as_ref().map(|ticket| ticket.id),
            submission: None,
            basis,
            // A person of ours vouches: "this was not me" lifts none of these.
            authentication: SenderAuthentication::Pass,
        };
        let block = store::blocks::set(&transaction, &row, now).await?;
        if let Some(words) = &words {
            store::blocks::write_basis(&transaction, block, words).await?;
        }
        if let Some(reason) = &exception {
            store::blocks::add_exception(&transaction, block, reason, actor, now).await?;
        }
        let mut stops = PendingStops::default();
        let scope = scope_words(&new.scope);
        let stopped = Stopped {
            kind: StopKind::Block,
            scope: &scope,
            digests,
            contact,
            block: Some(block),
            submission: None,
        };
        self.record_stop(&transaction, stopped, &mut stops, now).await?;
        let of_ticket = ticket.as_ref().map(|ticket| ticket.id);
        store::tasks::tell_systems(&transaction, "block", of_ticket, Some(block), now).await?;
        if let Some(ticket) = ticket.as_ref().filter(|_| new.by_authority) {
            // What an authority asks about is not destroyed until a person says so.
            if store::tasks::holds_of(&transaction, ticket.id).await? == 0 {
                store::tasks::hold(&transaction, ticket.id, contact, "authority", now).await?;
            }
        }
        let detail = serde_json::json!({
            "scope": new.scope.name(), "ticket": of_ticket, "contact": contact,
            "exception": exception.is_some(), "by_authority": new.by_authority,
        });
        let subject = format!("block:{block}");
        store::audit::append(&transaction, actor, "blocked", &subject, &detail, now).await?;
        self.commit(transaction, stops, now).await?;
        Ok(block)
    }

    /// The basis as it is kept: words of ours and of the law in clear, all others sealed under the
    /// key of the matter.
    async fn basis_of<'a>(
        &self,
        basis: &'a str,
        ticket: Option<&TicketRow>,
    ) -> Result<(&'a str, Option<Vec<u8>>), CasesError> {
        let is_label = |word: &str| RequestName::from_name(word).is_some();
        if basis.split_whitespace().all(is_label) || domain::law::is_article(basis) {
            return Ok((basis, None));
        }
        let Some(ticket) = ticket else {
            return Err(CasesError::Refused {
                rule: "block_needs_basis",
                reason: "without a ticket the basis is a kind of request, such as `restriction`, or an \
                         article, such as `152-ФЗ ст. 21 ч. 1`; name the ticket for words of your own"
                    .to_owned(),
            });
        };
        let key = self.key_of_matter(ticket).await?;
        let (plain, entropy) = (basis.as_bytes(), &*self.parts.entropy);
        Ok(("by_hand", Some(self.parts.vault.seal(key, BASIS, plain, entropy).await?)))
    }

    /// What all blocks of an address and of the contacts that have it hold together.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn effective_block(
        &self,
        session: &impl Session,
        address: &EmailAddress,
    ) -> Result<Effective, CasesError> {
        let contacts = match store::addresses::find(session, address).await? {
            Some(id) => store::contacts::of_address(session, id).await?,
            None => Vec::new(),
        };
        let stops: Vec<_> =
            self.parts.digests.address_all(address).iter().map(|digests| digests.stop).collect();
        Ok(store::blocks::effective(session, &stops, &contacts).await?)
    }

    /// What all blocks of a contact and its addresses hold together.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn effective_block_of_contact(
        &self,
        session: &impl Session,
        contact: ContactId,
    ) -> Result<Effective, CasesError> {
        let digests = self.held_digests(session, None, Some(contact)).await?;
        let stops: Vec<_> = digests.iter().map(|digests| digests.stop).collect();
        Ok(store::blocks::effective(session, &stops, &[contact]).await?)
    }

    /// What all blocks of somebody hold together; the reading is written into the audit log.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn show_effective(&self, whom: &Whom, actor: &str) -> Result<Effective, CasesError> {
        let store = self.store();
        let (held, subject) = match whom {
            Whom::Contact(contact) => {
                let held = self.effective_block_of_contact(store, *contact).await?;
                (held, format!("contact:{contact}"))
            }
            Whom::Address(address) => {
                let held = self.effective_block(store, address).await?;
                let id = store::addresses::find(store, address).await?;
                (held, id.map_or("address".to_owned(), |id| format!("address:{id}")))
            }
        };
        let now = self.parts.clock.now();
        let transaction = store.begin().await?;
        let detail = serde_json::json!({ "of": "blocks" });
        store::audit::append(&transaction, actor, "read", &subject, &detail, now).await?;
        transaction.commit().await?;
        Ok(held)
    }

    /// Refuses a change of a contact's record while a block holds it. The check and the carrying
    /// out of a rectification do not ask: they are what the block waits for (152-FZ art. 3(7)).
    ///
    /// # Errors
    /// [`CasesError::Refused`] by `contact_is_blocked`.
    pub async fn refuse_editing_of_blocked(
        &self,
        session: &impl Session,
        contact: ContactId,
    ) -> Result<(), CasesError> {
        if self.effective_block_of_contact(session, contact).await?.holds_editing() {
            return Err(CasesError::Refused {
                rule: "contact_is_blocked",
                reason: "a blocked record is changed by its rectification alone; see `block list`"
                    .to_owned(),
            });
        }
        Ok(())
    }

    async fn check_block(
        &self,
        new: &BlockByHand,
        ticket: Option<&TicketRow>,
    ) -> Result<(), CasesError> {
        let refused =
            |rule, reason: &str| Err(CasesError::Refused { rule, reason: reason.to_owned() });
        if new.basis.trim().is_empty() {
            return refused("block_needs_basis", "say for what it is set; give --basis");
        }
        if let Whom::Address(address) = &new.whom
            && self.parts.settings.is_own(address)
        {
            return refused("own_address", "addresses of your own domains are never blocked");
        }
        if new.by_authority && ticket.is_none_or(|ticket| ticket.lane != Lane::Authority) {
            return refused(
                "not_an_authority",
                "name the authority's ticket with --ticket; it must stand in its lane",
            );
        }
        if new.exception.as_deref().is_some_and(|reason| !reason.trim().is_empty()) {
            let requests = match ticket {
                Some(ticket) => store::requests::of_ticket(self.store(), ticket.id).await?,
                None => Vec::new(),
            };
            let is_checked = requests.iter().any(|request| {
                let name = request.name;
                request.state.is_open()
                    && (name == RequestName::Rectification || name == RequestName::Restriction)
            });
            if !is_checked || new.scope == Scope::Full {
                return refused(
                    "exception_needs_check",
                    "something is excepted only from a block of fields or purposes while a \
                     rectification or restriction is checked (152-FZ art. 21(1)); name its ticket",
                );
            }
        }
        Ok(())
    }

    async fn resolve(
        &self,
        transaction: &Transaction,
        whom: &Whom,
        now: Timestamp,
    ) -> Result<(Option<AddressId>, Option<ContactId>), CasesError> {
        match whom {
            Whom::Contact(contact) => {
                let missing = || CasesError::NotFound { what: "contact", id: contact.to_string() };
                store::contacts::locale_of(transaction, *contact).await?.ok_or_else(missing)?;
                Ok((None, Some(*contact)))
            }
            Whom::Address(address) => {
                let digests = self.parts.digests.address(address);
                let id = store::addresses::find_or_add(transaction, address, &digests, now).await?;
                let contacts = store::contacts::of_address(transaction, id).await?;
                let one = match contacts.as_slice() {
                    [one] => Some(*one),
                    _ => None,
                };
                Ok((Some(id), one))
            }
        }
    }

    /// The digests of an address and of all addresses of a contact, the address's own first.
    async fn held_digests(
        &self,
        session: &impl Session,
        address: Option<AddressId>,
        contact: Option<ContactId>,
    ) -> Result<Vec<domain::digest::AddressDigests>, CasesError> {
        let mut addresses: Vec<_> = address.into_iter().collect();
        if let Some(contact) = contact {
            let others = store::contacts::addresses_of(session, contact).await?;
            addresses.extend(others.into_iter().filter(|other| Some(*other) != address));
        }
        let mut digests = Vec::new();
        for id in addresses {
            if let Some(clear) = store::addresses::clear(session, id).await? {
                digests.extend(self.parts.digests.address_all(&clear));
            }
        }
        Ok(digests)
    }
}
