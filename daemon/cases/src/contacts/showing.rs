//! `contact show`: a person, and everything that is written down about them, newest first.

use domain::{
    address::EmailAddress,
    ids::{AddressId, ContactId},
};
use serde_json::json;
use store::contacts::{Happening, Person, SearchedFor};

use crate::{Cases, CasesError};

/// Happenings at most.
const MOST: u32 = 1000;

/// What is shown of a contact or an address.
#[derive(Debug, Clone)]
pub struct ContactShown {
    /// The contacts: one, or all that share the address.
    pub people: Vec<Person>,
    /// Their addresses in clear.
    pub addresses: Vec<EmailAddress>,
    /// What happened, newest first.
    pub timeline: Vec<Happening>,
}

impl Cases {
    /// Everything about an address, or about the contact of an id. The reading is audited before
    /// anything is shown.
    ///
    /// # Errors
    /// [`CasesError::NotFound`] for the number of no contact; [`CasesError::Settings`] when `asked`
    /// is neither.
    pub async fn show_contact(&self, asked: &str, actor: &str) -> Result<ContactShown, CasesError> {
        let mut search = SearchedFor::default();
        let mut addresses = Vec::new();
        if asked.contains('@') {
            let address = EmailAddress::parse(asked)
                .map_err(|error| CasesError::Settings(error.to_string()))?;
            if let Some(id) = store::addresses::find(self.store(), &address).await? {
                search.contacts = store::contacts::of_address(self.store(), id).await?;
                search.addresses.push(id);
            }
            addresses.push(address);
        } else {
            let id = asked.parse().map_err(|_| {
                CasesError::Settings("say an address, or the number of a contact".to_owned())
            })?;
            search.contacts.push(ContactId(id));
        }
        let people = store::contacts::people(self.store(), &search.contacts).await?;
        if people.is_empty() && addresses.is_empty() {
            return Err(CasesError::NotFound { what: "contact", id: asked.to_owned() });
        }
        for contact in search.contacts.clone() {
            for id in store::contacts::addresses_of(self.store(), contact).await? {
                self.add_address(&mut search, &mut addresses, id).await?;
            }
        }
        let digests = addresses.iter().flat_map(|address| self.digests().address_all(address));
        search.stop_digests = digests.map(|digests| digests.stop.bytes).collect();
        let timeline = store::contacts::timeline(self.store(), &search, MOST).await?;
        self.audit_look(&search, actor).await?;
        Ok(ContactShown { people, addresses, timeline })
    }

    async fn add_address(
        &self,
        search: &mut SearchedFor,
        addresses: &mut Vec<EmailAddress>,
        id: AddressId,
    ) -> Result<(), CasesError> {
        if !search.addresses.contains(&id) {
            search.addresses.push(id);
            addresses.extend(store::addresses::clear(self.store(), id).await?);
        }
        Ok(())
    }

    /// Writes down that somebody looked at a contact in another way than [`Cases::show_contact`],
    /// such as by the preview of a campaign; to be called before anything is shown.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn note_look(
        &self,
        contact: ContactId,
        what: &str,
        actor: &str,
    ) -> Result<(), CasesError> {
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let (subject, detail) = (format!("contact:{contact}"), json!({ "what": what }));
        store::audit::append(&transaction, actor, "read", &subject, &detail, now).await?;
        Ok(transaction.commit().await?)
    }

    async fn audit_look(&self, search: &SearchedFor, actor: &str) -> Result<(), CasesError> {
        let subject = match (search.contacts.as_slice(), search.stop_digests.first()) {
            ([contact], _) => format!("contact:{contact}"),
            (_, Some(digest)) => format!("address:{}", hex::encode(&digest[..8])),
            (_, None) => "contact".to_owned(),
        };
        let detail = json!({ "contacts": search.contacts });
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        store::audit::append(&transaction, actor, "read", &subject, &detail, now).await?;
        Ok(transaction.commit().await?)
    }
}
