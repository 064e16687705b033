//! Facts for the filing table, loaded inside the transaction under the lock of the stop key.

use domain::{
    Timestamp,
    address::EmailAddress,
    classification::Band,
    digest::AddressDigests,
    filing::NamedContact,
    ids::{AddressId, ContactId},
};
use jiff::ToSpan;
use store::Transaction;

use crate::{Cases, CasesError, submission::Submission};

/// The one sender, as far as the database knows.
#[derive(Debug, Clone)]
pub(super) struct KnownSender {
    pub(super) address: EmailAddress,
    pub(super) id: AddressId,
    /// Under every digest key in use, current first; never empty.
    pub(super) digests: Vec<AddressDigests>,
    /// All contacts that have the address.
    pub(super) contacts: Vec<ContactId>,
}

impl KnownSender {
    /// The contact, if exactly one has the address: several mean that a person decides.
    pub(super) fn one_contact(&self) -> Option<ContactId> {
        match self.contacts.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }

    pub(super) fn current(&self) -> AddressDigests {
        // `Digests` always has a current key, which comes first.
        self.digests[0]
    }

    pub(super) fn stop_digests(&self) -> Vec<domain::digest::Digest> {
        self.digests.iter().map(|digests| digests.stop).collect()
    }
}

/// Somebody named in the text who is exactly one contact.
#[derive(Debug, Clone)]
pub(super) struct NamedPerson {
    pub(super) contact: ContactId,
    pub(super) address: AddressId,
    pub(super) digests: Vec<AddressDigests>,
}

/// Most addresses of a text that are looked up.
const MOST_NAMED: usize = 10;

impl Cases {
    pub(super) async fn know_sender(
        &self,
        transaction: &Transaction,
        submission: &Submission,
        now: Timestamp,
    ) -> Result<Option<KnownSender>, CasesError> {
        let Some(address) = submission.requester() else { return Ok(None) };
        let digests = self.parts.digests.address_all(&address);
        let current = self.parts.digests.address(&address);
        let id = store::addresses::find_or_add(transaction, &address, &current, now).await?;
        let contacts = store::contacts::of_address(transaction, id).await?;
        let digests = if digests.is_empty() { vec![current] } else { digests };
        Ok(Some(KnownSender { address, id, digests, contacts }))
    }

    /// Whether too many full blocks were set in the last hour for senders whose domain does not
    /// vouch for them.
    pub(super) async fn breaker_is_open(
        &self,
        transaction: &Transaction,
        now: Timestamp,
    ) -> Result<bool, CasesError> {
        let full = store::blocks::full_since(transaction, now - 1.hour()).await?;
        Ok(full >= i64::from(self.parts.settings.full_blocks_per_hour.max(1)))
    }

    /// Clears the breaker's alarm once the hour has passed; called now and then by the process.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn close_breaker(&self) -> Result<(), CasesError> {
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        if !self.breaker_is_open(&transaction, now).await? {
            store::alarms::clear(&transaction, "filing_breaker", now).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// The one contact named in the text, if exactly one contact has a named address that is
    /// neither the sender's nor ours (invariant 14).
    pub(super) async fn named_person(
        &self,
        transaction: &Transaction,
        submission: &Submission,
    ) -> Result<Option<NamedPerson>, CasesError> {
        let Some(classification) = submission.classification() else { return Ok(None) };
        if classification.marks.iter().all(|verdict| verdict.band == Band::None) {
            return Ok(None);
        }
        let requester = submission.requester().map(|address| address.exact_key());
        let mut found: Option<NamedPerson> = None;
        for text in classification.named_addresses.iter().take(MOST_NAMED) {
            let Ok(address) = EmailAddress::parse(text) else { continue };
            if requester.as_ref() == Some(&address.exact_key())
                || self.parts.settings.is_own(&address)
            {
                continue;
            }
            let Some(id) = store::addresses::find(transaction, &address).await? else { continue };
            match (store::contacts::of_address(transaction, id).await?.as_slice(), &found) {
                ([], _) => {}
                ([one], None) => {
                    let digests = self.parts.digests.address_all(&address);
                    found = Some(NamedPerson { contact: *one, address: id, digests });
                }
                ([one], Some(person)) if person.contact == *one => {}
                // Two people: a person of ours decides.
                _ => return Ok(None),
            }
        }
        Ok(found)
    }
}

pub(super) fn named_fact(person: Option<&NamedPerson>) -> NamedContact {
    if person.is_some() { NamedContact::One } else { NamedContact::NotOne }
}
