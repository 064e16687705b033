//! The register of appeals (журнал учёта обращений): a view of requests, read and never written.

use std::collections::HashMap;

use domain::{Timestamp, ids::RequestId};
use jiff::{ToSpan, civil::Date, tz::TimeZone};
use render::document::{Register, RegisterLine};
use store::register::{RegisterDuty, RegisterRow};

use crate::{Cases, CasesError};

/// Requests read at once.
const PAGE: u32 = 500;

/// How applicants stand in an export of the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applicants {
    /// By the code of the contact, or the number of the ticket.
    Code,
    /// By their address in clear, while we have it.
    Clear,
}

impl Cases {
    /// The register from one day to another, both included; the export is written into the audit
    /// log, with whether addresses were shown.
    ///
    /// # Errors
    /// [`CasesError::Refused`] (`register_span`) when the span is none; [`CasesError::Store`].
    pub async fn register(
        &self,
        from: Date,
        to: Date,
        applicants: Applicants,
        actor: &str,
    ) -> Result<Register, CasesError> {
        let zone = self.parts.settings.zone.clone();
        let span = (begin_of(from, &zone)?, begin_of(to.saturating_add(1.day()), &zone)?);
        if to < from {
            let reason = "the last day is before the first".to_owned();
            return Err(CasesError::Refused { rule: "register_span", reason });
        }
        let mut lines = Vec::new();
        let mut after = RequestId(0);
        loop {
            let rows = store::register::page(self.store(), span, after, PAGE).await?;
            let (Some(first), Some(last)) = (rows.first(), rows.last()) else { break };
            let duties = store::register::duties(self.store(), first.request, last.request).await?;
            let mut of_request: HashMap<RequestId, Vec<RegisterDuty>> = HashMap::new();
            for duty in duties {
                of_request.entry(duty.request).or_default().push(duty);
            }
            after = last.request;
            lines.extend(rows.into_iter().map(|row| {
                let duties = of_request.remove(&row.request).unwrap_or_default();
                line(row, &duties, applicants, &zone)
            }));
        }
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let detail = serde_json::json!({
            "from": from.to_string(), "to": to.to_string(), "rows": lines.len(),
            "applicants": if applicants == Applicants::Clear { "clear" } else { "code" },
        });
        store::audit::append(&transaction, actor, "export", "register", &detail, now).await?;
        transaction.commit().await?;
        let operator = self.parts.settings.organisation.clone();
        Ok(Register { operator, from, to, zone, lines })
    }
}

fn begin_of(date: Date, zone: &TimeZone) -> Result<Timestamp, CasesError> {
    let begin = date.to_zoned(zone.clone()).map(|zoned| zoned.timestamp());
    begin.map_err(|_| CasesError::Refused {
        rule: "register_span",
        reason: format!("{date} is no day of this calendar"),
    })
}

fn line(
    row: RegisterRow,
    duties: &[RegisterDuty],
    applicants: Applicants,
    zone: &TimeZone,
) -> RegisterLine {
    let day = |at: Timestamp| at.to_zoned(zone.clone()).date();
    let code = match row.contact {
        Some(contact) => format!("contact-{contact}"),
        None => row.number.clone(),
    };
    let applicant = match (applicants, &row.address) {
        (Applicants::Clear, Some(address)) => address.expose().to_owned(),
        (Applicants::Clear | Applicants::Code, _) => code,
    };
    let due = |duty: &RegisterDuty| {
        let due = duty.legal_due_on.as_deref().and_then(|on| on.parse().ok());
        (duty.name.clone(), due.or(duty.legal_due_at.map(day)), duty.done_at.map(day))
    };
    RegisterLine {
        number: row.request.0,
        ticket: row.number,
        received_at: row.received_at,
        applicant,
        requester: row.requester,
        name: row.name,
        law: row.law,
        duties: duties.iter().map(due).collect(),
        extended_on: row.extended_at.map(day),
        answered_at: row.answered_at,
        outcome: row.outcome,
        clause: row.clause.unwrap_or_default(),
        act: row.act.map(|number| number.to_string()).unwrap_or_default(),
        decided_by: row.decided_by.unwrap_or_default(),
    }
}
