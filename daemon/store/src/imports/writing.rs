//! A chunk written in bulk: its new addresses, contacts, subscriptions and consent events get
//! their numbers first, so that no statement has to tell them back.

use domain::{
    Timestamp,
    block::Purpose,
    digest::AddressDigests,
    ids::{ImportId, ListId},
};
use sea_orm::Value;

use super::bulk::{insert, reserve};
use crate::{
    error::StoreError,
    session::{Transaction, execute},
};

/// A row that is there, or the n-th new one of this chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Its id.
    Known(i64),
    /// Its place among the new ones.
    New(usize),
}

impl Place {
    fn id(self, given: &[i64]) -> Result<i64, StoreError> {
        match self {
            Self::Known(id) => Ok(id),
            Self::New(place) => given
                .get(place)
                .copied()
                .ok_or_else(|| StoreError::Defect("a chunk names a row it does not have".into())),
        }
    }
}

/// A new address.
#[derive(Clone)]
pub struct WrittenAddress {
    /// In clear.
    pub email: String,
    /// Its folded clear form.
    pub exact_key: String,
    /// Under the current key.
    pub digests: AddressDigests,
}

/// A new contact.
#[derive(Clone)]
pub struct WrittenContact {
    /// First and last name.
    pub name: String,
    /// Telephone number.
    pub phone: String,
    /// `ru` or `en`.
    pub locale: String,
    /// IANA zone.
    pub zone: String,
}

/// What a contact that is there lacked; an empty text changes nothing.
#[derive(Clone)]
pub struct Fill {
    /// Whose.
    pub contact: i64,
    /// The name, where there was none.
    pub name: String,
    /// The telephone number, where there was none.
    pub phone: String,
}

macro_rules! prints_nothing {
    ($($name:ident),+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(***)"))
            }
        }
    )+};
}
prints_nothing!(WrittenAddress, WrittenContact, WrittenConsent, Fill);

/// A new confirmed subscription.
#[derive(Debug, Clone, Copy)]
pub struct WrittenSubscription {
    /// The list.
    pub list: ListId,
    /// Whose.
    pub contact: Place,
    /// Under which address.
    pub address: Place,
}

/// A new event `granted`, grade `claimed`.
#[derive(Clone)]
pub struct WrittenConsent {
    /// Whose.
    pub contact: Place,
    /// For which address.
    pub address: Place,
    /// The subscription it belongs to.
    pub subscription: Option<Place>,
    /// For what.
    pub purpose: Purpose,
    /// For which list.
    pub list: String,
    /// Where it was captured.
    pub capture_point: String,
    /// When the person gave it.
    pub at: Timestamp,
    /// What shows it, as JSON.
    pub evidence: String,
}

/// Everything a chunk writes.
#[derive(Clone, Default)]
pub struct Writes {
    /// New addresses.
    pub addresses: Vec<WrittenAddress>,
    /// New contacts.
    pub contacts: Vec<WrittenContact>,
    /// Who gets which address: contact, address.
    pub links: Vec<(Place, Place)>,
    /// What is filled in.
    pub fills: Vec<Fill>,
    /// New subscriptions.
    pub subscriptions: Vec<WrittenSubscription>,
    /// New consent events.
    pub consents: Vec<WrittenConsent>,
}

impl std::fmt::Debug for Writes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writes")
            .field("addresses", &self.addresses.len())
            .field("contacts", &self.contacts.len())
            .field("consents", &self.consents.len())
            .finish_non_exhaustive()
    }
}

/// Writes a chunk.
///
/// # Errors
/// [`StoreError::Duplicate`] when another transaction made one of the rows meanwhile: look again.
pub async fn write(
    transaction: &Transaction,
    writes: Writes,
    import: ImportId,
    actor: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let at = now.as_microsecond();
    let given = Given {
        addresses: reserve(transaction, "address", writes.addresses.len()).await?,
        contacts: reserve(transaction, "contact", writes.contacts.len()).await?,
        subscriptions: reserve(transaction, "subscription", writes.subscriptions.len()).await?,
    };
    write_addresses(transaction, writes.addresses, &given.addresses, at).await?;
    write_contacts(transaction, writes.contacts, &given.contacts, import, at).await?;
    fill(transaction, writes.fills).await?;
    let mut rows: Vec<[Value; 3]> = Vec::with_capacity(writes.links.len());
    for (contact, address) in writes.links {
        let (contact, address) = (contact.id(&given.contacts)?, address.id(&given.addresses)?);
        rows.push([contact.into(), address.into(), at.into()]);
    }
    insert(transaction, "contact_address (contact_id, address_id, since_at)", rows).await?;
    write_subscriptions(transaction, &writes.subscriptions, &given, at).await?;
    write_consents(transaction, writes.consents, &given, import, actor).await
}

/// The numbers that the new rows have.
struct Given {
    addresses: Vec<i64>,
    contacts: Vec<i64>,
    subscriptions: Vec<i64>,
}

async fn write_subscriptions(
    transaction: &Transaction,
    subscriptions: &[WrittenSubscription],
    given: &Given,
    at: i64,
) -> Result<(), StoreError> {
    let mut rows: Vec<[Value; 7]> = Vec::with_capacity(subscriptions.len());
    for (subscription, id) in subscriptions.iter().zip(&given.subscriptions) {
        rows.push([
            (*id).into(),
            subscription.list.0.into(),
            subscription.contact.id(&given.contacts)?.into(),
            subscription.address.id(&given.addresses)?.into(),
            "confirmed".into(),
            at.into(),
            at.into(),
        ]);
    }
    let into = "subscription (id, list_id, contact_id, address_id, state, since_at, created_at)";
    insert(transaction, into, rows).await
}

async fn write_consents(
    transaction: &Transaction,
    consents: Vec<WrittenConsent>,
    given: &Given,
    import: ImportId,
    actor: &str,
) -> Result<(), StoreError> {
    let mut rows: Vec<[Value; 12]> = Vec::with_capacity(consents.len());
    for consent in consents {
        let subscription = consent.subscription.map(|place| place.id(&given.subscriptions));
        rows.push([
            consent.contact.id(&given.contacts)?.into(),
            consent.address.id(&given.addresses)?.into(),
            consent.purpose.name().into(),
            consent.list.into(),
            "granted".into(),
            "claimed".into(),
            consent.capture_point.into(),
            consent.at.as_microsecond().into(),
            consent.evidence.into(),
            subscription.transpose()?.into(),
            import.0.into(),
            actor.into(),
        ]);
    }
    let into = "consent_event (contact_id, address_id, purpose, list, act, grade, capture_point, at, \
                evidence, subscription_id, import_id, actor)";
    insert(transaction, into, rows).await
}

async fn write_addresses(
    transaction: &Transaction,
    addresses: Vec<WrittenAddress>,
    ids: &[i64],
    at: i64,
) -> Result<(), StoreError> {
    let rows: Vec<[Value; 7]> = addresses
        .into_iter()
        .zip(ids)
        .map(|(address, id)| {
            [
                (*id).into(),
                address.email.into(),
                address.exact_key.into(),
                i64::from(address.digests.exact.key.0).into(),
                address.digests.exact.bytes.to_vec().into(),
                address.digests.stop.bytes.to_vec().into(),
                at.into(),
            ]
        })
        .collect();
    let into = "address (id, email, exact_key, digest_key, exact_digest, stop_digest, created_at)";
    insert(transaction, into, rows).await
}

async fn write_contacts(
    transaction: &Transaction,
    contacts: Vec<WrittenContact>,
    ids: &[i64],
    import: ImportId,
    at: i64,
) -> Result<(), StoreError> {
    let source = format!("import:{import}");
    let rows: Vec<[Value; 7]> = contacts
        .into_iter()
        .zip(ids)
        .map(|(contact, id)| {
            [
                (*id).into(),
                contact.name.into(),
                contact.phone.into(),
                contact.locale.into(),
                contact.zone.into(),
                source.as_str().into(),
                at.into(),
            ]
        })
        .collect();
    let into = "contact (id, name, phone, locale, zone, source, created_at)";
    insert(transaction, into, rows).await
}

/// What is there is never overwritten: only an empty field is filled.
async fn fill(transaction: &Transaction, fills: Vec<Fill>) -> Result<(), StoreError> {
    let sql = "UPDATE contact SET name = CASE WHEN name = '' THEN $2 ELSE name END, \
               phone = CASE WHEN phone = '' THEN $3 ELSE phone END WHERE id = $1";
    for fill in fills {
        let values = [fill.contact.into(), fill.name.into(), fill.phone.into()];
        execute(transaction, sql, values).await?;
    }
    Ok(())
}
