//! Evidence of consent: what stands for an address, and the withdrawals that filing writes.

use std::collections::BTreeMap;

use domain::{
    Timestamp,
    block::Purpose,
    ids::{AddressId, ContactId, SubmissionId},
};

use crate::{
    error::StoreError,
    session::{Session, Transaction, execute, placeholders, query_all},
};

/// A consent that stands: granted or confirmed, and not withdrawn since.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StandingConsent {
    /// Whose.
    pub contact: Option<ContactId>,
    /// For which address.
    pub address: Option<AddressId>,
    /// For what.
    pub purpose: Purpose,
    /// For which list.
    pub list: Option<String>,
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
    let people = placeholders(2, contacts.len());
    let sql = format!(
        "SELECT id, contact_id, address_id, purpose, list, act FROM consent_event \
         WHERE purpose IN ('newsletter', 'partner_offers') AND (address_id = $1 OR contact_id IN ({people})) \
         ORDER BY at, id"
    );
    let values =
        std::iter::once(address.0.into()).chain(contacts.iter().map(|contact| contact.0.into()));
    let mut standing: BTreeMap<StandingConsent, bool> = BTreeMap::new();
    for row in query_all(session, &sql, values).await? {
        let consent = StandingConsent {
            contact: row.get::<Option<i64>>("consent_event", "contact_id")?.map(ContactId),
            address: row.get::<Option<i64>>("consent_event", "address_id")?.map(AddressId),
            purpose: row.parsed("consent_event", "purpose", Purpose::from_name)?,
            list: row.get("consent_event", "list")?,
        };
        let holds = row.parsed("consent_event", "act", |act| match act {
            "granted" | "confirmed" => Some(true),
            "withdrawn" => Some(false),
            _ => None,
        })?;
        standing.insert(consent, holds);
    }
    Ok(standing.into_iter().filter(|(_, holds)| *holds).map(|(consent, _)| consent).collect())
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

/// Writes a consent down.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn record(
    transaction: &Transaction,
    consent: &NewConsent<'_>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO consent_event (contact_id, address_id, purpose, list, act, grade, capture_point, at, \
               evidence) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values = [
        consent.contact.0.into(),
        consent.address.0.into(),
        consent.purpose.name().into(),
        consent.list.map(str::to_owned).into(),
        (if consent.is_confirmed { "confirmed" } else { "granted" }).into(),
        (if consent.is_proven { "proven" } else { "claimed" }).into(),
        consent.capture_point.into(),
        at.as_microsecond().into(),
        consent.evidence.into(),
    ];
    execute(transaction, sql, values).await?;
    Ok(())
}

/// Writes the withdrawal of a consent that stood, as the words of a submission.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn withdraw(
    transaction: &Transaction,
    consent: &StandingConsent,
    submission: SubmissionId,
    capture_point: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO consent_event (contact_id, address_id, purpose, list, act, grade, capture_point, at, \
               evidence, submission_id) VALUES ($1, $2, $3, $4, 'withdrawn', 'none', $5, $6, $7, $8)";
    let values = [
        consent.contact.map(|id| id.0).into(),
        consent.address.map(|id| id.0).into(),
        consent.purpose.name().into(),
        consent.list.clone().into(),
        capture_point.into(),
        now.as_microsecond().into(),
        format!("{{\"method\":\"words\",\"submission\":{submission}}}").into(),
        submission.0.into(),
    ];
    execute(transaction, sql, values).await?;
    Ok(())
}
