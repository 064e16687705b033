//! Evidence of consent: append-only events, and what stands for an address after them.

mod mails;

use std::collections::BTreeMap;

use domain::{
    Timestamp,
    block::Purpose,
    consent::{ConsentAct, Grade},
    ids::{
        AddressId, ConsentEventId, ConsentTextId, ContactId, DeliveryId, ImportId, PolicyId,
        SubmissionId, SubscriptionId,
    },
};

use crate::{
    error::StoreError,
    row::Row,
    session::{Session, Transaction, placeholders, query_all, query_one, query_optional},
};

pub use mails::{ConsentMail, mails, mails_on};

/// An event as it was written down. Personal data in `evidence`; prints nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct ConsentEventRow {
    /// Its row.
    pub id: ConsentEventId,
    /// Whose.
    pub contact: Option<ContactId>,
    /// For which address.
    pub address: Option<AddressId>,
    /// For what.
    pub purpose: Purpose,
    /// For which list, by name.
    pub list: Option<String>,
    /// What was done.
    pub act: ConsentAct,
    /// How well it can be shown.
    pub grade: Grade,
    /// Where it was captured.
    pub capture_point: String,
    /// When.
    pub at: Timestamp,
    /// What shows it, as JSON.
    pub evidence: String,
    /// The submission whose words it is.
    pub submission: Option<SubmissionId>,
    /// The words consented to.
    pub text: Option<ConsentTextId>,
    /// The policy shown beside them.
    pub policy: Option<PolicyId>,
    /// The subscription it is about.
    pub subscription: Option<SubscriptionId>,
    /// The mail it came from: the confirmation mail, or the campaign mail that was answered.
    pub delivery: Option<DeliveryId>,
    /// The import that brought it.
    pub import: Option<ImportId>,
    /// Who wrote it down, where that was not the person's own act.
    pub actor: Option<String>,
}

impl std::fmt::Debug for ConsentEventRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConsentEventRow")
            .field("id", &self.id)
            .field("act", &self.act)
            .field("grade", &self.grade)
            .finish_non_exhaustive()
    }
}

/// An event to be written down. Personal data in `evidence`; prints nothing of it.
#[derive(Clone)]
pub struct NewConsentEvent<'a> {
    /// Whose.
    pub contact: Option<ContactId>,
    /// For which address.
    pub address: Option<AddressId>,
    /// For what.
    pub purpose: Purpose,
    /// For which list, by name.
    pub list: Option<&'a str>,
    /// What was done.
    pub act: ConsentAct,
    /// How well it can be shown.
    pub grade: Grade,
    /// Where it was captured.
    pub capture_point: &'a str,
    /// What shows it, as JSON.
    pub evidence: &'a str,
    /// The submission whose words it is.
    pub submission: Option<SubmissionId>,
    /// The words consented to.
    pub text: Option<ConsentTextId>,
    /// The policy shown beside them.
    pub policy: Option<PolicyId>,
    /// The subscription it is about.
    pub subscription: Option<SubscriptionId>,
    /// The mail it came from.
    pub delivery: Option<DeliveryId>,
    /// The import that brought it.
    pub import: Option<ImportId>,
    /// Who wrote it down, where that was not the person's own act.
    pub actor: Option<&'a str>,
}

impl std::fmt::Debug for NewConsentEvent<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewConsentEvent").field("act", &self.act).finish_non_exhaustive()
    }
}

const COLUMNS: &str = "id, contact_id, address_id, purpose, list, act, grade, capture_point, at, evidence, \
                       submission_id, text_id, policy_id, subscription_id, delivery_id, import_id, actor";

fn read(row: &Row) -> Result<ConsentEventRow, StoreError> {
    const TABLE: &str = "consent_event";
    Ok(ConsentEventRow {
        id: ConsentEventId(row.get(TABLE, "id")?),
        contact: row.get::<Option<i64>>(TABLE, "contact_id")?.map(ContactId),
        address: row.get::<Option<i64>>(TABLE, "address_id")?.map(AddressId),
        purpose: row.parsed(TABLE, "purpose", Purpose::from_name)?,
        list: row.get(TABLE, "list")?,
        act: row.parsed(TABLE, "act", ConsentAct::from_name)?,
        grade: row.parsed(TABLE, "grade", Grade::from_name)?,
        capture_point: row.get(TABLE, "capture_point")?,
        at: row.instant(TABLE, "at")?,
        evidence: row.get(TABLE, "evidence")?,
        submission: row.get::<Option<i64>>(TABLE, "submission_id")?.map(SubmissionId),
        text: row.get::<Option<i64>>(TABLE, "text_id")?.map(ConsentTextId),
        policy: row.get::<Option<i64>>(TABLE, "policy_id")?.map(PolicyId),
        subscription: row.get::<Option<i64>>(TABLE, "subscription_id")?.map(SubscriptionId),
        delivery: row.get::<Option<i64>>(TABLE, "delivery_id")?.map(DeliveryId),
        import: row.get::<Option<i64>>(TABLE, "import_id")?.map(ImportId),
        actor: row.get(TABLE, "actor")?,
    })
}

/// Writes an event down.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn append(
    transaction: &Transaction,
    event: &NewConsentEvent<'_>,
    at: Timestamp,
) -> Result<ConsentEventId, StoreError> {
    let sql = "INSERT INTO consent_event (contact_id, address_id, purpose, list, act, grade, capture_point, at, \
               evidence, submission_id, text_id, policy_id, subscription_id, delivery_id, import_id, actor) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) RETURNING id";
    let values = [
        event.contact.map(|id| id.0).into(),
        event.address.map(|id| id.0).into(),
        event.purpose.name().into(),
        event.list.map(str::to_owned).into(),
        event.act.name().into(),
        event.grade.name().into(),
        event.capture_point.into(),
        at.as_microsecond().into(),
        event.evidence.into(),
        event.submission.map(|id| id.0).into(),
        event.text.map(|id| id.0).into(),
        event.policy.map(|id| id.0).into(),
        event.subscription.map(|id| id.0).into(),
        event.delivery.map(|id| id.0).into(),
        event.import.map(|id| id.0).into(),
        event.actor.map(str::to_owned).into(),
    ];
    let row = query_one(transaction, sql, values).await?;
    Ok(ConsentEventId(row.get("consent_event", "id")?))
}

/// One event.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn by_id(
    session: &impl Session,
    event: ConsentEventId,
) -> Result<Option<ConsentEventRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM consent_event WHERE id = $1");
    query_optional(session, &sql, [event.0.into()]).await?.as_ref().map(read).transpose()
}

/// All events of some addresses or contacts, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_person(
    session: &impl Session,
    addresses: &[AddressId],
    contacts: &[ContactId],
) -> Result<Vec<ConsentEventRow>, StoreError> {
    let places = placeholders(1, addresses.len());
    let people = placeholders(1 + addresses.len(), contacts.len());
    let sql = format!(
        "SELECT {COLUMNS} FROM consent_event WHERE address_id IN ({places}) OR contact_id IN ({people}) \
         ORDER BY at, id"
    );
    let values = addresses
        .iter()
        .map(|address| address.0.into())
        .chain(contacts.iter().map(|contact| contact.0.into()));
    query_all(session, &sql, values).await?.iter().map(read).collect()
}

/// A consent that stands: granted or confirmed, and not withdrawn since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingConsent {
    /// The last event that gave it.
    pub event: ConsentEventId,
    /// When the person gave it; none when a correction restored it.
    pub given_at: Option<Timestamp>,
    /// Whose.
    pub contact: Option<ContactId>,
    /// For which address.
    pub address: Option<AddressId>,
    /// For what.
    pub purpose: Purpose,
    /// For which list.
    pub list: Option<String>,
}

/// What stands after these events, given oldest first.
#[must_use]
pub fn standing(events: &[ConsentEventRow]) -> Vec<StandingConsent> {
    let mut last = BTreeMap::new();
    for event in events {
        let of = (event.contact, event.address, event.purpose, event.list.as_deref());
        last.insert(of, event);
    }
    let standing = last.into_values().filter(|event| event.act.stands());
    standing
        .map(|event| StandingConsent {
            event: event.id,
            given_at: (event.capture_point != "correction").then_some(event.at),
            contact: event.contact,
            address: event.address,
            purpose: event.purpose,
            list: event.list.clone(),
        })
        .collect()
}

/// The advertising consents that stand for an address or the contacts that have it.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn advertising_of(
    session: &impl Session,
    address: AddressId,
    contacts: &[ContactId],
) -> Result<Vec<StandingConsent>, StoreError> {
    let mut events = of_person(session, &[address], contacts).await?;
    events.retain(|event| event.purpose.is_advertising());
    Ok(standing(&events))
}

/// The withdrawals that a submission wrote and that no later event has corrected.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn withdrawals_of(
    session: &impl Session,
    submission: SubmissionId,
    addresses: &[AddressId],
    contacts: &[ContactId],
) -> Result<Vec<ConsentEventRow>, StoreError> {
    let events = of_person(session, addresses, contacts).await?;
    let is_last = |event: &ConsentEventRow| {
        !events.iter().any(|later| {
            (later.at, later.id) > (event.at, event.id)
                && (later.subscription.is_some() && later.subscription == event.subscription
                    || later.contact == event.contact
                        && later.address == event.address
                        && later.purpose == event.purpose
                        && later.list == event.list)
        })
    };
    let written = events
        .iter()
        .filter(|event| event.act == ConsentAct::Withdrawn && event.submission == Some(submission));
    Ok(written.filter(|event| is_last(event)).cloned().collect())
}

/// A consent as it was given, with its evidence.
#[derive(Debug, Clone)]
pub struct NewConsent<'a> {
    /// Whose.
    pub contact: ContactId,
    /// For which address.
    pub address: AddressId,
    /// For what.
    pub purpose: Purpose,
    /// For which list.
    pub list: Option<&'a str>,
    /// `granted` or `confirmed`.
    pub is_confirmed: bool,
    /// `proven` or `claimed`.
    pub is_proven: bool,
    /// Where it was captured.
    pub capture_point: &'a str,
    /// What shows it, as JSON.
    pub evidence: &'a str,
}

/// Writes a consent down that rests on neither text nor subscription.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn record(
    transaction: &Transaction,
    consent: &NewConsent<'_>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let event = NewConsentEvent {
        contact: Some(consent.contact),
        address: Some(consent.address),
        purpose: consent.purpose,
        list: consent.list,
        act: if consent.is_confirmed { ConsentAct::Confirmed } else { ConsentAct::Granted },
        grade: if consent.is_proven { Grade::Proven } else { Grade::Claimed },
        capture_point: consent.capture_point,
        evidence: consent.evidence,
        submission: None,
        text: None,
        policy: None,
        subscription: None,
        delivery: None,
        import: None,
        actor: None,
    };
    append(transaction, &event, at).await?;
    Ok(())
}
