//! What holds for a recipient: the facts that the gate asks for, of many recipients at once.
//!
//! Read in the transaction of a claim, and again before START whenever the stop sequence moved.

use std::collections::{HashMap, HashSet};

use domain::{
    Timestamp,
    block::Scope,
    digest::Digest,
    gate::{Suppressed, SuppressionReason},
    ids::{AddressId, ContactId},
};

use crate::{
    blocks,
    error::StoreError,
    row::Row,
    session::{
        Session, blobs, is_found_by_numbers, is_one_of_blobs, numbers, query_all, query_together,
    },
};

/// A recipient whose standing is asked: the stop key digested under every key there is.
#[derive(Debug, Clone)]
pub struct Recipient {
    /// The address.
    pub address: AddressId,
    /// Digests of its stop key, under all keys.
    pub stop_digests: Vec<Digest>,
}

/// What holds for a recipient.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Scopes of the active blocks of the address or of a contact that has it.
    pub blocks: Vec<Scope>,
    /// The active suppressions of the address.
    pub suppressions: Vec<Suppressed>,
    /// What of them cannot be read. Until it is, the recipient counts as wholly blocked.
    pub misfit: Option<String>,
}

impl Standing {
    /// Something stands against the recipient, and nobody can read what.
    fn doubt(&mut self, what: &StoreError) {
        self.blocks.push(Scope::Full);
        self.misfit.get_or_insert_with(|| what.to_string());
    }
}

/// What holds for each recipient, in three queries for all of them. A row that does not fit stops
/// those whom it concerns, nobody else.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn standings(
    session: &impl Session,
    recipients: &[Recipient],
    now: Timestamp,
) -> Result<HashMap<AddressId, Standing>, StoreError> {
    let digests: Vec<Digest> =
        recipients.iter().flat_map(|recipient| recipient.stop_digests.iter().copied()).collect();
    let people = contacts_of(session, recipients).await?;
    let all_people: Vec<ContactId> = people.iter().map(|(_, contact)| *contact).collect();
    let blocks = blocks::holding(session, &digests, &all_people).await?;
    let suppressions = suppressions_of(session, &digests, now).await?;
    let mut standings: HashMap<AddressId, Standing> = HashMap::with_capacity(recipients.len());
    let people: HashSet<(AddressId, ContactId)> = people.into_iter().collect();
    for recipient in recipients {
        let is_own = |digest: &[u8]| recipient.stop_digests.iter().any(|own| own.bytes == digest);
        let has = |contact: ContactId| people.contains(&(recipient.address, contact));
        let mut standing = Standing::default();
        for block in &blocks {
            if block.stop_digest.as_deref().is_some_and(is_own) || block.contact.is_some_and(has) {
                match &block.scope {
                    Ok(scope) => standing.blocks.push(scope.clone()),
                    Err(what) => standing.doubt(what),
                }
            }
        }
        for (_, suppressed) in suppressions.iter().filter(|(digest, _)| is_own(digest)) {
            match suppressed {
                Ok(suppressed) => standing.suppressions.push(*suppressed),
                Err(what) => standing.doubt(what),
            }
        }
        standings.insert(recipient.address, standing);
    }
    Ok(standings)
}

async fn contacts_of(
    session: &impl Session,
    recipients: &[Recipient],
) -> Result<Vec<(AddressId, ContactId)>, StoreError> {
    let dialect = session.dialect();
    let sql = format!(
        "SELECT address_id, contact_id FROM contact_address WHERE address_id {}",
        is_found_by_numbers(1, dialect)
    );
    let addresses = numbers(recipients.iter().map(|recipient| recipient.address.0), dialect);
    let columns = &["address_id", "contact_id"];
    let rows = query_together(session, columns, &sql, [addresses]).await?;
    rows.iter()
        .map(|row| {
            Ok((
                AddressId(row.get("contact_address", "address_id")?),
                ContactId(row.get("contact_address", "contact_id")?),
            ))
        })
        .collect()
}

async fn suppressions_of(
    session: &impl Session,
    digests: &[Digest],
    now: Timestamp,
) -> Result<Vec<(Vec<u8>, Result<Suppressed, StoreError>)>, StoreError> {
    let dialect = session.dialect();
    let sql = format!(
        "SELECT id, stop_digest, reason, since_at FROM suppression WHERE lifted_at IS NULL \
         AND (until_at IS NULL OR until_at > $1) AND stop_digest {}",
        is_one_of_blobs(2, dialect)
    );
    let digests = blobs(digests.iter().map(|digest| digest.bytes.as_slice()), dialect);
    let values = [now.as_microsecond().into(), digests];
    let rows = query_all(session, &sql, values).await?;
    let suppressed = |row: &Row| {
        let reason = row.parsed("suppression", "reason", SuppressionReason::from_name)?;
        Ok(Suppressed { reason, since_at: row.instant("suppression", "since_at")? })
    };
    rows.iter().map(|row| Ok((row.get("suppression", "stop_digest")?, suppressed(row)))).collect()
}
