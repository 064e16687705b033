//! One submission filed: facts, the table, and what follows, inside the caller's savepoint.

use domain::{
    Timestamp,
    classification::{Band, Label, Mark},
    filing::{BlockTarget, FilingFacts, FilingPlan, Handling, ReviewReason, plan_filing},
    identity::IdentityLevel,
    ids::{SubmissionId, TicketId},
    regime::RequestName,
    ticket::Lane,
    ticket_number::{StatusCode, TicketNumber},
};
use store::{
    Transaction,
    tickets::{NewTicket, TicketRow},
};

use super::{
    Filed, FiledTicket,
    facts::{KnownSender, NamedPerson, named_fact},
    joining::Matter,
    letter::Answered,
    recording::{Belongs, labels},
    stops::PendingStops,
};
use crate::{
    Cases, CasesError,
    submission::{Content, Source, Submission, sender},
    subscriptions::Method,
};

/// What one filing works with.
pub(super) struct Filing<'a> {
    pub(super) transaction: &'a Transaction,
    pub(super) submission: &'a Submission,
    pub(super) plan: FilingPlan,
    pub(super) sender: Option<KnownSender>,
    pub(super) named: Option<NamedPerson>,
    /// Whether the table itself wants a person; what the database adds (several contacts, a
    /// foreign thread) is not told to the sender.
    pub(super) under_review: bool,
    /// Whether it joins a ticket that stood before: a new one holds nothing that could be asked.
    pub(super) joins: bool,
    /// For words that are heard late: a consent that was given after this instant is a later word
    /// and stands.
    pub(super) given_until: Option<Timestamp>,
    pub(super) now: Timestamp,
}

impl Filing<'_> {
    /// Whether the sender is blocked with this scope. Only that is told to the sender: whether
    /// somebody whom the letter names is known to us is nobody's business.
    pub(super) fn blocks_sender(&self, scope: &str) -> bool {
        let mut blocks = self.plan.blocks.iter();
        blocks.any(|block| block.target == BlockTarget::Sender && block.scope.name() == scope)
    }

    /// Whether the sender is blocked for this request.
    pub(super) fn blocks_sender_for(&self, request: RequestName) -> bool {
        self.plan.blocks.iter().any(|block| {
            block.target == BlockTarget::Sender
                && block.basis.split(' ').any(|word| word == request.name())
        })
    }
}

impl Cases {
    pub(super) async fn file_one(
        &self,
        transaction: &Transaction,
        submission: &Submission,
        stops: &mut PendingStops,
        now: Timestamp,
    ) -> Result<Filed, CasesError> {
        let named = self.named_person(transaction, submission).await?;
        let plan = self.plan(transaction, submission, named.as_ref(), now).await?;
        let token = self.leaving_token(submission);
        let filed = match plan.handling {
            Handling::Noted | Handling::Feedback => {
                let id = self.note(transaction, submission, now).await?;
                match (plan.handling, token) {
                    (_, Some(token)) => {
                        self.leave(transaction, token, Method::Mailto, id, stops, now).await?;
                    }
                    (Handling::Feedback, None) => {
                        self.take_feedback(transaction, submission, id, stops, now).await?;
                    }
                    (Handling::Noted | Handling::Ticket(_), None) => {}
                }
                noted(submission, id)
            }
            // The token acts, no ticket, no reply: mail programs write such mails by themselves.
            Handling::Ticket(_) if token.is_some() && !asks_more_than_to_leave(submission) => {
                let id = self.note(transaction, submission, now).await?;
                if let Some(token) = token {
                    self.leave(transaction, token, Method::Mailto, id, stops, now).await?;
                }
                noted(submission, id)
            }
            Handling::Ticket(lane) => {
                let sender = self.know_sender(transaction, submission, now).await?;
                let under_review = !plan.review.is_empty();
                let filing = Filing {
                    transaction,
                    submission,
                    plan,
                    sender,
                    named,
                    under_review,
                    joins: false,
                    given_until: None,
                    now,
                };
                let filed = self.file_ticket(filing, lane, stops).await?;
                if let Some(token) = token {
                    let id = filed.submission;
                    self.leave(transaction, token, Method::Mailto, id, stops, now).await?;
                }
                filed
            }
        };
        if let Source::Message(message) = submission.source {
            store::submissions::mark_message_filed(transaction, message, filed.submission, now)
                .await?;
        }
        Ok(filed)
    }

    /// Writes a submission down of which no ticket comes.
    async fn note(
        &self,
        transaction: &Transaction,
        submission: &Submission,
        now: Timestamp,
    ) -> Result<SubmissionId, CasesError> {
        let of_nobody = Belongs { ticket: None, address: None, to_known_subject: false };
        let id = self.write_submission(transaction, submission, of_nobody, now).await?;
        self.link_to_confirmation(transaction, submission, id).await?;
        self.audit_noting(transaction, submission, id, now).await?;
        Ok(id)
    }

    async fn plan(
        &self,
        transaction: &Transaction,
        submission: &Submission,
        named: Option<&NamedPerson>,
        now: Timestamp,
    ) -> Result<FilingPlan, CasesError> {
        let (mail, classification) = match &submission.content {
            Content::Unread { reason, .. } => return Ok(FilingPlan::unread(*reason)),
            Content::Classified { mail, classification } => (mail, classification),
        };
        let requester = submission.requester();
        Ok(plan_filing(&FilingFacts {
            classification,
            sender: sender(requester.as_ref(), &self.parts.settings),
            authentication: submission.authentication,
            breaker_open: self.breaker_is_open(transaction, now).await?,
            named: named_fact(named),
            oddities: &mail.oddities,
        }))
    }

    async fn file_ticket(
        &self,
        mut filing: Filing<'_>,
        lane: Lane,
        stops: &mut PendingStops,
    ) -> Result<Filed, CasesError> {
        let (transaction, now) = (filing.transaction, filing.now);
        let sender = filing.sender.as_ref();
        let matter =
            self.matter(transaction, filing.submission, sender, &filing.plan.requests).await?;
        filing.joins = matches!(matter, Matter::Joins(_));
        if matches!(matter, Matter::New { foreign: Some(_), .. }) {
            filing.plan.ask_person(ReviewReason::ForeignThread);
        }
        let blocks_sender = filing.plan.blocks.iter().any(|b| b.target == BlockTarget::Sender);
        if blocks_sender && filing.sender.as_ref().is_some_and(|s| s.contacts.len() > 1) {
            filing.plan.ask_person(ReviewReason::SharedAddress);
        }
        let ticket = self.open_or_join(&filing, &matter, lane).await?;
        let belongs = Belongs {
            ticket: Some(ticket.id),
            address: filing.sender.as_ref().map(|sender| sender.id),
            to_known_subject: match &matter {
                Matter::Joins(held) => held.contact.is_some(),
                Matter::New { .. } => {
                    filing.sender.as_ref().and_then(KnownSender::one_contact).is_some()
                }
            },
        };
        let id = self.write_submission(transaction, filing.submission, belongs, now).await?;
        let requests = self.open_requests(&filing, &ticket, &matter).await?;
        let blocked = self.set_blocks(&filing, ticket.id, id, stops).await?;
        self.withdraw_advertising(&filing, id, stops).await?;
        self.raise_what_else_follows(&filing, ticket.id).await?;
        self.note_proof_of_mail(&filing, ticket.id).await?;
        let replied = self.acknowledge(&filing, &ticket, id, &requests).await?;
        if replied == Answered::Planned {
            self.challenge_sender(&filing, &ticket, id).await?;
        }
        self.audit_filing(&filing, ticket.id, id, blocked, replied).await?;
        Ok(Filed {
            submission: id,
            ticket: Some(ticket),
            labels: labels(filing.submission),
            blocked,
            replied: replied == Answered::Planned,
            repeated: false,
        })
    }

    /// What the submission itself shows of who sent it.
    async fn note_proof_of_mail(
        &self,
        filing: &Filing<'_>,
        ticket: TicketId,
    ) -> Result<(), CasesError> {
        if filing.sender.is_none() {
            return Ok(());
        }
        let level = IdentityLevel::of_mail(filing.submission.authentication);
        Ok(store::identity::add_of_mail(filing.transaction, ticket, level, filing.now).await?)
    }

    async fn open_or_join(
        &self,
        filing: &Filing<'_>,
        matter: &Matter,
        lane: Lane,
    ) -> Result<FiledTicket, CasesError> {
        let review = review_words(&filing.plan);
        let received_at = filing.submission.received_at;
        match matter {
            Matter::Joins(ticket) => {
                store::tickets::hear(filing.transaction, ticket, lane, &review, received_at)
                    .await?;
                self.note_special(filing.transaction, ticket, filing.submission).await?;
                let number =
                    TicketNumber::parse(&ticket.number).map_err(|_| CasesError::Content)?;
                let status_code = self.code_never_told(filing.transaction, ticket).await?;
                Ok(FiledTicket { id: ticket.id, number, status_code })
            }
            Matter::New { foreign, after } => {
                let entropy = &*self.parts.entropy;
                let number = TicketNumber::new(domain::ambient::random_bytes(entropy));
                let code = StatusCode::new(domain::ambient::random_bytes(entropy));
                let text = number.to_string();
                let new = NewTicket {
                    number: &text,
                    status_code: self.parts.digests.status_code(code.expose()),
                    lane,
                    address: filing.sender.as_ref().map(|sender| sender.id),
                    contact: filing.sender.as_ref().and_then(KnownSender::one_contact),
                    locale: self.locale(filing.submission),
                    review: &review,
                    linked: foreign.or(*after),
                    opened_at: received_at,
                    special: &crate::special::of_submission(filing.submission),
                    policy: store::policies::current(
                        filing.transaction,
                        self.locale(filing.submission),
                        received_at,
                    )
                    .await?
                    .map(|policy| policy.id),
                };
                let id = store::tickets::open(filing.transaction, &new).await?;
                Ok(FiledTicket { id, number, status_code: Some(code) })
            }
        }
    }

    /// A new code for a ticket whose first letter never went out: nobody has the old one, and
    /// only its digest is known.
    pub(super) async fn code_never_told(
        &self,
        transaction: &Transaction,
        ticket: &TicketRow,
    ) -> Result<Option<StatusCode>, CasesError> {
        if store::deliveries::is_acknowledged(transaction, ticket.id).await? {
            return Ok(None);
        }
        let code = StatusCode::new(domain::ambient::random_bytes(&*self.parts.entropy));
        let digest = self.parts.digests.status_code(code.expose());
        store::tickets::renew_status_code(transaction, ticket, digest).await?;
        Ok(Some(code))
    }

    pub(super) async fn raise_what_else_follows(
        &self,
        filing: &Filing<'_>,
        ticket: TicketId,
    ) -> Result<(), CasesError> {
        let (transaction, now, plan) = (filing.transaction, filing.now, &filing.plan);
        if plan.legal_hold {
            let contact = filing.named.as_ref().map(|named| named.contact);
            store::tasks::hold(transaction, ticket, contact, "authority", now).await?;
        }
        if plan.requests.contains(&RequestName::StopPublication) {
            self.file_publication(filing, ticket).await?;
        }
        if plan.review.contains(&ReviewReason::BreakerOpen) {
            let detail = "more full blocks in an hour than filing.full_blocks_per_hour: look through \
                          `ticket list`; until it closes, requests get a marketing block and a person";
            store::alarms::raise(transaction, "filing_breaker", detail, now).await?;
        }
        Ok(())
    }
}

/// Whether a mail to a token's address holds a request besides leaving: that is never lost.
fn asks_more_than_to_leave(submission: &Submission) -> bool {
    let Some(found) = submission.classification() else { return true };
    let mut labels = found.acting_labels();
    labels.any(|(label, _)| label.is_request() && label != Label::StopMarketing)
        || found.mark(Mark::Authority) != Band::None
}

fn noted(submission: &Submission, id: SubmissionId) -> Filed {
    Filed {
        submission: id,
        ticket: None,
        labels: labels(submission),
        blocked: false,
        replied: false,
        repeated: false,
    }
}

pub(super) fn review_words(plan: &FilingPlan) -> String {
    plan.review.iter().map(|reason| reason.name()).collect::<Vec<_>>().join(" ")
}
