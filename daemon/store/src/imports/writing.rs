//! A chunk written in bulk: its new addresses, contacts, subscriptions and consent events get
//! their numbers first, so that no statement has to tell them back.

use domain::{
    Timestamp,
    block::Purpose,
    digest::AddressDigests,
    ids::{ImportId, ListId},
};

use super::bulk::{Column, insert, reserve};
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
    write_links(transaction, &writes.links, &given, at).await?;
    write_subscriptions(transaction, &writes.subscriptions, &given, at).await?;
    write_consents(transaction, writes.consents, &given, import, actor).await
}

/// The numbers that the new rows have.
struct Given {
    addresses: Vec<i64>,
    contacts: Vec<i64>,
    subscriptions: Vec<i64>,
}

/// A column of places, each as the number it stands for.
fn column_of(places: impl Iterator<Item = Place>, given: &[i64]) -> Result<Column, StoreError> {
    places.map(|place| place.id(given).map(Some)).collect::<Result<_, _>>().map(Column::Numbers)
}

/// A column of reserved numbers.
fn reserved(ids: &[i64]) -> Column {
    Column::Numbers(ids.iter().copied().map(Some).collect())
}

async fn write_links(
    transaction: &Transaction,
    links: &[(Place, Place)],
    given: &Given,
    at: i64,
) -> Result<(), StoreError> {
    let columns = vec![
        column_of(links.iter().map(|(contact, _)| *contact), &given.contacts)?,
        column_of(links.iter().map(|(_, address)| *address), &given.addresses)?,
        Column::Number(at),
    ];
    let into = "contact_address (contact_id, address_id, since_at)";
    insert(transaction, into, links.len(), columns).await
}

async fn write_subscriptions(
    transaction: &Transaction,
    subscriptions: &[WrittenSubscription],
    given: &Given,
    at: i64,
) -> Result<(), StoreError> {
    let all = || subscriptions.iter();
    let columns = vec![
        reserved(&given.subscriptions),
        Column::Numbers(all().map(|subscription| Some(subscription.list.0)).collect()),
        column_of(all().map(|subscription| subscription.contact), &given.contacts)?,
        column_of(all().map(|subscription| subscription.address), &given.addresses)?,
        Column::Text("confirmed".to_owned()),
        Column::Number(at),
        Column::Number(at),
    ];
    let into = "subscription (id, list_id, contact_id, address_id, state, since_at, created_at)";
    insert(transaction, into, subscriptions.len(), columns).await
}

async fn write_consents(
    transaction: &Transaction,
    consents: Vec<WrittenConsent>,
    given: &Given,
    import: ImportId,
    actor: &str,
) -> Result<(), StoreError> {
    let count = consents.len();
    let contacts = column_of(consents.iter().map(|consent| consent.contact), &given.contacts)?;
    let addresses = column_of(consents.iter().map(|consent| consent.address), &given.addresses)?;
    let (mut purposes, mut lists, mut capture_points, mut times, mut evidence, mut subscriptions) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for consent in consents {
        purposes.push(consent.purpose.name().to_owned());
        lists.push(consent.list);
        capture_points.push(consent.capture_point);
        times.push(Some(consent.at.as_microsecond()));
        evidence.push(consent.evidence);
        let subscription = consent.subscription.map(|place| place.id(&given.subscriptions));
        subscriptions.push(subscription.transpose()?);
    }
    let columns = vec![
        contacts,
        addresses,
        Column::Texts(purposes),
        Column::Texts(lists),
        Column::Text("granted".to_owned()),
        Column::Text("claimed".to_owned()),
        Column::Texts(capture_points),
        Column::Numbers(times),
        Column::Texts(evidence),
        Column::Numbers(subscriptions),
        Column::Number(import.0),
        Column::Text(actor.to_owned()),
    ];
    let into = "consent_event (contact_id, address_id, purpose, list, act, grade, capture_point, at, \
                evidence, subscription_id, import_id, actor)";
    insert(transaction, into, count, columns).await
}

async fn write_addresses(
    transaction: &Transaction,
    addresses: Vec<WrittenAddress>,
    ids: &[i64],
    at: i64,
) -> Result<(), StoreError> {
    let digests = |pick: fn(&WrittenAddress) -> [u8; 32]| addresses.iter().map(pick).collect();
    let keys = addresses.iter().map(|address| Some(i64::from(address.digests.exact.key.0)));
    let key_column = Column::Numbers(keys.collect());
    let exact = Column::Blobs(digests(|address| address.digests.exact.bytes));
    let stop = Column::Blobs(digests(|address| address.digests.stop.bytes));
    let (emails, exact_keys) =
        addresses.into_iter().map(|address| (address.email, address.exact_key)).unzip();
    let columns = vec![
        reserved(ids),
        Column::Texts(emails),
        Column::Texts(exact_keys),
        key_column,
        exact,
        stop,
        Column::Number(at),
    ];
    let into = "address (id, email, exact_key, digest_key, exact_digest, stop_digest, created_at)";
    insert(transaction, into, ids.len(), columns).await
}

async fn write_contacts(
    transaction: &Transaction,
    contacts: Vec<WrittenContact>,
    ids: &[i64],
    import: ImportId,
    at: i64,
) -> Result<(), StoreError> {
    let (mut names, mut phones, mut locales, mut zones) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for contact in contacts {
        names.push(contact.name);
        phones.push(contact.phone);
        locales.push(contact.locale);
        zones.push(contact.zone);
    }
    let columns = vec![
        reserved(ids),
        Column::Texts(names),
        Column::Texts(phones),
        Column::Texts(locales),
        Column::Texts(zones),
        Column::Text(format!("import:{import}")),
        Column::Number(at),
    ];
    let into = "contact (id, name, phone, locale, zone, source, created_at)";
    insert(transaction, into, ids.len(), columns).await
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
