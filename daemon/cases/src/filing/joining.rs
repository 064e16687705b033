//! Does a submission join a ticket, or open one? (DESIGN §3, "One inbound message".)
//!
//! It joins the newest ticket of the same exact address that it quotes by number, answers by a
//! Message-ID, or repeats an open request of. Thread matches from another address grant nothing:
//! a new ticket is opened and linked for a person (invariant 14). So is one while the data of the
//! older matter are being destroyed.

use domain::{
    digest::Digest, ids::TicketId, regime::RequestName, ticket::TicketState,
    ticket_number::TicketNumber,
};
use store::{Transaction, tickets::TicketRow};

use super::facts::KnownSender;
use crate::{Cases, CasesError, submission::Submission};

/// Where a submission belongs.
#[derive(Debug, Clone)]
pub(super) enum Matter {
    /// A matter that stands.
    Joins(Box<TicketRow>),
    /// A new one; perhaps the same as a ticket of somebody else.
    New {
        /// That ticket.
        foreign: Option<TicketId>,
        /// The matter of this sender that it would have joined, were its data not being destroyed.
        after: Option<TicketId>,
    },
}

/// Most Message-IDs of a mail that are looked up.
const MOST_ANSWERS: usize = 30;

impl Cases {
    pub(super) async fn matter(
        &self,
        transaction: &Transaction,
        submission: &Submission,
        sender: Option<&KnownSender>,
        requests: &[RequestName],
    ) -> Result<Matter, CasesError> {
        let quoted = quoted_numbers(submission);
        let threads =
            store::tickets::by_mail_ids(transaction, &self.thread_digests(submission)).await?;
        let foreign = |ticket: &TicketRow| Some(ticket.address) != sender.map(|s| Some(s.id));
        let Some(sender) = sender else {
            let foreign = threads.first().map(|ticket| ticket.id);
            return Ok(Matter::New { foreign, after: None });
        };
        let own = store::tickets::of_address(transaction, sender.id).await?;
        for ticket in &own {
            let is_quoted = quoted.contains(&ticket.number);
            let is_thread = threads.iter().any(|thread| thread.id == ticket.id);
            // A word in the thread of a closed ticket reopens it; a mere repetition of its
            // request does not: that is a new matter with a new clock.
            if is_quoted || is_thread || self.asks_again(transaction, ticket, requests).await? {
                // What is being destroyed takes nothing in any more: the words would go with it,
                // or be in the way of the proof.
                if store::plans::is_carried_out_for(transaction, ticket.id).await? {
                    return Ok(Matter::New { foreign: None, after: Some(ticket.id) });
                }
                return Ok(Matter::Joins(Box::new(ticket.clone())));
            }
        }
        let mut strangers = threads.iter().filter(|ticket| foreign(ticket)).map(|ticket| ticket.id);
        let linked = match strangers.next() {
            Some(ticket) => Some(ticket),
            None => self.quoted_foreign(transaction, &quoted).await?,
        };
        Ok(Matter::New { foreign: linked, after: None })
    }

    async fn asks_again(
        &self,
        transaction: &Transaction,
        ticket: &TicketRow,
        requests: &[RequestName],
    ) -> Result<bool, CasesError> {
        if requests.is_empty() || matches!(ticket.state, TicketState::Closed { .. }) {
            return Ok(false);
        }
        let open = store::requests::of_ticket(transaction, ticket.id).await?;
        Ok(open.iter().any(|held| held.state.is_open() && requests.contains(&held.name)))
    }

    async fn quoted_foreign(
        &self,
        transaction: &Transaction,
        quoted: &[String],
    ) -> Result<Option<TicketId>, CasesError> {
        for number in quoted {
            if let Some(ticket) = store::tickets::by_number(transaction, number).await? {
                return Ok(Some(ticket.id));
            }
        }
        Ok(None)
    }

    /// Digests of the Message-IDs it answers and of its own, under every key.
    fn thread_digests(&self, submission: &Submission) -> Vec<Digest> {
        let Some(mail) = submission.mail() else { return Vec::new() };
        mail.answers
            .iter()
            .take(MOST_ANSWERS)
            .chain(&mail.message_id)
            .flat_map(|id| self.parts.digests.message_id_all(id))
            .collect()
    }
}

fn quoted_numbers(submission: &Submission) -> Vec<String> {
    let subject = submission.mail().map_or("", |mail| mail.subject.as_str());
    let text = submission.classification().map_or("", |found| found.new_text.as_str());
    let mut numbers = TicketNumber::find_in(subject);
    for number in TicketNumber::find_in(text) {
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    numbers.iter().map(ToString::to_string).collect()
}
