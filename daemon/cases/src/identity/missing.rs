//! What a request lacks: asked for only where the law lets us.
//!
//! 152-FZ lists contents for information about the processing alone (art. 14(3)); a demand to stop
//! is valid without any (art. 15(2), 21(5), 21(5.1)), and GDPR lets us ask for more only in
//! reasonable doubt, which is what the challenge is for (art. 12(6)).

use domain::{
    delivery::Occasion,
    ids::RequestId,
    language::Locale,
    regime::{RequestName, in_force_or_nearest},
};
use render::{MailName, mail::CaseLetter, wording};
use store::requests::RequestRow;

use crate::{Cases, CasesError, letters::CaseMail};

impl Cases {
    /// What a request must contain by the regimes under which it runs, in the language given;
    /// empty for every kind but access.
    #[must_use]
    pub fn must_contain(&self, request: &RequestRow, locale: Locale) -> Vec<String> {
        if request.name != RequestName::Access {
            return Vec::new();
        }
        let mut texts = Vec::new();
        for id in &self.parts.settings.regimes {
            let regime = in_force_or_nearest(&self.parts.regimes, id, request.received_at);
            let Some(regime) = regime else { continue };
            let Some(rule) = regime.request(request.name) else { continue };
            for row in rule.rows.iter().filter_map(|used| regime.row(&used.row)) {
                texts.extend(row.must_contain.iter().map(|text| match locale {
                    Locale::Ru => text.ru.clone(),
                    Locale::En => text.en.clone(),
                }));
            }
        }
        texts
    }

    /// Asks the person for what is missing. Each item is the number of one of
    /// [`Cases::must_contain`], or words of ours. The clock runs on.
    ///
    /// # Errors
    /// [`CasesError::Refused`] by `missing_only_for_access`, `nothing_missing`, `authority_lane`.
    pub async fn ask_missing(
        &self,
        request: RequestId,
        items: &[String],
        actor: &str,
    ) -> Result<(), CasesError> {
        let (request, ticket) = self.request_and_ticket(self.store(), request).await?;
        let refused = |rule, reason: &str| CasesError::Refused { rule, reason: reason.to_owned() };
        if request.name != RequestName::Access {
            return Err(refused(
                "missing_only_for_access",
                "the law lists contents for a request of information alone; this one is valid as \
                 it stands. Doubt about who asks is settled by `identity challenge`",
            ));
        }
        if !request.state.is_open() {
            return Err(refused("request_is_over", "nothing is asked for a request that is over"));
        }
        if ticket.lane == domain::ticket::Lane::Authority {
            return Err(refused("authority_lane", "write to the authority by hand"));
        }
        let listed = self.must_contain(&request, ticket.locale);
        let missing = choose(&listed, items)
            .ok_or_else(|| refused("nothing_missing", "say what is missing; give --missing"))?;
        let to =
            ticket.address.ok_or_else(|| refused("no_address", "write to the person by hand"))?;
        let key = self.key_of_matter(&ticket).await?;
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        let count = missing.len();
        // The clock is shown: it runs on from the receipt, whatever is missing.
        let duties = store::duties::of_request(&transaction, request.id).await?;
        let owed = duties.iter().filter(|duty| duty.name == "answer" && duty.done_at.is_none());
        let until = owed.filter_map(|duty| duty.legal_due_on.as_deref()?.parse().ok()).min();
        let until = until.map(|on| wording::date(on, ticket.locale)).unwrap_or_default();
        let letter = CaseLetter { missing, until, ..self.case_letter(&ticket, Some(&request)) };
        let mail = CaseMail {
            ticket: &ticket,
            to,
            occasion: Occasion::Notice,
            name: MailName::Missing,
            letter,
            key,
        };
        let delivery = self.plan_case_letter(&transaction, mail, now).await?;
        self.wait_for_person(&transaction, &ticket).await?;
        let detail = serde_json::json!({ "delivery": delivery, "items": count });
        let subject = format!("request:{}", request.id);
        store::audit::append(&transaction, actor, "asked_missing", &subject, &detail, now).await?;
        transaction.commit().await?;
        self.parts.store.deliveries_planned().notify_waiters();
        Ok(())
    }
}

/// The items in words; none when there is none, or a number that is not listed.
fn choose(listed: &[String], items: &[String]) -> Option<Vec<String>> {
    let mut chosen = Vec::new();
    for item in items.iter().map(|item| item.trim()).filter(|item| !item.is_empty()) {
        let words = match item.parse::<usize>() {
            Ok(number) => listed.get(number.checked_sub(1)?)?.clone(),
            Err(_) => item.to_owned(),
        };
        chosen.push(words);
    }
    (!chosen.is_empty()).then_some(chosen)
}
