//! Proofs of who asks, beside their tickets.

use domain::{
    Timestamp,
    identity::{IdentityLevel, Proof, level_for},
    ids::{ChallengeId, ContactId, IdentityProofId, RequestId, TicketId},
};

use crate::{
    error::StoreError,
    requests::RequestRow,
    session::{Session, Transaction, change_one, execute, query_all, query_one},
};

/// A proof as it stands.
#[derive(Clone)]
pub struct ProofRow {
    /// Its id.
    pub id: IdentityProofId,
    /// The ticket.
    pub ticket: TicketId,
    /// The challenge that was answered.
    pub challenge: Option<ChallengeId>,
    /// As which contact the sender was attested.
    pub contact: Option<ContactId>,
    /// What the operator saw, sealed under the key of the matter.
    pub note: Option<Vec<u8>>,
    /// When it was written down.
    pub at: Timestamp,
    /// By whom; `filing` for what the mail itself shows.
    pub actor: String,
    /// Who revoked it, and when.
    pub revoked: Option<(Timestamp, String)>,
    /// How sure it makes us, and of what.
    pub proof: Proof,
}

impl std::fmt::Debug for ProofRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProofRow").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A proof to be written down.
#[derive(Clone)]
pub struct NewProof<'a> {
    /// The ticket.
    pub ticket: TicketId,
    /// How sure it makes us.
    pub level: IdentityLevel,
    /// The challenge that was answered.
    pub challenge: Option<ChallengeId>,
    /// As which contact the sender is attested.
    pub contact: Option<ContactId>,
    /// What the operator saw, sealed under the key of the matter.
    pub note: Option<&'a [u8]>,
    /// By whom.
    pub actor: &'a str,
    /// The newest request that it covers.
    pub newest: Option<RequestId>,
}

impl std::fmt::Debug for NewProof<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewProof").field("ticket", &self.ticket).finish_non_exhaustive()
    }
}

/// Writes a proof down.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn add(
    transaction: &Transaction,
    new: &NewProof<'_>,
    now: Timestamp,
) -> Result<IdentityProofId, StoreError> {
    let sql = "INSERT INTO identity_proof (ticket_id, level, challenge_id, note, at, actor, newest_request, \
               contact_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id";
    let values = [
        new.ticket.0.into(),
        new.level.name().into(),
        new.challenge.map(|id| id.0).into(),
        new.note.map(<[u8]>::to_vec).into(),
        now.as_microsecond().into(),
        new.actor.into(),
        new.newest.map(|id| id.0).into(),
        new.contact.map(|id| id.0).into(),
    ];
    Ok(IdentityProofId(query_one(transaction, sql, values).await?.get("identity_proof", "id")?))
}

/// Writes down what a submission itself shows of who sent it, unless the ticket has that already.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn add_of_mail(
    transaction: &Transaction,
    ticket: TicketId,
    level: IdentityLevel,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO identity_proof (ticket_id, level, at, actor) \
               SELECT $1, $2, $3, 'filing' WHERE NOT EXISTS \
               (SELECT 1 FROM identity_proof WHERE ticket_id = $1 AND level = $2)";
    execute(transaction, sql, [ticket.0.into(), level.name().into(), now.as_microsecond().into()])
        .await?;
    Ok(())
}

/// All proofs of a ticket, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_ticket(
    session: &impl Session,
    ticket: TicketId,
) -> Result<Vec<ProofRow>, StoreError> {
    let sql = "SELECT id, ticket_id, level, challenge_id, note, at, actor, newest_request, revoked_at, \
               revoked_by, contact_id FROM identity_proof WHERE ticket_id = $1 ORDER BY id";
    let rows = query_all(session, sql, [ticket.0.into()]).await?;
    rows.iter()
        .map(|row| {
            let at = row.instant("identity_proof", "at")?;
            let revoked_at = row.instant_option("identity_proof", "revoked_at")?;
            let revoked_by: Option<String> = row.get("identity_proof", "revoked_by")?;
            Ok(ProofRow {
                id: IdentityProofId(row.get("identity_proof", "id")?),
                ticket: TicketId(row.get("identity_proof", "ticket_id")?),
                challenge: row
                    .get::<Option<i64>>("identity_proof", "challenge_id")?
                    .map(ChallengeId),
                contact: row.get::<Option<i64>>("identity_proof", "contact_id")?.map(ContactId),
                note: row.get("identity_proof", "note")?,
                at,
                actor: row.get("identity_proof", "actor")?,
                revoked: revoked_at.zip(revoked_by),
                proof: Proof {
                    level: row.parsed("identity_proof", "level", IdentityLevel::from_name)?,
                    newest: row
                        .get::<Option<i64>>("identity_proof", "newest_request")?
                        .map(RequestId),
                    is_revoked: revoked_at.is_some(),
                },
            })
        })
        .collect()
}

/// How sure we are of who asks for this request.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn level_of(
    session: &impl Session,
    request: &RequestRow,
) -> Result<Option<IdentityLevel>, StoreError> {
    let proofs = of_ticket(session, request.ticket).await?;
    let proofs: Vec<Proof> = proofs.iter().map(|row| row.proof).collect();
    Ok(level_for(&proofs, request.id))
}

/// Whether people of ours attested that whoever asks is that contact, for this request.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn is_attested_as(
    session: &impl Session,
    request: &RequestRow,
    contact: ContactId,
) -> Result<bool, StoreError> {
    let proofs = of_ticket(session, request.ticket).await?;
    Ok(proofs
        .iter()
        .filter(|row| row.contact == Some(contact))
        .any(|row| level_for(&[row.proof], request.id) >= Some(IdentityLevel::Attested)))
}

/// Revokes a proof.
///
/// # Errors
/// [`StoreError::Conflict`] when it was revoked before, or is not of this ticket.
pub async fn revoke(
    transaction: &Transaction,
    ticket: TicketId,
    proof: IdentityProofId,
    by: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE identity_proof SET revoked_at = $3, revoked_by = $4 \
               WHERE id = $1 AND ticket_id = $2 AND revoked_at IS NULL";
    let values = [proof.0.into(), ticket.0.into(), now.as_microsecond().into(), by.into()];
    change_one(transaction, "identity_proof", sql, values).await
}
