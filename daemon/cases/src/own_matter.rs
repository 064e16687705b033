//! Tickets that nobody wrote: a purpose that was achieved, a breach. Opened with their request and
//! its clock like any other, for people of ours to work on.

use domain::{
    Timestamp,
    ambient::random_bytes,
    clock::Events,
    ids::{AddressId, ContactId, RequestId, TicketId},
    language::Locale,
    regime::{RegimeId, RequestName},
    request::{RequestState, RequestStep, Requester},
    ticket::Lane,
    ticket_number::{StatusCode, TicketNumber},
};
use store::{Transaction, requests::NewRequest, retention::Topic, tickets::NewTicket};

use crate::{Cases, CasesError, requests::By};

/// A ticket of our own to be opened.
#[derive(Debug, Clone)]
pub(crate) struct OwnMatter<'a> {
    /// What it is about.
    pub(crate) topic: Topic,
    /// Whose data are concerned, if it is one person's.
    pub(crate) contact: Option<ContactId>,
    /// Their address.
    pub(crate) address: Option<AddressId>,
    /// In which language we would write.
    pub(crate) locale: Locale,
    /// A ticket that it follows from.
    pub(crate) linked: Option<TicketId>,
    /// What is owed.
    pub(crate) request: RequestName,
    /// From when it counts; `received_at` is now.
    pub(crate) events: Events,
    /// Under which regimes.
    pub(crate) regimes: &'a [RegimeId],
    /// Who opens it.
    pub(crate) by: By<'a>,
}

/// What was opened.
#[derive(Debug, Clone)]
pub struct OpenedMatter {
    /// The ticket.
    pub ticket: TicketId,
    /// Its number.
    pub number: String,
    /// Its request, under review.
    pub request: RequestId,
}

impl Cases {
    /// Opens ticket and request in the caller's transaction; a person looks next.
    pub(crate) async fn open_own_matter(
        &self,
        transaction: &Transaction,
        matter: &OwnMatter<'_>,
        now: Timestamp,
    ) -> Result<OpenedMatter, CasesError> {
        let entropy = &*self.parts.entropy;
        let number = TicketNumber::new(random_bytes(entropy)).to_string();
        // Nobody is told the code: there is no letter that acknowledges such a ticket.
        let code = StatusCode::new(random_bytes(entropy));
        let policy = store::policies::current(transaction, matter.locale, now).await?;
        let new = NewTicket {
            number: &number,
            status_code: self.parts.digests.status_code(code.expose()),
            lane: Lane::Ordinary,
            address: matter.address,
            contact: matter.contact,
            locale: matter.locale,
            review: matter.topic.name(),
            linked: matter.linked,
            opened_at: now,
            special: "",
            policy: policy.map(|policy| policy.id),
        };
        let ticket = store::tickets::open(transaction, &new).await?;
        store::retention::set_topic(transaction, ticket, matter.topic).await?;
        let (duties, rule) = self.duties_of(matter.request, &matter.events, matter.regimes)?;
        let new = NewRequest {
            ticket,
            name: matter.request,
            regime: &rule.regime,
            regime_version: &rule.version,
            law: &rule.law,
            requester: Requester::Subject,
            state: RequestState::Received,
            received_at: matter.events.received_at,
            duties: &duties,
            done: &[],
        };
        let request = store::requests::open(transaction, &new, now).await?;
        store::care::date_request(transaction, request, &matter.events).await?;
        let row = store::requests::by_id(transaction, request).await?;
        let row = row.ok_or(CasesError::Content)?;
        self.advance(transaction, &row, RequestStep::Review, matter.by, now).await?;
        let detail = serde_json::json!({
            "topic": matter.topic.name(), "request": request, "name": matter.request.name(),
            "contact": matter.contact, "address": matter.address, "linked": matter.linked,
        });
        let subject = format!("ticket:{ticket}");
        store::audit::append(transaction, matter.by.actor, "opened", &subject, &detail, now)
            .await?;
        Ok(OpenedMatter { ticket, number, request })
    }
}
