//! Notices become calls, one for each system that listens to such acts; recipients hear of
//! blocks in the same step.

use domain::{
    Timestamp,
    disclosure::NoticeAct,
    ids::{AddressId, ContactId, TicketId},
    webhook::SystemAct,
};
use store::{
    Session, StoreError,
    systems::{NewCall, NoticeRow},
};

use super::raising::{due, subject_of};
use crate::{Cases, CasesError};

/// Whom a notice or a call is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct About {
    pub(super) contact: Option<ContactId>,
    pub(super) address: Option<AddressId>,
}

impl About {
    /// Reads what [`subject_of`] wrote; none for a matter of nobody known.
    pub(super) fn of_subject(subject: &str) -> Option<Self> {
        let (what, id) = subject.split_once(':')?;
        let id = id.parse().ok()?;
        match what {
            "contact" => Some(Self { contact: Some(ContactId(id)), address: None }),
            "address" => Some(Self { contact: None, address: Some(AddressId(id)) }),
            _ => None,
        }
    }
}

impl Cases {
    /// Makes the calls of notices that have none yet; returns how many notices there were.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn spread_notices(&self, limit: u32) -> Result<usize, CasesError> {
        let notices = store::systems::unspread(self.store(), limit).await?;
        for notice in &notices {
            match self.spread(notice, self.parts.clock.now()).await {
                // Another node was first.
                Ok(())
                | Err(CasesError::Store(
                    StoreError::Conflict { .. } | StoreError::Duplicate { .. },
                )) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(notices.len())
    }

    async fn spread(&self, notice: &NoticeRow, now: Timestamp) -> Result<(), CasesError> {
        let recipients = match (notice.block, notice.act) {
            (Some(block), SystemAct::Block) => {
                self.prepare_notices_of_block(block, NoticeAct::Block).await?
            }
            (Some(block), SystemAct::Unblock) => {
                self.prepare_notices_of_block(block, NoticeAct::Unblock).await?
            }
            _ => None,
        };
        let transaction = self.store().begin().await?;
        store::systems::mark_spread(&transaction, notice.id, now).await?;
        let about = self.about(&transaction, notice.block, notice.ticket).await?;
        let ticket = notice.ticket.unwrap_or(TicketId(0));
        let subject = subject_of(about.contact, about.address, ticket);
        for system in self.systems.0.iter().filter(|system| system.acts.contains(&notice.act)) {
            let webhook_id = self.webhook_id();
            let call = NewCall {
                notice: notice.id,
                system: &system.name,
                webhook_id: &webhook_id,
                act: notice.act,
                subject: &subject,
                ticket: notice.ticket,
                block: notice.block,
                plan: None,
                request: None,
                data: "",
                payload: None,
                raised_at: notice.raised_at,
                due_at: due(notice.raised_at, system.patience(notice.act)),
            };
            store::systems::add(&transaction, &call).await?;
        }
        if let Some(recipients) = &recipients {
            self.raise_recipient_notices(&transaction, recipients, now).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Whom a block, or a matter, is about. An address that one contact alone has is that
    /// contact's.
    pub(super) async fn about(
        &self,
        session: &impl Session,
        block: Option<domain::ids::BlockId>,
        ticket: Option<TicketId>,
    ) -> Result<About, CasesError> {
        let mut about = About { contact: None, address: None };
        if let Some(block) = block {
            if let Some(row) = store::blocks::by_id(session, block).await? {
                about = About { contact: row.contact, address: row.address };
            }
        } else if let Some(ticket) = ticket
            && let Some(row) = store::tickets::by_id(session, ticket).await?
        {
            about = About { contact: row.contact, address: row.address };
        }
        if about.contact.is_none()
            && let Some(address) = about.address
            && let [only] = store::contacts::of_address(session, address).await?.as_slice()
        {
            about.contact = Some(*only);
        }
        Ok(about)
    }
}
