//! Whoever has data of a person hears that they are blocked, and that the block ended (152-FZ
//! art. 21(1), GDPR art. 19). It follows the notices to connected systems, a few seconds after
//! the filing and outside of its transaction.

use domain::{block::BlockState, block::Scope, disclosure::NoticeAct, ids::BlockId};
use store::blocks::BlockRow;

use super::PreparedNotices;
use crate::{Cases, CasesError};

impl Cases {
    /// The notices of a block or of its end: of a matter with a request, for people whose data
    /// were disclosed. A stop of advertising concerns nobody else, and while another block holds
    /// the person nothing has ended.
    pub(crate) async fn prepare_notices_of_block(
        &self,
        block: BlockId,
        act: NoticeAct,
    ) -> Result<Option<PreparedNotices>, CasesError> {
        let store = self.store();
        let Some(row) = store::blocks::by_id(store, block).await? else { return Ok(None) };
        let (Some(contact), Some(ticket)) = (row.contact, row.ticket) else { return Ok(None) };
        if row.scope == Scope::Marketing
            || store::disclosures::of_contact(store, contact).await?.is_empty()
        {
            return Ok(None);
        }
        let is_other = |other: &BlockRow| {
            other.id != block
                && other.scope != Scope::Marketing
                && matches!(other.state, BlockState::Active { .. })
        };
        if act == NoticeAct::Unblock {
            let held = store::blocks::active_for(store, &[], &[contact]).await?;
            if held.iter().any(is_other) {
                return Ok(None);
            }
        } else if !matches!(row.state, BlockState::Active { .. }) {
            return Ok(None);
        }
        let requests = store::requests::of_ticket(store, ticket).await?;
        let Some(request) = requests.first() else { return Ok(None) };
        let Some(ticket) = store::tickets::by_id(store, ticket).await? else { return Ok(None) };
        let matter = (&ticket, request);
        let prepared =
            self.prepare_recipient_notices(store, matter, None, Some(contact), act).await?;
        Ok(Some(prepared).filter(|prepared| !prepared.is_empty()))
    }
}
