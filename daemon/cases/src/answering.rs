//! A person of ours answers a ticket in their own words, closes it, or opens it again.
//!
//! What was written leaves as a letter, sealed under the key of the matter like any other; the audit
//! log holds who and when. Requests are not answered here: they have an end of their own.

use domain::{
    Timestamp, delivery::Occasion, ids::DeliveryId, ticket::TicketState,
    ticket_number::TicketNumber,
};
use render::MailName;
use serde_json::json;
use store::{Transaction, tickets::TicketRow};

use crate::{Cases, CasesError, letters::CaseMail, requests::refused};

/// Longest answer, in characters.
const LONGEST: usize = 20_000;
/// Most paragraphs: the limit of a list in a template.
const MOST_PARAGRAPHS: usize = 100;

/// What becomes of a ticket that was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterReply {
    /// It waits for the person's next word.
    Wait,
    /// It is closed.
    Close,
}

impl Cases {
    /// Answers a ticket in one's own words; returns the letter.
    ///
    /// # Errors
    /// [`CasesError::Refused`] (`reply_text`, `ticket_address`, `ticket_owes`),
    /// [`CasesError::NotFound`].
    pub async fn reply_to_ticket(
        &self,
        number: &str,
        text: &str,
        after: AfterReply,
        actor: &str,
    ) -> Result<DeliveryId, CasesError> {
        let paragraphs = paragraphs(text)?;
        let ticket = self.ticket_by_number(number).await?;
        let Some(to) = ticket.address else {
            let reason =
                "nobody's address is in this ticket; answer on the way it came, and close it";
            return Err(refused("ticket_address", reason));
        };
        let key = self.key_of_matter(&ticket).await?;
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let mut letter = self.case_letter(&ticket, None);
        letter.reasons = paragraphs;
        let name = MailName::Reply;
        let mail = CaseMail { ticket: &ticket, to, occasion: Occasion::Answer, name, letter, key };
        let delivery = self.plan_case_letter(&transaction, mail, now).await?;
        match after {
            AfterReply::Close => self.close_in(&transaction, &ticket, now).await?,
            AfterReply::Wait => {
                if let Ok(waiting) = ticket.state.wait(now) {
                    store::tickets::change_state(&transaction, ticket.id, ticket.state, waiting)
                        .await?;
                }
            }
        }
        let detail = json!({ "letter": delivery, "closed": after == AfterReply::Close });
        let subject = format!("ticket:{}", ticket.id);
        store::audit::append(&transaction, actor, "replied", &subject, &detail, now).await?;
        transaction.commit().await?;
        Ok(delivery)
    }

    /// Closes a ticket whose requests are all at their end.
    ///
    /// # Errors
    /// [`CasesError::Refused`] (`ticket_owes`, `ticket_step`), [`CasesError::NotFound`].
    pub async fn close_ticket(&self, number: &str, actor: &str) -> Result<(), CasesError> {
        let ticket = self.ticket_by_number(number).await?;
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        self.close_in(&transaction, &ticket, now).await?;
        let subject = format!("ticket:{}", ticket.id);
        store::audit::append(&transaction, actor, "closed", &subject, &json!({}), now).await?;
        Ok(transaction.commit().await?)
    }

    /// Opens a closed ticket again; its requests stay as they are.
    ///
    /// # Errors
    /// [`CasesError::Refused`] (`ticket_step`), [`CasesError::NotFound`].
    pub async fn open_ticket_again(&self, number: &str, actor: &str) -> Result<(), CasesError> {
        let ticket = self.ticket_by_number(number).await?;
        if !matches!(ticket.state, TicketState::Closed { .. }) {
            return Err(refused("ticket_step", "the ticket is not closed"));
        }
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        store::tickets::change_state(&transaction, ticket.id, ticket.state, ticket.state.hear())
            .await?;
        let subject = format!("ticket:{}", ticket.id);
        store::audit::append(&transaction, actor, "reopened", &subject, &json!({}), now).await?;
        Ok(transaction.commit().await?)
    }

    async fn close_in(
        &self,
        transaction: &Transaction,
        ticket: &TicketRow,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        if store::requests::open_of_ticket(transaction, ticket.id).await? > 0 {
            let reason =
                "a request in it is open; carry it to its end first (`consentry request list`)";
            return Err(refused("ticket_owes", reason));
        }
        let closed = ticket.state.close(now);
        let closed = closed.map_err(|error| refused("ticket_step", &error.to_string()))?;
        Ok(store::tickets::change_state(transaction, ticket.id, ticket.state, closed).await?)
    }

    async fn ticket_by_number(&self, number: &str) -> Result<TicketRow, CasesError> {
        let missing = || CasesError::NotFound { what: "ticket", id: number.to_owned() };
        let parsed = TicketNumber::parse(number).map_err(|_| missing())?.to_string();
        store::tickets::by_number(self.store(), &parsed).await?.ok_or_else(missing)
    }
}

/// The paragraphs of an answer: separated by empty lines, each in one line.
fn paragraphs(text: &str) -> Result<Vec<String>, CasesError> {
    let text = text.replace("\r\n", "\n");
    let one_line = |paragraph: &str| paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    let paragraphs: Vec<String> =
        text.split("\n\n").map(one_line).filter(|paragraph| !paragraph.is_empty()).collect();
    if paragraphs.is_empty() {
        return Err(refused("reply_text", "an answer needs words"));
    }
    if paragraphs.len() > MOST_PARAGRAPHS || text.chars().count() > LONGEST {
        let reason =
            format!("an answer has at most {MOST_PARAGRAPHS} paragraphs and {LONGEST} characters");
        return Err(refused("reply_text", &reason));
    }
    Ok(paragraphs)
}
