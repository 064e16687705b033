//! What a misreading began is ended: requests, blocks, withdrawals, holds.
//!
//! What another letter of the same ticket asks for too is left to that letter.

use domain::{
    Timestamp,
    block::{BlockState, Scope},
    filing::{BlockTarget, FilingPlan},
    ids::{AddressId, BlockId, SubmissionId},
    request::RequestState,
};
use store::{Transaction, blocks::BlockRow, requests::RequestRow};
use vault::VaultError;

use super::{Consequences, Judged, Refiling, closing::unsaid};
use crate::{
    Cases, CasesError,
    blocks::{LiftGround, Lifting},
    corrections::as_filed,
    filing::{apply::Filing, stops::PendingStops},
};

/// The reason in the words of the tables; the person's own stand sealed in the correction.
pub(super) const REASON: &str = "misread";

/// The other letters of the ticket.
struct Others {
    /// Those that can be opened, each with what it asks for.
    judged: Vec<(SubmissionId, Judged)>,
    /// The text of one was destroyed: it may have asked for everything that is held.
    any_is_destroyed: bool,
}

impl Others {
    /// Whether one of them wants it, or may want it.
    fn want(&self, wants: impl Fn(&FilingPlan) -> bool) -> bool {
        self.any_is_destroyed || self.judged.iter().any(|(_, judged)| wants(&judged.plan))
    }
}

impl Cases {
    pub(super) async fn end_misread(
        &self,
        transaction: &Transaction,
        refiling: &Refiling<'_>,
        (before, after): (&Judged, &Judged),
        stops: &mut PendingStops,
        done: &mut Consequences,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let others = self.others(transaction, refiling).await?;
        let both = (before, after);
        let ended = self.close_misread(transaction, refiling, both, &others, done, now).await?;
        done.lifted = self.lift_misread(transaction, refiling, after, &others, stops, now).await?;
        let ends_nothing = ended.is_empty() && done.lifted.is_empty();
        if !ends_nothing && !refiling.says_why {
            return Err(unsaid());
        }
        self.tell_misread(transaction, refiling, &ended, !done.lifted.is_empty(), now).await?;
        if before.plan.withdraw_advertising && !after.plan.withdraw_advertising {
            let sender = self.know_sender(transaction, &after.submission, now).await?;
            if let Some(sender) = sender {
                let submission = refiling.seen.submission.id;
                let of = (&[sender.id][..], sender.contacts.as_slice());
                done.withdrawals_corrected = self
                    .correct_withdrawals_of(
                        transaction,
                        submission,
                        of,
                        refiling.actor,
                        REASON,
                        now,
                    )
                    .await?;
            }
        }
        let ticket = refiling.seen.ticket.id;
        let still_held = after.plan.legal_hold || others.want(|plan| plan.legal_hold);
        if before.plan.legal_hold && !still_held {
            let (actor, hold) = (refiling.actor, "authority");
            store::tasks::lift_holds(transaction, ticket, hold, actor, REASON, now).await?;
        }
        Ok(())
    }

    /// The other letters of the ticket, each as what counts of it. One that cannot be opened just
    /// now ends the correction: what it asks for must not be taken for nothing.
    async fn others(
        &self,
        transaction: &Transaction,
        refiling: &Refiling<'_>,
    ) -> Result<Others, CasesError> {
        let mut others = Others { judged: Vec::new(), any_is_destroyed: false };
        for row in store::submissions::of_ticket(transaction, refiling.seen.ticket.id).await? {
            if row.id == refiling.seen.submission.id {
                continue;
            }
            let content = match self.open_content_or_say_why(&row).await {
                Ok(Some(content)) => content,
                Ok(None) => continue,
                Err(VaultError::KeyDestroyed(_)) => {
                    others.any_is_destroyed = true;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let Some((filed, found)) = as_filed(&row, content) else { continue };
            let judgement = self.counting_judgement(transaction, row.id, &found).await?;
            let judged = self.judged(transaction, &filed, &judgement).await?;
            others.judged.push((row.id, judged));
        }
        Ok(others)
    }

    /// Closes the requests of this letter that only the old judgement asks for, and sets right on
    /// whose behalf the others are. A request with another clock was opened by another word.
    async fn close_misread(
        &self,
        transaction: &Transaction,
        refiling: &Refiling<'_>,
        (before, after): (&Judged, &Judged),
        others: &Others,
        done: &mut Consequences,
        now: Timestamp,
    ) -> Result<Vec<RequestRow>, CasesError> {
        let held = store::requests::of_ticket(transaction, refiling.seen.ticket.id).await?;
        let mut ended = Vec::new();
        for name in &before.plan.requests {
            let asked_by_others = others.want(|plan| plan.requests.contains(name));
            let is_mine = |row: &&RequestRow| {
                row.name == *name
                    && stands(row.state)
                    && row.received_at == refiling.seen.submission.received_at
            };
            let standing = held.iter().filter(is_mine);
            if after.plan.requests.contains(name) {
                if before.plan.requester != after.plan.requester {
                    let requester = after.plan.requester;
                    for row in standing.filter(|row| row.state.is_open()) {
                        store::requests::change_requester(transaction, row.id, requester, now)
                            .await?;
                    }
                }
            } else if !asked_by_others {
                for row in standing {
                    self.close_one(transaction, refiling, row, now).await?;
                    done.misread.push(name.name());
                    ended.push(row.clone());
                }
            }
        }
        Ok(ended)
    }

    /// Lifts the blocks of this letter that neither it nor another one asks for now; returns which.
    async fn lift_misread(
        &self,
        transaction: &Transaction,
        refiling: &Refiling<'_>,
        after: &Judged,
        others: &Others,
        stops: &mut PendingStops,
        now: Timestamp,
    ) -> Result<Vec<BlockId>, CasesError> {
        let (ticket, submission) = (refiling.seen.ticket.id, refiling.seen.submission.id);
        let mine: Vec<BlockRow> = store::blocks::of_ticket(transaction, ticket)
            .await?
            .into_iter()
            .filter(|block| block.submission == Some(submission) && is_active(block))
            .collect();
        // What is destroyed may need any of them: a person who knows better lifts it by hand.
        if mine.is_empty() || others.any_is_destroyed {
            return Ok(Vec::new());
        }
        let mut needed = self.needed(transaction, after, now).await?;
        for (_, judged) in &others.judged {
            needed.extend(self.needed(transaction, judged, now).await?);
        }
        let mut lifted: Vec<&BlockRow> = Vec::new();
        for block in &mine {
            let is_needed = needed
                .iter()
                .any(|(address, scope)| *address == block.address && scope.covers(&block.scope));
            if !is_needed {
                // What the words withdrew is set right apart from the block: they may still be a
                // withdrawal.
                let lifting = Lifting {
                    actor: refiling.actor,
                    reason: REASON,
                    words: None,
                    ground: LiftGround::Misread,
                    withdrawals_corrected: 0,
                };
                self.lift_held(transaction, block, &lifting, stops, now).await?;
                lifted.push(block);
            }
        }
        let letters = others.judged.iter().map(|(id, judged)| (*id, judged));
        for letter in letters.chain([(submission, after)]) {
            self.block_narrower(transaction, refiling, letter, &lifted, stops, now).await?;
        }
        Ok(lifted.iter().map(|block| block.id).collect())
    }

    /// A letter needed no narrower block of its own while the lifted one held: now it does.
    async fn block_narrower(
        &self,
        transaction: &Transaction,
        refiling: &Refiling<'_>,
        (id, judged): (SubmissionId, &Judged),
        lifted: &[&BlockRow],
        stops: &mut PendingStops,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let filing = self.filing_of(transaction, judged, now).await?;
        let mut plan = FilingPlan { blocks: Vec::new(), ..filing.plan.clone() };
        for planned in &filing.plan.blocks {
            let address = address_of(&filing, planned.target);
            if lifted.iter().any(|b| b.address == address && b.scope.covers(&planned.scope)) {
                plan.blocks.push(planned.clone());
            }
        }
        let filing = Filing { plan, ..filing };
        self.set_blocks(&filing, refiling.seen.ticket.id, id, stops).await?;
        Ok(())
    }

    /// Whom a judgement wants blocked, and how far.
    async fn needed(
        &self,
        transaction: &Transaction,
        judged: &Judged,
        now: Timestamp,
    ) -> Result<Vec<(Option<AddressId>, Scope)>, CasesError> {
        let filing = self.filing_of(transaction, judged, now).await?;
        let planned = filing.plan.blocks.iter();
        Ok(planned.map(|one| (address_of(&filing, one.target), one.scope.clone())).collect())
    }

    async fn filing_of<'a>(
        &self,
        transaction: &'a Transaction,
        judged: &'a Judged,
        now: Timestamp,
    ) -> Result<Filing<'a>, CasesError> {
        Ok(Filing {
            transaction,
            submission: &judged.submission,
            plan: judged.plan.clone(),
            sender: self.know_sender(transaction, &judged.submission, now).await?,
            named: judged.named.clone(),
            under_review: false,
            joins: true,
            given_until: Some(judged.submission.received_at),
            now,
        })
    }
}

/// Whether a request is neither over as part of another nor as taken back.
fn stands(state: RequestState) -> bool {
    !matches!(state, RequestState::Joined | RequestState::Withdrawn)
}

fn is_active(block: &BlockRow) -> bool {
    matches!(block.state, BlockState::Active { .. })
}

fn address_of(filing: &Filing<'_>, target: BlockTarget) -> Option<AddressId> {
    match target {
        BlockTarget::Sender => filing.sender.as_ref().map(|sender| sender.id),
        BlockTarget::Named => filing.named.as_ref().map(|named| named.address),
    }
}
