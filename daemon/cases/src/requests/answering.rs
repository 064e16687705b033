//! Answers by hand, where no letter of ours can go: who, when and how is written down.

use domain::{
    Timestamp,
    ids::RequestId,
    regime::DutyName,
    request::{RequestState, RequestStep},
};

use super::{By, refused};
use crate::{Cases, CasesError};

/// What an answer fulfils.
pub(super) const ANSWERING: [DutyName; 3] = [DutyName::Answer, DutyName::Refuse, DutyName::Decide];

impl Cases {
    /// Records that a request was answered by hand: when, and a note of how and to whom.
    ///
    /// # Errors
    /// [`CasesError::Refused`] when it is neither verified nor refused, without a note, or for an
    /// instant to come.
    pub async fn answer_by_hand(
        &self,
        id: RequestId,
        at: Timestamp,
        note: &str,
        actor: &str,
    ) -> Result<(), CasesError> {
        let ticket = self.request_and_ticket(self.store(), id).await?.1;
        let sealed = self.seal_note(&ticket, note).await?;
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        let request = self.request_and_ticket(&transaction, id).await?.0;
        if at > now || at < request.received_at {
            let why = "an answer lies between the receipt and now; give the instant at which it was handed over";
            return Err(refused("answer_date", why));
        }
        if !matches!(request.state, RequestState::Verified | RequestState::Refused) {
            let why = format!(
                "the request is {}: it is answered once it was carried out and verified, or refused",
                request.state.name()
            );
            return Err(CasesError::Refused { rule: "request_step", reason: why });
        }
        let by = By::person(actor);
        let request = self.advance(&transaction, &request, RequestStep::Answer, by, now).await?;
        // Done when it was handed over, not when it was written down.
        store::requests::fulfil(&transaction, id, &ANSWERING, at).await?;
        store::request_notes::add(&transaction, id, "answer", (&sealed, actor), now).await?;
        let detail = serde_json::json!({ "at": at });
        let about = format!("request:{id}");
        store::audit::append(&transaction, actor, "answered_by_hand", &about, &detail, now).await?;
        self.close_if_nothing_owed(&transaction, &request, now).await?;
        Ok(transaction.commit().await?)
    }
}
