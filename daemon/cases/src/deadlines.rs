//! Dates that were reckoned without calendar data, reckoned again once the data are there.
//!
//! Called by the process at start, since calendars are read then. The version of the regime that
//! was in force at receipt holds to the end of the request; only the calendar is new.

use domain::{
    clock::{Duty, Events, duties_for},
    ids::RequestId,
    regime::{CountsFrom, RegimeId, by_version},
};
use store::requests::RequestRow;

use crate::{Cases, CasesError};

/// Requests that are looked at in one go.
const AT_ONCE: u32 = 100;

impl Cases {
    /// Reckons every provisional date again; returns how many are provisional no more.
    ///
    /// # Errors
    /// [`CasesError`]; what was reckoned stays.
    pub async fn reckon_provisional(&self) -> Result<usize, CasesError> {
        let mut settled = 0;
        let mut after = RequestId(0);
        loop {
            let requests = store::requests::with_provisional(self.store(), after, AT_ONCE).await?;
            let Some(last) = requests.last() else { return Ok(settled) };
            after = last.id;
            for request in &requests {
                settled += self.reckon_request(request).await?;
            }
        }
    }

    async fn reckon_request(&self, request: &RequestRow) -> Result<usize, CasesError> {
        let duties = self.dated_now(request);
        if duties.is_empty() {
            return Ok(0);
        }
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let mut settled = Vec::new();
        for duty in &duties {
            if store::requests::redate(&transaction, request.id, duty).await? {
                settled.push(duty.name.name());
            }
        }
        if !settled.is_empty() {
            let subject = format!("request:{}", request.id);
            let detail = serde_json::json!({ "duties": settled });
            store::audit::append(&transaction, "consentry", "reckoned", &subject, &detail, now)
                .await?;
        }
        transaction.commit().await?;
        Ok(settled.len())
    }

    /// The duties that count from the receipt and can be dated for good now.
    fn dated_now(&self, request: &RequestRow) -> Vec<Duty> {
        let known = RegimeId::parse(&request.regime)
            .and_then(|id| by_version(&self.parts.regimes, &id, &request.regime_version));
        let Some(regime) = known else {
            tracing::warn!(
                request.id = request.id.0,
                regime = request.regime,
                "a request goes by a regime that is not there any more; put its file back"
            );
            return Vec::new();
        };
        let calendars = &self.parts.calendars;
        let calendar = calendars.iter().find(|calendar| calendar.id() == regime.calendar());
        let Some(calendar) = calendar else { return Vec::new() };
        let events = Events::received(request.received_at);
        let duties = duties_for(request.name, regime, calendar, &events);
        let is_settled = |duty: &Duty| {
            duty.counts_from == CountsFrom::Receipt && !duty.provisional && duty.legal_due.is_some()
        };
        duties.into_iter().filter(is_settled).collect()
    }
}
