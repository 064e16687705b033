//! What a person who has number and code may see of a ticket.

use domain::{
    Timestamp,
    regime::{DutyName, RequestName},
    request::RequestState,
    ticket::TicketState,
    ticket_number::{StatusCode, TicketNumber},
};
use jiff::civil::Date;

use crate::{Cases, CasesError};

/// A ticket as its person may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonalStatus {
    /// The number.
    pub number: TicketNumber,
    /// Where the ticket stands.
    pub state: TicketState,
    /// Receipt of the first submission.
    pub opened_at: Timestamp,
    /// The requests, oldest first.
    pub requests: Vec<PersonalRequest>,
}

/// A request as its person may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonalRequest {
    /// What is asked.
    pub name: RequestName,
    /// Where it stands.
    pub state: RequestState,
    /// What is still owed, with its legal date.
    pub owed: Vec<(DutyName, Date)>,
}

impl Cases {
    /// The status of the ticket with this number, if the code is its code. A wrong number and a
    /// wrong code get the same answer.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn request_status(
        &self,
        number: TicketNumber,
        code: StatusCode,
    ) -> Result<Option<PersonalStatus>, CasesError> {
        let store = self.store();
        // The digests are made whether or not there is such a ticket, so that both take as long.
        let digests = self.parts.digests.status_code_all(code.expose());
        let Some(ticket) = store::tickets::by_number(store, &number.to_string()).await? else {
            return Ok(None);
        };
        if !digests.contains(&ticket.status_code) {
            return Ok(None);
        }
        let duties = store::requests::duties_of_ticket(store, ticket.id).await?;
        let requests = store::requests::of_ticket(store, ticket.id)
            .await?
            .into_iter()
            .map(|request| PersonalRequest {
                name: request.name,
                state: request.state,
                owed: duties
                    .iter()
                    // Of a request that is over nothing is owed any more.
                    .filter(|duty| duty.request == request.id && request.state.is_open())
                    .filter(|duty| duty.done_at.is_none())
                    .filter_map(|duty| {
                        let on = duty.legal_due_on.as_deref()?.parse().ok()?;
                        Some((DutyName::from_name(&duty.name)?, on))
                    })
                    .collect(),
            })
            .collect();
        Ok(Some(PersonalStatus {
            number,
            state: ticket.state,
            opened_at: ticket.opened_at,
            requests,
        }))
    }
}
