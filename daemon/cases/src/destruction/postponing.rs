//! "It cannot be destroyed in time" (152-FZ art. 21(6)): the block stays, six months at most.

use domain::{Timestamp, delivery::Occasion, ids::RequestId, plan::Postponed, regime::RequestName};
use render::{MailName, mail::CaseLetter, wording};
use serde_json::json;

use super::{plan_subject, refused};
use crate::{Cases, CasesError, letters::CaseMail};

/// The context under which the reason is sealed.
pub const POSTPONE_CONTEXT: &str = "plan.postponed_reason";

impl Cases {
    /// Puts the destruction of a request off to `until`, for a technical reason; the person is
    /// told, the block stays.
    ///
    /// # Errors
    /// [`CasesError::Refused`] (`postpone_destruction`) without a reason, for longer than the law
    /// allows, or when the rows are destroyed already; [`CasesError::NotFound`].
    pub async fn postpone_destruction(
        &self,
        request: RequestId,
        until: Timestamp,
        reason: &str,
        actor: &str,
    ) -> Result<(), CasesError> {
        let now = self.parts.clock.now();
        let (request, ticket) = self.request_and_ticket(self.store(), request).await?;
        let missing = || CasesError::NotFound { what: "plan", id: request.id.to_string() };
        let plan = self.plan_of(request.id).await?.ok_or_else(missing)?;
        let zone = &self.parts.settings.zone;
        let postponed = Postponed::new(reason, request.received_at, until, now, zone)
            .map_err(|error| refused("postpone_destruction", error.to_string()))?;
        if plan.stage > domain::plan::Stage::Verify {
            return Err(refused("postpone_destruction", "the data are destroyed already"));
        }
        let key = self.key_of_matter(&ticket).await?;
        let entropy = &*self.parts.entropy;
        let sealed =
            self.parts.vault.seal(key, POSTPONE_CONTEXT, reason.as_bytes(), entropy).await?;
        let transaction = self.store().begin().await?;
        store::plans::postpone(&transaction, plan.id, postponed.until, actor, &sealed).await?;
        // Who asked for nothing is told nothing: the purpose was over, and the block stays.
        if let Some(to) = ticket.address.filter(|_| request.name != RequestName::Achieved) {
            let letter = CaseLetter {
                until: wording::instant(postponed.until, zone, ticket.locale),
                reasons: vec![reason.to_owned()],
                clause: wording::law("152-FZ art. 21(6)", ticket.locale),
                decided_by: actor.to_owned(),
                ..self.case_letter(&ticket, Some(&request))
            };
            let mail = CaseMail {
                ticket: &ticket,
                to,
                occasion: Occasion::Notice,
                name: MailName::Postponed,
                letter,
                key,
            };
            self.plan_case_letter(&transaction, mail, now).await?;
        }
        let detail = json!({ "request": request.id, "until": postponed.until });
        let about = plan_subject(plan.id);
        store::audit::append(&transaction, actor, "postponed", &about, &detail, now).await?;
        transaction.commit().await?;
        self.parts.store.deliveries_planned().notify_waiters();
        Ok(())
    }
}
