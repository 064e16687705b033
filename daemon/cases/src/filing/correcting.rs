//! A correction carried out: what filing would have filed is filed, what it filed wrongly ends.
//!
//! The plans of both judgements come from the same table as any filing. What only the old one asks
//! for ends as misread; what only the new one asks for takes the way of every filing, with the
//! clock of the letter's receipt. What both ask for, and what other letters of the ticket ask for,
//! stays as it is.

mod closing;
mod ending;

use domain::{
    Timestamp,
    classification::Label,
    filing::{FilingFacts, FilingPlan, Handling, plan_filing},
    ids::{BlockId, RequestId},
    regime::RequestName,
    request::{RequestStep, Warrant},
    ticket::Lane,
    ticket_number::TicketNumber,
};
use serde::Serialize;
use store::Transaction;

use super::{
    FiledTicket,
    apply::{Filing, review_words},
    facts::{NamedPerson, named_fact},
    joining::Matter,
    letter::Answered,
    stops::PendingStops,
};
use crate::{
    Cases, CasesError,
    corrections::{Judgement, Seen},
    submission::{Content, Submission, sender},
};

/// A correction to be carried out.
pub(crate) struct Refiling<'a> {
    pub(crate) seen: &'a Seen,
    pub(crate) before: &'a Judgement,
    pub(crate) after: &'a Judgement,
    pub(crate) actor: &'a str,
    /// Whether they said why; their words stand sealed in the correction.
    pub(crate) says_why: bool,
}

/// What followed from a correction: names and ids.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Consequences {
    /// Requests that were opened, with the clock of the letter's receipt.
    pub opened: Vec<&'static str>,
    /// Requests that were never asked and are closed as misread.
    pub misread: Vec<&'static str>,
    /// Open requests that count from a later letter and are now part of an opened one.
    pub joined: Vec<RequestId>,
    /// Blocks that were set.
    pub blocked: Vec<BlockId>,
    /// Blocks that were lifted as misread.
    pub lifted: Vec<BlockId>,
    /// Withdrawals of consent that were corrected.
    pub withdrawals_corrected: usize,
    /// What became of the letter to the person.
    pub reply: Option<&'static str>,
}

/// The submission under one judgement: what it is, and what the table says.
struct Judged {
    submission: Submission,
    named: Option<NamedPerson>,
    plan: FilingPlan,
}

impl Cases {
    pub(crate) async fn refile(
        &self,
        transaction: &Transaction,
        refiling: &Refiling<'_>,
        stops: &mut PendingStops,
        now: Timestamp,
    ) -> Result<Consequences, CasesError> {
        let filed = &refiling.seen.filed;
        let before = self.judged(transaction, filed, refiling.before).await?;
        let after = self.judged(transaction, filed, refiling.after).await?;
        let changed = refiling.after.only(&changed_labels(refiling));
        let mut added = self.judged(transaction, filed, &changed).await?;
        let ticket = refiling.seen.ticket.id;
        let held = store::blocks::of_ticket(transaction, ticket).await?;
        let mut done = Consequences::default();
        self.end_misread(transaction, refiling, (&before, &after), stops, &mut done, now).await?;
        keep_only_new(&mut added.plan, &before.plan);
        self.file_added(transaction, refiling, added, stops, &mut done, now).await?;
        let blocks = store::blocks::of_ticket(transaction, ticket).await?;
        let is_new = |id: &BlockId| !held.iter().any(|block| block.id == *id);
        done.blocked = blocks.iter().map(|block| block.id).filter(is_new).collect();
        Ok(done)
    }

    /// The plan of a submission under a judgement. A person looks at it now, so that the breaker,
    /// which waits for one, does not bind.
    async fn judged(
        &self,
        transaction: &Transaction,
        filed: &Submission,
        judgement: &Judgement,
    ) -> Result<Judged, CasesError> {
        let Content::Classified { mail, classification } = &filed.content else {
            return Err(CasesError::Content);
        };
        let classification = judgement.applied_to(classification);
        let submission = Submission {
            content: Content::Classified {
                mail: mail.clone(),
                classification: Box::new(classification.clone()),
            },
            ..filed.clone()
        };
        let named = self.named_person(transaction, &submission).await?;
        let requester = submission.requester();
        let plan = plan_filing(&FilingFacts {
            classification: &classification,
            sender: sender(requester.as_ref(), &self.parts.settings),
            authentication: submission.authentication,
            breaker_open: false,
            named: named_fact(named.as_ref()),
            oddities: &mail.oddities,
        });
        Ok(Judged { submission, named, plan })
    }

    /// The way of every filing for what is new.
    async fn file_added(
        &self,
        transaction: &Transaction,
        refiling: &Refiling<'_>,
        added: Judged,
        stops: &mut PendingStops,
        done: &mut Consequences,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let Judged { submission, named, plan } = added;
        let Handling::Ticket(lane) = plan.handling else { return Ok(()) };
        let acts = !plan.requests.is_empty()
            || !plan.blocks.is_empty()
            || plan.withdraw_advertising
            || plan.legal_hold
            || plan.tell_site;
        if !acts {
            return Ok(());
        }
        let row = &refiling.seen.ticket;
        let id = refiling.seen.submission.id;
        let sender = self.know_sender(transaction, &submission, now).await?;
        let under_review = !plan.review.is_empty();
        let given_until = Some(submission.received_at);
        let filing = Filing {
            transaction,
            submission: &submission,
            plan,
            sender,
            named,
            under_review,
            joins: true,
            given_until,
            now,
        };
        self.reopen_ticket(&filing, refiling, lane).await?;
        let number = TicketNumber::parse(&row.number).map_err(|_| CasesError::Content)?;
        let status_code = self.code_never_told(transaction, row).await?;
        let ticket = FiledTicket { id: row.id, number, status_code };
        self.join_later_requests(&filing, refiling, done).await?;
        let held = open_names(&store::requests::of_ticket(transaction, row.id).await?);
        let matter = Matter::Joins(Box::new(row.clone()));
        let dated = self.open_requests(&filing, &ticket, &matter).await?;
        let fresh = |name: &RequestName| !held.contains(name);
        done.opened =
            dated.iter().map(|dated| dated.name).filter(fresh).map(RequestName::name).collect();
        self.set_blocks(&filing, row.id, id, stops).await?;
        self.withdraw_advertising(&filing, id, stops).await?;
        self.raise_what_else_follows(&filing, row.id).await?;
        if !done.opened.is_empty() {
            let answered: Answered = self.acknowledge(&filing, &ticket, id, &dated).await?;
            done.reply = Some(answered.word());
        }
        Ok(())
    }

    /// There is something to do again; the person's last word stays when it was said.
    async fn reopen_ticket(
        &self,
        filing: &Filing<'_>,
        refiling: &Refiling<'_>,
        lane: Lane,
    ) -> Result<(), CasesError> {
        let ticket = &refiling.seen.ticket;
        let review = review_words(&filing.plan);
        let at = filing.submission.received_at;
        Ok(store::tickets::hear(filing.transaction, ticket, lane, &review, at).await?)
    }

    /// A request that a later letter opened is part of the one that this letter opens now: its
    /// clock began with the first word.
    async fn join_later_requests(
        &self,
        filing: &Filing<'_>,
        refiling: &Refiling<'_>,
        done: &mut Consequences,
    ) -> Result<(), CasesError> {
        let (transaction, now) = (filing.transaction, filing.now);
        let held = store::requests::of_ticket(transaction, refiling.seen.ticket.id).await?;
        let is_later = |request: &&store::requests::RequestRow| {
            request.state.is_open()
                && request.received_at > filing.submission.received_at
                && filing.plan.requests.contains(&request.name)
        };
        for request in held.iter().filter(is_later) {
            // One that people work on already goes on as it is.
            let Ok(joined) = request.state.step(RequestStep::Join, Warrant::Person) else {
                continue;
            };
            let id = request.id;
            store::requests::change_state(transaction, id, joined, now).await?;
            let actor = refiling.actor;
            store::requests::stop_clock(transaction, id, actor, "joined", now).await?;
            done.joined.push(id);
        }
        Ok(())
    }
}

/// The labels under which something may be new. With another kind or other marks every label is
/// read in another column of the table, or concerns another person.
fn changed_labels(refiling: &Refiling<'_>) -> Vec<Label> {
    let (before, after) = (refiling.before, refiling.after);
    let all = before.kind != after.kind
        || before.marks != after.marks
        || before.unsure_marks != after.unsure_marks;
    let is_changed =
        |label: &Label| all || !before.labels.contains(label) || before.unsure.contains(label);
    after.labels.iter().copied().filter(is_changed).collect()
}

/// Takes out of the plan what was filed under the old judgement already.
fn keep_only_new(plan: &mut FilingPlan, before: &FilingPlan) {
    plan.requests.retain(|name| !before.requests.contains(name));
    plan.withdraw_advertising &= !before.withdraw_advertising;
    plan.legal_hold &= !before.legal_hold;
    plan.tell_site &= !before.tell_site;
}

fn open_names(held: &[store::requests::RequestRow]) -> Vec<RequestName> {
    held.iter().filter(|row| row.state.is_open()).map(|row| row.name).collect()
}
