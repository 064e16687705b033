//! One submission filed: facts, the table, and what follows, inside the caller's savepoint.

use domain::{
    Timestamp,
    block::Scope,
    classification::{Band, Kind},
    filing::{
        BlockTarget, FilingFacts, FilingPlan, Handling, PlannedBlock, ReviewReason, plan_filing,
    },
    ids::{SubmissionId, TicketId},
    ticket::Lane,
    ticket_number::{StatusCode, TicketNumber},
};
use store::{
    Transaction, blocks::NewBlock, stops::StopKind, submissions::NewSubmission, tickets::NewTicket,
};

use super::{
    Filed, FiledTicket,
    facts::{KnownSender, NamedPerson, named_fact},
    joining::Matter,
    letter::Answered,
    stops::{PendingStops, Stopped},
};
use crate::{
    Cases, CasesError,
    submission::{Content, Source, Submission, sender},
};

/// What one filing works with.
pub(super) struct Filing<'a> {
    pub(super) transaction: &'a Transaction,
    pub(super) submission: &'a Submission,
    pub(super) plan: FilingPlan,
    pub(super) sender: Option<KnownSender>,
    pub(super) named: Option<NamedPerson>,
    pub(super) now: Timestamp,
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
        let filed = match plan.handling {
            Handling::Noted | Handling::Feedback => {
                let id = self.write_submission(transaction, submission, None, None, now).await?;
                if plan.handling == Handling::Feedback {
                    self.take_feedback(transaction, submission, id, now).await?;
                }
                noted(submission, id)
            }
            Handling::Ticket(lane) => {
                let sender = self.know_sender(transaction, submission, now).await?;
                let filing = Filing { transaction, submission, plan, sender, named, now };
                self.file_ticket(filing, lane, stops).await?
            }
        };
        if let Source::Message(message) = submission.source {
            store::submissions::mark_message_filed(transaction, message, filed.submission, now)
                .await?;
        }
        Ok(filed)
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
        if matches!(matter, Matter::New { foreign: Some(_) }) {
            filing.plan.ask_person(ReviewReason::ForeignThread);
        }
        let blocks_sender = filing.plan.blocks.iter().any(|b| b.target == BlockTarget::Sender);
        if blocks_sender && filing.sender.as_ref().is_some_and(|s| s.contacts.len() > 1) {
            filing.plan.ask_person(ReviewReason::SharedAddress);
        }
        let ticket = self.open_or_join(&filing, &matter, lane).await?;
        let address = filing.sender.as_ref().map(|sender| sender.id);
        let id = self
            .write_submission(transaction, filing.submission, Some(ticket.id), address, now)
            .await?;
        let requests = self.open_requests(&filing, &ticket, &matter).await?;
        let blocked = self.set_blocks(&filing, ticket.id, id, stops).await?;
        self.withdraw_advertising(&filing, id, stops).await?;
        self.raise_what_else_follows(&filing, ticket.id).await?;
        let replied = self.acknowledge(&filing, &ticket, id, &requests).await?;
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
                let number =
                    TicketNumber::parse(&ticket.number).map_err(|_| CasesError::Content)?;
                Ok(FiledTicket { id: ticket.id, number, status_code: None })
            }
            Matter::New { foreign } => {
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
                    linked: *foreign,
                    opened_at: received_at,
                };
                let id = store::tickets::open(filing.transaction, &new).await?;
                Ok(FiledTicket { id, number, status_code: Some(code) })
            }
        }
    }

    /// Sets the planned blocks; `true` when something of the person is blocked for this matter
    /// now, by these or by what was set for it before.
    async fn set_blocks(
        &self,
        filing: &Filing<'_>,
        ticket: TicketId,
        submission: SubmissionId,
        stops: &mut PendingStops,
    ) -> Result<bool, CasesError> {
        if filing.plan.blocks.is_empty() {
            return Ok(false);
        }
        let held = store::blocks::of_ticket(filing.transaction, ticket).await?;
        for planned in &filing.plan.blocks {
            let Some(target) = self.block_target(filing, planned).await? else { continue };
            let is_held = held.iter().any(|block| {
                matches!(block.state, domain::block::BlockState::Active { .. })
                    && block.address == target.address
                    && block.scope.covers(&planned.scope)
            });
            if is_held {
                continue;
            }
            let new = NewBlock {
                scope: &planned.scope,
                address: target.address,
                stop_digest: target.digests.first().map(|digests| digests.stop),
                contact: target.contact,
                ticket: Some(ticket),
                submission: Some(submission),
                basis: &planned.basis,
                authentication: filing.submission.authentication,
            };
            let block = store::blocks::set(filing.transaction, &new, filing.now).await?;
            let scope = scope_words(&planned.scope);
            let stopped = Stopped {
                kind: StopKind::Block,
                scope: &scope,
                digests: target.digests,
                contact: target.contact,
                block: Some(block),
                submission: Some(submission),
            };
            self.record_stop(filing.transaction, stopped, stops, filing.now).await?;
            store::tasks::tell_systems(
                filing.transaction,
                "block",
                Some(ticket),
                Some(block),
                filing.now,
            )
            .await?;
        }
        Ok(true)
    }

    async fn block_target(
        &self,
        filing: &Filing<'_>,
        planned: &PlannedBlock,
    ) -> Result<Option<Target>, CasesError> {
        let (address, mut digests, contact) = match planned.target {
            BlockTarget::Sender => {
                let Some(sender) = &filing.sender else { return Ok(None) };
                (sender.id, sender.digests.clone(), sender.one_contact())
            }
            BlockTarget::Named => {
                let Some(named) = &filing.named else { return Ok(None) };
                (named.address, named.digests.clone(), Some(named.contact))
            }
        };
        if let Some(contact) = contact {
            // The contact is blocked with all its addresses; the journal must know them too.
            for other in store::contacts::addresses_of(filing.transaction, contact).await? {
                if other != address
                    && let Some(clear) = store::addresses::clear(filing.transaction, other).await?
                {
                    digests.extend(self.parts.digests.address_all(&clear));
                }
            }
        }
        Ok(Some(Target { address: Some(address), digests, contact }))
    }

    async fn withdraw_advertising(
        &self,
        filing: &Filing<'_>,
        submission: SubmissionId,
        stops: &mut PendingStops,
    ) -> Result<(), CasesError> {
        let Some(sender) = filing.sender.as_ref().filter(|_| filing.plan.withdraw_advertising)
        else {
            return Ok(());
        };
        let contacts: Vec<_> = sender.one_contact().into_iter().collect();
        let standing =
            store::consents::advertising_of(filing.transaction, sender.id, &contacts).await?;
        let point = match &filing.submission.source {
            Source::Message(_) => "e-mail",
            Source::Form { capture_point, .. } => capture_point,
        };
        for consent in standing {
            store::consents::withdraw(filing.transaction, &consent, submission, point, filing.now)
                .await?;
            let scope = format!("withdrawal:{}", consent.purpose.name());
            let stopped = Stopped {
                kind: StopKind::Withdrawal,
                scope: &scope,
                digests: sender.digests.clone(),
                contact: consent.contact,
                block: None,
                submission: Some(submission),
            };
            self.record_stop(filing.transaction, stopped, stops, filing.now).await?;
        }
        Ok(())
    }

    async fn raise_what_else_follows(
        &self,
        filing: &Filing<'_>,
        ticket: TicketId,
    ) -> Result<(), CasesError> {
        let (transaction, now, plan) = (filing.transaction, filing.now, &filing.plan);
        if plan.legal_hold {
            let contact = filing.named.as_ref().map(|named| named.contact);
            store::tasks::hold(transaction, ticket, contact, "authority", now).await?;
        }
        if plan.tell_site {
            store::tasks::tell_systems(transaction, "stop_publication", Some(ticket), None, now)
                .await?;
        }
        if plan.review.contains(&ReviewReason::BreakerOpen) {
            let detail = "more full blocks in an hour than filing.full_blocks_per_hour: look through \
                          `ticket list`; until it closes, requests get a marketing block and a person";
            store::alarms::raise(transaction, "filing_breaker", detail, now).await?;
        }
        Ok(())
    }

    pub(super) async fn write_submission(
        &self,
        transaction: &Transaction,
        submission: &Submission,
        ticket: Option<TicketId>,
        address: Option<domain::ids::AddressId>,
        now: Timestamp,
    ) -> Result<SubmissionId, CasesError> {
        let classification = submission.classification();
        let content = self.seal_content(submission).await?;
        let mail_id = submission
            .mail()
            .and_then(|mail| mail.message_id.as_deref())
            .map(|id| self.parts.digests.message_id(id));
        let labels = labels_json(submission);
        let (message, form_key, capture_point, policy_version) = match &submission.source {
            Source::Message(id) => (Some(*id), None, None, None),
            Source::Form { key, capture_point, policy_version } => {
                (None, Some(*key), Some(capture_point.as_str()), Some(policy_version.as_str()))
            }
        };
        let new = NewSubmission {
            message,
            form_key,
            ticket,
            address,
            received_at: submission.received_at,
            object: submission.object,
            vault_key: Some(submission.vault_key),
            content: content.as_deref(),
            digest_key: self.parts.digests.current(),
            mail_id,
            authentication: submission.authentication,
            kind: classification.map_or("unread", |found| kind_word(found.kind)),
            language: classification.and_then(|found| found.language.as_deref()),
            labels: &labels,
            capture_point,
            policy_version,
        };
        Ok(store::submissions::add(transaction, &new, now).await?)
    }

    async fn audit_filing(
        &self,
        filing: &Filing<'_>,
        ticket: TicketId,
        submission: SubmissionId,
        blocked: bool,
        replied: Answered,
    ) -> Result<(), CasesError> {
        let requests: Vec<_> = filing.plan.requests.iter().map(|name| name.name()).collect();
        let detail = serde_json::json!({
            "submission": submission,
            "requests": requests,
            "labels": labels(filing.submission).iter().map(|(label, _)| *label).collect::<Vec<_>>(),
            "blocks": filing.plan.blocks.iter().map(|b| b.scope.name()).collect::<Vec<_>>(),
            "blocked": blocked,
            "authentication": filing.submission.authentication,
            "reply": replied.word(),
            "review": filing.plan.review.iter().map(|reason| reason.name()).collect::<Vec<_>>(),
        });
        let subject = format!("ticket:{ticket}");
        store::audit::append(filing.transaction, "filing", "filed", &subject, &detail, filing.now)
            .await?;
        Ok(())
    }
}

struct Target {
    address: Option<domain::ids::AddressId>,
    digests: Vec<domain::digest::AddressDigests>,
    contact: Option<domain::ids::ContactId>,
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

fn review_words(plan: &FilingPlan) -> String {
    plan.review.iter().map(|reason| reason.name()).collect::<Vec<_>>().join(" ")
}

fn labels(submission: &Submission) -> Vec<(&'static str, Band)> {
    let Some(found) = submission.classification() else { return Vec::new() };
    let marks =
        found.marks.iter().filter(|v| v.band != Band::None).map(|v| (v.label.name(), v.band));
    found.acting_labels().map(|(label, band)| (label.name(), band)).chain(marks).collect()
}

fn labels_json(submission: &Submission) -> String {
    let labels: Vec<_> = labels(submission)
        .iter()
        .map(|(label, band)| serde_json::json!({ "label": label, "band": band }))
        .collect();
    serde_json::Value::Array(labels).to_string()
}

fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Human => "human",
        Kind::Bounce => "bounce",
        Kind::Complaint => "complaint",
        Kind::AutoReply => "auto_reply",
        Kind::ListMail => "list_mail",
        Kind::Spam => "spam",
    }
}

/// A scope in the words of the stop journal.
pub(crate) fn scope_words(scope: &Scope) -> String {
    match scope {
        Scope::Full => "full".to_owned(),
        Scope::Marketing => "marketing".to_owned(),
        Scope::Purposes(purposes) => {
            let words: Vec<_> = purposes.iter().map(|purpose| purpose.name()).collect();
            format!("purposes:{}", words.join(","))
        }
        Scope::Fields(fields) => {
            let words: Vec<_> = fields.iter().map(|field| field.name()).collect();
            format!("fields:{}", words.join(","))
        }
    }
}
