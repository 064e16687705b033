//! The clock of a request while it is carried: events from which duties count, and its rests.
//!
//! All regimes of a request are reckoned side by side, each duty by the version in force at
//! receipt. What is done, or was lengthened, stays so.

use domain::{
    Timestamp,
    clock::{Duty, reckon_again, rested},
    ids::RequestId,
    regime::{CountsFrom, DutyName, Regime, RegimeId, Row, RuleRef, by_version},
};
use jiff::SignedDuration;
use store::{
    Transaction,
    requests::{DutyRow, RequestRow},
};

use super::refused;
use crate::{Cases, CasesError};

impl Cases {
    /// Notes when an event of a request came (facts, detection, achievement) and reckons its
    /// duties again, of all regimes. A date that stands is changed only with a reason.
    ///
    /// # Errors
    /// [`CasesError::Refused`] for the receipt, a date to come, or a change without a reason;
    /// [`CasesError::NotFound`]; [`store::StoreError::Conflict`] when somebody else was first.
    pub async fn record_event(
        &self,
        id: RequestId,
        event: CountsFrom,
        at: Timestamp,
        reason: Option<&str>,
        actor: &str,
    ) -> Result<(), CasesError> {
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let request = self.request_and_ticket(&transaction, id).await?.0;
        let before = request.events().at(event);
        check_event(&request, event, at, now)?;
        let duties = store::duties::of_request(&transaction, id).await?;
        // Facts are noted of every kind: when a request was whole is worth knowing.
        if event != CountsFrom::FactsReceived
            && !duties.iter().any(|duty| duty.counts_from == event.name())
        {
            let reason = format!(
                "no duty of this {} counts from `{}`; see `consentry request show {id}`",
                request.name.name(),
                event.name()
            );
            return Err(CasesError::Refused { rule: "event_counts", reason });
        }
        if before == Some(at) {
            return Ok(());
        }
        let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
        if before.is_some() && reason.is_none() {
            let why = "this event has a date; say with --reason why another one is right";
            return Err(refused("event_changed_with_reason", why));
        }
        store::requests::set_event(&transaction, id, event, before, at).await?;
        let request = self.request_and_ticket(&transaction, id).await?.0;
        self.reckon_all(&transaction, &request).await?;
        let word = event.name();
        store::requests::note_clock(&transaction, id, "start", (actor, word), at).await?;
        let detail = serde_json::json!({
            "event": word, "at": at, "before": before, "reason_given": reason.is_some(),
        });
        let subject = format!("request:{id}");
        store::audit::append(&transaction, actor, "event", &subject, &detail, now).await?;
        Ok(transaction.commit().await?)
    }

    /// Dates every open duty of a request by its events, in all regimes.
    pub(crate) async fn reckon_all(
        &self,
        transaction: &Transaction,
        request: &RequestRow,
    ) -> Result<(), CasesError> {
        let rows = store::duties::of_request(transaction, request.id).await?;
        for row in rows.iter().filter(|row| row.done_at.is_none()) {
            let Some(duty) = as_duty(row) else { continue };
            let Some(regime) = self.regime_of(&duty.rule) else { continue };
            let Some(calendar) = self.calendar_of(regime) else { continue };
            let events = request.events();
            let old = std::slice::from_ref(&duty);
            let again = reckon_again(old, request.name, regime, calendar, &events);
            let Some(new) = again.into_iter().find(|other| other.is_same(&duty)) else { continue };
            let rest = SignedDuration::from_micros(row.paused_for);
            let new = rested(&new, rest, request.name, regime, calendar);
            if new != duty {
                store::duties::redate(transaction, row, &new, row.paused_for).await?;
            }
        }
        Ok(())
    }

    /// The clock of a request rests, where the law lets it (the rows that say so in their data).
    ///
    /// # Errors
    /// [`CasesError::Refused`] where no row of the request lets it, or without a reason;
    /// [`store::StoreError::Conflict`] when it rests already.
    pub async fn pause_request(
        &self,
        id: RequestId,
        reason: &str,
        actor: &str,
    ) -> Result<(), CasesError> {
        let (request, ticket) = self.request_and_ticket(self.store(), id).await?;
        let rows = store::duties::of_request(self.store(), id).await?;
        if !rows.iter().any(|row| self.may_rest(row)) {
            let why = "no law of this request lets its clock rest; it runs on";
            return Err(refused("no_pause", why));
        }
        let note = self.seal_note(&ticket, reason).await?;
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        store::requests::pause(&transaction, request.id, now).await?;
        store::requests::note_clock(&transaction, id, "pause", (actor, "reason sealed"), now)
            .await?;
        store::request_notes::add(&transaction, id, "pause", (&note, actor), now).await?;
        let subject = format!("request:{id}");
        let detail = serde_json::json!({});
        store::audit::append(&transaction, actor, "pause", &subject, &detail, now).await?;
        Ok(transaction.commit().await?)
    }

    /// The clock goes on; dates move by the time it rested.
    ///
    /// # Errors
    /// [`CasesError::Refused`] when it does not rest.
    pub async fn resume_request(&self, id: RequestId, actor: &str) -> Result<(), CasesError> {
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        let request = self.request_and_ticket(&transaction, id).await?.0;
        let Some(since) = request.paused_at else {
            return Err(refused("clock_rests", "the clock of this request does not rest"));
        };
        store::requests::resume(&transaction, id, since).await?;
        let length = now.as_microsecond() - since.as_microsecond();
        for row in store::duties::of_request(&transaction, id).await? {
            let running = row.started_at.is_some_and(|at| at <= now);
            if row.done_at.is_some() || !running || !self.may_rest(&row) {
                continue;
            }
            // A duty that began while the clock rested has rested only since then.
            let begun = row.started_at.map_or(since, |at| at.max(since));
            let length = length.min(now.as_microsecond() - begun.as_microsecond());
            let paused_for = row.paused_for + length;
            let Some(duty) = as_duty(&row) else { continue };
            let Some(regime) = self.regime_of(&duty.rule) else { continue };
            let Some(calendar) = self.calendar_of(regime) else { continue };
            let rest = SignedDuration::from_micros(paused_for);
            let new = rested(&duty, rest, request.name, regime, calendar);
            store::duties::redate(&transaction, &row, &new, paused_for).await?;
        }
        store::requests::note_clock(&transaction, id, "resume", (actor, "by hand"), now).await?;
        let subject = format!("request:{id}");
        let detail = serde_json::json!({ "rested_us": length });
        store::audit::append(&transaction, actor, "resume", &subject, &detail, now).await?;
        Ok(transaction.commit().await?)
    }

    /// The version of a regime that a rule refers to.
    pub(crate) fn regime_of(&self, rule: &RuleRef) -> Option<&Regime> {
        by_version(&self.parts.regimes, &rule.regime, &rule.version)
    }

    pub(crate) fn calendar_of(
        &self,
        regime: &Regime,
    ) -> Option<&domain::calendar::WorkingCalendar> {
        self.parts.calendars.iter().find(|calendar| calendar.id() == regime.calendar())
    }

    /// The row of the law that a duty rests on.
    pub(crate) fn row_of(&self, duty: &DutyRow) -> Option<&Row> {
        let rule = read_rule(&duty.rule)?;
        self.regime_of(&rule)?.row(&rule.row)
    }

    /// Whether the law lets the clock of this duty rest.
    pub(crate) fn may_rest(&self, duty: &DutyRow) -> bool {
        self.row_of(duty).is_some_and(|row| row.pause.is_some())
    }
}

fn check_event(
    request: &RequestRow,
    event: CountsFrom,
    at: Timestamp,
    now: Timestamp,
) -> Result<(), CasesError> {
    let wrong = |why: &str| Err(refused("event_date", why));
    if event == CountsFrom::Receipt {
        return wrong("the receipt is the mail server's and is never changed");
    }
    if at > now {
        return wrong("an event lies in the past; record it when it has come");
    }
    if at < request.received_at {
        return wrong("nothing counts from before the receipt; give a later instant");
    }
    Ok(())
}

/// `ru-152fz@2026-07-26/STOP`, read.
pub(crate) fn read_rule(text: &str) -> Option<RuleRef> {
    let (regime, rest) = text.split_once('@')?;
    let (version, row) = rest.rsplit_once('/')?;
    let regime = RegimeId::parse(regime)?;
    Some(RuleRef { regime, version: version.to_owned(), row: row.to_owned() })
}

/// A duty as `domain` reckons it; none for one that it does not know.
pub(crate) fn as_duty(row: &DutyRow) -> Option<Duty> {
    let date = |text: &Option<String>| text.as_deref().and_then(|text| text.parse().ok());
    Some(Duty {
        name: DutyName::from_name(&row.name)?,
        counts_from: CountsFrom::from_name(&row.counts_from)?,
        started_at: row.started_at,
        legal_due: row.legal_due_at,
        safe_due: row.safe_due_at,
        legal_on: date(&row.legal_due_on),
        safe_on: date(&row.safe_due_on),
        provisional: row.provisional,
        extended: row.extended,
        rule: read_rule(&row.rule)?,
    })
}
