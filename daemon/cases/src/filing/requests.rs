//! Requests of a filing, each opened with its clock; one that is open already keeps its first.

use domain::{
    Timestamp,
    clock::{Duty, Events, duties_for},
    ids::TicketId,
    regime::{DutyName, RegimeId, RequestName, in_force_or_nearest},
    request::{RequestState, RequestStep},
};
use jiff::civil::Date;
use store::requests::NewRequest;

use super::{FiledTicket, apply::Filing, facts::KnownSender, joining::Matter};
use crate::{Cases, CasesError};

/// A request that this submission opened or repeated, with its legal dates.
pub(super) struct Dated {
    pub(super) name: RequestName,
    pub(super) owed: Vec<(DutyName, Date)>,
}

impl Cases {
    /// Opens the requests that are not open in the ticket yet; the others keep their first clock.
    pub(super) async fn open_requests(
        &self,
        filing: &Filing<'_>,
        ticket: &FiledTicket,
        matter: &Matter,
    ) -> Result<Vec<Dated>, CasesError> {
        let transaction = filing.transaction;
        let held = match matter {
            Matter::Joins(_) => store::requests::of_ticket(transaction, ticket.id).await?,
            Matter::New { .. } => Vec::new(),
        };
        let mut dated = Vec::new();
        for name in &filing.plan.requests {
            let is_open =
                |row: &&store::requests::RequestRow| row.name == *name && row.state.is_open();
            if let Some(row) = held.iter().find(is_open) {
                let duties = store::requests::duties_of_ticket(transaction, ticket.id).await?;
                let owed = duties.iter().filter(|duty| duty.request == row.id).filter_map(|duty| {
                    let on = duty.legal_due_on.as_deref()?.parse().ok()?;
                    Some((DutyName::from_name(&duty.name)?, on))
                });
                dated.push(Dated { name: *name, owed: owed.collect() });
            } else {
                dated.push(self.open_request(filing, ticket.id, *name).await?);
            }
        }
        Ok(dated)
    }

    async fn open_request(
        &self,
        filing: &Filing<'_>,
        ticket: TicketId,
        name: RequestName,
    ) -> Result<Dated, CasesError> {
        let received_at = filing.submission.received_at;
        let contact = filing.sender.as_ref().and_then(KnownSender::one_contact);
        let address = filing.submission.requester();
        let regimes = self.regimes_for(filing.transaction, contact, address.as_ref()).await?;
        let (duties, rule) = self.duties_of(name, &Events::received(received_at), &regimes)?;
        let is_blocked = filing.blocks_sender_for(name);
        let state = if is_blocked {
            RequestState::Received.after(RequestStep::Block).map_err(|_| CasesError::Content)?
        } else {
            RequestState::Received
        };
        let new = NewRequest {
            ticket,
            name,
            regime: &rule.regime,
            regime_version: &rule.version,
            law: &rule.law,
            requester: filing.plan.requester,
            state,
            received_at,
            duties: &duties,
            // The block that stops advertising stands in this very transaction.
            done: if name == RequestName::StopMarketing && is_blocked {
                &[DutyName::Stop]
            } else {
                &[]
            },
        };
        let id = store::requests::open(filing.transaction, &new, filing.now).await?;
        if name == RequestName::Access && rule.regime.starts_with("ru-") {
            let about = (ticket, id);
            self.note_repeat(filing.transaction, about, received_at, filing.now).await?;
        }
        let owed = duties.iter().filter_map(|duty| Some((duty.name, duty.legal_on?))).collect();
        Ok(Dated { name, owed })
    }

    /// The duties of a request of which only the receipt is known, under the configured regimes.
    pub(crate) fn duties(
        &self,
        name: RequestName,
        received_at: Timestamp,
    ) -> Result<(Vec<Duty>, RuleWords), CasesError> {
        let events = Events::received(received_at);
        self.duties_of(name, &events, &self.parts.settings.regimes)
    }

    /// The duties of a request under these regimes, and the first regime's name for it. Regimes
    /// that are not there count as not named; the configured ones then hold.
    pub(crate) fn duties_of(
        &self,
        name: RequestName,
        events: &Events,
        regimes: &[RegimeId],
    ) -> Result<(Vec<Duty>, RuleWords), CasesError> {
        let found = self.duties_under(name, events, regimes);
        let found = found.or_else(|| self.duties_under(name, events, &self.parts.settings.regimes));
        found.ok_or_else(|| {
            CasesError::Settings("no regime applies; name one in `regimes.use`".to_owned())
        })
    }

    fn duties_under(
        &self,
        name: RequestName,
        events: &Events,
        regimes: &[RegimeId],
    ) -> Option<(Vec<Duty>, RuleWords)> {
        let mut duties = Vec::new();
        let mut words = None;
        for id in regimes {
            let Some(regime) = in_force_or_nearest(&self.parts.regimes, id, events.received_at)
            else {
                continue;
            };
            let Some(calendar) =
                self.parts.calendars.iter().find(|calendar| calendar.id() == regime.calendar())
            else {
                continue;
            };
            duties.extend(duties_for(name, regime, calendar, events));
            words.get_or_insert_with(|| RuleWords {
                regime: id.as_str().to_owned(),
                version: regime.version().to_owned(),
                law: regime
                    .law_of(name)
                    .iter()
                    .map(|law| law.ru.as_str())
                    .collect::<Vec<_>>()
                    .join("; "),
            });
        }
        words.map(|words| (duties, words))
    }
}

/// The words of a regime for one request.
#[derive(Debug, Clone)]
pub(crate) struct RuleWords {
    /// Its id.
    pub(crate) regime: String,
    /// Its version.
    pub(crate) version: String,
    /// Article and part.
    pub(crate) law: String,
}
