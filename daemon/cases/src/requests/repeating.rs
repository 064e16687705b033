//! A request for information that comes again too soon (152-FZ art. 14(4)): noted, with the refusal
//! ready for a person to propose.
//!
//! Nothing is refused by itself (art. 16): whoever looks knows whether the first answer was
//! incomplete, and then it is answered (art. 14(5)).

use domain::{
    Timestamp,
    ids::{RequestId, TicketId},
    language::Locale,
    regime::RequestName,
    request::repeated::{REPEATED_WITHIN_DAYS, Repeated, repeated},
};
use jiff::ToSpan as _;
use render::wording;
use store::{Session, Transaction, requests::RequestRow, tickets::TicketRow};

use super::{deciding::Refusal, refused};
use crate::{Cases, CasesError};

/// The task of whoever looks at it.
const TASK: &str = "repeated_access";
/// The clause of the refusal, as it is written down.
const CLAUSE: &str = "152-ФЗ ст. 14 ч. 4";

/// A repeat with the refusal that a person may propose.
#[derive(Debug, Clone)]
pub struct Repeat {
    /// Of which request, and from when on it is none.
    pub found: Repeated,
    /// Clause and reasons in the language of the ticket: words of ours, dates and nothing else.
    pub refusal: Refusal,
}

impl Cases {
    /// Whether a request comes too soon after one that was answered; none for other kinds, and
    /// none where 152-FZ does not hold.
    pub(crate) async fn repeat_of(
        &self,
        session: &impl Session,
        request: &RequestRow,
        ticket: &TicketRow,
    ) -> Result<Option<Repeat>, CasesError> {
        if request.name != RequestName::Access || !request.regime.starts_with("ru-") {
            return Ok(None);
        }
        let found = self.repeated(session, ticket.id, request.received_at).await?;
        let refusal = |found: Repeated| Refusal {
            clause: CLAUSE.to_owned(),
            reasons: reasons(found, ticket.locale),
        };
        Ok(found.map(|found| Repeat { found, refusal: refusal(found) }))
    }

    /// Opens the task of whoever looks at a request just filed, where it comes too soon.
    pub(crate) async fn note_repeat(
        &self,
        transaction: &Transaction,
        (ticket, request): (TicketId, RequestId),
        received_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let Some(found) = self.repeated(transaction, ticket, received_at).await? else {
            return Ok(());
        };
        let detail = format!("request:{request} earlier:{} from:{}", found.earlier, found.from_on);
        store::tasks::open(transaction, TASK, Some(ticket), None, &detail, now).await?;
        let detail = serde_json::json!({ "earlier": found.earlier, "from": found.from_on });
        let about = format!("request:{request}");
        store::audit::append(transaction, "filing", "repeat_noted", &about, &detail, now).await?;
        Ok(())
    }

    /// Clause and reasons of the refusal of a request that comes too soon.
    ///
    /// # Errors
    /// [`CasesError::Refused`] by `not_repeated`; [`CasesError::NotFound`].
    pub async fn refusal_of_repeat(&self, id: RequestId) -> Result<Refusal, CasesError> {
        let (request, ticket) = self.request_and_ticket(self.store(), id).await?;
        let repeat = self.repeat_of(self.store(), &request, &ticket).await?;
        repeat.map(|repeat| repeat.refusal).ok_or_else(|| {
            refused(
                "not_repeated",
                "no request for information of this person was answered that came within 30 days \
                 before; refuse with --clause and --reasons if another article allows it",
            )
        })
    }

    async fn repeated(
        &self,
        session: &impl Session,
        ticket: TicketId,
        received_at: Timestamp,
    ) -> Result<Option<Repeated>, CasesError> {
        // A day more than the law, for the hours of a zone.
        let since = received_at - (24 * (REPEATED_WITHIN_DAYS + 1)).hours();
        let about = (RequestName::Access, ticket);
        let span = (since, received_at);
        let earlier = store::decisions::answered_earlier(session, about, span).await?;
        Ok(repeated(received_at, &earlier, &self.parts.settings.zone))
    }
}

fn reasons(found: Repeated, locale: Locale) -> String {
    let day = |on| wording::date(on, locale);
    let (before, from) = (day(found.earlier_on), day(found.from_on));
    match locale {
        Locale::Ru => format!(
            "Сведения по вашему запросу, полученному {before}, мы уже предоставили. Повторный запрос \
             закон разрешает не ранее чем через 30 дней после предыдущего, то есть с {from}.\n\nЕсли \
             сведения были неполными, напишите, чего не хватает: тогда мы ответим раньше (ст. 14 ч. 5)."
        ),
        Locale::En => format!(
            "We have answered your request of {before}. The law allows a further one no sooner than \
             30 days after the last, that is from {from} on.\n\nIf the answer was incomplete, tell us \
             what is missing: then we answer sooner (art. 14(5))."
        ),
    }
}
