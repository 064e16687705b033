//! Questions that nobody answered in time: a person is told, once, and the matter is theirs again.
//!
//! The request stays where it is: nobody knows who asks. Its dates run on and are reminded of.

use domain::identity::IdentityLevel;
use store::{Session, challenges::ChallengeRow};

use crate::{Cases, CasesError};

/// Challenges that are looked at in one go.
const AT_ONCE: u32 = 100;
/// The task for somebody to ask anew, attest or refuse.
const UNANSWERED: &str = "challenge_expired";

impl Cases {
    /// Notes every challenge that ran out unanswered, and opens a task for those that a request
    /// still waits for. Returns how many ran out. To be called again and again.
    ///
    /// # Errors
    /// [`CasesError`] when the database cannot be used; what was noted stays.
    pub async fn expire_challenges(&self) -> Result<usize, CasesError> {
        let mut expired = 0;
        loop {
            let now = self.parts.clock.now();
            let rows = store::challenges::run_out(self.store(), now, AT_ONCE).await?;
            if rows.is_empty() {
                return Ok(expired);
            }
            for row in &rows {
                expired += usize::from(self.expire_challenge(row).await?);
            }
        }
    }

    async fn expire_challenge(&self, row: &ChallengeRow) -> Result<bool, CasesError> {
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        if !store::challenges::note_expired(&transaction, row.id, now).await? {
            // Another stands in its place since, or another node noted it.
            transaction.rollback().await?;
            return Ok(false);
        }
        if self.waits_for_proof(&transaction, row).await? {
            let detail = format!("challenge:{}", row.id);
            let ticket = Some(row.ticket);
            store::tasks::open(&transaction, UNANSWERED, ticket, None, &detail, now).await?;
            let missing = || CasesError::NotFound { what: "ticket", id: row.ticket.to_string() };
            let ticket = store::tickets::by_id(&transaction, row.ticket).await?;
            self.stop_waiting(&transaction, &ticket.ok_or_else(missing)?).await?;
        }
        let detail = serde_json::json!({ "challenge": row.id });
        let subject = format!("ticket:{}", row.ticket);
        let (actor, act) = ("consentry", "challenge_expired");
        store::audit::append(&transaction, actor, act, &subject, &detail, now).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Whether a request that the question was about is open and still unproven.
    async fn waits_for_proof(
        &self,
        session: &impl Session,
        row: &ChallengeRow,
    ) -> Result<bool, CasesError> {
        for request in store::requests::of_ticket(session, row.ticket).await? {
            if request.state.is_open()
                && request.id <= row.newest
                && store::identity::level_of(session, &request).await?
                    < Some(IdentityLevel::Challenge)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
