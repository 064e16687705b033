//! Blocks and withdrawals of a filing, each with its stop and its line for the journal.

use domain::{
    block::{BlockState, Scope},
    digest::AddressDigests,
    filing::{BlockTarget, PlannedBlock},
    ids::{AddressId, ContactId, SubmissionId, TicketId},
};
use store::{blocks::NewBlock, stops::StopKind};

use super::{
    apply::Filing,
    stops::{PendingStops, Stopped},
};
use crate::{Cases, CasesError};

impl Cases {
    /// Sets the planned blocks; `true` when something of the person is blocked for this matter
    /// now, by these or by what was set for it before.
    pub(super) async fn set_blocks(
        &self,
        filing: &Filing<'_>,
        ticket: TicketId,
        submission: SubmissionId,
        stops: &mut PendingStops,
    ) -> Result<bool, CasesError> {
        if filing.plan.blocks.is_empty() {
            return Ok(false);
        }
        // A ticket opened now holds nothing yet.
        let held = if filing.joins {
            store::blocks::of_ticket(filing.transaction, ticket).await?
        } else {
            Vec::new()
        };
        for planned in &filing.plan.blocks {
            let Some(target) = self.block_target(filing, planned).await? else { continue };
            let is_held = held.iter().any(|block| {
                matches!(block.state, BlockState::Active { .. })
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
}

struct Target {
    address: Option<AddressId>,
    digests: Vec<AddressDigests>,
    contact: Option<ContactId>,
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
